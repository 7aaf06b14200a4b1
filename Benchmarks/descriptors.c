// SPDX-License-Identifier: Apache-2.0
/*
 * descriptors WAY HIGHEST ROUNDS FILE
 *
 * Has FILE open as descriptor HIGHEST, raising the limit, and makes rounds of
 * a fork whose child ends in this way: "exit", "exec" of true(1), "close_range"
 * of all descriptors first; "used" exits too, but of a parent that has opened
 * FILE as every descriptor up to HIGHEST. Prints nanoseconds of
 * the processor a round.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what)
{
	fprintf(stderr, "descriptors: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Of the processor, of this process and of its children that have ended: the machine may be busy. */
static double nanoseconds(void)
{
	struct rusage own, children;

	getrusage(RUSAGE_SELF, &own);
	getrusage(RUSAGE_CHILDREN, &children);
	return (own.ru_utime.tv_sec + own.ru_stime.tv_sec + children.ru_utime.tv_sec + children.ru_stime.tv_sec) * 1e9 +
	       (own.ru_utime.tv_usec + own.ru_stime.tv_usec + children.ru_utime.tv_usec + children.ru_stime.tv_usec) *
		       1e3;
}

static void open_files(const char *way, int highest, const char *path)
{
	struct rlimit limit = { highest + 1, highest + 1 };
	int fd;

	if (setrlimit(RLIMIT_NOFILE, &limit))
		fail("RLIMIT_NOFILE");
	do {
		fd = open(path, O_RDONLY | O_CREAT, 0644);
		if (fd < 0)
			fail(path);
	} while (strcmp(way, "used") == 0 && fd < highest);
	if (fd < highest && dup2(fd, highest) < 0)
		fail("dup2");
}

static _Noreturn void end(const char *way)
{
	if (strcmp(way, "close_range") == 0)
		close_range(3, ~0U, 0);
	if (strcmp(way, "exec") == 0)
		execl("/bin/true", "true", NULL);
	_exit(0);
}

int main(int argc, char *argv[])
{
	int rounds = argc == 5 ? atoi(argv[3]) : 0;
	double start;

	if (rounds < 1) {
		fprintf(stderr, "usage: descriptors WAY HIGHEST ROUNDS FILE\n");
		return 64;
	}
	open_files(argv[1], atoi(argv[2]), argv[4]);
	start = nanoseconds();
	for (int i = 0; i < rounds; i++) {
		pid_t child = fork();

		if (child < 0)
			fail("fork");
		if (child == 0)
			end(argv[1]);
		waitpid(child, NULL, 0);
	}
	printf("%.0f\n", (nanoseconds() - start) / rounds);
	return 0;
}
