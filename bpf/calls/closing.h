/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Calls and ends that close descriptors: close, dup2, close_range, exec, the end of a process. */
#ifndef BFATRACE_CLOSING_H
#define BFATRACE_CLOSING_H

#include "files/entry.h"

/* Why the entries of a process are visited. */
enum visit_reason {
	VISIT_CLOSED, /* some descriptors have been closed */
	VISIT_EXEC,   /* as VISIT_CLOSED, and what is pending on the others is of the old program */
	VISIT_EXIT,   /* the process ends, and closes all */
	VISIT_LEAVE,  /* the process ends, and another one keeps its descriptors open */
};

/* Whether the process has ended, or does. */
static __always_inline bool ends(enum visit_reason why)
{
	return why == VISIT_EXIT || why == VISIT_LEAVE;
}

/* The lock is held. */
static __always_inline void visit_locked(struct open_key *key, struct open_file *e, enum visit_reason why)
{
	struct file *file = ends(why) ? 0 : file_of_fd(current_task(), key->fd);

	if (why == VISIT_LEAVE)
		report(key, e, true);
	else if (!is_of(e, file))
		report_closed(key, e, true);
	else if (why == VISIT_EXEC)
		report(key, e, false);
	if (ends(why)) {
		e->known.file = 0;
		e->listed = 0;
		e->dead = 1;
		enqueue(key, e);
	} else if (!e->known.file) {
		e->listed = 0;
		unlist_entry(key, false);
	}
}

/* Visits one entry, or goes on to the next chunk. */
static long visit_step(__u32 index, void *context)
{
	struct visit *v = context;
	__s64 fd = next_descriptor(v);
	struct open_key key = { .tgid = v->tgid, .fd = fd };
	struct open_file *e;

	if (fd < 0)
		return !v->next || !enter_chunk(v, v->next, ends(v->why));
	e = bpf_map_lookup_elem(&open_files, &key);
	if (!e || !lock(&key, e))
		return 0;
	visit_locked(&key, e, v->why);
	unlock(e);
	return 0;
}

/* Visits the entries of the descriptors from first to last. */
static __noinline int visit_entries(struct task_struct *task, __u32 first, __u32 last, enum visit_reason why)
{
	struct visit v = { .tgid = task->tgid, .first = first, .last = last, .why = why };
	__u32 number = first / CHUNK_DESCRIPTORS;
	bool is_one = number == last / CHUNK_DESCRIPTORS;

	if (!enter_chunk(&v, is_one ? number : 0, ends(why)))
		return 0;
	if (is_one)
		v.next = 0;
	bpf_loop(VISIT_STEPS, visit_step, &v, 0);
	return 0;
}

static __always_inline int close_range_exit(struct task_struct *task, struct call *call)
{
	if (call->arguments[2] & CLOSE_RANGE_CLOEXEC)
		return 0;
	return visit_entries(task, call->arguments[0], call->arguments[1], VISIT_CLOSED);
}

/* Reports what calls other than close(2) close: dup2 and dup3 close their target. */
static __always_inline int closing_exit(struct task_struct *task, struct call *call)
{
	struct open_key key = { .tgid = task->tgid, .fd = call->arguments[1] };
	struct open_file *e;

	if (call->kind == CALL_CLOSE_RANGE)
		return close_range_exit(task, call);
	e = bpf_map_lookup_elem(&open_files, &key);
	return e && e->known.file ? close_entry(&key, e) : 0;
}

static __always_inline int close_exit(struct open_key *key)
{
	struct open_file *e = find_entry(key);

	return e && e->known.file ? close_entry(key, e) : 0;
}

/* Does what close_exit() does, in line; false if another CPU has the entry. */
static __always_inline bool close_quickly(struct task_struct *task, struct open_key *key)
{
	struct open_file *e = find_entry(key);

	if (!e || !e->known.file)
		return true;
	if (!try_lock(&e->busy))
		return false;
	/* Another thread may have got the number already, and have come here first. */
	if (is_entry_of(e, key) && !is_of(e, file_of_fd(task, key->fd))) {
		mark_closed(e);
		end_closed(key, e, report_here(0, key, e, true), true);
	}
	unlock(e);
	return true;
}

#endif
