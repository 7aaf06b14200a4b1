/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How long calls take, counted by call instead of reported: --histogram. Each
 * call that would have a record counts once, wherever the record would be sent.
 * Opens, reads, writes and closes have a way of their own where the scope needs
 * no path: it looks up no file and makes no entry.
 */
#ifndef BFATRACE_CALL_TIMES_H
#define BFATRACE_CALL_TIMES_H

#include "base/histogram.h"
#include "calls/call_record.h"
#include "files/open_file.h"

enum { QUICK_STARTS = 1 << 15 }; /* a power of two */

#define COUNTS_QUICKLY (PER_CALL && config.histogram == BFA_HISTOGRAM_QUICK)

/* When a thread's call began; the lowest bits of the thread's id are its slot. */
struct quick_start {
	__u64 task; /* struct task_struct * until its call ends; 0: the slot is free */
	__u64 time_ns;
	__u32 id; /* enum bfa_call */
	__u32 unused;
};

/* Where two threads have the same slot, the beginning of the second one's call is kept as in other runs. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, QUICK_STARTS);
	__type(key, __u32);
	__type(value, struct quick_start);
} quick_starts SEC(".maps");

static __always_inline struct quick_start *slot_of(struct task_struct *task)
{
	__u32 index = task->pid & (QUICK_STARTS - 1);

	return bpf_map_lookup_elem(&quick_starts, &index);
}

static __always_inline bool own_slot(struct quick_start *slot, struct task_struct *task)
{
	return slot->task == (__u64)task || (!slot->task && !__sync_val_compare_and_swap(&slot->task, 0, (__u64)task));
}

static __always_inline void give_up_slot(struct task_struct *task)
{
	struct quick_start *slot = slot_of(task);

	if (slot && slot->task == (__u64)task)
		slot->task = 0;
}

/* Closes are compared before the call: at its exit the file is gone. */
static __always_inline bool is_counted_file(struct task_struct *task, __u32 fd)
{
	struct file *file = file_of_fd(task, fd);

	return file && wanted(file);
}

static __always_inline int begin_counted(struct task_struct *task, struct pt_regs *regs, struct call_entry *entry)
{
	struct quick_start *slot = slot_of(task);
	bool is_wanted = is_open(entry->kind) || is_counted_file(task, first_argument(regs, is_compat(task, regs)));
	struct call_start *start;

	if (slot && own_slot(slot, task)) {
		slot->id = is_wanted ? entry->id : BFA_CALL_NONE;
		slot->time_ns = bpf_ktime_get_ns();
		return 0;
	}
	start = make_start();
	if (!start) {
		COUNT(unmeasured, 1);
		return 0;
	}
	start->closes = 0;
	start->file = 0;
	start->id = is_wanted ? entry->id : BFA_CALL_NONE;
	start->time_ns = bpf_ktime_get_ns();
	return 0;
}

/* When the call that ends began; 0 if it is not wanted, or its beginning was not seen. */
static __always_inline __u64 take_beginning(struct task_struct *task, __u32 id)
{
	struct quick_start *slot = slot_of(task);
	struct call_start *start;

	if (slot && slot->task == (__u64)task) {
		if (slot->id != id)
			return 0;
		slot->id = BFA_CALL_NONE;
		return slot->time_ns;
	}
	start = start_of();
	if (!start || start->id != id)
		return 0;
	start->id = BFA_CALL_NONE;
	return start->time_ns;
}

/* Passes the beginning of a call to the general way, in the clock of records. */
static __always_inline void leave_beginning(__u32 id, __u64 taken)
{
	struct call_start *start = make_start();

	if (!start) {
		COUNT(unmeasured, 1);
		return;
	}
	start->id = id;
	start->file = 0;
	start->time_ns = bpf_ktime_get_boot_ns() - taken;
}

/* False: the general way counts it, as for a failed open, whose name decides. */
static __always_inline bool counted_quickly(struct task_struct *task, struct call_entry *entry, long ret)
{
	__u64 begin = take_beginning(task, entry->id), taken;
	__u32 id = entry->id;
	struct bfa_histogram *h;

	if (!begin)
		return true;
	taken = bpf_ktime_get_ns() - begin;
	if (is_open(entry->kind)) {
		if (ret < 0) {
			leave_beginning(id, taken);
			return false;
		}
		if (!is_counted_file(task, ret))
			return true;
	}
	h = bpf_map_lookup_elem(&call_times, &id);
	if (h)
		count_here(h, taken);
	return true;
}

#endif
