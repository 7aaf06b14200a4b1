/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names of Unix sockets among the addresses that calls are passed (unix(7)). */
#ifndef BFATRACE_SOCKET_NAMES_H
#define BFATRACE_SOCKET_NAMES_H

#include "files/lookup.h"

enum {
	AF_UNIX = 1,	     /* include/linux/socket.h */
	UNIX_PATH_MAX = 108, /* include/uapi/linux/un.h */
};

/* The calls of socketcall(2): include/uapi/linux/net.h. */
static __always_inline __u8 call_of_socketcall(__u64 number)
{
	switch (number) {
	case 2:
		return BFA_CALL_bind;
	case 3:
		return BFA_CALL_connect;
	case 11:
		return BFA_CALL_sendto;
	case 16:
		return BFA_CALL_sendmsg;
	case 20:
		return BFA_CALL_sendmmsg;
	}
	return BFA_CALL_NONE;
}

/* Makes a socketcall the call that it stands for; false if that is none that has an address. */
static __always_inline bool unpack_socketcall(struct call *call)
{
	__u8 id = call_of_socketcall(call->arguments[0]);
	__u32 packed[6] = {};
	__u32 count = 3;

	if (!id || (id != BFA_CALL_bind && !config.metadata))
		return false;
	/* No more than the call has: what is behind that may not be readable. */
	if (id == BFA_CALL_sendto)
		count = 6;
	else if (id == BFA_CALL_sendmmsg)
		count = 4;
	if (bpf_probe_read_user(packed, count * sizeof(packed[0]), (void *)call->arguments[1]))
		return false;
	call->id = id;
	for (int i = 0; i < 6; i++)
		call->arguments[i] = packed[i];
	return true;
}

struct socket_address {
	__u64 address;
	__u64 size;
};

/* struct msghdr begins with it; struct mmsghdr begins with one of those, and only the first is looked at. */
static __always_inline struct socket_address message_address(struct call *call)
{
	__u32 narrow[2] = {};
	struct {
		__u64 address;
		__u32 size;
		__u32 unused;
	} wide = {};

	if (call->compat) {
		bpf_probe_read_user(narrow, sizeof(narrow), (void *)call->arguments[1]);
		return (struct socket_address){ narrow[0], narrow[1] };
	}
	bpf_probe_read_user(&wide, sizeof(wide), (void *)call->arguments[1]);
	return (struct socket_address){ wide.address, wide.size };
}

static __always_inline struct socket_address address_of(struct call *call)
{
	__u64 *a = call->arguments;

	if (call->id == BFA_CALL_sendmsg || call->id == BFA_CALL_sendmmsg)
		return message_address(call);
	if (call->id == BFA_CALL_sendto)
		return (struct socket_address){ a[4], a[5] };
	return (struct socket_address){ a[1], a[2] };
}

/* A socket's address, if it is a file name: it may lack its NUL. */
static __always_inline bool socket_name(struct call *call, struct name *n)
{
	struct socket_address passed;
	struct {
		__u16 family;
		char first;
	} begin = {};

	if (call->id == BFA_CALL_socketcall && !unpack_socketcall(call))
		return false;
	passed = address_of(call);
	if (passed.size <= sizeof(begin.family) || passed.size > sizeof(begin.family) + UNIX_PATH_MAX)
		return false;
	if (bpf_probe_read_user(&begin, 3, (void *)passed.address))
		return false;
	*n = (struct name){
		.string = passed.address + sizeof(begin.family),
		.dfd = AT_FDCWD,
		.rule = shape_of(call)->rule,
		.limit = passed.size - sizeof(begin.family) + 1,
	};
	/* A name that begins with NUL is none of a file. */
	return begin.family == AF_UNIX && begin.first;
}

#endif
