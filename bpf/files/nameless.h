/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Files that a process touches without a descriptor of its own: directories
 * whose entries change, programs that are executed, files of io_uring. They
 * have entries in the map open_files too, for as long as something is pending.
 */
#ifndef BFATRACE_NAMELESS_H
#define BFATRACE_NAMELESS_H

#include "files/entry.h"

enum { TOUCH_TRIES = 4 }; /* a flush may delete the entry just found */

/* What is done to which file. */
struct touch {
	struct place at;
	__u64 identity; /* distinguishes an open file from others at the same place */
	__u32 types;	/* enum bfa_type, of what is not counted */
	__u64 reads;
	__u64 read_bytes;
	__u64 writes;
	__u64 write_bytes;
};

static __always_inline struct open_key nameless_key(struct task_struct *task, struct touch *t)
{
	__u64 dentry, hash;

	/* Copied: the verifier allows no arithmetic on the pointer. */
	bpf_probe_read_kernel(&dentry, sizeof(dentry), &t->at.dentry);
	hash = (dentry ^ t->identity << 7) * 0x9e3779b97f4a7c15ULL;
	return (struct open_key){ .tgid = task->tgid, .fd = hash >> 32 | NAMELESS };
}

/*
 * Whether what is pending was done by another program, or under another name:
 * exec does not close these entries.
 */
static __always_inline bool is_of_another(struct scratch *s, struct open_file *e)
{
	__u64 comm[BFA_COMM_SIZE / 8], *pending = (__u64 *)e->known.record.comm;

	if (!e->time_ns)
		return false;
	copy_comm((char *)comm, current_task());
	return pending[0] != comm[0] || pending[1] != comm[1] || (describes_processes() && e->process != s->process);
}

/* Gives the entry the file touched. The lock is held. */
static __always_inline void hold(struct scratch *s, struct open_key *key, struct open_file *e, struct touch *t)
{
	if (is_of_another(s, e))
		report(key, e, false);
	if (e->known.file == t->identity && e->known.dentry == t->at.dentry) {
		if (!epochs_tell() || e->known.epoch != epoch_now())
			refresh_locked(key, e, &t->at);
		return;
	}
	report(key, e, false);
	forget_long_path(key, &e->known);
	describe(key, &e->known, &t->at);
	e->known.file = t->identity;
}

/* The lock is held: a flush deletes the entry under it. */
static __always_inline void add_touch(struct open_key *key, struct open_file *e, struct touch *t)
{
	if (e->known.outside)
		return;
	e->types |= t->types;
	e->reads += t->reads;
	e->read_bytes += t->read_bytes;
	e->writes += t->writes;
	e->write_bytes += t->write_bytes;
	if (!e->time_ns)
		note_first_access(e, current_task());
	if (e->transient)
		report_transient(key, e);
	else
		enqueue(key, e);
}

/* False if the entry was deleted meanwhile. */
CHECKED_ONCE bool try_touch(struct touch *t)
{
	struct scratch *s = scratch_get();
	struct open_file *e;
	struct open_key key;

	if (!s || !t)
		return true;
	key = nameless_key(current_task(), t);
	e = entry_for(&key);
	if (!e || !lock(&key, e))
		return false;
	hold(s, &key, e, t);
	add_touch(&key, e, t);
	unlock(e);
	return true;
}

/* For merged records; the file must be in scope, but for its ancestors. */
static __always_inline int touch(struct touch *t)
{
	for (int i = 0; i < TOUCH_TRIES; i++)
		if (try_touch(t))
			return 0;
	COUNT(lost_turns, 1);
	return 0;
}

#endif
