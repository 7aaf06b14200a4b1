// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "linux_shims.h"

#include <linux/capability.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
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

const char *bfa_handler_program(unsigned int slot)
{
	static const char *const programs[BFA_HANDLER_COUNT] = {
#define X(slot, program) [slot] = #program,
		BFA_HANDLERS(X)
#undef X
	};

	return slot < BFA_HANDLER_COUNT ? programs[slot] : NULL;
}

static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP };
static volatile sig_atomic_t caught_signal;

static void catch_signal(int number)
{
	caught_signal = number;
	for (size_t i = 0; i < sizeof(ending_signals) / sizeof(*ending_signals); i++)
		signal(ending_signals[i], SIG_DFL);
}

void bfa_catch_signals(void)
{
	/* Without SA_RESTART, so that poll(2) returns. */
	const struct sigaction action = { .sa_handler = catch_signal };
	struct sigaction before;
	sigset_t ending;

	sigemptyset(&ending);
	for (size_t i = 0; i < sizeof(ending_signals) / sizeof(*ending_signals); i++) {
		sigaction(ending_signals[i], NULL, &before);
		/* nohup(1) */
		if (ending_signals[i] == SIGHUP && before.sa_handler == SIG_IGN)
			continue;
		sigaction(ending_signals[i], &action, NULL);
		sigaddset(&ending, ending_signals[i]);
	}
	/* The parent may have had them blocked. */
	sigprocmask(SIG_UNBLOCK, &ending, NULL);
}

int bfa_caught_signal(void)
{
	return caught_signal != 0;
}

int bfa_pidfd_open(int pid)
{
	return syscall(SYS_pidfd_open, pid, 0);
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
