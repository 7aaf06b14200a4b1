/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Finds the dentry of a name in a directory as __d_lookup (fs/dcache.c) does:
 * in a bucket of the kernel's hash table of dentries, which takes as long among
 * ten thousand entries as among ten.
 *
 * The kernel does not export the address of the table, but a dentry leads to
 * it: the first one in a bucket points back to the bucket, and the upper bits
 * of its hash are the bucket's number. learn_dentry_table computes address and
 * size from this.
 */
#ifndef BFATRACE_DENTRY_CACHE_H
#define BFATRACE_DENTRY_CACHE_H

#include "base/call_shapes.h"
#include "files/path.h"

enum {
	NAME_BUFFER = 2 * BFA_PATH_MAX,
	BUCKET_DENTRIES = 256,	/* in one bucket; a few are usual */
	LOOKUP_CHILDREN = 4096, /* without the table: how many entries of one directory, the newest first */
	LOOKUP_CACHE = 16384,	/* without the table: how many entries found before are kept */
	TABLE_SAMPLES = 16,	/* dentries from which address and size of the table are learned; a power of two */
	SAMPLED_CHILDREN = 256, /* of one directory that are looked at for it */
};

/* A component of a name, padded with NULs to whole words. */
struct component {
	union {
		char bytes[BFA_NAME_MAX + 1];
		__u64 words[(BFA_NAME_MAX + 1) / 8];
	};
};

/* A name that a call was passed. */
struct name {
	__u64 string;
	int dfd;
	__u8 rule;    /* enum lookup_rule; AT_ flags of the call are taken into account */
	__u8 kernel;  /* the string is in kernel memory */
	__u8 in_root; /* dfd is the root, too (openat2(2), RESOLVE_IN_ROOT) */
	__u16 limit;  /* of its bytes, with a NUL; 0: BFA_PATH_MAX */
	__s32 length; /* of the string, once loaded; negative: it cannot be read */
};

/* The place of a component in the text. */
struct component_at {
	__u32 position;
	__u32 length;
};

struct lookup {
	struct name names[2]; /* of the call at hand */
	struct place at;
	struct place root;
	struct dentry *child;	 /* of `at`, the one that is looked for */
	struct dentry *moved[2]; /* by this call: before it, the names led elsewhere */
	__u32 position;		 /* in `name`, of the rest to be looked up; it ends at NAME_BUFFER */
	__u32 length;		 /* of the component at hand */
	__u32 links;
	__u8 rule; /* LOOKUP_FOLLOW, LOOKUP_NOFOLLOW, LOOKUP_ENTRY or LOOKUP_COVERED */
	__u8 found;
	__u8 ascends;  /* out of the root of a mount, for ".." */
	__u8 descends; /* into a mount on `at`, if there is one */
	__u8 lost;     /* a bound was reached */
	__u8 hopeless; /* it is not known what the call has moved */
	/* With `asked`, the lookup goes as far as there are files, and from there on by the text. */
	__u8 asked;
	__u8 stuck;		 /* it is not known where a symbolic link leads */
	__u8 link_is_last;	 /* the link at link_at is the last component of the name as it was passed */
	__u8 link_is_named;	 /* it is a file of --file */
	__u32 missing;		 /* components below `at` that are not there */
	struct component_at gap; /* the first of them */
	struct place link_at;	 /* the directory of the first symbolic link that was followed */
	struct component first;	 /* the entry of a call's first name, padded with NULs */
	__u32 first_length;
	struct component wanted;
	struct component other;
	char name[NAME_BUFFER + BFA_PATH_MAX]; /* a string may be copied to any offset below NAME_BUFFER */
	char target[BFA_PATH_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct lookup);
} lookups SEC(".maps");

static __always_inline struct lookup *lookup_get(void)
{
	__u32 slot = scratch_slot();

	return bpf_map_lookup_elem(&lookups, &slot);
}

static __always_inline char *name_at(struct lookup *l, __u32 position)
{
	return &l->name[BOUNDED(position, NAME_BUFFER - 1)];
}

struct dentry_table {
	__u64 buckets; /* 0: not known */
	__u32 shift;   /* a hash without this number of lowest bits is the number of a bucket */
};

/* learn_dentry_table sets it before the programs are attached. */
struct dentry_table dentry_table;

struct child_key {
	struct dentry *parent;
	__u64 hash;
};

/* Checked at each use, as open_files is: it saves another search among thousands of children. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, LOOKUP_CACHE);
	__type(key, struct child_key);
	__type(value, struct dentry *);
} known_children SEC(".maps");

/* Whether l->other is the name in l->wanted; both have l->length bytes. */
CHECKED_ONCE bool is_wanted_name(void)
{
	struct lookup *l = lookup_get();

	if (!l)
		return false;
	for (__u32 i = 0; i < (BFA_NAME_MAX + 1) / 8 && i * 8 < l->length; i++)
		if (l->other.words[i] != l->wanted.words[i])
			return false;
	return true;
}

static __always_inline bool is_wanted_child(struct lookup *l, struct dentry *child)
{
	__u32 length = l->length;

	if (READ(child, d_name.len) != length || READ(child, d_parent) != l->at.dentry)
		return false;
	if (!READ(child, d_hash.pprev) || !READ(child, d_inode))
		return false;
	bpf_probe_read_kernel(l->other.bytes, BOUNDED(length, BFA_NAME_MAX), READ(child, d_name.name));
	return is_wanted_name();
}

#define GOLDEN_RATIO_64 0x61c8864680b583ebULL /* include/linux/hash.h */
#define ROTATED(value, bits) ((value) << (bits) | (value) >> (64 - (bits)))

/*
 * The wanted name's hash in its directory: full_name_hash (fs/namei.c) of a
 * 64-bit little-endian kernel with CONFIG_DCACHE_WORD_ACCESS.
 */
CHECKED_ONCE __u32 hash_wanted(void)
{
	struct lookup *l = lookup_get();
	__u64 x = 0, y;
	__u32 words;

	if (!l)
		return 0;
	y = (__u64)l->at.dentry;
	words = BOUNDED(l->length, BFA_NAME_MAX) / 8;
	for (__u32 i = 0; i < BFA_NAME_MAX / 8 && i < words; i++) {
		x ^= l->wanted.words[i];
		y ^= x;
		x = ROTATED(x, 12) + y;
		y = ROTATED(y, 45) * 9;
	}
	x ^= l->wanted.words[BOUNDED(words, BFA_NAME_MAX / 8)];
	return ((y ^ x * GOLDEN_RATIO_64) * GOLDEN_RATIO_64) >> 32;
}

struct bucket_search {
	struct hlist_bl_node *next;
	__u32 hash;
};

static long next_in_bucket(__u32 index, void *context)
{
	struct bucket_search *search = context;
	struct lookup *l = lookup_get();
	struct dentry *child;

	if (!l || !search->next)
		return 1;
	child = (void *)search->next - bpf_core_field_offset(struct dentry, d_hash);
	if (READ(child, d_name.hash) == search->hash && is_wanted_child(l, child)) {
		l->child = child;
		return 1;
	}
	search->next = READ(search->next, next);
	return 0;
}

static __always_inline void search_bucket(__u32 hash)
{
	struct timespec64 *head = (void *)(dentry_table.buckets + (hash >> dentry_table.shift) * sizeof(__u64));
	struct bucket_search search = { .hash = hash };

	/* The lowest bit is the bucket's lock (include/linux/list_bl.h). */
	search.next = (void *)(READ(head, tv_sec) & ~1LL);
	bpf_loop(BUCKET_DENTRIES, next_in_bucket, &search, 0);
}

/* Visits the children of l->at; before 6.8 they are in a list of another kind. */
struct child_walk {
	struct hlist_node *node;
	struct list_head *entry;
	struct list_head *end;
};

static __always_inline void begin_children(struct child_walk *w, struct dentry *parent)
{
	struct dentry___lists *old = (void *)parent;

	if (bpf_core_field_exists(struct dentry, d_children)) {
		w->node = READ(parent, d_children.first);
		return;
	}
	w->end = (void *)old + bpf_core_field_offset(struct dentry___lists, d_subdirs);
	w->entry = READ(w->end, next);
}

/* 0 at the end. */
static __always_inline struct dentry *next_child(struct child_walk *w)
{
	struct dentry *child;

	if (bpf_core_field_exists(struct dentry, d_children)) {
		if (!w->node)
			return 0;
		child = (void *)w->node - bpf_core_field_offset(struct dentry, d_sib);
		w->node = READ(w->node, next);
		return child;
	}
	if (w->entry == w->end)
		return 0;
	child = (void *)w->entry - bpf_core_field_offset(struct dentry___lists, d_child);
	w->entry = READ(w->entry, next);
	return child;
}

static long compare_child(__u32 index, void *context)
{
	struct lookup *l = lookup_get();
	struct dentry *child = next_child(context);

	if (!l || !child)
		return 1;
	if (!is_wanted_child(l, child))
		return 0;
	l->child = child;
	return 1;
}

/*
 * Searches the children of a directory where the table is not known, or where
 * the file system has hashes of its own.
 */
static __always_inline void search_children(struct lookup *l, __u32 hash)
{
	struct child_key key = { .parent = l->at.dentry, .hash = hash };
	struct dentry **known = bpf_map_lookup_elem(&known_children, &key);
	struct child_walk walk = {};

	if (known && is_wanted_child(l, *known)) {
		l->child = *known;
		return;
	}
	begin_children(&walk, l->at.dentry);
	bpf_loop(LOOKUP_CHILDREN, compare_child, &walk, 0);
	if (l->child)
		bpf_map_update_elem(&known_children, &key, &l->child, BPF_ANY);
}

static __always_inline void want_name(struct lookup *l, const void *name)
{
	__builtin_memset(&l->wanted, 0, sizeof(l->wanted));
	bpf_probe_read_kernel(l->wanted.bytes, BOUNDED(l->length, BFA_NAME_MAX), name);
}

/* Leaves the child of `at` that has the name at hand in l->child; 0 if it is not in the cache. */
CHECKED_ONCE int find_child(void)
{
	struct lookup *l = lookup_get();
	__u32 hash;

	if (!l)
		return 0;
	l->child = 0;
	__builtin_memset(&l->other, 0, sizeof(l->other));
	want_name(l, name_at(l, l->position));
	hash = hash_wanted();
	if (dentry_table.buckets && !(READ(l->at.dentry, d_flags) & DCACHE_OP_HASH))
		search_bucket(hash);
	else
		search_children(l, hash);
	return 0;
}

/*
 * Samples of dentries: where their predecessor points to them, and their hash.
 * In a map: on the stack, the verifier would follow each value that they may
 * have.
 */
struct table_samples {
	struct child_walk walk;
	__u32 count;
	__u32 votes;
	__u32 hashes[TABLE_SAMPLES];
	__u64 places[TABLE_SAMPLES];
	struct dentry_table table; /* that is tried */
} table_samples;

static long add_sample(__u32 index, void *context)
{
	struct table_samples *samples = &table_samples;
	struct child_walk walk = samples->walk;
	struct dentry *child = next_child(&walk);
	struct lookup *l = lookup_get();
	__u32 place = samples->count;
	__u64 pprev;

	samples->walk = walk;
	if (!l || !child || place >= TABLE_SAMPLES)
		return 1;
	pprev = (__u64)READ(child, d_hash.pprev);
	l->length = READ(child, d_name.len);
	want_name(l, READ(child, d_name.name));
	/* This also proves that hashes are made as here. */
	if (!pprev || READ(child, d_name.hash) != hash_wanted())
		return 0;
	samples->places[BOUNDED(place, TABLE_SAMPLES - 1)] = pprev;
	samples->hashes[BOUNDED(place, TABLE_SAMPLES - 1)] = READ(child, d_name.hash);
	samples->count = place + 1;
	return 0;
}

static __always_inline __u64 bucket_offset(__u32 place)
{
	return (table_samples.hashes[place] >> table_samples.table.shift) * sizeof(__u64);
}

static long count_vote(__u32 index, void *context)
{
	__u32 place = BOUNDED(index, TABLE_SAMPLES - 1);

	table_samples.votes += table_samples.places[place] == table_samples.table.buckets + bucket_offset(place);
	return 0;
}

/* Most dentries are the first in their bucket, and agree on where the table begins; the others do not agree. */
static long try_shift(__u32 index, void *context)
{
	struct table_samples *samples = &table_samples;
	__u32 place = BOUNDED(index / 32, TABLE_SAMPLES - 1);

	samples->table.shift = index % 32;
	samples->table.buckets = samples->places[place] - bucket_offset(place);
	samples->votes = 0;
	bpf_loop(samples->count, count_vote, 0, 0);
	if (samples->votes < 3 || samples->votes * 2 <= samples->count)
		return 0;
	dentry_table = samples->table;
	return 1;
}

/* Learns the table from entries of the root directory, some of which every system has in its cache. */
static __always_inline void learn_dentry_table(struct task_struct *task)
{
	struct child_walk walk = {};
	struct lookup *l = lookup_get();

	if (!l)
		return;
	l->at.dentry = READ(&task->fs->root, dentry);
	begin_children(&walk, l->at.dentry);
	table_samples.walk = walk;
	bpf_loop(SAMPLED_CHILDREN, add_sample, 0, 0);
	bpf_loop(table_samples.count * 32, try_shift, 0, 0);
}

#endif
