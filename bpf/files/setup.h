/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What user space tells in its own context, so that it need not know its
 * process id outside its namespace, nor how the kernel identifies a file system,
 * nor what time it is outside its time namespace.
 */
#ifndef BFATRACE_SETUP_H
#define BFATRACE_SETUP_H

#include "files/dentry_cache.h"
#include "files/scope.h"

static __always_inline int set_up(__u64 what, __u64 argument)
{
	struct task_struct *task = current_task();
	struct file *file;
	struct inode *inode;
	struct super_block *sb;
	__u8 place = 1;

	/* In the initial time namespace, as the times of records. */
	if (what == BFA_SETUP_CLOCK)
		return (__s64)(bpf_ktime_get_boot_ns() - argument) >> BFA_CLOCK_SHIFT;
	if (what == BFA_SETUP_CLOCK_REST)
		return bpf_ktime_get_boot_ns() - argument;
	if (what == BFA_SETUP_SELF) {
		know_self(task);
		learn_dentry_table(task);
		return 0;
	}
	file = file_of_fd(task, argument);
	inode = READ(file, f_inode);
	if (what == BFA_SETUP_FILE_SYSTEM) {
		sb = READ(inode, i_sb);
		return bpf_map_update_elem(&file_systems, &sb, &place, BPF_ANY);
	}
	return bpf_map_update_elem(&places, &inode, &place, BPF_ANY);
}

#endif
