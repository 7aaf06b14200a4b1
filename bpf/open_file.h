/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The map (tgid, fd) -> open file: a cache that is verified at each use
 * against the descriptor table, so that dup, fork, descriptor passing and
 * descriptors from before the start need no bookkeeping; and the counts that
 * merge many calls into one record.
 */
#ifndef BFATRACE_OPEN_FILE_H
#define BFATRACE_OPEN_FILE_H

#include "emit.h"

struct open_key {
	__u32 tgid;
	__u32 fd;
};

struct long_path {
	char path[BFA_PATH_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BFA_OPEN_FILES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct open_key);
	__type(value, struct open_file);
} open_files SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BFA_OPEN_FILES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct open_key);
	__type(value, struct long_path);
} long_paths SEC(".maps");

/* Keys of entries with something pending, each at most once between two flushes. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, BFA_QUEUE_SIZE);
	__type(value, struct open_key);
} touched SEC(".maps");

__u32 path_epoch;     /* bumped by whatever changes the path of an open file */
__u32 highest_fd;     /* of all entries ever made */
__u32 queue_overflow; /* a key did not fit: the next flush visits every entry */

/* What was pending when it was taken; nobody else reports it. */
struct taken {
	__u32 opens;
	__u64 reads, read_bytes, writes, write_bytes;
};

static __always_inline struct taken take_pending(struct open_file *e)
{
	return (struct taken){
		.opens = __sync_lock_test_and_set(&e->opens, 0),
		.reads = __sync_lock_test_and_set(&e->reads, 0),
		.read_bytes = __sync_lock_test_and_set(&e->read_bytes, 0),
		.writes = __sync_lock_test_and_set(&e->writes, 0),
		.write_bytes = __sync_lock_test_and_set(&e->write_bytes, 0),
	};
}

static __always_inline void put_back(struct open_file *e, struct taken *t)
{
	__sync_fetch_and_add(&e->opens, t->opens);
	__sync_fetch_and_add(&e->reads, t->reads);
	__sync_fetch_and_add(&e->read_bytes, t->read_bytes);
	__sync_fetch_and_add(&e->writes, t->writes);
	__sync_fetch_and_add(&e->write_bytes, t->write_bytes);
}

static __always_inline __u32 types_of(struct open_file *e, struct taken *t, __u32 closes)
{
	__u32 types = 0;

	if (t->reads || t->read_bytes)
		types |= BFA_READ;
	if (t->writes || t->write_bytes)
		types |= BFA_WRITTEN;
	if (t->opens)
		types |= BFA_OPENED;
	if (closes)
		types |= e->writable ? BFA_CLOSED | BFA_WRITTEN : BFA_CLOSED;
	return types;
}

/*
 * Copies the entry's path behind the first `offset` bytes of the scratch
 * record; returns its length, 0 if a rename kept changing it.
 */
static __noinline __u32 copy_path(struct open_key *key, struct open_file *e, __u32 offset)
{
	struct scratch *s = scratch_get();

	if (!s || !e || !key)
		return 0;
	offset = BOUNDED(offset, 255);
	for (int i = 0; i < 8; i++) {
		__u32 version = *(volatile __u32 *)&e->path_version;
		__u32 len = e->path_len;

		if (len >= BFA_SHORT_PATH) {
			struct long_path *l = bpf_map_lookup_elem(&long_paths, key);

			if (!l)
				return 0;
			bpf_probe_read_kernel(s->bytes + offset, BOUNDED(len, BFA_PATH_MAX - 1), l->path);
		} else {
			bpf_probe_read_kernel(s->bytes + offset, BOUNDED(len, BFA_SHORT_PATH - 1), e->path);
		}
		if (!(version & 1) && version == *(volatile __u32 *)&e->path_version)
			return len;
	}
	return 0;
}

/* Who did it and what it was done to, as the entry knows them. */
static __always_inline void describe_file(struct bfa_record *r, struct open_file *e, __u32 fd)
{
	r->marks = e->marks | BFA_MARK_FILE | BFA_MARK_FD;
	r->fd = fd;
	r->inode = e->inode;
	r->device = e->device;
	r->flags = e->flags;
	r->mode = e->mode;
	r->filename_len = 0;
	r->unused = 0;
}

static __always_inline void describe_first_access(struct bfa_record *r, struct open_file *e, __u32 tgid)
{
	r->tgid = tgid;
	r->tid = e->tid;
	r->uid = e->uid;
	r->gid = e->gid;
	__builtin_memcpy(r->comm, e->comm, sizeof(r->comm));
	r->time_ns = e->time_ns;
}

/*
 * Reports what is pending, and with closes that the descriptor is closed.
 * False if the ring is full: then the counts are pending again if `keep`,
 * otherwise lost.
 */
static __noinline bool report(struct open_key *key, struct open_file *e, __u32 closes, bool keep)
{
	struct scratch *s = scratch_get();
	struct bfa_access *a;
	struct taken t;
	__u32 types;

	if (!s || !e || !key)
		return true;
	a = &s->access;
	t = take_pending(e);
	types = types_of(e, &t, closes);
	if (e->outside || !(types & config.types))
		return true;
	describe_file(&a->record, e, key->fd);
	describe_first_access(&a->record, e, key->tgid);
	a->record.kind = BFA_RECORD_ACCESS;
	a->record.call = 0;
	a->record.types = types;
	a->opens = t.opens;
	a->closes = closes;
	a->reads = t.reads;
	a->read_bytes = t.read_bytes;
	a->writes = t.writes;
	a->write_bytes = t.write_bytes;
	if (t.opens)
		a->record.marks |= BFA_MARK_OPEN;
	a->record.path_len = copy_path(key, e, sizeof(*a));
	if (emit(s, sizeof(*a) + a->record.path_len, keep ? 0 : t.opens + t.reads + t.writes + closes))
		return true;
	if (keep)
		put_back(e, &t);
	return false;
}

static __always_inline void forget(struct open_key *key, struct open_file *e)
{
	if (e->path_len >= BFA_SHORT_PATH)
		bpf_map_delete_elem(&long_paths, key);
	bpf_map_delete_elem(&open_files, key);
}

/* The descriptor is closed. Two threads may find out at once: one of them reports it. */
static __noinline int report_closed(struct open_key *key, struct open_file *e)
{
	if (!key || !e || !__sync_lock_test_and_set(&e->file, 0))
		return 0;
	if (!config.calls)
		report(key, e, 1, false);
	forget(key, e);
	return 0;
}

/* The first access since the last report: its time and caller stand for all of them. */
static __noinline int begin_window(struct open_key *key, struct open_file *e)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (!key || !e || __sync_lock_test_and_set(&e->queued, 1))
		return 0;
	e->time_ns = bpf_ktime_get_boot_ns();
	e->tid = task->pid;
	e->uid = task->cred->euid.val;
	e->gid = task->cred->egid.val;
	copy_comm(e->comm, task);
	if (!e->transient && bpf_map_push_elem(&touched, key, 0)) {
		e->queued = 0;
		queue_overflow = 1;
	}
	return 0;
}

/* Copies the path just resolved, and pads it: whole words can be compared. */
static __always_inline void store_path(struct open_key *key, struct open_file *e, struct scratch *s, __u32 len)
{
	const char *path = &s->path[BOUNDED(BFA_PATH_MAX - len, BFA_PATH_MAX - 1)];

	if (len >= BFA_SHORT_PATH) {
		/* The update copies BFA_PATH_MAX bytes: from a place that has them. */
		bpf_probe_read_kernel(s->bytes, BOUNDED(len, BFA_PATH_MAX - 1), path);
		if (bpf_map_update_elem(&long_paths, key, s->bytes, BPF_ANY))
			len = 0;
	} else {
		__builtin_memset(e->path, 0, sizeof(e->path));
		bpf_probe_read_kernel(e->path, BOUNDED(len, BFA_SHORT_PATH - 1), path);
	}
	e->path_len = len;
	e->marks = s->walk.marks;
	e->outside = config.only_under && !s->walk.inside;
}

static __always_inline bool same_path(struct open_file *e, struct scratch *s, __u32 len)
{
	const char *path = &s->path[BOUNDED(BFA_PATH_MAX - len, BFA_PATH_MAX - 1)];
	__u64 *kept = (__u64 *)e->path, *now = (__u64 *)s->bytes;

	if (len != e->path_len || len >= BFA_SHORT_PATH)
		return false;
	__builtin_memset(s->bytes, 0, BFA_SHORT_PATH);
	bpf_probe_read_kernel(s->bytes, BOUNDED(len, BFA_SHORT_PATH - 1), path);
	for (int i = 0; i < BFA_SHORT_PATH / 8; i++)
		if (kept[i] != now[i])
			return false;
	return true;
}

/*
 * Something has been renamed or mounted since the path was resolved. If that
 * changed this path, what is pending goes out under the old one first.
 */
static __noinline int refresh(struct open_key *key, struct open_file *e, struct file *file)
{
	struct scratch *s = scratch_get();
	__u32 epoch = *(volatile __u32 *)&path_epoch;
	__u32 version, len;

	if (!s || !key || !e)
		return 0;
	len = resolve(s, READ(file, f_path.mnt), READ(file, f_path.dentry));
	if (!same_path(e, s, len)) {
		if (!config.calls)
			report(key, e, 0, false);
		version = e->path_version;
		if (version & 1 || __sync_val_compare_and_swap(&e->path_version, version, version + 1) != version)
			return 0;
		store_path(key, e, s, len);
		__sync_fetch_and_add(&e->path_version, 1);
	}
	e->epoch = epoch;
	return 0;
}

/* A new entry in the scratch memory, for a file in scope; false if it is not. */
static __noinline bool describe_new(struct open_key *key, struct file *file)
{
	struct scratch *s = scratch_get();
	struct dentry *dentry = READ(file, f_path.dentry);
	struct inode *inode = READ(file, f_inode);
	struct open_file *e;
	__u32 len;

	if (!s || !key || !file_in_scope(inode, dentry))
		return false;
	e = &s->fresh;
	__builtin_memset(e, 0, __builtin_offsetof(struct open_file, path));
	e->file = (__u64)file;
	e->dentry = dentry;
	e->inode = READ(inode, i_ino);
	e->device = READ(READ(inode, i_sb), s_dev);
	e->writable = !!(READ(file, f_mode) & FMODE_WRITE);
	e->epoch = *(volatile __u32 *)&path_epoch;
	len = resolve(s, READ(file, f_path.mnt), dentry);
	store_path(key, e, s, len);
	return true;
}

static __always_inline bool is_of(struct open_file *e, struct file *file)
{
	return e->file == (__u64)file && e->dentry == READ(file, f_path.dentry);
}

/*
 * Puts the scratch entry into the map. Another thread may be first; an entry
 * that does not fit stays where it is, and is reported at once.
 */
static __always_inline struct open_file *insert(struct open_key *key, struct scratch *s, __u64 how)
{
	struct open_file *e;
	long error = bpf_map_update_elem(&open_files, key, &s->fresh, how);

	if (key->fd > highest_fd)
		highest_fd = key->fd;
	e = !error || error == -17 /* EEXIST */ ? bpf_map_lookup_elem(&open_files, key) : 0;
	if (e && is_of(e, (struct file *)s->fresh.file))
		return e;
	s->fresh.transient = 1;
	return &s->fresh;
}

/* The entry of a descriptor that is open on `file`; none if the file is not wanted. */
static __always_inline struct open_file *entry_of(struct scratch *s, struct open_key *key, struct file *file)
{
	struct open_file *e = bpf_map_lookup_elem(&open_files, key);

	if (e && is_of(e, file)) {
		if (e->epoch != path_epoch)
			refresh(key, e, file);
		return e->outside ? 0 : e;
	}
	if (e)
		report_closed(key, e);
	if (!describe_new(key, file))
		return 0;
	e = insert(key, s, BPF_NOEXIST);
	return e->outside ? 0 : e;
}

#endif
