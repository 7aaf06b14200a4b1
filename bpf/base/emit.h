/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The way out: one ring of records. */
#ifndef BFATRACE_EMIT_H
#define BFATRACE_EMIT_H

#include "base/ledger.h"
#include "base/scratch.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, BFA_RING_BYTES);
} records SEC(".maps");

enum {
	LOOK_EVERY = 32, /* records of a CPU between two looks at how full the ring is; a power of two */
};

/*
 * The reader comes by itself, and is woken only when the ring fills up: waking
 * it takes longer than most calls.
 */
static __always_inline __u64 wakeup(struct bfa_counters *c)
{
	if (c->emitted % LOOK_EVERY)
		return BPF_RB_NO_WAKEUP;
	return bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) > config.wakeup_bytes ? BPF_RB_FORCE_WAKEUP
										    : BPF_RB_NO_WAKEUP;
}

/*
 * Sends a record of `size` bytes. A full ring loses `events`: 0 if the caller
 * keeps what they counted.
 */
static __always_inline bool emit(const void *record, __u32 size, __u32 events)
{
	struct bfa_counters *c = counters_get();

	if (!c)
		return false;
	/* Opaque: the verifier of older kernels needs to see the comparison. */
	asm volatile("" : "+r"(size));
	if (size > RECORD_BYTES || bpf_ringbuf_output(&records, (void *)record, size, wakeup(c))) {
		c->lost += events;
		return false;
	}
	c->emitted++;
	return true;
}

#endif
