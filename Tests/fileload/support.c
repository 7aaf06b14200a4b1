// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "support.h"

#include "truth.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 120000 }; /* how long to wait for another process before the scenario fails */

static _Noreturn void stop(int status, const char *format, va_list arguments)
{
	char message[2 * PATH_MAX + 256];

	vsnprintf(message, sizeof(message), format, arguments);
	dprintf(STDERR_FILENO, "fileload: %s\n", message);
	_exit(status);
}

void die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	stop(EXIT_FAILURE, format, arguments);
}

void skip(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	stop(STATUS_SKIP, format, arguments);
}

long works(long ret, const char *what)
{
	require(ret >= 0, "%s: %s", what, strerror((int)-ret));
	return ret;
}

void fails(long ret, int expected, const char *what)
{
	require(ret == -expected, "%s: %ld instead of %s", what, ret, strerrorname_np(expected));
}

void needs(int ret, const char *what)
{
	if (ret < 0)
		skip("%s: %s", what, strerror(errno));
}

unsigned long setting(const char *name, unsigned long value)
{
	const char *string = getenv(name);
	char *end;

	if (!string || !*string)
		return value;
	value = strtoul(string, &end, 10);
	require(!*end && value > 0, "%s is not a number above 0: %s", name, string);
	return value;
}

void absolute(char path[], const char *name)
{
	int length = snprintf(path, PATH_MAX, "%s/%s", truth_directory(), name);

	require(length < PATH_MAX, "path too long: %s", name);
}

void make_directory(const char *name)
{
	require(mkdir(name, 0755) == 0, "mkdir %s: %s", name, strerror(errno));
}

static char content(const char *tag, size_t length, off_t offset)
{
	if (offset < (off_t)length)
		return tag[offset];
	return offset == (off_t)length ? '\n' : '.';
}

void fill(char *buffer, size_t size, const char *tag, off_t offset)
{
	size_t length = strlen(tag);

	for (size_t i = 0; i < size; i++)
		buffer[i] = content(tag, length, offset + (off_t)i);
}

void check(const char *buffer, size_t size, const char *tag, off_t offset)
{
	size_t length = strlen(tag);

	for (size_t i = 0; i < size; i++)
		require(buffer[i] == content(tag, length, offset + (off_t)i), "not the content of %s at offset %lld",
			tag, (long long)offset + (long long)i);
}

void make_file(const char *name)
{
	char buffer[FILE_SIZE];
	int fd = (int)works(traced_openat(AT_FDCWD, name, O_CREAT | O_EXCL | O_WRONLY, 0644), name);

	fill(buffer, sizeof(buffer), name, 0);
	require(traced_write(fd, buffer, sizeof(buffer)) == sizeof(buffer), "write %s", name);
	works(traced_close(fd), name);
}

int open_file(const char *name)
{
	return (int)works(traced_openat(AT_FDCWD, name, O_RDWR, 0), name);
}

void read_from(int fd, const char *tag)
{
	char buffer[2 * FILE_SIZE];

	require(traced_pread64(fd, buffer, sizeof(buffer), 0) == FILE_SIZE, "pread64 of %s", tag);
	check(buffer, FILE_SIZE, tag, 0);
}

void read_some(int fd, const char *tag, size_t size)
{
	off_t offset = lseek(fd, 0, SEEK_CUR);
	char buffer[FILE_SIZE];

	require(traced_read(fd, buffer, size) == (long)size, "read of %s", tag);
	check(buffer, size, tag, offset);
}

void write_to(int fd, const char *tag)
{
	char buffer[FILE_SIZE];

	fill(buffer, sizeof(buffer), tag, 0);
	require(traced_pwrite64(fd, buffer, sizeof(buffer), 0) == FILE_SIZE, "pwrite64 to %s", tag);
}

void leave(void)
{
	truth_closed("exit", getpid(), 0, ~0U, false);
	_exit(EXIT_SUCCESS);
}

static void be_child(child_body body, void *argument)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	truth_read_comm();
	body(argument);
}

pid_t start(child_body body, void *argument)
{
	pid_t child = fork();

	require(child >= 0, "fork: %s", strerror(errno));
	if (child == 0) {
		be_child(body, argument);
		leave();
	}
	return child;
}

/* Starts a child that shares the descriptor table: its end closes nothing. */
pid_t start_sharing(child_body body, void *argument)
{
	pid_t child = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);

	require(child >= 0, "clone: %s", strerror(errno));
	if (child == 0) {
		be_child(body, argument);
		_exit(EXIT_SUCCESS);
	}
	return child;
}

void finish(pid_t child)
{
	int status;

	require(waitpid(child, &status, 0) == child, "waitpid: %s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_SKIP)
		_exit(STATUS_SKIP);
	require(status == 0, "child ended with wait status %#x", (unsigned int)status);
}

void gate_make(struct gate *gate)
{
	require(pipe2(gate->ends, O_CLOEXEC) == 0, "pipe2: %s", strerror(errno));
}

void gate_open(struct gate *gate)
{
	require(write(gate->ends[1], "", 1) == 1, "gate: %s", strerror(errno));
}

void gate_wait(struct gate *gate)
{
	struct pollfd ready = { .fd = gate->ends[0], .events = POLLIN };
	char byte;

	require(poll(&ready, 1, PATIENCE_MS) == 1, "waited in vain for another process");
	require(read(gate->ends[0], &byte, 1) == 1, "gate: %s", strerror(errno));
}

void gate_remove(struct gate *gate)
{
	close(gate->ends[0]);
	close(gate->ends[1]);
}
