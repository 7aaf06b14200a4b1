/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The absolute path of a dentry in the common case, without a call and with
 * one walk: up to the root to remember the dentries and their versions
 * (d_seq), then down again to copy their names, then once more to see whether
 * any version has changed. path.h does whatever is unusual.
 *
 * Why the path is true. A rename makes the version odd, changes name and
 * parent, and makes it even (fs/dcache.c, __d_move). Three phases follow each
 * other, with loads in order between them: (1) all versions, which must be
 * even, and parents; (2) all names, and the parents again, which must be the
 * same; (3) all versions again, which must be the same. So the version of each
 * component is constant from a moment in (1) to one in (3), and whatever was
 * loaded in (2) has been its name and its parent all that time. All these
 * times have the end of (1) in common: at that moment every name and every
 * parent held at once. Within a phase the order of loads does not matter.
 * Mounts have no version: their parents and mount points are loaded in (1) and
 * must be the same in (2), when all names hold too.
 *
 * Memory is not used for something else meanwhile: the file holds its dentry,
 * a dentry its parent and a mount the mount that it is on, and what they let
 * go of is freed after a grace period of RCU, which a BPF program holds up.
 */
#ifndef BFATRACE_QUICK_WALK_H
#define BFATRACE_QUICK_WALK_H

#include "base/scratch.h"

static __always_inline struct mount *mount_of(struct vfsmount *mnt)
{
	return (void *)mnt - bpf_core_field_offset(struct mount, mnt);
}

static __always_inline struct place place_of(struct path *path)
{
	return (struct place){ .mount = mount_of(READ(path, mnt)), .dentry = READ(path, dentry) };
}

static __always_inline bool is_unlinked(struct dentry *dentry)
{
	return !READ(dentry, d_hash.pprev) && READ(dentry, d_parent) != dentry;
}

/*
 * Loads before it are done before loads after it. x86 keeps their order, so
 * that only the compiler must. On arm64 an atomic exchange is a full barrier:
 * the JIT turns it into swpal, which orders accesses before it and after it
 * (bob in the memory model of the architecture), or into a loop with dmb ish
 * after it. BPF has loads with acquire only since 6.15.
 */
static __always_inline void order_loads(struct scratch *s)
{
	asm volatile("" : : : "memory");
#ifdef __TARGET_ARCH_arm64
	__u64 before = __sync_lock_test_and_set(&s->barrier, 1);

	asm volatile("" : : "r"(before) : "memory");
#endif
}

/* Adds a number that a path depends on to the hash of all of them. */
static __always_inline __u64 add_seen(__u64 seen, __u64 address, __u32 version)
{
	return (seen ^ address) * 0x9e3779b97f4a7c15ULL + version;
}

/* As a number: the verifier does not let us calculate with a pointer. */
static __always_inline __u64 number_of(struct dentry **pointer)
{
	return *(volatile __u64 *)pointer;
}

/* Read from memory: the verifier would check all that follows for each number that it knows. */
static __always_inline __u32 step_count(struct scratch *s)
{
	return *(volatile __u32 *)&s->step_count;
}

/* How far phase 1 has come. */
struct climb {
	struct scratch *s;
	struct dentry *dentry;
	struct dentry *root; /* of the mount */
	struct mount *mount;
	__u64 seen;
};

/*
 * Calls a function for each step, until it returns true: in line for the quick
 * way; for all others by bpf_loop, which takes the verifier a tenth of the
 * time, and each step some nanoseconds more.
 */
static __always_inline void for_each_step(long (*function)(__u32, void *), void *context, bool in_line)
{
	if (in_line) {
		for (__u32 i = 0; i < QUICK_STEPS; i++)
			if (function(i, context))
				break;
	} else {
		bpf_loop(QUICK_STEPS, function, context, 0);
	}
}

/* Leaves the steps from one mount to the one that it is on; true at the top. */
static __always_inline bool climb_mount(struct climb *c, struct quick_step *step, __u32 i)
{
	struct mount *mount = c->mount, *above = mount->mnt_parent;

	if (above == mount) {
		c->s->step_count = i;
		c->s->walk.seen = c->seen;
		return true;
	}
	step->dentry = 0;
	step->mount = mount;
	step->above = above;
	step->parent = c->dentry = mount->mnt_mountpoint;
	c->seen = add_seen(c->seen, number_of(&step->parent), 1);
	c->mount = above;
	c->root = above->mnt.mnt_root;
	return false;
}

/*
 * Phase 1. Leaves the way up in s->steps, from step_count - 1 at the top to 0.
 * Leaves no count if the way is not usual: disconnected, long, or being
 * renamed.
 */
static __always_inline long climb_step(__u32 i, void *context)
{
	struct climb *c = context;
	struct quick_step *step = &c->s->steps[i & (QUICK_STEPS - 1)];
	struct dentry *dentry = c->dentry, *parent;
	__u32 version;

	if (dentry == c->root)
		return climb_mount(c, step, i);
	version = dentry->d_seq.seqcount.sequence;
	parent = dentry->d_parent;
	if (parent == dentry || version & 1)
		return true;
	step->dentry = dentry;
	step->parent = parent;
	step->version = version;
	c->seen = add_seen(c->seen, number_of(&step->dentry), version);
	c->dentry = parent;
	return false;
}

/* Copies a name of at most QUICK_NAME bytes, with whatever follows it in memory: a helper would take longer. */
static __always_inline void copy_name(char *to, const void *name, __u32 length)
{
	const struct itimerspec64 *from;
	__u64 *words = (__u64 *)to;

	/* libbpf looks for the names in an object, in modules, too, which takes a privilege. */
	if (READ_BY_HELPER)
		return;
	from = bpf_rdonly_cast(name, bpf_core_type_id_kernel(struct itimerspec64));
	words[0] = from->it_interval.tv_sec;
	words[1] = from->it_interval.tv_nsec;
	words[2] = from->it_value.tv_sec;
	words[3] = from->it_value.tv_nsec;
	if (length <= 32)
		return;
	from = bpf_rdonly_cast(name + 32, bpf_core_type_id_kernel(struct itimerspec64));
	words[4] = from->it_interval.tv_sec;
	words[5] = from->it_interval.tv_nsec;
	words[6] = from->it_value.tv_sec;
	words[7] = from->it_value.tv_nsec;
}

enum {
	QUICK_START = BFA_PATH_MAX - sizeof(struct quick_path), /* of the path in s->path */
};

/*
 * Phase 2. Leaves the path, with bytes after it that are no part of it; no
 * length if the way has changed, or the path is long.
 */
static __always_inline long copy_step(__u32 i, void *context)
{
	struct scratch *s = ((struct climb *)context)->s;
	struct quick_path *to = (struct quick_path *)&s->path[QUICK_START];
	__u32 count = step_count(s), length, end, len;
	struct quick_step *step = &s->steps[(count - 1 - i) & (QUICK_STEPS - 1)];
	struct dentry *dentry = UNTRUSTED(step->dentry);
	struct mount *mount;
	const void *name;

	if (i >= count)
		return true;
	length = *(volatile __u32 *)&s->quick_length;
	s->quick_length = 0;
	if (!step->dentry) {
		mount = UNTRUSTED(step->mount);
		if (mount->mnt_parent != step->above || mount->mnt_mountpoint != step->parent)
			return true;
		s->quick_length = length;
		return false;
	}
	len = dentry->d_name.len;
	name = dentry->d_name.name;
	end = length + 1 + len;
	if (len > QUICK_NAME || length >= QUICK_PATH || end > QUICK_PATH || dentry->d_parent != step->parent)
		return true;
	to->bytes[length++] = '/';
	copy_name(&to->bytes[length], name, len);
	s->quick_length = end;
	return false;
}

/* Phase 3. Leaves no length if a version has changed. */
static __always_inline long compare_step(__u32 i, void *context)
{
	struct scratch *s = ((struct climb *)context)->s;
	struct quick_step *step = &s->steps[i & (QUICK_STEPS - 1)];

	if (i >= step_count(s))
		return true;
	if (!step->dentry || UNTRUSTED(step->dentry)->d_seq.seqcount.sequence == step->version)
		return false;
	s->quick_length = 0;
	return true;
}

static __always_inline __u32 walk(struct place *at, bool in_line)
{
	struct scratch *s = scratch_get();
	struct climb c;

	if (!s || !at)
		return 0;
	c = (struct climb){ .s = s, .dentry = UNTRUSTED(at->dentry), .mount = UNTRUSTED(at->mount) };
	c.root = c.mount->mnt.mnt_root;
	s->step_count = 0;
	s->quick_length = 0;
	for_each_step(climb_step, &c, in_line);
	order_loads(s);
	for_each_step(copy_step, &c, in_line);
	order_loads(s);
	for_each_step(compare_step, &c, in_line);
	s->walk.start = QUICK_START;
	s->walk.marks = is_unlinked(at->dentry) ? BFA_MARK_UNLINKED : 0;
	s->walk.torn = false;
	return s->quick_length;
}

CHECKED_ONCE __u32 walk_in_line(struct place *at)
{
	return walk(at, true);
}

CHECKED_ONCE __u32 walk_by_loop(struct place *at)
{
	return walk(at, false);
}

/*
 * Leaves in s->path and s->walk what resolve() does, for the quick way. Returns
 * the length of the path; 0 if it takes the general walk.
 */
static __always_inline __u32 resolve_quickly(struct place *at)
{
	return READ_BY_HELPER ? 0 : walk_in_line(at);
}

#endif
