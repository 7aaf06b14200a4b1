/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Merged records: a call adds to the counts of its descriptor. */
#ifndef BFATRACE_MERGED_H
#define BFATRACE_MERGED_H

#include "closing.h"

static __always_inline void count_bytes(struct open_file *e, bool write, __u64 bytes)
{
	if (write) {
		__sync_fetch_and_add(&e->writes, 1);
		__sync_fetch_and_add(&e->write_bytes, bytes);
	} else {
		__sync_fetch_and_add(&e->reads, 1);
		__sync_fetch_and_add(&e->read_bytes, bytes);
	}
}

static __always_inline int merged_exit(struct task_struct *task, struct call *call, long ret)
{
	struct open_key key = { .tgid = task->tgid, .fd = is_open_call(call) ? ret : call->arguments[0] };
	struct open_file *e;
	struct file *file;

	if (call->kind >= CALL_CLOSE_RANGE)
		return closing_exit(task, call);
	if (call->kind == CALL_CLOSE)
		return close_exit(&key);
	file = file_of_fd(task, key.fd);
	if (!file) {
		COUNT(unresolved, 1);
		return 0;
	}
	e = entry_of(&key, file, call);
	if (!e)
		return 0;
	if (!is_open_call(call)) {
		/* Again afterwards: a flush in between ends the window that was begun. */
		if (!e->time_ns)
			begin_window(&key, e);
		count_bytes(e, call->kind >= CALL_WRITE, ret);
		if (!e->time_ns)
			begin_window(&key, e);
	}
	if (e->transient)
		report(&key, e, 0, false);
	return 0;
}

#endif
