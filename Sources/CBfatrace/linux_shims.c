// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "linux_shims.h"

#include <stddef.h>
#include <string.h>

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
