/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Finds the dentry of a name after the call that looked the name up: it does
 * what path_lookupat and filename_parentat (fs/namei.c) did, on the dentries
 * that they left in the cache. At the exit of a call, nothing else shows which
 * directory it has changed.
 */
#ifndef BFATRACE_LOOKUP_H
#define BFATRACE_LOOKUP_H

#include "files/dentry_cache.h"

enum {
	LOOKUP_STEPS = 1 << 20,	   /* slashes, components and mounts, those of symbolic links too */
	LOOKUP_LINKS = 40,	   /* MAXSYMLINKS (include/linux/namei.h) */
	LOOKUP_MOUNT_CACHE = 4096, /* mounts found before */
	LOOKUP_MOUNTS = 1 << 17,   /* below one mount; fs.mount-max (proc_sys_fs(5)) is 100,000 */
				   /* Beyond a bound, nothing is found, rather than something wrong. */
};

struct mount_key {
	struct mount *parent;
	struct dentry *mountpoint;
};

/* Checked at each use, as open_files is: there can be many mounts below one. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, LOOKUP_MOUNT_CACHE);
	__type(key, struct mount_key);
	__type(value, struct mount *);
} known_mounts SEC(".maps");

static long count_until_slash(__u32 index, void *context)
{
	struct lookup *l = lookup_get();
	__u32 position;

	if (!l)
		return 1;
	position = l->position + index;
	if (position >= NAME_BUFFER || *name_at(l, position) == '/')
		return 1;
	l->length = index + 1;
	return 0;
}

static __noinline void measure_component(struct lookup *l)
{
	l->length = 0;
	bpf_loop(BFA_NAME_MAX + 1, count_until_slash, 0, 0);
}

static __always_inline bool is_mounted(struct dentry *dentry)
{
	__u32 flag = DCACHE_MOUNTED;

	if (bpf_core_enum_value_exists(enum dentry_flags, DCACHE_MOUNTED))
		flag = bpf_core_enum_value(enum dentry_flags, DCACHE_MOUNTED);
	return READ(dentry, d_flags) & flag;
}

struct mount_search {
	struct mount *found;
	bool complete;
	struct dentry *mountpoint;
	struct list_head *next;
	struct list_head *end;
};

static long next_mount(__u32 index, void *context)
{
	struct mount_search *search = context;
	struct mount *mount;

	search->complete = search->next == search->end;
	if (search->complete)
		return 1;
	mount = (void *)search->next - bpf_core_field_offset(struct mount, mnt_child);
	if (READ(mount, mnt_mountpoint) == search->mountpoint) {
		search->found = mount;
		search->complete = true;
		return 1;
	}
	search->next = READ(mount, mnt_child.next);
	return 0;
}

static __always_inline struct mount *search_mounts(struct lookup *l)
{
	struct mount_search search = { .mountpoint = l->at.dentry };

	search.next = READ(l->at.mount, mnt_mounts.next);
	search.end = (void *)l->at.mount + bpf_core_field_offset(struct mount, mnt_mounts);
	bpf_loop(LOOKUP_MOUNTS, next_mount, &search, 0);
	l->lost |= !search.complete;
	return search.found;
}

/* Goes down to the root of what is mounted on the place at hand; false if nothing is. */
CHECKED_ONCE bool enter_mount(void)
{
	struct lookup *l = lookup_get();
	struct mount_key key = {};
	struct mount **known, *mount;

	if (!l || !is_mounted(l->at.dentry))
		return false;
	key.parent = l->at.mount;
	key.mountpoint = l->at.dentry;
	known = bpf_map_lookup_elem(&known_mounts, &key);
	mount = known ? *known : 0;
	if (!mount || READ(mount, mnt_parent) != l->at.mount || READ(mount, mnt_mountpoint) != l->at.dentry) {
		mount = search_mounts(l);
		if (!mount)
			return false;
		bpf_map_update_elem(&known_mounts, &key, &mount, BPF_ANY);
	}
	l->at.mount = mount;
	l->at.dentry = READ(mount, mnt.mnt_root);
	return true;
}

static __always_inline bool was_moved(struct lookup *l, struct dentry *dentry)
{
	return dentry == l->moved[0] || dentry == l->moved[1];
}

static __always_inline bool is_root(struct lookup *l)
{
	return l->at.dentry == l->root.dentry && l->at.mount == l->root.mount;
}

/* One step of "..": to the parent, or from the root of a mount to the mount point, whose parent is next. */
static __always_inline void go_up(struct lookup *l)
{
	struct mount *mount = l->at.mount;
	bool at_root = l->at.dentry == READ(mount, mnt.mnt_root);

	l->lost |= was_moved(l, l->at.dentry);
	if (!at_root && !is_root(l))
		l->at.dentry = READ(l->at.dentry, d_parent);
	l->ascends = at_root && !is_root(l) && READ(mount, mnt_parent) != mount;
	l->descends = !l->ascends;
	if (!l->ascends)
		return;
	l->at.dentry = READ(mount, mnt_mountpoint);
	l->at.mount = READ(mount, mnt_parent);
}

/* Puts the target of a symbolic link before the rest of the name. False if the inode does not hold it. */
static __noinline bool expand_link(struct inode *inode)
{
	struct lookup *l = lookup_get();
	char *link = READ(inode, i_link);
	long length;
	__u32 start;

	if (!l || !link || ++l->links > LOOKUP_LINKS)
		return false;
	length = bpf_probe_read_kernel_str(l->target, sizeof(l->target), link) - 1;
	if (length <= 0 || length > l->position + l->length)
		return false;
	start = l->position + l->length - length;
	bpf_probe_read_kernel(name_at(l, start), BOUNDED(length, BFA_PATH_MAX - 1), l->target);
	l->position = start;
	if (l->target[0] == '/')
		l->at = l->root;
	return true;
}

/* The component at hand has no file: only text is known from here on. */
static __always_inline long begin_gap(struct lookup *l)
{
	l->missing = 1;
	l->gap.position = l->position;
	l->gap.length = l->length;
	l->position += l->length;
	return 0;
}

static __always_inline void note_link(struct lookup *l, bool last)
{
	if (l->link_at.dentry)
		return;
	l->link_at = l->at;
	l->link_is_last = last;
	l->link_is_named = config.only_files && is_named_file(l->child);
}

static __always_inline long follow_link(struct lookup *l, struct inode *inode, bool last)
{
	note_link(l, last);
	if (expand_link(inode))
		return 0;
	l->stuck = true;
	return 1;
}

/* The component at hand is a name; 1 ends the lookup. */
static __always_inline long enter_child(bool last)
{
	struct lookup *l = lookup_get();
	struct inode *inode;
	__u16 format;

	if (!l)
		return 1;
	find_child();
	if (!l->child && l->asked)
		return begin_gap(l);
	if (!l->child || (!last && was_moved(l, l->child)))
		return 1;
	inode = READ(l->child, d_inode);
	format = READ(inode, i_mode) & S_IFMT;
	if (format == S_IFLNK && !(last && l->rule == LOOKUP_NOFOLLOW))
		return follow_link(l, inode, last);
	if (format != S_IFDIR && !last && !l->asked)
		return 1;
	l->at.dentry = l->child;
	l->position += l->length;
	l->descends = !last || l->rule != LOOKUP_COVERED;
	return 0;
}

static __always_inline void go_up_from_gap(struct lookup *l)
{
	if (l->missing)
		l->missing--;
	else
		go_up(l);
}

/* Whether the component is "." or "..". */
static __always_inline bool is_dots(struct lookup *l, __u32 position)
{
	return l->length <= 2 && *name_at(l, position) == '.' && (l->length == 1 || *name_at(l, position + 1) == '.');
}

static long lookup_step(__u32 index, void *context)
{
	struct lookup *l = lookup_get();
	__u32 position;
	bool last;

	if (!l)
		return 1;
	if (l->ascends) {
		go_up(l);
		return 0;
	}
	if (l->descends && enter_mount())
		return 0;
	l->descends = false;
	position = l->position;
	if (position >= NAME_BUFFER) {
		l->found = l->rule != LOOKUP_ENTRY;
		return 1;
	}
	if (*name_at(l, position) == '/') {
		l->position = position + 1;
		return 0;
	}
	measure_component(l);
	last = position + l->length >= NAME_BUFFER;
	if (last && l->rule == LOOKUP_ENTRY) {
		l->found = true;
		return 1;
	}
	if (is_dots(l, position)) {
		if (l->length == 2)
			go_up_from_gap(l);
	} else if (!l->missing) {
		return enter_child(last);
	} else {
		l->missing++;
	}
	l->position = position + l->length;
	return 0;
}

static long strip_slash(__u32 index, void *context)
{
	__u32 *length = context;
	struct lookup *l = lookup_get();

	if (!l || !*length || l->target[BOUNDED(*length - 1, BFA_PATH_MAX - 1)] != '/')
		return 1;
	--*length;
	return 0;
}

/*
 * Looks up the name in l->target, of `length` bytes, from l->at. Leaves its
 * file in l->at, or with LOOKUP_ENTRY its directory, and its last component in
 * l->position and l->length. False if that cannot be known: a component is no
 * longer in the cache, a file system compares names in its own way, or the
 * target of a symbolic link is not in the inode.
 */
CHECKED_ONCE bool look_up(__u32 length, __u8 rule)
{
	struct lookup *l = lookup_get();

	if (!l)
		return false;
	l->links = 0;
	l->found = false;
	l->lost = l->hopeless;
	l->stuck = l->ascends = l->descends = false;
	l->missing = 0;
	l->link_at = (struct place){};
	l->length = 0;
	l->rule = rule;
	/* "link/" stands for the directory, whatever the call does with "link". */
	if (length > 1 && l->target[BOUNDED(length - 1, BFA_PATH_MAX - 1)] == '/') {
		bpf_loop(BFA_PATH_MAX, strip_slash, &length, 0);
		if (rule == LOOKUP_NOFOLLOW)
			l->rule = LOOKUP_FOLLOW;
	}
	if (l->target[0] == '/')
		l->at = l->root;
	l->position = NAME_BUFFER - BOUNDED(length, BFA_PATH_MAX - 1);
	bpf_probe_read_kernel(name_at(l, l->position), BOUNDED(length, BFA_PATH_MAX - 1), l->target);
	bpf_loop(LOOKUP_STEPS, lookup_step, 0, 0);
	return l->found && !l->lost;
}

#endif
