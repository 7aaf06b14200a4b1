/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * For which machine a file server works: the other end of the connection that a
 * thread of the kernel's NFS server is at, or that a process of Samba serves.
 */
#ifndef BFATRACE_DISK_REMOTE_H
#define BFATRACE_DISK_REMOTE_H

#include "disk/disk_kernel.h"

/* An address of IPv6, in which those of IPv4 are mapped; zeros: none is known. */
struct remote {
	__u64 words[2];
};

/* struct sockaddr_in or sockaddr_in6, behind which there is room. */
struct remote_socket {
	__u16 family;
	__u16 port;
	__u32 address; /* of IPv4 */
	struct remote address6;
};

struct kthread {
	void *data; /* the argument of the thread's function */
} KERNEL_STRUCT;

struct task_struct___kthread {
	void *worker_private; /* struct kthread, since 5.17 (e32cf5dfbe22) */
} KERNEL_STRUCT;

/* What a thread of a server of sunrpc's is at. */
struct svc_rqst {
	void *rq_xprt; /* 0: between two requests */
	struct remote_socket rq_addr;
} KERNEL_STRUCT;

struct sock_common {
	__u16 skc_family;
	__u8 skc_state;
	__u16 skc_num; /* the local port */
	__u32 skc_daddr;
	struct remote skc_v6_daddr;
} KERNEL_STRUCT;

struct sock {
	struct sock_common __sk_common;
} KERNEL_STRUCT;

struct socket {
	struct sock *sk;
} KERNEL_STRUCT;

enum {
	FAMILY_IPV4 = 2, /* include/linux/socket.h */
	FAMILY_IPV6 = 10,
	TCP_ESTABLISHED = 1, /* include/net/tcp_states.h */
	TCP_CLOSE_WAIT = 8,
	PORT_SMB = 445,
	PORT_NETBIOS = 139,
	SERVER_DESCRIPTORS = 1024, /* of a process, in which its connection is looked for */
	SERVER_PROCESSES = 4096,
};

/* Samba has a process for each connection. */
struct served {
	__u64 began; /* the process: its number may be another one's by now */
	struct remote client;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SERVER_PROCESSES);
	__type(key, __u32); /* tgid of the initial namespace */
	__type(value, struct served);
} served_clients SEC(".maps");

static __always_inline void map_address(struct remote *r, __u32 address)
{
	r->words[0] = 0;
	r->words[1] = (__u64)address << 32 | 0xffff0000; /* ::ffff:0:0, as bytes of a little-endian word */
}

static __always_inline void find_nfs_client(struct remote *client, struct task_struct *task)
{
	struct kthread *thread = READ((struct task_struct___kthread *)task, worker_private);
	struct svc_rqst *request = READ(thread, data);
	struct remote_socket from = {};

	if (!READ_OF_MODULE(request, rq_xprt))
		return;
	if (bpf_core_type_exists(struct svc_rqst))
		bpf_core_read(&from, sizeof(from), &request->rq_addr);
	if (from.family == FAMILY_IPV4)
		map_address(client, from.address);
	else if (from.family == FAMILY_IPV6)
		*client = from.address6;
}

static __always_inline bool may_be_samba(struct task_struct *task)
{
	return !__builtin_memcmp(task->comm, "smbd", 4);
}

/* smbd, and smbd[ADDRESS] of later ones; not smbd-notifyd. */
static __always_inline bool is_samba(struct task_struct *task)
{
	return may_be_samba(task) && (!task->comm[4] || task->comm[4] == '[');
}

/* Any other one works for no machine. */
static __always_inline bool may_serve(struct task_struct *task)
{
	return task->flags & PF_KTHREAD || may_be_samba(task);
}

struct connection_search {
	struct fdtable *table;
	struct sock *found;
};

static __always_inline bool is_connection(struct sock *sock)
{
	__u16 port = READ(sock, __sk_common.skc_num);
	__u8 state = READ(sock, __sk_common.skc_state);

	return (port == PORT_SMB || port == PORT_NETBIOS) && (state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT);
}

static long look_at_socket(__u32 fd, void *context)
{
	struct connection_search *search = context;
	struct timespec64 *element = (struct timespec64 *)(READ(search->table, fd) + fd);
	struct sock *sock;
	struct file *file;

	if (fd >= READ(search->table, max_fds))
		return 1;
	file = (struct file *)READ(element, tv_sec);
	if (!file || (READ(READ(file, f_inode), i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	sock = READ((struct socket *)READ(file, private_data), sk);
	if (!is_connection(sock))
		return 0;
	search->found = sock;
	return 1;
}

static __always_inline void read_address(struct remote *client, struct sock *sock)
{
	__u16 family = READ(sock, __sk_common.skc_family);

	if (family == FAMILY_IPV4)
		map_address(client, READ(sock, __sk_common.skc_daddr));
	else if (family == FAMILY_IPV6 && bpf_core_field_exists(sock->__sk_common.skc_v6_daddr))
		bpf_core_read(client, sizeof(*client), &sock->__sk_common.skc_v6_daddr);
}

static __always_inline void find_samba_client(struct remote *client, struct task_struct *task)
{
	struct connection_search search = { .table = task->files->fdt };
	struct served fresh = { .began = READ(task->group_leader, start_boottime) };
	__u32 tgid = task->tgid;
	struct served *known = bpf_map_lookup_elem(&served_clients, &tgid);

	if (known && known->began == fresh.began) {
		*client = known->client;
		return;
	}
	bpf_loop(SERVER_DESCRIPTORS, look_at_socket, &search, 0);
	if (!search.found)
		return;
	read_address(&fresh.client, search.found);
	bpf_map_update_elem(&served_clients, &tgid, &fresh, BPF_ANY);
	*client = fresh.client;
}

/* For the current task; where it is no server, nothing changes. */
CHECKED_ONCE int find_remote(struct remote *client)
{
	struct task_struct *task = current_task();

	if (!client)
		return 0;
	if (is_nfs_server(task))
		find_nfs_client(client, task);
	else if (is_samba(task))
		find_samba_client(client, task);
	return 0;
}

#endif
