/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The file of a descriptor's entry: it is filled when the file is opened or
 * first used, compared at each use, and emptied when the file is closed.
 */
#ifndef BFATRACE_ENTRY_H
#define BFATRACE_ENTRY_H

#include "files/open_arguments.h"
#include "files/window.h"

/*
 * Gives the entry a file, and closes the one it had. The lock is held. False if
 * the descriptor was given to another file while this one was described.
 */
static __always_inline bool fill(struct open_key *key, struct open_file *e, struct file *file, struct call *call)
{
	report_closed(key, e, false);
	if (PER_CALL)
		e->types = 0;
	list_filled(key, e);
	describe_open_file(&e->known, key, file);
	if (file_of_fd(current_task(), key->fd) != file || e->known.dentry != READ(file, f_path.dentry)) {
		e->known.file = 0;
		return false;
	}
	e->dead = 0;
	if (!is_open(call->kind))
		return true;
	open_arguments(call, &e->known.record.flags, &e->known.record.mode);
	if (PER_CALL)
		return true;
	e->opens = 1;
	e->types = call->types;
	note_first_access(e, current_task());
	if (!e->transient)
		enqueue(key, e);
	else if (close_wanted(&e->known))
		COUNT(lost_files, 1);
	return true;
}

/* Whether an entry has got a file. */
enum taking {
	NOT_TAKEN, /* another thread has closed the descriptor meanwhile */
	TAKEN,
	EVICTED, /* the entry is gone */
};

/*
 * An open always fills the entry: a file that is still there is that of a
 * descriptor whose close was not seen, or has not come to its exit yet.
 */
CHECKED_ONCE int take_over(struct open_key *key, struct open_file *e, __u64 address, struct call *call)
{
	struct file *file = (struct file *)address;
	bool is;

	if (!key || !e || !call)
		return NOT_TAKEN;
	if (!lock(key, e))
		return EVICTED;
	is = file_of_fd(current_task(), key->fd) == file;
	if (is && (is_open(call->kind) || !is_of(e, file)))
		is = fill(key, e, file, call);
	unlock(e);
	if (!is)
		COUNT(unresolved, 1);
	return is ? TAKEN : NOT_TAKEN;
}

/* The path has just been resolved again. The lock is held. */
static __always_inline void change_path(struct open_key *key, struct open_file *e, struct place *at, __u32 len)
{
	struct known_file *k = &e->known;
	struct scratch *s = scratch_get();

	if (!s)
		return;
	if (config.only_prefixes && !has_wanted_prefix(len)) {
		report(key, e, false);
		store_outside(key, k, at);
	} else if (!k->outside && same_path(k, len)) {
		note_path(k, s, len);
	} else {
		/* An entry whose path was not known has had this path since the open. */
		if (k->seen)
			report(key, e, false);
		forget_long_path(key, k);
		store_path(key, k, s, len);
	}
}

/* For files touched without a descriptor, everything but the ancestors has been compared. */
static __always_inline bool is_still_in_scope(struct open_key *key, struct place *at)
{
	return (key->fd & NAMELESS || file_in_scope(at->dentry)) && is_below_places(at);
}

/* Whether the entry has no file and nothing pending, is listed, and is not being deleted. */
static __always_inline bool is_empty(struct open_file *e)
{
	if (e->known.file || e->dead || e->closes || !e->listed)
		return false;
	return PER_CALL || !(e->time_ns | e->opens | e->types | e->reads | e->read_bytes | e->writes | e->write_bytes);
}

/*
 * Does what take_over() and fill() do, in line, for the empty entry of a
 * descriptor that has just been opened. Returns 0 if the case is another one;
 * otherwise the lock is held.
 */
static __always_inline struct open_file *fill_quickly(struct scratch *s, struct open_key *key, struct task_struct *task,
						      struct file *file)
{
	struct open_file *e = find_or_make_entry(key);
	struct place at = place_of(&file->f_path);
	struct known_file *k;
	__u32 len;

	if (!e || !is_empty(e) || config.only_prefixes || !is_below_places(&at) || !try_lock(&e->busy))
		return 0;
	k = &e->known;
	/* Check again: now nobody else fills it. */
	if (is_entry_of(e, key) && is_empty(e)) {
		e->idle = 0;
		begin_file(s, key, k, at.dentry);
		len = resolve_quickly(&at);
		if (len && len < BFA_SHORT_PATH && file_of_fd(task, key->fd) == file &&
		    at.dentry == READ(file, f_path.dentry)) {
			store_short_path(k, s, len);
			k->writable = !!(READ(file, f_mode) & FMODE_WRITE);
			k->file = (__u64)file;
			return e;
		}
	}
	unlock(e);
	return 0;
}

/* Whether nothing is known of a descriptor, as is usual before an open. */
static __always_inline bool is_unknown(struct open_key *key)
{
	struct open_file *e = find_entry(key);

	return !e || !e->known.file;
}

/*
 * Something may have been renamed or mounted since the path was resolved. If
 * that changed this path, what is pending goes out under the old one first.
 * Where renames do not let a walk come to its end, the old path stays until
 * the next use. The lock is held.
 */
CHECKED_ONCE int refresh_locked(struct open_key *key, struct open_file *e, struct place *at)
{
	struct scratch *s = scratch_get();
	struct known_file *k;
	__u32 epoch, len;

	if (!s || !key || !e || !at)
		return 0;
	k = &e->known;
	epoch = epoch_before(s);
	if (!is_still_in_scope(key, at)) {
		report(key, e, false);
		store_outside(key, k, at);
	} else if (k->outside || k->seen != see_way((__u64)at->mount, (__u64)at->dentry)) {
		len = resolve(s, at);
		if (s->walk.torn)
			return 0;
		change_path(key, e, at, len);
	}
	k->epoch = epoch;
	return 0;
}

CHECKED_ONCE int refresh(struct open_key *key, struct open_file *e, __u64 address)
{
	struct file *file = (struct file *)address;
	struct place at = place_of(&file->f_path);

	if (!key || !e || !lock(key, e))
		return 0;
	if (is_of(e, file))
		refresh_locked(key, e, &at);
	unlock(e);
	return 0;
}

CHECKED_ONCE int note_unlinked(struct open_key *key, struct open_file *e, __u64 address)
{
	struct file *file = (struct file *)address;

	if (!key || !e || !lock(key, e))
		return 0;
	if (is_of(e, file))
		e->known.record.marks |= BFA_MARK_UNLINKED;
	unlock(e);
	return 0;
}

/* The descriptor was closed, unless another thread has got the number already, and been here first. */
CHECKED_ONCE int close_entry(struct open_key *key, struct open_file *e)
{
	if (!key || !e || !lock(key, e))
		return 0;
	if (!is_of(e, file_of_fd(current_task(), key->fd)))
		report_closed(key, e, !e->transient);
	unlock(e);
	return 0;
}

/* The entry of a descriptor that is open on `file`; none if the file is not wanted. */
static __always_inline struct open_file *entry_of(struct open_key *key, struct file *file, struct call *call)
{
	struct open_file *e = find_entry(key);
	int taking;

	if (!is_open(call->kind) && e && is_of(e, file)) {
		if (may_have_moved(file, &e->known))
			refresh(key, e, (__u64)file);
		if (has_lost_name(&e->known))
			note_unlinked(key, e, (__u64)file);
		return e->known.outside ? 0 : e;
	}
	if (!wanted(file)) {
		if (e && e->known.file)
			close_entry(key, e);
		return 0;
	}
	e = entry_for(key);
	taking = e ? take_over(key, e, (__u64)file, call) : NOT_TAKEN;
	if (taking == EVICTED) {
		e = entry_for(key);
		taking = e ? take_over(key, e, (__u64)file, call) : NOT_TAKEN;
	}
	return taking == TAKEN && !e->known.outside ? e : 0;
}

#endif
