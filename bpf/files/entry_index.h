/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which descriptors of a process have an entry in the map open_files. So the
 * descriptors that exec, close_range or the end of a process close at once are
 * found among a million without looking at each. A forked child that has used
 * none of the descriptors that it inherits has nothing here.
 *
 * A process has a list of chunks, each of CHUNK_DESCRIPTORS descriptors; the
 * first one, which always exists, is its head. All go when the process ends.
 */
#ifndef BFATRACE_ENTRY_INDEX_H
#define BFATRACE_ENTRY_INDEX_H

#include "base/scratch.h"
#include "base/spin_lock.h"

enum {
	CHUNK_WORDS = 8,
	CHUNK_DESCRIPTORS = 64 * CHUNK_WORDS, /* a power of two */
	VISIT_STEPS = 1 << 23,		      /* BPF_MAX_LOOPS (include/linux/bpf_verifier.h) */
};

struct chunk {
	__u64 made[CHUNK_WORDS]; /* has an entry */
	__u64 open[CHUNK_WORDS]; /* the entry may be that of an open file: it is listed */
	__u32 next;		 /* of the process's list; 0: none */
	__u32 busy;		 /* of the first one: locks the list */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* user space chooses: one for BFA_FILES_PER_CHUNK entries */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct open_key); /* its fd is the number of the chunk */
	__type(value, struct chunk);
} chunks SEC(".maps");

static __always_inline struct chunk *find_chunk(__u32 tgid, __u32 number)
{
	struct open_key key = { .tgid = tgid, .fd = number };

	return bpf_map_lookup_elem(&chunks, &key);
}

/* Whether a process may have entries. */
static __always_inline bool has_entries(struct task_struct *task)
{
	return find_chunk(task->tgid, 0);
}

/* Not a variable of a function: all callers together have 512 bytes of stack. */
static const struct chunk empty_chunk;

static __always_inline struct chunk *make_chunk(__u32 tgid, __u32 number)
{
	struct open_key key = { .tgid = tgid, .fd = number };

	bpf_map_update_elem(&chunks, &key, &empty_chunk, BPF_NOEXIST);
	return bpf_map_lookup_elem(&chunks, &key);
}

static __always_inline void set_bits(struct chunk *c, __u32 fd)
{
	__u32 word = BOUNDED(fd / 64, CHUNK_WORDS - 1);
	__u64 bit = 1ULL << fd % 64;

	__sync_fetch_and_or(&c->made[word], bit);
	__sync_fetch_and_or(&c->open[word], bit);
}

/* Takes the lock even if the chunk exists: it may not be in the list yet. */
static __always_inline bool list_far(struct chunk *head, struct open_key *key, __u32 number)
{
	struct chunk *c;

	if (!take_lock(&head->busy))
		return false;
	c = find_chunk(key->tgid, number);
	if (!c) {
		c = make_chunk(key->tgid, number);
		if (c) {
			c->next = head->next;
			head->next = number;
		}
	}
	if (c)
		set_bits(c, key->fd);
	release_lock(&head->busy);
	return c;
}

/*
 * Lists an entry before it is made, or before it is filled with a file that is
 * then looked for in the descriptor table: a thread that closes the descriptor
 * after that look finds it here. False if there is no room.
 */
CHECKED_ONCE bool list_entry(struct open_key *key)
{
	struct chunk *head;
	__u32 number;

	if (!key)
		return false;
	number = key->fd / CHUNK_DESCRIPTORS;
	head = find_chunk(key->tgid, 0);
	if (!head)
		head = make_chunk(key->tgid, 0);
	if (!head)
		return false;
	if (number)
		return list_far(head, key, number);
	set_bits(head, key->fd);
	return true;
}

/*
 * Takes an entry out, with the entry's lock held: its file is closed, and with
 * `removed` the entry is about to be deleted.
 */
static __always_inline void unlist_entry(struct open_key *key, bool removed)
{
	struct chunk *c = find_chunk(key->tgid, key->fd / CHUNK_DESCRIPTORS);
	__u32 word = BOUNDED(key->fd / 64, CHUNK_WORDS - 1);
	__u64 others = ~(1ULL << key->fd % 64);

	if (!c)
		return;
	__sync_fetch_and_and(&c->open[word], others);
	if (removed)
		__sync_fetch_and_and(&c->made[word], others);
}

/* The descriptors to visit, from first to last, and how far the visit has come. */
struct visit {
	__u32 tgid;
	__u32 first;
	__u32 last;
	__u32 why;		 /* enum visit_reason */
	__u32 number;		 /* of the chunk at hand */
	__u32 next;		 /* chunk; 0: none */
	__u64 bits[CHUNK_WORDS]; /* of the chunk at hand, still to be visited */
};

/* Of a word whose lowest bit is descriptor `base`, the bits from first to last. */
CHECKED_ONCE __u64 bits_within(__u32 base, __u32 first, __u32 last)
{
	__u64 bits = ~0ULL;

	if (first > base)
		bits = first - base < 64 ? bits << (first - base) : 0;
	if (last < base)
		return 0;
	return last - base < 63 ? bits & ((2ULL << (last - base)) - 1) : bits;
}

/* Goes to a chunk. With `removed`, the process ends, and its index does, too. */
CHECKED_ONCE bool enter_chunk(struct visit *v, __u32 number, bool removed)
{
	struct open_key key = { .fd = number };
	struct chunk *c;

	if (!v)
		return false;
	key.tgid = v->tgid;
	c = bpf_map_lookup_elem(&chunks, &key);
	v->number = number;
	v->next = 0;
	if (!c)
		return false;
	for (int i = 0; i < CHUNK_WORDS; i++)
		v->bits[i] = (removed ? c->made[i] : c->open[i]) &
			     bits_within(number * CHUNK_DESCRIPTORS + i * 64, v->first, v->last);
	v->next = c->next;
	if (removed)
		bpf_map_delete_elem(&chunks, &key);
	return true;
}

/* The number of the lowest bit: by de Bruijn's sequence, as the verifier would follow each comparison. */
CHECKED_ONCE __u32 lowest_bit(__u64 word)
{
	static const __u8 numbers[64] = {
		0,  1,	48, 2,	57, 49, 28, 3,	61, 58, 50, 42, 38, 29, 17, 4,	62, 55, 59, 36, 53, 51,
		43, 22, 45, 39, 33, 30, 24, 18, 12, 5,	63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21,
		44, 32, 23, 11, 46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9,	13, 8,	7,  6,
	};

	return numbers[(word & -word) * 0x03f79d71b4cb0a89ULL >> 58];
}

/* The next descriptor of the chunk at hand, which counts as visited then; -1: none is left. */
CHECKED_ONCE __s64 next_descriptor(struct visit *v)
{
	if (!v)
		return -1;
	for (int i = 0; i < CHUNK_WORDS; i++) {
		__u64 word = v->bits[i];

		if (!word)
			continue;
		v->bits[i] = word & (word - 1);
		return v->number * CHUNK_DESCRIPTORS + i * 64 + lowest_bit(word);
	}
	return -1;
}

#endif
