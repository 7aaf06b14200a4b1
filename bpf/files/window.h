/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Merging: calls are counted in the entry of their descriptor, and reported
 * together by a flush, ten times a second, or when the descriptor is closed.
 */
#ifndef BFATRACE_WINDOW_H
#define BFATRACE_WINDOW_H

#include "files/ancestry.h"
#include "base/syscalls.h"

/* Takes one of the counts. What is zero needs no exchange, which costs as much as ten loads. */
#define TAKE(count) (*(volatile typeof(*(count)) *)(count) ? __sync_lock_test_and_set(count, 0) : 0)

/* With the lock held, which the closes need. */
static __always_inline struct taken take_pending(struct open_file *e)
{
	__u32 closes = e->closes;

	e->closes = 0;
	return (struct taken){
		.closes = closes,
		.opens = TAKE(&e->opens),
		.types = TAKE(&e->types),
		.reads = TAKE(&e->reads),
		.read_bytes = TAKE(&e->read_bytes),
		.writes = TAKE(&e->writes),
		.write_bytes = TAKE(&e->write_bytes),
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
static __always_inline void note_first_access(struct open_file *e, struct task_struct *task)
{
	struct scratch *s = describes_processes() ? scratch_get() : 0;

	e->time_ns = bpf_ktime_get_boot_ns();
	describe_task(&e->known.record, task);
	if (s)
		e->process = s->process;
}

CHECKED_ONCE int begin_window(struct open_key *key, struct open_file *e)
{
	if (!key || !e || !lock(key, e))
		return 0;
	if (!e->time_ns)
		note_first_access(e, current_task());
	if (!e->transient)
		enqueue(key, e);
	unlock(e);
	return 0;
}

/* Sends the record of an entry with processes, or with a path that is not behind it. */
static __always_inline bool send_from_scratch(struct scratch *s, struct open_key *key, struct open_file *e,
					      __u32 events)
{
	struct bfa_access *a = &s->access;
	__u32 size;

	*a = e->known.access;
	a->record.path_len = copy_path(key, &e->known, sizeof(*a));
	size = sizeof(*a) + a->record.path_len;
	if (describes_processes())
		size += append_process(e->process, key->tgid, size);
	return emit(s->bytes, size, events);
}

/* The same, for the quick way. */
CHECKED_ONCE bool send_unusual(struct open_key *key, struct open_file *e, __u32 events)
{
	struct scratch *s = scratch_get();

	USED(key);
	USED(e);
	USED(events);
	return PER_CALL || !s || !key || !e || send_from_scratch(s, key, e, events);
}

static __always_inline bool send_access(struct scratch *s, struct open_key *key, struct open_file *e, __u32 events)
{
	struct known_file *k = &e->known;
	__u32 len = k->record.path_len;

	_Static_assert(__builtin_offsetof(struct known_file, path) ==
			       __builtin_offsetof(struct known_file, access) + sizeof(struct bfa_access),
		       "the path is behind its record");
	/* Opaque: the verifier of older kernels needs to see the comparison. */
	asm volatile("" : "+r"(len));
	if (describes_processes() || len >= BFA_SHORT_PATH)
		return s ? send_from_scratch(s, key, e, events) : send_unusual(key, e, events);
	return emit(&k->access, sizeof(k->access) + len, events);
}

/* Completes the record of an entry with what was taken. */
static __always_inline void describe_access(struct open_file *e, struct taken *t, __u32 types, __u64 began)
{
	struct bfa_access *a = &e->known.access;
	struct bfa_record *r = &a->record;

	r->time_ns = began;
	r->types = types;
	r->marks &= FILE_MARKS;
	if (t->opens)
		r->marks |= BFA_MARK_FLAGS | BFA_MARK_MODE;
	a->opens = t->opens;
	a->closes = t->closes;
	a->reads = t->reads;
	a->read_bytes = t->read_bytes;
	a->writes = t->writes;
	a->write_bytes = t->write_bytes;
}

/*
 * report() in line. Without scratch memory, for the quick way, what is taken is on
 * the stack: those of all callers together are bounded.
 */
static __always_inline bool report_here(struct scratch *s, struct open_key *key, struct open_file *e, bool keep)
{
	struct taken on_stack, *t = s ? &s->taken : &on_stack;
	__u64 began;
	__u32 types;

	/* Who has just counted the first one is about to begin its window: a flush is not who did it. */
	if (keep && !e->time_ns && !e->closes)
		return true;
	/*
	 * Before the counts are looked at: who adds after that begins a window. The
	 * exchange is a full barrier, which a plain store is not: who adds what is not
	 * seen here sees zero there.
	 */
	began = __sync_lock_test_and_set(&e->time_ns, 0);
	*t = take_pending(e);
	types = types_of(e, t);
	if (e->known.outside || !(types & config.types))
		return true;
	if (!began) {
		note_first_access(e, current_task());
		began = e->time_ns;
		e->time_ns = 0;
	}
	describe_access(e, t, types, began);
	if (send_access(s, key, e, keep ? 0 : events_of(t)))
		return true;
	if (keep) {
		put_back(e, t);
		e->time_ns = began;
	}
	return false;
}

/*
 * Reports what is pending; the lock is held. False if the ring is full: then
 * it is pending again if `keep`, otherwise lost.
 */
CHECKED_ONCE bool report(struct open_key *key, struct open_file *e, bool keep)
{
	struct scratch *s = scratch_get();

	USED(key);
	USED(e);
	USED(keep);
	return PER_CALL || !s || !key || !e || report_here(s, key, e, keep);
}

/* At once: the map has no room for the entry. */
static __always_inline void report_transient(struct open_key *key, struct open_file *e)
{
	report(key, e, false);
	forget_long_path(key, &e->known);
}

static __always_inline void mark_closed(struct open_file *e)
{
	if (!PER_CALL && e->known.file)
		e->closes = 1;
	e->known.file = 0;
}

/* What report() has not sent, and is to keep, the next flush reports. */
static __always_inline void end_closed(struct open_key *key, struct open_file *e, bool sent, bool keep)
{
	if (keep && !sent)
		enqueue(key, e);
	else
		forget_long_path(key, &e->known);
}

/*
 * The descriptor is closed, if the entry is not empty already; what a late
 * thread has added is reported too. With the lock held; `keep` as for report().
 */
static __always_inline void report_closed(struct open_key *key, struct open_file *e, bool keep)
{
	mark_closed(e);
	end_closed(key, e, report(key, e, keep), keep);
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

/* What an open with these flags did besides opening. */
static __always_inline __u32 open_effects(struct file *file, __u32 flags)
{
	if (READ(file, f_mode) & FMODE_CREATED)
		return flags & TMPFILE_BIT ? 0 : BFA_CREATED;
	if (!(flags & O_TRUNC) || flags & O_PATH)
		return 0;
	return (READ(READ(file, f_inode), i_mode) & S_IFMT) == S_IFREG ? BFA_WRITTEN : 0;
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
static __always_inline bool fill(struct open_key *key, struct open_file *e, struct file *file, struct call *call)
{
	report_closed(key, e, false);
	list_filled(key, e);
	describe_open_file(&e->known, key, file);
	if (file_of_fd(current_task(), key->fd) != file || e->known.dentry != READ(file, f_path.dentry)) {
		e->known.file = 0;
		return false;
	}
	e->dead = 0;
	if (!is_open_call(call))
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
	bool is;

	if (!key || !e || !call)
		return NOT_TAKEN;
	if (!lock(key, e))
		return EVICTED;
	is = file_of_fd(current_task(), key->fd) == file;
	if (is && (is_open_call(call) || !is_of(e, file)))
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

/* Nothing is known in the entry, nothing pending; it is listed, and nobody deletes it. */
static __always_inline bool is_empty(struct open_file *e)
{
	if (e->known.file || e->dead || e->closes || !e->listed)
		return false;
	return PER_CALL || !(e->time_ns | e->opens | e->types | e->reads | e->read_bytes | e->writes | e->write_bytes);
}

/*
 * take_over() and fill() in line, for an empty entry of a descriptor that has
 * just been opened. With true the lock is held; false if the case is another one.
 */
static __always_inline bool fill_quickly(struct open_key *key, struct open_file *e, struct task_struct *task,
					 struct file *file)
{
	struct place at = place_of(&file->f_path);
	struct scratch *s = scratch_of_others();
	struct known_file *k = &e->known;
	__u32 len;

	if (!s || !is_empty(e) || config.only_prefixes || !is_below_places(&at) || !try_lock(&e->busy))
		return false;
	/* Again: now nobody else fills it. */
	if (is_entry_of(e, key) && is_empty(e)) {
		e->idle = 0;
		begin_file(s, key, k, at.dentry);
		len = resolve(s, &at);
		if (!s->walk.torn && len < BFA_SHORT_PATH && file_of_fd(task, key->fd) == file &&
		    at.dentry == READ(file, f_path.dentry)) {
			store_short_path(k, s, len);
			k->writable = !!(READ(file, f_mode) & FMODE_WRITE);
			k->file = (__u64)file;
			return true;
		}
	}
	unlock(e);
	return false;
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

	if (!is_open_call(call) && e && is_of(e, file)) {
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
