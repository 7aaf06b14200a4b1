// SPDX-License-Identifier: Apache-2.0
/*
 * Descriptors across exec: three stages of one process, which pass on the log
 * and the numbers of their descriptors as arguments.
 */
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
#include <sys/prctl.h>
#include <unistd.h>

/* What to execute as which stage, a descriptor that stays open and one that is closed. */
struct stage {
	const char *program;
	const char *number;
	int kept;
	int gone;
};

static void set_cloexec(int fd)
{
	require(fcntl(fd, F_SETFD, FD_CLOEXEC) == 0, "fcntl: %s", strerror(errno));
}

static void execute(const struct stage *stage)
{
	char log[16], kept[16], gone[16];
	char *arguments[] = { "fileload", "--continue", log, (char *)stage->number, kept, gone, NULL };

	snprintf(log, sizeof(log), "%d", truth_descriptor());
	snprintf(kept, sizeof(kept), "%d", stage->kept);
	snprintf(gone, sizeof(gone), "%d", stage->gone);
	truth_closed("exec", getpid(), 0, ~0U, true);
	execv(stage->program, arguments);
	die("exec of %s: %s", stage->program, strerror(errno));
}

static void *execute_in_thread(void *argument)
{
	const struct stage *stage = argument;

	read_from(stage->gone, "b");
	execute(stage);
	return NULL;
}

/* Stage 1: executes by the name of a symbolic link. */
static void begin(void *argument)
{
	struct stage stage = { .program = "./other-name", .number = "2" };

	(void)argument;
	stage.kept = open_file("a");
	stage.gone = (int)works(traced_openat(AT_FDCWD, "b", O_RDWR | O_CLOEXEC, 0), "b");
	read_from(stage.kept, "a");
	read_some(stage.gone, "b", 30);
	require(execv("./nothing", (char *[]){ "nothing", NULL }) == -1, "exec of nothing");
	read_from(stage.gone, "b"); /* a failed exec closes nothing */
	require(dup(stage.gone) >= 0, "dup");
	execute(&stage);
}

/* Stage 2: executes by a thread that is not the first one. */
static void go_on(struct stage *stage)
{
	pthread_t thread;

	read_from(stage->kept, "a");
	require(open_file("b") == stage->gone, "the number is not the lowest one");
	read_from(stage->gone, "b");
	set_cloexec(stage->gone);
	stage->program = "/proc/self/exe";
	stage->number = "3";
	require(pthread_create(&thread, NULL, execute_in_thread, stage) == 0, "pthread_create");
	for (;;)
		pause();
}

/* Stage 3: the process changes its own name. */
static void end(struct stage *stage)
{
	write_to(stage->kept, "a");
	prctl(PR_SET_NAME, "renamed");
	truth_read_comm();
	read_from(stage->kept, "a");
	works(traced_close(stage->kept), "a");
	read_from(open_file("b"), "b");
	leave();
}

void scenario_exec_continued(char *arguments[])
{
	struct stage stage;

	require(arguments[0] && arguments[1] && arguments[2], "arguments missing");
	stage.kept = atoi(arguments[1]);
	stage.gone = atoi(arguments[2]);
	require(fcntl(stage.gone, F_GETFD) == -1, "descriptor %d survived exec", stage.gone);
	if (strcmp(arguments[0], "2") == 0)
		go_on(&stage);
	else
		end(&stage);
}

void scenario_exec(void)
{
	char program[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);

	require(length > 0, "/proc/self/exe: %s", strerror(errno));
	program[length] = '\0';
	require(symlink(program, "other-name") == 0, "symlink: %s", strerror(errno));
	make_file("a");
	make_file("b");
	finish(start(begin, NULL));
}
