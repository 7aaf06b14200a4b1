/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The way out: one ring of records. */
#ifndef BFATRACE_EMIT_H
#define BFATRACE_EMIT_H

#include "scope.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, BFA_RING_BYTES);
} records SEC(".maps");

/*
 * Sends the first size bytes of the scratch record. The reader comes by
 * itself; it is woken only when the ring fills up, because waking it for
 * every record costs the traced call more than all the rest. A full ring
 * loses `events`: 0 if the caller keeps what they counted.
 */
static __always_inline bool emit(struct scratch *s, __u32 size, __u32 events)
{
	__u64 waiting = bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA);
	__u64 flags = waiting > BFA_RING_BYTES / 4 ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;

	/* Opaque: the verifier of older kernels needs to see the comparison. */
	asm volatile("" : "+r"(size));
	if (size > RECORD_BYTES || bpf_ringbuf_output(&records, s->bytes, size, flags)) {
		COUNT(lost, events);
		return false;
	}
	COUNT(emitted, 1);
	return true;
}

#endif
