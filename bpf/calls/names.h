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

static __always_inline bool is_entry_named(struct lookup *l, __u32 position, __u32 length)
{
	struct entry entry = { .directory = l->at.dentry, .name = name_at(l, position), .length = length };

	return is_named(&entry);
}

static __always_inline bool entry_in_scope(struct lookup *l)
{
	return directory_in_scope(l->at.dentry) && (!config.only_files || is_entry_named(l, l->position, l->length));
}

/* Whether what find_name has found is wanted. */
static __always_inline bool found_in_scope(struct lookup *l)
{
	bool wanted = l->rule == LOOKUP_ENTRY ? entry_in_scope(l) : file_in_scope(l->at.dentry);

	return wanted && is_below_places(&l->at);
}

enum verdict { IS_OUTSIDE, IS_UNPLACED, IS_WANTED };

/* Where the name that was asked for would be, if it were there. */
static __always_inline bool gap_in_scope(struct lookup *l)
{
	if (!l->missing)
		return file_in_scope(l->at.dentry);
	if (config.only_parents && (l->missing > 1 || !is_place(l->at.dentry)))
		return false;
	if (config.only_files && (l->missing > 1 || !is_entry_named(l, l->gap.position, l->gap.length)))
		return false;
	return !config.only_file_systems || is_on_wanted_file_system(READ(l->at.dentry, d_inode));
}

/* A symbolic link in a place is asked for there, wherever it leads. */
static __always_inline bool link_in_scope(struct lookup *l, __u32 above)
{
	if (config.only_under)
		return above & BFA_PLACE_ONLY;
	return l->link_is_last && ((config.only_parents && is_place(l->link_at.dentry)) || l->link_is_named);
}

static __always_inline int judge_lookup(struct lookup *l)
{
	__u32 above = 0;

	if (l->link_at.dentry) {
		if (config.only_under || config.ignore_under)
			above = places_above(&l->link_at);
		if (above & BFA_PLACE_IGNORED)
			return IS_OUTSIDE;
		if (link_in_scope(l, above))
			return IS_WANTED;
	}
	if (l->lost || l->stuck)
		return IS_UNPLACED;
	return gap_in_scope(l) && is_below_places(&l->at) ? IS_WANTED : IS_OUTSIDE;
}

/*
 * Whether a name that was not found is in scope: by the files on its way, as
 * far as there are any, and by its text from there on. This uses up what
 * load_name leaves. Inlined: calls are at most eight deep.
 */
static __always_inline int judge_asked(struct name *n)
{
	struct lookup *l = lookup_get();
	int verdict;

	if (!l)
		return IS_OUTSIDE;
	if (!names_place() && !config.ignore_under)
		return IS_WANTED;
	/* A string that cannot be read may name any place, or none. */
	if (!load_name(n) || !l->at.dentry)
		return names_place() ? IS_OUTSIDE : IS_WANTED;
	l->asked = true;
	look_up(n->length, n->rule == LOOKUP_ENTRY ? LOOKUP_NOFOLLOW : n->rule);
	verdict = judge_lookup(l);
	l->asked = false;
	return verdict;
}

/* A name of a call that failed. */
CHECKED_ONCE int judge_failed(struct name *n)
{
	return n ? judge_asked(n) : IS_OUTSIDE;
}

/* One of two names in scope will do. */
static __always_inline int judge_failed_names(struct name *first, struct name *second)
{
	int verdict = judge_failed(first), other = second ? judge_failed(second) : IS_OUTSIDE;

	return verdict > other ? verdict : other;
}

/* One name of a call that succeeded; one that is out of scope only if there is `another`. */
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
	/* From the beginning: the lookup has got somewhere. */
	if ((verdict || another) && load_name(n))
		write_asked(text, n, offset);
	return verdict;
}

static __always_inline bool is_directory(struct inode *inode)
{
	return (READ(inode, i_mode) & S_IFMT) == S_IFDIR;
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

/* A call that failed, on one name or on two: as they were passed. */
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

/* A call that succeeded. */
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
 * A record that only user space can judge must not take the room of those that
 * are known to be wanted: it may fill half of the ring.
 */
static __always_inline bool admit_by(int verdict, struct bfa_record *r)
{
	/* What a name that was asked for begins with is not compared here. */
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

/* An access by itself, of the current task; the caller adds names. */
static __always_inline void begin_access(struct bfa_access *a, __u32 types)
{
	struct task_struct *task = current_task();

	__builtin_memset(a, 0, sizeof(*a));
	a->record.kind = BFA_RECORD_ACCESS;
	a->record.types = types;
	a->record.time_ns = bpf_ktime_get_boot_ns();
	describe_task(&a->record, task);
}

static __always_inline void end_access(struct scratch *s)
{
	struct bfa_access *a = &s->access;
	__u32 size = sizeof(*a) + a->record.path_len + a->record.filename_len;

	if (describes_processes())
		size += append_process(s->process, current_task()->tgid, size);
	emit(s->bytes, size, 1);
}

/*
 * Merged: what a call did to a name that could not be followed is told by
 * itself, as it was passed.
 */
CHECKED_ONCE int report_unfollowed(struct name *n, __u32 types, int verdict)
{
	struct scratch *s = scratch_get();
	struct name_text text = {};
	struct bfa_access *a;

	if (!s || !n || !load_name(n))
		return 0;
	a = &s->access;
	write_asked(&text, n, sizeof(*a));
	begin_access(a, types);
	a->record.path_len = text.path_len;
	a->record.filename_len = text.filename_len;
	a->record.marks = n->rule == LOOKUP_ENTRY ? text.marks | BFA_MARK_PARENT : text.marks;
	a->reads = types == BFA_READ;
	a->writes = types == BFA_WRITTEN;
	if (admit_by(verdict, &a->record))
		end_access(s);
	return 0;
}

/*
 * Merged, with names of entries: a change of the directory that a lookup has
 * found, which ended at an entry. With `both`, l->first is another one in it.
 */
CHECKED_ONCE int report_entry(__u32 types, bool both)
{
	struct scratch *s = scratch_get();
	struct lookup *l = lookup_get();
	struct bfa_access *a;
	struct inode *inode;
	__u32 end;

	if (!s || !l)
		return 0;
	a = &s->access;
	begin_access(a, types);
	a->record.path_len = resolve(s, &l->at);
	if (config.only_prefixes && !has_wanted_prefix(a->record.path_len))
		return 0;
	end = sizeof(*a) + a->record.path_len;
	copy_into_record(s, sizeof(*a), resolved_path(s), a->record.path_len);
	if (both) {
		a->record.filename_len = l->first_length + 1;
		copy_into_record(s, end, l->first.bytes, a->record.filename_len);
	}
	copy_into_record(s, end + a->record.filename_len, name_at(l, l->position), l->length);
	a->record.filename_len += l->length;
	inode = READ(l->at.dentry, d_inode);
	a->record.inode = READ(inode, i_ino);
	a->record.device = device_of(inode);
	a->record.marks = s->walk.marks | BFA_MARK_FILE | BFA_MARK_ENTRY;
	end_access(s);
	return 0;
}

/* Merged: the directory of a name, or its file, is touched. */
CHECKED_ONCE int touch_name(struct name *n, __u32 types)
{
	struct lookup *l = lookup_get();
	struct touch t = { .types = types };
	int verdict;

	if (!l || !n || !types_wanted(types))
		return 0;
	if (!find_name(n)) {
		verdict = judge_asked(n);
		return verdict ? report_unfollowed(n, types, verdict) : 0;
	}
	if (!found_in_scope(l))
		return 0;
	if (config.entries && l->rule == LOOKUP_ENTRY)
		return report_entry(types, false);
	t.at = l->at;
	t.reads = types == BFA_READ;
	t.writes = types == BFA_WRITTEN;
	touch(&t);
	return 0;
}

/* Whether two entries are in one directory; leaves the first one in l->first, and the lookup at the second. */
static __noinline bool share_directory(struct name *first, struct name *second)
{
	struct lookup *l = lookup_get();
	struct dentry *directory;

	if (!l || !find_name(first))
		return false;
	directory = l->at.dentry;
	__builtin_memset(&l->first, 0, sizeof(l->first));
	l->first_length = l->length;
	bpf_probe_read_kernel(l->first.bytes, BOUNDED(l->length, BFA_NAME_MAX), name_at(l, l->position));
	return find_name(second) && l->at.dentry == directory;
}

static __always_inline bool is_first_named(struct lookup *l)
{
	struct entry entry = { .directory = l->at.dentry, .name = l->first.bytes, .length = l->first_length };

	return is_named(&entry);
}

/* Merged, with names of entries: share_directory has just been here. */
static __noinline int touch_both(__u32 types)
{
	struct lookup *l = lookup_get();

	if (!l || !types_wanted(types) || !directory_in_scope(l->at.dentry) || !is_below_places(&l->at))
		return 0;
	if (config.only_files && !is_first_named(l) && !is_entry_named(l, l->position, l->length))
		return 0;
	return report_entry(types, true);
}

/* Merged, with names of entries: as if a lookup had found the directory of a file, and ended at its name. */
static __noinline int report_created(struct place *at)
{
	struct lookup *l = lookup_get();
	struct dentry *dentry = at->dentry;

	if (!l)
		return 0;
	l->at.mount = at->mount;
	l->at.dentry = READ(dentry, d_parent);
	l->length = BOUNDED(READ(dentry, d_name.len), BFA_NAME_MAX);
	l->position = NAME_BUFFER - l->length;
	bpf_probe_read_kernel(name_at(l, l->position), BOUNDED(l->length, BFA_NAME_MAX), READ(dentry, d_name.name));
	return types_wanted(BFA_CREATED) ? report_entry(BFA_CREATED, false) : 0;
}

/* Merged: a file was created. */
static __always_inline void touch_parent(struct file *file)
{
	struct place created = place_of(&file->f_path), parent = created;
	struct touch t = { .types = BFA_CREATED };

	parent.dentry = READ(created.dentry, d_parent);
	if (config.only_files && !is_named_file(created.dentry))
		return;
	if (!directory_in_scope(parent.dentry))
		return;
	if (config.entries) {
		if (is_below_places(&parent))
			report_created(&created);
		return;
	}
	t.at = parent;
	touch(&t);
}

#endif
