/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names that a call was passed: their strings, their files, and both in records. */
#ifndef BFATRACE_NAMES_H
#define BFATRACE_NAMES_H

#include "calls/call_record.h"
#include "files/lookup.h"
#include "files/nameless.h"

/* What of a name is in a record. */
struct name_text {
	__u16 path_len;
	__u16 filename_len;
	__u32 marks;
};

static __always_inline __u8 decided_rule(__u8 rule, __u64 flags)
{
	if (rule == LOOKUP_FOLLOW_UNLESS_AT)
		return flags & AT_SYMLINK_NOFOLLOW ? LOOKUP_NOFOLLOW : LOOKUP_FOLLOW;
	if (rule == LOOKUP_FOLLOW_IF_AT)
		return flags & AT_SYMLINK_FOLLOW ? LOOKUP_FOLLOW : LOOKUP_NOFOLLOW;
	if (rule == LOOKUP_FOLLOW_UNLESS_FAN)
		return flags & FAN_MARK_DONT_FOLLOW ? LOOKUP_NOFOLLOW : LOOKUP_FOLLOW;
	return rule;
}

static __always_inline struct name first_name(struct call *call, const struct call_shape *shape)
{
	struct name n = {
		.string = shifted_argument(call, shape->name, shape->wide_name),
		.dfd = shape->fd ? (int)shifted_argument(call, shape->fd, shape->wide_fd) : AT_FDCWD,
		.rule = decided_rule(shape->rule, argument(call, shape->flags)),
	};

	if (shape->rule == LOOKUP_FOLLOW_UNLESS_IN)
		n.rule = call->arguments[2] & IN_DONT_FOLLOW ? LOOKUP_NOFOLLOW : LOOKUP_FOLLOW;
	return n;
}

static __always_inline struct name second_name(struct call *call, const struct call_shape *shape)
{
	return (struct name){
		.string = argument(call, shape->new_name),
		.dfd = shape->new_fd ? (int)argument(call, shape->new_fd) : AT_FDCWD,
		.rule = shape->new_rule,
	};
}

/* Where the lookup of a relative name begins. */
static __always_inline struct place base_of(struct task_struct *task, int dfd)
{
	struct file *file;

	if (dfd == AT_FDCWD)
		return place_of(&task->fs->pwd);
	file = file_of_fd(task, dfd);
	return file ? place_of(&file->f_path) : (struct place){};
}

/* A string of PATH_MAX bytes or more, which no call takes: its beginning is the name of something else. */
static __always_inline bool is_cut(struct name *n)
{
	char last = 0;

	if (n->length < BFA_PATH_MAX || n->kernel)
		return false;
	bpf_probe_read_user(&last, 1, (void *)(n->string + BFA_PATH_MAX - 1));
	return last;
}

/* Reads the string, at the call's exit: its page is resident then. False if it cannot be read. */
CHECKED_ONCE bool load_name(struct name *n)
{
	struct task_struct *task = current_task();
	struct lookup *l = lookup_get();
	__u32 size;

	if (!l || !n)
		return false;
	size = n->limit ? n->limit : BFA_PATH_MAX;
	asm volatile("" : "+r"(size));
	if (size > BFA_PATH_MAX)
		return false;
	l->target[0] = 0;
	if (!n->string && n->dfd != AT_FDCWD)
		n->length = 0; /* no name is the descriptor itself (utimensat(2), statx(2)) */
	else if (n->kernel)
		n->length = bpf_probe_read_kernel_str(l->target, size, (void *)n->string);
	else
		n->length = bpf_probe_read_user_str(l->target, size, (void *)n->string);
	if (n->length < 0 || is_cut(n)) {
		n->length = -1;
		return false;
	}
	/* Older kernels return 0 for an empty string, newer ones count its NUL. */
	if (n->length)
		n->length--;
	l->root = n->in_root ? base_of(task, n->dfd) : place_of(&task->fs->root);
	l->at = l->target[0] == '/' ? l->root : base_of(task, n->dfd);
	return true;
}

static __always_inline bool find_name(struct name *n)
{
	struct fs_struct *fs = current_task()->fs;
	struct lookup *l = lookup_get();

	if (!l)
		return false;
	if (n->rule == LOOKUP_WORKING_DIRECTORY || n->rule == LOOKUP_ROOT) {
		l->at = place_of(n->rule == LOOKUP_ROOT ? &fs->root : &fs->pwd);
		l->rule = LOOKUP_FOLLOW;
		return true;
	}
	return load_name(n) && l->at.dentry && look_up(n->length, n->rule);
}

static __always_inline void copy_into_record(struct scratch *s, __u32 offset, const void *from, __u32 length)
{
	asm volatile("" : "+r"(offset));
	if (offset < RECORD_BYTES - BFA_PATH_MAX)
		bpf_probe_read_kernel(s->bytes + offset, BOUNDED(length, BFA_PATH_MAX - 1), from);
}

/*
 * The string as it was passed, behind the path of the directory in which its
 * lookup began; l->target and l->at are as load_name left them.
 */
CHECKED_ONCE int write_asked(struct name_text *text, struct name *n, __u32 offset)
{
	struct scratch *s = scratch_get();
	struct lookup *l = lookup_get();

	if (!s || !l || !text || !n || n->length < 0)
		return 0;
	if (l->at.dentry)
		text->path_len = resolve(s, &l->at);
	if (text->path_len)
		text->marks |= s->walk.marks & BFA_MARK_TRUNCATED;
	copy_into_record(s, offset, resolved_path(s), text->path_len);
	copy_into_record(s, offset + text->path_len, l->target, n->length);
	text->filename_len = n->length;
	text->marks |= BFA_MARK_FILENAME;
	return 0;
}

/* The path of what find_name has found; with LOOKUP_ENTRY its name behind its directory. */
CHECKED_ONCE int write_found(struct name_text *text, __u32 offset)
{
	struct scratch *s = scratch_get();
	struct lookup *l = lookup_get();
	__u32 start = BFA_PATH_MAX;

	if (!s || !l || !text)
		return 0;
	if (l->rule == LOOKUP_ENTRY) {
		s->walk.start = BFA_PATH_MAX;
		prepend(s, (unsigned char *)name_at(l, l->position), l->length);
		start = s->walk.start;
	}
	text->path_len = resolve_before(s, &l->at, start);
	text->marks |= s->walk.marks & BFA_MARK_TRUNCATED;
	if (l->rule != LOOKUP_ENTRY)
		text->marks |= s->walk.marks & BFA_MARK_UNLINKED;
	copy_into_record(s, offset, resolved_path(s), text->path_len);
	return 0;
}

/* Whether the place just found is wanted, and after write_found also its path. */
static __always_inline bool found_in_scope(struct lookup *l)
{
	return l->rule == LOOKUP_ENTRY ? directory_in_scope(l->at.dentry) : file_in_scope(l->at.dentry);
}

/* One name of a call that succeeded. False if it is out of scope. */
CHECKED_ONCE bool write_name(struct name_text *text, struct name *n, __u32 offset)
{
	struct scratch *s = scratch_get();
	struct lookup *l = lookup_get();

	if (!s || !l || !text || !n)
		return false;
	if (!find_name(n)) {
		/* From the beginning: the lookup has got somewhere. */
		if (load_name(n))
			write_asked(text, n, offset);
		return text->marks & BFA_MARK_FILENAME || !names_place();
	}
	write_found(text, offset);
	return found_in_scope(l) && (!config.only_under || s->walk.inside);
}

/* Device and inode of what find_name has found. With LOOKUP_ENTRY, what is there after the call. */
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

/* A call that failed, on one name or on two: as they were passed. False if no string can be read. */
static __always_inline bool write_asked_names(struct bfa_call_record *c, struct name *first, struct name *second)
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
	return (text.marks | new_text.marks) & BFA_MARK_FILENAME;
}

/* False if neither name is in scope. */
static __always_inline bool write_names(struct bfa_call_record *c, struct name *first, struct name *second)
{
	struct name_text text = {}, new_text = {};
	struct lookup *l = lookup_get();
	bool wanted;

	if (!l)
		return false;
	wanted = write_name(&text, first, sizeof(*c));
	add_first(c, &text);
	if (!second && !(text.marks & BFA_MARK_FILENAME))
		identify(&c->record, l);
	if (second) {
		wanted |= write_name(&new_text, second, sizeof(*c) + text.path_len + text.filename_len);
		add_second(c, &new_text);
		if (!(new_text.marks & BFA_MARK_FILENAME))
			identify(&c->record, l);
	}
	return wanted;
}

CHECKED_ONCE int report_names(struct call *call, struct name *first, struct name *second, long ret)
{
	struct task_struct *task = current_task();
	struct scratch *s = scratch_get();
	const struct call_shape *shape;
	bool wanted;

	if (!s || !call || !first)
		return 0;
	shape = shape_of(call);
	describe_call(&s->call, task, call, ret);
	describe_shape(&s->call, call, shape);
	if (!call_wanted(&s->call))
		return 0;
	if (ret < 0)
		wanted = write_asked_names(&s->call, first, second) || !names_place();
	else
		wanted = write_names(&s->call, first, second);
	if (wanted)
		emit_call(s);
	return 0;
}

/*
 * Merged: what a call did to a name that could not be followed is told by
 * itself, as it was passed; load_name has just been here.
 */
CHECKED_ONCE int report_unfollowed(struct name *n, __u32 types)
{
	struct task_struct *task = current_task();
	struct scratch *s = scratch_get();
	struct name_text text = {};
	struct bfa_access *a;
	__u32 size;

	if (!s || !n)
		return 0;
	a = &s->access;
	write_asked(&text, n, sizeof(*a));
	__builtin_memset(a, 0, sizeof(*a));
	a->record.kind = BFA_RECORD_ACCESS;
	a->record.types = types;
	a->record.path_len = text.path_len;
	a->record.filename_len = text.filename_len;
	a->record.marks = n->rule == LOOKUP_ENTRY ? text.marks | BFA_MARK_PARENT : text.marks;
	a->record.time_ns = bpf_ktime_get_boot_ns();
	a->record.tgid = seen_tgid(task);
	a->record.tid = seen_tid(task);
	a->record.uid = task->cred->euid.val;
	a->record.gid = task->cred->egid.val;
	copy_comm(a->record.comm, task);
	a->record.began_ns = task->group_leader->start_boottime;
	a->reads = types == BFA_READ;
	a->writes = types == BFA_WRITTEN;
	size = sizeof(*a) + text.path_len + text.filename_len;
	if (describes_processes())
		size += append_process(s->process, task->tgid, size);
	emit(s, size, 1);
	return 0;
}

/* Merged: the directory of a name, or its file, is touched. */
CHECKED_ONCE int touch_name(struct name *n, __u32 types)
{
	struct lookup *l = lookup_get();
	struct touch t = { .types = types };

	if (!l || !n || !types_wanted(types))
		return 0;
	if (!find_name(n)) {
		if (load_name(n))
			report_unfollowed(n, types);
		return 0;
	}
	if (!found_in_scope(l))
		return 0;
	t.at = l->at;
	t.reads = types == BFA_READ;
	t.writes = types == BFA_WRITTEN;
	touch(&t);
	return 0;
}

#endif
