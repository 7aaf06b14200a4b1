/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One request when it is handed to a block device: what it holds, why it is
 * made, and which process causes it. Later, in the queue of the device, this is
 * no longer known.
 */
#ifndef BFATRACE_DISK_IO_H
#define BFATRACE_DISK_IO_H

#include "disk/disk_cause.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct io);
} ios SEC(".maps");

/* include/uapi/asm-generic/fcntl.h, arch/arm64/include/uapi/asm/fcntl.h */
#define O_DIRECT BFA_NATIVE(040000, 0200000)

static __always_inline bool is_node(struct file *file)
{
	return (READ(READ(file, f_inode), i_mode) & S_IFMT) == S_IFBLK;
}

/* Attributes a request to the process that submits it. */
static __always_inline void blame_self(struct io *io, struct task_struct *task)
{
	become_culprit(&io->culprit, task);
	io->culprit.time_ns = 0;
}

/* Attributes a request to an earlier change, or to nobody. */
static __always_inline void blame(struct io *io, struct culprit *c)
{
	if (c && c->marks & CULPRIT_KNOWN)
		io->culprit = *c;
}

static __always_inline void blame_likely(struct io *io, struct culprit *c)
{
	blame(io, c);
	io->culprit.marks |= CULPRIT_LIKELY;
}

static __always_inline void name_file(struct io *io, struct inode *inode)
{
	if (inode)
		set_file(&io->culprit, inode);
	else
		io->culprit.inode = 0;
}

/*
 * Attributes a request of a kernel thread to the last user of a loop device, or
 * to the last process that has begun to read.
 */
static __always_inline void blame_user(struct io *io, struct inode *inode)
{
	struct inode_key key = inode_key_of(inode);
	struct culprit *user = bpf_map_lookup_elem(&backing_culprits, &key);

	blame_likely(io, user ?: bpf_map_lookup_elem(&readers, &key));
	io->culprit.time_ns = 0;
}

static __always_inline void judge_file_read(struct io *io, struct task_struct *task)
{
	if (io->doing.what == DOING_KERNEL)
		blame_user(io, io->host);
	else
		blame_self(io, task);
	io->cause = cause_of_read(io);
	name_file(io, io->host);
}

static __always_inline void judge_file_write(struct io *io, struct task_struct *task)
{
	struct inode_key key = inode_key_of(io->host);
	struct culprit *writer = bpf_map_lookup_elem(&inode_culprits, &key);

	io->cause = cause_of_write(io, task);
	if (writer) {
		blame(io, writer);
		/*
		 * A second process that writes to a page that is dirty already
		 * is not noticed within the same tick of the clock.
		 */
		if ((__s32)READ(io->host, i_writecount.counter) > 1)
			io->culprit.marks |= CULPRIT_LIKELY;
		writer->marks |= CULPRIT_WRITTEN;
		/* Metadata say where data are, and btrfs changes them for every write. */
		if (READ(READ(io->host, i_sb), s_magic) == BTRFS_SUPER_MAGIC)
			note_change_for(READ(READ(io->host, i_sb), s_dev), io->host);
	} else if (io->doing.what != DOING_KERNEL) {
		/*
		 * It was written to before the trace, or long ago: attribute it
		 * to the process that has it written out.
		 */
		blame_self(io, task);
		io->culprit.marks |= CULPRIT_LIKELY;
	}
	name_file(io, io->host);
}

static __always_inline bool is_journal(struct io *io, struct task_struct *task)
{
	return is_journal_thread(task) || (HAS_FLAG(io->flags, __REQ_META) && HAS_FLAG(io->flags, __REQ_IDLE));
}

/* Attributes a request of a kernel thread to the process that changed the file system last. */
static __always_inline void blame_changes(struct io *io, __u32 device, bool journal)
{
	struct changes *c = changes_of(device);

	if (!c)
		return;
	if (journal && c->committing.marks & CULPRIT_KNOWN)
		blame_likely(io, &c->committing);
	else if (!journal || !(c->committing.marks & CULPRIT_KNOWN))
		blame_likely(io, &c->last);
}

/* Attributes metadata of the file system with this number. */
static __always_inline void judge_metadata(struct io *io, struct task_struct *task, __u32 device)
{
	struct changes *c = changes_of(device);
	bool journal = io->operation == OPERATION_WRITE && is_journal(io, task);

	io->cause = journal ? BFA_CAUSE_JOURNAL : BFA_CAUSE_METADATA;
	if (io->doing.what == DOING_KERNEL) {
		if (io->operation == OPERATION_WRITE)
			blame_changes(io, device, journal);
		else if (io->host)
			blame_user(io, io->host);
	} else if (io->operation == OPERATION_WRITE && c && c->last.marks & CULPRIT_KNOWN && !is_same(&c->last, task)) {
		blame_likely(io, &c->last);
	} else {
		blame_self(io, task);
		/* The process has changes of others written out. */
		if (io->operation == OPERATION_WRITE && is_writing_out(&io->doing) && !(c && is_same(&c->last, task)))
			io->culprit.marks |= CULPRIT_LIKELY;
		if (io->doing.file && !is_node(io->doing.file))
			name_file(io, READ(io->doing.file, f_inode));
		else if (c && is_same(&c->last, task) && c->last.inode) {
			io->culprit.file = c->last.file;
			io->culprit.inode = c->last.inode;
			io->culprit.device = c->last.device;
		}
	}
	if (io->operation == OPERATION_WRITE && io->culprit.cause == BFA_CAUSE_ATIME)
		io->cause = BFA_CAUSE_ATIME;
}

static __always_inline void judge_node(struct io *io, struct task_struct *task)
{
	struct block_key key = { .device = READ(io->host, i_rdev), .index = io->index };
	struct file *file = io->doing.file;
	struct culprit *writer;

	if (io->operation == OPERATION_READ) {
		if (file && READ(READ(file, f_mapping), host) == io->host) {
			blame_self(io, task);
			io->cause = BFA_CAUSE_RAW;
		} else
			judge_metadata(io, task, key.device);
		if (io->culprit.cause == BFA_CAUSE_RAW)
			io->cause = BFA_CAUSE_RAW;
		return;
	}
	writer = is_journal(io, task) ? 0 : bpf_map_lookup_elem(&block_culprits, &key);
	if (!writer) {
		judge_metadata(io, task, key.device);
		return;
	}
	blame(io, writer);
	writer->marks |= CULPRIT_WRITTEN;
	io->cause = writer->cause;
	if (io->cause != BFA_CAUSE_RAW) {
		io->culprit.marks |= CULPRIT_LIKELY;
		if (io->cause != BFA_CAUSE_ATIME)
			io->cause = BFA_CAUSE_METADATA;
	}
}

/* The file of a direct access, also where the function at its end does not show it. */
static __always_inline struct file *direct_file(struct io *io)
{
	struct file *file = io->direct ?: io->doing.file;

	if (!file || io->direct)
		return file;
	if (!(READ(file, f_flags) & O_DIRECT) || READ(file, f_inode) == io->host ||
	    READ(READ(file, f_mapping), host) == io->host)
		return 0;
	return file;
}

/* A small access to a device node waits for its single request, whose pages are the caller's. */
static __always_inline bool is_raw(struct io *io, struct file *file)
{
	return io->maker == MAKER_NODE || (io->maker == MAKER_WAITING && io->contents == OF_PROCESS) ||
	       (file && is_node(file));
}

/*
 * Attributes a request that a kernel thread submits to the process that waits
 * for it; false if none is known.
 */
static __always_inline bool blame_waiter(struct io *io)
{
	/* The programs for older kernels do not follow the pointer, and a kernel thread may wait, too. */
	if (READ_BY_HELPER || !io->waiter || is_kernel_thread(UNTRUSTED(io->waiter)))
		return false;
	describe_culprit(&io->culprit, UNTRUSTED(io->waiter));
	io->culprit.time_ns = 0;
	return true;
}

/* Attributes a request that does not use the page cache; false if it does, as far as is known. */
static __always_inline bool judge_direct(struct io *io, struct task_struct *task)
{
	struct file *file = direct_file(io);
	bool raw = is_raw(io, file);

	if (!file && !raw)
		return false;
	if (io->doing.what != DOING_KERNEL)
		blame_self(io, task);
	else if (!blame_waiter(io) && file)
		blame_user(io, READ(READ(file, f_mapping), host));
	io->cause = raw ? BFA_CAUSE_RAW : BFA_CAUSE_DIRECT;
	name_file(io, raw ? 0 : READ(file, f_inode));
	return true;
}

static __always_inline void judge_swap(struct io *io, struct task_struct *task)
{
	io->cause = BFA_CAUSE_SWAP;
	if (io->doing.what == DOING_KERNEL)
		return;
	blame_self(io, task);
	/* The memory that is swapped out may be that of another process. */
	if (io->operation == OPERATION_WRITE)
		io->culprit.marks |= CULPRIT_LIKELY;
}

/* Attributes a request without data: a flush or a discard. */
static __always_inline void judge_order(struct io *io, struct task_struct *task, __u8 cause)
{
	struct file *file = io->doing.file;

	io->cause = cause;
	if (io->doing.what == DOING_KERNEL) {
		blame_changes(io, io->device, true);
		return;
	}
	blame_self(io, task);
	if (file && !is_node(file))
		name_file(io, READ(file, f_inode));
}

static __always_inline bool is_swap(struct io *io)
{
	/* Only writes have the flag. */
	return io->contents == OF_SWAP || HAS_FLAG(io->flags, __REQ_SWAP);
}

/* Whether it is metadata: its pages alone do not show it, as the journal may hold those of files. */
static __always_inline bool is_metadata(struct io *io, struct task_struct *task)
{
	return io->contents == OF_TREE ||
	       (io->contents < OF_FILE && !io->direct && (HAS_FLAG(io->flags, __REQ_META) || is_journal_thread(task)));
}

/* The kernel's own memory: data on the way to the page cache, or what a file system keeps for itself. */
static __always_inline void judge_other(struct io *io, struct task_struct *task)
{
	if (io->doing.what == DOING_KERNEL)
		return;
	if (io->operation == OPERATION_READ && find_waited_for(io)) {
		judge_file_read(io, task);
		io->culprit.marks |= CULPRIT_LIKELY;
	} else if (io->operation == OPERATION_READ && io->maker == MAKER_WAITING)
		judge_metadata(io, task, io->device);
	else
		blame_self(io, task);
}

static __always_inline __u32 volume_of(struct io *io)
{
	__u32 device = io->device, volume;

	if (io->contents != OF_TREE)
		return device;
	volume = READ(READ(io->host, i_sb), s_dev);
	bpf_map_update_elem(&volumes, &device, &volume, BPF_ANY);
	return volume;
}

/*
 * A process that is left out is known to be the only cause only if nobody else
 * has changed the file system; and blocks that are discarded may have been
 * freed long before.
 */
static __always_inline void forget_doubtful(struct io *io)
{
	__u8 marks = io->culprit.marks;

	if (marks & CULPRIT_IGNORED &&
	    (marks & CULPRIT_MIXED || (marks & CULPRIT_LIKELY && io->cause == BFA_CAUSE_DISCARD)))
		__builtin_memset(&io->culprit, 0, sizeof(io->culprit));
}

static __always_inline void judge(struct io *io, struct task_struct *task)
{
	if (io->operation == OPERATION_DISCARD || io->operation == OPERATION_ERASE)
		judge_order(io, task, BFA_CAUSE_DISCARD);
	else if (!io->bytes || io->operation == OPERATION_FLUSH)
		judge_order(io, task, BFA_CAUSE_FLUSH);
	else if (is_metadata(io, task))
		judge_metadata(io, task, volume_of(io));
	else if (is_swap(io))
		judge_swap(io, task);
	else if (io->contents != OF_NODE && judge_direct(io, task))
		return;
	else if (io->contents == OF_NODE)
		judge_node(io, task);
	else if (io->contents == OF_FILE && io->operation == OPERATION_READ)
		judge_file_read(io, task);
	else if (io->contents == OF_FILE)
		judge_file_write(io, task);
	else
		judge_other(io, task);
}

/* The submitter, if it is not the culprit; for a sync, the process that waits for it. */
static __always_inline void find_submitter(struct io *io, struct task_struct *task)
{
	__u32 tid = task->pid;
	struct requester *requester = bpf_map_lookup_elem(&syncing, &tid);

	if (requester && requester->known)
		io->by = requester->process;
	else
		describe_submitter(&io->by, task);
	io->has_by = !(io->culprit.marks & CULPRIT_KNOWN) || io->by.tgid != io->culprit.tgid;
}

/* Attributes the next requests of a loop device to this process. */
static __always_inline void note_user(struct inode *inode, struct culprit *culprit)
{
	struct inode_key key = inode_key_of(inode);
	struct culprit *known = bpf_map_lookup_elem(&backing_culprits, &key);
	struct culprit user = *culprit;

	user.time_ns = bpf_ktime_get_boot_ns();
	if (known && must_stay(known, &user)) {
		if (user.time_ns - known->time_ns < CHANGES_LAST_NS)
			return;
	}
	bpf_map_update_elem(&backing_culprits, &key, &user, BPF_ANY);
}

static __always_inline void note_loop(struct io *io, struct gendisk *disk)
{
	struct loop_device *loop;
	struct file *file;
	struct inode *inode;

	if (READ(disk, major) != LOOP_MAJOR || !(io->culprit.marks & CULPRIT_KNOWN))
		return;
	loop = READ(disk, private_data);
	file = READ_OF_MODULE(loop, lo_backing_file);
	inode = READ(READ(file, f_mapping), host);
	if (inode)
		note_user(inode, &io->culprit);
}

#endif
