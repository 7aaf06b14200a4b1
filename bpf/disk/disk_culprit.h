/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which process causes later writes: noted when a process changes a file in
 * memory, a block of a device or a file system, and looked up when a kernel
 * thread writes it out. The maps have a fixed size, and forget the oldest
 * first. A kernel thread is never the cause.
 */
#ifndef BFATRACE_DISK_CULPRIT_H
#define BFATRACE_DISK_CULPRIT_H

#include "disk/disk_call.h"
#include "disk/disk_client.h"

/* How long changes may take to reach the disk where no commit of a journal shows it. */
#define CHANGES_LAST_NS 60000000000ULL

struct inode_key {
	__u32 device;
	__u32 unused;
	__u64 inode;
};

struct block_key {
	__u32 device;
	__u32 unused;
	__u64 index; /* in pages */
};

enum {
	CULPRIT_FILES = 32768,
	CULPRIT_BLOCKS = 16384,
	CULPRIT_FILE_SYSTEMS = 1024,
};

/* Changes of the contents of files. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, CULPRIT_FILES);
	__type(key, struct inode_key);
	__type(value, struct culprit);
} inode_culprits SEC(".maps");

/* Changes of blocks of a device, mostly metadata. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, CULPRIT_BLOCKS);
	__type(key, struct block_key);
	__type(value, struct culprit);
} block_culprits SEC(".maps");

/* The process that changed a file system last, and the last one before its journal began to commit. */
struct changes {
	struct culprit last;
	struct culprit committing;
	__u64 others_ns; /* when a process that is not ignored has changed it, or may have */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, CULPRIT_FILE_SYSTEMS);
	__type(key, __u32);
	__type(value, struct changes);
} changes SEC(".maps");

/* File systems with a device number of their own (btrfs), by that of their disk. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, CULPRIT_FILE_SYSTEMS);
	__type(key, __u32);
	__type(value, __u32);
} volumes SEC(".maps");

/* The process that used the device last, for files behind loop devices. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, CULPRIT_FILE_SYSTEMS);
	__type(key, struct inode_key);
	__type(value, struct culprit);
} backing_culprits SEC(".maps");

static __always_inline struct inode_key inode_key_of(struct inode *inode)
{
	return (struct inode_key){ .device = device_of(inode), .inode = READ(inode, i_ino) };
}

static __always_inline void set_file(struct culprit *c, struct inode *inode)
{
	c->file = inode;
	c->inode = READ(inode, i_ino);
	c->device = device_of(inode);
}

/* An ignored process must not hide what another one has changed and what is not on the disk yet. */
static __always_inline bool must_stay(struct culprit *known, struct culprit *fresh)
{
	return fresh->marks & CULPRIT_IGNORED && known->marks & CULPRIT_KNOWN && !(known->marks & CULPRIT_IGNORED);
}

static __always_inline bool is_same(struct culprit *a, struct task_struct *task)
{
	if (!(a->marks & CULPRIT_KNOWN))
		return false;
	if (!fuse_under_way && !(task->flags & PF_KTHREAD))
		return a->tgid == seen_tgid(task);
	return is_acting(a->tgid, a->client.words[0], a->client.words[1]);
}

static __always_inline struct changes *changes_of(__u32 device)
{
	struct changes *found = bpf_map_lookup_elem(&changes, &device);
	__u32 *volume = found ? 0 : bpf_map_lookup_elem(&volumes, &device);

	if (!volume)
		return found;
	device = *volume;
	return bpf_map_lookup_elem(&changes, &device);
}

/* Its stack is large. */
static __noinline struct changes *make_changes(__u32 device)
{
	struct changes none;

	__builtin_memset(&none, 0, sizeof(none));
	/* Changes before are by processes that are not known. */
	none.others_ns = bpf_ktime_get_boot_ns();
	bpf_map_update_elem(&changes, &device, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&changes, &device);
}

static __always_inline struct changes *new_changes_of(__u32 device)
{
	return bpf_map_lookup_elem(&changes, &device) ?: make_changes(device);
}

enum { DESCRIPTORS_LOOKED_AT = 64 };

struct own_descriptors {
	struct file *file;
	__s64 count;
};

static long count_descriptor(__u32 fd, void *context)
{
	struct own_descriptors *own = context;

	own->count += file_of_fd(current_task(), fd) == own->file;
	return 0;
}

/*
 * Whether others may write to the file, too: another process has it open by the
 * same opening, or it was opened more than once. Threads that share descriptors
 * refer to the file during a call.
 */
static __noinline bool is_shared(struct task_struct *task, struct file *file)
{
	struct own_descriptors own = { .file = file };

	if ((__s32)READ(READ(file, f_inode), i_writecount.counter) > 1)
		return true;
	if (references(file) == 1)
		return false;
	own.count = task->files->count.counter > 1;
	bpf_loop(DESCRIPTORS_LOOKED_AT, count_descriptor, &own, 0);
	return references(file) > own.count;
}

/* Notes that a page of a file has become dirty in memory. */
static __always_inline void note_dirty_file(struct task_struct *task, struct inode *inode)
{
	struct inode_key key = inode_key_of(inode);
	struct culprit *known = bpf_map_lookup_elem(&inode_culprits, &key);
	struct culprit fresh;
	struct doing doing;
	bool clean;

	if (known && is_same(known, task) && !(known->marks & CULPRIT_WRITTEN))
		return;
	look_at_task(&doing);
	clean = !(inode_state(inode) & (INODE_STATE(I_DIRTY_PAGES) | INODE_STATE(I_SYNC)));
	become_culprit(&fresh, task);
	set_file(&fresh, inode);
	fresh.cause = BFA_CAUSE_WRITEBACK;
	/* Whether data of the process before are still to be written cannot be seen here. */
	if (known && !clean && (!is_same(known, task) || known->marks & CULPRIT_LIKELY))
		fresh.marks |= CULPRIT_LIKELY;
	if (known && !clean && must_stay(known, &fresh)) {
		known->marks |= CULPRIT_LIKELY;
		return;
	}
	/* Another process that writes to the same page within a tick of the clock is not noticed. */
	if (doing.what == DOING_WRITE && doing.file && is_shared(task, doing.file))
		fresh.marks |= CULPRIT_LIKELY;
	bpf_map_update_elem(&inode_culprits, &key, &fresh, BPF_ANY);
}

/*
 * Notes a process that writes to a file, perhaps to a page that is dirty
 * already: such a page causes no other event.
 */
static __always_inline void note_other_writer(struct task_struct *task, struct inode *inode)
{
	struct inode_key key = inode_key_of(inode);
	struct culprit *known = bpf_map_lookup_elem(&inode_culprits, &key);

	if (known && !is_same(known, task))
		note_dirty_file(task, inode);
}

/* Notes a change by the thread of a loop device, for the process that uses the device. */
static __always_inline void note_dirty_backing(struct inode *inode)
{
	struct inode_key key = inode_key_of(inode);
	struct culprit *user = bpf_map_lookup_elem(&backing_culprits, &key);
	struct culprit copy;

	if (!user)
		return;
	copy = *user;
	set_file(&copy, inode);
	copy.marks |= CULPRIT_LIKELY;
	copy.cause = BFA_CAUSE_WRITEBACK;
	copy.time_ns = bpf_ktime_get_boot_ns();
	bpf_map_update_elem(&inode_culprits, &key, &copy, BPF_ANY);
}

/*
 * Notes that a process has changed a file system, and which inode, if that is
 * known. A directory says more than the files that are made in it or removed.
 */
static __always_inline void note_change(struct task_struct *task, __u32 device, struct inode *inode, __u8 cause)
{
	struct changes *c = new_changes_of(device);
	struct culprit fresh;

	if (!c)
		return;
	become_culprit(&fresh, task);
	if (!(fresh.marks & CULPRIT_IGNORED)) {
		c->others_ns = fresh.time_ns;
	} else if (fresh.time_ns - c->others_ns < CHANGES_LAST_NS) {
		if (must_stay(&c->last, &fresh))
			return;
		fresh.marks |= CULPRIT_MIXED;
	}
	fresh.cause = cause;
	if (inode)
		set_file(&fresh, inode);
	if (is_same(&c->last, task) && c->last.inode) {
		struct inode *before = c->last.file;

		/* Any other change is more than looking. */
		if (c->last.cause != BFA_CAUSE_ATIME)
			fresh.cause = c->last.cause;
		if (!inode ||
		    ((READ(inode, i_mode) & S_IFMT) != S_IFDIR && (READ(before, i_mode) & S_IFMT) == S_IFDIR)) {
			fresh.file = before;
			fresh.inode = c->last.inode;
			fresh.device = c->last.device;
		}
		fresh.time_ns = c->last.time_ns;
	}
	c->last = fresh;
}

/*
 * Attributes a change that comes from writing out to the process that wrote the
 * data; false if no such process is known.
 */
static __always_inline bool note_change_for(__u32 device, struct inode *inode)
{
	struct inode_key key = inode_key_of(inode);
	struct culprit *writer =
		bpf_map_lookup_elem(&inode_culprits, &key) ?: bpf_map_lookup_elem(&backing_culprits, &key);
	struct changes *c = new_changes_of(device);

	if (!c)
		return writer;
	if (!writer || !(writer->marks & CULPRIT_IGNORED))
		c->others_ns = bpf_ktime_get_boot_ns();
	if (!writer) {
		if (c->last.marks & CULPRIT_IGNORED)
			c->last.marks |= CULPRIT_MIXED;
		return false;
	}
	if (c->last.marks & CULPRIT_KNOWN && !must_stay(writer, &c->last))
		return true;
	c->last = *writer;
	c->last.cause = BFA_CAUSE_METADATA;
	set_file(&c->last, inode);
	return true;
}

static __always_inline bool is_writing_out(struct doing *doing)
{
	return doing->what == DOING_KERNEL || doing->what == DOING_FSYNC || doing->what == DOING_SYNC;
}

/* The journal of a file system begins to write what was changed so far, or has done so. */
static __always_inline void note_commit(__u32 device)
{
	struct changes *c = changes_of(device);

	if (!c)
		return;
	c->committing = c->last;
	c->last.marks = 0;
	c->others_ns = 0;
}

static __always_inline bool is_journal_thread(struct task_struct *task)
{
	return is_kernel_thread(task) && !__builtin_memcmp(task->comm, "jbd2/", 5);
}

/*
 * Metadata that change because data are written out are attributed to the
 * process that wrote the data, not to one that has them written out.
 */
static __always_inline void blame_writer(struct culprit *fresh, struct doing *doing, struct changes *c)
{
	struct inode_key key = {};
	struct culprit *writer = 0;

	if (doing->file) {
		key = inode_key_of(READ(doing->file, f_inode));
		writer = bpf_map_lookup_elem(&inode_culprits, &key);
	}
	if (writer) {
		*fresh = *writer;
		fresh->cause = BFA_CAUSE_METADATA;
	} else if (c) {
		*fresh = c->last;
	}
}

static __always_inline void keep_block(struct block_key *key, struct culprit *fresh)
{
	struct culprit *known = bpf_map_lookup_elem(&block_culprits, key);

	if (known && !(known->marks & CULPRIT_WRITTEN) && must_stay(known, fresh))
		return;
	if (fresh->marks & CULPRIT_KNOWN)
		bpf_map_update_elem(&block_culprits, key, fresh, BPF_ANY);
	else
		bpf_map_delete_elem(&block_culprits, key);
}

/* Notes that a page of a block device has become dirty in memory. */
static __always_inline void note_dirty_block(struct task_struct *task, struct inode *node, __u64 index)
{
	struct block_key key = { .device = READ(node, i_rdev), .index = index };
	struct changes *c = changes_of(key.device);
	struct culprit fresh = {};
	struct doing doing;

	look_at_task(&doing);
	if (doing.what == DOING_KERNEL) {
		if (!c)
			return;
		fresh = is_journal_thread(task) ? c->committing : c->last;
	} else if (doing.file && READ(READ(doing.file, f_mapping), host) == node) {
		become_culprit(&fresh, task);
		fresh.cause = BFA_CAUSE_RAW;
	} else if (c && is_same(&c->last, task)) {
		fresh = c->last;
	} else if (is_writing_out(&doing)) {
		blame_writer(&fresh, &doing, c);
	} else {
		become_culprit(&fresh, task);
		fresh.cause = BFA_CAUSE_METADATA;
	}
	keep_block(&key, &fresh);
}

/* A read changes only access times; everything else is a change. */
static __always_inline __u8 cause_of_change(__u8 what)
{
	return what == DOING_READ || what == DOING_EXEC || what == DOING_MAP || what == DOING_FAULT
		       ? BFA_CAUSE_ATIME
		       : BFA_CAUSE_METADATA;
}

#endif
