/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One request, as it is handed to a block device by whoever submits it: what
 * it holds, why, and for whom. Later, in the queue of the device, that is
 * forgotten.
 */
#ifndef BFATRACE_DISK_IO_H
#define BFATRACE_DISK_IO_H

#include "disk/disk_culprit.h"

/* What the pages of a request belong to. */
enum contents {
	OF_NOTHING, /* no page cache: memory of a process or of the kernel */
	OF_SWAP,    /* memory of a process that comes back */
	OF_FILE,
	OF_NODE, /* the cache of a block device: metadata, or the device node itself */
	OF_TREE, /* metadata of btrfs */
};

struct io {
	struct bio *bio;
	__u32 flags;
	__u32 bytes;
	__u8 operation; /* of the kernel: OPERATION_READ... */
	__u8 contents;
	__u8 cause;
	__u32 device; /* that it is handed to, a partition perhaps */
	__u32 disk;
	struct inode *host; /* of the pages */
	__u64 index;
	struct doing doing;
	struct culprit culprit;
	__u8 has_by;
	__u32 by_tgid;
	char by_comm[BFA_COMM_SIZE];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct io);
} ios SEC(".maps");

/* Works of writeback that a process waits for, and the threads that are at them. */
struct requester {
	__u32 tgid;
	char comm[BFA_COMM_SIZE];
	__u32 known;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64); /* struct wb_writeback_work * */
	__type(value, struct requester);
} requested_works SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32); /* tid of the thread that is writing for a sync */
	__type(value, struct requester);
} syncing SEC(".maps");

static __always_inline void find_host(struct io *io, struct address_space *mapping, __u64 index)
{
	struct inode *host = READ(mapping, host);
	__u16 format;

	/* Not every word at this place of a page is a mapping. */
	if (!host || READ(host, i_mapping) != mapping)
		return;
	io->host = host;
	io->index = index;
	format = READ(host, i_mode) & S_IFMT;
	if (format == S_IFBLK)
		io->contents = OF_NODE;
	else if (READ(READ(host, i_sb), s_magic) == BTRFS_SUPER_MAGIC && READ(host, i_ino) == 1)
		io->contents = OF_TREE;
	else
		io->contents = OF_FILE;
}

/*
 * It may be swapped out, and is of nobody: that is while it is swapped in (mm/swap_state.c,
 * __read_swap_cache_async). The flags have always been the first word, of this type or that.
 */
static __always_inline bool is_swapped_in(struct folio *folio)
{
	unsigned long flags = 0;

	bpf_probe_read_kernel(&flags, sizeof(flags), folio);
	return flags & 1UL << bpf_core_enum_value(enum pageflags, PG_swapbacked);
}

static __always_inline void find_contents(struct io *io)
{
	struct bio *bio = io->bio;
	struct bio_vec *vector = READ(bio, bi_io_vec);
	struct page *page;
	struct folio *folio;
	unsigned long head = 0, mapping = 0;

	if (!io->bytes || io->operation > OPERATION_WRITE || !vector)
		return;
	vector = (void *)vector + READ(bio, bi_iter.bi_idx) * bpf_core_type_size(struct bio_vec);
	page = READ(vector, bv_page);
	if (!page)
		return;
	/* As numbers, whose low bits tell what they are: no READ, which makes pointers of them. */
	bpf_core_read(&head, sizeof(head), &page->compound_head);
	folio = head & 1 ? (struct folio *)(head - 1) : (struct folio *)page;
	bpf_core_read(&mapping, sizeof(mapping), &folio->mapping);
	if (!mapping)
		io->contents = is_swapped_in(folio) ? OF_SWAP : OF_NOTHING;
	else if (!(mapping & 3))
		find_host(io, (struct address_space *)mapping, READ(folio, index));
}

/* include/uapi/asm-generic/fcntl.h, arch/arm64/include/uapi/asm/fcntl.h */
#define O_DIRECT BFA_NATIVE(040000, 0200000)

static __always_inline bool is_node(struct file *file)
{
	return (READ(READ(file, f_inode), i_mode) & S_IFMT) == S_IFBLK;
}

static __always_inline bool is_direct_on(struct file *file, __u32 device)
{
	struct inode *inode = READ(file, f_inode);
	struct block_device *under = READ(READ(inode, i_sb), s_bdev);

	if (!(READ(file, f_flags) & O_DIRECT))
		return false;
	return is_node(file) ? READ(inode, i_rdev) == device : under && READ(under, bd_dev) == device;
}

/* An asynchronous request to a file; what it is part of is a guess, and checked by the caller. */
static __always_inline struct file *file_of_iomap(struct bio *bio)
{
	struct iomap_dio *dio;

	if (!bpf_core_type_exists(struct iomap_dio))
		return 0;
	dio = READ(bio, bi_private);
	return READ(READ(dio, iocb), ki_filp);
}

/* The same to the device itself; one that is a single bio has no pointer to it (block/fops.c). */
static __always_inline struct file *file_of_node(struct bio *bio)
{
	struct blkdev_dio *dio = READ(bio, bi_private);

	if (!dio)
		dio = (void *)bio - bpf_core_field_offset(struct blkdev_dio, bio);
	return READ(READ(dio, iocb), ki_filp);
}

/* The file of a direct access: of the call, or of an asynchronous request, if it is on this device. */
static __always_inline struct file *direct_file(struct io *io)
{
	struct file *file = io->doing.file;

	if (file)
		return READ(file, f_flags) & O_DIRECT ? file : 0;
	if (io->doing.what != DOING_REQUESTS)
		return 0;
	file = file_of_iomap(io->bio);
	if (is_direct_on(file, io->device))
		return file;
	file = file_of_node(io->bio);
	return is_direct_on(file, io->device) ? file : 0;
}

/* The process that submits it is the culprit. */
static __always_inline void blame_self(struct io *io, struct task_struct *task)
{
	become_culprit(&io->culprit, task);
	io->culprit.time_ns = 0;
}

/* What another one did before, or what cannot be told. */
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
}

static __always_inline __u8 cause_of_read(struct io *io)
{
	switch (io->doing.what) {
	case DOING_FAULT:
	case DOING_MAP:
		return BFA_CAUSE_FAULT;
	case DOING_EXEC:
		return BFA_CAUSE_EXEC;
	case DOING_AHEAD:
		return BFA_CAUSE_READAHEAD;
	case DOING_READ:
		/* Also what a call waits for is marked so; but not what is behind all that it asks for. */
		if (HAS_FLAG(io->flags, __REQ_RAHEAD) && io->doing.end &&
		    io->index * disk_config.page_size >= io->doing.end)
			return BFA_CAUSE_READAHEAD;
	}
	return BFA_CAUSE_READ;
}

static __always_inline void judge_file_read(struct io *io, struct task_struct *task)
{
	struct inode_key key = inode_key_of(io->host);

	if (io->doing.what == DOING_KERNEL)
		blame_likely(io, bpf_map_lookup_elem(&backing_culprits, &key));
	else
		blame_self(io, task);
	io->cause = cause_of_read(io);
	io->culprit.time_ns = 0;
	name_file(io, io->host);
}

static __always_inline __u8 cause_of_write(struct io *io, struct task_struct *task)
{
	__u32 tid = task->pid;

	switch (io->doing.what) {
	case DOING_KERNEL:
		return bpf_map_lookup_elem(&syncing, &tid) ? BFA_CAUSE_SYNC : BFA_CAUSE_WRITEBACK;
	case DOING_SYNC:
		return BFA_CAUSE_SYNC;
	case DOING_FSYNC:
	case DOING_WRITE: /* O_SYNC */
	case DOING_COPY:
	case DOING_REQUESTS:
		return BFA_CAUSE_FSYNC;
	}
	return BFA_CAUSE_WRITEBACK;
}

static __always_inline void judge_file_write(struct io *io, struct task_struct *task)
{
	struct inode_key key = inode_key_of(io->host);
	struct culprit *writer = bpf_map_lookup_elem(&inode_culprits, &key);

	io->cause = cause_of_write(io, task);
	if (writer) {
		blame(io, writer);
		/* A page that is dirty already, a second one writes to unnoticed within the same tick of the clock. */
		if ((__s32)READ(io->host, i_writecount.counter) > 1)
			io->culprit.marks |= CULPRIT_LIKELY;
		writer->marks |= CULPRIT_WRITTEN;
		/* Where data have gone is metadata, which btrfs changes for every write. */
		if (READ(READ(io->host, i_sb), s_magic) == BTRFS_SUPER_MAGIC)
			note_change_for(READ(READ(io->host, i_sb), s_dev), io->host);
	} else if (io->doing.what != DOING_KERNEL) {
		/* It was written to before the trace, or long ago; this one has it written out. */
		blame_self(io, task);
		io->culprit.marks |= CULPRIT_LIKELY;
	}
	name_file(io, io->host);
}

static __always_inline bool is_journal(struct io *io, struct task_struct *task)
{
	return is_journal_thread(task) || (HAS_FLAG(io->flags, __REQ_META) && HAS_FLAG(io->flags, __REQ_IDLE));
}

/* Of a kernel thread: for the last one that changed the file system. */
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

/* Metadata, of the file system with this number. */
static __always_inline void judge_metadata(struct io *io, struct task_struct *task, __u32 device)
{
	struct changes *c = changes_of(device);
	bool journal = io->operation == OPERATION_WRITE && is_journal(io, task);

	io->cause = journal ? BFA_CAUSE_JOURNAL : BFA_CAUSE_METADATA;
	if (io->doing.what == DOING_KERNEL) {
		if (io->operation == OPERATION_WRITE)
			blame_changes(io, device, journal);
	} else if (io->operation == OPERATION_WRITE && c && c->last.marks & CULPRIT_KNOWN && !is_same(&c->last, task)) {
		blame_likely(io, &c->last);
	} else {
		blame_self(io, task);
		/* It has written out what somebody has changed. */
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
		return;
	}
	writer = is_journal(io, task) ? 0 : bpf_map_lookup_elem(&block_culprits, &key);
	if (!writer) {
		judge_metadata(io, task, key.device);
		return;
	}
	blame(io, writer);
	io->cause = writer->cause;
	if (io->cause != BFA_CAUSE_RAW) {
		io->culprit.marks |= CULPRIT_LIKELY;
		if (io->cause != BFA_CAUSE_ATIME)
			io->cause = BFA_CAUSE_METADATA;
	}
}

/* Direct access; false: none that can be told. */
static __always_inline bool judge_direct(struct io *io, struct task_struct *task)
{
	struct file *file;

	if (io->doing.what == DOING_KERNEL)
		return false;
	file = direct_file(io);
	if (!file || READ(file, f_inode) == io->host || READ(READ(file, f_mapping), host) == io->host)
		return false;
	blame_self(io, task);
	io->cause = is_node(file) ? BFA_CAUSE_RAW : BFA_CAUSE_DIRECT;
	if (io->cause == BFA_CAUSE_DIRECT)
		name_file(io, READ(file, f_inode));
	return true;
}

static __always_inline void judge_swap(struct io *io, struct task_struct *task)
{
	io->cause = BFA_CAUSE_SWAP;
	if (io->doing.what == DOING_KERNEL)
		return;
	blame_self(io, task);
	/* Whose memory it is that has to make room is another question. */
	if (io->operation == OPERATION_WRITE)
		io->culprit.marks |= CULPRIT_LIKELY;
}

/* A request without data: a flush or a discard. */
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
	/* Only what is written has the flag. */
	return io->contents == OF_SWAP || HAS_FLAG(io->flags, __REQ_SWAP);
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

static __always_inline void judge(struct io *io, struct task_struct *task)
{
	if (io->operation == OPERATION_DISCARD || io->operation == OPERATION_ERASE)
		judge_order(io, task, BFA_CAUSE_DISCARD);
	else if (!io->bytes || io->operation == OPERATION_FLUSH)
		judge_order(io, task, BFA_CAUSE_FLUSH);
	else if (io->contents == OF_TREE || (io->contents < OF_FILE && HAS_FLAG(io->flags, __REQ_META)))
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
	else if (io->doing.what != DOING_KERNEL)
		blame_self(io, task);
}

/* Who submits it, if that is not the culprit; for a sync, the one that waits for it. */
static __always_inline void find_submitter(struct io *io, struct task_struct *task)
{
	__u32 tid = task->pid;
	struct requester *requester = bpf_map_lookup_elem(&syncing, &tid);

	if (requester && requester->known) {
		io->by_tgid = requester->tgid;
		__builtin_memcpy(io->by_comm, requester->comm, BFA_COMM_SIZE);
	} else {
		io->by_tgid = seen_tgid(task);
		copy_comm(io->by_comm, task);
	}
	io->has_by = !(io->culprit.marks & CULPRIT_KNOWN) || io->by_tgid != io->culprit.tgid;
}

/* What a loop device does next, it does for this culprit. */
static __always_inline void note_loop(struct io *io, struct gendisk *disk)
{
	struct loop_device *loop;
	struct file *file = 0;
	struct inode *inode;
	struct inode_key key;

	if (READ(disk, major) != LOOP_MAJOR || !bpf_core_type_exists(struct loop_device) ||
	    !(io->culprit.marks & CULPRIT_KNOWN))
		return;
	loop = READ(disk, private_data);
	/* No READ: the type may be that of a module, which bpf_rdonly_cast does not take. */
	bpf_core_read(&file, sizeof(file), &loop->lo_backing_file);
	inode = READ(READ(file, f_mapping), host);
	if (!inode)
		return;
	key = inode_key_of(inode);
	bpf_map_update_elem(&backing_culprits, &key, &io->culprit, BPF_ANY);
}

#endif
