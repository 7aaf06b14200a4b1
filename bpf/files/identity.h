/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The identity of a process and its ancestors: a hash of all that a description
 * of them is made of, by which files/ancestry.h finds one that exists.
 */
#ifndef BFATRACE_IDENTITY_H
#define BFATRACE_IDENTITY_H

#include "files/open_file.h"

static __always_inline bool describes_processes(void)
{
	return config.exe || config.parents || config.cgroup || config.cwd || config.args;
}

static __always_inline __u64 mix(__u64 hash, __u64 value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 32;
}

/* The file of /proc/PID/exe; a kernel thread has none, but may borrow the memory of a process. */
static __always_inline struct file *executable_of(struct task_struct *task)
{
	struct mm_struct *mm = READ(task, mm);

	return mm && !(READ(task, flags) & PF_KTHREAD) ? READ(mm, exe_file) : 0;
}

static __always_inline void begin_lineage(struct lineage *l)
{
	struct task_struct *task = current_task();

	*l = (struct lineage){ .task = task, .pid = seen_tgid(task) };
}

/* Goes on to the parent. False at the end: above process 1 of bfatrace's pid namespace, or outside of that. */
static __always_inline bool ascend(struct lineage *l)
{
	struct task_struct *leader = READ(l->task, group_leader);
	struct task_struct *parent = READ(leader, real_parent);

	if (!config.parents || l->pid == 1)
		return false;
	l->task = parent;
	l->pid = seen_pid(READ(parent, group_leader), READ(parent, tgid));
	return l->pid;
}

static long identify_step(__u32 step, void *context)
{
	struct scratch *s = scratch_get();
	struct task_struct *leader;
	struct dentry *dentry;
	struct lineage *l;
	struct file *exe;
	__u64 comm[BFA_COMM_SIZE / 8];

	if (!s)
		return 1;
	l = &s->lineage;
	leader = READ(l->task, group_leader);
	copy_leader_comm((char *)comm, leader);
	l->identity = mix(l->identity, ADDRESS(l->task, group_leader));
	l->identity = mix(l->identity, READ(leader, start_boottime));
	l->identity = mix(l->identity, comm[0]);
	l->identity = mix(l->identity, comm[1]);
	if (config.exe) {
		exe = executable_of(l->task);
		dentry = READ(exe, f_path.dentry);
		l->identity = mix(l->identity, ADDRESS(READ(l->task, mm), exe_file));
		l->identity = mix(l->identity, ADDRESS(exe, f_path.dentry) + is_unlinked(dentry));
		if (!READ_BY_HELPER)
			l->identity = mix(l->identity, see_way_of(exe));
	}
	return !ascend(l);
}

static __noinline __u64 identify_directory(__u64 mount, __u64 dentry)
{
	__u64 seen = mix(mount, dentry + is_unlinked((struct dentry *)dentry));

	return READ_BY_HELPER ? seen : mix(seen, see_way(mount, dentry));
}

static __always_inline __u64 identify_where(struct task_struct *task)
{
	struct fs_struct *fs = READ(task, fs);
	__u64 where = 0;

	if (config.cgroup)
		where = mix(where, id_of(node_of(task)));
	if (config.cwd && fs)
		where = mix(where, identify_directory(ADDRESS(fs, pwd.mnt) - bpf_core_field_offset(struct mount, mnt),
						      ADDRESS(fs, pwd.dentry)));
	return where;
}

/* Leaves the arguments of the current process in s->arguments, without those that are not in memory. */
static __noinline int read_args(struct scratch *s)
{
	struct task_struct *task = current_task();
	struct mm_struct *mm = READ(task, mm);
	struct arguments *a = &s->arguments;
	__u64 start, length;

	a->length = 0;
	a->cut = false;
	if (!mm || READ(task, flags) & PF_KTHREAD)
		return 0;
	start = READ(mm, arg_start);
	length = READ(mm, arg_end) - start;
	if (length > BFA_ARGS_BYTES - 1) {
		length = BFA_ARGS_BYTES - 1;
		a->cut = true;
	}
	*(__u64 *)(a->bytes + BOUNDED(length & ~7, BFA_ARGS_BYTES - 1)) = 0;
	if (!bpf_probe_read_user(a->bytes, BOUNDED(length, BFA_ARGS_BYTES - 1), (void *)start))
		a->length = length;
	return 0;
}

static __noinline __u64 identify_args(struct scratch *s)
{
	__u64 *words = (__u64 *)s->arguments.bytes, identity = 0;

	read_args(s);
	for (__u32 i = 0; i < BFA_ARGS_BYTES / 8; i++) {
		if (i * 8 >= s->arguments.length)
			break;
		identity = mix(identity, words[i]);
	}
	return mix(identity, s->arguments.length);
}

/* The identity of the description that the current process would get now. */
static __noinline __u64 identify_process(struct scratch *s)
{
	struct lineage *l = &s->lineage;

	begin_lineage(l);
	l->where = identify_where(l->task);
	l->identity = READ_BY_HELPER ? mix(l->where, epoch_now()) : l->where;
	if (config.args)
		l->identity = mix(l->identity, identify_args(s));
	bpf_loop(BFA_ANCESTORS + 1, identify_step, 0, 0);
	return l->identity;
}

#endif
