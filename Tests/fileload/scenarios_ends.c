// SPDX-License-Identifier: Apache-2.0
/* Processes that end with files open. */
#define _GNU_SOURCE
#include "scenarios.h"
#include "support.h"
#include "truth.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct parts {
	int used;      /* descriptors of the parent: the child reads this one */
	int inherited; /* and only has this one */
	struct gate ready;
	bool leader_ends;
};

static void parts_open(struct parts *parts)
{
	make_file("used");
	make_file("inherited");
	make_file("own");
	make_file("thread's");
	parts->used = open_file("used");
	parts->inherited = open_file("inherited");
	gate_make(&parts->ready);
}

static void parts_close(struct parts *parts)
{
	read_from(parts->used, "used");
	works(traced_close(parts->used), "used");
	works(traced_close(parts->inherited), "inherited");
	gate_remove(&parts->ready);
}

static void open_and_read(const char *name)
{
	read_from(open_file(name), name);
}

/* Leaves descriptors open: one read, one only opened, one inherited, one without a name. */
static void leave_open(struct parts *parts)
{
	open_and_read("own");
	open_file("own");
	read_from(parts->used, "used");
	works(traced_close(open_file("own")), "own");
	make_file("removed");
	open_and_read("removed");
	require(unlink("removed") == 0, "unlink: %s", strerror(errno));
}

static _Noreturn void sleep_for_ever(void)
{
	for (;;)
		pause();
}

static void *wait_to_be_killed(void *argument)
{
	struct parts *parts = argument;

	open_and_read("thread's");
	gate_open(&parts->ready);
	sleep_for_ever();
}

static void be_killed(void *argument)
{
	struct parts *parts = argument;
	pthread_t thread;

	leave_open(parts);
	require(pthread_create(&thread, NULL, wait_to_be_killed, parts) == 0, "pthread_create");
	sleep_for_ever();
}

void scenario_killed(void)
{
	struct parts parts;
	pid_t child;
	int status;

	parts_open(&parts);
	child = start(be_killed, &parts);
	gate_wait(&parts.ready);
	require(truth_closed("exit", child, 0, ~0U, false) == 5, "not all descriptors are logged");
	require(kill(child, SIGKILL) == 0, "kill: %s", strerror(errno));
	require(waitpid(child, &status, 0) == child, "waitpid: %s", strerror(errno));
	require(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "wait status %#x", (unsigned int)status);
	parts_close(&parts);
}

/* Ends the process while its first thread sleeps, or has ended already. */
static void *outlive_leader(void *argument)
{
	struct parts *parts = argument;

	if (parts->leader_ends)
		gate_wait(&parts->ready);
	open_and_read("thread's");
	leave();
}

static void exit_with_open_files(void *argument)
{
	struct parts *parts = argument;
	pthread_t thread;

	leave_open(parts);
	require(pthread_create(&thread, NULL, outlive_leader, parts) == 0, "pthread_create");
	if (parts->leader_ends) {
		gate_open(&parts->ready);
		syscall(SYS_exit, 0);
	}
	sleep_for_ever();
}

static void exit_without_threads(void *argument)
{
	leave_open(argument);
}

void scenario_exit(void)
{
	struct parts parts = { .leader_ends = false };

	parts_open(&parts);
	finish(start(exit_without_threads, &parts));
	finish(start(exit_with_open_files, &parts));
	parts.leader_ends = true;
	finish(start(exit_with_open_files, &parts));
	parts_close(&parts);
}
