/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The few kernel structures that are read, with just the members that are
 * read: CO-RE relocates them to the layout of the running kernel (flat
 * structures match members of anonymous unions too), so that no generated
 * vmlinux.h is needed.
 */
#ifndef BFATRACE_KERNEL_H
#define BFATRACE_KERNEL_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "bfatrace.h"

#define KERNEL_STRUCT __attribute__((preserve_access_index))

struct block_device;
struct inode;
struct mnt_namespace;
struct mount;
struct super_block;

struct atomic_counter {
	__u32 counter;
} KERNEL_STRUCT;

struct seqcount {
	unsigned int sequence;
} KERNEL_STRUCT;

struct seqcount_spinlock {
	struct seqcount seqcount;
} KERNEL_STRUCT;

struct hlist_bl_node {
	struct hlist_bl_node *next;
	struct hlist_bl_node **pprev;
} KERNEL_STRUCT;

struct hlist_node {
	struct hlist_node *next;
} KERNEL_STRUCT;

struct hlist_head {
	struct hlist_node *first;
} KERNEL_STRUCT;

struct list_head {
	struct list_head *next;
} KERNEL_STRUCT;

struct qstr {
	__u32 hash;
	__u32 len;
	const unsigned char *name;
} KERNEL_STRUCT;

struct dentry {
	unsigned int d_flags;
	struct seqcount_spinlock d_seq;
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct hlist_node d_sib;
	struct hlist_head d_children;
	struct dentry_aliases {
		struct hlist_node d_alias; /* in the i_dentry of its inode */
	} d_u;
} KERNEL_STRUCT;

/* Before 6.8 (da549bdd15c2). */
struct dentry___lists {
	struct list_head d_child;
	struct list_head d_subdirs;
} KERNEL_STRUCT;

/* A macro of value 0x10000 before 6.14. */
enum dentry_flags {
	DCACHE_MOUNTED = 0x10000,
};

#define DCACHE_OP_HASH 1 /* include/linux/dcache.h: the file system hashes names in its own way */

struct vfsmount {
	struct dentry *mnt_root;
} KERNEL_STRUCT;

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct list_head mnt_mounts;
	struct list_head mnt_child;
	struct mnt_namespace *mnt_ns;
} KERNEL_STRUCT;

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
} KERNEL_STRUCT;

struct super_block {
	__u32 s_dev;
	unsigned long s_magic;
	struct block_device *s_bdev;
} KERNEL_STRUCT;

struct inode {
	__u16 i_mode;
	struct super_block *i_sb;
	unsigned long i_ino;
	unsigned int i_nlink;
	__s64 i_size;
	struct atomic_counter i_writecount; /* openings for writing */
	char *i_link;
	__u32 i_rdev;
	struct address_space *i_mapping;
	struct hlist_head i_dentry;
	void *i_private; /* the node of a control group's directory */
} KERNEL_STRUCT;

struct btrfs_root {
	__u32 anon_dev;
} KERNEL_STRUCT;

struct btrfs_inode {
	struct btrfs_root *root;
	struct inode vfs_inode;
} KERNEL_STRUCT;

struct address_space {
	struct inode *host;
} KERNEL_STRUCT;

struct file {
	unsigned int f_mode;
	unsigned int f_flags;
	__s64 f_pos;
	struct address_space *f_mapping;
	struct inode *f_inode;
	struct path f_path;
	void *private_data;
} KERNEL_STRUCT;

struct kernfs_node {
	struct kernfs_node *__parent;
	const char *name;
	__u64 id;
} KERNEL_STRUCT;

/* Before 6.15 (633488947ef6). */
struct kernfs_node___parent {
	struct kernfs_node *parent;
} KERNEL_STRUCT;

struct cgroup {
	struct kernfs_node *kn;
} KERNEL_STRUCT;

struct css_set {
	struct cgroup *dfl_cgrp; /* in the hierarchy of version 2 */
} KERNEL_STRUCT;

struct vm_area_struct {
	struct file *vm_file;
} KERNEL_STRUCT;

struct mm_struct {
	struct file *exe_file;
	unsigned long arg_start;
	unsigned long arg_end;
} KERNEL_STRUCT;

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
} KERNEL_STRUCT;

struct files_struct {
	struct atomic_counter count;
	struct fdtable *fdt;
} KERNEL_STRUCT;

struct fs_struct {
	struct path root;
	struct path pwd;
} KERNEL_STRUCT;

struct upid {
	int nr;
	struct pid_namespace *ns;
} KERNEL_STRUCT;

struct pid {
	unsigned int level;
	struct upid numbers[1];
} KERNEL_STRUCT;

struct signal_struct {
	struct atomic_counter live; /* threads that have not begun to exit */
	int nr_threads;		    /* threads that have not been released */
} KERNEL_STRUCT;

/* kuid_t and kgid_t */
struct kernel_id {
	__u32 val;
} KERNEL_STRUCT;

struct cred {
	struct kernel_id euid;
	struct kernel_id egid;
} KERNEL_STRUCT;

struct thread_info {
	unsigned long flags;
	__u32 status; /* x86 */
} KERNEL_STRUCT;

struct nsproxy {
	struct mnt_namespace *mnt_ns;
} KERNEL_STRUCT;

struct task_struct {
	struct thread_info thread_info;
	__u32 pid;
	__u32 tgid;
	struct nsproxy *nsproxy;
	struct task_struct *group_leader;
	const struct cred *cred;
	struct pid *thread_pid;
	char comm[BFA_COMM_SIZE];
	struct fs_struct *fs;
	struct files_struct *files;
	struct signal_struct *signal;
	struct mm_struct *mm;
	struct css_set *cgroups;
	struct task_struct *real_parent;
	unsigned int flags;
	__u64 start_boottime;
} KERNEL_STRUCT;

/* What the iterator over open files passes (kernel/bpf/task_iter.c). */
struct bpf_iter__task_file {
	struct task_struct *task;
	__u32 fd;
} KERNEL_STRUCT;

#define PF_KTHREAD 0x200000 /* include/linux/sched.h */

/* include/linux/fs.h */
#define FMODE_WRITE 0x2
#define FMODE_CREATED 0x100000

/* include/uapi/linux/stat.h */
#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define S_IFLNK 0120000
#define S_IFREG 0100000
#define S_IFBLK 0060000
#define S_IFDIR 0040000
#define S_IFCHR 0020000
#define S_IFIFO 0010000

/* include/uapi/asm-generic/fcntl.h: these have one value on x86 and arm64 */
#define O_WRONLY 01
#define O_CREAT 0100
#define O_TRUNC 01000
#define O_PATH 010000000
#define TMPFILE_BIT 020000000 /* __O_TMPFILE */

/* include/uapi/linux/fcntl.h */
#define AT_FDCWD (-100)
#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_SYMLINK_FOLLOW 0x400

#define IN_DONT_FOLLOW 0x02000000 /* include/uapi/linux/inotify.h */
#define FAN_MARK_DONT_FOLLOW 0x4  /* include/uapi/linux/fanotify.h */
#define RESOLVE_IN_ROOT 0x10	  /* include/uapi/linux/openat2.h */

#define RENAME_EXCHANGE 2 /* include/uapi/linux/fs.h */

/* include/uapi/linux/mount.h */
#define MS_REMOUNT 0x20
#define MS_BIND 0x1000
#define MS_MOVE 0x2000
#define MS_PROPAGATION 0x1e0000 /* MS_UNBINDABLE, MS_PRIVATE, MS_SLAVE, MS_SHARED */
#define FSCONFIG_SET_PATH 3
#define FSCONFIG_SET_PATH_EMPTY 4

#define UTIME_OMIT 0x3ffffffe /* include/linux/stat.h */

#define BTRFS_SUPER_MAGIC 0x9123683e /* include/uapi/linux/magic.h */

/* include/uapi/linux/close_range.h */
#define CLOSE_RANGE_CLOEXEC 4

/*
 * Makes a pointer that the verifier lets us follow with plain loads: half the
 * cost of a helper call for each member. Since 6.2 (a35b9af4ec2c).
 */
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;

/*
 * The programs are compiled once for each use of these two, as the verifier
 * takes long to remove what a constant in .rodata switches off.
 */
#ifndef PER_CALL
#error "PER_CALL: 1 for a record for every call, 0 for merged ones"
#endif
#ifndef READ_BY_HELPER
#error "READ_BY_HELPER: 1 for kernels without bpf_rdonly_cast (before 6.2), 0 for the others"
#endif

/* Set by user space before loading; the verifier takes its members for constants. */
const volatile struct bfa_config config SEC(".rodata.config");

/* A run for changes: it has a record for each call. */
#define FOR_CHANGES (PER_CALL && config.changes)

/*
 * Reads one member through a pointer that may be stale or wild: a fault reads
 * as zero.
 */
#define READ(pointer, member)                                                                                       \
	({                                                                                                          \
		typeof(pointer) __pointer = (pointer);                                                              \
		typeof(__pointer->member) __value = 0;                                                              \
		if (!READ_BY_HELPER)                                                                                \
			__value = ((typeof(__pointer))bpf_rdonly_cast(__pointer,                                    \
								      bpf_core_type_id_kernel(typeof(*__pointer)))) \
					  ->member;                                                                 \
		else                                                                                                \
			bpf_core_read(&__value, sizeof(__value), &__pointer->member);                               \
		__value;                                                                                            \
	})

/*
 * Makes a trusted pointer one that can be followed but is not trusted. At each
 * load of a pointer through a trusted one, the verifier looks up whether the
 * loaded one may be trusted too, four times, among all types of the kernel by
 * name (btf_nested_type_is_trusted in kernel/bpf/btf.c, since 6.2): that is more
 * than half of the time of loading.
 */
#define UNTRUSTED(pointer)          \
	(READ_BY_HELPER ? (pointer) \
			: (typeof(pointer))bpf_rdonly_cast(pointer, bpf_core_type_id_kernel(typeof(*(pointer)))))

/* The current task, for reading; helpers that take a task ask for a trusted pointer. */
static __always_inline struct task_struct *current_task(void)
{
	return UNTRUSTED((struct task_struct *)bpf_get_current_task_btf());
}

/*
 * Makes a length or index opaque to the compiler, which otherwise drops the
 * mask after it as redundant; the verifier of 6.1 needs to see the mask.
 */
#define BOUNDED(value, mask)                        \
	({                                          \
		__u32 __bounded = (value);          \
		asm volatile("" : "+r"(__bounded)); \
		__bounded &(mask);                  \
	})

/*
 * A global function: the verifier checks it once, by itself and for whatever
 * arguments, instead of again at each call. Kernel pointers are passed as
 * numbers.
 */
#define CHECKED_ONCE __noinline

/* For an argument that not every variant uses: callers would not pass it, but the verifier asks for it. */
#define USED(argument) asm volatile("" : : "r"(argument))

/*
 * Two words that are no pointers for the verifier. Memory is read as this
 * structure, whatever it holds, where a helper would cost too much:
 * bpf_rdonly_cast takes structures of the kernel only.
 */
struct timespec64 {
	__s64 tv_sec;
	long tv_nsec;
} KERNEL_STRUCT;

/* A pointer as a number, which the verifier lets us calculate with. */
#define ADDRESS(pointer, member) ((__u64)READ((struct timespec64 *)&(pointer)->member, tv_sec))

/* Four words that are no pointers for the verifier. */
struct itimerspec64 {
	struct timespec64 it_interval;
	struct timespec64 it_value;
} KERNEL_STRUCT;

static __always_inline struct file *file_of_fd(struct task_struct *task, __u32 fd)
{
	struct fdtable *table = task->files->fdt;
	struct timespec64 *element = (struct timespec64 *)(table->fd + fd);

	return fd < table->max_fds ? (struct file *)READ(element, tv_sec) : 0;
}

#endif
