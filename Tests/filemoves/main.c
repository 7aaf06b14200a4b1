// SPDX-License-Identifier: Apache-2.0
/*
 * filemoves HOW DIRECTORY           writes to a file whose path changes HOW
 * filemoves storm DIRECTORY SECONDS renames and mounts without a pause
 * filemoves check DIRECTORY         reads lines of bfatrace about a storm
 *
 * DIRECTORY must be empty. FILEMOVES_EXTENTS sets how long a rename takes that
 * frees a file. FILEMOVES_SERVER is the name by which a file server has
 * DIRECTORY, for server-rename.
 *
 * HOW prints a line for each path of the file: the number of writes under it,
 * how many of these before the call that changed the path returned, and the
 * path. The last line is the number of writes during which the path changed.
 *
 * Exit status: 0; 1 if something went wrong or the file never had a path; 77 if
 * a privilege or a kernel feature is missing.
 */
#include "moves.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct way {
	const char *name;
	void (*run)(void);
} ways[] = {
	{ "slow-rename", move_slow_rename },	 { "server-rename", move_server_rename },
	{ "ring-rename", move_ring_rename },	 { "unmount", move_unmount },
	{ "namespace-end", move_namespace_end },
};

static _Noreturn void end(int status, const char *format, va_list arguments)
{
	fputs("filemoves: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	exit(status);
}

_Noreturn void die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	end(EXIT_FAILURE, format, arguments);
}

static _Noreturn void skip(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	end(77, format, arguments);
}

void needs(int ret, const char *what)
{
	if (ret >= 0)
		return;
	if (errno == EPERM || errno == ENOSYS)
		skip("%s: %s", what, strerror(errno));
	die("%s: %s", what, strerror(errno));
}

int main(int argc, char *argv[])
{
	if (argc == 3 && strcmp(argv[1], "check") == 0)
		return check_storm(argv[2]);
	require(argc >= 3 && chdir(argv[2]) == 0, "usage: filemoves HOW DIRECTORY [SECONDS]");
	if (argc == 4 && strcmp(argv[1], "storm") == 0) {
		move_storm(strtoul(argv[3], NULL, 10));
		return EXIT_SUCCESS;
	}
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(argv[1], ways[i].name) == 0) {
			ways[i].run();
			return EXIT_SUCCESS;
		}
	die("there is no way %s", argv[1]);
}
