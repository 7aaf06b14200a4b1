// SPDX-License-Identifier: Apache-2.0
/* Kernel AIO: io_submit makes requests, io_getevents has their results. */
#define _GNU_SOURCE
#include "ways.h"

#include <errno.h>
#include <linux/aio_abi.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static aio_context_t context;
static const struct iovec vector[2] = { { buffer, 4 }, { buffer, 6 } };

static void prepare(void)
{
	require(syscall(SYS_io_setup, 8L, &context) == 0, "io_setup: %s", strerror(errno));
	file_writable();
}

static void prepare_write_only(void)
{
	require(syscall(SYS_io_setup, 8L, &context) == 0, "io_setup: %s", strerror(errno));
	file_write_only();
}

static struct iocb request(int opcode, const void *data, size_t size, long offset)
{
	return (struct iocb){
		.aio_lio_opcode = (unsigned short)opcode,
		.aio_fildes = 3,
		.aio_buf = (unsigned long)data,
		.aio_nbytes = size,
		.aio_offset = offset,
	};
}

/* Submits requests that the kernel accepts, and waits for their results, in any order. */
static void complete(struct iocb *requests[], const char *const names[], long count)
{
	struct io_event events[2];

	require(syscall(SYS_io_submit, context, count, requests) == count, "io_submit: %s", strerror(errno));
	require(syscall(SYS_io_getevents, context, count, count, events, NULL) == count, "io_getevents: %s",
		strerror(errno));
	for (long i = 0; i < count; i++)
		for (long j = 0; j < count; j++)
			if (events[i].obj == (unsigned long)requests[j])
				log_call(names[j], (long)events[i].res);
}

static void one(const char *name, struct iocb control)
{
	complete((struct iocb *[]){ &control }, &name, 1);
}

static void pread_way(void)
{
	one("aio_pread", request(IOCB_CMD_PREAD, buffer, 30, 10));
}

static void pwrite_way(void)
{
	one("aio_pwrite", request(IOCB_CMD_PWRITE, buffer, 30, 10));
}

static void preadv_way(void)
{
	one("aio_preadv", request(IOCB_CMD_PREADV, vector, 2, 95));
}

static void pwritev_way(void)
{
	one("aio_pwritev", request(IOCB_CMD_PWRITEV, vector, 2, 10));
}

static void fsync_way(void)
{
	one("aio_fsync", request(IOCB_CMD_FSYNC, 0, 0, 0));
}

static void fdsync_way(void)
{
	one("aio_fdsync", request(IOCB_CMD_FDSYNC, 0, 0, 0));
}

static void fault_way(void)
{
	one("aio_pread", request(IOCB_CMD_PREAD, (void *)8, 30, 0));
}

static void both_way(void)
{
	struct iocb in = request(IOCB_CMD_PREAD, buffer, 30, 0);
	struct iocb out = request(IOCB_CMD_PWRITE, buffer, 20, 40);

	complete((struct iocb *[]){ &in, &out }, (const char *const[]){ "aio_pread", "aio_pwrite" }, 2);
}

static void pgetevents_way(void)
{
	struct iocb in = request(IOCB_CMD_PREAD, buffer, 30, 0), *list[] = { &in };
	struct io_event event;

	require(syscall(SYS_io_submit, context, 1, list) == 1, "io_submit: %s", strerror(errno));
	require(syscall(SYS_io_pgetevents, context, 1, 1, &event, NULL, NULL) == 1, "io_pgetevents: %s",
		strerror(errno));
	log_call("aio_pread", (long)event.res);
}

/* Submits a request that the kernel refuses: nothing happens to the file. */
static void refused_way(void)
{
	struct iocb in = request(IOCB_CMD_PREAD, buffer, 30, 0);
	struct iocb *list[] = { &in };

	CALL(io_submit, N(context), N(1), P(list));
}

const struct way aio_ways[] = {
	{ "aio-pread", prepare, .act = pread_way },
	{ "aio-pwrite", prepare, .act = pwrite_way },
	{ "aio-preadv", prepare, .act = preadv_way },
	{ "aio-pwritev", prepare, .act = pwritev_way },
	{ "aio-fsync", prepare, .act = fsync_way },
	{ "aio-fdsync", prepare, .act = fdsync_way },
	{ "aio-fault", prepare, .act = fault_way },
	{ "aio-both", prepare, .act = both_way },
	{ "aio-pgetevents", prepare, .act = pgetevents_way },
	{ "aio-refused", prepare_write_only, .act = refused_way },
	{},
};
