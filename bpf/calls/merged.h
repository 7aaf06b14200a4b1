/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Merged records: a call adds to the counts of its descriptor. */
#ifndef BFATRACE_MERGED_H
#define BFATRACE_MERGED_H

#include "calls/closing.h"
#include "calls/names.h"
#include "files/nameless.h"

/* Of a descriptor, in one call. */
struct transferred {
	struct open_key key;
	__u32 types; /* enum bfa_type, of what is not counted */
	__u32 reads;
	__u32 writes;
	__u64 bytes;
};

static __always_inline void count(struct open_file *e, struct transferred *t)
{
	if (t->types)
		__sync_fetch_and_or(&e->types, t->types);
	if (t->writes) {
		__sync_fetch_and_add(&e->writes, 1);
		__sync_fetch_and_add(&e->write_bytes, t->bytes);
	}
	if (t->reads) {
		__sync_fetch_and_add(&e->reads, 1);
		__sync_fetch_and_add(&e->read_bytes, t->bytes);
	}
}

static __always_inline int count_on(struct task_struct *task, struct call *call, struct transferred *t)
{
	struct file *file = file_of_fd(task, t->key.fd);
	struct open_file *e;

	if (!file) {
		COUNT(unresolved, 1);
		return 0;
	}
	e = entry_of(&t->key, file, call);
	if (!e)
		return 0;
	/* Again afterwards: a flush in between ends the window that was begun. */
	if (!e->time_ns)
		begin_window(&t->key, e);
	count(e, t);
	if (!e->time_ns)
		begin_window(&t->key, e);
	if (e->transient)
		report_transient(&t->key, e);
	return 0;
}

static __always_inline int merged_open(struct task_struct *task, struct call *call, __u32 fd)
{
	struct open_key key = { .tgid = task->tgid, .fd = fd };
	struct file *file = file_of_fd(task, fd);
	struct open_file *e;
	__u32 effects;

	if (!file) {
		COUNT(unresolved, 1);
		return 0;
	}
	effects = open_effects(call, file);
	if (effects & BFA_CREATED)
		touch_parent(file);
	call->types = effects & BFA_WRITTEN;
	e = entry_of(&key, file, call);
	if (e && e->transient)
		report_transient(&key, e);
	return 0;
}

static __always_inline int merged_exit(struct task_struct *task, struct call *call, long ret)
{
	struct transferred t = {
		.key = { .tgid = task->tgid, .fd = call->arguments[0] },
		.reads = call->kind < CALL_WRITE,
		.writes = call->kind >= CALL_WRITE,
		.bytes = ret,
	};

	if (call->kind >= CALL_CLOSE_RANGE)
		return closing_exit(task, call);
	if (call->kind == CALL_CLOSE)
		return close_exit(&t.key);
	if (is_open_call(call))
		return merged_open(task, call, ret);
	return count_on(task, call, &t);
}

#endif
