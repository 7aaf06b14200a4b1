/* SPDX-License-Identifier: Apache-2.0 */
/* For all scenarios: failing, files that contain their name, children, gates. */
#ifndef FILELOAD_SUPPORT_H
#define FILELOAD_SUPPORT_H

#include <stddef.h>
#include <sys/types.h>

enum {
	FILE_SIZE = 512,  /* bytes of a file made by make_file() */
	STATUS_SKIP = 77, /* exit status: the scenario needs something that is missing */
};

_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define require(condition, ...)           \
	do {                              \
		if (!(condition))         \
			die(__VA_ARGS__); \
	} while (0)

/* Fails unless the call worked. Returns its result. */
long works(long ret, const char *what);
void fails(long ret, int expected, const char *what);
/* Skips the scenario if the call lacks a privilege or a feature. */
void needs(int ret, const char *what);
unsigned long setting(const char *name, unsigned long value); /* from the environment */
void absolute(char path[], const char *name);		      /* PATH_MAX bytes */
void make_directory(const char *name);

/* The content of a file is its tag, a newline, and dots up to any offset. */
void fill(char *buffer, size_t size, const char *tag, off_t offset);
void check(const char *buffer, size_t size, const char *tag, off_t offset);
void make_file(const char *name);		      /* the name is the tag */
int open_file(const char *name);		      /* for reading and writing */
void read_from(int fd, const char *tag);	      /* all of it, by pread64 */
void read_some(int fd, const char *tag, size_t size); /* from the file position */
void write_to(int fd, const char *tag);		      /* the bytes that are there already */

/* A child logs the descriptors that it leaves open, and ends. */
typedef void (*child_body)(void *argument);
pid_t start(child_body body, void *argument);
pid_t start_sharing(child_body body, void *argument); /* shares the descriptor table */
void finish(pid_t child);			      /* waits for it, and fails if it failed */
_Noreturn void leave(void);

/* One process waits until another has opened the gate. */
struct gate {
	int ends[2];
};
void gate_make(struct gate *gate);
void gate_open(struct gate *gate);
void gate_wait(struct gate *gate);
void gate_remove(struct gate *gate);

#endif
