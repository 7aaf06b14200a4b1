/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a request holds: the pages of a file, or other memory. */
#ifndef BFATRACE_DISK_CONTENTS_H
#define BFATRACE_DISK_CONTENTS_H

#include "disk/disk_culprit.h"
#include "disk/disk_maker.h"

/* What the pages of a request are. */
enum contents {
	OF_NOTHING, /* memory of the kernel */
	OF_PROCESS, /* memory of a process, which may map a file, but not the file of the request */
	OF_SWAP,    /* memory of a process that is swapped in */
	OF_FILE,
	OF_NODE, /* the cache of a block device: metadata, or the device node itself */
	OF_TREE, /* metadata of btrfs */
};

/* The part of `io` about the one that hands a request over. */
struct submitter {
	__u32 tgid;
	char comm[BFA_COMM_SIZE];
};

struct io {
	struct bio *bio;
	__u32 flags;
	__u32 bytes;
	__u8 operation; /* of the kernel: OPERATION_READ... */
	__u8 contents;
	__u8 cause;
	__u8 maker;    /* enum maker */
	__u32 device;  /* the device that it is handed to, perhaps a partition */
	__u32 made_on; /* the device that the request was made for which this one stands for */
	__u32 disk;
	struct inode *host; /* of the pages */
	__u64 index;
	struct file *direct;	    /* the file of a direct access */
	struct task_struct *waiter; /* the task that waits for it */
	struct doing doing;
	struct culprit culprit;
	__u8 has_by;
	struct submitter by;
};

static __always_inline void describe_submitter(struct submitter *by, struct task_struct *task)
{
	by->tgid = seen_tgid(task);
	copy_comm(by->comm, task);
}

static __always_inline bool has_page_flag(unsigned long flags, __u64 bit)
{
	return flags & 1UL << bit;
}

#define HAS_PAGE_FLAG(flags, bit) has_page_flag(flags, bpf_core_enum_value(enum pageflags, bit))

/* The flags have always been the first word, whatever its type. */
static __always_inline unsigned long flags_of_folio(struct folio *folio)
{
	unsigned long flags = 0;

	bpf_probe_read_kernel(&flags, sizeof(flags), folio);
	return flags;
}

static __always_inline struct folio *folio_of_page(struct page *page)
{
	unsigned long head = 0;

	/* Read as a number, whose low bit shows what it is: READ makes a pointer of it. */
	bpf_core_read(&head, sizeof(head), &page->compound_head);
	return head & 1 ? (struct folio *)(head - 1) : (struct folio *)page;
}

/*
 * Whether the inode is a file: a file system may have a cache for itself, which
 * in erofs has no number and any mode.
 */
static __always_inline bool is_file(struct inode *inode)
{
	__u16 format = READ(inode, i_mode) & S_IFMT;

	return (format == S_IFREG || format == S_IFDIR || format == S_IFLNK) && READ(inode, i_ino);
}

/*
 * A page of the cache that is being read is locked, and one that is being
 * written is marked; pages that are used elsewhere are not.
 */
static __always_inline bool is_at_io(struct io *io, struct folio *folio)
{
	unsigned long flags = flags_of_folio(folio);

	return io->operation == OPERATION_READ ? HAS_PAGE_FLAG(flags, PG_locked) : HAS_PAGE_FLAG(flags, PG_writeback);
}

static __always_inline bool is_tree(struct inode *inode)
{
	return READ(inode, i_ino) == 1 && READ(READ(inode, i_sb), s_magic) == BTRFS_SUPER_MAGIC;
}

static __always_inline void find_host(struct io *io, struct folio *folio, struct address_space *mapping)
{
	struct inode *host = READ(mapping, host);
	__u8 contents = OF_NOTHING;

	/* The word at this place of a page is not always a mapping. */
	if (!host || READ(host, i_mapping) != mapping)
		return;
	if ((READ(host, i_mode) & S_IFMT) == S_IFBLK)
		contents = OF_NODE;
	else if (is_tree(host))
		contents = OF_TREE;
	else if (is_file(host))
		contents = is_on_disk(READ(host, i_sb)) && is_at_io(io, folio) ? OF_FILE : OF_PROCESS;
	io->contents = contents;
	if (contents < OF_FILE)
		return;
	io->host = host;
	io->index = READ(folio, index);
}

/*
 * Encrypted data on their way to the disk are in a page that refers to that of
 * the file (fs/crypto/crypto.c).
 */
static __always_inline void find_encrypted(struct io *io, struct folio *bounce)
{
	struct folio *folio = folio_of_page(READ(bounce, private));
	unsigned long mapping = 0;

	bpf_core_read(&mapping, sizeof(mapping), &folio->mapping);
	if (!mapping || mapping & 3)
		return;
	find_host(io, folio, (struct address_space *)mapping);
	if (io->contents != OF_FILE)
		io->contents = OF_NOTHING;
}

static __always_inline void look_at_page(struct io *io, struct bio *bio)
{
	struct bio_vec *vector = READ(bio, bi_io_vec);
	unsigned long mapping = 0, flags;
	struct folio *folio;
	struct page *page;

	if (!vector)
		return;
	vector = (void *)vector + READ(bio, bi_iter.bi_idx) * bpf_core_type_size(struct bio_vec);
	page = READ(vector, bv_page);
	if (!page)
		return;
	folio = folio_of_page(page);
	bpf_core_read(&mapping, sizeof(mapping), &folio->mapping);
	if (mapping & 3) {
		io->contents = OF_PROCESS;
		return;
	}
	if (mapping) {
		find_host(io, folio, (struct address_space *)mapping);
		return;
	}
	flags = flags_of_folio(folio);
	/*
	 * The page may be swapped out. While it is swapped in, it belongs to
	 * nobody (mm/swap_state.c, __read_swap_cache_async).
	 */
	if (HAS_PAGE_FLAG(flags, PG_swapbacked))
		io->contents = OF_SWAP;
	else if (io->operation == OPERATION_WRITE && HAS_PAGE_FLAG(flags, PG_private))
		find_encrypted(io, folio);
}

static __always_inline void find_iomap(struct io *io, struct iomap_dio *dio)
{
	if (!dio || !bpf_core_type_exists(struct iomap_dio))
		return;
	io->direct = READ(READ(dio, iocb), ki_filp);
	if (READ(dio, wait_for_completion))
		io->waiter = READ(dio, submit.waiter);
}

static __always_inline void find_node(struct io *io, struct blkdev_dio *dio)
{
	struct kiocb *iocb = READ(dio, iocb);

	if (READ(dio, flags) & DIO_IS_SYNC)
		io->waiter = (struct task_struct *)iocb;
	else
		io->direct = READ(iocb, ki_filp);
}

/* The first task that waits: only one task waits for its own request. */
static __always_inline void find_waiting(struct io *io, struct completion *completion)
{
	struct list_head *first = READ(completion, wait.task_list.next);
	struct list_head *head = (void *)completion + bpf_core_field_offset(struct completion, wait.task_list);

	if (first && first != head)
		io->waiter = READ(
			(struct swait_queue *)((void *)first - bpf_core_field_offset(struct swait_queue, task_list)),
			task);
}

/* btrfs says for which inode a request is, whatever its pages hold: compressed data have pages of their own. */
static __always_inline void find_btrfs(struct io *io, struct bio *bio)
{
	struct btrfs_bio *of_btrfs = (void *)bio - bpf_core_field_offset(struct btrfs_bio, bio);
	void *inode = READ_OF_MODULE(of_btrfs, inode);
	char name[END_NAME_SIZE];

	if (!inode)
		return;
	io->host = inode + bpf_core_field_offset(struct btrfs_inode, vfs_inode);
	io->contents = is_tree(io->host) ? OF_TREE : OF_FILE;
	io->index = READ_OF_MODULE(of_btrfs, file_offset) / disk_config.page_size;
	if (io->contents != OF_FILE)
		return;
	name_function(name, (__u64)READ_OF_MODULE(of_btrfs, end_io));
	if (IS_NAMED(name, "btrfs_dio_end_io"))
		find_iomap(io, READ_OF_MODULE(of_btrfs, private));
}

static __always_inline void find_maker_of(struct io *io, struct bio *bio)
{
	void *private = READ(bio, bi_private);

	switch (io->maker) {
	case MAKER_IOMAP:
		find_iomap(io, private);
		break;
	case MAKER_DIRECT:
		if (bpf_core_type_exists(struct dio))
			io->direct = READ(READ((struct dio *)private, iocb), ki_filp);
		break;
	case MAKER_NODE:
		find_node(io, private);
		break;
	case MAKER_NODE_ASYNC:
		find_node(io, (void *)bio - bpf_core_field_offset(struct blkdev_dio, bio));
		break;
	case MAKER_WAITING:
		find_waiting(io, private);
		break;
	case MAKER_BTRFS:
		if (bpf_core_field_exists(struct btrfs_bio, inode))
			find_btrfs(io, bio);
	}
}

static __always_inline void find_contents(struct io *io)
{
	struct bio *origin = origin_of(io->bio, &io->maker);

	io->made_on = READ(READ(origin, bi_bdev), bd_dev);
	if (!io->bytes || io->operation > OPERATION_WRITE)
		return;
	find_maker_of(io, origin);
	if (!io->host)
		look_at_page(io, io->bio);
	if (!io->contents && origin != io->bio)
		look_at_page(io, origin);
	/* Pages of a direct access are its caller's, whatever they hold. */
	if (io->direct || io->maker == MAKER_NODE) {
		io->contents = OF_PROCESS;
		io->host = 0;
	}
}

#endif
