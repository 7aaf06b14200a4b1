/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The table of system calls, from which all others are made. */
#ifndef BFATRACE_CALL_TABLE_H
#define BFATRACE_CALL_TABLE_H

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

#endif
