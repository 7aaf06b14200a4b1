/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How long things take, counted in the slots of struct bfa_histogram. */
#ifndef BFATRACE_HISTOGRAM_H
#define BFATRACE_HISTOGRAM_H

#include "base/ledger.h"

static __always_inline __u32 histogram_slot(__u64 ns)
{
	__u32 power = 0, slot;
	__u64 rest = ns;

	if (ns < BFA_HISTOGRAM_PARTS)
		return ns;
#define HALVE(bits)              \
	if (rest >> (bits)) {    \
		power += (bits); \
		rest >>= (bits); \
	}
	HALVE(32)
	HALVE(16)
	HALVE(8)
	HALVE(4)
	HALVE(2)
	HALVE(1)
#undef HALVE
	/* The highest bit is known: the two bits that follow it choose the part. */
	slot = (power - 1) * BFA_HISTOGRAM_PARTS + (ns >> (power - 2) & (BFA_HISTOGRAM_PARTS - 1));
	return slot < BFA_HISTOGRAM_SLOTS ? slot : BFA_HISTOGRAM_SLOTS - 1;
}

/* Counts in a histogram of this CPU alone, which no interrupt uses. */
static __always_inline void count_here(struct bfa_histogram *h, __u64 ns)
{
	__u32 slot = BOUNDED(histogram_slot(ns), 255);

	if (slot >= BFA_HISTOGRAM_SLOTS)
		return;
	h->slots[slot]++;
	h->total_ns += ns;
	if (ns > h->longest_ns)
		h->longest_ns = ns;
}

enum { LONGEST_TRIES = 16 };

/* Counts in a histogram that all CPUs use. */
static __always_inline void count_together(struct bfa_histogram *h, __u64 ns)
{
	__u32 slot = BOUNDED(histogram_slot(ns), 255);
	__u64 longest = h->longest_ns, now;

	if (slot >= BFA_HISTOGRAM_SLOTS)
		return;
	__sync_fetch_and_add(&h->slots[slot], 1);
	__sync_fetch_and_add(&h->total_ns, ns);
	for (int i = 0; i < LONGEST_TRIES && ns > longest; i++) {
		now = __sync_val_compare_and_swap(&h->longest_ns, longest, ns);
		if (now == longest)
			return;
		longest = now;
	}
}

#endif
