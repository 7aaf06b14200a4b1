/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Calls on names: those that change directories, and those that look at a file. */
#ifndef BFATRACE_NAME_CALLS_H
#define BFATRACE_NAME_CALLS_H

#include "calls/ioctls.h"
#include "calls/name_touches.h"
#include "calls/socket_names.h"

#define TMPFS_MAGIC 0x01021994 /* tmpfs has all its entries in the cache */

static __always_inline bool is_rename(__u8 id)
{
	return id == BFA_CALL_rename || id == BFA_CALL_renameat || id == BFA_CALL_renameat2 ||
	       id == BFA_CALL_io_uring_renameat;
}

/* The inode that has the name now. */
static __always_inline struct inode *entry_inode(struct lookup *l)
{
	find_child();
	return l->child ? READ(l->child, d_inode) : 0;
}

/*
 * rename(2) does nothing if both names are those of one file: then the old name
 * is still there. It can be so for a file with two links, and for two names
 * whose last components are the same.
 */
static __noinline bool moved_nothing(struct name *from, struct name *to)
{
	struct lookup *l = lookup_get();
	struct inode *inode;
	__u32 length;

	if (!l || !find_name(to))
		return false;
	length = l->length;
	inode = entry_inode(l);
	if (!inode || !find_name(from) || (READ(inode, i_nlink) < 2 && l->length != length))
		return false;
	return inode == entry_inode(l);
}

static __noinline int merged_names(struct call *call, struct name *from, struct name *to)
{
	const struct call_shape *shape = shape_of(call);
	__u32 types = shape->types, new_types = shape->new_types;

	if (types) {
		if (moved_nothing(from, to))
			return 0;
		if (argument(call, shape->flags) & RENAME_EXCHANGE)
			types = new_types = BFA_MOVED_FROM | BFA_MOVED_TO;
		if (config.entries && share_directory(from, to))
			return touch_both(types | new_types);
		touch_name(from, types);
	}
	return touch_name(to, new_types);
}

static __always_inline struct dentry *entry_of_name(struct lookup *l, struct name *n)
{
	if (!find_name(n))
		return 0;
	find_child();
	return l->child;
}

/* A rename may have moved a directory on the way of its own names. */
static __noinline int note_moved(struct name *from, struct name *to, __u32 flags)
{
	struct lookup *l = lookup_get();
	struct dentry *moved;

	if (!l)
		return 0;
	moved = entry_of_name(l, to);
	if (flags & RENAME_EXCHANGE)
		l->moved[1] = entry_of_name(l, from);
	l->moved[0] = moved;
	l->hopeless = !moved;
	return 0;
}

/*
 * Whether a rename is about to replace a file, which cannot be seen at its
 * exit. It is not known if nobody has looked the second name up before, or if
 * the page of the string is not in memory.
 */
static __always_inline __u8 target_of(struct name *to)
{
	struct lookup *l = lookup_get();
	struct inode *directory;

	if (!l || !find_name(to))
		return TARGET_UNKNOWN;
	find_child();
	if (l->child)
		return READ(l->child, d_inode) ? TARGET_THERE : TARGET_NONE;
	directory = READ(l->at.dentry, d_inode);
	return READ(READ(directory, i_sb), s_magic) == TMPFS_MAGIC ? TARGET_NONE : TARGET_UNKNOWN;
}

static __noinline int rename_enter(struct call_start *start, struct call *call)
{
	struct lookup *l = lookup_get();

	if (!start || !l || !call)
		return 0;
	l->names[1] = second_name(call, shape_of(call));
	start->target = target_of(&l->names[1]);
	return 0;
}

/* Reports a call on one name, with these letters. */
static __always_inline int name_done(struct call *call, struct name *n, __u32 types, long ret)
{
	call->types = types;
	if (PER_CALL)
		return report_names(call, n, 0, ret);
	return ret < 0 || !types ? 0 : touch_name(n, types);
}

/* Reports a call on the two names in l->names. */
static __always_inline int names_done(struct call *call, struct lookup *l, long ret)
{
	const struct call_shape *shape = shape_of(call);
	struct name *from = &l->names[0], *to = &l->names[1];

	if (ret < 0 && !PER_CALL)
		return 0;
	call->types = shape->types | shape->new_types;
	if (ret >= 0 && is_rename(call->id))
		note_moved(from, to, argument(call, shape->flags));
	if (FOR_CHANGES && ret >= 0 && shape->types && moved_nothing(from, to))
		call->types = 0;
	else if (PER_CALL)
		report_names(call, from, to, ret);
	else
		merged_names(call, from, to);
	l->moved[0] = l->moved[1] = 0;
	l->hopeless = false;
	return 0;
}

/* mount(2): the source need not be a name, and for some flags there is none. */
static __always_inline bool is_source_name(struct call *call, struct name *source)
{
	__u64 flags = call->arguments[3];
	char first = 0;

	if (flags & (MS_REMOUNT | MS_PROPAGATION))
		return false;
	if (flags & (MS_BIND | MS_MOVE))
		return true;
	bpf_probe_read_user(&first, sizeof(first), (void *)source->string);
	return first == '/';
}

/* Calls on mounts have two names; mount(2) may have the second one only. */
static __always_inline int mount_done(struct call *call, struct lookup *l, long ret)
{
	const struct call_shape *shape = shape_of(call);

	if (!PER_CALL)
		return 0;
	call->types = 0;
	if (!shape->new_name)
		return report_names(call, &l->names[0], 0, ret);
	l->names[1] = second_name(call, shape);
	if (call->id == BFA_CALL_mount && !is_source_name(call, &l->names[0]))
		return report_names(call, &l->names[1], 0, ret);
	/* Names lead elsewhere once the root is another one. */
	l->hopeless = call->id == BFA_CALL_pivot_root;
	report_names(call, &l->names[0], &l->names[1], ret);
	l->hopeless = false;
	return 0;
}

/*
 * The letter that fanotify has for a change of one of the times
 * (fsnotify_change in include/linux/fsnotify.h); a change of both has none.
 */
static __always_inline __u32 changed_time(struct call *call)
{
	__u64 address = call->arguments[2];
	bool is_narrow = call->compat && call->id == BFA_CALL_utimensat;
	__u32 size = is_narrow ? 4 : 8; /* of a member of struct timespec: nanoseconds are the second one */
	__u32 access = 0, modification = 0;

	if (!config.times || !address)
		return 0;
	bpf_probe_read_user(&access, sizeof(access), (void *)(address + size));
	bpf_probe_read_user(&modification, sizeof(modification), (void *)(address + 3 * size));
	if ((access == UTIME_OMIT) == (modification == UTIME_OMIT))
		return 0;
	return access == UTIME_OMIT ? BFA_WRITTEN : BFA_READ;
}

static __always_inline int one_name_exit(struct call *call, struct name *n, long ret)
{
	switch (call->kind) {
	case CALL_BIND:
	case CALL_ADDRESS:
		if (!socket_name(call, n))
			return 0;
		break;
	case CALL_TIMES:
		return name_done(call, n, FOR_CHANGES ? BFA_ATTRIBUTES : changed_time(call), ret);
	case CALL_ATTRIBUTES:
		return name_done(call, n, FOR_CHANGES ? BFA_ATTRIBUTES : 0, ret);
	case CALL_LOOK:
		/*
		 * Without a name the call fails: this is a remainder of execve
		 * on arm64, which has its number as a 32-bit call.
		 */
		if (call->id == BFA_CALL_listxattr && !n->string && ret >= 0)
			return 0;
		if (call->id == BFA_CALL_fsconfig && call->arguments[1] != FSCONFIG_SET_PATH &&
		    call->arguments[1] != FSCONFIG_SET_PATH_EMPTY)
			return 0;
	}
	return name_done(call, n, shape_of(call)->types, ret);
}

static __always_inline int name_exit(struct call *call, long ret)
{
	const struct call_shape *shape = shape_of(call);
	struct lookup *l = lookup_get();

	if (!l)
		return 0;
	l->names[0] = first_name(call, shape);
	switch (call->kind) {
	case CALL_MOUNT:
		return mount_done(call, l, ret);
	case CALL_NAMES:
		l->names[1] = second_name(call, shape);
		return names_done(call, l, ret);
	}
	return one_name_exit(call, &l->names[0], ret);
}

/* An ioctl on a name in the directory that is its descriptor. */
static __always_inline int ioctl_name_exit(struct call *call, long ret)
{
	struct ioctl_request request = ioctl_request_of(call);
	struct lookup *l = lookup_get();

	if (!l || !ioctl_name(call, &request, &l->names[0]))
		return 0;
	return name_done(call, &l->names[0], request.effect == IOCTL_MAKE ? BFA_CREATED : BFA_DELETED, ret);
}

#endif
