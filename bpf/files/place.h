/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The places that are asked for, and whether a file is in one of them. */
#ifndef BFATRACE_PLACE_H
#define BFATRACE_PLACE_H

#include "files/path.h"

enum { ASCENT_STEPS = 1 << 20 }; /* directories and mounts above a file; a file that lies deeper is below no place */

/* Inodes of directories, and what is asked of them; user space holds them open. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BFA_PLACES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct inode *);
	__type(value, __u8); /* enum bfa_place, or-ed */
} places SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BFA_PLACES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct named_file);
	__type(value, __u8);
} named_files SEC(".maps");

static __always_inline __u8 places_at(struct dentry *dentry)
{
	struct inode *inode = READ(dentry, d_inode);
	__u8 *place = bpf_map_lookup_elem(&places, &inode);

	return place ? *place : 0;
}

static __always_inline bool is_place(struct dentry *dentry)
{
	return places_at(dentry) & BFA_PLACE_ONLY;
}

/* A name in a directory. */
struct entry {
	struct dentry *directory;
	const void *name;
	__u32 length;
};

/* Whether the entry is a file of --file. */
CHECKED_ONCE bool is_named(struct entry *entry)
{
	struct scratch *s = scratch_get();

	if (!s || !entry || !(places_at(entry->directory) & BFA_PLACE_NAMES))
		return false;
	__builtin_memset(&s->named, 0, sizeof(s->named));
	s->named.directory = READ(entry->directory, d_inode);
	bpf_probe_read_kernel(s->named.name, BOUNDED(entry->length, BFA_NAME_MAX), entry->name);
	return bpf_map_lookup_elem(&named_files, &s->named);
}

/* Not inlined: the stack of all callers together is bounded. */
static __noinline bool is_named_file(struct dentry *dentry)
{
	struct entry entry = {
		.directory = READ(dentry, d_parent),
		.name = READ(dentry, d_name.name),
		.length = READ(dentry, d_name.len),
	};

	return is_named(&entry);
}

/* How far the way up from a file has come. */
struct ascent {
	struct dentry *dentry;
	struct mount *mount;
	__u32 found; /* enum bfa_place, of all that was passed */
};

static __always_inline bool is_decided(struct ascent *c)
{
	return c->found & BFA_PLACE_IGNORED || (c->found & BFA_PLACE_ONLY && !config.ignore_under);
}

static long ascend_step(__u32 step, void *context)
{
	struct ascent *c = context;
	struct dentry *dentry = c->dentry, *parent = READ(dentry, d_parent);
	struct mount *mount = c->mount, *above;

	c->found |= places_at(dentry);
	if (is_decided(c))
		return 1;
	if (parent != dentry) {
		c->dentry = parent;
		return 0;
	}
	above = READ(mount, mnt_parent);
	if (above == mount)
		return 1;
	c->dentry = READ(mount, mnt_mountpoint);
	c->mount = above;
	return 0;
}

/*
 * The places that a file is below, enum bfa_place or-ed. A directory has below
 * it what is below it in its file system, whatever part of that a bind mount
 * shows, and what is below it by way of mount points: so the way leads up to
 * the root of the file system, past the root of the mount, and on from the
 * mount point.
 */
CHECKED_ONCE __u32 places_above(struct place *at)
{
	struct ascent c = {};

	if (!at)
		return 0;
	c.dentry = at->dentry;
	c.mount = at->mount;
	/* The first one is the file itself. */
	bpf_loop(ASCENT_STEPS + 1, ascend_step, &c, 0);
	return c.found;
}

/* Whether a file is in the places of --under, and in none of --ignore-under. */
static __always_inline bool is_below_places(struct place *at)
{
	__u32 found;

	if (!config.only_under && !config.ignore_under)
		return true;
	found = places_above(at);
	return !(found & BFA_PLACE_IGNORED) && (!config.only_under || found & BFA_PLACE_ONLY);
}

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, BFA_PREFIXES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct bfa_prefix);
	__type(value, __u8);
} prefixes SEC(".maps");

/* Whether the path that resolve has left begins like a pattern of --path. */
CHECKED_ONCE bool has_wanted_prefix(__u32 length)
{
	struct scratch *s = scratch_get();
	struct bfa_prefix *key;

	USED(length);
	if (!config.only_prefixes)
		return true;
	if (!s || !length || s->walk.marks & BFA_MARK_TRUNCATED)
		return false;
	if (length > BFA_PREFIX_BYTES - 1)
		length = BFA_PREFIX_BYTES - 1;
	key = &s->prefix;
	__builtin_memset(key->bytes, 0, sizeof(key->bytes));
	bpf_probe_read_kernel(key->bytes, BOUNDED(length, BFA_PREFIX_BYTES - 1), resolved_path(s));
	/* A path below a directory begins with the directory and a slash. */
	key->bytes[BOUNDED(length, BFA_PREFIX_BYTES - 1)] = '/';
	key->bits = (length + 1) * 8;
	return bpf_map_lookup_elem(&prefixes, key);
}

#endif
