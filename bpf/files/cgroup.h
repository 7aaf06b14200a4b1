/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The control groups of processes, in the hierarchy of version 2: their paths,
 * and whether they are asked for. Both follow from the names of a group and of
 * those above it, which never change: each group is looked at once, when the
 * first of its processes does something. So a group that is made later is known
 * from its first call on.
 */
#ifndef BFATRACE_CGROUP_H
#define BFATRACE_CGROUP_H

#include "cgroup_names.h"
#include "files/path.h"

enum { CGROUP_LEVELS = 256 };

/* Control groups by their ids, which the kernel never gives again. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, BFA_CGROUPS);
	__type(key, __u64);
	__type(value, struct bfa_cgroup);
} cgroups SEC(".maps");

/* Names of groups that --unit asks for. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BFA_CGROUP_RULES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct bfa_cgroup_name);
	__type(value, __u8);
} units SEC(".maps");

/* Beginnings of the ids that --container asks for. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, BFA_CGROUP_RULES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct bfa_prefix);
	__type(value, __u8);
} containers SEC(".maps");

/* Paths of --under-cgroup, each with a slash at its end. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, BFA_CGROUP_RULES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct bfa_prefix);
	__type(value, __u8);
} cgroup_paths SEC(".maps");

/* The address of the kernfs node of a task's control group. */
static __always_inline __u64 node_of(struct task_struct *task)
{
	return ADDRESS(READ(READ(task, cgroups), dfl_cgrp), kn);
}

static __always_inline __u64 id_of(__u64 node)
{
	return READ((struct kernfs_node *)node, id);
}

static __always_inline struct kernfs_node *node_above(struct kernfs_node *node)
{
	if (bpf_core_field_exists(struct kernfs_node, __parent))
		return READ(node, __parent);
	return READ((struct kernfs_node___parent *)node, parent);
}

/* How far the way up from a group has come. */
struct cgroup_walk {
	struct kernfs_node *node;
	__u32 scopes; /* enum bfa_cgroup_scope, of all that was passed */
	__u32 unknown;
};

/* Leaves the name at s->group_name and returns its length. */
static __always_inline __u32 read_name(struct scratch *s, const char *name)
{
	long size;

	__builtin_memset(&s->group_name, 0, sizeof(s->group_name));
	size = bpf_probe_read_kernel_str(s->group_name.bytes, sizeof(s->group_name.bytes), name);
	return size > 0 ? size - 1 : 0;
}

static __always_inline bool is_wanted_container(struct scratch *s, __u32 length, struct kernfs_node *above)
{
	struct bfa_container_id id;
	char name[BFA_ABOVE_SIZE] = {};

	bpf_probe_read_kernel_str(name, sizeof(name), READ(above, name));
	id = bfa_container_in(&s->group_name, length, name);
	if (!id.length)
		return false;
	__builtin_memset(&s->prefix, 0, sizeof(s->prefix));
	bpf_probe_read_kernel(s->prefix.bytes, BOUNDED(id.length, BFA_PREFIX_BYTES - 1),
			      BFA_FROM(&s->group_name, id.start));
	s->prefix.bits = id.length * 8;
	return bpf_map_lookup_elem(&containers, &s->prefix);
}

/* systemd puts an underscore before names that the kernel may use itself, as memory.service (cg_escape). */
static __always_inline bool is_wanted_unit(struct scratch *s, const char *name)
{
	if (s->group_name.bytes[0] == '_')
		read_name(s, name + 1);
	return bpf_map_lookup_elem(&units, &s->group_name);
}

static long cgroup_step(__u32 step, void *context)
{
	struct cgroup_walk *w = context;
	struct kernfs_node *node = w->node, *above = node_above(node);
	struct scratch *s = scratch_get();
	const char *name;
	__u32 length;

	/* The root of the hierarchy has no name. */
	if (!s || !above)
		return 1;
	name = READ(node, name);
	length = read_name(s, name);
	if (!length || !prepend(s, (const unsigned char *)name, length)) {
		w->unknown = true;
		return 1;
	}
	if (config.cgroup_scopes & BFA_IN_CONTAINER && is_wanted_container(s, length, above))
		w->scopes |= BFA_IN_CONTAINER;
	if (config.cgroup_scopes & BFA_IN_UNIT && is_wanted_unit(s, name))
		w->scopes |= BFA_IN_UNIT;
	w->node = above;
	return 0;
}

static __always_inline bool is_under_wanted(struct scratch *s, __u32 length)
{
	__builtin_memset(&s->prefix, 0, sizeof(s->prefix));
	if (length > BFA_PREFIX_BYTES - 1)
		length = BFA_PREFIX_BYTES - 1;
	bpf_probe_read_kernel(s->prefix.bytes, BOUNDED(length, BFA_PREFIX_BYTES - 1), resolved_path(s));
	s->prefix.bytes[BOUNDED(length, BFA_PREFIX_BYTES - 1)] = '/';
	s->prefix.bits = (length + 1) * 8;
	return bpf_map_lookup_elem(&cgroup_paths, &s->prefix);
}

static __noinline bool walk_cgroups(struct cgroup_walk *w)
{
	return bpf_loop(CGROUP_LEVELS, cgroup_step, w, 0) < CGROUP_LEVELS;
}

/* Looks at a group, and leaves its description in s->group; returns its scopes. */
CHECKED_ONCE __u32 learn_cgroup(__u64 address, __u64 id)
{
	struct cgroup_walk w = { .node = (struct kernfs_node *)address };
	struct scratch *s = scratch_get();
	struct bfa_cgroup *g;
	__u32 length;

	if (!s)
		return 0;
	g = &s->group;
	g->path_len = 0;
	g->scopes = 0;
	s->walk.start = BFA_PATH_MAX;
	/* If the memory of a group was given to another one, the result is that of neither. */
	if (!walk_cgroups(&w) || w.unknown || id_of(address) != id)
		return 0;
	if (s->walk.start == BFA_PATH_MAX) {
		s->walk.start--;
		s->path[BFA_PATH_MAX - 1] = '/';
	}
	length = BFA_PATH_MAX - s->walk.start;
	if (config.cgroup_scopes & BFA_UNDER_CGROUP && is_under_wanted(s, length))
		w.scopes |= BFA_UNDER_CGROUP;
	g->scopes = w.scopes;
	if (length < BFA_CGROUP_PATH) {
		g->path_len = length;
		bpf_probe_read_kernel(g->path, BOUNDED(length, BFA_CGROUP_PATH - 1), resolved_path(s));
	}
	bpf_map_update_elem(&cgroups, &id, g, BPF_ANY);
	return g->scopes;
}

/* Whether the process is in the groups asked for. */
static __always_inline bool cgroup_in_scope(struct task_struct *task)
{
	struct bfa_cgroup *known;
	__u32 scopes;
	__u64 node, id;

	if (!config.cgroup_scopes)
		return true;
	node = node_of(task);
	id = id_of(node);
	known = bpf_map_lookup_elem(&cgroups, &id);
	scopes = known ? known->scopes : learn_cgroup(node, id);
	return (scopes & config.cgroup_scopes) == config.cgroup_scopes;
}

/* Puts the group of a process into the map, and leaves its path for later; returns its id. */
static __always_inline __u64 know_cgroup(struct task_struct *task)
{
	__u64 node = node_of(task), id = id_of(node);

	if (!bpf_map_lookup_elem(&cgroups, &id))
		learn_cgroup(node, id);
	return id;
}

#endif
