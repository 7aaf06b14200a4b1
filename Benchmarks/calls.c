// SPDX-License-Identifier: Apache-2.0
/*
 * calls LOAD SECONDS DIRECTORY [RATE]
 *
 * Repeats one kind of system call for so long, or RATE times a second, and
 * prints as a JSON object: pid, calls (rounds of the load), nanoseconds they
 * took, and cpu, the seconds of processor time of this process.
 *
 * "storm" runs four threads, each with a file of its own, and prints rounds of
 * open, read, write and close.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 4, BATCH = 64 };

struct load {
	const char *name;
	void (*round)(int fd, const char *path);
};

static double seconds;
static double rate;
static const struct load *load;
static const char *directory;

static void fail(const char *what)
{
	fprintf(stderr, "calls: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec * 1e-9;
}

static void read_byte(int fd)
{
	char byte;

	if (pread(fd, &byte, 1, 0) != 1)
		fail("pread");
}

static void write_byte(int fd)
{
	if (pwrite(fd, "x", 1, 0) != 1)
		fail("pwrite");
}

static int open_file(const char *path)
{
	int fd = open(path, O_RDWR);

	if (fd < 0)
		fail(path);
	return fd;
}

static void round_getppid(int fd, const char *path)
{
	(void)fd, (void)path;
	syscall(SYS_getppid);
}

static void round_read(int fd, const char *path)
{
	(void)path;
	read_byte(fd);
}

static void round_write(int fd, const char *path)
{
	(void)path;
	write_byte(fd);
}

static void round_open(int fd, const char *path)
{
	(void)fd;
	close(open_file(path));
}

static void round_open_read(int fd, const char *path)
{
	(void)fd;
	fd = open_file(path);
	read_byte(fd);
	close(fd);
}

static void round_failing(int fd, const char *path)
{
	(void)fd, (void)path;
	if (open("/var/tmp/there/is/no/such/file", O_RDONLY) >= 0)
		fail("a file that should not exist");
}

static void round_storm(int fd, const char *path)
{
	(void)fd;
	fd = open_file(path);
	read_byte(fd);
	write_byte(fd);
	close(fd);
}

static const struct load loads[] = {
	{ "getppid", round_getppid },
	{ "read", round_read },
	{ "write", round_write },
	{ "open+close", round_open },
	{ "open+read+close", round_open_read },
	{ "failing open", round_failing },
	{ "storm", round_storm },
};

static void wait_until(double time)
{
	double left = time - now();
	struct timespec pause = { 0, left * 1e9 };

	if (left > 0)
		nanosleep(&pause, NULL);
}

/* Rounds that were made. */
static long repeat(int fd, const char *path)
{
	double start = now();
	double time = start;
	long count = 0;

	while (time < start + seconds) {
		/* With a rate, what a millisecond is to have. */
		long batch = rate ? rate / 1000 : BATCH;

		for (long i = 0; i < batch; i++)
			load->round(fd, path);
		count += batch;
		if (rate)
			wait_until(start + count / rate);
		time = now();
	}
	return count;
}

static void *be_thread(void *argument)
{
	long number = (long)argument;
	char path[4096];
	long count;
	int fd;

	snprintf(path, sizeof(path), "%s/file%ld", directory, number);
	fd = open(path, O_RDWR | O_CREAT, 0644);
	if (fd < 0)
		fail(path);
	write_byte(fd);
	count = repeat(fd, path);
	close(fd);
	return (void *)count;
}

/* Peers show the number of a thread for that of its process: one is the first. */
static long run_threads(long count)
{
	pthread_t threads[THREADS];
	long sum;

	for (long i = 1; i < count; i++) {
		errno = pthread_create(&threads[i], NULL, be_thread, (void *)i);
		if (errno)
			fail("pthread_create");
	}
	sum = (long)be_thread(NULL);
	for (long i = 1; i < count; i++) {
		void *rounds;

		pthread_join(threads[i], &rounds);
		sum += (long)rounds;
	}
	return sum;
}

static double cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

int main(int argc, char *argv[])
{
	double start;
	long count;

	for (size_t i = 0; argc > 3 && i < sizeof(loads) / sizeof(loads[0]); i++)
		if (strcmp(loads[i].name, argv[1]) == 0)
			load = &loads[i];
	if (!load) {
		fprintf(stderr, "usage: calls LOAD SECONDS DIRECTORY [RATE]\n");
		return 64;
	}
	seconds = atof(argv[2]);
	directory = argv[3];
	rate = argc > 4 ? atof(argv[4]) : 0;
	start = now();
	count = run_threads(load->round == round_storm ? THREADS : 1);
	printf("{\"pid\":%d,\"calls\":%ld,\"nanoseconds\":%.0f,\"cpu\":%.6f}\n", getpid(), count, (now() - start) * 1e9,
	       cpu_seconds());
	return 0;
}
