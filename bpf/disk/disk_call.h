/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the current thread is doing. Its registers of user mode show the system
 * call that it is in, or -1 for a page fault: so no call has to be watched, and
 * calls that cause no I/O cost nothing.
 */
#ifndef BFATRACE_DISK_CALL_H
#define BFATRACE_DISK_CALL_H

#include "disk/disk_kernel.h"
#include "base/syscalls.h"

enum activity {
	DOING_KERNEL, /* a kernel thread: its registers do not show for whom it works */
	DOING_FAULT,
	DOING_READ,
	DOING_WRITE,
	DOING_COPY,  /* from one file to another */
	DOING_FSYNC, /* of one file */
	DOING_SYNC,  /* of whole file systems */
	DOING_AHEAD, /* asks for what it will need */
	DOING_EXEC,
	DOING_MAP,
	DOING_REQUESTS, /* asynchronous ones, of this thread or another */
	DOING_OTHER,
};

struct doing {
	__u8 what;
	struct file *file;
	__u64 end; /* offset of the end of what is to be read; 0: not known */
};

/* Calls that cause I/O without being accesses: readahead, fadvise64, madvise, io_uring_enter. */
#define IS_CALL(number, compat, x86_64, i386, arm64, arm) \
	((number) == (compat ? BFA_NATIVE(i386, arm) : BFA_NATIVE(x86_64, arm64)))

static __always_inline __u8 unlisted_activity(__u32 number, bool compat)
{
	if (IS_CALL(number, compat, 187, 225, 213, 225) || IS_CALL(number, compat, 221, 250, 223, 270) ||
	    IS_CALL(number, compat, 28, 219, 233, 220))
		return DOING_AHEAD;
	return IS_CALL(number, compat, 426, 426, 426, 426) ? DOING_REQUESTS : DOING_OTHER;
}

static __always_inline __u8 listed_activity(struct call_entry *entry)
{
	switch (entry->kind) {
	case CALL_READ:
	case CALL_PREAD:
	case CALL_READV:
	case CALL_PREADV:
		return DOING_READ;
	case CALL_WRITE:
	case CALL_PWRITE:
	case CALL_WRITEV:
	case CALL_PWRITEV:
		return DOING_WRITE;
	case CALL_TRANSFER:
		return DOING_COPY;
	case CALL_SYNC:
		return DOING_SYNC;
	case CALL_MEMORY:
		return DOING_FSYNC;
	case CALL_MAP:
		return DOING_MAP;
	case CALL_EXEC:
		return DOING_EXEC;
	case CALL_AIO_SUBMIT:
	case CALL_AIO_EVENTS:
		return DOING_REQUESTS;
	}
	switch (entry->id) {
	case BFA_CALL_fsync:
	case BFA_CALL_fdatasync:
	case BFA_CALL_sync_file_range:
	case BFA_CALL_arm_sync_file_range:
		return DOING_FSYNC;
	case BFA_CALL_syncfs:
		return DOING_SYNC;
	}
	return DOING_OTHER;
}

/* The calls whose first argument is a descriptor. */
static __always_inline bool is_on_descriptor(__u8 kind)
{
	return is_transfer(kind) || kind == CALL_DESCRIPTOR || kind == CALL_LOOK_DESCRIPTOR ||
	       kind == CALL_ATTRIBUTES_OF || kind == CALL_IOCTL;
}

static __always_inline void look_at_call(struct task_struct *task, struct pt_regs *regs, struct doing *doing)
{
	__u32 number = call_number(regs);
	bool compat = is_compat(task, regs);
	struct call_entry entry;
	struct call call;

	if ((__s32)number < 0) {
		doing->what = DOING_FAULT;
		return;
	}
	entry = number < BFA_CALL_NUMBERS ? compat ? compat_calls[number] : native_calls[number]
					  : native_calls[BFA_CALL_NUMBERS];
	doing->what = entry.kind == CALL_NONE ? unlisted_activity(number, compat) : listed_activity(&entry);
	if (!is_on_descriptor(entry.kind))
		return;
	read_call(task, regs, &entry, &call);
	doing->file = file_of_fd(task, call.arguments[0]);
	if (!doing->file)
		return;
	if (entry.kind == CALL_READ)
		doing->end = READ(doing->file, f_pos) + call.arguments[2];
	else if (entry.kind == CALL_PREAD && !compat)
		doing->end = call.arguments[3] + call.arguments[2];
}

static __always_inline void look_at_task(struct doing *doing)
{
	struct task_struct *trusted = bpf_get_current_task_btf();
	struct task_struct *task = UNTRUSTED(trusted);

	*doing = (struct doing){ .what = DOING_KERNEL };
	if (is_kernel_thread(task))
		return;
	/* Threads of user processes and of the NFS server that never leave the kernel. */
	if (task->flags & (PF_KTHREAD | PF_IO_WORKER | PF_USER_WORKER))
		doing->what = DOING_REQUESTS;
	else
		look_at_call(task, (struct pt_regs *)bpf_task_pt_regs(trusted), doing);
}

#endif
