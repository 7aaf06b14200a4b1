/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whether a path that was resolved before still holds: compared at each use of
 * an open file. The exit of a call would be too late, as rename(2) goes on for
 * seconds when it frees a large file, and a rename by a server in the kernel
 * has no call at all.
 *
 * The kernel counts every change of a name or parent in rename_lock
 * (fs/dcache.c), and every change of a mount in mount_lock (fs/namespace.c),
 * when it begins and when it ends. Their addresses are known where the kernel
 * keeps the names of its data (CONFIG_KALLSYMS_ALL) and shows them to us. If
 * the counts have changed, or are not known, the way up is compared: the
 * dentries, their versions, and the mount points. Where each load would cost a
 * helper call, as before 6.2, and there are no counts, the exits of calls have
 * to do.
 */
#ifndef BFATRACE_PATH_CHANGE_H
#define BFATRACE_PATH_CHANGE_H

#include "files/path.h"

__u32 path_epoch; /* bumped at the exit of system calls that change the paths of open files */

/* Addresses of the counts that the locks begin with; 0: not known. */
__u64 rename_count, mount_count;

/* Runs in user space's own context. */
static __always_inline int find_counts(void)
{
	static const char names[2][12] = { "rename_lock", "mount_lock" };
	__u64 rename = 0, mount = 0;

	if (bpf_kallsyms_lookup_name(names[0], sizeof("rename_lock"), 0, &rename) ||
	    bpf_kallsyms_lookup_name(names[1], sizeof("mount_lock"), 0, &mount))
		return 0;
	rename_count = rename;
	mount_count = mount;
	return 0;
}

static __always_inline bool knows_counts(void)
{
	return *(volatile __u64 *)&mount_count;
}

static __always_inline __u32 count_at(__u64 address)
{
	return READ((struct seqcount *)address, sequence);
}

/* Goes up with every change. */
static __always_inline __u32 epoch_now(void)
{
	__u32 epoch = *(volatile __u32 *)&path_epoch;

	if (knows_counts())
		epoch += count_at(rename_count) + count_at(mount_count);
	return epoch;
}

/*
 * The epoch of what is read from now on. While something is being changed (a
 * count is odd), it is one that epoch_now() will never return again: the change
 * may come after the read.
 */
static __always_inline __u32 epoch_before(struct scratch *s)
{
	__u32 epoch = *(volatile __u32 *)&path_epoch, renames, mounts;

	if (knows_counts()) {
		renames = count_at(rename_count);
		mounts = count_at(mount_count);
		epoch += renames + mounts - ((renames | mounts) & 1);
	}
	order_loads(s);
	return epoch;
}

/* True at the end, where walk_step() ends too. */
static __always_inline bool see_step(struct way *way)
{
	struct dentry *dentry = (struct dentry *)way->dentry;
	struct mount *mount = (struct mount *)way->mount;
	__u64 next;

	if (way->dentry == way->root) {
		next = ADDRESS(mount, mnt_parent);
		if (next == way->mount)
			return true;
		way->dentry = ADDRESS(mount, mnt_mountpoint);
		way->seen = add_seen(way->seen, way->dentry, 1);
		way->mount = next;
		way->root = ADDRESS((struct mount *)next, mnt.mnt_root);
		return false;
	}
	way->seen = add_seen(way->seen, way->dentry, READ(dentry, d_seq.seqcount.sequence));
	next = ADDRESS(dentry, d_parent);
	if (next == way->dentry)
		return true;
	way->dentry = next;
	return false;
}

static long see_on(__u32 step, void *context)
{
	return see_step(context);
}

/*
 * A hash of all that the path depends on, as in `seen` of struct walk: if it is
 * the same, all of it has been the same in between. A version that has not
 * changed has kept the parent, which holds the next dentry.
 */
CHECKED_ONCE __u64 see_way(__u64 mount, __u64 dentry)
{
	struct way way = { .mount = mount, .dentry = dentry };

	way.root = ADDRESS((struct mount *)mount, mnt.mnt_root);
	bpf_loop(WALK_STEPS, see_on, &way, 0);
	return way.seen;
}

/* The way of a file's path. */
static __always_inline __u64 see_way_of(struct file *file)
{
	__u64 mount = ADDRESS(file, f_path.mnt) - bpf_core_field_offset(struct mount, mnt);

	return see_way(mount, ADDRESS(file, f_path.dentry));
}

/* Does what see_way_of() does, in line, for the quick way; 0 if the way is long. */
CHECKED_ONCE __u64 see_short_way_of(__u64 address)
{
	struct file *file = (struct file *)address;
	struct way way = {
		.mount = ADDRESS(file, f_path.mnt) - bpf_core_field_offset(struct mount, mnt),
		.dentry = ADDRESS(file, f_path.dentry),
	};

	way.root = ADDRESS((struct mount *)way.mount, mnt.mnt_root);
	for (__u32 i = 0; i < QUICK_STEPS && !READ_BY_HELPER; i++)
		if (see_step(&way))
			return way.seen;
	return 0;
}

static __always_inline bool epochs_tell(void)
{
	return READ_BY_HELPER || knows_counts();
}

static __always_inline bool may_have_moved(struct file *file, struct known_file *k)
{
	return epochs_tell() ? k->epoch != epoch_now() : k->seen != see_way_of(file);
}

/* Does what may_have_moved() does, for the quick way; true also if the path is long. */
static __always_inline bool may_have_moved_quickly(struct file *file, struct known_file *k)
{
	__u64 seen;

	if (epochs_tell())
		return k->epoch != epoch_now();
	seen = see_short_way_of((__u64)file);
	return !seen || k->seen != seen;
}

#endif
