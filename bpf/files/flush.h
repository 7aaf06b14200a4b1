/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Ten times a second: reports what is pending, deletes entries of processes that ended. */
#ifndef BFATRACE_FLUSH_H
#define BFATRACE_FLUSH_H

#include "files/evict.h"

static __always_inline bool flush_locked(struct open_key *key, struct open_file *e)
{
	/* Reset before the counts are taken: a program that adds after that queues the entry again. */
	e->queued = 0;
	if (report(key, e, true))
		return true;
	enqueue(key, e);
	return false;
}

/* False if the ring is full. */
static __noinline bool flush_entry(struct open_key *key)
{
	struct open_file *e = key ? bpf_map_lookup_elem(&open_files, key) : 0;
	bool room;

	if (!e || !lock(key, e))
		return true;
	room = flush_locked(key, e);
	if (room && (e->dead || key->fd & NAMELESS))
		forget_entry(key, e);
	else if (room && !e->known.file)
		forget_long_path(key, &e->known);
	unlock(e);
	return room;
}

static long flush_next(__u32 index, void *context)
{
	struct open_key key;

	return bpf_map_pop_elem(&touched, &key) || !flush_entry(&key);
}

static long flush_any(void *map, struct open_key *key, struct open_file *e, void *context)
{
	struct open_key copy = *key;

	if (flush_entry(&copy))
		return 0;
	queue_overflow = 1; /* the rest is still to be visited */
	return 1;
}

/* True if something is left: the ring is full, or there is more since. */
static __noinline bool flush_touched(void)
{
	__u32 waiting, done;

	if (queue_overflow) {
		queue_overflow = 0;
		bpf_for_each_map_elem(&open_files, flush_any, 0, 0);
	}
	/*
	 * Keys that are queued meanwhile, perhaps of descriptors that are
	 * visited now, wait for the next flush.
	 */
	waiting = __sync_lock_test_and_set(&touched_count, 0);
	done = bpf_loop(waiting, flush_next, 0, 0);
	if (done < waiting)
		__sync_fetch_and_add(&touched_count, waiting - done);
	else if (describes_processes() && !queue_overflow)
		next_generation();
	return queue_overflow || touched_count;
}

/* Returns enum bfa_flush_result, or-ed. */
static __always_inline int flush_all(void)
{
	int result = flush_touched() ? BFA_FLUSH_MORE : 0;

	return evict() ? result | BFA_FLUSH_WAIT : result;
}

#endif
