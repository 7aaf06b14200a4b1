/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The child process that becomes the command: fork(2), which Swift forbids,
 * and what the child does before the command's first instruction.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

/* The user that the command runs as, from passwd(5). */
struct bfa_user {
	const char *name;
	const char *home;
	const char *shell;
	uid_t uid;
	gid_t gid;
};

/* The step that the child was at. */
enum bfa_step {
	BFA_STEP_START,	  /* to exist */
	BFA_STEP_USER,	  /* to become the user */
	BFA_STEP_FIND,	  /* to find the command */
	BFA_STEP_EXECUTE, /* to execute it */
};

/* A message of the child: an errno, or that all is well; none after the command's exec. */
struct bfa_report {
	enum bfa_step step;
	int error; /* 0: none */
};

/* The caller closes the descriptors; -1 if there is none. */
struct bfa_child {
	pid_t pid;
	int pidfd;   /* readable once the process has ended */
	int channel; /* to the child, until the command is executed; closed before, the child ends */
};

/*
 * Starts a child that gets ready to execute argv and waits. It has the
 * dispositions and the mask of signals, and the descriptors, that this process
 * has now, but those that are closed on exec. To be called before there are
 * other threads.
 * - user: NULL for nobody else.
 * - output_is_taken: its standard output is what standard error is.
 * - child: set if there is no error.
 */
struct bfa_report bfa_start(char *const argv[], const struct bfa_user *user, bool output_is_taken,
			    struct bfa_child *child);

/* Lets the child execute the command. Returns what hindered it, or nothing. */
struct bfa_report bfa_execute(const struct bfa_child *child);

/* Waits for the child's end, once only. Returns its exit status, or 128 + N for signal N; -1 and errno. */
int bfa_wait(const struct bfa_child *child);

/* pidfd_send_signal(2), which cannot reach another process with the same id; 0, or -1 and errno. */
int bfa_send_signal(int pidfd, int number);

#endif
