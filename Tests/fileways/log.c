// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "ways.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *way;
static char lines[16384];
static size_t length;

static void add(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void add(const char *format, ...)
{
	va_list arguments;
	size_t room = sizeof(lines) - length;
	int added;

	va_start(arguments, format);
	added = vsnprintf(lines + length, room, format, arguments);
	va_end(arguments);
	require(added >= 0 && (size_t)added < room, "too many calls");
	length += (size_t)added;
}

void log_begin(const char *name)
{
	way = name;
	add("{\"way\":\"%s\",\"pid\":%d}\n", way, getpid());
}

const char *way_name(void)
{
	return way;
}

void log_call(const char *name, long ret)
{
	add("{\"way\":\"%s\",\"syscall\":\"%s\",\"ret\":%ld}\n", way, name, ret);
}

void log_write(void)
{
	require(write(STDOUT_FILENO, lines, length) == (ssize_t)length, "standard output: %s", strerror(errno));
	length = 0;
}

static long passed(const struct argument *argument)
{
	const char *text = argument->address;

	if (!argument->is_text)
		return argument->number;
	/* The name is never freed: the process ends soon. */
	return (long)(text[0] == '@' && text[1] == '/' ? strdup(in_world(text + 2)) : text);
}

static long make(long number, const struct argument arguments[6])
{
	long a[6], ret;

	for (int i = 0; i < 6; i++)
		a[i] = passed(&arguments[i]);
	ret = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	return ret == -1 ? -errno : ret;
}

long make_call(const char *name, long number, const struct argument arguments[6])
{
	long ret = make(number, arguments);

	log_call(name, ret);
	return ret;
}

/* Logs the call before making it: the program is gone afterwards. */
void make_last_call(const char *name, long number, const struct argument arguments[6])
{
	log_call(name, 0);
	log_write();
	die("%s: %s", name, strerror((int)-make(number, arguments)));
}

void die(const char *format, ...)
{
	va_list arguments;
	char message[8192];

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	dprintf(STDERR_FILENO, "fileways: %s: %s\n", way ? way : "", message);
	_exit(EXIT_FAILURE);
}
