/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reports a call on one name or two as a record of its own. */
#ifndef BFATRACE_NAME_RECORDS_H
#define BFATRACE_NAME_RECORDS_H

#include "calls/name_scope.h"

/* Writes one name of a call that succeeded; a name out of scope only if there is `another`. */
CHECKED_ONCE int write_name(struct name_text *text, struct name *n, __u32 offset, bool another)
{
	struct lookup *l = lookup_get();
	int verdict;

	if (!l || !text || !n)
		return IS_OUTSIDE;
	if (find_name(n)) {
		verdict = found_in_scope(l) ? IS_WANTED : IS_OUTSIDE;
		if (verdict || another)
			write_found(text, offset);
		if (config.only_prefixes && !has_wanted_prefix(text->path_len))
			return IS_OUTSIDE;
		return verdict;
	}
	verdict = judge_asked(n);
	/* Start again: the lookup has changed what load_name left. */
	if ((verdict || another) && load_name(n))
		write_asked(text, n, offset);
	return verdict;
}

static __always_inline bool is_directory(struct inode *inode)
{
	return (READ(inode, i_mode) & S_IFMT) == S_IFDIR;
}

/*
 * Adds device and inode of the file that find_name has found; with
 * LOOKUP_ENTRY, of the file that has the name after the call.
 */
static __always_inline void identify(struct bfa_record *r, struct lookup *l)
{
	struct dentry *dentry = l->at.dentry;
	struct inode *inode;

	if (l->rule == LOOKUP_ENTRY) {
		if (r->types & BFA_DELETED)
			return;
		find_child();
		dentry = l->child;
	}
	if (!dentry)
		return;
	inode = READ(dentry, d_inode);
	r->inode = READ(inode, i_ino);
	r->device = device_of(inode);
	r->marks |= BFA_MARK_FILE;
	if (FOR_CHANGES && is_directory(inode))
		r->marks |= BFA_MARK_DIRECTORY;
	if (FOR_CHANGES && l->moved[1] && is_directory(READ(l->moved[1], d_inode)))
		r->marks |= BFA_MARK_OTHER_DIRECTORY;
}

static __always_inline void add_first(struct bfa_call_record *c, struct name_text *text)
{
	c->record.path_len = text->path_len;
	c->record.filename_len = text->filename_len;
	c->record.marks |= text->marks;
}

static __always_inline void add_second(struct bfa_call_record *c, struct name_text *text)
{
	c->new_path_len = text->path_len;
	c->new_filename_len = text->filename_len;
	c->record.marks |= BFA_MARK_NEW_PATH;
	if (text->marks & BFA_MARK_FILENAME)
		c->record.marks |= BFA_MARK_NEW_FILENAME;
	if (text->marks & BFA_MARK_TRUNCATED)
		c->record.marks |= BFA_MARK_NEW_TRUNCATED;
}

/* Writes the names of a call that failed, as they were passed. */
static __always_inline void write_asked_names(struct bfa_call_record *c, struct name *first, struct name *second)
{
	struct name_text text = {}, new_text = {};

	if (load_name(first))
		write_asked(&text, first, sizeof(*c));
	add_first(c, &text);
	if (second) {
		if (load_name(second))
			write_asked(&new_text, second, sizeof(*c) + text.path_len + text.filename_len);
		add_second(c, &new_text);
	}
}

/* Writes the names of a call that succeeded. */
static __always_inline int write_names(struct bfa_call_record *c, struct name *first, struct name *second)
{
	struct name_text text = {}, new_text = {};
	struct lookup *l = lookup_get();
	int verdict, other;

	if (!l)
		return IS_OUTSIDE;
	verdict = write_name(&text, first, sizeof(*c), second);
	add_first(c, &text);
	if (!second && !(text.marks & BFA_MARK_FILENAME))
		identify(&c->record, l);
	if (second) {
		other = write_name(&new_text, second, sizeof(*c) + text.path_len + text.filename_len, true);
		if (other > verdict)
			verdict = other;
		add_second(c, &new_text);
		if (!(new_text.marks & BFA_MARK_FILENAME))
			identify(&c->record, l);
	}
	return verdict;
}

/*
 * A record that only user space can compare must not take the room of records
 * known to be wanted: such records may fill half of the ring.
 */
static __always_inline bool admit_by(int verdict, struct bfa_record *r)
{
	/* The beginning of a name as passed is not compared here. */
	bool unsure = config.only_prefixes && r->marks & (BFA_MARK_FILENAME | BFA_MARK_NEW_FILENAME);

	if (verdict == IS_OUTSIDE)
		return false;
	if (verdict == IS_UNPLACED)
		r->marks |= BFA_MARK_UNPLACED;
	else if (!unsure)
		return true;
	if (bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) < 2 * (__u64)config.wakeup_bytes)
		return true;
	COUNT(unplaced, 1);
	return false;
}

static __always_inline __u32 target_mark(__u8 target)
{
	return target == TARGET_THERE ? BFA_MARK_REPLACED : target == TARGET_NONE ? BFA_MARK_NEW_NAME : 0;
}

CHECKED_ONCE int report_names(struct call *call, struct name *first, struct name *second, long ret)
{
	struct task_struct *task = current_task();
	struct scratch *s = scratch_get();
	const struct call_shape *shape;
	int verdict;

	if (!s || !call || !first)
		return 0;
	shape = shape_of(call);
	describe_call(&s->call, task, call, ret);
	describe_shape(&s->call, call, shape);
	if (FOR_CHANGES)
		s->record.marks |= target_mark(call->target);
	if (!call_wanted(&s->call))
		return 0;
	if (ret >= 0)
		verdict = write_names(&s->call, first, second);
	else
		verdict = judge_failed_names(first, second);
	if (ret < 0 && verdict)
		write_asked_names(&s->call, first, second);
	if (admit_by(verdict, &s->record))
		emit_call(s);
	return 0;
}

#endif
