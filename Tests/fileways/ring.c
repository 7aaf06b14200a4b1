// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "ring.h"
#include "ways.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum { ENTRIES = 4, RING = 3 };

static struct io_uring_params params;
static char *submissions, *completions;
static struct io_uring_sqe *entries;

static bool is_way(const char *suffix)
{
	size_t length = strlen(way_name()), tail = strlen(suffix);

	return length > tail && strcmp(way_name() + length - tail, suffix) == 0;
}

static void *map(size_t size, off_t what)
{
	void *address = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, RING, what);

	require(address != MAP_FAILED, "mmap of the ring: %s", strerror(errno));
	return address;
}

void ring_open(void)
{
	if (is_way("-sqpoll")) {
		params.flags = IORING_SETUP_SQPOLL;
		params.sq_thread_idle = 1;
	}
	require(syscall(SYS_io_uring_setup, ENTRIES, &params) == RING, "io_uring_setup: %s", strerror(errno));
	submissions = map(params.sq_off.array + ENTRIES * sizeof(uint32_t), IORING_OFF_SQ_RING);
	completions = map(params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
	entries = map(ENTRIES * sizeof(*entries), (off_t)IORING_OFF_SQES);
}

static void use(unsigned int what, const void *list)
{
	require(syscall(SYS_io_uring_register, RING, what, list, 1) == 0, "io_uring_register: %s", strerror(errno));
}

void ring_register_files(int fd)
{
	use(IORING_REGISTER_FILES, &fd);
}

void ring_register_buffer(void)
{
	struct iovec all = { buffer, BUFFER_BYTES };

	use(IORING_REGISTER_BUFFERS, &all);
}

static uint32_t *counter(char *ring, uint32_t offset)
{
	return (uint32_t *)(ring + offset);
}

static void enter(unsigned int submitted)
{
	unsigned int flags = IORING_ENTER_GETEVENTS;
	long ret;

	if (params.flags & IORING_SETUP_SQPOLL) {
		flags |= IORING_ENTER_SQ_WAKEUP;
		submitted = 0;
	}
	ret = syscall(SYS_io_uring_enter, RING, submitted, 1, flags, NULL, 0L);
	require(ret >= 0 || errno == EINTR, "io_uring_enter: %s", strerror(errno));
}

int ring_request(const char *name, struct io_uring_sqe request)
{
	uint32_t *tail = counter(submissions, params.sq_off.tail), *head = counter(completions, params.cq_off.head);
	uint32_t slot = *tail & (ENTRIES - 1), done = *head;
	struct io_uring_cqe *cqes = (void *)(completions + params.cq_off.cqes);
	int res;

	if (is_way("-async"))
		request.flags |= IOSQE_ASYNC;
	entries[slot] = request;
	counter(submissions, params.sq_off.array)[slot] = slot;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_SEQ_CST);
	enter(1);
	while (__atomic_load_n(counter(completions, params.cq_off.tail), __ATOMIC_ACQUIRE) == done)
		enter(0);
	res = cqes[done & (params.cq_entries - 1)].res;
	__atomic_store_n(head, done + 1, __ATOMIC_RELEASE);
	log_call(name, res);
	return res;
}
