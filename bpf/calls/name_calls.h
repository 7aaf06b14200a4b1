/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Calls on names: those that change directories, and those that look at a file. */
#ifndef BFATRACE_NAME_CALLS_H
#define BFATRACE_NAME_CALLS_H

#include "calls/names.h"

enum {
	AF_UNIX = 1,		/* include/linux/socket.h */
	UNIX_PATH_MAX = 108,	/* include/uapi/linux/un.h */
	SOCKETCALL_BIND = 2,	/* SYS_BIND in include/uapi/linux/net.h */
};

static __always_inline bool is_rename(__u8 id)
{
	return id == BFA_CALL_rename || id == BFA_CALL_renameat || id == BFA_CALL_renameat2 ||
	       id == BFA_CALL_io_uring_renameat;
}

/* A socket's address, if it is a file name: it may lack its NUL. */
static __always_inline bool bound_name(struct call *call, struct name *n)
{
	struct {
		__u16 family;
		char first;
	} address = {};
	__u32 packed[3];
	__u64 size;

	if (call->id == BFA_CALL_socketcall) {
		if (call->arguments[0] != SOCKETCALL_BIND ||
		    bpf_probe_read_user(packed, sizeof(packed), (void *)call->arguments[1]))
			return false;
		call->id = BFA_CALL_bind; /* what it stands for */
		call->arguments[1] = packed[1];
		call->arguments[2] = packed[2];
	}
	size = call->arguments[2];
	if (size <= sizeof(address.family) || size > sizeof(address.family) + UNIX_PATH_MAX)
		return false;
	if (bpf_probe_read_user(&address, 3, (void *)call->arguments[1]))
		return false;
	*n = (struct name){
		.string = call->arguments[1] + sizeof(address.family),
		.dfd = AT_FDCWD,
		.rule = LOOKUP_ENTRY,
		.limit = size - sizeof(address.family) + 1,
	};
	/* A name that begins with NUL is none of a file (unix(7)). */
	return address.family == AF_UNIX && address.first;
}

/* The inode that a name's directory has under it now. */
static __always_inline struct inode *entry_inode(struct lookup *l)
{
	find_child();
	return l->child ? READ(l->child, d_inode) : 0;
}

/*
 * rename(2) does nothing if both names are of the same file: then the old one
 * is still there. It can be so for a file with two links, and for two names
 * that end alike.
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

/* What a rename has moved may lie on the way of its own names. */
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

/* A call on one name. */
static __always_inline int name_done(struct call *call, struct name *n, long ret)
{
	call->types = shape_of(call)->types;
	if (PER_CALL)
		return report_names(call, n, 0, ret);
	return ret < 0 ? 0 : touch_name(n, call->types);
}

/* A call on the two names in l->names. */
static __always_inline int names_done(struct call *call, struct lookup *l, long ret)
{
	const struct call_shape *shape = shape_of(call);
	struct name *from = &l->names[0], *to = &l->names[1];

	if (ret < 0 && !PER_CALL)
		return 0;
	call->types = shape->types | shape->new_types;
	if (ret >= 0 && is_rename(call->id))
		note_moved(from, to, argument(call, shape->flags));
	if (PER_CALL)
		report_names(call, from, to, ret);
	else
		merged_names(call, from, to);
	l->moved[0] = l->moved[1] = 0;
	l->hopeless = false;
	return 0;
}

static __always_inline int name_exit(struct call *call, long ret)
{
	const struct call_shape *shape;
	struct lookup *l = lookup_get();
	struct name *n;

	if (!l)
		return 0;
	n = &l->names[0];
	if (call->kind == CALL_BIND)
		return bound_name(call, n) ? name_done(call, n, ret) : 0;
	shape = shape_of(call);
	*n = first_name(call, shape);
	if (call->kind != CALL_NAMES)
		return name_done(call, n, ret);
	l->names[1] = second_name(call, shape);
	return names_done(call, l, ret);
}

#endif
