/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Executables, ancestors, control groups, working directories and arguments,
 * for --exe, --parents, --cgroup, --cwd and --args, as they are at the time of
 * a call. Merged records are made later, perhaps when the process has ended:
 * descriptions wait in a map, each under a hash of all that it was made of. A
 * description never changes, and a window keeps the identity of its own.
 */
#ifndef BFATRACE_ANCESTRY_H
#define BFATRACE_ANCESTRY_H

#include "files/identity.h"

enum { DESCRIBE_TRIES = 4 }; /* an ancestor may end, or change, while it is described */

struct description_key {
	__u64 identity;
	__u32 tgid;
	__u32 generation; /* in which it was needed */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BFA_DESCRIPTIONS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct description_key);
	__type(value, struct description);
} descriptions SEC(".maps");

/* The last description of each process, with config.exe_is_lost. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BFA_DESCRIPTIONS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32); /* tgid */
	__type(value, struct last_description);
} last_descriptions SEC(".maps");

/*
 * Goes up with each flush that leaves nothing pending: what is pending began in
 * this generation or in the last one.
 */
__u32 generation;

/*
 * Leaves the path of an executable as resolve() does, and returns its length; 0
 * if it is not known, also if the process has lost it meanwhile: then it may be
 * that of another process.
 */
static __always_inline __u32 resolve_executable(struct scratch *s, struct task_struct *task)
{
	struct file *exe = executable_of(task);
	struct place at = place_of(&exe->f_path);
	__u32 len;

	if (!exe)
		return 0;
	len = resolve(s, &at);
	if (s->walk.marks & BFA_MARK_TRUNCATED || executable_of(task) != exe || READ(exe, f_path.dentry) != at.dentry)
		return 0;
	return len;
}

static __always_inline void add_bytes(struct description *d, const void *from, __u32 length)
{
	__u32 offset = BOUNDED(d->length, BFA_PROCESS_BYTES - 1);

	bpf_probe_read_kernel(d->bytes + offset, BOUNDED(length, BFA_PATH_MAX - 1), from);
	d->length = offset + length;
}

/* What readlink(2) of /proc/PID/exe adds to the path. */
static const char deleted_suffix[] = " (deleted)";

/* The first of the processes is the process itself. */
static __always_inline struct bfa_process *described_self(struct description *d)
{
	return (struct bfa_process *)d->bytes;
}

static __always_inline bool has_room(struct description *d, __u32 length)
{
	return d->length + length < BFA_PROCESS_BYTES;
}

/* Leaves the control group of the current process in s->group. */
static __always_inline void look_at_cgroup(struct scratch *s)
{
	__u64 node = node_of(current_task()), id = id_of(node);
	struct bfa_cgroup *known = bpf_map_lookup_elem(&cgroups, &id);

	if (known)
		bpf_probe_read_kernel(&s->group, sizeof(s->group), known);
	else
		learn_cgroup(node, id);
}

static __noinline int add_cgroup(struct scratch *s)
{
	struct description *d = &s->last.description;
	__u32 length = s->group.path_len;

	if (!has_room(d, length))
		return 0;
	described_self(d)->cgroup_len = length;
	add_bytes(d, s->group.path, BOUNDED(length, BFA_CGROUP_PATH - 1));
	return 0;
}

static __noinline int add_working_directory(struct scratch *s)
{
	struct fs_struct *fs = READ(current_task(), fs);
	struct place at = place_of(&fs->pwd);
	struct description *d = &s->last.description;
	__u32 length = fs ? resolve(s, &at) : 0, suffix = 0;

	if (s->walk.marks & BFA_MARK_UNLINKED)
		suffix = sizeof(deleted_suffix) - 1;
	if (!length || s->walk.marks & BFA_MARK_TRUNCATED || !has_room(d, length + suffix))
		return 0;
	described_self(d)->cwd_len = length + suffix;
	add_bytes(d, resolved_path(s), length);
	if (suffix)
		add_bytes(d, deleted_suffix, sizeof(deleted_suffix) - 1);
	return 0;
}

/* Adds the arguments that identify_process has left. */
static __noinline int add_args(struct scratch *s)
{
	struct description *d = &s->last.description;
	__u32 length = s->arguments.length;

	if (s->arguments.cut)
		d->marks |= BFA_MARK_ARGS_CUT;
	if (!has_room(d, length)) {
		length = BFA_PROCESS_BYTES - 1 - d->length;
		d->marks |= BFA_MARK_ARGS_CUT;
	}
	described_self(d)->args_len = length;
	add_bytes(d, s->arguments.bytes, BOUNDED(length, BFA_ARGS_BYTES - 1));
	return 0;
}

static __always_inline void add_particulars(struct scratch *s)
{
	if (config.cgroup)
		add_cgroup(s);
	if (config.cwd)
		add_working_directory(s);
	if (config.args)
		add_args(s);
}

static long describe_step(__u32 step, void *context)
{
	struct scratch *s = scratch_get();
	struct bfa_process p = {};
	struct description *d;
	__u32 room, len = 0;

	if (!s)
		return 1;
	d = &s->last.description;
	p.pid = s->lineage.pid;
	copy_leader_comm(p.comm, READ(s->lineage.task, group_leader));
	if (d->length + sizeof(p) >= BFA_PROCESS_BYTES)
		return 1;
	room = BFA_PROCESS_BYTES - 1 - d->length - sizeof(p);
	if (config.exe)
		len = resolve_executable(s, s->lineage.task);
	if (s->walk.marks & BFA_MARK_UNLINKED && len)
		p.exe_len = sizeof(deleted_suffix) - 1;
	if (len + p.exe_len > room)
		return 1;
	if (len)
		p.exe_len += len;
	add_bytes(d, &p, sizeof(p));
	if (p.exe_len) {
		add_bytes(d, resolved_path(s), len);
		if (p.exe_len > len)
			add_bytes(d, deleted_suffix, sizeof(deleted_suffix) - 1);
	}
	if (!ascend(&s->lineage)) {
		d->marks &= ~BFA_MARK_PARENTS_CUT;
		return 1;
	}
	return 0;
}

/* Describes the current process in the scratch record. */
static __noinline int describe_process(struct scratch *s)
{
	bool over;

	begin_lineage(&s->lineage);
	s->last.description.length = 0;
	s->last.description.marks = BFA_MARK_PARENTS_CUT; /* until the end is reached */
	if (config.cgroup)
		look_at_cgroup(s);
	over = describe_step(0, 0);
	add_particulars(s);
	if (!over)
		bpf_loop(BFA_ANCESTORS, describe_step, 0, 0);
	return 0;
}

/*
 * Before 6.16, a process that ends has lost its memory, and with it its
 * executable and arguments, when the programs learn of its end. If it is in the
 * same place as for its last description, that one still holds.
 */
static __always_inline bool recall_process(struct scratch *s, struct task_struct *task)
{
	struct description_key key = { .tgid = task->tgid, .generation = generation };
	struct last_description *last = bpf_map_lookup_elem(&last_descriptions, &key.tgid);

	if (!last || last->where != identify_where(task))
		return false;
	key.identity = last->identity;
	if (!bpf_map_update_elem(&descriptions, &key, &last->description, BPF_ANY))
		s->process = key.identity;
	return true;
}

static __always_inline void keep_last(struct scratch *s, __u32 tgid)
{
	s->last.identity = s->process;
	s->last.where = s->lineage.where;
	bpf_map_update_elem(&last_descriptions, &tgid, &s->last, BPF_ANY);
}

static __always_inline void forget_last(__u32 tgid)
{
	bpf_map_delete_elem(&last_descriptions, &tgid);
}

/* Describes the current process, unless it is described already; leaves the identity in s->process, 0 if that fails. */
CHECKED_ONCE int know_process(void)
{
	struct task_struct *task = current_task();
	struct scratch *s = scratch_get();
	struct description_key key;

	if (!s)
		return 0;
	s->process = 0;
	if (config.exe_is_lost && !READ(task, mm) && recall_process(s, task))
		return 0;
	key = (struct description_key){ .tgid = task->tgid, .generation = *(volatile __u32 *)&generation };
	for (int i = 0; i < DESCRIBE_TRIES && !s->process; i++) {
		key.identity = identify_process(s);
		if (bpf_map_lookup_elem(&descriptions, &key)) {
			s->process = key.identity;
			return 0;
		}
		describe_process(s);
		if (identify_process(s) != key.identity)
			continue;
		if (bpf_map_update_elem(&descriptions, &key, &s->last.description, BPF_ANY))
			return 0;
		s->process = key.identity;
		if (config.exe_is_lost)
			keep_last(s, task->tgid);
	}
	return 0;
}

/*
 * Adds a description to the record in the scratch memory, which it makes
 * longer than `offset` bytes; returns its length.
 */
CHECKED_ONCE __u32 append_process(__u64 identity, __u32 tgid, __u32 offset)
{
	struct description_key key = { .identity = identity, .tgid = tgid };
	struct scratch *s = scratch_get();
	struct description *d;
	__u32 length;

	if (!s)
		return 0;
	s->record.process_len = 0;
	key.generation = *(volatile __u32 *)&generation;
	d = bpf_map_lookup_elem(&descriptions, &key);
	if (!d) {
		key.generation--;
		d = bpf_map_lookup_elem(&descriptions, &key);
	}
	asm volatile("" : "+r"(offset));
	if (!d || offset >= RECORD_BYTES - BFA_PROCESS_BYTES)
		return 0;
	length = BOUNDED(d->length, BFA_PROCESS_BYTES - 1);
	bpf_probe_read_kernel(s->bytes + offset, length, d->bytes);
	s->record.process_len = length;
	s->record.marks |= d->marks;
	return length;
}

static long forget_description(void *map, struct description_key *key, struct description *d, void *context)
{
	struct description_key copy = *key;

	/*
	 * One generation more than needed: a program that looks for it may have
	 * read the number before it went up.
	 */
	if (generation - key->generation > 2)
		bpf_map_delete_elem(&descriptions, &copy);
	return 0;
}

/* Runs after a flush that has reported all that was pending. */
static __noinline int next_generation(void)
{
	__sync_fetch_and_add(&generation, 1);
	bpf_for_each_map_elem(&descriptions, forget_description, 0, 0);
	return 0;
}

#endif
