/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counters of what became of the events; each is counted where it happens. */
#ifndef BFATRACE_LEDGER_H
#define BFATRACE_LEDGER_H

#include "base/kernel.h"

/* One element for each CPU; user space sets max_entries and maps it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bfa_counters);
} counters SEC(".maps");

static __always_inline struct bfa_counters *counters_get(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&counters, &cpu);
}

#define COUNT(member, amount)                              \
	do {                                               \
		struct bfa_counters *__c = counters_get(); \
		if (__c)                                   \
			__c->member += (amount);           \
	} while (0)

#endif
