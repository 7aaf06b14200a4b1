/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this process was started with. Swift reads its arguments from
 * /proc/self/cmdline, and has none where /proc is not mounted.
 */
#ifndef STARTUP_H
#define STARTUP_H

/* The arguments of main; argv ends with NULL. Valid for the life of the process. */
int bfa_argc(void);
char **bfa_argv(void);

/*
 * Puts a descriptor that can be neither read nor written in the place of each
 * standard descriptor that is closed: the next file that is opened would get
 * its number, and lines or messages. Closed again on exec.
 */
void bfa_occupy_standard_descriptors(void);

/*
 * Has a static program look users up in /etc/passwd alone: the modules that
 * /etc/nsswitch.conf names are of the C library of the machine, which may be
 * another version and crash.
 */
void bfa_prepare_user_names(void);

#endif
