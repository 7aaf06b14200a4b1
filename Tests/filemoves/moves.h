/* SPDX-License-Identifier: Apache-2.0 */
/* Each way runs in the directory under test, which is empty. */
#ifndef FILEMOVES_MOVES_H
#define FILEMOVES_MOVES_H

#include <limits.h>
#include <stdbool.h>

_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
void needs(int ret, const char *what); /* skips the way if the call lacks a privilege or a feature */

#define require(condition, ...)           \
	do {                              \
		if (!(condition))         \
			die(__VA_ARGS__); \
	} while (0)

/* slow.c: print the writes under each path, and how many came before the call returned. */
void move_slow_rename(void);
void move_server_rename(void);
void move_ring_rename(void);
void move_unmount(void);
void move_namespace_end(void);

/* storm.c */
void move_storm(unsigned long seconds);
int check_storm(const char *directory);

#endif
