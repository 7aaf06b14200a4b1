// SPDX-License-Identifier: Apache-2.0
/*
 * fileways DIRECTORY [WAY...]
 *
 * Touches files in all ways, or in these ways, in DIRECTORY/WAY. DIRECTORY is
 * an absolute path of an empty directory, without symbolic links or characters
 * that need escaping in JSON. Each way has a process of its own. When all of
 * them are prepared, this prints "ready", waits for a line on standard input,
 * and lets one after the other go on. "fileways --list" prints the ways;
 * "fileways --every-call" makes all system calls, which are refused.
 *
 * Standard output has a JSON object per line:
 *
 *   way, pid           before the calls of a way: its process
 *   way, syscall, ret  a call by its name for a tracer; its result, -errno if negative
 *   way, status        the wait status of a process that did not do what it should
 */
#define _GNU_SOURCE
#include "ways.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_S = 60, MOST_WAYS = 1000 };

static const struct way *const groups[] = {
	opening_ways,	reading_ways, making_ways,  moving_ways,   removing_ways,  transfer_ways, aio_ways,
	length_ways,	sync_ways,    looking_ways, changing_ways, attribute_ways, exec_ways,	  ring_ways,
	ring_name_ways, socket_ways,  mount_ways,   service_ways,  ioctl_ways,
};

struct process {
	const struct way *way;
	pid_t pid;
};

static struct process processes[MOST_WAYS];
static size_t count;

static bool is_wanted(const struct way *way, char *names[])
{
	if (way->action.name && way->action.number < 0)
		return false;
	if (!names[0])
		return true;
	for (int i = 0; names[i]; i++)
		if (strcmp(names[i], way->name) == 0)
			return true;
	return false;
}

static void choose(char *names[])
{
	for (size_t group = 0; group < sizeof(groups) / sizeof(groups[0]); group++) {
		for (const struct way *way = groups[group]; way->name; way++) {
			if (!is_wanted(way, names))
				continue;
			require(count < MOST_WAYS, "too many ways");
			processes[count++].way = way;
		}
	}
}

/* Stops when everything is prepared, and goes the way when it is continued. */
static _Noreturn void go(const struct way *way, const char *directory)
{
	char path[PATH_MAX];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	syscall(SYS_close_range, 3, ~0U, 0);
	log_begin(way->name);
	snprintf(path, sizeof(path), "%s/%s", directory, way->name);
	world_make(path);
	if (way->set_up)
		way->set_up();
	raise(SIGSTOP);
	alarm(PATIENCE_S);
	if (way->act)
		way->act();
	else
		make_call(way->action.name, way->action.number, way->action.arguments);
	log_write();
	_exit(EXIT_SUCCESS);
}

static void park(struct process *process, const char *directory)
{
	int status;

	process->pid = fork();
	require(process->pid >= 0, "fork: %s", strerror(errno));
	if (process->pid == 0)
		go(process->way, directory);
	require(waitpid(process->pid, &status, WUNTRACED) == process->pid, "waitpid: %s", strerror(errno));
	require(WIFSTOPPED(status), "%s was not prepared: wait status %#x", process->way->name, (unsigned int)status);
}

static void release(struct process *process)
{
	int status;

	require(kill(process->pid, SIGCONT) == 0, "kill: %s", strerror(errno));
	require(waitpid(process->pid, &status, 0) == process->pid, "waitpid: %s", strerror(errno));
	if (status != 0)
		dprintf(STDOUT_FILENO, "{\"way\":\"%s\",\"status\":%d}\n", process->way->name, status);
}

static void run(const char *directory)
{
	char byte;

	for (size_t i = 0; i < count; i++)
		park(&processes[i], directory);
	dprintf(STDOUT_FILENO, "ready\n");
	require(read(STDIN_FILENO, &byte, 1) == 1, "nobody says when to begin");
	for (size_t i = 0; i < count; i++)
		release(&processes[i]);
}

int main(int argc, char *argv[])
{
	require(argc > 1, "usage: fileways DIRECTORY [WAY...], or fileways --list");
	if (strcmp(argv[1], "--every-call") == 0) {
		make_every_call();
		return EXIT_SUCCESS;
	}
	choose(argv + 2);
	if (strcmp(argv[1], "--list") != 0) {
		run(argv[1]);
		return EXIT_SUCCESS;
	}
	for (size_t i = 0; i < count; i++)
		puts(processes[i].way->name);
	return EXIT_SUCCESS;
}
