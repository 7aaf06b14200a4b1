// SPDX-License-Identifier: Apache-2.0
/* Makes every system call once, refused before it does anything, for strace(1) to name. */
#define _GNU_SOURCE
#include "ways.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum {
	CALLS = 470,
	/* Between the old numbers and those of all architectures is uretprobe(2), which kills. */
	GAP = 335,
	GAP_END = 424,
};

void make_every_call(void)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	};
	struct sock_fprog filter = { sizeof(rules) / sizeof(rules[0]), rules };

	require(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "prctl: %s", strerror(errno));
	require(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0, "seccomp: %s", strerror(errno));
	for (int number = 0; number < CALLS; number++)
		if (number != SYS_exit_group && (number < GAP || number >= GAP_END))
			syscall(number, -1, -1, -1, -1, -1, -1);
}
