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

/* Programs that only measure: what no histogram of calls can be cheaper than. */
enum { THREADS = 1 << 15, CALLS = 512, SLOTS = 64 };

struct start {
	__u64 time_ns;
	__u64 number;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, THREADS);
	__type(key, __u32);
	__type(value, struct start);
} starts SEC(".maps");

struct times {
	__u64 slots[SLOTS]; /* by the power of two of the nanoseconds */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, CALLS);
	__type(key, __u32);
	__type(value, struct times);
} call_times SEC(".maps");

static __always_inline struct start *start_of_thread(void)
{
	__u32 thread = (__u32)bpf_get_current_pid_tgid() & (THREADS - 1);

	return bpf_map_lookup_elem(&starts, &thread);
}

SEC("tp_btf/sys_enter")
int time_on_enter(unsigned long long *ctx)
{
	struct start *start = start_of_thread();

	if (!start)
		return 0;
	start->number = ctx[1];
	start->time_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/sys_exit")
int time_on_exit(void *ctx)
{
	struct start *start = start_of_thread();
	__u64 taken = bpf_ktime_get_ns();
	struct times *times;
	__u32 number, power = 0;

	if (!start)
		return 0;
	taken -= start->time_ns;
	number = start->number & (CALLS - 1);
	times = bpf_map_lookup_elem(&call_times, &number);
	if (!times)
		return 0;
	for (int bits = SLOTS / 2; bits; bits /= 2) {
		if (taken >> bits) {
			power += bits;
			taken >>= bits;
		}
	}
	times->slots[power & (SLOTS - 1)]++;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
