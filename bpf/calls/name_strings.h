/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads the names that a call was passed, finds their files, and writes both into a record. */
#ifndef BFATRACE_NAME_STRINGS_H
#define BFATRACE_NAME_STRINGS_H

#include "calls/call_record.h"
#include "files/lookup.h"
#include "files/nameless.h"

/* What a record has of a name. */
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

/* Whether the string has PATH_MAX bytes or more: no call takes it, and its beginning would be another name. */
static __always_inline bool is_cut(struct name *n)
{
	char last = 0;

	if (n->length < BFA_PATH_MAX || n->kernel)
		return false;
	bpf_probe_read_user(&last, 1, (void *)(n->string + BFA_PATH_MAX - 1));
	return last;
}

/* Reads the string at the call's exit, when its page is resident. False if it cannot be read. */
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
		n->length = 0; /* without a name, the descriptor itself is meant (utimensat(2), statx(2)) */
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
 * Writes the string as it was passed, after the path of the directory in which
 * its lookup began; l->target and l->at are as load_name left them.
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

/* Writes the path of what find_name has found; with LOOKUP_ENTRY, the name after its directory. */
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

#endif
