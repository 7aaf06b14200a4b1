/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an open was passed, and what it did. */
#ifndef BFATRACE_OPEN_ARGUMENTS_H
#define BFATRACE_OPEN_ARGUMENTS_H

#include "base/kernel.h"
#include "base/syscalls.h"

/* The arguments of an open; mode is 0 unless a file may be created. */
static __always_inline void open_arguments(struct call *call, __u32 *flags, __u32 *mode)
{
	__u64 *a = call->arguments;
	__u64 how[2] = {};

	switch (call->kind) {
	case CALL_CREAT:
		*flags = O_CREAT | O_WRONLY | O_TRUNC;
		*mode = a[1];
		return;
	case CALL_OPENAT2: /* struct open_how: flags, mode, resolve */
		bpf_probe_read_user(how, sizeof(how), (void *)a[2]);
		*flags = how[0];
		*mode = how[1];
		break;
	case CALL_OPEN_HANDLE:
		*flags = a[2];
		*mode = 0;
		return;
	case CALL_OPENAT:
		*flags = a[2];
		*mode = a[3];
		break;
	default:
		*flags = a[1];
		*mode = a[2];
	}
	if (!(*flags & (O_CREAT | TMPFILE_BIT)))
		*mode = 0;
}

/* What an open with these flags did besides opening. */
static __always_inline __u32 open_effects(struct file *file, __u32 flags)
{
	if (READ(file, f_mode) & FMODE_CREATED)
		return flags & TMPFILE_BIT ? 0 : BFA_CREATED;
	if (!(flags & O_TRUNC) || flags & O_PATH)
		return 0;
	return (READ(READ(file, f_inode), i_mode) & S_IFMT) == S_IFREG ? BFA_WRITTEN : 0;
}

#endif
