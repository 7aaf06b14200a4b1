// SPDX-License-Identifier: Apache-2.0
/* Reading, writing and closing descriptors that are open. */
#define _GNU_SOURCE
#include "ways.h"

#include <stdint.h>
#include <sys/uio.h>
#include <unistd.h>

enum { AT_POSITION = -1 };

static const struct iovec vector[2] = { { buffer, 4 }, { buffer, 6 } };
#define VECTOR P(vector), N(2)

static void read_directory(void)
{
	while (CALL(getdents64, N(3), P(buffer), N(4096)) > 0)
		;
	CALL(close, N(3));
}

/* Duplicates 4 onto 3, which closes the file on 3 without close(2). */
static void replace(void)
{
	CALL(read, N(3), P(buffer), N(10));
	CALL(dup2, N(4), N(3));
	CALL(read, N(3), P(buffer), N(10));
	CALL(close_range, N(3), N(4), N(0));
}

const struct way reading_ways[] = {
	{ "read", file_open, ONE(read, N(3), P(buffer), N(10)) },
	{ "read-end", file_open, ONE(pread64, N(3), P(buffer), N(10), N(1000)) },
	{ "read-directory", sub_open, ONE(read, N(3), P(buffer), N(10)) },
	{ "read-write-only", file_write_only, ONE(read, N(3), P(buffer), N(10)) },
	{ "read-fault", file_open, ONE(read, N(3), N(8), N(10)) },
	{ "read-bad", ONE(read, N(99), P(buffer), N(10)) },
	{ "pread64", file_open, ONE(pread64, N(3), P(buffer), N(10), N(95)) },
	{ "readv", file_open, ONE(readv, N(3), VECTOR) },
	{ "preadv", file_open, ONE(preadv, N(3), VECTOR, N(20)) },
	{ "preadv2", file_open, ONE(preadv2, N(3), VECTOR, N(20)) },
	{ "preadv2-position", file_open, ONE(preadv2, N(3), VECTOR, N(AT_POSITION), N(AT_POSITION)) },
	{ "write", file_writable, ONE(write, N(3), P(buffer), N(10)) },
	{ "write-read-only", file_open, ONE(write, N(3), P(buffer), N(10)) },
	{ "pwrite64", file_writable, ONE(pwrite64, N(3), P(buffer), N(10), N(20)) },
	{ "writev", file_writable, ONE(writev, N(3), VECTOR) },
	{ "pwritev", file_writable, ONE(pwritev, N(3), VECTOR, N(20)) },
	{ "pwritev2", file_writable, ONE(pwritev2, N(3), VECTOR, N(20)) },
	{ "write-fifo", fifo_open, ONE(write, N(3), P(buffer), N(10)) },
	{ "close", file_open, ONE(close, N(3)) },
	{ "close-writable", file_writable, ONE(close, N(3)) },
	{ "close-path", path_open, ONE(close, N(3)) },
	{ "close-bad", ONE(close, N(99)) },
	{ "close-otherwise", file_and_other, .act = replace },
	{ "getdents64", sub_open, .act = read_directory },
	{ "getdents", sub_open, ONE(getdents, N(3), P(buffer), N(4096)) },
	{ "getdents64-file", file_open, ONE(getdents64, N(3), P(buffer), N(4096)) },
	{ "getdents64-too-small", sub_open, ONE(getdents64, N(3), P(buffer), N(1)) },
	{},
};
