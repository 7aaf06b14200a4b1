/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Merged records: a call adds to the counts of its descriptor. */
#ifndef BFATRACE_MERGED_H
#define BFATRACE_MERGED_H

#include "calls/closing.h"
#include "calls/name_touches.h"
#include "files/nameless.h"

/* What one call transferred on a descriptor. */
struct transferred {
	struct open_key key;
	__u32 types; /* enum bfa_type, of what is not counted */
	__u32 reads;
	__u32 writes;
	__u64 bytes;
};

/*
 * Adds before the code that follows reads: an atomic operation whose result is
 * used is a full barrier; on arm64, one whose result is not used is none.
 */
#define ADD_ORDERED(operation, counter, amount)                                              \
	do {                                                                                 \
		typeof(*(counter)) __before = __sync_fetch_and_##operation(counter, amount); \
		USED(__before);                                                              \
	} while (0)

static __always_inline void count(struct open_file *e, struct transferred *t)
{
	if (t->types)
		ADD_ORDERED(or, &e->types, t->types);
	if (t->writes) {
		__sync_fetch_and_add(&e->write_bytes, t->bytes);
		ADD_ORDERED(add, &e->writes, 1);
	}
	if (t->reads) {
		__sync_fetch_and_add(&e->read_bytes, t->bytes);
		ADD_ORDERED(add, &e->reads, 1);
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
	/* Check again: a flush in between ends the window that was begun. */
	if (!e->time_ns)
		begin_window(&t->key, e);
	count(e, t);
	if (!e->time_ns)
		begin_window(&t->key, e);
	if (e->transient)
		report_transient(&t->key, e);
	return 0;
}

/*
 * Does what count_on() does, in line, when the entry is that of the file and
 * its window has begun; false otherwise.
 */
static __always_inline bool count_quickly(struct task_struct *task, struct transferred *t)
{
	struct file *file = file_of_fd(task, t->key.fd);
	struct open_file *e = file ? find_entry(&t->key) : 0;

	if (!e || !is_current(e, file) || !e->time_ns)
		return false;
	if (e->known.outside)
		return true;
	count(e, t);
	/* A flush in between has ended the window. */
	if (!e->time_ns)
		begin_window(&t->key, e);
	return true;
}

static __always_inline int merged_open(struct task_struct *task, struct call *call, __u32 fd)
{
	struct open_key key = { .tgid = task->tgid, .fd = fd };
	struct file *file = file_of_fd(task, fd);
	struct open_file *e;
	__u32 effects, flags, mode;

	if (!file) {
		COUNT(unresolved, 1);
		return 0;
	}
	open_arguments(call, &flags, &mode);
	effects = open_effects(file, flags);
	if (effects & BFA_CREATED)
		touch_parent(file);
	call->types = effects & BFA_WRITTEN;
	e = entry_of(&key, file, call);
	if (e && e->transient)
		report_transient(&key, e);
	return 0;
}

/* Does what merged_open() does, in line, when no file was created and its path is short; false otherwise. */
static __always_inline bool open_quickly(struct task_struct *task, struct pt_regs *regs, struct call_entry *entry,
					 long ret)
{
	struct open_key key = { .tgid = task->tgid, .fd = ret };
	struct file *file = ret < 0 ? 0 : file_of_fd(task, ret);
	struct scratch *s = scratch_of_others();
	struct open_file *e;
	struct bfa_record *r;

	if (!s || !file || READ(file, f_mode) & FMODE_CREATED)
		return false;
	if (!wanted(file))
		return is_unknown(&key);
	e = fill_quickly(s, &key, task, file);
	if (!e)
		return false;
	r = &e->known.record;
	read_call(task, regs, entry, &s->call_at_hand);
	open_arguments(&s->call_at_hand, &r->flags, &r->mode);
	e->opens = 1;
	e->types = open_effects(file, r->flags) & BFA_WRITTEN;
	note_first_access(e, task);
	enqueue(&key, e);
	unlock(e);
	return true;
}

/* Counts the most frequent calls; false if the call or the case is another one. */
static __always_inline bool merged_quickly(struct task_struct *task, struct pt_regs *regs, struct call_entry *entry,
					   long ret)
{
	__u8 kind = entry->kind;
	struct transferred t = {
		.key = { .tgid = task->tgid, .fd = first_argument(regs, is_compat(task, regs)) },
		.reads = is_read(kind),
		.writes = is_write(kind),
		.bytes = ret,
	};

	if (is_open(kind))
		return !READ_BY_HELPER && open_quickly(task, regs, entry, ret);
	if (is_transfer(kind))
		return count_quickly(task, &t);
	return kind == CALL_CLOSE && close_quickly(task, &t.key);
}

static __always_inline int merged_exit(struct task_struct *task, struct call *call, long ret)
{
	struct transferred t = {
		.key = { .tgid = task->tgid, .fd = call->arguments[0] },
		.reads = is_read(call->kind),
		.writes = is_write(call->kind),
		.bytes = ret,
	};

	if (is_closing(call->kind))
		return closing_exit(task, call);
	if (call->kind == CALL_CLOSE)
		return close_exit(&t.key);
	if (is_open(call->kind))
		return merged_open(task, call, ret);
	return count_on(task, call, &t);
}

#endif
