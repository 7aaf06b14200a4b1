/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What user space passes in its own context, so that it need not know its
 * process id outside its namespace, how the kernel identifies a file system,
 * nor the time outside its time namespace.
 */
#ifndef BFATRACE_SETUP_H
#define BFATRACE_SETUP_H

#include "files/dentry_cache.h"
#include "files/path_change.h"
#include "files/scope.h"

static __always_inline int set_up_place(struct inode *inode, __u8 place)
{
	__u8 *before = bpf_map_lookup_elem(&places, &inode);

	if (before)
		place |= *before;
	return bpf_map_update_elem(&places, &inode, &place, BPF_ANY);
}

static __always_inline int set_up_name(struct inode *directory, __u64 name)
{
	struct scratch *s = scratch_get();
	__u8 value = 1;
	int result;

	if (!s)
		return -1;
	__builtin_memset(&s->named, 0, sizeof(s->named));
	s->named.directory = directory;
	if (bpf_probe_read_user_str(s->named.name, sizeof(s->named.name), (void *)name) < 0)
		return -1;
	result = bpf_map_update_elem(&named_files, &s->named, &value, BPF_ANY);
	return result ?: set_up_place(directory, BFA_PLACE_NAMES);
}

/* Puts a control group into the map cgroups, from which user space takes its path. */
static __always_inline int set_up_cgroup(__u64 node)
{
	learn_cgroup(node, id_of(node));
	return 0;
}

static __always_inline int set_up(__u64 what, __u64 argument, __u64 name)
{
	struct task_struct *task = current_task();
	struct super_block *sb;
	struct inode *inode;
	struct file *file;
	__u8 value = 1;

	/* The clock of the initial time namespace, which records carry. */
	if (what == BFA_SETUP_CLOCK)
		return (__s64)(bpf_ktime_get_boot_ns() - argument) >> BFA_CLOCK_SHIFT;
	if (what == BFA_SETUP_CLOCK_REST)
		return bpf_ktime_get_boot_ns() - argument;
	if (what == BFA_SETUP_SELF) {
		know_self(task);
		learn_dentry_table(task);
		return 0;
	}
	if (what == BFA_SETUP_RULE) {
		note_rule(argument);
		return 0;
	}
	file = file_of_fd(task, argument);
	inode = READ(file, f_inode);
	if (what == BFA_SETUP_FILE_SYSTEM) {
		sb = READ(inode, i_sb);
		return bpf_map_update_elem(&file_systems, &sb, &value, BPF_ANY);
	}
	if (what == BFA_SETUP_CGROUP)
		return set_up_cgroup(ADDRESS(inode, i_private));
	if (what == BFA_SETUP_NAME)
		return set_up_name(inode, name);
	return set_up_place(inode, what == BFA_SETUP_IGNORED_PLACE ? BFA_PLACE_IGNORED : BFA_PLACE_ONLY);
}

#endif
