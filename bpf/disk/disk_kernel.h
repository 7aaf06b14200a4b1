/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel's structures of block I/O; base/kernel.h explains the form. */
#ifndef BFATRACE_DISK_KERNEL_H
#define BFATRACE_DISK_KERNEL_H

#include "base/kernel.h"
#include "bfatrace_disk.h"

const volatile struct bfa_disk_config disk_config SEC(".rodata.disk");

/* Types of modules are read without READ: bpf_rdonly_cast does not take them. */
#define READ_OF_MODULE(pointer, member)                                               \
	({                                                                            \
		typeof((pointer)->member) __value = 0;                                \
		if (bpf_core_type_exists(typeof(*(pointer))))                         \
			bpf_core_read(&__value, sizeof(__value), &(pointer)->member); \
		__value;                                                              \
	})

struct gendisk {
	int major;
	int first_minor;
	char disk_name[BFA_DISK_NAME_SIZE];
	void *private_data;
} KERNEL_STRUCT;

struct block_device {
	struct gendisk *bd_disk;
	__u32 bd_dev;
	struct atomic_counter __bd_flags;
} KERNEL_STRUCT;

/* Before 6.10 (1116b9fa15c0). */
struct block_device___number {
	__u8 bd_partno;
} KERNEL_STRUCT;

struct page {
	unsigned long compound_head; /* in a tail page, the address of the head plus 1 */
} KERNEL_STRUCT;

struct folio {
	struct address_space *mapping; /* with a bit set if it is not that of a file */
	unsigned long index;	       /* in pages */
	void *private;
} KERNEL_STRUCT;

struct bio_vec {
	struct page *bv_page;
} KERNEL_STRUCT;

struct bvec_iter {
	unsigned int bi_size;
	unsigned int bi_idx;
} KERNEL_STRUCT;

struct bio {
	struct bio *bi_next;
	struct block_device *bi_bdev;
	__u32 bi_opf;
	struct bvec_iter bi_iter;
	void *bi_end_io;
	void *bi_private;
	struct bio_vec *bi_io_vec;
} KERNEL_STRUCT;

struct request_queue {
	struct gendisk *disk;
	void *queuedata;
} KERNEL_STRUCT;

struct request {
	struct request_queue *q;
	__u32 cmd_flags;
	unsigned int __data_len;
	struct bio *bio;
	__u64 start_time_ns; /* CLOCK_MONOTONIC of when it was made; 0: nobody counts it */
} KERNEL_STRUCT;

struct kiocb {
	struct file *ki_filp;
} KERNEL_STRUCT;

struct direct_submission {
	struct task_struct *waiter;
} KERNEL_STRUCT;

/* A direct access to a file (fs/iomap/direct-io.c). */
struct iomap_dio {
	struct kiocb *iocb;
	bool wait_for_completion;
	struct direct_submission submit;
} KERNEL_STRUCT;

/* A direct access to a file of an older file system (fs/direct-io.c). */
struct dio {
	struct kiocb *iocb;
} KERNEL_STRUCT;

/* A direct access to a device node (block/fops.c). */
struct blkdev_dio {
	struct kiocb *iocb; /* or the task that waits */
	unsigned int flags;
	struct bio bio;
} KERNEL_STRUCT;

enum { DIO_IS_SYNC = 2 };

struct swait_queue {
	struct task_struct *task;
	struct list_head task_list;
} KERNEL_STRUCT;

struct swait_queue_head {
	struct list_head task_list;
} KERNEL_STRUCT;

struct completion {
	struct swait_queue_head wait;
} KERNEL_STRUCT;

struct long_counter {
	__s64 counter;
} KERNEL_STRUCT;

/* The number of references to an open file, minus one, since 6.13 (90ee6ed776c0). */
struct file_ref {
	struct long_counter refcnt;
} KERNEL_STRUCT;

struct file___ref {
	struct file_ref f_ref;
} KERNEL_STRUCT;

struct file___count {
	struct long_counter f_count;
} KERNEL_STRUCT;

static __always_inline __s64 references(struct file *file)
{
	if (bpf_core_field_exists(struct file___ref, f_ref))
		return READ((struct file___ref *)file, f_ref.refcnt.counter) + 1;
	return READ((struct file___count *)file, f_count.counter);
}

struct loop_device {
	struct file *lo_backing_file;
} KERNEL_STRUCT;

struct journal_s {
	struct block_device *j_fs_dev;
} KERNEL_STRUCT;

struct xfs_mount {
	struct super_block *m_super;
} KERNEL_STRUCT;

struct xfs_trans {
	struct xfs_mount *t_mountp;
	struct list_head t_items;
} KERNEL_STRUCT;

struct xfs_log_item {
	struct list_head li_trans; /* in the t_items of its transaction */
	__u32 li_type;
} KERNEL_STRUCT;

struct xfs_inode {
	struct inode i_vnode;
} KERNEL_STRUCT;

struct xfs_inode_log_item {
	struct xfs_log_item ili_item;
	struct xfs_inode *ili_inode;
} KERNEL_STRUCT;

enum {
	XFS_LI_INODE = 0x123b, /* fs/xfs/libxfs/xfs_log_format.h */
	ITEMS_LOOKED_AT = 8,
};

struct btrfs_fs_info {
	struct super_block *sb;
} KERNEL_STRUCT;

struct btrfs_root___tree {
	struct btrfs_fs_info *fs_info;
} KERNEL_STRUCT;

/* The inode is inside since 6.3 (9ba0004bd95e). */
struct btrfs_bio {
	struct btrfs_inode *inode;
	__u64 file_offset;
	void *end_io;
	void *private;
	struct bio bio;
} KERNEL_STRUCT;

struct btrfs_io_context {
	struct bio *orig_bio;
} KERNEL_STRUCT;

struct btrfs_io_stripe {
	struct btrfs_io_context *bioc;
} KERNEL_STRUCT;

/* What device-mapper and md (drivers/md) submit, and for which bio. */
struct dm_io {
	struct bio *orig_bio;
} KERNEL_STRUCT;

struct dm_target_io {
	struct dm_io *io;
	struct bio clone;
} KERNEL_STRUCT;

struct dm_crypt_io {
	struct bio *base_bio;
} KERNEL_STRUCT;

struct r1bio {
	struct bio *master_bio;
} KERNEL_STRUCT;

struct md_io_clone {
	struct bio *orig_bio;
} KERNEL_STRUCT;

enum wb_reason {
	WB_REASON_SYNC = 2,
};

struct wb_writeback_work {
	struct super_block *sb;
	enum wb_reason reason;
} KERNEL_STRUCT;

/* The mounts of a file system have a list of their own since 6.18. */
struct mount___chain {
	struct mount *mnt_next_for_sb;
} KERNEL_STRUCT;

struct super_block___chain {
	struct mount *s_mounts;
} KERNEL_STRUCT;

struct mount___list {
	struct list_head mnt_instance;
} KERNEL_STRUCT;

struct super_block___list {
	struct list_head s_mounts;
} KERNEL_STRUCT;

/* include/linux/blk_types.h: the numbers of bits differ between kernels. */
enum req_flag_bits {
	__REQ_SYNC,
	__REQ_BACKGROUND,
	__REQ_META,
	__REQ_IDLE,
	__REQ_PREFLUSH,
	__REQ_RAHEAD,
	__REQ_SWAP,
};

/* include/linux/page-flags.h */
enum pageflags {
	PG_locked,
	PG_private,
	PG_swapbacked,
	PG_writeback,
};

#define HAS_FLAG(flags, bit) ((flags) & 1U << bpf_core_enum_value(enum req_flag_bits, bit))

enum {
	OPERATION_MASK = 0xff,
	OPERATION_READ = 0,
	OPERATION_WRITE = 1,
	OPERATION_FLUSH = 2,
	OPERATION_DISCARD = 3,
	OPERATION_ERASE = 5,
	OPERATION_COMMAND_IN = 34, /* include/linux/blk_types.h: REQ_OP_DRV_IN, REQ_OP_DRV_OUT */
	OPERATION_COMMAND_OUT = 35,
	LOOP_MAJOR = 7, /* include/uapi/linux/major.h */
};

static __always_inline bool is_command(struct request *request)
{
	__u8 operation = READ(request, cmd_flags) & OPERATION_MASK;

	return operation == OPERATION_COMMAND_IN || operation == OPERATION_COMMAND_OUT;
}

static __always_inline __u32 disk_number(struct gendisk *disk)
{
	return disk ? (__u32)READ(disk, major) << 20 | (READ(disk, first_minor) & 0xfffff) : 0;
}

/* include/linux/fs.h: the bits moved when their word became one of 32 bits, in 6.12; an enumeration since 6.18. */
enum inode_state_flags_t {
	I_SYNC = 1 << 1,
	I_DIRTY_PAGES = 1 << 5,
};

struct inode___enum {
	enum inode_state_flags_t i_state;
} KERNEL_STRUCT;

struct inode___word {
	unsigned long i_state;
} KERNEL_STRUCT;

enum {
	OLD_I_SYNC = 1 << 7,
	OLD_I_DIRTY_PAGES = 1 << 2,
};

#define INODE_STATE(flag)                                                \
	(bpf_core_enum_value_exists(enum inode_state_flags_t, flag)      \
		 ? bpf_core_enum_value(enum inode_state_flags_t, flag)   \
	 : bpf_core_field_size(struct inode___word, i_state) == 4 ? flag \
								  : OLD_##flag)

static __always_inline __u32 inode_state(struct inode *inode)
{
	if (bpf_core_field_exists(struct inode___enum, i_state))
		return READ((struct inode___enum *)inode, i_state);
	return READ((struct inode___word *)inode, i_state);
}

/* include/linux/sched.h */
#define PF_IO_WORKER 0x10
#define PF_USER_WORKER 0x4000

/* A kernel thread that works for other machines only: requests are attributed to it as to a process. */
static __always_inline bool is_nfs_server(struct task_struct *task)
{
	return task->flags & PF_KTHREAD && !__builtin_memcmp(task->comm, "nfsd", sizeof("nfsd"));
}

/* A kernel thread cannot be the culprit. */
static __always_inline bool is_kernel_thread(struct task_struct *task)
{
	return task->flags & PF_KTHREAD && !is_nfs_server(task);
}

/* Whether the file system has a device below it: pipes, sockets, memory file systems and others have none. */
static __always_inline bool is_on_disk(struct super_block *sb)
{
	return READ(sb, s_bdev) || READ(sb, s_magic) == BTRFS_SUPER_MAGIC;
}

#endif
