/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which processes and which files are wanted: compared before anything else, the cheapest rule first. */
#ifndef BFATRACE_SCOPE_H
#define BFATRACE_SCOPE_H

#include "base/ledger.h"
#include "files/cgroup.h"
#include "files/place.h"

/* The pid namespace of bfatrace itself; the initial one has level 0. */
struct pid_namespace *own_pid_namespace;
__u32 own_pid_level;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BFA_PID_RULES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);  /* tgid, as user space knows it */
	__type(value, __u8); /* enum bfa_rule */
} pid_rules SEC(".maps");

/* File systems of --current-mount, or those that fatrace watches; user space holds them mounted. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BFA_FILE_SYSTEMS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct super_block *);
	__type(value, __u8);
} file_systems SEC(".maps");

/*
 * Bits of the processes that have had a rule, by the lowest bits of their ids:
 * most processes have none, and need no look-up.
 */
enum { RULE_BITS = 1 << 16 };
__u64 has_rule[RULE_BITS / 64];

static __always_inline __u64 *rule_word(__u32 tgid)
{
	return &has_rule[BOUNDED(tgid / 64, RULE_BITS / 64 - 1)];
}

/* Sets the bit before the rule goes into the map. */
static __always_inline void note_rule(__u32 tgid)
{
	__sync_fetch_and_or(rule_word(tgid), 1ULL << tgid % 64);
}

static __always_inline bool may_have_rule(__u32 tgid)
{
	return *rule_word(tgid) >> tgid % 64 & 1;
}

struct comm_key {
	char comm[BFA_COMM_SIZE];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BFA_COMM_RULES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct comm_key);
	__type(value, __u8); /* enum bfa_rule */
} comm_rules SEC(".maps");

/* The kernel pads comm with NULs (__set_task_comm, since 5.17), so that whole arrays compare. */
static __always_inline void copy_leader_comm(char *comm, struct task_struct *leader)
{
	struct timespec64 *words = (void *)leader + bpf_core_field_offset(struct task_struct, comm);
	__u64 copy[] = { READ(words, tv_sec), READ(words, tv_nsec) };

	_Static_assert(sizeof(copy) == BFA_COMM_SIZE, "a name is two words");
	__builtin_memcpy(comm, copy, sizeof(copy));
}

static __always_inline void copy_comm(char *comm, struct task_struct *task)
{
	copy_leader_comm(comm, task->group_leader);
}

static __always_inline struct upid *upid_at(struct pid *pid, __u32 level)
{
	return (void *)pid + bpf_core_field_offset(struct pid, numbers) + level * bpf_core_type_size(struct upid);
}

/*
 * Process and thread ids in bfatrace's own pid namespace; 0 for a process that
 * is not in it (include/linux/pid.h).
 */
static __always_inline __u32 seen_pid(struct task_struct *task, __u32 initial)
{
	struct upid *upid;
	struct pid *pid;

	if (!own_pid_level)
		return initial;
	pid = READ(task, thread_pid);
	if (READ(pid, level) < own_pid_level)
		return 0;
	upid = upid_at(pid, own_pid_level);
	return READ(upid, ns) == own_pid_namespace ? READ(upid, nr) : 0;
}

static __always_inline void know_self(struct task_struct *task)
{
	struct pid *pid = READ(task, thread_pid);

	own_tgid = task->tgid;
	own_pid_level = READ(pid, level);
	own_pid_namespace = READ(upid_at(pid, own_pid_level), ns);
}

static __always_inline __u32 seen_tid(struct task_struct *task)
{
	return seen_pid(task, task->pid);
}

static __always_inline __u32 seen_tgid(struct task_struct *task)
{
	return seen_pid(task->group_leader, task->tgid);
}

/* Fills in the members that every structure about a process has, under these names. */
#define DESCRIBE_PROCESS(to, task)                  \
	do {                                        \
		(to)->tgid = seen_tgid(task);       \
		(to)->uid = (task)->cred->euid.val; \
		(to)->gid = (task)->cred->egid.val; \
		copy_comm((to)->comm, task);        \
	} while (0)

/* Fills in the process and thread of a record. */
static __always_inline void describe_task(struct bfa_record *r, struct task_struct *task)
{
	DESCRIBE_PROCESS(r, task);
	r->tid = seen_tid(task);
	r->began_ns = task->group_leader->start_boottime;
}

static __always_inline __u8 pid_rule(__u32 tgid)
{
	__u8 *rule = config.pid_rules && may_have_rule(tgid) ? bpf_map_lookup_elem(&pid_rules, &tgid) : 0;

	return rule ? *rule : 0;
}

static __always_inline __u8 comm_rule(struct task_struct *task)
{
	struct comm_key key;
	__u8 *rule;

	if (!config.comm_rules)
		return 0;
	copy_comm(key.comm, task);
	rule = bpf_map_lookup_elem(&comm_rules, &key);
	return rule ? *rule : 0;
}

static __always_inline bool task_in_scope(struct task_struct *task)
{
	__u8 by_pid, by_comm;

	if (task->tgid == own_tgid)
		return false;
	if (config.only_uid && task->cred->euid.val != config.uid)
		return false;
	if (!cgroup_in_scope(task))
		return false;
	/* Hides from the compiler that the id is not needed where there are no rules. */
	by_pid = config.pid_rules ? pid_rule(seen_tgid(task)) : 0;
	by_comm = comm_rule(task);
	if ((by_pid | by_comm) & BFA_RULE_IGNORE)
		return false;
	if (by_pid & BFA_RULE_FOLLOWED)
		return true;
	if (config.only_pids && !(by_pid & (BFA_RULE_ONLY | BFA_RULE_COMMAND)))
		return false;
	return !config.only_comms || by_comm & BFA_RULE_ONLY;
}

/* Deletes the rule of a process that has ended: another one may get its number. */
static __always_inline void forget_rule(__u32 tgid)
{
	__u8 rule = pid_rule(tgid);

	if (rule && !bpf_map_delete_elem(&pid_rules, &tgid) && rule != BFA_RULE_IGNORE)
		COUNT(ended, 1);
}

/* All descendants of a command belong to it, in scope or not. */
static __always_inline int follow_child(struct task_struct *parent, struct task_struct *child)
{
	__u32 tgid = seen_pid(child, READ(child, tgid));
	__u8 rule = pid_rule(seen_tgid(parent)) & BFA_RULE_COMMAND;

	if (READ(child, tgid) == parent->tgid)
		return 0;
	if (config.follow && task_in_scope(parent))
		rule |= BFA_RULE_FOLLOWED;
	if (!rule)
		return 0;
	note_rule(tgid);
	if (bpf_map_update_elem(&pid_rules, &tgid, &rule, BPF_ANY))
		COUNT(lost_processes, 1);
	else
		COUNT(followed, 1);
	return 0;
}

/*
 * File systems without a device, a server or a daemon behind them: what they
 * hold is the kernel's or in memory (include/uapi/linux/magic.h; hugetlbfs,
 * mqueue, configfs, fusectl, rpc_pipefs, efivarfs and autofs from their sources).
 */
CHECKED_ONCE bool is_virtual(unsigned long magic)
{
	switch (magic) {
	case 0x9fa0:	 /* proc */
	case 0x62656572: /* sysfs */
	case 0x01021994: /* tmpfs, devtmpfs */
	case 0x858458f6: /* ramfs */
	case 0x958458f6: /* hugetlbfs */
	case 0x1cd1:	 /* devpts */
	case 0x27e0eb:	 /* cgroup */
	case 0x63677270: /* cgroup2 */
	case 0x64626720: /* debugfs */
	case 0x74726163: /* tracefs */
	case 0xcafe4a11: /* bpf */
	case 0x73636673: /* securityfs */
	case 0xf97cff8c: /* selinuxfs */
	case 0x43415d53: /* smackfs */
	case 0x5a3c69f0: /* apparmorfs */
	case 0x19800202: /* mqueue */
	case 0x62656570: /* configfs */
	case 0x65735543: /* fusectl */
	case 0x42494e4d: /* binfmt_misc */
	case 0x6165676c: /* pstore */
	case 0xde5e81e4: /* efivarfs */
	case 0x0187:	 /* autofs */
	case 0x6e736673: /* nsfs */
	case 0x50494446: /* pidfs */
	case 0x62646576: /* bdev */
	case 0x444d4142: /* dma-buf */
	case 0x5345434d: /* secretmem */
	case 0x6c6f6f70: /* binderfs */
	case 0x67596969: /* rpc_pipefs */
	case 0x6e667364: /* nfsd */
	case 0x7655821:	 /* resctrl */
		return true;
	}
	return false;
}

/* Pipes, sockets and anonymous inodes are descriptors, but no files: they have no path. */
static __always_inline bool is_nameless(unsigned long magic)
{
	return magic == 0x50495045 /* pipefs */ || magic == 0x534f434b /* sockfs */ ||
	       magic == 0x09041934 /* anon_inodefs */ || magic == 0x50494446 /* pidfs */ ||
	       magic == 0x6e736673 /* nsfs */;
}

/*
 * The kernel's device number of a file. A btrfs subvolume has its own, which
 * stat(2) reports (fs/btrfs/inode.c, btrfs_getattr).
 */
static __always_inline __u32 device_of(struct inode *inode)
{
	struct super_block *sb = READ(inode, i_sb);
	struct btrfs_inode *of_btrfs;
	struct btrfs_root *root;
	__u32 device = READ(sb, s_dev);

	if (READ(sb, s_magic) != BTRFS_SUPER_MAGIC || !bpf_core_type_exists(struct btrfs_inode))
		return device;
	/* No READ: the types may be those of a module. */
	of_btrfs = (void *)inode - bpf_core_field_offset(struct btrfs_inode, vfs_inode);
	if (!bpf_core_read(&root, sizeof(root), &of_btrfs->root))
		bpf_core_read(&device, sizeof(device), &root->anon_dev);
	return device;
}

/* Whether a place is named: then virtual file systems are not left out. */
static __always_inline bool names_place(void)
{
	return config.only_file_systems || config.only_parents || config.only_under || config.only_files;
}

static __always_inline bool is_on_wanted_file_system(struct inode *inode)
{
	struct super_block *sb = READ(inode, i_sb);

	return bpf_map_lookup_elem(&file_systems, &sb);
}

static __always_inline bool inode_in_scope(struct inode *inode)
{
	struct super_block *sb = READ(inode, i_sb);
	__u16 format = READ(inode, i_mode) & S_IFMT;
	unsigned long magic;

	/* Most files are on a block device, and so on a real file system. */
	if (!config.only_file_systems && format == S_IFREG && READ(sb, s_bdev))
		return true;
	magic = READ(sb, s_magic);
	if (is_nameless(magic))
		return false;
	if (config.only_file_systems && !is_on_wanted_file_system(inode))
		return false;
	if (config.all || names_place())
		return true;
	/* A socket of a descriptor is nameless; one with a name is looked up and touched like any file. */
	return format != S_IFCHR && format != S_IFBLK && format != S_IFIFO && !is_virtual(magic);
}

/*
 * Whether changes of a directory's entries are wanted: for --dir, the directory
 * itself counts, not the one it is in.
 */
static __always_inline bool directory_in_scope(struct dentry *dentry)
{
	return (!config.only_parents || is_place(dentry)) && inode_in_scope(READ(dentry, d_inode));
}

/* Whether a file is wanted, but for its ancestors, which is_below_places looks at. */
static __always_inline bool file_in_scope(struct dentry *dentry)
{
	if (config.only_parents && !is_place(READ(dentry, d_parent)) && !is_place(dentry))
		return false;
	if (config.only_files && !is_named_file(dentry))
		return false;
	return inode_in_scope(READ(dentry, d_inode));
}

static __always_inline bool place_in_scope(struct place *at)
{
	return file_in_scope(at->dentry) && is_below_places(at);
}

#endif
