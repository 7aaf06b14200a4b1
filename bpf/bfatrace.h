/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the BPF programs and user space agree on: records, configuration,
 * counters, limits. No size, kind or bit is written down anywhere else.
 */
#ifndef BFATRACE_H
#define BFATRACE_H

#include <linux/types.h>

enum bfa_limit {
	BFA_COMM_SIZE = 16,	  /* TASK_COMM_LEN, with the terminating NUL */
	BFA_PATH_MAX = 4096,	  /* PATH_MAX: 4095 bytes and, in user strings, a NUL */
	BFA_NAME_MAX = 255,	  /* NAME_MAX: one component of a path */
	BFA_SHORT_PATH = 192,	  /* a path kept inside its map entry; longer ones in a map of their own */
	BFA_IOV_MAX = 1024,	  /* UIO_MAXIOV: segments in one vectored call */
	BFA_CALL_NUMBERS = 512,	  /* above every system call number that is traced */
	BFA_OPEN_FILES = 262144,  /* at least, entries of the open-file map; beyond, events are reported one by one */
	BFA_FILES_PER_CHUNK = 4,  /* entries of open_files for each chunk of their index (bpf/files/entry_index.h) */
	BFA_LONG_PATHS = 16384,	  /* at least, of open files, of BFA_PATH_MAX bytes each; further ones are not known */
	BFA_QUEUE_SIZE = 65536,	  /* files touched between two flushes; beyond, one flush visits all */
	BFA_RING_BYTES = 8 << 20, /* records waiting for user space, unless it asks for another size */
	BFA_ANCESTORS = 64,	  /* of a process, in a record; further ones are left out */
	BFA_PROCESS_BYTES = 8192, /* of a process and its ancestors: one executable of any length, or many */
	BFA_DESCRIPTIONS = 16384, /* of processes that did something between three flushes; more are not described */
	BFA_PID_RULES = 65536,	  /* processes asked for or ignored by number, and those that follow */
	BFA_COMM_RULES = 1024,	  /* names of processes asked for or ignored */
	BFA_FILE_SYSTEMS = 1024,  /* of --current-mount and fatrace */
	BFA_PREFIX_BYTES = 256,	  /* of the beginning of a path, in the map prefixes: LPM_DATA_SIZE_MAX */
	BFA_PREFIXES = 1024,	  /* beginnings of patterns of --path; with more, user space judges alone */
	BFA_CGROUPS = 4096,	  /* control groups that are known at a time; a program looks at the others again */
	BFA_CGROUP_RULES = 1024,  /* of --unit, of --container and of --under-cgroup */
	BFA_CGROUP_PATH = 1024,	  /* path of a control group; a longer one is not known */
	BFA_ARGS_BYTES = 2048,	  /* of the arguments of a process, each with its NUL; more are left out */
	BFA_PLACES = 65536,	  /* directories of --dir, --under and --ignore-under; files of --file */
};

/* Letters of an event, in the order in which they are printed: R C W O + D < > M. */
enum bfa_type {
	BFA_READ = 1 << 0,
	BFA_CLOSED = 1 << 1,
	BFA_WRITTEN = 1 << 2,
	BFA_OPENED = 1 << 3,
	BFA_CREATED = 1 << 4,
	BFA_DELETED = 1 << 5,
	BFA_MOVED_FROM = 1 << 6,
	BFA_MOVED_TO = 1 << 7,
	BFA_MAPPED = 1 << 8,
	BFA_ATTRIBUTES = 1 << 9, /* mode, owner, times or attributes changed: without a letter, in runs for changes */
	BFA_ALL_TYPES = 0xffff,	 /* also calls that have no letter */
};

/* Which members of a record are valid, and what its file is like. */
enum bfa_mark {
	BFA_MARK_FILE = 1 << 0,	     /* device and inode are known */
	BFA_MARK_UNLINKED = 1 << 1,  /* the file has no name any more */
	BFA_MARK_TRUNCATED = 1 << 2, /* the path is longer than BFA_PATH_MAX - 1: these are its last bytes */
	BFA_MARK_FLAGS = 1 << 3,     /* the member flags has those of the call */
	BFA_MARK_MODE = 1 << 4,	     /* the member mode has that of the call */
	BFA_MARK_PROT = 1 << 5,	     /* the member mode is the protection of a mapping */
	BFA_MARK_FD = 1 << 6,	     /* fd is a descriptor */
	BFA_MARK_FILENAME = 1 << 7,  /* the string that was passed follows; the path is the directory it starts from */
	BFA_MARK_SIZE = 1 << 8,	     /* the call asked for a number of bytes */
	BFA_MARK_OFFSET = 1 << 9,    /* the call gave a file offset */
	BFA_MARK_DURATION = 1 << 10, /* the call was seen from its beginning */
	BFA_MARK_ADDRESS = 1 << 11,  /* the result is an address */
	BFA_MARK_NO_FILE = 1 << 12,  /* the call is about no particular file */
	BFA_MARK_NEW_PATH = 1 << 13, /* a second path follows, or a second string with its directory */
	BFA_MARK_NEW_FILENAME = 1 << 14,
	BFA_MARK_NEW_TRUNCATED = 1 << 15,
	BFA_MARK_PARENT = 1 << 16,	/* the directory that holds the path is meant */
	BFA_MARK_PART = 1 << 17,	/* one of two records of the call: the types tell which */
	BFA_MARK_PARENTS_CUT = 1 << 18, /* there are more ancestors, or one did not fit */
	BFA_MARK_ENTRY = 1 << 20,    /* the file name is that of the directory's entry; of two, a NUL is between them */
	BFA_MARK_ARGS_CUT = 1 << 21, /* there are more arguments, or the last one is longer */
	BFA_MARK_UNPLACED = 1 << 19, /* only the text of its names can tell whether it is in scope */
	BFA_MARK_DIRECTORY = 1 << 22,	    /* what has the name now, of two the second one, is a directory */
	BFA_MARK_REPLACED = 1 << 23,	    /* the second name was that of another file before */
	BFA_MARK_NEW_NAME = 1 << 24,	    /* there was no file of the second name; without both, it is not known */
	BFA_MARK_OTHER_DIRECTORY = 1 << 25, /* what has the first name, after an exchange */
};

enum bfa_record_kind {
	BFA_RECORD_ACCESS = 1,	 /* one process, one file: what happened since it was last reported */
	BFA_RECORD_CALL = 2,	 /* one system call */
	BFA_RECORD_DISK = 3,	 /* one request to a block device */
	BFA_RECORD_DISK_END = 4, /* such a request has ended, or a part of it */
};

/*
 * The system calls that are traced: name, kind, number on x86-64, i386, arm64
 * and 32-bit arm; -1 where the architecture does not have it. From
 * arch/x86/entry/syscalls/syscall_{64,32}.tbl, include/uapi/asm-generic/unistd.h
 * and arch/arm/tools/syscall.tbl.
 */
#define BFA_CALLS(X)                                                                   \
	X(open, OPEN, 2, 5, -1, 5)                                                     \
	X(openat, OPENAT, 257, 295, 56, 322)                                           \
	X(openat2, OPENAT2, 437, 437, 437, 437)                                        \
	X(creat, CREAT, 85, 8, -1, 8)                                                  \
	X(open_by_handle_at, OPEN_HANDLE, 304, 342, 265, 371)                          \
	X(read, READ, 0, 3, 63, 3)                                                     \
	X(pread64, PREAD, 17, 180, 67, 180)                                            \
	X(readv, READV, 19, 145, 65, 145)                                              \
	X(preadv, PREADV, 295, 333, 69, 361)                                           \
	X(preadv2, PREADV, 327, 378, 286, 392)                                         \
	X(getdents, READ, 78, 141, -1, 141)                                            \
	X(getdents64, READ, 217, 220, 61, 217)                                         \
	X(write, WRITE, 1, 4, 64, 4)                                                   \
	X(pwrite64, PWRITE, 18, 181, 68, 181)                                          \
	X(writev, WRITEV, 20, 146, 66, 146)                                            \
	X(pwritev, PWRITEV, 296, 334, 70, 362)                                         \
	X(pwritev2, PWRITEV, 328, 379, 287, 393)                                       \
	X(close, CLOSE, 3, 6, 57, 6)                                                   \
	X(close_range, CLOSE_RANGE, 436, 436, 436, 436)                                \
	X(dup2, DUP2, 33, 63, -1, 63)                                                  \
	X(dup3, DUP2, 292, 330, 24, 358)                                               \
	X(mount, MOUNT, 165, 21, 40, 21)                                               \
	X(umount, MOUNT, -1, 22, -1, -1)                                               \
	X(umount2, MOUNT, 166, 52, 39, 52)                                             \
	X(move_mount, MOUNT, 429, 429, 429, 429)                                       \
	X(pivot_root, MOUNT, 155, 217, 41, 218)                                        \
	X(ftruncate, DESCRIPTOR, 77, 93, 46, 93)                                       \
	X(ftruncate64, DESCRIPTOR, -1, 194, -1, 194)                                   \
	X(fallocate, DESCRIPTOR, 285, 324, 47, 352)                                    \
	X(fsync, DESCRIPTOR, 74, 118, 82, 118)                                         \
	X(fdatasync, DESCRIPTOR, 75, 148, 83, 148)                                     \
	X(syncfs, DESCRIPTOR, 306, 344, 267, 373)                                      \
	X(sync_file_range, DESCRIPTOR, 277, 314, 84, -1)                               \
	X(arm_sync_file_range, DESCRIPTOR, -1, -1, -1, 341)                            \
	X(sync, SYNC, 162, 36, 81, 36)                                                 \
	X(msync, MEMORY, 26, 144, 227, 144)                                            \
	X(madvise, MEMORY, 28, 219, 233, 220)                                          \
	X(mmap, MAP, 9, 90, 222, -1)                                                   \
	X(mmap2, MAP, -1, 192, -1, 192)                                                \
	X(sendfile, TRANSFER, 40, 187, 71, 187)                                        \
	X(sendfile64, TRANSFER, -1, 239, -1, 239)                                      \
	X(splice, TRANSFER, 275, 313, 76, 340)                                         \
	X(tee, TRANSFER, 276, 315, 77, 342)                                            \
	X(vmsplice, VMSPLICE, 278, 316, 75, 343)                                       \
	X(copy_file_range, TRANSFER, 326, 377, 285, 391)                               \
	X(ioctl, IOCTL, 16, 54, 29, 54)                                                \
	X(io_submit, AIO_SUBMIT, 209, 248, 2, 246)                                     \
	X(io_getevents, AIO_EVENTS, 208, 247, 4, 245)                                  \
	X(io_pgetevents, AIO_EVENTS, 333, 385, 292, 399)                               \
	X(io_pgetevents_time64, AIO_EVENTS, -1, 416, -1, 416)                          \
	X(execve, EXEC, 59, 11, 221, 11)                                               \
	X(execveat, EXEC, 322, 358, 281, 387)                                          \
	X(mkdir, NAME, 83, 39, -1, 39)                                                 \
	X(mkdirat, NAME, 258, 296, 34, 323)                                            \
	X(mknod, NAME, 133, 14, -1, 14)                                                \
	X(mknodat, NAME, 259, 297, 33, 324)                                            \
	X(symlink, NAME, 88, 83, -1, 83)                                               \
	X(symlinkat, NAME, 266, 304, 36, 331)                                          \
	X(unlink, NAME, 87, 10, -1, 10)                                                \
	X(unlinkat, NAME, 263, 301, 35, 328)                                           \
	X(rmdir, NAME, 84, 40, -1, 40)                                                 \
	X(bind, BIND, 49, 361, 200, 282)                                               \
	X(socketcall, BIND, -1, 102, -1, -1)                                           \
	X(truncate, NAME, 76, 92, 45, 92)                                              \
	X(truncate64, NAME, -1, 193, -1, 193)                                          \
	X(link, NAMES, 86, 9, -1, 9)                                                   \
	X(linkat, NAMES, 265, 303, 37, 330)                                            \
	X(rename, NAMES, 82, 38, -1, 38)                                               \
	X(renameat, NAMES, 264, 302, 38, 329)                                          \
	X(renameat2, NAMES, 316, 353, 276, 382)                                        \
	X(fstat, LOOK_DESCRIPTOR, 5, 108, 80, 108)                                     \
	X(fstat64, LOOK_DESCRIPTOR, -1, 197, -1, 197)                                  \
	X(fstatfs, LOOK_DESCRIPTOR, 138, 100, 44, 100)                                 \
	X(fstatfs64, LOOK_DESCRIPTOR, -1, 269, -1, 267)                                \
	X(fchmod, ATTRIBUTES_OF, 91, 94, 52, 94)                                       \
	X(fchown, ATTRIBUTES_OF, 93, 95, 55, 95)                                       \
	X(fchown32, ATTRIBUTES_OF, -1, 207, -1, 207)                                   \
	X(fchdir, LOOK_DESCRIPTOR, 81, 133, 50, 133)                                   \
	X(fsetxattr, ATTRIBUTES_OF, 190, 228, 7, 228)                                  \
	X(fgetxattr, LOOK_DESCRIPTOR, 193, 231, 10, 231)                               \
	X(flistxattr, LOOK_DESCRIPTOR, 196, 234, 13, 234)                              \
	X(fremovexattr, ATTRIBUTES_OF, 199, 237, 16, 237)                              \
	X(quotactl_fd, LOOK_DESCRIPTOR, 443, 443, 443, 443)                            \
	X(oldfstat, LOOK_DESCRIPTOR, -1, 28, -1, -1)                                   \
	X(stat, LOOK, 4, 106, -1, 106)                                                 \
	X(lstat, LOOK, 6, 107, -1, 107)                                                \
	X(stat64, LOOK, -1, 195, -1, 195)                                              \
	X(lstat64, LOOK, -1, 196, -1, 196)                                             \
	X(newfstatat, LOOK, 262, -1, 79, -1)                                           \
	X(fstatat64, LOOK, -1, 300, -1, 327)                                           \
	X(statx, LOOK, 332, 383, 291, 397)                                             \
	X(access, LOOK, 21, 33, -1, 33)                                                \
	X(faccessat, LOOK, 269, 307, 48, 334)                                          \
	X(faccessat2, LOOK, 439, 439, 439, 439)                                        \
	X(readlink, LOOK, 89, 85, -1, 85)                                              \
	X(readlinkat, LOOK, 267, 305, 78, 332)                                         \
	X(chmod, ATTRIBUTES, 90, 15, -1, 15)                                           \
	X(fchmodat, ATTRIBUTES, 268, 306, 53, 333)                                     \
	X(fchmodat2, ATTRIBUTES, 452, 452, 452, 452)                                   \
	X(chown, ATTRIBUTES, 92, 182, -1, 182)                                         \
	X(chown32, ATTRIBUTES, -1, 212, -1, 212)                                       \
	X(lchown, ATTRIBUTES, 94, 16, -1, 16)                                          \
	X(lchown32, ATTRIBUTES, -1, 198, -1, 198)                                      \
	X(fchownat, ATTRIBUTES, 260, 298, 54, 325)                                     \
	X(utime, ATTRIBUTES, 132, 30, -1, -1)                                          \
	X(utimes, ATTRIBUTES, 235, 271, -1, 269)                                       \
	X(futimesat, ATTRIBUTES, 261, 299, -1, 326)                                    \
	X(utimensat, TIMES, 280, 320, 88, 348)                                         \
	X(utimensat_time64, TIMES, -1, 412, -1, 412)                                   \
	X(setxattr, ATTRIBUTES, 188, 226, 5, 226)                                      \
	X(lsetxattr, ATTRIBUTES, 189, 227, 6, 227)                                     \
	X(getxattr, LOOK, 191, 229, 8, 229)                                            \
	X(lgetxattr, LOOK, 192, 230, 9, 230)                                           \
	X(listxattr, LOOK, 194, 232, 11, 232)                                          \
	X(llistxattr, LOOK, 195, 233, 12, 233)                                         \
	X(removexattr, ATTRIBUTES, 197, 235, 14, 235)                                  \
	X(lremovexattr, ATTRIBUTES, 198, 236, 15, 236)                                 \
	X(setxattrat, ATTRIBUTES, 463, 463, 463, 463)                                  \
	X(getxattrat, LOOK, 464, 464, 464, 464)                                        \
	X(listxattrat, LOOK, 465, 465, 465, 465)                                       \
	X(removexattrat, ATTRIBUTES, 466, 466, 466, 466)                               \
	X(chdir, LOOK, 80, 12, 49, 12)                                                 \
	X(chroot, LOOK, 161, 61, 51, 61)                                               \
	X(statfs, LOOK, 137, 99, 43, 99)                                               \
	X(statfs64, LOOK, -1, 268, -1, 266)                                            \
	X(inotify_add_watch, LOOK, 254, 292, 27, 317)                                  \
	X(name_to_handle_at, LOOK, 303, 341, 264, 370)                                 \
	X(oldstat, LOOK, -1, 18, -1, -1)                                               \
	X(oldlstat, LOOK, -1, 84, -1, -1)                                              \
	X(file_getattr, LOOK, 468, 468, 468, 468)                                      \
	X(file_setattr, ATTRIBUTES, 469, 469, 469, 469)                                \
	X(fanotify_mark, LOOK, 301, 339, 263, 368)                                     \
	X(open_tree, LOOK, 428, 428, 428, 428)                                         \
	X(open_tree_attr, LOOK, 467, 467, 467, 467)                                    \
	X(mount_setattr, LOOK, 442, 442, 442, 442)                                     \
	X(fspick, LOOK, 433, 433, 433, 433)                                            \
	X(fsconfig, LOOK, 431, 431, 431, 431)                                          \
	X(swapon, LOOK, 167, 87, 224, 87)                                              \
	X(swapoff, LOOK, 168, 115, 225, 115)                                           \
	X(acct, LOOK, 163, 51, 89, 51)                                                 \
	X(quotactl, LOOK, 179, 131, 60, 131)                                           \
	X(uselib, LOOK, 134, 86, -1, 86)                                               \
	X(connect, ADDRESS, 42, 362, 203, 283)                                         \
	X(sendto, ADDRESS, 44, 369, 206, 290)                                          \
	X(sendmsg, ADDRESS, 46, 370, 211, 296)                                         \
	X(sendmmsg, ADDRESS, 307, 345, 269, 374)                                       \
	/* Requests of io_uring and of kernel AIO, which are no calls of their own. */ \
	X(io_uring_openat, REQUEST, -1, -1, -1, -1)                                    \
	X(io_uring_openat2, REQUEST, -1, -1, -1, -1)                                   \
	X(io_uring_close, REQUEST, -1, -1, -1, -1)                                     \
	X(io_uring_read, REQUEST, -1, -1, -1, -1)                                      \
	X(io_uring_readv, REQUEST, -1, -1, -1, -1)                                     \
	X(io_uring_read_fixed, REQUEST, -1, -1, -1, -1)                                \
	X(io_uring_readv_fixed, REQUEST, -1, -1, -1, -1)                               \
	X(io_uring_read_multishot, REQUEST, -1, -1, -1, -1)                            \
	X(io_uring_write, REQUEST, -1, -1, -1, -1)                                     \
	X(io_uring_writev, REQUEST, -1, -1, -1, -1)                                    \
	X(io_uring_write_fixed, REQUEST, -1, -1, -1, -1)                               \
	X(io_uring_writev_fixed, REQUEST, -1, -1, -1, -1)                              \
	X(io_uring_splice, REQUEST, -1, -1, -1, -1)                                    \
	X(io_uring_tee, REQUEST, -1, -1, -1, -1)                                       \
	X(io_uring_fsync, REQUEST, -1, -1, -1, -1)                                     \
	X(io_uring_sync_file_range, REQUEST, -1, -1, -1, -1)                           \
	X(io_uring_fallocate, REQUEST, -1, -1, -1, -1)                                 \
	X(io_uring_ftruncate, REQUEST, -1, -1, -1, -1)                                 \
	X(io_uring_statx, REQUEST, -1, -1, -1, -1)                                     \
	X(io_uring_unlinkat, REQUEST, -1, -1, -1, -1)                                  \
	X(io_uring_renameat, REQUEST, -1, -1, -1, -1)                                  \
	X(io_uring_mkdirat, REQUEST, -1, -1, -1, -1)                                   \
	X(io_uring_symlinkat, REQUEST, -1, -1, -1, -1)                                 \
	X(io_uring_linkat, REQUEST, -1, -1, -1, -1)                                    \
	X(io_uring_bind, REQUEST, -1, -1, -1, -1)                                      \
	X(io_uring_connect, REQUEST, -1, -1, -1, -1)                                   \
	X(io_uring_setxattr, REQUEST, -1, -1, -1, -1)                                  \
	X(io_uring_fsetxattr, REQUEST, -1, -1, -1, -1)                                 \
	X(io_uring_getxattr, REQUEST, -1, -1, -1, -1)                                  \
	X(io_uring_fgetxattr, REQUEST, -1, -1, -1, -1)                                 \
	X(aio_pread, REQUEST, -1, -1, -1, -1)                                          \
	X(aio_pwrite, REQUEST, -1, -1, -1, -1)                                         \
	X(aio_preadv, REQUEST, -1, -1, -1, -1)                                         \
	X(aio_pwritev, REQUEST, -1, -1, -1, -1)                                        \
	X(aio_fsync, REQUEST, -1, -1, -1, -1)                                          \
	X(aio_fdsync, REQUEST, -1, -1, -1, -1)

enum bfa_call {
	BFA_CALL_NONE,
#define X(name, ...) BFA_CALL_##name,
	BFA_CALLS(X)
#undef X
		BFA_CALL_COUNT,
};

/*
 * Every record begins with this. The part of its kind follows, then path_len
 * bytes of path and filename_len of file name; in a call, new_path_len and
 * new_filename_len bytes of its second name; and at the end process_len bytes of
 * processes (struct bfa_process): the one itself, then its ancestors from the
 * parent on.
 */
struct bfa_record {
	__u16 kind;	    /* enum bfa_record_kind */
	__u16 types;	    /* enum bfa_type, or-ed */
	__u16 path_len;	    /* 0: not known */
	__u16 filename_len; /* with BFA_MARK_FILENAME only */
	__u32 marks;	    /* enum bfa_mark, or-ed */
	__s32 fd;
	__u32 tgid;
	__u32 tid;
	__u32 uid; /* effective, in the initial user namespace */
	__u32 gid;
	char comm[BFA_COMM_SIZE]; /* of the thread group's leader, NUL-padded */
	__u64 time_ns;		  /* CLOCK_BOOTTIME of the (first) call */
	__u64 began_ns;		  /* CLOCK_BOOTTIME of the start of the process: a later one may have its number */
	__u64 inode;
	__u32 device; /* the kernel's dev_t: major << 20 | minor */
	__u32 flags;
	__u32 mode;
	__u16 call;	   /* enum bfa_call, in a BFA_RECORD_CALL */
	__u16 process_len; /* 0: not asked for, or not known */
};

struct bfa_access {
	struct bfa_record record;
	__u32 opens; /* calls */
	__u32 closes;
	__u64 reads;
	__u64 read_bytes;
	__u64 writes;
	__u64 write_bytes;
};

struct bfa_call_record {
	struct bfa_record record;
	__s64 ret;	   /* negative: -errno */
	__u64 size;	   /* bytes asked for */
	__s64 offset;	   /* in the file */
	__u64 duration_ns; /* from the call's entry to its exit */
	__u16 new_path_len;
	__u16 new_filename_len;
	__u32 unused;
};

/*
 * A process, as it was at the time of the (first) call. So many bytes follow,
 * in this order; 0: not asked for, or not known. All but exe are of the process
 * itself only, not of its ancestors.
 */
struct bfa_process {
	__u32 pid; /* of the thread group */
	__u16 exe_len;
	__u16 cgroup_len; /* in the hierarchy of version 2 */
	__u16 cwd_len;
	__u16 args_len; /* as /proc/PID/cmdline has them */
	char comm[BFA_COMM_SIZE];
};

enum bfa_disk_operation {
	BFA_DISK_READ,
	BFA_DISK_WRITE,
	BFA_DISK_FLUSH,
	BFA_DISK_DISCARD,
	BFA_DISK_COMMAND, /* passed through to the device, by its driver's own commands */
};

/* Why a block device was asked, and the words for it. */
#define BFA_DISK_CAUSES(X)                                                                \
	X(UNKNOWN, unknown)                                                               \
	X(READ, read)		/* a call waits for what is not in the page cache */      \
	X(READAHEAD, readahead) /* nobody has asked for it yet */                         \
	X(FAULT, fault)		/* mapped memory was touched */                           \
	X(EXEC, exec)                                                                     \
	X(DIRECT, direct)	/* past the page cache: O_DIRECT */                       \
	X(WRITEBACK, writeback) /* of what was written before, when it has got old */     \
	X(FSYNC, fsync)		/* written before, for a call that waits for it */        \
	X(SYNC, sync)		/* written before, for a call that waits for all files */ \
	X(JOURNAL, journal)                                                               \
	X(METADATA, metadata)                                                             \
	X(ATIME, atime)                                                                   \
	X(SWAP, swap)                                                                     \
	X(DISCARD, discard)                                                               \
	X(FLUSH, flush)	    /* without data */                                            \
	X(RAW, raw)	    /* of the device node itself */                               \
	X(COMMAND, command) /* sent by a process or the kernel as it is */

enum bfa_disk_cause {
#define X(cause, word) BFA_CAUSE_##cause,
	BFA_DISK_CAUSES(X)
#undef X
		BFA_CAUSE_COUNT,
};

/* How certain it is that the process of a disk record caused the request. */
enum bfa_certainty {
	BFA_EXACT,
	BFA_LIKELY, /* the last one that wrote to the file, or changed the file system */
	BFA_NOBODY, /* not known: there is no process */
};

#include "bfatrace_commands.h"

enum { BFA_DISK_NAME_SIZE = 32 }; /* DISK_NAME_LEN, with the terminating NUL */

/*
 * The record's process is the one that caused the request, its file the one
 * that holds or gets the data; without BFA_MARK_FILE, its device is that of
 * the file system, or the device node itself.
 */
struct bfa_disk_record {
	struct bfa_record record;
	__u64 bytes;
	__u64 age_ns;  /* since the process wrote it to memory; 0: it waits for it */
	__u64 idle_ns; /* the disk had nothing to do for so long before */
	__u64 request; /* its number, which the records of its end have too; 0: there will be none */
	__u32 requests;
	__u32 disk;	  /* the kernel's dev_t of the whole disk; 0: of a controller, or of a device that is no disk */
	__u32 by_tgid;	  /* with by_comm: who submitted it, if that is another one */
	__u8 operation;	  /* enum bfa_disk_operation */
	__u8 cause;	  /* enum bfa_disk_cause */
	__u8 certainty;	  /* enum bfa_certainty */
	__u8 partition;	  /* its number; 0: the whole disk */
	__u16 command;	  /* with BFA_DISK_COMMAND: its code */
	__u8 command_set; /* enum bfa_command_set */
	__u8 may_wake;	  /* the command may start the motor of a disk that sleeps */
	__u32 unused;
	char disk_name[BFA_DISK_NAME_SIZE];
	char by_comm[BFA_COMM_SIZE]; /* empty: the process itself */
};

/* The end of a request that another record has described: only kind and time of its struct bfa_record are set. */
struct bfa_disk_end {
	struct bfa_record record;
	__u64 request;
	__u64 latency_ns; /* from the device's getting it to its completion; 0: not known */
	__u64 done;	  /* bytes; 1 of a request without */
};

/* As struct bfa_config, for the programs for block devices alone. */
struct bfa_disk_config {
	__u64 idle_ns;	  /* only requests to a disk that was idle at least so long */
	__u32 disk;	  /* only this one, the kernel's dev_t; 0: all */
	__u32 page_size;  /* in bytes */
	__u8 latency;	  /* a record of the end of each request that is reported */
	__u8 histogram;	  /* how long requests take is counted */
	__u8 only_wanted; /* with it: only requests with something that would be reported; nothing is */
	__u8 unused[5];
};

enum {
	BFA_HISTOGRAM_PARTS = 4, /* slots for each power of two: struct bfa_histogram */
	BFA_HISTOGRAM_SLOTS = 164,
	BFA_DISK_HISTOGRAMS = 1024, /* disks and their operations; beyond, requests are not counted */
	BFA_REQUESTS = 16384,	    /* under way, at a disk or on the way to it */
};

/*
 * How long something took, in nanoseconds: below 4, each has a slot; above, a
 * power of two has four, by the two bits that follow the highest one. The last
 * slot also has all that is longer (73 minutes).
 */
struct bfa_histogram {
	__u64 longest_ns;
	__u64 total_ns;
	__u64 slots[BFA_HISTOGRAM_SLOTS];
};

/* A key of the map disk_histograms. */
struct bfa_disk_operation_key {
	__u32 disk;	 /* the kernel's dev_t */
	__u32 operation; /* enum bfa_disk_operation */
};

struct bfa_disk_histogram {
	char disk_name[BFA_DISK_NAME_SIZE];
	struct bfa_histogram latency;
};

/* Fixed before the programs are loaded: the verifier removes what is off. */
struct bfa_config {
	__u64 slower_ns;    /* report calls that took at least this long */
	__u32 uid;	    /* with only_uid: the effective user */
	__u32 wakeup_bytes; /* so many in the ring wake the reader */
	__u32 open_files;   /* entries that the map of this name has room for */
	__u16 types;	    /* report records with any of these, enum bfa_type */
	__u8 only_failed;   /* calls whose result is an error */
	__u8 all;	    /* also virtual file systems and device nodes */
	__u8 only_uid;
	__u8 only_pids;		/* processes with BFA_RULE_ONLY in pid_rules */
	__u8 only_comms;	/* processes with BFA_RULE_ONLY in comm_rules */
	__u8 pid_rules;		/* the map pid_rules has entries */
	__u8 comm_rules;	/* the map comm_rules has entries */
	__u8 only_file_systems; /* those in the map file_systems */
	__u8 only_parents;	/* files whose directory is in the map places */
	__u8 only_under;	/* files with an ancestor in the map places */
	__u8 only_files;	/* files with a name in the map named_files */
	__u8 ignore_under;	/* none with an ancestor of BFA_PLACE_IGNORED there */
	__u8 follow;		/* also the children of processes in scope */
	__u8 metadata;		/* also calls that look at a file without opening it */
	__u8 times;		/* a change of one time of a file is an access to it, as fanotify has it */
	__u8 failed_opens;	/* a record for each open that failed, beside merged ones */
	__u8 only_prefixes;	/* paths that begin as one in the map prefixes, a slash behind them */
	__u8 entries;		/* a record for each change of a directory, with the entry's name */
	__u8 cgroup_scopes;	/* processes in control groups of all of these, enum bfa_cgroup_scope or-ed */
	__u8 cgroup;		/* processes with the paths of their control groups */
	__u8 cwd;		/* processes with their working directories */
	__u8 args;		/* processes with their arguments */
	__u8 exe;		/* processes with the paths of their executables */
	__u8 parents;		/* processes with their ancestors */
	__u8 changes;		/* only calls that change files, or of `types`; of one open file, the first */
	__u8 exe_is_lost;	/* with exe or args: a process that ends has none any more */
	__u8 histogram;		/* enum bfa_call_histogram: calls are counted, and have no record */
	__u8 only_general;	/* no call is handled quickly: for tests, and with `changes` */
};

enum bfa_call_histogram {
	BFA_HISTOGRAM_GENERAL = 1, /* what has a record in other runs is counted instead */
	BFA_HISTOGRAM_QUICK = 2,   /* so are opens, reads, writes and closes, but only by their inodes */
};

/* What a rule says of a process; values of the maps pid_rules and comm_rules. */
enum bfa_rule {
	BFA_RULE_ONLY = 1 << 0,
	BFA_RULE_IGNORE = 1 << 1,
	BFA_RULE_FOLLOWED = 1 << 2, /* started by a process in scope */
	BFA_RULE_COMMAND = 1 << 3,  /* the command that bfatrace started, or a descendant of it */
};

/* What a control group is asked for. */
enum bfa_cgroup_scope {
	BFA_IN_UNIT = 1 << 0,	   /* it, or one above it, has a name in the map units */
	BFA_IN_CONTAINER = 1 << 1, /* it, or one above it, has an id that begins as one in the map containers */
	BFA_UNDER_CGROUP = 1 << 2, /* its path begins as one in the map cgroup_paths */
};

/* What is known of a control group, in the map cgroups. */
struct bfa_cgroup {
	__u16 path_len; /* 0: longer than BFA_CGROUP_PATH - 1 */
	__u16 scopes;	/* enum bfa_cgroup_scope, or-ed */
	char path[BFA_CGROUP_PATH];
};

/* A key of the map prefixes (struct bpf_lpm_trie_key): how a path begins, up to a slash. */
struct bfa_prefix {
	__u32 bits;
	char bytes[BFA_PREFIX_BYTES];
};

/* What a directory in the map places is asked for. */
enum bfa_place {
	BFA_PLACE_ONLY = 1 << 0,    /* what is in it, or below it */
	BFA_PLACE_IGNORED = 1 << 1, /* nothing below it */
	BFA_PLACE_NAMES = 1 << 2,   /* the files of some names in it: they are in the map named_files */
};

/* One for each CPU, in the map counters, which user space maps: only that CPU writes it. */
struct bfa_counters {
	__u64 emitted;	  /* records */
	__u64 unresolved; /* calls whose descriptor was closed by another thread meanwhile */
	__u64 ended;	  /* processes in pid_rules that ended */
	__u64 followed;	  /* processes that were added to pid_rules */
	__u64 unplaced;	  /* calls of BFA_MARK_UNPLACED that were given no room */
	__u64 unnamed;	  /* paths that the map long_paths had no room for: the file is shown without */
	/* Events that are not shown, by what there was too little of. */
	__u64 lost;	      /* room in the ring */
	__u64 lost_files;     /* entries of open_files: the close of a file that was opened */
	__u64 lost_processes; /* entries of pid_rules: all that a child does */
	__u64 lost_requests;  /* entries of uring_requests or uring_names */
	__u64 lost_turns;     /* turns at the lock of an entry, or memory of the kernel */
	__u64 unmeasured;     /* requests and calls that a histogram had no room for */
	__u64 unknown_idle;   /* requests to disks that the map last_requests had no room for */
	__u64 unused[3];      /* to two cache lines */
};

/* Slots of the map handlers, which user space fills with programs of these names. */
#define BFA_HANDLERS(X)                   \
	X(BFA_HANDLE_FILES, handle_files) \
	X(BFA_HANDLE_NAMES, handle_names) \
	X(BFA_HANDLE_DESCRIPTORS, handle_descriptors)

enum bfa_handler {
#define X(slot, program) slot,
	BFA_HANDLERS(X)
#undef X
		BFA_HANDLER_COUNT,
};

enum { BFA_CLOCK_SHIFT = 30 }; /* a unit of 2^30 ns: some 34 years of either sign fit into 32 bits of these */

/* What the program "flush" returns. */
enum bfa_flush_result {
	BFA_FLUSH_MORE = 1, /* something is left to be reported */
	BFA_FLUSH_WAIT = 2, /* wait until all programs that run now are done, before the next flush */
};

/* What the program "setup" does, its first argument, and what its second argument is. It runs in bfatrace's own context. */
enum bfa_setup {
	BFA_SETUP_SELF = 1,	     /* leave out the calling process; the second argument is not used */
	BFA_SETUP_PLACE = 2,	     /* a descriptor: its inode goes into the map places, as BFA_PLACE_ONLY */
	BFA_SETUP_IGNORED_PLACE = 3, /* a descriptor: its inode goes into the map places, as BFA_PLACE_IGNORED */
	BFA_SETUP_NAME = 4,	   /* a descriptor of a directory and the address of a name: into the map named_files */
	BFA_SETUP_FILE_SYSTEM = 5, /* a descriptor: its file system goes into the map file_systems */
	/* A time in ns: how far the kernel's CLOCK_BOOTTIME is ahead, in units of 2^BFA_CLOCK_SHIFT ns; in ns, if it is less than two of these. */
	BFA_SETUP_CLOCK = 6,
	BFA_SETUP_CLOCK_REST = 7,
	BFA_SETUP_CGROUP = 8, /* a descriptor of a control group's directory: it goes into the map cgroups */
	BFA_SETUP_RULE = 9,   /* a process id that is about to go into the map pid_rules */
};

#endif
