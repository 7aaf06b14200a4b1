// SPDX-License-Identifier: Apache-2.0
/* Descriptors that get another file, within one process. */
#define _GNU_SOURCE
#include "scenarios.h"
#include "support.h"
#include "truth.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#ifndef SYS_dup2
#define SYS_dup2 (-1L)
#endif

/* Duplicates onto a number that may be open: by dup2 without flags, where there is one. */
static bool by_dup2(int flags)
{
	return flags == 0 && SYS_dup2 >= 0;
}

static void duplicate(int fd, int number, int flags)
{
	require((by_dup2(flags) ? syscall(SYS_dup2, fd, number) : syscall(SYS_dup3, fd, number, flags)) == number,
		"duplicate: %s", strerror(errno));
}

/* Duplicates onto a number that is free, or open on another file. */
static void duplicate_onto(int fd, int number, int flags)
{
	truth_closed(by_dup2(flags) ? "dup2" : "dup3", getpid(), (unsigned int)number, (unsigned int)number, false);
	duplicate(fd, number, flags);
}

static void read_and_close(int fd, const char *tag)
{
	read_from(fd, tag);
	works(traced_close(fd), tag);
}

static void duplicate_to_free_numbers(void)
{
	int fd = open_file("a"), plain = dup(fd), low = fcntl(fd, F_DUPFD, 100);
	int cloexec = fcntl(fd, F_DUPFD_CLOEXEC, 100), chosen = 120;

	require(plain >= 0 && low == 100 && cloexec == 101, "duplicates: %s", strerror(errno));
	duplicate_onto(fd, chosen, 0);
	duplicate_onto(fd, chosen + 1, O_CLOEXEC);
	read_from(fd, "a");
	read_and_close(plain, "a");
	write_to(low, "a");
	works(traced_close(fd), "a");
	read_some(cloexec, "a", 10);
	read_some(low, "a", 10);
	read_and_close(low, "a");
	read_and_close(cloexec, "a");
	read_and_close(chosen, "a");
	read_and_close(chosen + 1, "a");
}

static void duplicate_onto_open_files(void)
{
	int a = open_file("a"), b = open_file("b"), unused = dup(b);

	read_from(a, "a");
	read_from(b, "b");
	duplicate_onto(a, b, 0); /* closes b */
	read_from(b, "a");
	duplicate_onto(unused, b, O_CLOEXEC); /* closes the duplicate of a */
	read_from(b, "b");
	duplicate_onto(a, unused, 0); /* closes a descriptor that was never used */
	read_from(unused, "a");
	duplicate(unused, a, O_CLOEXEC); /* onto the same open file, which stays open */
	read_from(a, "a");
	works(traced_close(unused), "close");
	works(traced_close(a), "close");
	works(traced_close(b), "close");
}

static void duplicate_onto_itself(void)
{
	int fd = open_file("b");

	require(dup2(fd, fd) == fd, "dup2: %s", strerror(errno));
	read_from(fd, "b");
	require(syscall(SYS_dup3, fd, fd, 0) == -1 && errno == EINVAL, "dup3 onto itself");
	read_from(fd, "b");
	require(dup2(999, fd) == -1 && errno == EBADF, "dup2 of a free number");
	read_and_close(fd, "b");
}

/* Puts a pipe on the number of a file, and then a file on it again. */
static void duplicate_a_pipe(void)
{
	int fd = open_file("a"), ends[2];

	require(pipe(ends) == 0, "pipe: %s", strerror(errno));
	read_from(fd, "a");
	duplicate_onto(ends[0], fd, 0);
	close(fd);
	close(ends[0]);
	close(ends[1]);
	require(open_file("b") == fd, "the number is not the lowest one");
	read_and_close(fd, "b");
}

void scenario_dup(void)
{
	make_file("a");
	make_file("b");
	duplicate_to_free_numbers();
	duplicate_onto_open_files();
	duplicate_onto_itself();
	duplicate_a_pipe();
}

/* Opens again at the same number: the kernel is likely to use the same struct file. */
static void reuse_number(unsigned long round)
{
	static const char *const names[] = { "one", "two", "three" };
	const char *name = names[round % 3], *next = names[(round + 1) % 3];
	int fd = open_file(name), other;

	if (round % 2)
		read_from(fd, name);
	if (round % 5 == 0) {
		other = open_file(next);
		read_from(other, next);
		duplicate_onto(other, fd, 0);
		works(traced_close(other), next);
	} else {
		works(traced_close(fd), name);
		require(open_file(next) == fd, "the number is not the lowest one");
	}
	if (round % 7)
		write_to(fd, next);
	read_and_close(fd, next);
}

void scenario_reuse(void)
{
	unsigned long rounds = setting("FILELOAD_ROUNDS", 300);

	make_file("one");
	make_file("two");
	make_file("three");
	for (unsigned long round = 0; round < rounds; round++)
		reuse_number(round);
}

static void close_from_to(int first, int last, unsigned int flags)
{
	if (!(flags & CLOSE_RANGE_CLOEXEC))
		truth_closed("close_range", getpid(), (unsigned int)first, (unsigned int)last, false);
	require(syscall(SYS_close_range, first, last, flags) == 0, "close_range: %s", strerror(errno));
}

/* Opens a file four times, at consecutive numbers, and reads all but the third, a duplicate. */
static int open_four(const char *name)
{
	int fd = open_file(name);

	require(open_file(name) == fd + 1 && dup(fd) == fd + 2 && open_file(name) == fd + 3,
		"numbers are not consecutive");
	read_from(fd, name);
	read_from(fd + 1, name);
	read_from(fd + 3, name);
	return fd;
}

static void unshare_and_close(void *argument)
{
	int first = *(int *)argument;

	read_from(first, "r");
	read_from(first + 1, "r");
	close_from_to(first, first + 2, CLOSE_RANGE_UNSHARE);
	require(fcntl(first, F_GETFD) == -1, "close_range has left a descriptor open");
	read_from(first + 3, "r");
	leave();
}

void scenario_close_range(void)
{
	int first;

	make_file("r");
	first = open_four("r");
	close_from_to(first, first + 2, 0);
	read_and_close(first + 3, "r");
	first = open_four("r");
	close_from_to(first, first + 3, CLOSE_RANGE_CLOEXEC);
	read_from(first, "r");
	read_from(first + 2, "r");
	close_from_to(first + 1, first + 50, CLOSE_RANGE_UNSHARE);
	read_and_close(first, "r");
	first = open_four("r");
	finish(start_sharing(unshare_and_close, &first));
	read_from(first, "r");
	read_from(first + 2, "r");
	close_from_to(first, first + 3, 0);
}

static void raise_limit(rlim_t files)
{
	struct rlimit limit;

	require(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit: %s", strerror(errno));
	if (limit.rlim_cur >= files)
		return;
	limit.rlim_cur = files;
	if (limit.rlim_max < files)
		limit.rlim_max = files;
	needs(setrlimit(RLIMIT_NOFILE, &limit), "RLIMIT_NOFILE");
}

static void many_name(char name[32], unsigned long number)
{
	snprintf(name, 32, "file %lu", number);
}

void scenario_many(void)
{
	unsigned long count = setting("FILELOAD_ROUNDS", 10000);
	int *fds = calloc(count, sizeof(*fds));
	char name[32];

	require(fds, "no memory");
	raise_limit(count + 1024);
	for (unsigned long i = 0; i < count; i++) {
		many_name(name, i);
		make_file(name);
	}
	for (unsigned long i = 0; i < count; i++) {
		many_name(name, i);
		fds[i] = open_file(name);
	}
	for (unsigned long i = 0; i < count; i++) {
		many_name(name, i);
		read_from(fds[i], name);
	}
	for (unsigned long i = 0; i < count; i++)
		works(traced_close(fds[i]), "close");
	free(fds);
}
