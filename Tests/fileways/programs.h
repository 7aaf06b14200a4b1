/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that only exit with status 0, written byte by byte: they open no other file. */
#ifndef FILEWAYS_PROGRAMS_H
#define FILEWAYS_PROGRAMS_H

/* `interpreter` is the absolute path of the ELF program interpreter, or null. */
void make_program(const char *name, const char *interpreter);
/* Makes an executable file with this text. */
void make_script(const char *name, const char *text);

#endif
