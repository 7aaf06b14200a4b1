/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The map (tgid, fd) -> open file: a cache that is compared at each use with
 * the descriptor table, so that dup, fork, descriptor passing and descriptors
 * from before the start need no bookkeeping.
 *
 * An entry stays when its descriptor is closed, for the next open to fill: that
 * saves an allocation, and no program can hold an entry that is used for
 * another descriptor meanwhile. Only flush deletes entries: those of processes
 * that ended, and those not in use when there are too many (bpf/files/evict.h).
 */
#ifndef BFATRACE_OPEN_FILE_H
#define BFATRACE_OPEN_FILE_H

#include "base/emit.h"
#include "files/entry_index.h"
#include "files/path_change.h"
#include "files/scope.h"

struct long_path {
	char path[BFA_PATH_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* user space chooses: by the memory of the machine */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct open_key);
	__type(value, struct open_file);
} open_files SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* as above */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct open_key);
	__type(value, struct long_path);
} long_paths SEC(".maps");

/* Keys of entries for the next flush to look at. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, BFA_QUEUE_SIZE);
	__type(value, struct open_key);
} touched SEC(".maps");

/* Copied: the verifier of 6.1 wants keys on the stack, not from a global function's argument. */
static __always_inline struct open_file *find_entry(struct open_key *key)
{
	struct open_key copy = *key;

	return bpf_map_lookup_elem(&open_files, &copy);
}

__u32 entry_count;    /* in open_files */
__u32 touched_count;  /* keys in the queue */
__u32 queue_overflow; /* a key did not fit: the next flush visits every entry */

static __always_inline void unlock(struct open_file *e)
{
	release_lock(&e->busy);
}

/* Whether the entry belongs to the key; with its lock held, it stays so. */
static __always_inline bool is_entry_of(struct open_file *e, struct open_key *key)
{
	return e->key.tgid == key->tgid && e->key.fd == key->fd;
}

/* Takes the lock of an entry; false also if the entry is that of another key by now. */
static __always_inline bool lock(struct open_key *key, struct open_file *e)
{
	if (!take_lock(&e->busy)) {
		COUNT(lost_turns, 1);
		return false;
	}
	if (is_entry_of(e, key))
		return true;
	unlock(e);
	return false;
}

static __always_inline bool is_of(struct open_file *e, struct file *file)
{
	return file && e->known.file == (__u64)file && e->known.dentry == READ(file, f_path.dentry);
}

/* Whether the path follows the record; otherwise it is in the map long_paths. */
static __always_inline bool is_in_entry(struct known_file *k)
{
	return k->record.path_len < BFA_SHORT_PATH;
}

/* A file that loses its name gets a new version, but no count goes up. */
static __always_inline bool has_lost_name(struct known_file *k)
{
	return epochs_tell() && !(k->record.marks & BFA_MARK_UNLINKED) && is_unlinked(k->dentry);
}

/* Whether, for the quick way, the entry is that of this file and its path still holds. */
static __always_inline bool is_current(struct open_file *e, struct file *file)
{
	return is_of(e, file) && !may_have_moved_quickly(file, &e->known) && !has_lost_name(&e->known);
}

/* Copies the path to `offset` in the scratch record; returns its length. */
CHECKED_ONCE __u32 copy_path(struct open_key *key, struct known_file *k, __u32 offset)
{
	struct scratch *s = scratch_get();
	struct open_key copy;
	struct long_path *l;
	__u32 len;

	if (!s || !k || !key)
		return 0;
	copy = *key;
	len = k->record.path_len;
	offset = BOUNDED(offset, 255);
	if (len < BFA_SHORT_PATH) {
		bpf_probe_read_kernel(s->bytes + offset, BOUNDED(len, 255), k->path);
		return len;
	}
	l = bpf_map_lookup_elem(&long_paths, &copy);
	if (!l)
		return 0;
	bpf_probe_read_kernel(s->bytes + offset, BOUNDED(len, BFA_PATH_MAX - 1), l->path);
	return len;
}

/* Frees the long path of a file that is closed and reported: others need the room. */
static __always_inline void forget_long_path(struct open_key *key, struct known_file *k)
{
	struct open_key copy = *key;

	if (k->record.path_len < BFA_SHORT_PATH)
		return;
	k->record.path_len = 0;
	bpf_map_delete_elem(&long_paths, &copy);
}

/* False if there is no room. */
CHECKED_ONCE bool store_long_path(struct open_key *key, __u32 len)
{
	struct scratch *s = scratch_get();
	struct open_key copy;

	if (!s || !key)
		return false;
	copy = *key;
	/* The update copies BFA_PATH_MAX bytes: copy the path to a place that has them. */
	bpf_probe_read_kernel(s->bytes, BOUNDED(len, BFA_PATH_MAX - 1), resolved_path(s));
	if (!bpf_map_update_elem(&long_paths, &copy, s->bytes, BPF_ANY))
		return true;
	COUNT(unnamed, 1);
	return false;
}

/* Keeps what is known of the path just resolved besides its bytes. */
static __always_inline void note_path(struct known_file *k, struct scratch *s, __u32 len)
{
	k->record.path_len = len;
	/* Torn: the next use must find a difference. */
	k->seen = s->walk.torn ? 0 : s->walk.seen;
	k->epoch -= s->walk.torn;
	k->record.marks &= ~(BFA_MARK_UNLINKED | BFA_MARK_TRUNCATED);
	k->record.marks |= s->walk.marks;
	k->outside = false;
}

/*
 * Copies the path just resolved, in whole words, with bytes after it that are
 * no part of it: this needs no call.
 */
static __always_inline void store_short_path(struct known_file *k, struct scratch *s, __u32 len)
{
	const char *path = resolved_path(s);

	_Static_assert(sizeof(s->path) >= BFA_PATH_MAX + BFA_SHORT_PATH, "a copy may begin at the last byte of a path");
	for (int i = 0; i < BFA_SHORT_PATH / 8; i++)
		((__u64 *)k->path)[i] = ((__u64 *)path)[i];
	note_path(k, s, len);
}

static __always_inline void store_path(struct open_key *key, struct known_file *k, struct scratch *s, __u32 len)
{
	if (len < BFA_SHORT_PATH)
		store_short_path(k, s, len);
	else
		note_path(k, s, store_long_path(key, len) ? len : 0);
}

/* Notes that the file is outside of the places asked for: its path does not matter. */
static __always_inline void store_outside(struct open_key *key, struct known_file *k, struct place *at)
{
	forget_long_path(key, k);
	k->record.path_len = 0;
	k->record.marks &= ~(BFA_MARK_UNLINKED | BFA_MARK_TRUNCATED);
	k->seen = see_way((__u64)at->mount, (__u64)at->dentry);
	k->outside = true;
}

/* Bytes after the path in its last word are no part of it. */
static __always_inline bool same_bytes(const __u64 *kept, const __u64 *now, __u32 len)
{
	__u64 difference = 0;
	__s32 left = len;

	for (int i = 0; i < BFA_SHORT_PATH / 8; i++) {
		difference = kept[i] ^ now[i];
		if (left < 8 || difference)
			break;
		left -= 8;
	}
	if (left >= 8)
		return !difference;
	return left <= 0 || !(difference << (64 - 8 * left));
}

CHECKED_ONCE bool same_path(struct known_file *k, __u32 len)
{
	struct scratch *s = scratch_get();

	USED(len);
	if (!s || !k)
		return false;
	/* The same dentries, and none has a new name or parent. */
	if (k->seen == s->walk.seen && len == k->record.path_len)
		return true;
	if (len != k->record.path_len || len >= BFA_SHORT_PATH)
		return false;
	return same_bytes((__u64 *)k->path, (__u64 *)resolved_path(s), len);
}

static __always_inline bool wanted(struct file *file)
{
	return file_in_scope(READ(file, f_path.dentry));
}

/* Fills in the members that are the same in all records of a descriptor. */
static __always_inline void begin_record(struct bfa_record *r, struct open_key *key, struct inode *inode)
{
	r->kind = PER_CALL ? BFA_RECORD_CALL : BFA_RECORD_ACCESS;
	r->filename_len = 0;
	r->process_len = 0;
	r->call = 0;
	r->flags = 0;
	r->mode = 0;
	r->inode = READ(inode, i_ino);
	r->device = device_of(inode);
	r->marks = BFA_MARK_FILE;
	r->path_len = 0;
	r->fd = 0;
	if (!(key->fd & NAMELESS)) {
		r->marks |= BFA_MARK_FD;
		r->fd = key->fd;
	}
}

/* Fills in all that is known of a file but its path; the entry is not that of the file yet. */
static __always_inline void begin_file(struct scratch *s, struct open_key *key, struct known_file *k,
				       struct dentry *dentry)
{
	k->dentry = dentry;
	k->writable = false;
	k->outside = false;
	k->epoch = epoch_before(s);
	begin_record(&k->record, key, READ(dentry, d_inode));
	if (PER_CALL) {
		k->call.new_path_len = 0;
		k->call.new_filename_len = 0;
		k->call.unused = 0;
	}
}

/* Not inlined: the stack of all callers together is bounded. */
static __noinline int begin_description(struct open_key *key, struct known_file *k, struct place *at)
{
	struct scratch *s = scratch_get();

	if (s && key && k && at)
		begin_file(s, key, k, at->dentry);
	return 0;
}

/* Describes a file in its entry; the caller then gives the entry that file. */
CHECKED_ONCE int describe(struct open_key *key, struct known_file *k, struct place *at)
{
	struct scratch *s = scratch_get();
	__u32 len;

	if (!s || !key || !k || !at)
		return 0;
	begin_description(key, k, at);
	if (!is_below_places(at)) {
		store_outside(key, k, at);
		return 0;
	}
	len = resolve(s, at);
	if (config.only_prefixes && !s->walk.torn && !has_wanted_prefix(len))
		store_outside(key, k, at);
	else
		store_path(key, k, s, len);
	return 0;
}

static __always_inline void describe_open_file(struct known_file *k, struct open_key *key, struct file *file)
{
	struct place at = place_of(&file->f_path);

	describe(key, k, &at);
	k->file = (__u64)file;
	k->writable = !!(READ(file, f_mode) & FMODE_WRITE);
}

/*
 * Lists the entry again if it was taken out, before the descriptor table is
 * looked at: a thread that closes the descriptor after that finds it.
 */
static __always_inline void list_filled(struct open_key *key, struct open_file *e)
{
	e->idle = 0;
	if (e->listed || e->transient)
		return;
	e->listed = list_entry(key);
	if (!e->listed)
		COUNT(lost_files, 1);
}

/* Makes an empty entry for a key; one in the scratch memory in any case. */
CHECKED_ONCE int make_entry(struct open_key *key)
{
	struct scratch *s = scratch_get();
	struct open_key copy;

	if (!s || !key)
		return 0;
	copy = *key;
	__builtin_memset(&s->fresh, 0, __builtin_offsetof(struct open_file, known.path));
	s->fresh.key = copy;
	s->fresh.listed = !(copy.fd & NAMELESS);
	if (s->fresh.listed && !list_entry(&copy))
		return 0;
	if (!bpf_map_update_elem(&open_files, &copy, &s->fresh, BPF_NOEXIST))
		__sync_fetch_and_add(&entry_count, 1);
	return 0;
}

/* The entry for a key, empty if it is new; 0 if the map is full. */
static __always_inline struct open_file *find_or_make_entry(struct open_key *key)
{
	struct open_file *e = find_entry(key);

	if (e)
		return e;
	make_entry(key);
	return find_entry(key);
}

/* The entry for a key, empty if it is new; in the scratch memory if the map is full. */
static __always_inline struct open_file *entry_for(struct open_key *key)
{
	struct open_file *e = find_or_make_entry(key);
	struct scratch *s;

	if (e)
		return e;
	s = scratch_get();
	if (!s)
		return 0;
	s->fresh.transient = 1;
	return &s->fresh;
}

#endif
