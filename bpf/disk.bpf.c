// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The programs for block devices. Requests are looked at when they are handed
 * to a device. Processes that cause requests of kernel threads are noted
 * before, when they change files and file systems in memory.
 */
#include "disk/disk_command.h"
#include "files/setup.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tp_btf/block_bio_queue")
int BPF_PROG(block_bio_queue, struct bio *bio)
{
	return report_bio(UNTRUSTED(bio));
}

SEC("raw_tp/block_io_start")
int block_io_start(struct bpf_raw_tracepoint_args *context)
{
	struct request *request = (struct request *)context->args[0];

	return is_command(request) ? report_command(request) : 0;
}

/* Runs again when the driver tries a request again. */
SEC("raw_tp/block_rq_issue")
int block_rq_issue(struct bpf_raw_tracepoint_args *context)
{
	struct request *request = (struct request *)context->args[0];

	note_issue(request);
	return !HAS_IO_START && is_command(request) ? report_command(request) : 0;
}

SEC("raw_tp/block_rq_complete")
int block_rq_complete(struct bpf_raw_tracepoint_args *context)
{
	return end_request((struct request *)context->args[0], context->args[2]);
}

/* Runs for bios that were not part of a request. */
SEC("raw_tp/block_bio_complete")
int block_bio_complete(struct bpf_raw_tracepoint_args *context)
{
	return end_bio_itself((struct bio *)context->args[1]);
}

SEC("tp_btf/writeback_dirty_folio")
int BPF_PROG(writeback_dirty_folio, struct folio *folio, struct address_space *mapping)
{
	struct task_struct *task = current_task();
	struct inode *inode;

	if (!mapping)
		return 0;
	inode = READ(UNTRUSTED(mapping), host);
	if ((READ(inode, i_mode) & S_IFMT) == S_IFBLK)
		note_dirty_block(task, inode, READ(UNTRUSTED(folio), index));
	else if (!is_on_disk(READ(inode, i_sb)))
		return 0;
	else if (is_kernel_thread(task))
		note_dirty_backing(inode);
	else
		note_dirty_file(task, inode);
	return 0;
}

SEC("tp_btf/mm_filemap_add_to_page_cache")
int BPF_PROG(mm_filemap_add_to_page_cache, struct folio *folio)
{
	return note_added(UNTRUSTED(folio));
}

/*
 * Notes a change of an inode. A change that comes from writing data out is
 * attributed to the process that wrote the data, not to one that has them
 * written out.
 */
static __always_inline int inode_changed(struct inode *inode)
{
	struct super_block *sb = READ(inode, i_sb);
	__u32 device = READ(sb, s_dev);
	struct doing doing;

	if (!is_on_disk(sb))
		return 0;
	look_at_task(&doing);
	if (doing.what == DOING_WRITE && doing.file && READ(doing.file, f_inode) == inode)
		note_other_writer(current_task(), inode);
	if (is_writing_out(&doing) && note_change_for(device, inode))
		return 0;
	if (doing.what != DOING_KERNEL)
		note_change(current_task(), device, inode, cause_of_change(doing.what));
	return 0;
}

/* Runs when the inode itself changes: its times, its size. */
SEC("tp_btf/writeback_mark_inode_dirty")
int BPF_PROG(writeback_mark_inode_dirty, struct inode *inode, int flags)
{
	if (!(flags & ~(int)INODE_STATE(I_DIRTY_PAGES)))
		return 0;
	return inode_changed(UNTRUSTED(inode));
}

/*
 * Runs when an inode's ctime changes, since 6.13 on file systems with fine
 * times: once in a tick of the clock.
 */
SEC("raw_tp/ctime_ns_xchg")
int ctime_ns_xchg(struct bpf_raw_tracepoint_args *context)
{
	return inode_changed((struct inode *)context->args[0]);
}

/* ext4, xfs and btrfs report further changes. If one of them is a module, its tracepoints come with it. */
SEC("raw_tp/ext4_mark_inode_dirty")
int ext4_mark_inode_dirty(struct bpf_raw_tracepoint_args *context)
{
	return inode_changed((struct inode *)context->args[0]);
}

SEC("raw_tp/jbd2_start_commit")
int jbd2_start_commit(struct bpf_raw_tracepoint_args *context)
{
	struct journal_s *journal = (struct journal_s *)context->args[0];

	if (bpf_core_type_exists(struct journal_s)) {
		struct block_device *device;

		bpf_core_read(&device, sizeof(device), &journal->j_fs_dev);
		note_commit(READ(device, bd_dev));
	}
	return 0;
}

/* A global function: it is verified once, not for each item below. */
__attribute__((noinline)) int item_changed(__u64 inode)
{
	return inode_changed((struct inode *)inode);
}

/* Notes the inodes among the first items of a transaction. */
static __always_inline void transaction_inodes(struct xfs_trans *transaction)
{
	struct list_head *item = 0;

	bpf_core_read(&item, sizeof(item), &transaction->t_items.next);
	for (int i = 0; i < ITEMS_LOOKED_AT; i++) {
		struct xfs_inode_log_item *log = (void *)item - bpf_core_field_offset(struct xfs_log_item, li_trans);
		struct xfs_inode *inode = 0;
		__u32 type = 0;

		if (!item || (void *)item == (void *)transaction + bpf_core_field_offset(struct xfs_trans, t_items))
			return;
		bpf_core_read(&type, sizeof(type), &log->ili_item.li_type);
		if (type == XFS_LI_INODE) {
			bpf_core_read(&inode, sizeof(inode), &log->ili_inode);
			item_changed((__u64)inode + bpf_core_field_offset(struct xfs_inode, i_vnode));
		}
		bpf_core_read(&item, sizeof(item), &item->next);
	}
}

SEC("raw_tp/xfs_trans_commit")
int xfs_trans_commit(struct bpf_raw_tracepoint_args *context)
{
	struct xfs_trans *transaction = (struct xfs_trans *)context->args[0];

	if (bpf_core_type_exists(struct xfs_trans))
		transaction_inodes(transaction);
	return 0;
}

static __always_inline __u32 btrfs_device(struct btrfs_fs_info *info)
{
	struct super_block *sb;

	if (!bpf_core_type_exists(struct btrfs_fs_info))
		return 0;
	bpf_core_read(&sb, sizeof(sb), &info->sb);
	return READ(sb, s_dev);
}

/* Notes a change of the file that the call at hand is on, or of the file system if it is on none. */
static __always_inline void btrfs_changed(struct btrfs_fs_info *info)
{
	__u32 device = btrfs_device(info);
	struct inode *inode = 0;
	struct doing doing;

	look_at_task(&doing);
	if (is_writing_out(&doing))
		return;
	if (doing.file)
		inode = READ(doing.file, f_inode);
	if (inode && READ(READ(inode, i_sb), s_dev) != device)
		inode = 0;
	note_change(current_task(), device, inode, cause_of_change(doing.what));
}

SEC("raw_tp/btrfs_cow_block")
int btrfs_cow_block(struct bpf_raw_tracepoint_args *context)
{
	struct btrfs_root___tree *root = (struct btrfs_root___tree *)context->args[0];
	struct btrfs_fs_info *info = 0;

	if (bpf_core_type_exists(struct btrfs_root___tree)) {
		bpf_core_read(&info, sizeof(info), &root->fs_info);
		btrfs_changed(info);
	}
	return 0;
}

/*
 * Addresses of words of btrfs_space_reservation that mean no change: the words
 * are constants of the kernel, and most come with every write to a file.
 */
enum { OTHER_WORDS = 16 };
__u64 other_words[OTHER_WORDS];

/* Runs when an inode is changed in memory: the block that holds it changes when the transaction ends. */
SEC("raw_tp/btrfs_space_reservation")
int btrfs_space_reservation(struct bpf_raw_tracepoint_args *context)
{
	__u64 word = context->args[1], *other = &other_words[word >> 3 & (OTHER_WORDS - 1)];
	bool reserves = context->args[4];
	char what[8] = {};

	if (!reserves || *other == word)
		return 0;
	bpf_probe_read_kernel(what, sizeof(what), (void *)word);
	if (__builtin_memcmp(what, "delayed_", sizeof(what)))
		*other = word;
	else
		btrfs_changed((struct btrfs_fs_info *)context->args[0]);
	return 0;
}

/* Runs at the end of a btrfs transaction. */
SEC("raw_tp/btrfs_transaction_commit")
int btrfs_transaction_commit(struct bpf_raw_tracepoint_args *context)
{
	note_commit(btrfs_device((struct btrfs_fs_info *)context->args[0]));
	return 0;
}

static __always_inline bool is_sync_work(struct wb_writeback_work *work)
{
	return READ(work, reason) == bpf_core_enum_value(enum wb_reason, WB_REASON_SYNC);
}

static __always_inline void note_sync(struct wb_writeback_work *work)
{
	__u64 sb = (__u64)READ(work, sb), now = bpf_ktime_get_boot_ns();

	bpf_map_update_elem(&syncs, &sb, &now, BPF_ANY);
}

/* Runs when a process has a kernel thread write out what is dirty, and waits. */
SEC("tp_btf/writeback_queue")
int BPF_PROG(writeback_queue, void *device, struct wb_writeback_work *work)
{
	struct task_struct *task = current_task();
	struct requester requester = { .known = 1 };
	__u64 key = (__u64)work;

	if (is_kernel_thread(task) || !is_sync_work(UNTRUSTED(work)))
		return 0;
	describe_submitter(&requester.process, task);
	bpf_map_update_elem(&requested_works, &key, &requester, BPF_ANY);
	return 0;
}

SEC("tp_btf/writeback_start")
int BPF_PROG(writeback_start, void *device, struct wb_writeback_work *work)
{
	struct requester unknown = {}, *requester;
	__u32 tid = current_task()->pid;
	__u64 key = (__u64)work;

	if (!is_sync_work(UNTRUSTED(work)))
		return 0;
	note_sync(UNTRUSTED(work));
	requester = bpf_map_lookup_elem(&requested_works, &key);
	bpf_map_update_elem(&syncing, &tid, requester ?: &unknown, BPF_ANY);
	return 0;
}

SEC("tp_btf/writeback_written")
int BPF_PROG(writeback_written, void *device, struct wb_writeback_work *work)
{
	__u32 tid = current_task()->pid;

	if (!is_sync_work(UNTRUSTED(work)))
		return 0;
	note_sync(UNTRUSTED(work));
	bpf_map_delete_elem(&syncing, &tid);
	return 0;
}

/* A FUSE daemon gets a request of a process, or has answered it; both tracepoints come with the module. */
SEC("raw_tp/fuse_request_send")
int fuse_request_send(struct bpf_raw_tracepoint_args *context)
{
	return note_client((struct fuse_req *)context->args[0]);
}

SEC("raw_tp/fuse_request_end")
int fuse_request_end(struct bpf_raw_tracepoint_args *context)
{
	return forget_client((struct fuse_req *)context->args[0]);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(sched_process_exit, struct task_struct *trusted)
{
	struct task_struct *task = UNTRUSTED(trusted);

	if (config.pid_rules && !task->signal->live.counter)
		forget_rule(seen_tgid(task));
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(sched_process_fork, struct task_struct *parent, struct task_struct *child)
{
	return follow_child(UNTRUSTED(parent), UNTRUSTED(child));
}

/* Not attached: user space runs it before the others are attached. */
SEC("raw_tp/setup")
int setup(struct bpf_raw_tracepoint_args *context)
{
	begin_ns = bpf_ktime_get_boot_ns();
	own_mount_namespace = READ(READ(current_task(), nsproxy), mnt_ns);
	return set_up(context->args[0], context->args[1], context->args[2]);
}
