// SPDX-License-Identifier: Apache-2.0
/* Transfers from one file to another, or to a pipe. */
#define _GNU_SOURCE
#include "ways.h"

#include <errno.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { AMOUNT = 60 };

static off_t ten = 10, twenty = 20;
static const struct iovec vector[2] = { { buffer, 4 }, { buffer, 6 } };
static const struct file_clone_range range = { .src_fd = 3, .src_offset = 0, .src_length = 0, .dest_offset = 0 };

static void file_at_end(void)
{
	file_and_other();
	require(lseek(3, 0, SEEK_END) == FILE_BYTES, "lseek: %s", strerror(errno));
}

static void read_only_both(void)
{
	file_open();
	open_or_die("other", O_RDONLY);
}

static void socket_and_file(void)
{
	int ends[2];

	require(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair: %s", strerror(errno));
	file_open();
}

static void file_and_full_pipe(void)
{
	file_and_pipe();
	require(write(5, buffer, AMOUNT) == AMOUNT, "pipe: %s", strerror(errno));
}

static void file_and_fifo(void)
{
	file_open();
	fifo_open();
}

static void full_fifo_open(void)
{
	fifo_open();
	require(write(3, buffer, AMOUNT) == AMOUNT, "fifo: %s", strerror(errno));
}

/* Opens a FIFO with bytes at 3, and a pipe. */
static void full_fifo_and_pipe(void)
{
	int ends[2];

	full_fifo_open();
	require(pipe(ends) == 0, "pipe: %s", strerror(errno));
}

static void full_fifo_for_reading(void)
{
	full_fifo_open();
	open_or_die("fifo", O_RDONLY);
}

const struct way transfer_ways[] = {
	{ "sendfile", file_and_other, ONE(sendfile, N(4), N(3), P(0), N(AMOUNT)) },
	{ "sendfile-offset", file_and_other, ONE(sendfile, N(4), N(3), P(&ten), N(AMOUNT)) },
	{ "sendfile-end", file_at_end, ONE(sendfile, N(4), N(3), P(0), N(AMOUNT)) },
	{ "sendfile-to-socket", socket_and_file, ONE(sendfile, N(3), N(5), P(0), N(AMOUNT)) },
	{ "sendfile-read-only", read_only_both, ONE(sendfile, N(4), N(3), P(0), N(AMOUNT)) },
	{ "sendfile-bad", file_open, ONE(sendfile, N(99), N(3), P(0), N(AMOUNT)) },
	{ "splice-to-pipe", file_and_pipe, ONE(splice, N(3), P(0), N(5), P(0), N(AMOUNT), N(0)) },
	{ "splice-from-pipe", file_and_full_pipe, ONE(splice, N(4), P(0), N(3), P(0), N(AMOUNT), N(0)) },
	{ "splice-to-fifo", file_and_fifo, ONE(splice, N(3), P(0), N(4), P(0), N(AMOUNT), N(0)) },
	{ "splice-without-pipe", file_and_other, ONE(splice, N(3), P(0), N(4), P(0), N(AMOUNT), N(0)) },
	{ "tee", full_fifo_and_pipe, ONE(tee, N(3), N(5), N(AMOUNT), N(0)) },
	{ "tee-without-pipe", file_and_pipe, ONE(tee, N(3), N(5), N(AMOUNT), N(0)) },
	{ "vmsplice", fifo_open, ONE(vmsplice, N(3), P(vector), N(2), N(0)) },
	{ "vmsplice-read", full_fifo_for_reading, ONE(vmsplice, N(4), P(vector), N(2), N(0)) },
	{ "copy_file_range", file_and_other, ONE(copy_file_range, N(3), P(0), N(4), P(0), N(AMOUNT), N(0)) },
	{ "copy_file_range-offsets", file_and_other,
	  ONE(copy_file_range, N(3), P(&ten), N(4), P(&twenty), N(AMOUNT), N(0)) },
	{ "copy_file_range-end", file_at_end, ONE(copy_file_range, N(3), P(0), N(4), P(0), N(AMOUNT), N(0)) },
	{ "copy_file_range-one-file", file_writable,
	  ONE(copy_file_range, N(3), P(&ten), N(3), P(&twenty), N(10), N(0)) },
	{ "copy_file_range-read-only", read_only_both, ONE(copy_file_range, N(3), P(0), N(4), P(0), N(AMOUNT), N(0)) },
	{ "copy_file_range-flags", file_and_other, ONE(copy_file_range, N(3), P(0), N(4), P(0), N(AMOUNT), N(8)) },
	{ "ficlone", file_and_other, ONE(ioctl, N(4), N(FICLONE), N(3)) },
	{ "ficlonerange", file_and_other, ONE(ioctl, N(4), N(FICLONERANGE), P(&range)) },
	{ "ficlone-read-only", read_only_both, ONE(ioctl, N(4), N(FICLONE), N(3)) },
	{ "ioctl-other", file_open, ONE(ioctl, N(3), N(FIONREAD), P(buffer)) },
	{},
};
