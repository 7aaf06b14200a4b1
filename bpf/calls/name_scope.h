/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Decides whether a name is wanted: by the file it leads to, or by its text if there is none. */
#ifndef BFATRACE_NAME_SCOPE_H
#define BFATRACE_NAME_SCOPE_H

#include "calls/name_strings.h"

static __always_inline bool is_entry_named(struct lookup *l, __u32 position, __u32 length)
{
	struct entry entry = { .directory = l->at.dentry, .name = name_at(l, position), .length = length };

	return is_named(&entry);
}

static __always_inline bool entry_in_scope(struct lookup *l)
{
	return directory_in_scope(l->at.dentry) && (!config.only_files || is_entry_named(l, l->position, l->length));
}

/* Whether what find_name has found is wanted. */
static __always_inline bool found_in_scope(struct lookup *l)
{
	bool wanted = l->rule == LOOKUP_ENTRY ? entry_in_scope(l) : file_in_scope(l->at.dentry);

	return wanted && is_below_places(&l->at);
}

enum verdict { IS_OUTSIDE, IS_UNPLACED, IS_WANTED };

/* Whether the name as passed would be wanted, if there were such a file. */
static __always_inline bool gap_in_scope(struct lookup *l)
{
	if (!l->missing)
		return file_in_scope(l->at.dentry);
	if (config.only_parents && (l->missing > 1 || !is_place(l->at.dentry)))
		return false;
	if (config.only_files && (l->missing > 1 || !is_entry_named(l, l->gap.position, l->gap.length)))
		return false;
	return !config.only_file_systems || is_on_wanted_file_system(READ(l->at.dentry, d_inode));
}

/* Whether a place holds the symbolic link: it counts there, wherever it leads. */
static __always_inline bool link_in_scope(struct lookup *l, __u32 above)
{
	if (config.only_under)
		return above & BFA_PLACE_ONLY;
	return l->link_is_last && ((config.only_parents && is_place(l->link_at.dentry)) || l->link_is_named);
}

static __always_inline int judge_lookup(struct lookup *l)
{
	__u32 above = 0;

	if (l->link_at.dentry) {
		if (config.only_under || config.ignore_under)
			above = places_above(&l->link_at);
		if (above & BFA_PLACE_IGNORED)
			return IS_OUTSIDE;
		if (link_in_scope(l, above))
			return IS_WANTED;
	}
	if (l->lost || l->stuck)
		return IS_UNPLACED;
	return gap_in_scope(l) && is_below_places(&l->at) ? IS_WANTED : IS_OUTSIDE;
}

/*
 * Whether a name that was not found is in scope: by the files on its way, as
 * far as there are any, and by its text from there on. This uses up what
 * load_name leaves. Inlined: calls nest at most eight deep.
 */
static __always_inline int judge_asked(struct name *n)
{
	struct lookup *l = lookup_get();
	int verdict;

	if (!l)
		return IS_OUTSIDE;
	if (!names_place() && !config.ignore_under)
		return IS_WANTED;
	/* A string that cannot be read may name any place, or none. */
	if (!load_name(n) || !l->at.dentry)
		return names_place() ? IS_OUTSIDE : IS_WANTED;
	l->asked = true;
	look_up(n->length, n->rule == LOOKUP_ENTRY ? LOOKUP_NOFOLLOW : n->rule);
	verdict = judge_lookup(l);
	l->asked = false;
	return verdict;
}

/* A name of a call that failed. */
CHECKED_ONCE int judge_failed(struct name *n)
{
	return n ? judge_asked(n) : IS_OUTSIDE;
}

/* One of two names in scope is enough. */
static __always_inline int judge_failed_names(struct name *first, struct name *second)
{
	int verdict = judge_failed(first), other = second ? judge_failed(second) : IS_OUTSIDE;

	return verdict > other ? verdict : other;
}

#endif
