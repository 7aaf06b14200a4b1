/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Why files are read and written: what the thread is doing, and which process waits for it. */
#ifndef BFATRACE_DISK_CAUSE_H
#define BFATRACE_DISK_CAUSE_H

#include "disk/disk_reader.h"

enum { SYNCS_KNOWN = 1024 };

/* Writeback work that a process waits for, and the threads that do it. */
struct requester {
	struct submitter process;
	__u32 known;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SYNCS_KNOWN);
	__type(key, __u64); /* struct wb_writeback_work * */
	__type(value, struct requester);
} requested_works SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SYNCS_KNOWN);
	__type(key, __u32); /* tid of the thread that writes for a sync */
	__type(value, struct requester);
} syncing SEC(".maps");

/* When all of a file system was last written for a sync. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SYNCS_KNOWN);
	__type(key, __u64); /* struct super_block * */
	__type(value, __u64);
} syncs SEC(".maps");

static __always_inline __u8 cause_of_read(struct io *io)
{
	switch (io->doing.what) {
	case DOING_FAULT:
	case DOING_MAP:
		return BFA_CAUSE_FAULT;
	case DOING_EXEC:
		return BFA_CAUSE_EXEC;
	case DOING_AHEAD:
		return BFA_CAUSE_READAHEAD;
	case DOING_READ:
		/*
		 * The flag is also set on data that a call waits for; data
		 * after the end of the call's range are read ahead.
		 */
		if (HAS_FLAG(io->flags, __REQ_RAHEAD) && io->doing.end &&
		    io->index * disk_config.page_size >= io->doing.end)
			return BFA_CAUSE_READAHEAD;
	}
	return BFA_CAUSE_READ;
}

/* Workers go on with a sync after the thread that began it. */
#define SYNC_LASTS_NS 1000000000ULL

/*
 * The cause of a write by a kernel thread: a process waits for it if the thread
 * works for a sync, or another thread does so on this file system.
 */
static __always_inline __u8 cause_of_kernel_write(struct io *io, struct task_struct *task)
{
	__u64 sb = (__u64)READ(io->host, i_sb), *synced;
	__u32 tid = task->pid;

	if (bpf_map_lookup_elem(&syncing, &tid))
		return BFA_CAUSE_SYNC;
	if (HAS_FLAG(io->flags, __REQ_BACKGROUND) || is_journal_thread(task))
		return BFA_CAUSE_WRITEBACK;
	synced = bpf_map_lookup_elem(&syncs, &sb);
	if (synced && bpf_ktime_get_boot_ns() - *synced < SYNC_LASTS_NS)
		return BFA_CAUSE_SYNC;
	return HAS_FLAG(io->flags, __REQ_SYNC) ? BFA_CAUSE_FSYNC : BFA_CAUSE_WRITEBACK;
}

static __always_inline __u8 cause_of_write(struct io *io, struct task_struct *task)
{
	switch (io->doing.what) {
	case DOING_KERNEL:
		return cause_of_kernel_write(io, task);
	case DOING_SYNC:
		return BFA_CAUSE_SYNC;
	case DOING_FSYNC:
	case DOING_WRITE: /* O_SYNC */
	case DOING_COPY:
	case DOING_REQUESTS:
		return BFA_CAUSE_FSYNC;
	}
	return BFA_CAUSE_WRITEBACK;
}

#endif
