// SPDX-License-Identifier: Apache-2.0
/*
 * System calls by number, so that the name in the log is exact: libc is free
 * to use another call than the one whose name its function has.
 */
#define _GNU_SOURCE
#include "support.h"
#include "truth.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct arguments {
	long list[6];
};

#define ARGUMENTS(...) ((struct arguments){ .list = { __VA_ARGS__ } })

static uint64_t nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void call(struct truth_line *line, const char *name, long number, struct arguments with)
{
	const long *list = with.list;
	uint64_t begin = nanoseconds();

	line->ret = syscall(number, list[0], list[1], list[2], list[3], list[4], list[5]);
	if (line->ret == -1)
		line->ret = -errno;
	line->duration_ns = nanoseconds() - begin;
	snprintf(line->what, sizeof(line->what), "%s", name);
}

/* The mode that an open uses: 0 unless the call may create a file. */
static uint64_t mode_of(uint64_t flags, uint64_t mode)
{
	bool creates = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;

	return creates ? mode : 0;
}

static int opens(const char *name, long number, int dfd, const char *filename, uint64_t flags, uint64_t mode,
		 struct arguments with)
{
	struct truth_line line = { .has = TRUTH_FLAGS, .flags = flags };
	struct place place;
	char path[2 * PATH_MAX];

	line.mode = mode_of(flags, mode);
	call(&line, name, number, with);
	if (line.ret < 0) {
		line.has |= TRUTH_FILENAME;
		place_asked_for(dfd, filename, path, sizeof(path));
		truth_log(&line, path, filename);
		return (int)line.ret;
	}
	line.has |= TRUTH_FD;
	line.fd = (int)line.ret;
	require(place_of_descriptor(getpid(), line.fd, &place), "no path of descriptor %d", line.fd);
	truth_log_place(&line, &place);
	return line.fd;
}

#ifdef SYS_open
int traced_open(const char *filename, int flags, mode_t mode)
{
	struct arguments with = ARGUMENTS((long)filename, flags, mode);

	return opens("open", SYS_open, AT_FDCWD, filename, (uint32_t)flags, mode, with);
}
#endif

#ifdef SYS_creat
int traced_creat(const char *filename, mode_t mode)
{
	struct arguments with = ARGUMENTS((long)filename, mode);
	int flags = O_CREAT | O_WRONLY | O_TRUNC;

	return opens("creat", SYS_creat, AT_FDCWD, filename, (uint32_t)flags, mode, with);
}
#endif

int traced_openat(int dfd, const char *filename, int flags, mode_t mode)
{
	struct arguments with = ARGUMENTS(dfd, (long)filename, flags, mode);

	return opens("openat", SYS_openat, dfd, filename, (uint32_t)flags, mode, with);
}

int traced_openat2(int dfd, const char *filename, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct open_how how = { .flags = flags, .mode = mode, .resolve = resolve };
	struct arguments with = ARGUMENTS(dfd, (long)filename, (long)&how, sizeof(how));

	return opens("openat2", SYS_openat2, dfd, filename, flags, mode, with);
}

/* Logs a call on a descriptor. The path is looked up before the call: a close leaves none. */
static long uses(struct truth_line *line, const char *name, long number, struct arguments with)
{
	struct place place;

	line->has |= TRUTH_FD;
	line->fd = (int)with.list[0];
	require(place_of_descriptor(getpid(), line->fd, &place), "%s: no path of descriptor %d", name, line->fd);
	call(line, name, number, with);
	truth_log_place(line, &place);
	return line->ret;
}

static uint64_t sum(const struct iovec *iov, int count)
{
	uint64_t bytes = 0;

	for (int i = 0; i < count; i++)
		bytes += iov[i].iov_len;
	return bytes;
}

/* An offset in two halves: 32-bit systems need both, 64-bit ones ignore the second. */
static struct arguments at(int fd, const struct iovec *iov, int count, off_t offset, int flags)
{
	return ARGUMENTS(fd, (long)iov, count, (long)offset, (long)((uint64_t)offset >> 32), flags);
}

long traced_read(int fd, void *buffer, size_t size)
{
	struct truth_line line = { .has = TRUTH_SIZE, .size = size };

	return uses(&line, "read", SYS_read, ARGUMENTS(fd, (long)buffer, (long)size));
}

long traced_pread64(int fd, void *buffer, size_t size, off_t offset)
{
	struct truth_line line = { .has = TRUTH_SIZE | TRUTH_OFFSET, .size = size, .offset = offset };

	return uses(&line, "pread64", SYS_pread64, ARGUMENTS(fd, (long)buffer, (long)size, offset));
}

long traced_readv(int fd, const struct iovec *iov, int count)
{
	struct truth_line line = { .has = TRUTH_SIZE, .size = sum(iov, count) };

	return uses(&line, "readv", SYS_readv, ARGUMENTS(fd, (long)iov, count));
}

long traced_preadv(int fd, const struct iovec *iov, int count, off_t offset)
{
	struct truth_line line = { .has = TRUTH_SIZE | TRUTH_OFFSET, .size = sum(iov, count), .offset = offset };

	return uses(&line, "preadv", SYS_preadv, at(fd, iov, count, offset, 0));
}

long traced_preadv2(int fd, const struct iovec *iov, int count, off_t offset, int flags)
{
	struct truth_line line = { .has = TRUTH_SIZE | TRUTH_OFFSET, .size = sum(iov, count), .offset = offset };

	return uses(&line, "preadv2", SYS_preadv2, at(fd, iov, count, offset, flags));
}

long traced_write(int fd, const void *buffer, size_t size)
{
	struct truth_line line = { .has = TRUTH_SIZE, .size = size };

	return uses(&line, "write", SYS_write, ARGUMENTS(fd, (long)buffer, (long)size));
}

long traced_pwrite64(int fd, const void *buffer, size_t size, off_t offset)
{
	struct truth_line line = { .has = TRUTH_SIZE | TRUTH_OFFSET, .size = size, .offset = offset };

	return uses(&line, "pwrite64", SYS_pwrite64, ARGUMENTS(fd, (long)buffer, (long)size, offset));
}

long traced_writev(int fd, const struct iovec *iov, int count)
{
	struct truth_line line = { .has = TRUTH_SIZE, .size = sum(iov, count) };

	return uses(&line, "writev", SYS_writev, ARGUMENTS(fd, (long)iov, count));
}

long traced_pwritev(int fd, const struct iovec *iov, int count, off_t offset)
{
	struct truth_line line = { .has = TRUTH_SIZE | TRUTH_OFFSET, .size = sum(iov, count), .offset = offset };

	return uses(&line, "pwritev", SYS_pwritev, at(fd, iov, count, offset, 0));
}

long traced_pwritev2(int fd, const struct iovec *iov, int count, off_t offset, int flags)
{
	struct truth_line line = { .has = TRUTH_SIZE | TRUTH_OFFSET, .size = sum(iov, count), .offset = offset };

	return uses(&line, "pwritev2", SYS_pwritev2, at(fd, iov, count, offset, flags));
}

long traced_close(int fd)
{
	struct truth_line line = { 0 };

	return uses(&line, "close", SYS_close, ARGUMENTS(fd));
}
