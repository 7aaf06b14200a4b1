/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where calls other than open, read, write and close have their arguments, and what they do. */
#ifndef BFATRACE_CALL_SHAPES_H
#define BFATRACE_CALL_SHAPES_H

#include "base/syscalls.h"

/* Which file a name stands for. */
enum lookup_rule {
	LOOKUP_FOLLOW,		  /* a symbolic link stands for its target */
	LOOKUP_NOFOLLOW,	  /* a symbolic link stands for itself */
	LOOKUP_FOLLOW_UNLESS_AT,  /* for its target, without AT_SYMLINK_NOFOLLOW */
	LOOKUP_FOLLOW_IF_AT,	  /* for itself, without AT_SYMLINK_FOLLOW */
	LOOKUP_FOLLOW_UNLESS_IN,  /* for its target, without IN_DONT_FOLLOW in the third argument */
	LOOKUP_FOLLOW_UNLESS_FAN, /* for its target, without FAN_MARK_DONT_FOLLOW */
	LOOKUP_ENTRY,		  /* the name itself, whose entry the call makes or removes */
	LOOKUP_COVERED,		  /* a directory or file below the mount that the call has made on it */
	LOOKUP_WORKING_DIRECTORY, /* the working directory after the call: the name may mean another one now */
	LOOKUP_ROOT,		  /* the root directory after the call: the name may mean another one now */
};

/* Arguments are counted from 1; 0: the call has none. */
struct call_shape {
	__u8 fd; /* a descriptor, or where the name is looked up */
	__u8 name;
	__u8 new_fd;
	__u8 new_name;
	__u8 flags;
	__u8 mode;
	__u8 size;
	__u8 offset;
	/* For a 32-bit task, where it passes the argument in two halves, or after such a one. */
	__u8 wide_size;
	__u8 wide_offset;
	__u8 wide_flags; /* one word, after a wide argument */
	__u8 wide_fd;
	__u8 wide_name;
	__u8 rule; /* enum lookup_rule, of the first name */
	__u8 new_rule;
	__u16 types; /* enum bfa_type, of the file, or of the name's directory */
	__u16 new_types;
};

/* The enumerator serves the check that every call has a shape. */
#define SHAPE(call, ...) [BFA_CALL_##call + 0 * sizeof(enum { HAS_SHAPE_##call })] = { __VA_ARGS__ }
/* A call whose kind alone tells where its arguments are. */
#define BY_KIND(call) SHAPE(call, )
/* A call that looks at one name, without a descriptor and with one. */
#define LOOK(call, rule_, ...) SHAPE(call, .name = 1, .rule = LOOKUP_##rule_, __VA_ARGS__)
#define LOOK_AT(call, rule_, ...) SHAPE(call, .fd = 1, .name = 2, .rule = LOOKUP_##rule_, __VA_ARGS__)

static const struct call_shape call_shapes[256] = {
	BY_KIND(open),
	BY_KIND(openat),
	BY_KIND(openat2),
	BY_KIND(creat),
	BY_KIND(open_by_handle_at),
	BY_KIND(read),
	BY_KIND(pread64),
	BY_KIND(readv),
	BY_KIND(preadv),
	BY_KIND(preadv2),
	BY_KIND(getdents),
	BY_KIND(getdents64),
	BY_KIND(write),
	BY_KIND(pwrite64),
	BY_KIND(writev),
	BY_KIND(pwritev),
	BY_KIND(pwritev2),
	BY_KIND(close),
	BY_KIND(close_range),
	BY_KIND(dup2),
	BY_KIND(dup3),
	BY_KIND(sync),
	BY_KIND(socketcall),
	BY_KIND(io_submit),
	BY_KIND(io_getevents),
	BY_KIND(io_pgetevents),
	BY_KIND(io_pgetevents_time64),
	BY_KIND(io_uring_close),
	BY_KIND(aio_fsync),
	BY_KIND(aio_fdsync),

	SHAPE(ftruncate, .fd = 1, .size = 2, .types = BFA_WRITTEN),
	SHAPE(ftruncate64, .fd = 1, .wide_size = 2 + COMPAT_PAIRS_ARE_EVEN, .types = BFA_WRITTEN),
	SHAPE(fallocate, .fd = 1, .mode = 2, .offset = 3, .size = 4, .wide_offset = 3, .wide_size = 5,
	      .types = BFA_WRITTEN),
	SHAPE(fsync, .fd = 1),
	SHAPE(fdatasync, .fd = 1),
	SHAPE(syncfs, .fd = 1),
	SHAPE(sync_file_range, .fd = 1, .offset = 2, .size = 3, .flags = 4, .wide_offset = 2, .wide_size = 4,
	      .wide_flags = 6),
	SHAPE(arm_sync_file_range, .fd = 1, .flags = 2, .wide_offset = 3, .wide_size = 5),
	SHAPE(msync, .size = 2, .flags = 3),
	SHAPE(madvise, .size = 2, .types = BFA_WRITTEN),
	SHAPE(mmap, .size = 2, .mode = 3, .flags = 4, .fd = 5, .offset = 6, .types = BFA_MAPPED),
	SHAPE(mmap2, .size = 2, .mode = 3, .flags = 4, .fd = 5, .offset = 6, .types = BFA_MAPPED),

	SHAPE(sendfile, .new_fd = 1, .fd = 2, .size = 4),
	SHAPE(sendfile64, .new_fd = 1, .fd = 2, .size = 4),
	SHAPE(splice, .fd = 1, .new_fd = 3, .size = 5, .flags = 6),
	SHAPE(tee, .fd = 1, .new_fd = 2, .size = 3, .flags = 4),
	SHAPE(vmsplice, .fd = 1, .flags = 4),
	SHAPE(copy_file_range, .fd = 1, .new_fd = 3, .size = 5, .flags = 6),
	SHAPE(ioctl, .new_fd = 1),

	SHAPE(io_uring_openat, .flags = 3, .mode = 4),
	SHAPE(io_uring_openat2, .flags = 3, .mode = 4),
	SHAPE(io_uring_read, .size = 1, .offset = 2),
	SHAPE(io_uring_readv, .size = 1, .offset = 2),
	SHAPE(io_uring_read_fixed, .size = 1, .offset = 2),
	SHAPE(io_uring_readv_fixed, .size = 1, .offset = 2),
	SHAPE(io_uring_read_multishot, .offset = 2),
	SHAPE(io_uring_write, .size = 1, .offset = 2),
	SHAPE(io_uring_writev, .size = 1, .offset = 2),
	SHAPE(io_uring_write_fixed, .size = 1, .offset = 2),
	SHAPE(io_uring_writev_fixed, .size = 1, .offset = 2),
	SHAPE(io_uring_splice, .size = 1),
	SHAPE(io_uring_tee, .size = 1),
	SHAPE(io_uring_fsync, ),
	SHAPE(io_uring_sync_file_range, .size = 1, .offset = 2, .flags = 3),
	SHAPE(io_uring_fallocate, .size = 1, .offset = 2, .mode = 4),
	SHAPE(io_uring_ftruncate, .size = 1),
	SHAPE(io_uring_statx, .flags = 1, .rule = LOOKUP_FOLLOW_UNLESS_AT),
	SHAPE(io_uring_unlinkat, .flags = 1, .rule = LOOKUP_ENTRY, .types = BFA_DELETED),
	SHAPE(io_uring_mkdirat, .mode = 1, .rule = LOOKUP_ENTRY, .types = BFA_CREATED),
	SHAPE(io_uring_symlinkat, .rule = LOOKUP_ENTRY, .types = BFA_CREATED),
	SHAPE(io_uring_renameat, .flags = 1, .rule = LOOKUP_ENTRY, .types = BFA_MOVED_FROM, .new_types = BFA_MOVED_TO),
	SHAPE(io_uring_linkat, .flags = 1, .rule = LOOKUP_FOLLOW_IF_AT, .new_types = BFA_CREATED),
	SHAPE(io_uring_bind, .rule = LOOKUP_ENTRY, .types = BFA_CREATED),
	SHAPE(io_uring_connect, ),
	SHAPE(io_uring_setxattr, .size = 1, .flags = 2, .rule = LOOKUP_FOLLOW),
	SHAPE(io_uring_fsetxattr, .size = 1, .flags = 2),
	SHAPE(io_uring_getxattr, .size = 1, .rule = LOOKUP_FOLLOW),
	SHAPE(io_uring_fgetxattr, .size = 1),

	SHAPE(aio_pread, .size = 1, .offset = 2),
	SHAPE(aio_pwrite, .size = 1, .offset = 2),
	SHAPE(aio_preadv, .size = 1, .offset = 2),
	SHAPE(aio_pwritev, .size = 1, .offset = 2),

	SHAPE(execve, .name = 1, .types = BFA_READ | BFA_OPENED),
	SHAPE(execveat, .fd = 1, .name = 2, .flags = 5, .types = BFA_READ | BFA_OPENED),

	SHAPE(mkdir, .name = 1, .mode = 2, .rule = LOOKUP_ENTRY, .types = BFA_CREATED),
	SHAPE(mkdirat, .fd = 1, .name = 2, .mode = 3, .rule = LOOKUP_ENTRY, .types = BFA_CREATED),
	SHAPE(mknod, .name = 1, .mode = 2, .rule = LOOKUP_ENTRY, .types = BFA_CREATED),
	SHAPE(mknodat, .fd = 1, .name = 2, .mode = 3, .rule = LOOKUP_ENTRY, .types = BFA_CREATED),
	SHAPE(symlink, .name = 2, .rule = LOOKUP_ENTRY, .types = BFA_CREATED),
	SHAPE(symlinkat, .fd = 2, .name = 3, .rule = LOOKUP_ENTRY, .types = BFA_CREATED),
	SHAPE(unlink, .name = 1, .rule = LOOKUP_ENTRY, .types = BFA_DELETED),
	SHAPE(unlinkat, .fd = 1, .name = 2, .flags = 3, .rule = LOOKUP_ENTRY, .types = BFA_DELETED),
	SHAPE(rmdir, .name = 1, .rule = LOOKUP_ENTRY, .types = BFA_DELETED),
	SHAPE(bind, .rule = LOOKUP_ENTRY, .types = BFA_CREATED),
	SHAPE(truncate, .name = 1, .size = 2, .types = BFA_WRITTEN),
	SHAPE(truncate64, .name = 1, .wide_size = 2 + COMPAT_PAIRS_ARE_EVEN, .types = BFA_WRITTEN),

	SHAPE(link, .name = 1, .new_name = 2, .rule = LOOKUP_NOFOLLOW, .new_rule = LOOKUP_ENTRY,
	      .new_types = BFA_CREATED),
	SHAPE(linkat, .fd = 1, .name = 2, .new_fd = 3, .new_name = 4, .flags = 5, .rule = LOOKUP_FOLLOW_IF_AT,
	      .new_rule = LOOKUP_ENTRY, .new_types = BFA_CREATED),
	SHAPE(rename, .name = 1, .new_name = 2, .rule = LOOKUP_ENTRY, .new_rule = LOOKUP_ENTRY, .types = BFA_MOVED_FROM,
	      .new_types = BFA_MOVED_TO),
	SHAPE(renameat, .fd = 1, .name = 2, .new_fd = 3, .new_name = 4, .rule = LOOKUP_ENTRY, .new_rule = LOOKUP_ENTRY,
	      .types = BFA_MOVED_FROM, .new_types = BFA_MOVED_TO),
	SHAPE(renameat2, .fd = 1, .name = 2, .new_fd = 3, .new_name = 4, .flags = 5, .rule = LOOKUP_ENTRY,
	      .new_rule = LOOKUP_ENTRY, .types = BFA_MOVED_FROM, .new_types = BFA_MOVED_TO),

	SHAPE(mount, .name = 1, .new_name = 2, .flags = 4, .new_rule = LOOKUP_COVERED),
	LOOK(umount, FOLLOW),
	LOOK(umount2, FOLLOW, .flags = 2),
	SHAPE(move_mount, .fd = 1, .name = 2, .new_fd = 3, .new_name = 4, .flags = 5, .rule = LOOKUP_COVERED,
	      .new_rule = LOOKUP_COVERED),
	SHAPE(pivot_root, .name = 1, .new_name = 2),

	SHAPE(fstat, .fd = 1),
	SHAPE(fstat64, .fd = 1),
	SHAPE(fstatfs, .fd = 1),
	SHAPE(fstatfs64, .fd = 1),
	SHAPE(fchmod, .fd = 1, .mode = 2),
	SHAPE(fchown, .fd = 1),
	SHAPE(fchown32, .fd = 1),
	SHAPE(fchdir, .fd = 1),
	SHAPE(fsetxattr, .fd = 1, .size = 4, .flags = 5),
	SHAPE(fgetxattr, .fd = 1, .size = 4),
	SHAPE(flistxattr, .fd = 1, .size = 3),
	SHAPE(fremovexattr, .fd = 1),
	SHAPE(quotactl_fd, .fd = 1),
	SHAPE(oldfstat, .fd = 1),

	LOOK(stat, FOLLOW),
	LOOK(lstat, NOFOLLOW),
	LOOK(stat64, FOLLOW),
	LOOK(lstat64, NOFOLLOW),
	LOOK_AT(newfstatat, FOLLOW_UNLESS_AT, .flags = 4),
	LOOK_AT(fstatat64, FOLLOW_UNLESS_AT, .flags = 4),
	LOOK_AT(statx, FOLLOW_UNLESS_AT, .flags = 3),
	LOOK(access, FOLLOW, .mode = 2),
	LOOK_AT(faccessat, FOLLOW, .mode = 3),
	LOOK_AT(faccessat2, FOLLOW_UNLESS_AT, .mode = 3, .flags = 4),
	LOOK(readlink, NOFOLLOW, .size = 3),
	LOOK_AT(readlinkat, NOFOLLOW, .size = 4),
	LOOK(chmod, FOLLOW, .mode = 2),
	LOOK_AT(fchmodat, FOLLOW, .mode = 3),
	LOOK_AT(fchmodat2, FOLLOW_UNLESS_AT, .mode = 3, .flags = 4),
	LOOK(chown, FOLLOW),
	LOOK(chown32, FOLLOW),
	LOOK(lchown, NOFOLLOW),
	LOOK(lchown32, NOFOLLOW),
	LOOK_AT(fchownat, FOLLOW_UNLESS_AT, .flags = 5),
	LOOK(utime, FOLLOW),
	LOOK(utimes, FOLLOW),
	LOOK_AT(futimesat, FOLLOW),
	LOOK_AT(utimensat, FOLLOW_UNLESS_AT, .flags = 4),
	LOOK_AT(utimensat_time64, FOLLOW_UNLESS_AT, .flags = 4),
	LOOK(setxattr, FOLLOW, .size = 4, .flags = 5),
	LOOK(lsetxattr, NOFOLLOW, .size = 4, .flags = 5),
	LOOK(getxattr, FOLLOW, .size = 4),
	LOOK(lgetxattr, NOFOLLOW, .size = 4),
	LOOK(listxattr, FOLLOW, .size = 3),
	LOOK(llistxattr, NOFOLLOW, .size = 3),
	LOOK(removexattr, FOLLOW),
	LOOK(lremovexattr, NOFOLLOW),
	LOOK_AT(setxattrat, FOLLOW_UNLESS_AT, .flags = 3),
	LOOK_AT(getxattrat, FOLLOW_UNLESS_AT, .flags = 3),
	LOOK_AT(listxattrat, FOLLOW_UNLESS_AT, .flags = 3, .size = 5),
	LOOK_AT(removexattrat, FOLLOW_UNLESS_AT, .flags = 3),
	LOOK(chdir, WORKING_DIRECTORY),
	LOOK(chroot, ROOT),
	LOOK(statfs, FOLLOW),
	LOOK(statfs64, FOLLOW),
	SHAPE(inotify_add_watch, .name = 2, .rule = LOOKUP_FOLLOW_UNLESS_IN),
	LOOK_AT(name_to_handle_at, FOLLOW_IF_AT, .flags = 5),
	LOOK(oldstat, FOLLOW),
	LOOK(oldlstat, NOFOLLOW),
	LOOK_AT(file_getattr, FOLLOW_UNLESS_AT, .size = 4, .flags = 5),
	LOOK_AT(file_setattr, FOLLOW_UNLESS_AT, .size = 4, .flags = 5),
	SHAPE(fanotify_mark, .flags = 2, .fd = 4, .name = 5, .wide_fd = 5, .wide_name = 6,
	      .rule = LOOKUP_FOLLOW_UNLESS_FAN),
	LOOK_AT(open_tree, FOLLOW_UNLESS_AT, .flags = 3),
	LOOK_AT(open_tree_attr, FOLLOW_UNLESS_AT, .flags = 3),
	LOOK_AT(mount_setattr, FOLLOW_UNLESS_AT, .flags = 3),
	LOOK_AT(fspick, FOLLOW, .flags = 3),
	SHAPE(fsconfig, .name = 4, .fd = 5),
	LOOK(swapon, FOLLOW, .flags = 2),
	LOOK(swapoff, FOLLOW),
	LOOK(acct, FOLLOW),
	SHAPE(quotactl, .name = 2),
	LOOK(uselib, FOLLOW),
	/* An address is a name only of a Unix socket; the call says where it is. */
	SHAPE(connect, ),
	SHAPE(sendto, .flags = 4, .size = 3),
	SHAPE(sendmsg, .flags = 3),
	SHAPE(sendmmsg, .flags = 4),
};

/* A call of BFA_CALLS without a shape does not compile. */
#define X(call, ...) +HAS_SHAPE_##call
_Static_assert(!(0 BFA_CALLS(X)), "each enumerator is 0");
#undef X

#undef LOOK_AT
#undef LOOK
#undef BY_KIND
#undef SHAPE

static __always_inline const struct call_shape *shape_of(struct call *call)
{
	return &call_shapes[BOUNDED(call->id, 255)];
}

/* An argument by its place in a shape; 0 if the call has none. */
static __always_inline __u64 argument(struct call *call, __u8 place)
{
	return place ? call->arguments[BOUNDED(place - 1, CALL_ARGUMENTS - 1)] : 0;
}

/* An argument that a 32-bit task passes at another place, after a wide one. */
static __always_inline __u64 shifted_argument(struct call *call, __u8 native, __u8 wide)
{
	return argument(call, call->compat && wide ? wide : native);
}

/* An argument that a 32-bit task passes in halves, the lower one first. */
static __always_inline __u64 wide_argument(struct call *call, __u8 native, __u8 wide)
{
	if (!call->compat || !wide)
		return argument(call, native);
	return argument(call, wide) | argument(call, wide + 1) << 32;
}

#endif
