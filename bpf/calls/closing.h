/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What closes descriptors: close, dup2, close_range, exec, the end of a process. */
#ifndef BFATRACE_CLOSING_H
#define BFATRACE_CLOSING_H

#include "files/window.h"

/* Why the entries of a process are visited. */
enum visit {
	VISIT_CLOSED, /* some descriptors have been closed */
	VISIT_EXEC,   /* the same, and what is pending on the others is of the old program */
	VISIT_EXIT,   /* the process ends, and closes all */
	VISIT_LEAVE,  /* the process ends, another one keeps its descriptors open */
};

struct visit_context {
	__u32 tgid;
	__u32 first;
	enum visit why;
};

/* The lock is held. */
static __always_inline void visit_locked(struct open_key *key, struct open_file *e, enum visit why)
{
	struct file *file = 0;

	if (why == VISIT_CLOSED || why == VISIT_EXEC)
		file = file_of_fd(current_task(), key->fd);
	if (why == VISIT_LEAVE || is_of(e, file)) {
		if (why != VISIT_CLOSED)
			report(key, e, 0, false);
	} else {
		report_closed(key, e);
	}
	if (why == VISIT_EXIT || why == VISIT_LEAVE) {
		e->known.file = 0;
		e->dead = 1;
		enqueue(key, e);
	}
}

static long visit_entry(__u32 index, void *context)
{
	struct visit_context *v = context;
	struct open_key key = { .tgid = v->tgid, .fd = v->first + index };
	struct open_file *e = bpf_map_lookup_elem(&open_files, &key);

	if (!e || !lock(&key, e))
		return 0;
	visit_locked(&key, e, v->why);
	unlock(e);
	return 0;
}

/* The entries of the descriptors from first up to, not including, end. */
static __noinline int visit_entries(struct task_struct *task, __u32 first, __u32 end, enum visit why)
{
	struct visit_context v = { .tgid = task->tgid, .first = first, .why = why };

	if (end > highest_fd + 1)
		end = highest_fd + 1;
	if (first < end)
		bpf_loop(end - first, visit_entry, &v, 0);
	return 0;
}

static __always_inline int close_range_exit(struct task_struct *task, struct call *call)
{
	__u32 first = call->arguments[0], last = call->arguments[1], flags = call->arguments[2];
	__u32 end = last == ~0U ? last : last + 1, size = task->files->fdt->max_fds;

	if (flags & CLOSE_RANGE_CLOEXEC)
		return 0;
	/* The table says nothing of what was closed if it was made anew, with fewer entries. */
	if (!(flags & CLOSE_RANGE_UNSHARE) && end > size)
		end = size;
	return visit_entries(task, first, end, VISIT_CLOSED);
}

/* What closes descriptors, but is no close(2): dup2 and dup3 do so with their target. */
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

#endif
