/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traced calls and the log of what the kernel did with them. The scenarios
 * touch files in the directory under test through these functions only.
 */
#ifndef FILELOAD_TRUTH_H
#define FILELOAD_TRUTH_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>

/* The members of a line besides its process and thread. */
enum truth_has {
	TRUTH_FD = 1 << 0,
	TRUTH_SIZE = 1 << 1,
	TRUTH_OFFSET = 1 << 2,
	TRUTH_FLAGS = 1 << 3,	 /* flags and mode of an open */
	TRUTH_FILENAME = 1 << 4, /* an open that failed */
	TRUTH_DELETED = 1 << 5,
	TRUTH_TRUNCATED = 1 << 6, /* the path is a tail */
	TRUTH_IMPLICIT = 1 << 7,  /* closed by something that is not close(2) */
	TRUTH_SUM = 1 << 8,
};

struct tally {
	uint64_t opens;
	uint64_t reads;
	uint64_t read_bytes;
	uint64_t writes;
	uint64_t write_bytes;
	uint64_t closes;
};

struct truth_line {
	uint32_t length; /* includes the strings; a multiple of 8 */
	uint32_t has;	 /* enum truth_has, or-ed */
	pid_t pid;
	pid_t tid;
	int fd;
	unsigned int nlink; /* with TRUTH_DELETED: names the inode still has */
	int64_t ret;
	uint64_t size;
	int64_t offset;
	uint64_t flags;
	uint64_t mode;
	uint64_t duration_ns;
	struct tally tally;
	char what[16]; /* the system call, or what closed the descriptor */
	char comm[16];
	char strings[]; /* path and filename, each with its NUL */
};

/* The path of a descriptor or a directory, as /proc shows it. */
struct place {
	char path[2 * PATH_MAX];
	bool deleted;
	bool truncated;
	unsigned int nlink;
};

/* All processes of a scenario share one log. */
void truth_begin(const char *directory);
int truth_descriptor(void); /* survives exec; for truth_attach() after it */
void truth_attach(int descriptor);
void truth_forget(void); /* drops all lines so far */
const char *truth_directory(void);
void truth_read_comm(void); /* after the name has changed */
void truth_log(struct truth_line *line, const char *path, const char *filename);
void truth_log_place(struct truth_line *line, const struct place *place);
void truth_sum(const char *path, const struct tally *tally);
const struct truth_line *truth_next(const struct truth_line *line); /* NULL: the first */
size_t truth_closed(const char *how, pid_t pid, unsigned int first, unsigned int last, bool cloexec_only);

/* report.c: the log as JSON lines. */
void truth_write(const char *name);

/* place.c */
bool place_of(pid_t pid, const char *what, struct place *place);
bool place_of_descriptor(pid_t pid, int fd, struct place *place);
void place_asked_for(int dfd, const char *filename, char *path, size_t size);
void place_set_long(const char *path); /* for a path that is too long for readlink(2) */
void place_ask(int socket);	       /* from now on another process looks paths up */
void place_answer(int socket, pid_t child);

/* calls.c: results are those of the kernel: -errno if negative. */
#ifdef SYS_open
int traced_open(const char *filename, int flags, mode_t mode);
#endif
#ifdef SYS_creat
int traced_creat(const char *filename, mode_t mode);
#endif
int traced_openat(int dfd, const char *filename, int flags, mode_t mode);
int traced_openat2(int dfd, const char *filename, uint64_t flags, uint64_t mode, uint64_t resolve);
long traced_read(int fd, void *buffer, size_t size);
long traced_pread64(int fd, void *buffer, size_t size, off_t offset);
long traced_readv(int fd, const struct iovec *iov, int count);
long traced_preadv(int fd, const struct iovec *iov, int count, off_t offset);
long traced_preadv2(int fd, const struct iovec *iov, int count, off_t offset, int flags);
long traced_write(int fd, const void *buffer, size_t size);
long traced_pwrite64(int fd, const void *buffer, size_t size, off_t offset);
long traced_writev(int fd, const struct iovec *iov, int count);
long traced_pwritev(int fd, const struct iovec *iov, int count, off_t offset);
long traced_pwritev2(int fd, const struct iovec *iov, int count, off_t offset, int flags);
long traced_close(int fd);

/* counted.c: for loads too large for a line per call; threads can share a tally. */
int counted_open(struct tally *tally, const char *filename, int flags, mode_t mode);
long counted_read(struct tally *tally, int fd, void *buffer, size_t size);
long counted_pread64(struct tally *tally, int fd, void *buffer, size_t size, off_t offset);
long counted_write(struct tally *tally, int fd, const void *buffer, size_t size);
long counted_pwrite64(struct tally *tally, int fd, const void *buffer, size_t size, off_t offset);
long counted_close(struct tally *tally, int fd);

#endif
