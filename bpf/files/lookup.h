/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a name to its dentry, after a call that has looked the name up: what
 * path_lookupat and filename_parentat (fs/namei.c) did, done again on the
 * dentries that they have left in the cache. Nothing else tells, when a call
 * is over, which directory it has changed.
 */
#ifndef BFATRACE_LOOKUP_H
#define BFATRACE_LOOKUP_H

#include "base/call_shapes.h"
#include "files/path.h"

enum {
	NAME_BUFFER = 2 * BFA_PATH_MAX,
	LOOKUP_STEPS = 1 << 20,	    /* slashes, components and mounts, those of symbolic links too */
	LOOKUP_LINKS = 40,	    /* MAXSYMLINKS (include/linux/namei.h) */
	LOOKUP_CHILDREN = 16384,    /* entries of one directory in the cache, the newest first */
	LOOKUP_CACHE = 16384,	    /* entries found before */
	LOOKUP_MOUNT_CACHE = 4096,  /* mounts found before */
	LOOKUP_MOUNTS = 1 << 17,    /* below one mount; fs.mount-max (proc_sys_fs(5)) is 100,000 */
	/* What is beyond a bound is not found, rather than something else. */
};

/* A component of a name, padded with NULs to whole words. */
struct component {
	union {
		char bytes[BFA_NAME_MAX + 1];
		__u64 words[(BFA_NAME_MAX + 1) / 8];
	};
};

/* A name that a call was passed. */
struct name {
	__u64 string;
	int dfd;
	__u8 rule;    /* enum lookup_rule; which AT_ flags were given is decided */
	__u8 kernel;  /* the string is in kernel memory */
	__u8 in_root; /* dfd is the root, too (openat2(2), RESOLVE_IN_ROOT) */
	__u16 limit;  /* of its bytes, with a NUL; 0: BFA_PATH_MAX */
	__s32 length; /* of the string, once loaded; negative: it cannot be read */
};

/* Where a component is in the text. */
struct component_at {
	__u32 position;
	__u32 length;
};

struct lookup {
	struct name names[2]; /* of the call at hand */
	struct place at;
	struct place root;
	struct dentry *child; /* of `at`, being looked for */
	struct dentry *moved[2]; /* by this call: before it, the way led elsewhere */
	__u32 position;	      /* in `name`, of what is still to be looked up; it ends at NAME_BUFFER */
	__u32 length;	      /* of the component at hand */
	__u32 links;
	__u8 rule;   /* LOOKUP_FOLLOW, LOOKUP_NOFOLLOW or LOOKUP_ENTRY */
	__u8 found;
	__u8 ascends;  /* out of the root of a mount, for ".." */
	__u8 descends; /* into what is mounted at `at`, if anything is */
	__u8 lost; /* a bound was met */
	__u8 asked; /* look up as far as there are files; the rest goes by its text */
	__u8 stuck; /* with asked: a symbolic link leads nobody knows where */
	__u32 missing; /* with asked: components below `at` that are not there */
	struct component_at gap; /* the first of them */
	struct place link_at; /* with asked: the directory of the first symbolic link that was followed */
	__u8 link_is_last; /* that is the last component of the name as it was passed */
	__u8 link_is_named; /* the link is a file of --file */
	__u8 hopeless; /* what the call has moved is not known */
	struct component first; /* the entry of a call's first name, padded with NULs */
	__u32 first_length;
	struct component wanted;
	struct component other;
	char name[NAME_BUFFER + BFA_PATH_MAX]; /* a string may be copied to any offset below NAME_BUFFER */
	char target[BFA_PATH_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct lookup);
} lookups SEC(".maps");

struct child_key {
	struct dentry *parent;
	__u64 name; /* a hash of it */
};

/* Verified at each use, as open_files is: a search among thousands of children need not be repeated. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, LOOKUP_CACHE);
	__type(key, struct child_key);
	__type(value, struct dentry *);
} known_children SEC(".maps");

struct mount_key {
	struct mount *parent;
	struct dentry *mountpoint;
};

/* The same for mounts: there can be many below one. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, LOOKUP_MOUNT_CACHE);
	__type(key, struct mount_key);
	__type(value, struct mount *);
} known_mounts SEC(".maps");

static __always_inline struct lookup *lookup_get(void)
{
	__u32 slot = scratch_slot();

	return bpf_map_lookup_elem(&lookups, &slot);
}

static __always_inline char *name_at(struct lookup *l, __u32 position)
{
	return &l->name[BOUNDED(position, NAME_BUFFER - 1)];
}

static long count_until_slash(__u32 index, void *context)
{
	struct lookup *l = lookup_get();
	__u32 position;

	if (!l)
		return 1;
	position = l->position + index;
	if (position >= NAME_BUFFER || *name_at(l, position) == '/')
		return 1;
	l->length = index + 1;
	return 0;
}

static __noinline void measure_component(struct lookup *l)
{
	l->length = 0;
	bpf_loop(BFA_NAME_MAX + 1, count_until_slash, 0, 0);
}

static __always_inline bool is_mounted(struct dentry *dentry)
{
	__u32 flag = DCACHE_MOUNTED;

	if (bpf_core_enum_value_exists(enum dentry_flags, DCACHE_MOUNTED))
		flag = bpf_core_enum_value(enum dentry_flags, DCACHE_MOUNTED);
	return READ(dentry, d_flags) & flag;
}

struct mount_search {
	struct mount *found;
	bool complete;
	struct dentry *mountpoint;
	struct list_head *next;
	struct list_head *end;
};

static long next_mount(__u32 index, void *context)
{
	struct mount_search *search = context;
	struct mount *mount;

	search->complete = search->next == search->end;
	if (search->complete)
		return 1;
	mount = (void *)search->next - bpf_core_field_offset(struct mount, mnt_child);
	if (READ(mount, mnt_mountpoint) == search->mountpoint) {
		search->found = mount;
		search->complete = true;
		return 1;
	}
	search->next = READ(mount, mnt_child.next);
	return 0;
}

static __always_inline struct mount *search_mounts(struct lookup *l)
{
	struct mount_search search = { .mountpoint = l->at.dentry };

	search.next = READ(l->at.mount, mnt_mounts.next);
	search.end = (void *)l->at.mount + bpf_core_field_offset(struct mount, mnt_mounts);
	bpf_loop(LOOKUP_MOUNTS, next_mount, &search, 0);
	l->lost |= !search.complete;
	return search.found;
}

/* Down to the root of what is mounted here; false if nothing is. */
CHECKED_ONCE bool enter_mount(void)
{
	struct lookup *l = lookup_get();
	struct mount_key key = {};
	struct mount **known, *mount;

	if (!l || !is_mounted(l->at.dentry))
		return false;
	key.parent = l->at.mount;
	key.mountpoint = l->at.dentry;
	known = bpf_map_lookup_elem(&known_mounts, &key);
	mount = known ? *known : 0;
	if (!mount || READ(mount, mnt_parent) != l->at.mount || READ(mount, mnt_mountpoint) != l->at.dentry) {
		mount = search_mounts(l);
		if (!mount)
			return false;
		bpf_map_update_elem(&known_mounts, &key, &mount, BPF_ANY);
	}
	l->at.mount = mount;
	l->at.dentry = READ(mount, mnt.mnt_root);
	return true;
}

static __always_inline bool was_moved(struct lookup *l, struct dentry *dentry)
{
	return dentry == l->moved[0] || dentry == l->moved[1];
}

static __always_inline bool is_root(struct lookup *l)
{
	return l->at.dentry == l->root.dentry && l->at.mount == l->root.mount;
}

/* One step of "..": to the parent, or from the root of a mount to the mount point, whose parent is next. */
static __always_inline void go_up(struct lookup *l)
{
	struct mount *mount = l->at.mount;
	bool at_root = l->at.dentry == READ(mount, mnt.mnt_root);

	l->lost |= was_moved(l, l->at.dentry);
	if (!at_root && !is_root(l))
		l->at.dentry = READ(l->at.dentry, d_parent);
	l->ascends = at_root && !is_root(l) && READ(mount, mnt_parent) != mount;
	l->descends = !l->ascends;
	if (!l->ascends)
		return;
	l->at.dentry = READ(mount, mnt_mountpoint);
	l->at.mount = READ(mount, mnt_parent);
}

/* Whether the other name, as long as the wanted one, is the same. */
CHECKED_ONCE bool is_wanted_name(void)
{
	struct lookup *l = lookup_get();

	if (!l)
		return false;
	for (__u32 i = 0; i < (BFA_NAME_MAX + 1) / 8 && i * 8 < l->length; i++)
		if (l->other.words[i] != l->wanted.words[i])
			return false;
	return true;
}

static __always_inline bool is_wanted_child(struct lookup *l, struct dentry *child)
{
	__u32 length = l->length;

	if (READ(child, d_name.len) != length || READ(child, d_parent) != l->at.dentry)
		return false;
	if (!READ(child, d_hash.pprev) || !READ(child, d_inode))
		return false;
	bpf_probe_read_kernel(l->other.bytes, BOUNDED(length, BFA_NAME_MAX), READ(child, d_name.name));
	return is_wanted_name();
}

/* Of the component that is wanted. */
CHECKED_ONCE __u64 hash_name(void)
{
	struct lookup *l = lookup_get();
	__u64 hash = l ? l->length : 0;

	for (__u32 i = 0; l && i < (BFA_NAME_MAX + 1) / 8 && i * 8 < l->length; i++)
		hash = (hash ^ l->wanted.words[i]) * 0x9e3779b97f4a7c15ULL;
	return hash;
}

static long next_child(__u32 index, void *context)
{
	struct lookup *l = lookup_get();
	struct hlist_node **next = context;
	struct dentry *child;

	if (!l || !*next)
		return 1;
	child = (void *)*next - bpf_core_field_offset(struct dentry, d_sib);
	if (is_wanted_child(l, child)) {
		l->child = child;
		return 1;
	}
	*next = READ(child, d_sib.next);
	return 0;
}

struct list_search {
	struct list_head *next;
	struct list_head *end;
};

/* Before 6.8. */
static long next_listed_child(__u32 index, void *context)
{
	struct lookup *l = lookup_get();
	struct list_search *search = context;
	struct dentry *child;

	if (!l || search->next == search->end)
		return 1;
	child = (void *)search->next - bpf_core_field_offset(struct dentry___lists, d_child);
	if (is_wanted_child(l, child)) {
		l->child = child;
		return 1;
	}
	search->next = READ(search->next, next);
	return 0;
}

static __always_inline void search_lists(struct lookup *l)
{
	struct dentry___lists *parent = (void *)l->at.dentry;
	struct list_search search = {
		.end = (void *)parent + bpf_core_field_offset(struct dentry___lists, d_subdirs),
	};

	search.next = READ(search.end, next);
	bpf_loop(LOOKUP_CHILDREN, next_listed_child, &search, 0);
}

static __always_inline void search_nodes(struct lookup *l)
{
	struct hlist_node *next = READ(l->at.dentry, d_children.first);

	bpf_loop(LOOKUP_CHILDREN, next_child, &next, 0);
}

/* Leaves the child of `at` that has the name at hand in l->child; 0 if it is not in the cache. */
CHECKED_ONCE int find_child(void)
{
	struct lookup *l = lookup_get();
	struct child_key key;
	struct dentry **known;

	if (!l)
		return 0;
	l->child = 0;
	__builtin_memset(&l->wanted, 0, sizeof(l->wanted));
	__builtin_memset(&l->other, 0, sizeof(l->other));
	bpf_probe_read_kernel(l->wanted.bytes, BOUNDED(l->length, BFA_NAME_MAX), name_at(l, l->position));
	key = (struct child_key){ .parent = l->at.dentry, .name = hash_name() };
	known = bpf_map_lookup_elem(&known_children, &key);
	if (known && is_wanted_child(l, *known)) {
		l->child = *known;
		return 0;
	}
	if (bpf_core_field_exists(struct dentry, d_children))
		search_nodes(l);
	else
		search_lists(l);
	if (l->child)
		bpf_map_update_elem(&known_children, &key, &l->child, BPF_ANY);
	return 0;
}

/* Puts what a symbolic link points to in front of the rest. False if the inode does not hold it. */
static __noinline bool expand_link(struct inode *inode)
{
	struct lookup *l = lookup_get();
	char *link = READ(inode, i_link);
	long length;
	__u32 start;

	if (!l || !link || ++l->links > LOOKUP_LINKS)
		return false;
	length = bpf_probe_read_kernel_str(l->target, sizeof(l->target), link) - 1;
	if (length <= 0 || length > l->position + l->length)
		return false;
	start = l->position + l->length - length;
	bpf_probe_read_kernel(name_at(l, start), BOUNDED(length, BFA_PATH_MAX - 1), l->target);
	l->position = start;
	if (l->target[0] == '/')
		l->at = l->root;
	return true;
}

/* There is no file of the name at hand: from here on, text is all there is. */
static __always_inline long begin_gap(struct lookup *l)
{
	l->missing = 1;
	l->gap.position = l->position;
	l->gap.length = l->length;
	l->position += l->length;
	return 0;
}

static __always_inline void note_link(struct lookup *l, bool last)
{
	if (l->link_at.dentry)
		return;
	l->link_at = l->at;
	l->link_is_last = last;
	l->link_is_named = config.only_files && is_named_file(l->child);
}

static __always_inline long follow_link(struct lookup *l, struct inode *inode, bool last)
{
	note_link(l, last);
	if (expand_link(inode))
		return 0;
	l->stuck = true;
	return 1;
}

/* The component at hand is a name; 1 ends the lookup. */
static __always_inline long enter_child(bool last)
{
	struct lookup *l = lookup_get();
	struct inode *inode;
	__u16 format;

	if (!l)
		return 1;
	find_child();
	if (!l->child && l->asked)
		return begin_gap(l);
	if (!l->child || (!last && was_moved(l, l->child)))
		return 1;
	inode = READ(l->child, d_inode);
	format = READ(inode, i_mode) & S_IFMT;
	if (format == S_IFLNK && !(last && l->rule == LOOKUP_NOFOLLOW))
		return follow_link(l, inode, last);
	if (format != S_IFDIR && !last && !l->asked)
		return 1;
	l->at.dentry = l->child;
	l->position += l->length;
	l->descends = true;
	return 0;
}

static __always_inline void go_up_from_gap(struct lookup *l)
{
	if (l->missing)
		l->missing--;
	else
		go_up(l);
}

static long lookup_step(__u32 index, void *context)
{
	struct lookup *l = lookup_get();
	__u32 position;
	bool last;

	if (!l)
		return 1;
	if (l->ascends) {
		go_up(l);
		return 0;
	}
	if (l->descends && enter_mount())
		return 0;
	l->descends = false;
	position = l->position;
	if (position >= NAME_BUFFER) {
		l->found = l->rule != LOOKUP_ENTRY;
		return 1;
	}
	if (*name_at(l, position) == '/') {
		l->position = position + 1;
		return 0;
	}
	measure_component(l);
	last = position + l->length >= NAME_BUFFER;
	if (last && l->rule == LOOKUP_ENTRY) {
		l->found = true;
		return 1;
	}
	if (l->length <= 2 && *name_at(l, position) == '.' &&
	    (l->length == 1 || *name_at(l, position + 1) == '.')) {
		if (l->length == 2)
			go_up_from_gap(l);
		l->position = position + l->length;
		return 0;
	}
	if (!l->missing)
		return enter_child(last);
	l->missing++;
	l->position = position + l->length;
	return 0;
}

static long strip_slash(__u32 index, void *context)
{
	__u32 *length = context;
	struct lookup *l = lookup_get();

	if (!l || !*length || l->target[BOUNDED(*length - 1, BFA_PATH_MAX - 1)] != '/')
		return 1;
	--*length;
	return 0;
}

/*
 * Looks up the name in l->target, of `length` bytes, from l->at. Leaves in
 * l->at its file, or with LOOKUP_ENTRY its directory and in l->position and
 * l->length its last component. False if that cannot be told: a component has
 * gone from the cache, a file system compares names in its own way, or does
 * not keep what a symbolic link points to in the inode.
 */
CHECKED_ONCE bool look_up(__u32 length, __u8 rule)
{
	struct lookup *l = lookup_get();

	if (!l)
		return false;
	l->links = 0;
	l->found = false;
	l->lost = l->hopeless;
	l->stuck = l->ascends = l->descends = false;
	l->missing = 0;
	l->link_at = (struct place){};
	l->length = 0;
	l->rule = rule;
	/* "link/" stands for the directory, whatever the call does with "link". */
	if (length > 1 && l->target[BOUNDED(length - 1, BFA_PATH_MAX - 1)] == '/') {
		bpf_loop(BFA_PATH_MAX, strip_slash, &length, 0);
		if (rule == LOOKUP_NOFOLLOW)
			l->rule = LOOKUP_FOLLOW;
	}
	if (l->target[0] == '/')
		l->at = l->root;
	l->position = NAME_BUFFER - BOUNDED(length, BFA_PATH_MAX - 1);
	bpf_probe_read_kernel(name_at(l, l->position), BOUNDED(length, BFA_PATH_MAX - 1), l->target);
	bpf_loop(LOOKUP_STEPS, lookup_step, 0, 0);
	return l->found && !l->lost;
}

#endif
