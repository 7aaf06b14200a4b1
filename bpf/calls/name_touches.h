/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reports merged accesses by name: entries of directories, and files touched without a descriptor. */
#ifndef BFATRACE_NAME_TOUCHES_H
#define BFATRACE_NAME_TOUCHES_H

#include "calls/name_records.h"

/* Begins the record of an access by the current task; the caller adds names. */
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
 * In a merged run, reports what a call did to a name that could not be followed
 * as a record of its own, with the name as the call passed it.
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
 * Merged, with names of entries: reports a change of the directory that a
 * lookup has found, which ended at an entry. With `both`, l->first is another
 * entry of it.
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

/* Merged: touches the directory of a name, or its file. */
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

/* Merged, with names of entries: share_directory has just run. */
static __noinline int touch_both(__u32 types)
{
	struct lookup *l = lookup_get();

	if (!l || !types_wanted(types) || !directory_in_scope(l->at.dentry) || !is_below_places(&l->at))
		return 0;
	if (config.only_files && !is_first_named(l) && !is_entry_named(l, l->position, l->length))
		return 0;
	return report_entry(types, true);
}

/*
 * Merged, with names of entries: reports a created file as if a lookup had
 * found its directory and ended at its name.
 */
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

/* Merged: touches the directory of a file that was created. */
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
