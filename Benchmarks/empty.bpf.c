/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs that do nothing, on bfatrace's hooks: what no tracer on them can be cheaper than. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tp_btf/sys_enter")
int on_enter(void *ctx)
{
	return 0;
}

SEC("tp_btf/sys_exit")
int on_exit(void *ctx)
{
	return 0;
}

/* Programs that only read the clock: what no measuring of times can be cheaper than. */
static volatile __u64 last;

SEC("tp_btf/sys_enter")
int clock_on_enter(void *ctx)
{
	last = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/sys_exit")
int clock_on_exit(void *ctx)
{
	last = bpf_ktime_get_ns();
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
