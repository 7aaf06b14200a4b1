/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A way to touch a file: a function that prepares it before the trace, and the
 * calls that a tracer must show. Each way has a process of its own, in a
 * directory of its own with the files that world.c makes. Its first descriptor
 * is 3.
 */
#ifndef FILEWAYS_WAYS_H
#define FILEWAYS_WAYS_H

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "numbers.h"

/* An argument. A text that begins with "@/" stands for the absolute path in the way's directory. */
struct argument {
	bool is_text;
	union {
		long number;
		const void *address;
	};
};

/* clang-format off */
#define N(value) { .number = (long)(value) }
#define T(string) { .is_text = true, .address = string }
#define P(pointer) { .address = pointer }
/* clang-format on */

/* One call. */
struct action {
	const char *name; /* of the call */
	long number;	  /* negative if this architecture has no such call */
	struct argument arguments[6];
};

#define ONE(call, ...) .action = { #call, SYS_##call, { __VA_ARGS__ } }

/* Either one call or a function that makes calls. */
struct way {
	const char *name;
	void (*set_up)(void); /* may be missing */
	struct action action;
	void (*act)(void);
};

/* Each array ends with a way without a name. */
extern const struct way opening_ways[];
extern const struct way reading_ways[];
extern const struct way making_ways[];
extern const struct way moving_ways[];
extern const struct way removing_ways[];
extern const struct way transfer_ways[];
extern const struct way aio_ways[];
extern const struct way length_ways[];
extern const struct way sync_ways[];
extern const struct way looking_ways[];
extern const struct way changing_ways[];
extern const struct way attribute_ways[];
extern const struct way exec_ways[];
extern const struct way socket_ways[];
extern const struct way mount_ways[];
extern const struct way service_ways[];
extern const struct way ioctl_ways[];
extern const struct way ring_ways[];
extern const struct way ring_name_ways[];

/* log.c: makes calls and logs their results. */
void log_begin(const char *way);
const char *way_name(void);
void log_call(const char *name, long ret); /* `ret` is -errno if negative */
void log_write(void);			   /* to standard output */
long make_call(const char *name, long number, const struct argument arguments[6]);
void make_last_call(const char *name, long number,
		    const struct argument arguments[6]); /* for exec, which does not return */
#define CALL(call, ...) make_call(#call, SYS_##call, (const struct argument[6]){ __VA_ARGS__ })
#define LAST_CALL(call, ...) make_last_call(#call, SYS_##call, (const struct argument[6]){ __VA_ARGS__ })

void make_every_call(void); /* every.c */

/* world.c */
enum {
	FILE_BYTES = 100,
	OTHER_BYTES = 50,
	BUFFER_BYTES = 65536,
};
extern char buffer[BUFFER_BYTES];
void world_make(const char *directory);
const char *in_world(const char *name); /* an absolute path, valid until the next call */
int open_or_die(const char *name, int flags);
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define require(condition, ...)           \
	do {                              \
		if (!(condition))         \
			die(__VA_ARGS__); \
	} while (0)

/* Preparations of several ways: they open the descriptors 3, 4, ... */
void sub_open(void);	  /* the directory sub */
void file_open(void);	  /* for reading */
void file_writable(void); /* for reading and writing */
void file_write_only(void);
void file_and_other(void); /* file for reading, other for reading and writing */
void file_and_pipe(void);  /* file for reading and writing, the pipe's ends for reading and writing */
void fifo_open(void);	   /* for reading and writing */
void path_open(void);	   /* file, with O_PATH */

#endif
