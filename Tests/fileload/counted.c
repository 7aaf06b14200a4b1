// SPDX-License-Identifier: Apache-2.0
/* Calls that only add to counters, for loads of millions and for threads that race. */
#define _GNU_SOURCE
#include "support.h"
#include "truth.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void add(uint64_t *counter, uint64_t amount)
{
	__atomic_fetch_add(counter, amount, __ATOMIC_RELAXED);
}

static long result(long ret, const char *name)
{
	require(ret >= 0, "%s: %s", name, strerror(errno));
	return ret;
}

int counted_open(struct tally *tally, const char *filename, int flags, mode_t mode)
{
	long fd = result(syscall(SYS_openat, AT_FDCWD, filename, flags, mode), "openat");

	add(&tally->opens, 1);
	return (int)fd;
}

static long count_read(struct tally *tally, long ret)
{
	add(&tally->reads, 1);
	add(&tally->read_bytes, (uint64_t)ret);
	return ret;
}

long counted_read(struct tally *tally, int fd, void *buffer, size_t size)
{
	return count_read(tally, result(syscall(SYS_read, fd, buffer, size), "read"));
}

long counted_pread64(struct tally *tally, int fd, void *buffer, size_t size, off_t offset)
{
	return count_read(tally, result(syscall(SYS_pread64, fd, buffer, size, offset), "pread64"));
}

static long count_write(struct tally *tally, long ret)
{
	add(&tally->writes, 1);
	add(&tally->write_bytes, (uint64_t)ret);
	return ret;
}

long counted_write(struct tally *tally, int fd, const void *buffer, size_t size)
{
	return count_write(tally, result(syscall(SYS_write, fd, buffer, size), "write"));
}

long counted_pwrite64(struct tally *tally, int fd, const void *buffer, size_t size, off_t offset)
{
	return count_write(tally, result(syscall(SYS_pwrite64, fd, buffer, size, offset), "pwrite64"));
}

long counted_close(struct tally *tally, int fd)
{
	long ret = result(syscall(SYS_close, fd), "close");

	add(&tally->closes, 1);
	return ret;
}
