/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that do nothing but end with status 0, made by hand: no other file belongs to them. */
#ifndef FILEWAYS_PROGRAMS_H
#define FILEWAYS_PROGRAMS_H

/* interpreter: what ELF names as program interpreter, an absolute path; or null. */
void make_program(const char *name, const char *interpreter);
/* A file that can be executed, with this text. */
void make_script(const char *name, const char *text);

#endif
