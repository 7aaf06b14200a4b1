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

/* Turns socketcall(2) into the call that it stands for; false if that takes no address. */
static __always_inline bool unpack_socketcall(struct call *call)
{
	__u8 id = call_of_socketcall(call->arguments[0]);
	__u32 packed[6] = {};
	__u32 count = 3;

	if (!id || (id != BFA_CALL_bind && !config.metadata))
		return false;
	/* Read no more than the call has: memory after it may not be readable. */
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

/*
 * The address of a message: struct msghdr begins with it, and struct mmsghdr
 * with a struct msghdr, of which only the first is read.
 */
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

/* The name in a socket's address, if it is that of a file: it may lack its NUL. */
static __always_inline bool name_of_address(struct socket_address *passed, struct name *n)
{
	struct {
		__u16 family;
		char first;
	} begin = {};

	if (passed->size <= sizeof(begin.family) || passed->size > sizeof(begin.family) + UNIX_PATH_MAX)
		return false;
	if (bpf_probe_read_user(&begin, 3, (void *)passed->address))
		return false;
	*n = (struct name){
		.string = passed->address + sizeof(begin.family),
		.dfd = AT_FDCWD,
		.limit = passed->size - sizeof(begin.family) + 1,
	};
	/* A name that begins with NUL is not that of a file. */
	return begin.family == AF_UNIX && begin.first;
}

static __always_inline bool socket_name(struct call *call, struct name *n)
{
	struct socket_address passed;

	if (call->id == BFA_CALL_socketcall && !unpack_socketcall(call))
		return false;
	passed = address_of(call);
	if (!name_of_address(&passed, n))
		return false;
	n->rule = shape_of(call)->rule;
	return true;
}

/* include/net/af_unix.h */
struct sockaddr_un {
	char sun_path[UNIX_PATH_MAX];
} KERNEL_STRUCT;

struct unix_address {
	int len;
	struct sockaddr_un name[];
} KERNEL_STRUCT;

struct unix_sock {
	struct unix_address *addr;
} KERNEL_STRUCT;

struct sock_common {
	unsigned short skc_family;
} KERNEL_STRUCT;

struct sock {
	struct sock_common __sk_common;
} KERNEL_STRUCT;

struct socket {
	struct sock *sk;
} KERNEL_STRUCT;

/* Reads the name that a socket is bound to, which has its NUL; false if it is not that of a file. */
static __always_inline bool read_bound_name(char to[UNIX_PATH_MAX + 1], struct file *file)
{
	struct socket *socket;
	struct sock *sk;
	struct unix_address *address;

	if (!bpf_core_type_exists(struct unix_sock) || !file ||
	    (READ(READ(file, f_inode), i_mode) & S_IFMT) != S_IFSOCK)
		return false;
	socket = READ(file, private_data);
	sk = READ(socket, sk);
	if (READ(sk, __sk_common.skc_family) != AF_UNIX)
		return false;
	address = READ((struct unix_sock *)sk, addr);
	if (!address)
		return false;
	return bpf_probe_read_kernel_str(to, UNIX_PATH_MAX + 1, address->name[0].sun_path) > 1;
}

#endif
