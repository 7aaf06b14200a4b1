// SPDX-License-Identifier: Apache-2.0
/* Loads that are too large for a line per call: their log has sums. */
#define _GNU_SOURCE
#include "scenarios.h"
#include "support.h"
#include "truth.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 64 };

struct load {
	pthread_t thread;
	unsigned long number;
	unsigned long rounds;
	char name[32];
	struct tally tally; /* of the thread's own file */
	int shared;
	struct tally *shared_tally;
};

static void create_counted(struct tally *tally, const char *name, size_t size)
{
	int fd = counted_open(tally, name, O_CREAT | O_EXCL | O_WRONLY, 0644);
	char *buffer = malloc(size);

	require(buffer, "no memory");
	fill(buffer, size, name, 0);
	require(counted_write(tally, fd, buffer, size) == (long)size, "write to %s", name);
	counted_close(tally, fd);
	free(buffer);
}

static void sum_up(const char *name, const struct tally *tally)
{
	char path[PATH_MAX];

	absolute(path, name);
	truth_sum(path, tally);
}

static void use_own_file(struct load *load)
{
	int fd = counted_open(&load->tally, load->name, O_RDWR, 0);
	char buffer[CHUNK];

	require(counted_read(&load->tally, fd, buffer, CHUNK) == CHUNK, "read of %s", load->name);
	check(buffer, CHUNK, load->name, 0);
	fill(buffer, CHUNK, load->name, CHUNK);
	require(counted_write(&load->tally, fd, buffer, CHUNK) == CHUNK, "write to %s", load->name);
	counted_close(&load->tally, fd);
}

static void use_shared_file(struct load *load, unsigned long round)
{
	off_t offset = (off_t)((load->number + round) % 8 * CHUNK);
	char buffer[CHUNK];

	require(counted_pread64(load->shared_tally, load->shared, buffer, CHUNK, offset) == CHUNK, "pread64 of shared");
	check(buffer, CHUNK, "shared", offset);
	require(counted_pwrite64(load->shared_tally, load->shared, buffer, CHUNK, offset) == CHUNK,
		"pwrite64 to shared");
}

static void *be_thread(void *argument)
{
	struct load *load = argument;

	pthread_setname_np(pthread_self(), load->name);
	for (unsigned long round = 0; round < load->rounds; round++) {
		use_own_file(load);
		use_shared_file(load, round);
	}
	return NULL;
}

static void run_threads(struct load *loads, unsigned long count)
{
	for (unsigned long i = 0; i < count; i++)
		require(pthread_create(&loads[i].thread, NULL, be_thread, &loads[i]) == 0, "pthread_create");
	for (unsigned long i = 0; i < count; i++)
		require(pthread_join(loads[i].thread, NULL) == 0, "pthread_join");
}

void scenario_threads(void)
{
	unsigned long count = setting("FILELOAD_THREADS", 8);
	unsigned long rounds = setting("FILELOAD_ROUNDS", 1000);
	struct load *loads = calloc(count, sizeof(*loads));
	struct tally shared = { 0 };
	int fd;

	require(loads, "no memory");
	create_counted(&shared, "shared", 8 * CHUNK);
	fd = counted_open(&shared, "shared", O_RDWR, 0);
	for (unsigned long i = 0; i < count; i++) {
		loads[i].number = i;
		loads[i].rounds = rounds;
		loads[i].shared = fd;
		loads[i].shared_tally = &shared;
		snprintf(loads[i].name, sizeof(loads[i].name), "thread %lu", i);
		create_counted(&loads[i].tally, loads[i].name, FILE_SIZE);
	}
	run_threads(loads, count);
	counted_close(&shared, fd);
	sum_up("shared", &shared);
	for (unsigned long i = 0; i < count; i++)
		sum_up(loads[i].name, &loads[i].tally);
	free(loads);
}

/* Reads by turns from the file position, which starts over at the end, and from an offset. */
static void read_byte(struct tally *tally, int fd, unsigned long round)
{
	off_t offset = (off_t)(round / 2 % FILE_SIZE);
	char byte;
	long ret;

	if (round % 2) {
		ret = counted_pread64(tally, fd, &byte, 1, offset);
	} else {
		if (offset == 0)
			require(lseek(fd, 0, SEEK_SET) == 0, "lseek: %s", strerror(errno));
		ret = counted_read(tally, fd, &byte, 1);
	}
	require(ret == 1, "read of bytes: %ld", ret);
	check(&byte, 1, "bytes", offset);
}

void scenario_bytes(void)
{
	unsigned long rounds = setting("FILELOAD_ROUNDS", 1000000);
	struct tally tally = { 0 };
	int fd;

	create_counted(&tally, "bytes", FILE_SIZE);
	fd = counted_open(&tally, "bytes", O_RDONLY, 0);
	for (unsigned long round = 0; round < rounds; round++)
		read_byte(&tally, fd, round);
	counted_close(&tally, fd);
	sum_up("bytes", &tally);
}
