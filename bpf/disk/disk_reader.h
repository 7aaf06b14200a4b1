/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which process has files brought into memory: noted when a page of them is
 * added to the page cache, for pages that another thread reads then, or that
 * are read into other memory.
 */
#ifndef BFATRACE_DISK_READER_H
#define BFATRACE_DISK_READER_H

#include "disk/disk_contents.h"

/* The last page that a thread has added: locked as long as it is not read. */
struct added {
	struct folio *folio;
	struct inode *inode;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct added);
} added_pages SEC(".maps");

enum { READ_FILES = 16384 };

/* The last process that has added a page of a file, or of a device's blocks. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, READ_FILES);
	__type(key, struct inode_key);
	__type(value, struct culprit);
} readers SEC(".maps");

static __always_inline void note_reader(struct task_struct *task, struct inode *inode, bool node)
{
	struct inode_key key = inode_key_of(inode);
	struct culprit *known = bpf_map_lookup_elem(&readers, &key);
	struct culprit fresh;
	struct doing doing;

	if (known && is_same(known, task))
		return;
	become_culprit(&fresh, task);
	fresh.time_ns = 0;
	if (node) {
		look_at_task(&doing);
		fresh.cause = doing.file && READ(READ(doing.file, f_mapping), host) == inode ? BFA_CAUSE_RAW
											     : BFA_CAUSE_METADATA;
	}
	bpf_map_update_elem(&readers, &key, &fresh, BPF_ANY);
}

/*
 * A thread that reads adds all pages of a file before it submits requests for
 * them: the same inode, again and again.
 */
static __always_inline int note_added(struct folio *folio)
{
	struct task_struct *task = current_task();
	struct inode *inode = READ(READ(folio, mapping), host);
	bool node = (READ(inode, i_mode) & S_IFMT) == S_IFBLK;
	struct added *added;

	if (is_kernel_thread(task) || !(node || (is_on_disk(READ(inode, i_sb)) && is_file(inode))))
		return 0;
	if (node) {
		note_reader(task, inode, true);
		return 0;
	}
	added = bpf_task_storage_get(&added_pages, bpf_get_current_task_btf(), 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!added)
		return 0;
	added->folio = folio;
	if (added->inode == inode)
		return 0;
	added->inode = inode;
	note_reader(task, inode, false);
	return 0;
}

/*
 * Reads into memory of the file system itself, in the thread that waits for a
 * page of a file on this device: they are attributed to that file, as likely.
 */
static __always_inline bool find_waited_for(struct io *io)
{
	struct added *added = bpf_task_storage_get(&added_pages, bpf_get_current_task_btf(), 0, 0);
	struct inode *inode;

	if (!added || !added->folio)
		return false;
	inode = READ(READ(added->folio, mapping), host);
	if (inode != added->inode || !HAS_PAGE_FLAG(flags_of_folio(added->folio), PG_locked) ||
	    READ(READ(READ(inode, i_sb), s_bdev), bd_dev) != io->made_on)
		return false;
	io->host = inode;
	return true;
}

#endif
