// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "linux_shims.h"
#include "command.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

const char *bfa_errno_name(int number)
{
	switch (number) {
	case 512:
		return "ERESTARTSYS";
	case 513:
		return "ERESTARTNOINTR";
	case 514:
		return "ERESTARTNOHAND";
	case 516:
		return "ERESTART_RESTARTBLOCK";
	case 530:
		return "EIOCBQUEUED";
	default:
		return strerrorname_np(number);
	}
}

const char *bfa_call_name(unsigned int call)
{
	static const char *const names[BFA_CALL_COUNT] = {
#define X(name, ...) [BFA_CALL_##name] = #name,
		BFA_CALLS(X)
#undef X
	};

	return call < BFA_CALL_COUNT ? names[call] : NULL;
}

const char *bfa_disk_cause_name(unsigned int cause)
{
	static const char *const names[BFA_CAUSE_COUNT] = {
#define X(cause, word) [BFA_CAUSE_##cause] = #word,
		BFA_DISK_CAUSES(X)
#undef X
	};

	return cause < BFA_CAUSE_COUNT ? names[cause] : NULL;
}

const char *bfa_disk_command_name(unsigned int set, unsigned int code)
{
	switch (set << 16 | code) {
#define X(set, code, wakes, name)        \
	case BFA_SET_##set << 16 | code: \
		return name;
		BFA_DISK_COMMANDS(X)
#undef X
	}
	return NULL;
}

unsigned int bfa_kernel_device(unsigned long long device)
{
	return major(device) << 20 | minor(device);
}

const char *bfa_handler_program(unsigned int slot)
{
	static const char *const programs[BFA_HANDLER_COUNT] = {
#define X(slot, program) [slot] = #program,
		BFA_HANDLERS(X)
#undef X
	};

	return slot < BFA_HANDLER_COUNT ? programs[slot] : NULL;
}

/* Signals that end a process and that people and supervisors send; the first ones end a trace. */
static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };
enum { ENDING_SIGNALS = 3, PASSED_SIGNALS = sizeof(signals) / sizeof(*signals) };
static volatile sig_atomic_t caught_signal;
static volatile sig_atomic_t command_pidfd;
static volatile sig_atomic_t caught_hangup;
/* The disposition before bfa_catch_hangup. */
static struct sigaction hangup_action;
static volatile sig_atomic_t catches_hangup;

/* nohup(1) */
static bool is_left_ignored(int number)
{
	struct sigaction action;

	return number == SIGHUP && !sigaction(number, NULL, &action) && action.sa_handler == SIG_IGN;
}

static bool is_kept(int number)
{
	return is_left_ignored(number) || (number == SIGHUP && catches_hangup);
}

static void handle_signals(size_t count, const struct sigaction *action)
{
	sigset_t handled;

	sigemptyset(&handled);
	for (size_t i = 0; i < count; i++) {
		if (is_kept(signals[i]))
			continue;
		sigaction(signals[i], action, NULL);
		sigaddset(&handled, signals[i]);
	}
	/* The parent may have blocked them. */
	sigprocmask(SIG_UNBLOCK, &handled, NULL);
}

static void leave_signals(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!is_kept(signals[i]))
			signal(signals[i], SIG_DFL);
	}
}

static void catch_signal(int number)
{
	caught_signal = number;
	leave_signals(ENDING_SIGNALS);
}

void bfa_catch_signals(void)
{
	catches_hangup = 0;
	/* Without SA_RESTART, so that poll(2) returns. */
	handle_signals(ENDING_SIGNALS, &(struct sigaction){ .sa_handler = catch_signal });
}

static void pass_signal(int number, siginfo_t *info, void *context)
{
	int before = errno;

	(void)context;
	/*
	 * The kernel sends signals of keys to the command as well, but a
	 * hang-up only to the leader of a session.
	 */
	if (info->si_code == SI_KERNEL && number != SIGHUP)
		number = 0;
	if (bfa_send_signal(command_pidfd, number) && errno == ESRCH)
		leave_signals(PASSED_SIGNALS);
	errno = before;
}

void bfa_pass_signals(int pidfd)
{
	command_pidfd = pidfd;
	handle_signals(PASSED_SIGNALS,
		       &(struct sigaction){ .sa_sigaction = pass_signal, .sa_flags = SA_SIGINFO | SA_RESTART });
}

static void catch_hangup(int number, siginfo_t *info, void *context)
{
	/* A signal from the terminal comes from the kernel. A command may be sent either. */
	if (info->si_code != SI_KERNEL)
		caught_hangup = 1;
	if (hangup_action.sa_flags & SA_SIGINFO)
		hangup_action.sa_sigaction(number, info, context);
	else if (info->si_code == SI_KERNEL)
		hangup_action.sa_handler(number);
}

void bfa_catch_hangup(void)
{
	if (is_left_ignored(SIGHUP))
		return;
	sigaction(SIGHUP, &(struct sigaction){ .sa_sigaction = catch_hangup, .sa_flags = SA_SIGINFO }, &hangup_action);
	catches_hangup = 1;
}

int bfa_take_hangup(void)
{
	int caught = caught_hangup;

	caught_hangup = 0;
	return caught;
}

int bfa_caught_signal(void)
{
	return caught_signal != 0;
}

int bfa_pidfd_open(int pid)
{
	return syscall(SYS_pidfd_open, pid, 0);
}

int bfa_is_cgroup(int descriptor)
{
	struct statfs status;

	return !fstatfs(descriptor, &status) && status.f_type == CGROUP2_SUPER_MAGIC;
}

unsigned long long bfa_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return 0;
	return (unsigned long long)data[1].effective << 32 | data[0].effective;
}

int bfa_keep_capabilities(unsigned long long kept)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	unsigned long long held = bfa_capabilities() & kept;
	struct __user_cap_data_struct data[2] = {
		{ .effective = held, .permitted = held },
		{ .effective = held >> 32, .permitted = held >> 32 },
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return syscall(SYS_capset, &header, data);
}

void bfa_raise_priority(void)
{
	const struct sched_param none = {};
	int policy = sched_getscheduler(0);

	if (policy == SCHED_BATCH || policy == SCHED_IDLE)
		sched_setscheduler(0, SCHED_OTHER, &none);
	/* The limit for nice values allows some, or none (setrlimit(2), RLIMIT_NICE). */
	for (int nice = -20; nice < getpriority(PRIO_PROCESS, 0); nice++) {
		if (!setpriority(PRIO_PROCESS, 0, nice))
			return;
	}
}

void bfa_wait_for_programs(void)
{
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}
