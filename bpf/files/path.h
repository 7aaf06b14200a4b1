/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The absolute path of a dentry, as readlink(2) of /proc/PID/fd/N gives it to
 * a reader outside every chroot (fs/d_path.c, prepend_path): up through
 * d_parent, and from the root of a mount to its mount point. bpf_d_path is
 * not allowed in these programs.
 */
#ifndef BFATRACE_PATH_H
#define BFATRACE_PATH_H

#include "files/quick_walk.h"

enum {
	WALK_STEPS = 2 * BFA_PATH_MAX + 1, /* components, mounts and that of rootfs; a longer path is not known */
	WALK_TRIES = 16,		   /* a walk that met a rename starts again */
	WALK_PATIENCE = 1 << 21,	   /* looks at a dentry that is being renamed, about 25 ms */
	WALK_REST_NS = 1000000000,	   /* without waiting, on a processor that has waited in vain */
};

/* False if the name does not fit: the path is then its tail. */
static __always_inline bool prepend(struct scratch *s, const unsigned char *name, __u32 len)
{
	struct walk *w = &s->walk;
	__u32 start;

	/* The first byte of the buffer stays free: a path has at most BFA_PATH_MAX - 1 bytes. */
	if (len > BFA_NAME_MAX || w->start < len + 2)
		return false;
	start = w->start - len;
	bpf_probe_read_kernel(&s->path[BOUNDED(start, BFA_PATH_MAX - 1)], BOUNDED(len, BFA_NAME_MAX), name);
	start--;
	s->path[BOUNDED(start, BFA_PATH_MAX - 1)] = '/';
	w->start = start;
	return true;
}

/* A root without a mount: a memory file, whose name stands for a path, or a disconnected dentry. */
static __always_inline void end_at_root(struct scratch *s, const unsigned char *name, __u32 len)
{
	struct walk *w = &s->walk;
	char first = 0;

	bpf_probe_read_kernel(&first, 1, name);
	if (first == '/' || w->start != BFA_PATH_MAX || !prepend(s, name, len))
		w->unknown = true; /* also a file outside of what its mount shows */
	else
		w->marks |= BFA_MARK_UNLINKED;
}

/* Goes on at the directory that the mount hides; false if nothing is above it. */
static __always_inline bool leave_mount(struct walk *w)
{
	struct mount *mount = w->mount;
	struct mount *above = READ(mount, mnt_parent);

	if (above == mount)
		return false;
	w->dentry = READ(mount, mnt_mountpoint);
	w->mount = above;
	w->seen = add_seen(w->seen, number_of(&w->dentry), 1);
	w->mount_root = READ(above, mnt.mnt_root);
	return true;
}

static long walk_step(__u32 step, void *context)
{
	struct scratch *s = scratch_get();
	struct walk *w;
	struct dentry *dentry, *parent;
	const unsigned char *name;
	__u32 version, len;

	if (!s)
		return 1;
	w = &s->walk;
	dentry = w->dentry;
	if (dentry == w->mount_root)
		return !leave_mount(w);
	version = READ(dentry, d_seq.seqcount.sequence);
	order_loads(s);
	parent = READ(dentry, d_parent);
	w->seen = add_seen(w->seen, (__u64)dentry, version);
	if (w->again) {
		w->dentry = parent;
		return parent == dentry;
	}
	name = READ(dentry, d_name.name);
	len = READ(dentry, d_name.len);
	if (parent == dentry) {
		end_at_root(s, name, len);
		return 1;
	}
	if (!(w->marks & BFA_MARK_TRUNCATED) && !prepend(s, name, len))
		w->marks |= BFA_MARK_TRUNCATED;
	order_loads(s);
	/* A rename changes name and parent between two increments (fs/dcache.c, __d_move). */
	if (version & 1 || version != READ(dentry, d_seq.seqcount.sequence)) {
		w->torn = true;
		return 1;
	}
	w->dentry = parent;
	return 0;
}

static __always_inline void begin_walk(struct walk *w, struct place *at)
{
	w->dentry = at->dentry;
	w->mount = at->mount;
	w->mount_root = READ(at->mount, mnt.mnt_root);
	w->seen = 0;
}

/*
 * A rename takes less than a microsecond between its two increments, unless its
 * processor is interrupted, or is a virtual one that is not being run.
 */
static long await_rename(__u32 step, void *context)
{
	struct scratch *s = scratch_get();

	return !s || !(READ(s->walk.dentry, d_seq.seqcount.sequence) & 1);
}

/*
 * A rename that is not over by then is none, or this program has interrupted
 * it: waiting again and again would keep a processor from everybody else.
 */
static __always_inline void wait_for_rename(struct scratch *s)
{
	__u64 now = bpf_ktime_get_boot_ns();

	if (now - s->in_vain_ns < WALK_REST_NS)
		return;
	if (bpf_loop(WALK_PATIENCE, await_rename, 0, 0) == WALK_PATIENCE)
		s->in_vain_ns = now;
}

/*
 * Walks twice: a rename here and another one there, while the way between them
 * was walked, would make a path that never was. If nothing has changed by the
 * second time, all of it was true at once.
 */
CHECKED_ONCE int walk_up(struct place *at, __u32 start)
{
	struct scratch *s = scratch_get();
	struct walk *w;
	__u64 seen;

	if (!s || !at)
		return 0;
	w = &s->walk;
	*w = (struct walk){ .start = start };
	begin_walk(w, at);
	/* One more, in which the walk ends at the top. */
	if (bpf_loop(WALK_STEPS + 1, walk_step, 0, 0) > WALK_STEPS)
		w->unknown = true;
	if (w->torn) {
		wait_for_rename(s);
		return true;
	}
	seen = w->seen;
	order_loads(s);
	begin_walk(w, at);
	w->again = true;
	bpf_loop(WALK_STEPS, walk_step, 0, 0);
	return w->seen != seen;
}

/*
 * Leaves the path in s->path from s->walk.start to BFA_PATH_MAX and returns its
 * length; 0 if it is not known, for good unless the walk is torn. The rest of
 * the path is there already from `start` on.
 */
static __always_inline __u32 resolve_before(struct scratch *s, struct place *at, __u32 start)
{
	struct walk *w = &s->walk;
	struct dentry *dentry = at->dentry;
	bool torn = true;

	for (int i = 0; i < WALK_TRIES && torn; i++)
		torn = walk_up(at, start);
	w->torn = torn;
	if (w->unknown)
		w->marks = 0;
	if (torn || w->unknown)
		return 0;
	if (w->start == BFA_PATH_MAX) {
		w->start--;
		s->path[BFA_PATH_MAX - 1] = '/';
	}
	if (is_unlinked(dentry))
		w->marks |= BFA_MARK_UNLINKED;
	return BFA_PATH_MAX - w->start;
}

enum { TOP_MOUNTS = 3 }; /* one on the root of another, such as the root file system on the first one */

/*
 * Nothing is above it, as above the root of most processes, where an absolute
 * name begins. A mount whose parent has changed meanwhile is left to the walk.
 */
static __always_inline bool is_top(struct scratch *s, struct place *at)
{
	struct dentry *dentry = at->dentry;
	struct mount *mount = at->mount, *above;

	for (int i = 0; i < TOP_MOUNTS; i++) {
		above = READ(mount, mnt_parent);
		if (READ(mount, mnt.mnt_root) != dentry)
			return false;
		if (above == mount)
			return true;
		order_loads(s);
		dentry = READ(mount, mnt_mountpoint);
		order_loads(s);
		if (READ(mount, mnt_parent) != above)
			return false;
		mount = above;
	}
	return false;
}

/* Leaves the path in s->path from s->walk.start on and returns its length, 0 if it is not known. */
static __always_inline __u32 resolve(struct scratch *s, struct place *at)
{
	__u32 length;

	if (!READ_BY_HELPER && is_top(s, at)) {
		s->walk = (struct walk){ .start = BFA_PATH_MAX - 1 };
		s->path[BFA_PATH_MAX - 1] = '/';
		return 1;
	}
	length = READ_BY_HELPER ? 0 : walk_by_loop(at);
	return length ?: resolve_before(s, at, BFA_PATH_MAX);
}

/* The bytes of the path just resolved. */
static __always_inline const char *resolved_path(struct scratch *s)
{
	return &s->path[BOUNDED(s->walk.start, BFA_PATH_MAX - 1)];
}

#endif
