/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A lock in a map's value. The holder is on another CPU, with preemption off,
 * and holds it for about a microsecond, unless that CPU is interrupted: a BPF
 * program cannot wait for ever. bpf_spin_lock is not allowed in raw tracepoint
 * programs.
 */
#ifndef BFATRACE_SPIN_LOCK_H
#define BFATRACE_SPIN_LOCK_H

#include "base/kernel.h"

struct spin_context {
	__u32 *busy;
	bool locked;
};

static __always_inline bool try_lock(__u32 *busy)
{
	return !*(volatile __u32 *)busy && !__sync_val_compare_and_swap(busy, 0, 1);
}

static long spin(__u32 index, void *context)
{
	struct spin_context *c = context;

	c->locked = try_lock(c->busy);
	return c->locked;
}

CHECKED_ONCE bool wait_for_lock(__u32 *busy)
{
	struct spin_context c = { .busy = busy };

	if (!busy)
		return false;
	bpf_loop(1 << 23, spin, &c, 0);
	return c.locked;
}

static __always_inline bool take_lock(__u32 *busy)
{
	return try_lock(busy) || wait_for_lock(busy);
}

static __always_inline void release_lock(__u32 *busy)
{
	__sync_lock_test_and_set(busy, 0);
}

#endif
