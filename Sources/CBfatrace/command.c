// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "command.h"
#include "linux_shims.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int become(const struct bfa_user *user)
{
	if (initgroups(user->name, user->gid) || setresgid(user->gid, user->gid, user->gid) ||
	    setresuid(user->uid, user->uid, user->uid))
		return -1;
	/* As su(1) does. */
	if (setenv("HOME", user->home, 1) || setenv("SHELL", user->shell, 1) || setenv("USER", user->name, 1) ||
	    setenv("LOGNAME", user->name, 1))
		return -1;
	return 0;
}

static bool is_executable(const char *path)
{
	struct stat status;

	if (stat(path, &status))
		return false;
	errno = EACCES;
	return S_ISREG(status.st_mode) && !faccessat(AT_FDCWD, path, X_OK, AT_EACCESS);
}

/*
 * Finds the file that execvp(3) would execute, without trying: attempts that
 * fail would be in the trace. Returns 0, or -1 and errno.
 */
static int find(const char *name, char path[PATH_MAX])
{
	const char *list = getenv("PATH") ?: "/bin:/usr/bin";
	bool is_denied = false;
	int length;

	if (strchr(name, '/') || !*name) {
		snprintf(path, PATH_MAX, "%s", name);
		return is_executable(name) ? 0 : -1;
	}
	for (;;) {
		length = strcspn(list, ":");
		/* An empty entry of PATH is the current directory. */
		if (snprintf(path, PATH_MAX, "%.*s%s%s", length, list, length ? "/" : "", name) < PATH_MAX) {
			if (is_executable(path))
				return 0;
			is_denied |= errno == EACCES;
		}
		if (!list[length])
			break;
		list += length + 1;
	}
	errno = is_denied ? EACCES : ENOENT;
	return -1;
}

/* A file that names no interpreter is a script for the shell, as for execvp(3). Returns if it cannot be executed. */
static void execute(char *path, char *const argv[])
{
	size_t count = 0;

	execve(path, argv, environ);
	if (errno != ENOEXEC)
		return;
	while (argv[count])
		count++;
	{
		char *words[count + 2];

		words[0] = "/bin/sh";
		words[1] = path;
		memcpy(words + 2, argv + 1, count * sizeof(*argv));
		execve(words[0], words, environ);
	}
}

static struct bfa_report failure(enum bfa_step step)
{
	return (struct bfa_report){ .step = step, .error = errno };
}

/*
 * Closes what the command does not inherit, places above all: otherwise the
 * trace would show that it closes them. The channel was opened last, and has
 * the highest number.
 */
static void close_own(int channel)
{
	for (int fd = STDERR_FILENO + 1; fd < channel; fd++)
		if (fcntl(fd, F_GETFD) & FD_CLOEXEC)
			close(fd);
}

static _Noreturn void be_child(int channel, char *const argv[], const struct bfa_user *user)
{
	struct bfa_report report = {};
	char path[PATH_MAX];
	char go;

	if (user && become(user))
		report = failure(BFA_STEP_USER);
	else if (find(argv[0], path))
		report = failure(BFA_STEP_FIND);
	send(channel, &report, sizeof(report), MSG_NOSIGNAL);
	/* Nothing comes if this child failed, or if bfatrace did. */
	if (recv(channel, &go, sizeof(go), 0) == sizeof(go)) {
		execute(path, argv);
		report = failure(BFA_STEP_EXECUTE);
		send(channel, &report, sizeof(report), MSG_NOSIGNAL);
	}
	_exit(127);
}

/* Reads the child's next message; there is none if it has executed the command, or was killed. */
static struct bfa_report listen_to(int channel)
{
	struct bfa_report report;
	ssize_t size;

	do {
		size = recv(channel, &report, sizeof(report), 0);
	} while (size < 0 && errno == EINTR);
	return size == sizeof(report) ? report : (struct bfa_report){};
}

/* Without its channel, the child ends. */
static struct bfa_report abandon(const struct bfa_child *child, struct bfa_report report)
{
	close(child->channel);
	if (child->pidfd >= 0)
		close(child->pidfd);
	bfa_wait(child);
	return report;
}

struct bfa_report bfa_start(char *const argv[], const struct bfa_user *user, bool output_is_taken,
			    struct bfa_child *child)
{
	struct bfa_child started;
	struct bfa_report report;
	struct sigaction before;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return failure(BFA_STEP_START);
	/* If SIGCHLD is ignored, as some parents leave it, children vanish without a status. */
	sigaction(SIGCHLD, &(struct sigaction){ .sa_handler = SIG_DFL }, &before);
	started.pid = fork();
	if (started.pid == 0) {
		sigaction(SIGCHLD, &before, NULL);
		close_own(ends[1]);
		if (output_is_taken)
			dup2(STDERR_FILENO, STDOUT_FILENO);
		be_child(ends[1], argv, user);
	}
	report = failure(BFA_STEP_START);
	close(ends[1]);
	if (started.pid < 0) {
		close(ends[0]);
		return report;
	}
	started.channel = ends[0];
	started.pidfd = bfa_pidfd_open(started.pid);
	if (started.pidfd < 0)
		return abandon(&started, failure(BFA_STEP_START));
	report = listen_to(started.channel);
	if (report.error)
		return abandon(&started, report);
	*child = started;
	return report;
}

struct bfa_report bfa_execute(const struct bfa_child *child)
{
	const char go = 0;

	send(child->channel, &go, sizeof(go), MSG_NOSIGNAL);
	return listen_to(child->channel);
}

int bfa_wait(const struct bfa_child *child)
{
	siginfo_t info;
	int result;

	do {
		result = waitid(P_PID, child->pid, &info, WEXITED);
	} while (result && errno == EINTR);
	if (result)
		return -1;
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

int bfa_send_signal(int pidfd, int number)
{
	return syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0);
}
