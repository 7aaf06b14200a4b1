/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What user space tells in its own context, so that it need not know its
 * process id outside its namespace, nor how the kernel identifies a file system.
 */
#ifndef BFATRACE_SETUP_H
#define BFATRACE_SETUP_H

#include "files/scope.h"

static __always_inline int set_up(__u64 what, __u64 descriptor)
{
	struct task_struct *task = current_task();
	struct file *file;
	struct inode *inode;
	struct super_block *sb;
	__u8 place = 1;

	if (what == BFA_SETUP_SELF) {
		know_self(task);
		return 0;
	}
	file = file_of_fd(task, descriptor);
	inode = READ(file, f_inode);
	if (what == BFA_SETUP_FILE_SYSTEM) {
		sb = READ(inode, i_sb);
		return bpf_map_update_elem(&file_systems, &sb, &place, BPF_ANY);
	}
	return bpf_map_update_elem(&places, &inode, &place, BPF_ANY);
}

#endif
