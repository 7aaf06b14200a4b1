/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The path of an inode without a descriptor: from one of its dentries, which
 * the kernel keeps while it can, up to the root of a mount. A renamed file has
 * its new name, and names take no memory.
 */
#ifndef BFATRACE_DISK_NAME_H
#define BFATRACE_DISK_NAME_H

#include "disk/disk_kernel.h"
#include "files/path.h"

enum {
	MOUNTS_TRIED = 1024,	 /* of a file system; where more hide the file, it has no path */
	ALIASES_TRIED = 1 << 16, /* names of a file in the cache; ext4 has at most 65,000 */
};

struct mnt_namespace *own_mount_namespace;

struct mount_search {
	struct dentry *dentry;
	struct super_block *sb;
	struct mount *mount;
	__u32 len; /* of the path, when it is found */
	bool own;  /* take mounts that bfatrace sees, too: one name for all, wherever else it is mounted */
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

static __always_inline struct dentry *dentry_of_alias(struct hlist_node *alias)
{
	return (void *)alias - bpf_core_field_offset(struct dentry, d_u.d_alias);
}

/* The first name in the cache. While an inode is being freed, other things stand where its names were. */
static __always_inline struct dentry *cached_name(struct inode *inode)
{
	struct hlist_node *alias = READ(inode, i_dentry.first);
	struct dentry *dentry = alias ? dentry_of_alias(alias) : 0;

	return dentry && READ(dentry, d_inode) == inode ? dentry : 0;
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
	if (search->len)
		return 1;
	search->mount = next_mount(search->mount);
	return 0;
}

static __noinline __u32 search_mounts(struct mount_search *search)
{
	search->len = 0;
	search->mount = first_mount(search->sb);
	bpf_loop(MOUNTS_TRIED, try_mount, search, 0);
	return search->len;
}

/*
 * Leaves the path in the scratch memory, as resolve does, and in `at` its
 * place, which may be known in its file system only; 0 if the kernel does not
 * know the name any more.
 */
static __always_inline __u32 path_of_inode(struct inode *inode, struct place *at)
{
	struct mount_search search = { .own = true, .dentry = cached_name(inode) };

	if (!search.dentry)
		return 0;
	search.sb = READ(inode, i_sb);
	if (!search_mounts(&search)) {
		search.own = false;
		search_mounts(&search);
	}
	at->dentry = search.dentry;
	at->mount = search.len ? search.mount : 0;
	return search.len;
}

#endif
