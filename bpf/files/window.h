/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Merging: calls are counted in the entry of their descriptor, and reported
 * together by a flush, ten times a second, or when the descriptor is closed.
 */
#ifndef BFATRACE_WINDOW_H
#define BFATRACE_WINDOW_H

#include "files/ancestry.h"
#include "base/syscalls.h"

/* Takes one of the counts. A count of zero needs no exchange, which costs as much as ten loads. */
#define TAKE(count) (*(volatile typeof(*(count)) *)(count) ? __sync_lock_test_and_set(count, 0) : 0)

/* Takes what is pending in an entry. The lock is held, which the closes need. */
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

/* How many events are lost with what was taken: some calls have a type only. */
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

/* Notes who made the first access since the last report: it stands for all of them. The lock is held. */
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

/* Sends the record in an entry with processes, or with a path that does not follow it. */
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

/* Does what send_from_scratch() does, for the quick way. */
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
 * Does what report() does, in line. Without scratch memory, for the quick way,
 * what is taken is on the stack: those of all callers together are bounded.
 */
static __always_inline bool report_here(struct scratch *s, struct open_key *key, struct open_file *e, bool keep)
{
	struct taken on_stack, *t = s ? &s->taken : &on_stack;
	__u64 began;
	__u32 types;

	/*
	 * A program that has just counted the first access is about to begin its window,
	 * and to note its process: that is not the one of a flush.
	 */
	if (keep && !e->time_ns && !e->closes)
		return true;
	/*
	 * Before the counts are read: a program that adds after that begins a
	 * window. The exchange is a full barrier, which a plain store is not: a
	 * program that adds what is not read here sees zero there.
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
 * Reports what is pending; the lock is held. False if the ring is full: then it
 * is pending again if `keep`, otherwise lost.
 */
CHECKED_ONCE bool report(struct open_key *key, struct open_file *e, bool keep)
{
	struct scratch *s = scratch_get();

	USED(key);
	USED(e);
	USED(keep);
	return PER_CALL || !s || !key || !e || report_here(s, key, e, keep);
}

/* Reports an access at once, as the map has no room for its entry. */
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

/* Leaves to the next flush what report() has not sent and must keep. */
static __always_inline void end_closed(struct open_key *key, struct open_file *e, bool sent, bool keep)
{
	if (keep && !sent)
		enqueue(key, e);
	else
		forget_long_path(key, &e->known);
}

/*
 * Reports that the descriptor is closed, unless the entry is empty already, and
 * what a late thread has added to it. The lock is held; `keep` as for report().
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

#endif
