/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of system calls that an architecture, or the headers, may lack. */
#ifndef FILEWAYS_NUMBERS_H
#define FILEWAYS_NUMBERS_H

#include <sys/syscall.h>

/* asm-generic has only the *at forms of these */
#ifndef SYS_open
#define SYS_open -1
#define SYS_creat -1
#define SYS_getdents -1
#define SYS_mkdir -1
#define SYS_mknod -1
#define SYS_symlink -1
#define SYS_link -1
#define SYS_rename -1
#define SYS_unlink -1
#define SYS_rmdir -1
#define SYS_stat -1
#define SYS_lstat -1
#define SYS_access -1
#define SYS_readlink -1
#define SYS_chmod -1
#define SYS_chown -1
#define SYS_lchown -1
#define SYS_utime -1
#define SYS_utimes -1
#define SYS_futimesat -1
#define SYS_uselib -1
#endif

/* include/uapi/asm-generic/unistd.h: the same everywhere */
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452 /* Linux 6.6 */
#endif
#ifndef SYS_setxattrat
#define SYS_setxattrat 463 /* Linux 6.13 */
#define SYS_getxattrat 464
#define SYS_listxattrat 465
#define SYS_removexattrat 466
#endif
#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467 /* Linux 6.15 */
#endif
#ifndef SYS_file_getattr
#define SYS_file_getattr 468 /* Linux 6.17 */
#define SYS_file_setattr 469
#endif

#endif
