/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the beginning of a call on a descriptor keeps for its exit. */
#ifndef BFATRACE_CALL_ENTER_H
#define BFATRACE_CALL_ENTER_H

#include "calls/closing.h"
#include "calls/name_touches.h"

/*
 * At the exit of close the file is gone, and another thread may have got the
 * descriptor: keep what is known of the file now. The entry is left for the next
 * open, so that the exit need not look for it; only a long path stays there
 * until then.
 */
static __noinline int remember_closing(struct call_start *start, struct open_key *key, struct call *call)
{
	struct file *file = start ? (struct file *)start->file : 0;
	struct open_file *e;

	if (!start || !key || !call || !file)
		return 0;
	e = entry_of(key, file, call);
	if (!e || !lock(key, e))
		return 0;
	start->closes = is_of(e, file);
	start->closing = e->known;
	if (start->closes && is_in_entry(&e->known))
		e->known.file = 0;
	unlock(e);
	return 0;
}

/* Does what remember_closing() does, in line, when the entry is that of the file; false otherwise. */
static __always_inline bool remember_closing_quickly(struct call_start *start, struct open_key *key, struct file *file)
{
	struct open_file *e = find_entry(key);

	if (!e || !is_current(e, file) || e->known.outside || !is_in_entry(&e->known) || !try_lock(&e->busy))
		return false;
	start->closes = is_entry_of(e, key) && is_of(e, file);
	if (start->closes) {
		start->closing = e->known;
		e->known.file = 0;
	}
	unlock(e);
	return start->closes;
}

/* Keeps the files of the descriptors that a call was passed. */
static __always_inline void remember_files(struct call_start *start, struct task_struct *task, struct call *call)
{
	const struct call_shape *shape = shape_of(call);

	start->file = 0;
	start->new_file = 0;
	start->exec_flags = argument(call, shape->flags);
	if (is_basic(call->kind) || is_closing(call->kind)) {
		if (!is_open(call->kind))
			start->file = (__u64)file_of_fd(task, call->arguments[0]);
		return;
	}
	if (shape->fd)
		start->file = (__u64)file_of_fd(task, argument(call, shape->fd));
	if (shape->new_fd)
		start->new_file = (__u64)file_of_fd(task, argument(call, shape->new_fd));
}

static __always_inline int call_enter(struct call_start *start, struct task_struct *task, struct call *call)
{
	struct open_key key = { .tgid = task->tgid, .fd = call->arguments[0] };

	remember_files(start, task, call);
	if (call->kind == CALL_CLOSE)
		remember_closing(start, &key, call);
	return 0;
}

/*
 * Does what call_enter() does, in line, for the most frequent calls; false if
 * the call or the case is another one.
 */
static __always_inline bool enter_quickly(struct call_start *start, struct task_struct *task, struct pt_regs *regs,
					  __u8 kind)
{
	struct open_key key = { .tgid = task->tgid, .fd = first_argument(regs, is_compat(task, regs)) };

	if (!is_basic(kind))
		return false;
	start->file = is_open(kind) ? 0 : (__u64)file_of_fd(task, key.fd);
	return kind != CALL_CLOSE || !start->file || remember_closing_quickly(start, &key, (struct file *)start->file);
}

#endif
