// SPDX-License-Identifier: Apache-2.0
/* Requests of io_uring on descriptors. The ring is 3, the first file 4. */
#define _GNU_SOURCE
#include "ring.h"
#include "ways.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	AMOUNT = 30,
	OPCODE_FTRUNCATE = 55, /* IORING_OP_FTRUNCATE, Linux 6.9 */
};

static const struct iovec vector[2] = { { buffer, 4 }, { buffer, 6 } };

static void with_file(void)
{
	ring_open();
	file_writable();
}

static void with_buffer(void)
{
	with_file();
	ring_register_buffer();
}

static void with_registered_file(void)
{
	with_file();
	ring_register_files(4);
}

static void with_write_only(void)
{
	ring_open();
	file_write_only();
}

static void with_file_and_pipe(void)
{
	ring_open();
	file_and_pipe();
}

/* Opens a FIFO at 4 with bytes for the pipe whose writing end is 6. */
static void with_fifo_and_pipe(void)
{
	int ends[2];

	ring_open();
	fifo_open();
	require(write(4, buffer, AMOUNT) == AMOUNT && pipe(ends) == 0, "fifo: %s", strerror(errno));
}

static struct io_uring_sqe request(int opcode, const void *data, unsigned int length, unsigned long offset)
{
	return (struct io_uring_sqe){
		.opcode = (unsigned char)opcode,
		.fd = 4,
		.addr = (uintptr_t)data,
		.len = length,
		.off = offset,
	};
}

static void read_way(void)
{
	ring_request("io_uring_read", request(IORING_OP_READ, buffer, AMOUNT, 10));
}

static void read_position_way(void)
{
	ring_request("io_uring_read", request(IORING_OP_READ, buffer, AMOUNT, (unsigned long)-1));
}

static void read_registered_way(void)
{
	struct io_uring_sqe sqe = request(IORING_OP_READ, buffer, AMOUNT, 10);

	sqe.fd = 0;
	sqe.flags = IOSQE_FIXED_FILE;
	ring_request("io_uring_read", sqe);
}

static void read_fault_way(void)
{
	ring_request("io_uring_read", request(IORING_OP_READ, (void *)8, AMOUNT, 0));
}

static void read_bad_way(void)
{
	struct io_uring_sqe sqe = request(IORING_OP_READ, buffer, AMOUNT, 0);

	sqe.fd = 99;
	ring_request("io_uring_read", sqe);
}

static void readv_way(void)
{
	ring_request("io_uring_readv", request(IORING_OP_READV, vector, 2, 95));
}

static void read_fixed_way(void)
{
	ring_request("io_uring_read_fixed", request(IORING_OP_READ_FIXED, buffer, AMOUNT, 10));
}

static void write_way(void)
{
	ring_request("io_uring_write", request(IORING_OP_WRITE, buffer, AMOUNT, 10));
}

static void write_registered_way(void)
{
	struct io_uring_sqe sqe = request(IORING_OP_WRITE, buffer, AMOUNT, 10);

	sqe.fd = 0;
	sqe.flags = IOSQE_FIXED_FILE;
	ring_request("io_uring_write", sqe);
}

static void writev_way(void)
{
	ring_request("io_uring_writev", request(IORING_OP_WRITEV, vector, 2, 10));
}

static void write_fixed_way(void)
{
	ring_request("io_uring_write_fixed", request(IORING_OP_WRITE_FIXED, buffer, AMOUNT, 10));
}

static void splice_way(void)
{
	struct io_uring_sqe sqe = request(IORING_OP_SPLICE, 0, AMOUNT, (unsigned long)-1);

	sqe.fd = 6;
	sqe.splice_fd_in = 4;
	sqe.splice_off_in = (unsigned long)-1;
	ring_request("io_uring_splice", sqe);
}

static void with_file_and_fifo(void)
{
	ring_open();
	file_open();
	fifo_open();
}

static void splice_to_fifo_way(void)
{
	struct io_uring_sqe sqe = request(IORING_OP_SPLICE, 0, AMOUNT, (unsigned long)-1);

	sqe.fd = 5;
	sqe.splice_fd_in = 4;
	sqe.splice_off_in = (unsigned long)-1;
	ring_request("io_uring_splice", sqe);
}

static void splice_back_way(void)
{
	struct io_uring_sqe sqe = request(IORING_OP_SPLICE, 0, AMOUNT, (unsigned long)-1);

	require(write(6, buffer, AMOUNT) == AMOUNT, "pipe: %s", strerror(errno));
	sqe.splice_fd_in = 5;
	sqe.splice_off_in = (unsigned long)-1;
	ring_request("io_uring_splice", sqe);
}

static void tee_way(void)
{
	struct io_uring_sqe sqe = request(IORING_OP_TEE, 0, AMOUNT, 0);

	sqe.fd = 6;
	sqe.splice_fd_in = 4;
	ring_request("io_uring_tee", sqe);
}

static void fsync_way(void)
{
	ring_request("io_uring_fsync", request(IORING_OP_FSYNC, 0, 0, 0));
}

static void sync_file_range_way(void)
{
	ring_request("io_uring_sync_file_range", request(IORING_OP_SYNC_FILE_RANGE, 0, 4096, 0));
}

/* fallocate has its length in `addr`, and its mode in `len`. */
static void fallocate_way(void)
{
	ring_request("io_uring_fallocate", request(IORING_OP_FALLOCATE, (void *)200, 0, 50));
}

static void ftruncate_way(void)
{
	ring_request("io_uring_ftruncate", request(OPCODE_FTRUNCATE, 0, 0, 10));
}

static void attribute(int opcode, const char *name, void *value, unsigned int size)
{
	struct io_uring_sqe sqe = request(opcode, "user.way", size, (uintptr_t)value);

	ring_request(name, sqe);
}

static void fsetxattr_way(void)
{
	attribute(IORING_OP_FSETXATTR, "io_uring_fsetxattr", "value", 5);
}

static void fgetxattr_way(void)
{
	fsetxattr_way();
	attribute(IORING_OP_FGETXATTR, "io_uring_fgetxattr", buffer, 100);
}

static void close_way(void)
{
	ring_request("io_uring_close", request(IORING_OP_CLOSE, 0, 0, 0));
}

#define EACH_MODE(name, set_up, act)                                   \
	{ name, set_up, {}, act }, { name "-async", set_up, {}, act }, \
	{                                                              \
		name "-sqpoll", set_up, {}, act                        \
	}

const struct way ring_ways[] = {
	EACH_MODE("io_uring-read", with_file, read_way),
	EACH_MODE("io_uring-readv", with_file, readv_way),
	EACH_MODE("io_uring-read-fixed", with_buffer, read_fixed_way),
	EACH_MODE("io_uring-read-registered", with_registered_file, read_registered_way),
	EACH_MODE("io_uring-write", with_file, write_way),
	EACH_MODE("io_uring-writev", with_file, writev_way),
	EACH_MODE("io_uring-write-fixed", with_buffer, write_fixed_way),
	EACH_MODE("io_uring-write-registered", with_registered_file, write_registered_way),
	EACH_MODE("io_uring-splice", with_file_and_pipe, splice_way),
	{ "io_uring-splice-to-fifo", with_file_and_fifo, .act = splice_to_fifo_way },
	EACH_MODE("io_uring-splice-back", with_file_and_pipe, splice_back_way),
	EACH_MODE("io_uring-fsync", with_file, fsync_way),
	EACH_MODE("io_uring-fallocate", with_file, fallocate_way),
	EACH_MODE("io_uring-fsetxattr", with_file, fsetxattr_way),
	{ "io_uring-fgetxattr", with_file, .act = fgetxattr_way },
	EACH_MODE("io_uring-close", with_file, close_way),
	{ "io_uring-read-position", with_file, .act = read_position_way },
	{ "io_uring-read-write-only", with_write_only, .act = read_way },
	{ "io_uring-read-fault", with_file, .act = read_fault_way },
	{ "io_uring-read-bad", ring_open, .act = read_bad_way },
	{ "io_uring-tee", with_fifo_and_pipe, .act = tee_way },
	{ "io_uring-sync_file_range", with_file, .act = sync_file_range_way },
	{ "io_uring-ftruncate", with_file, .act = ftruncate_way },
	{ "io_uring-close-bad", ring_open, .act = close_way },
	{},
};
