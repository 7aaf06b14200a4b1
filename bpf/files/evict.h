/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Makes room in the map open_files: deletes entries of descriptors that are
 * closed, and of files that are open but out of scope.
 *
 * A program on another CPU may be using such an entry without its lock, as that
 * of an open file. So one flush marks the entries as closed, and no program
 * uses a closed one without the lock; user space waits until all programs that
 * ran at that time have ended; and the next flush deletes the entries that no
 * program has filled since.
 */
#ifndef BFATRACE_EVICT_H
#define BFATRACE_EVICT_H

#include "files/window.h"

enum {
	EVICT_SHARE = 8, /* begins when less than this part of the room is left */
};

__u32 evict_at;	 /* begins at this number of entries; 0: not known yet */
bool has_marked; /* the next flush deletes */

/* The lock is held. Others may wait for it: only this CPU can use the memory again meanwhile. */
static __always_inline void forget_entry(struct open_key *key, struct open_file *e)
{
	forget_long_path(key, &e->known);
	if (!bpf_map_delete_elem(&open_files, key))
		__sync_fetch_and_sub(&entry_count, 1);
	e->key.tgid = 0;
}

static __always_inline bool is_unused(struct open_file *e)
{
	return (!e->known.file || e->known.outside) && !e->dead && !e->queued && !e->time_ns;
}

static long mark_or_evict(void *map, struct open_key *key, struct open_file *e, void *context)
{
	struct open_key copy = *key;

	if (copy.fd & NAMELESS || !is_unused(e) || !lock(&copy, e))
		return 0;
	if (!is_unused(e)) {
		unlock(e);
		return 0;
	}
	if (!has_marked) {
		e->known.file = 0;
		e->idle = 1;
	} else if (e->idle && !e->known.file) {
		/* In this order: a program that makes the entry anew finds the key missing first. */
		unlist_entry(&copy, true);
		forget_entry(&copy, e);
	}
	unlock(e);
	return 0;
}

/* True if user space must wait for programs before the next flush. */
static __noinline bool evict(void)
{
	__u32 crowded = config.open_files - config.open_files / EVICT_SHARE, left;

	if (!has_marked && entry_count < crowded)
		evict_at = crowded;
	if (!has_marked && entry_count < evict_at)
		return false;
	bpf_for_each_map_elem(&open_files, mark_or_evict, 0, 0);
	has_marked = !has_marked;
	if (has_marked)
		return true;
	/* If most entries are in use, it is no use looking at each ten times a second. */
	left = entry_count < config.open_files ? config.open_files - entry_count : 0;
	evict_at = entry_count < crowded ? crowded : config.open_files - left / 2;
	return false;
}

#endif
