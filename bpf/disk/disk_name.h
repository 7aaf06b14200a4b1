/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The path of an inode, of which no descriptor is at hand: from a dentry of
 * it, which the kernel keeps while it can, up to the root of a mount. What is
 * renamed has its new name so, and no memory is needed for names.
 */
#ifndef BFATRACE_DISK_NAME_H
#define BFATRACE_DISK_NAME_H

#include "disk/disk_kernel.h"
#include "files/path.h"

enum { MOUNTS_TRIED = 64 };

struct mnt_namespace *own_mount_namespace;

struct mount_search {
	struct dentry *dentry;
	struct super_block *sb;
	struct mount *mount;
	__u32 len; /* of the path, when it is found */
	bool own;  /* mounts that bfatrace sees too: one name for all, wherever it is mounted besides */
};

static __always_inline struct mount *first_mount(struct super_block *sb)
{
	if (bpf_core_field_exists(struct mount___chain, mnt_next_for_sb))
		return READ((struct super_block___chain *)sb, s_mounts);
	return (void *)READ((struct super_block___list *)sb, s_mounts.next) -
	       bpf_core_field_offset(struct mount___list, mnt_instance);
}

static __always_inline struct mount *next_mount(struct mount *mount)
{
	if (bpf_core_field_exists(struct mount___chain, mnt_next_for_sb))
		return READ((struct mount___chain *)mount, mnt_next_for_sb);
	return (void *)READ((struct mount___list *)mount, mnt_instance.next) -
	       bpf_core_field_offset(struct mount___list, mnt_instance);
}

/* The end of the chain, or the head of the list. */
static __always_inline bool is_last_mount(struct super_block *sb, struct mount *mount)
{
	if (bpf_core_field_exists(struct mount___chain, mnt_next_for_sb))
		return !mount;
	return (void *)mount + bpf_core_field_offset(struct mount___list, mnt_instance) ==
	       (void *)sb + bpf_core_field_offset(struct super_block___list, s_mounts);
}

static long try_mount(__u32 step, void *context)
{
	struct mount_search *search = context;
	struct scratch *s = scratch_get();
	struct mnt_namespace *namespace;
	struct place at;

	if (!s || is_last_mount(search->sb, search->mount))
		return 1;
	namespace = READ(search->mount, mnt_ns);
	if (namespace && (namespace == own_mount_namespace) == search->own) {
		at.mount = search->mount;
		at.dentry = search->dentry;
		search->len = resolve(s, &at);
	}
	search->mount = next_mount(search->mount);
	return search->len != 0;
}

static __noinline __u32 search_mounts(struct mount_search *search)
{
	search->len = 0;
	search->mount = first_mount(search->sb);
	bpf_loop(MOUNTS_TRIED, try_mount, search, 0);
	return search->len;
}

/* Leaves the path in the scratch memory, as resolve does; 0: the kernel does not know the name any more. */
static __always_inline __u32 path_of_inode(struct inode *inode)
{
	struct hlist_node *alias = READ(inode, i_dentry.first);
	struct mount_search search = { .own = true };
	__u32 len;

	if (!alias)
		return 0;
	search.dentry = (void *)alias - bpf_core_field_offset(struct dentry, d_u.d_alias);
	search.sb = READ(inode, i_sb);
	len = search_mounts(&search);
	if (len)
		return len;
	search.own = false;
	return search_mounts(&search);
}

#endif
