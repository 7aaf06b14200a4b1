/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which container the name of a control group stands for, if any: one rule for
 * the programs and for user space.
 *
 *   docker-ID.scope, libpod-ID.scope, cri-containerd-ID.scope, crio-ID.scope, ID
 *   lxc.payload.NAME, NAME in a group lxc or lxc.payload
 *
 * ID is 64 hexadecimal digits. conmon, which waits for a container of Podman
 * (libpod-conmon-ID.scope) or CRI-O (crio-conmon-ID.scope), is not in it.
 */
#ifndef BFATRACE_CGROUP_NAMES_H
#define BFATRACE_CGROUP_NAMES_H

#include "bfatrace.h"

enum {
	BFA_ID_DIGITS = 64,
	BFA_ABOVE_SIZE = 16, /* bytes of the group above's name that are looked at */
};

/* One component of a group's path, padded with NULs. */
struct bfa_cgroup_name {
	char bytes[BFA_NAME_MAX + 1];
};

/* Where the id is in a name; length 0 if the name is not that of a container. */
struct bfa_container_id {
	__u32 start;
	__u32 length;
};

/* The mask bounds the index for the verifier; opaque, as the compiler would drop it. */
#define BFA_FROM(name, index)                        \
	({                                           \
		__u32 __at = (index);                \
		__asm__ volatile("" : "+r"(__at));   \
		&(name)->bytes[__at & BFA_NAME_MAX]; \
	})

#define BFA_HAS(name, index, word) (!__builtin_memcmp(BFA_FROM(name, index), word, sizeof(word) - 1))

static inline int bfa_are_digits(const struct bfa_cgroup_name *name, __u32 start)
{
	__u32 i;

	for (i = 0; i < BFA_ID_DIGITS; i++) {
		char c = *BFA_FROM(name, start + i);

		if ((c < '0' || c > '9') && (c < 'a' || c > 'f'))
			return 0;
	}
	return 1;
}

/* The name is `length` bytes long; `above` is that of the group above, padded or cut to BFA_ABOVE_SIZE. */
static inline struct bfa_container_id bfa_container_in(const struct bfa_cgroup_name *name, __u32 length,
						       const char *above)
{
	struct bfa_container_id none = { 0, 0 }, id = { 0, length };
	__u32 end = length;

	if (end >= sizeof(".scope") && BFA_HAS(name, end - (sizeof(".scope") - 1), ".scope"))
		end -= sizeof(".scope") - 1;
	if (end >= BFA_ID_DIGITS && bfa_are_digits(name, end - BFA_ID_DIGITS)) {
		id.start = end - BFA_ID_DIGITS;
		id.length = BFA_ID_DIGITS;
		if (id.start && *BFA_FROM(name, id.start - 1) != '-')
			return none;
		if (id.start >= sizeof("conmon-") - 1 && BFA_HAS(name, id.start - (sizeof("conmon-") - 1), "conmon-"))
			return none;
		return id;
	}
	if (length >= sizeof("lxc.payload.") && BFA_HAS(name, 0, "lxc.payload.")) {
		id.start = sizeof("lxc.payload.") - 1;
		id.length = length - id.start;
		return id;
	}
	if (!__builtin_memcmp(above, "lxc", sizeof("lxc")) ||
	    !__builtin_memcmp(above, "lxc.payload", sizeof("lxc.payload")))
		return id;
	return none;
}

#endif
