// SPDX-License-Identifier: Apache-2.0
/*
 * fileload SCENARIO DIRECTORY TRUTH-FILE
 *
 * Makes real system calls on files in DIRECTORY, which must be empty. At the
 * end it writes what the kernel did to TRUTH-FILE, which must be elsewhere. A
 * test compares that with the lines of a tracer of DIRECTORY.
 * "fileload --list" prints the scenarios. FILELOAD_ROUNDS and FILELOAD_THREADS
 * set how much reuse, many, threads and bytes do.
 *
 * Exit status: 0; 1 if the kernel did not do what the scenario expects; 77 if
 * a privilege or a kernel feature is missing. With 77 there is a line on
 * standard error and no TRUTH-FILE.
 *
 * The truth has one JSON object per line. For each system call:
 *
 *   pid, tid      process and thread
 *   seq           order of the lines over all processes, from 1
 *   syscall       name of the call, made by its number
 *   fd            descriptor: an argument, or the result of an open
 *   ret           result; negative: -errno
 *   path          what /proc/self/fd/N shows, after an open, before other calls.
 *                 For a failed open: the absolute path asked for, with //, .
 *                 and .. removed without regard to symbolic links. Null if
 *                 longer than 4095 bytes: then "truncated" is true, and "tail"
 *                 has the last whole components, at most 4095 bytes
 *   deleted       true if /proc says so; with nlink if the inode has other names
 *   size          bytes asked for
 *   offset        as passed to the p* calls: preadv2 and pwritev2 take -1
 *   flags, mode   of opens, in octal; the mode is 0 if the call cannot create
 *   filename      as passed to an open that failed
 *   comm          name of the process, which is that of its first thread
 *   duration_ns   time around the call
 *
 * For each descriptor that something other than close(2) closes, if the process
 * has opened it, read or written through it: pid, tid, seq, implicit ("dup2",
 * "dup3", "close_range", "exec", "exit", or "shared" if another process that
 * shares the descriptor table does), fd, path, deleted.
 *
 * The scenarios threads and bytes write sums instead, one object per path:
 * "sum":true, path, pid, opens, reads, read_bytes, writes, write_bytes, closes.
 *
 * A string that is not plain UTF-8 or would need escaping is an array of its
 * bytes, with _raw after the key.
 */
#define _GNU_SOURCE
#include "scenarios.h"
#include "support.h"
#include "truth.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct scenario {
	const char *name;
	void (*run)(void);
} scenarios[] = {
	{ "basic", scenario_basic },
	{ "failed", scenario_failed },
	{ "hostile", scenario_hostile },
	{ "dup", scenario_dup },
	{ "reuse", scenario_reuse },
	{ "fork", scenario_fork },
	{ "exec", scenario_exec },
	{ "close_range", scenario_close_range },
	{ "scm_rights", scenario_scm_rights },
	{ "clone_files", scenario_clone_files },
	{ "inherited", scenario_inherited },
	{ "rename", scenario_rename },
	{ "unlink", scenario_unlink },
	{ "bind", scenario_bind },
	{ "chroot", scenario_chroot },
	{ "mount_namespace", scenario_mount_namespace },
	{ "deep", scenario_deep },
	{ "threads", scenario_threads },
	{ "bytes", scenario_bytes },
	{ "killed", scenario_killed },
	{ "exit", scenario_exit },
	{ "many", scenario_many },
};

enum { COUNT = sizeof(scenarios) / sizeof(scenarios[0]) };

static const struct scenario *find_scenario(const char *name)
{
	for (size_t i = 0; i < COUNT; i++)
		if (strcmp(scenarios[i].name, name) == 0)
			return &scenarios[i];
	die("no scenario %s; fileload --list prints them", name);
}

static void list_scenarios(void)
{
	for (size_t i = 0; i < COUNT; i++)
		puts(scenarios[i].name);
}

/* Makes the absolute path of a file that does not exist yet. */
static void resolve(const char *name, char path[])
{
	char here[PATH_MAX];
	int length;

	require(getcwd(here, sizeof(here)), "getcwd: %s", strerror(errno));
	length = name[0] == '/' ? snprintf(path, PATH_MAX, "%s", name) : snprintf(path, PATH_MAX, "%s/%s", here, name);
	require(length < PATH_MAX, "path too long: %s", name);
}

static void run(const struct scenario *scenario, const char *directory, const char *truth)
{
	char path[PATH_MAX];

	resolve(truth, path);
	truth_begin(directory);
	require(chdir(truth_directory()) == 0, "%s: %s", directory, strerror(errno));
	scenario->run();
	require(truth_closed("exit", getpid(), 0, ~0U, false) == 0, "%s has left files open", scenario->name);
	truth_write(path);
}

int main(int argc, char *argv[])
{
	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		list_scenarios();
	} else if (argc > 2 && strcmp(argv[1], "--continue") == 0) {
		truth_attach(atoi(argv[2]));
		scenario_exec_continued(argv + 3);
	} else if (argc == 4) {
		run(find_scenario(argv[1]), argv[2], argv[3]);
	} else {
		die("usage: fileload SCENARIO DIRECTORY TRUTH-FILE, or fileload --list");
	}
	return EXIT_SUCCESS;
}
