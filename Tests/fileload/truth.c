// SPDX-License-Identifier: Apache-2.0
/*
 * The log is in a memory file that every process of a scenario maps, so that
 * lines survive exec and the process that wrote them.
 */
#define _GNU_SOURCE
#include "truth.h"

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	LOG_BYTES = 1 << 30,   /* sparse: only what is used takes memory */
	LOG_DESCRIPTOR = 1000, /* above the descriptors of scenarios */
};

struct log {
	pthread_mutex_t lock;
	size_t used; /* bytes of lines */
	char directory[PATH_MAX];
	_Alignas(8) char lines[];
};

static struct log *log_memory;
static int log_descriptor;
static char comm[16];
static pid_t comm_pid;

void truth_attach(int descriptor)
{
	log_descriptor = descriptor;
	log_memory = mmap(NULL, LOG_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
	require(log_memory != MAP_FAILED, "mmap of the log: %s", strerror(errno));
	truth_read_comm();
}

void truth_begin(const char *directory)
{
	pthread_mutexattr_t shared;
	int memory = memfd_create("fileload", 0);

	require(memory >= 0, "memfd_create: %s", strerror(errno));
	require(ftruncate(memory, LOG_BYTES) == 0, "ftruncate: %s", strerror(errno));
	require(dup2(memory, LOG_DESCRIPTOR) == LOG_DESCRIPTOR, "dup2: %s", strerror(errno));
	close(memory);
	truth_attach(LOG_DESCRIPTOR);
	pthread_mutexattr_init(&shared);
	pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&log_memory->lock, &shared);
	require(realpath(directory, log_memory->directory), "%s: %s", directory, strerror(errno));
}

int truth_descriptor(void)
{
	return log_descriptor;
}

const char *truth_directory(void)
{
	return log_memory->directory;
}

void truth_forget(void)
{
	log_memory->used = 0;
}

/* A name may contain newlines: the kernel adds only the last one. */
void truth_read_comm(void)
{
	int file = open("/proc/self/comm", O_RDONLY | O_CLOEXEC);
	ssize_t length = file < 0 ? -1 : read(file, comm, sizeof(comm));

	require(length > 0, "/proc/self/comm: %s", strerror(errno));
	close(file);
	memset(comm + length - 1, 0, sizeof(comm) - (size_t)length + 1);
	comm_pid = getpid();
}

static void append(const struct truth_line *line, const char *path, const char *filename)
{
	size_t path_size = strlen(path) + 1, filename_size = strlen(filename) + 1;
	size_t length = (sizeof(*line) + path_size + filename_size + 7) & ~(size_t)7;
	struct truth_line *copy;

	pthread_mutex_lock(&log_memory->lock);
	require(sizeof(*log_memory) + log_memory->used + length <= LOG_BYTES, "the log is full");
	copy = (struct truth_line *)(log_memory->lines + log_memory->used);
	*copy = *line;
	copy->length = (uint32_t)length;
	memcpy(copy->strings, path, path_size);
	memcpy(copy->strings + path_size, filename, filename_size);
	log_memory->used += length;
	pthread_mutex_unlock(&log_memory->lock);
}

static bool in_directory(const char *path)
{
	size_t length = strlen(log_memory->directory);

	return strncmp(path, log_memory->directory, length) == 0 && path[length] == '/';
}

/* Sets process, thread and name of the line, and appends it. */
void truth_log(struct truth_line *line, const char *path, const char *filename)
{
	require((line->has & TRUTH_TRUNCATED) || in_directory(path), "%s of %s, which is not in %s", line->what, path,
		log_memory->directory);
	line->pid = getpid();
	line->tid = gettid();
	if (comm_pid != line->pid)
		truth_read_comm();
	memcpy(line->comm, comm, sizeof(comm));
	append(line, path, filename ? filename : "");
}

void truth_log_place(struct truth_line *line, const struct place *place)
{
	line->has |= place->deleted ? TRUTH_DELETED : 0;
	line->has |= place->truncated ? TRUTH_TRUNCATED : 0;
	line->nlink = place->nlink;
	truth_log(line, place->path, NULL);
}

void truth_sum(const char *path, const struct tally *tally)
{
	struct truth_line line = { .has = TRUTH_SUM, .tally = *tally };

	truth_log(&line, path, NULL);
}

const struct truth_line *truth_next(const struct truth_line *line)
{
	const char *next = line ? (const char *)line + line->length : log_memory->lines;

	if (next >= log_memory->lines + log_memory->used)
		return NULL;
	return (const struct truth_line *)next;
}

/*
 * Returns an array with, for each descriptor 0 to *count - 1 of a process, the
 * last line that opened, read or wrote it; null if it was closed since or has none.
 */
static const struct truth_line **find_used(pid_t pid, size_t *count)
{
	const struct truth_line *line, **used;

	*count = 0;
	for (line = truth_next(NULL); line; line = truth_next(line))
		if (line->pid == pid && (line->has & TRUTH_FD) && (size_t)line->fd >= *count)
			*count = (size_t)line->fd + 1;
	used = calloc(*count + 1, sizeof(*used));
	require(used, "no memory");
	for (line = truth_next(NULL); line; line = truth_next(line)) {
		if (line->pid != pid || !(line->has & TRUTH_FD) || line->ret < 0)
			continue;
		if ((line->has & TRUTH_IMPLICIT) || strcmp(line->what, "close") == 0)
			used[line->fd] = NULL;
		else
			used[line->fd] = line;
	}
	return used;
}

/* Logs a close by a process that can no longer write lines: its last line says who it was. */
static void log_closed(const char *how, const struct truth_line *last, const struct place *place)
{
	struct truth_line line = { .has = TRUTH_FD | TRUTH_IMPLICIT, .fd = last->fd };

	snprintf(line.what, sizeof(line.what), "%s", how);
	if (last->pid == getpid()) {
		truth_log_place(&line, place);
		return;
	}
	line.has |= place->deleted ? TRUTH_DELETED : 0;
	line.nlink = place->nlink;
	line.pid = line.tid = last->pid;
	memcpy(line.comm, last->comm, sizeof(line.comm));
	append(&line, place->path, "");
}

/*
 * Logs that something other than close(2) is about to close the descriptors
 * that a process has used. Returns how many.
 */
size_t truth_closed(const char *how, pid_t pid, unsigned int first, unsigned int last, bool cloexec_only)
{
	struct place place;
	size_t fd, count, logged = 0;
	const struct truth_line **used = find_used(pid, &count);

	for (fd = first; fd < count && fd <= last; fd++) {
		if (!used[fd] || !place_of_descriptor(pid, (int)fd, &place))
			continue;
		if (cloexec_only && !(fcntl((int)fd, F_GETFD) & FD_CLOEXEC))
			continue;
		log_closed(how, used[fd], &place);
		logged++;
	}
	free(used);
	return logged;
}
