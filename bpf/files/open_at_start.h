/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Descriptors that were open before the trace: their closes are shown, whether they were used or not. */
#ifndef BFATRACE_OPEN_AT_START_H
#define BFATRACE_OPEN_AT_START_H

#include "files/entry.h"

/*
 * The lock is held. A thread that closes the descriptor meanwhile finds no
 * entry to close, so the file must not stay in it.
 */
static __always_inline void fill_if_open(struct open_key *key, struct open_file *e, struct task_struct *task)
{
	struct file *file = file_of_fd(task, key->fd);

	if (e->known.file || !file)
		return;
	list_filled(key, e);
	describe_open_file(&e->known, key, file);
	if (file_of_fd(task, key->fd) != file)
		e->known.file = 0;
}

/* Counts the close of a file that the map has no room for. */
static __always_inline int count_close(struct open_file *e, struct open_key *key, struct file *file)
{
	describe_open_file(&e->known, key, file);
	if (close_wanted(&e->known))
		COUNT(lost_files, 1);
	forget_long_path(key, &e->known);
	return 0;
}

static __always_inline int note_open_at_start(struct task_struct *task, __u32 fd)
{
	struct open_key key = { .tgid = task->tgid, .fd = fd };
	struct file *file = file_of_fd(task, fd);
	struct open_file *e;

	if (!file || !task_in_scope(task) || !wanted(file))
		return 0;
	e = entry_for(&key);
	if (e && e->transient)
		return count_close(e, &key, file);
	if (!e || !lock(&key, e))
		return 0;
	fill_if_open(&key, e, task);
	unlock(e);
	return 0;
}

#endif
