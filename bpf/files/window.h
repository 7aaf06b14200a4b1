/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Merging: calls are counted in the entry of their descriptor, and reported
 * together by a flush, ten times a second, or when the descriptor is closed.
 */
#ifndef BFATRACE_WINDOW_H
#define BFATRACE_WINDOW_H

#include "files/ancestry.h"
#include "base/syscalls.h"

/* With the lock held, which the closes need. */
static __always_inline struct taken take_pending(struct open_file *e)
{
	__u32 closes = e->closes;

	e->closes = 0;
	return (struct taken){
		.closes = closes,
		.opens = __sync_lock_test_and_set(&e->opens, 0),
		.types = __sync_lock_test_and_set(&e->types, 0),
		.reads = __sync_lock_test_and_set(&e->reads, 0),
		.read_bytes = __sync_lock_test_and_set(&e->read_bytes, 0),
		.writes = __sync_lock_test_and_set(&e->writes, 0),
		.write_bytes = __sync_lock_test_and_set(&e->write_bytes, 0),
	};
}

static __always_inline void put_back(struct open_file *e, struct taken *t)
{
	e->closes += t->closes;
	__sync_fetch_and_add(&e->opens, t->opens);
	__sync_fetch_and_or(&e->types, t->types);
	__sync_fetch_and_add(&e->reads, t->reads);
	__sync_fetch_and_add(&e->read_bytes, t->read_bytes);
	__sync_fetch_and_add(&e->writes, t->writes);
	__sync_fetch_and_add(&e->write_bytes, t->write_bytes);
}

static __always_inline __u32 types_of(struct open_file *e, struct taken *t)
{
	__u32 types = t->types;

	if (t->reads || t->read_bytes)
		types |= BFA_READ;
	if (t->writes || t->write_bytes)
		types |= BFA_WRITTEN;
	if (t->opens)
		types |= BFA_OPENED;
	if (t->closes)
		types |= e->known.writable ? BFA_CLOSED | BFA_WRITTEN : BFA_CLOSED;
	return types;
}

/* What is lost with it: some calls only have a type. */
static __always_inline __u64 events_of(struct taken *t)
{
	__u64 events = t->opens + t->reads + t->writes + t->closes;

	return events ?: 1;
}

static __always_inline void enqueue(struct open_key *key, struct open_file *e)
{
	struct open_key copy = *key;

	if (__sync_lock_test_and_set(&e->queued, 1))
		return;
	if (bpf_map_push_elem(&touched, &copy, 0)) {
		e->queued = 0;
		queue_overflow = 1;
	} else {
		__sync_fetch_and_add(&touched_count, 1);
	}
}

/* The first access since the last report stands for all of them. With the lock held. */
static __always_inline void note_first_access(struct scratch *s, struct open_file *e, struct task_struct *task)
{
	e->time_ns = bpf_ktime_get_boot_ns();
	e->tid = seen_tid(task);
	e->tgid = seen_tgid(task);
	e->uid = task->cred->euid.val;
	e->gid = task->cred->egid.val;
	copy_comm(e->comm, task);
	e->began_ns = task->group_leader->start_boottime;
	e->process = s->process;
}

CHECKED_ONCE int begin_window(struct open_key *key, struct open_file *e)
{
	struct task_struct *task = current_task();
	struct scratch *s = scratch_get();

	if (!s || !key || !e || !lock(key, e))
		return 0;
	if (!e->time_ns)
		note_first_access(s, e, task);
	if (!e->transient)
		enqueue(key, e);
	unlock(e);
	return 0;
}

/* Whose, when and what, as the entry has it; the caller adds types and counts. */
static __always_inline void describe_access(struct bfa_record *r, struct open_key *key, struct open_file *e)
{
	struct known_file *k = &e->known;

	r->kind = BFA_RECORD_ACCESS;
	r->call = 0;
	r->filename_len = 0;
	r->process_len = 0;
	r->marks = k->marks | BFA_MARK_FILE;
	r->fd = 0;
	if (!(key->fd & NAMELESS)) {
		r->marks |= BFA_MARK_FD;
		r->fd = key->fd;
	}
	r->inode = k->inode;
	r->device = k->device;
	r->flags = k->flags;
	r->mode = k->mode;
	r->tgid = e->tgid;
	r->tid = e->tid;
	r->uid = e->uid;
	r->gid = e->gid;
	__builtin_memcpy(r->comm, e->comm, sizeof(r->comm));
	r->began_ns = e->began_ns;
}

/*
 * Reports what is pending; the lock is held. False if the ring is full: then
 * it is pending again if `keep`, otherwise lost.
 */
CHECKED_ONCE bool report(struct open_key *key, struct open_file *e, bool keep)
{
	struct scratch *s = scratch_get();
	struct bfa_access *a;
	struct taken *t;
	__u64 began;
	__u32 types, size;

	USED(key);
	USED(e);
	USED(keep);
	if (!s || !e || !key || PER_CALL)
		return true;
	/* Who has just counted the first one is about to begin its window: a flush is not who did it. */
	began = e->time_ns;
	if (keep && !began && !e->closes)
		return true;
	/* Before the counts are taken: who adds after that begins a window. */
	e->time_ns = 0;
	t = &s->taken;
	*t = take_pending(e);
	types = types_of(e, t);
	if (!e->known.outside && types & config.types) {
		if (!began) {
			note_first_access(s, e, current_task());
			began = e->time_ns;
			e->time_ns = 0;
		}
		a = &s->access;
		describe_access(&a->record, key, e);
		a->record.time_ns = began;
		a->record.types = types;
		a->opens = t->opens;
		a->closes = t->closes;
		a->reads = t->reads;
		a->read_bytes = t->read_bytes;
		a->writes = t->writes;
		a->write_bytes = t->write_bytes;
		if (t->opens)
			a->record.marks |= BFA_MARK_FLAGS | BFA_MARK_MODE;
		a->record.path_len = copy_path(key, &e->known, sizeof(*a));
		size = sizeof(*a) + a->record.path_len;
		if (describes_processes())
			size += append_process(e->process, key->tgid, size);
		if (!emit(s, size, keep ? 0 : events_of(t))) {
			if (keep) {
				put_back(e, t);
				e->time_ns = began;
			}
			return false;
		}
	}
	return true;
}

/* At once: the map has no room for the entry. */
static __always_inline void report_transient(struct open_key *key, struct open_file *e)
{
	report(key, e, false);
	forget_long_path(key, &e->known);
}

/*
 * The descriptor is closed, if the entry is not empty already; what a late
 * thread has added is reported too. With the lock held; `keep` as for report().
 */
static __always_inline void report_closed(struct open_key *key, struct open_file *e, bool keep)
{
	if (!PER_CALL && e->known.file)
		e->closes = 1;
	e->known.file = 0;
	if (report(key, e, keep))
		forget_long_path(key, &e->known);
	else if (keep)
		enqueue(key, e);
}

/* Whether the close of a file will be shown. */
static __always_inline bool close_wanted(struct known_file *k)
{
	return !k->outside && config.types & (k->writable ? BFA_CLOSED | BFA_WRITTEN : BFA_CLOSED);
}

/* What open(2) was asked; mode is no argument unless a file may be created. */
static __always_inline void open_arguments(struct call *call, __u32 *flags, __u32 *mode)
{
	__u64 *a = call->arguments;
	__u64 how[2] = {};

	switch (call->kind) {
	case CALL_CREAT:
		*flags = O_CREAT | O_WRONLY | O_TRUNC;
		*mode = a[1];
		return;
	case CALL_OPENAT2: /* struct open_how: flags, mode, resolve */
		bpf_probe_read_user(how, sizeof(how), (void *)a[2]);
		*flags = how[0];
		*mode = how[1];
		break;
	case CALL_OPEN_HANDLE:
		*flags = a[2];
		*mode = 0;
		return;
	case CALL_OPENAT:
		*flags = a[2];
		*mode = a[3];
		break;
	default:
		*flags = a[1];
		*mode = a[2];
	}
	if (!(*flags & (O_CREAT | TMPFILE_BIT)))
		*mode = 0;
}

static __always_inline bool is_open_call(struct call *call)
{
	return call->kind <= CALL_OPEN_HANDLE;
}

/*
 * Makes the entry that of a file; what it was of is closed. The lock is held.
 * False if the descriptor was given to another file while this one was
 * described.
 */
static __always_inline bool fill(struct scratch *s, struct open_key *key, struct open_file *e, struct file *file,
				 struct call *call)
{
	report_closed(key, e, false);
	list_filled(key, e);
	describe_open_file(s, key, file);
	if (file_of_fd(current_task(), key->fd) != file ||
	    s->fresh.known.dentry != READ(file, f_path.dentry))
		return false;
	e->known = s->fresh.known;
	e->dead = 0;
	if (!is_open_call(call))
		return true;
	open_arguments(call, &e->known.flags, &e->known.mode);
	if (PER_CALL)
		return true;
	e->opens = 1;
	e->types = call->types;
	note_first_access(s, e, current_task());
	if (!e->transient)
		enqueue(key, e);
	else if (close_wanted(&e->known))
		COUNT(lost_files, 1);
	return true;
}

/* Whether an entry has become that of a file. */
enum taking {
	NOT_TAKEN, /* another thread has closed the descriptor meanwhile */
	TAKEN,
	EVICTED, /* the entry is gone */
};

/*
 * An open always fills the entry: what is still there is of a descriptor that
 * was closed unseen, or whose close has not come to its exit yet.
 */
CHECKED_ONCE int take_over(struct open_key *key, struct open_file *e, __u64 address, struct call *call)
{
	struct file *file = (struct file *)address;
	struct scratch *s = scratch_get();
	bool is;

	if (!s || !key || !e || !call)
		return NOT_TAKEN;
	if (!lock(key, e))
		return EVICTED;
	is = file_of_fd(current_task(), key->fd) == file;
	if (is && (is_open_call(call) || !is_of(e, file)))
		is = fill(s, key, e, file, call);
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
	if (config.only_prefixes && !has_wanted_prefix(len, false)) {
		report(key, e, false);
		store_outside(key, k, at);
	} else if (!k->outside && same_path(k, s, len)) {
		note_path(k, s, len);
	} else {
		/* Without a path yet, it has been this one since the open. */
		if (k->seen)
			report(key, e, false);
		forget_long_path(key, k);
		store_path(key, k, s, len);
	}
}

/* Who touches a file without a descriptor has looked at all but the ancestors. */
static __always_inline bool is_still_in_scope(struct open_key *key, struct place *at)
{
	return (key->fd & NAMELESS || file_in_scope(at->dentry)) && is_below_places(at);
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
		e->known.marks |= BFA_MARK_UNLINKED;
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

	if (!is_open_call(call) && e && is_of(e, file)) {
		if (may_have_moved(file, &e->known))
			refresh(key, e, (__u64)file);
		/* A file that loses its name gets a new version, but no count goes up. */
		if (epochs_tell() && !(e->known.marks & BFA_MARK_UNLINKED) && is_unlinked(e->known.dentry))
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
