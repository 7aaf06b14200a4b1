/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whom a FUSE daemon works for: the process that waits for its answer. Requests
 * to FUSE file systems are noted when they are sent and forgotten when they are
 * answered, since 6.11 (396b209e4066). A daemon does not show which of its
 * threads works on which request, or on none; so there is a client only as long
 * as all requests that the daemon has taken are from one process.
 */
#ifndef BFATRACE_DISK_CLIENT_H
#define BFATRACE_DISK_CLIENT_H

#include "disk/disk_process.h"

struct pid_namespace {
	unsigned int level;
} KERNEL_STRUCT;

struct fuse_conn {
	struct pid_namespace *pid_ns; /* of the daemon */
} KERNEL_STRUCT;

struct fuse_mount {
	struct fuse_conn *fc;
} KERNEL_STRUCT;

struct fuse_in_header {
	__u32 opcode;
	__u32 pid; /* id of the thread; 0: it is not part of the request */
} KERNEL_STRUCT;

struct fuse_req_in {
	struct fuse_in_header h;
} KERNEL_STRUCT;

struct fuse_req {
	unsigned long flags;
	struct fuse_req_in in;
	struct fuse_mount *fm;
} KERNEL_STRUCT;

enum fuse_req_flag {
	FR_PENDING, /* the daemon has not taken it yet */
};

/* An opening of /dev/fuse. */
struct fuse_dev {
	struct fuse_conn *fc;
} KERNEL_STRUCT;

struct file___private {
	void *private_data; /* the lowest bit is a mark */
} KERNEL_STRUCT;

enum {
	FUSE_REQUESTS = 256, /* under way at a time */
	FUSE_DAEMONS = 4096,
	FUSE_CLIENTS = 4096,
	FUSE_DESCRIPTORS = 1024,      /* of a process, among which /dev/fuse is looked for */
	FUSE_DEVICE = 10 << 20 | 229, /* include/linux/miscdevice.h */
	FUSE_INIT = 26,		      /* include/uapi/linux/fuse.h */
	REQUEST_TAKEN = 1,	      /* instead of an address: the slot is being filled */
};

struct fuse_request {
	__u64 request; /* struct fuse_req *; 0: the slot is free */
	struct fuse_mount *mount;
	struct fuse_conn *connection;
	struct culprit client;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FUSE_REQUESTS);
	__type(key, __u32);
	__type(value, struct fuse_request);
} fuse_requests SEC(".maps");

__u32 fuse_under_way;  /* slots in use */
__u32 fuse_slots;      /* at least as many as have ever been in use */
__u32 fuse_mounted;    /* how many daemons have begun their work */
bool fuse_overflowing; /* there was no slot: an unknown process may wait */

/* The connection of a process that has opened /dev/fuse, as of this number of daemons. */
struct fuse_daemon {
	struct fuse_conn *connection; /* 0: it has none, or more than one */
	__u64 mounted;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, FUSE_DAEMONS);
	__type(key, __u32); /* tgid of the initial namespace */
	__type(value, struct fuse_daemon);
} fuse_daemons SEC(".maps");

struct fuse_thread {
	struct fuse_conn *connection;
	__u64 pid; /* as the daemon knows it */
};

/* Requests that wait in a queue of the kernel are sent in the context of another process. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, FUSE_CLIENTS);
	__type(key, struct fuse_thread);
	__type(value, struct culprit);
} fuse_clients SEC(".maps");

struct descriptor_search {
	struct fuse_conn *connection;
	__u64 several;
};

static long look_at_descriptor(__u32 fd, void *context)
{
	struct descriptor_search *search = context;
	struct task_struct *task = current_task();
	struct fuse_conn *connection;
	struct fuse_dev *device;
	struct file *file;

	if (fd >= task->files->fdt->max_fds)
		return 1;
	file = file_of_fd(task, fd);
	if (!file || READ(READ(file, f_inode), i_rdev) != FUSE_DEVICE)
		return 0;
	device = (void *)((__u64)READ((struct file___private *)file, private_data) & ~1ULL);
	connection = READ_OF_MODULE(device, fc);
	search->several |= search->connection && connection && search->connection != connection;
	if (connection)
		search->connection = connection;
	return 0;
}

/* The connection of the file system whose daemon the current process is; 0 if it is none, or has several. */
static __noinline struct fuse_conn *connection_of_daemon(void)
{
	__u32 tgid = current_task()->tgid;
	struct fuse_daemon *known = bpf_map_lookup_elem(&fuse_daemons, &tgid), fresh = {};
	struct descriptor_search search = {};

	if (known && known->mounted == fuse_mounted)
		return known->connection;
	fresh.mounted = fuse_mounted;
	bpf_loop(FUSE_DESCRIPTORS, look_at_descriptor, &search, 0);
	if (!search.several)
		fresh.connection = search.connection;
	bpf_map_update_elem(&fuse_daemons, &tgid, &fresh, BPF_ANY);
	return fresh.connection;
}

struct client_search {
	__u64 connection;
	__u32 slot; /* slot number plus 1 */
	__u32 tgid;
	__u64 several;
};

/*
 * Whether the daemon has taken a request: one that was given up before that
 * keeps its marks, or its memory is in use for another request.
 */
static __always_inline bool is_at_daemon(struct fuse_request *r)
{
	struct fuse_req *request = (struct fuse_req *)r->request;

	if (!bpf_core_enum_value_exists(enum fuse_req_flag, FR_PENDING))
		return false;
	return READ_OF_MODULE(request, fm) == r->mount &&
	       !(READ_OF_MODULE(request, flags) >> bpf_core_enum_value(enum fuse_req_flag, FR_PENDING) & 1);
}

static long look_at_request(__u32 slot, void *context)
{
	struct client_search *search = context;
	struct fuse_request *r = bpf_map_lookup_elem(&fuse_requests, &slot);

	if (!r || slot >= fuse_slots)
		return 1;
	if (r->request <= REQUEST_TAKEN || (__u64)r->connection != search->connection || !is_at_daemon(r))
		return 0;
	search->several |= !(r->client.marks & CULPRIT_KNOWN) || (search->slot && search->tgid != r->client.tgid);
	search->tgid = r->client.tgid;
	search->slot = slot + 1;
	return search->several;
}

/* Slot number plus 1 of a request that the current process works on, if that is known to be for one client. */
CHECKED_ONCE __u32 request_at_hand(void)
{
	struct client_search search = {};

	search.connection = (__u64)connection_of_daemon();
	if (!search.connection)
		return 0;
	bpf_loop(FUSE_REQUESTS, look_at_request, &search, 0);
	return search.several ? 0 : search.slot;
}

static __always_inline struct fuse_request *find_request_at_hand(void)
{
	__u32 slot;

	if (!fuse_under_way || is_kernel_thread(current_task()))
		return 0;
	slot = request_at_hand();
	if (!slot)
		return 0;
	slot--;
	return bpf_map_lookup_elem(&fuse_requests, &slot);
}

/*
 * Whether the current process, or the one that it works for, has this number,
 * and works for the machine with this address.
 */
CHECKED_ONCE bool is_acting(__u32 tgid, __u64 first, __u64 second)
{
	struct task_struct *task = current_task();
	struct fuse_request *r = find_request_at_hand();
	struct remote client = {};

	if (r) {
		client = r->client.client;
		return tgid == r->client.tgid && client.words[0] == first && client.words[1] == second;
	}
	if (!is_nfs_server(task))
		return tgid == seen_tgid(task);
	find_remote(&client);
	return tgid == seen_tgid(task) && client.words[0] == first && client.words[1] == second;
}

/* False if the current process works for itself, or its client is not known. */
static __always_inline bool become_client(struct culprit *c)
{
	struct fuse_request *r = find_request_at_hand();
	__u64 request;

	if (!r)
		return false;
	request = r->request;
	*c = r->client;
	/* Another thread may have answered it meanwhile, and the slot may have another request. */
	if (request <= REQUEST_TAKEN || *(volatile __u64 *)&r->request != request || !(c->marks & CULPRIT_KNOWN))
		return false;
	if (fuse_overflowing)
		c->marks |= CULPRIT_LIKELY;
	c->time_ns = bpf_ktime_get_boot_ns();
	return true;
}

/* Notes the current process, or the one that it works for. */
static __always_inline void become_culprit(struct culprit *c, struct task_struct *task)
{
	if (become_client(c))
		return;
	describe_culprit(c, task);
	if (may_serve(task))
		find_remote(&c->client);
}

static __always_inline void free_slot(struct fuse_request *r)
{
	if (__sync_lock_test_and_set(&r->request, 0))
		__sync_fetch_and_add(&fuse_under_way, -1);
}

struct slot_search {
	__u64 request;
	__u32 slot; /* slot number plus 1 of the slot that is claimed */
	__u32 unused;
};

/* Claims a free slot, or one with the same address: that request was given up, and this one has its memory. */
static long claim_slot(__u32 slot, void *context)
{
	struct slot_search *search = context;
	struct fuse_request *r = bpf_map_lookup_elem(&fuse_requests, &slot);

	if (!r)
		return 1;
	if (r->request == search->request)
		free_slot(r);
	if (!search->slot && !__sync_val_compare_and_swap(&r->request, 0, REQUEST_TAKEN)) {
		search->slot = slot + 1;
		__sync_fetch_and_add(&fuse_under_way, 1);
	}
	return search->slot && slot >= fuse_slots;
}

static __always_inline struct fuse_request *new_slot(struct fuse_req *request)
{
	struct slot_search search = { .request = (__u64)request };
	__u32 slot;

	bpf_loop(FUSE_REQUESTS, claim_slot, &search, 0);
	if (!search.slot) {
		fuse_overflowing = true;
		return 0;
	}
	__sync_fetch_and_or(&fuse_slots, search.slot); /* never less than before */
	slot = search.slot - 1;
	return bpf_map_lookup_elem(&fuse_requests, &slot);
}

/* The id of a thread in the namespace of the daemon; 0: it has none there. */
static __always_inline __u32 tid_for(struct fuse_conn *connection, struct task_struct *task)
{
	struct pid_namespace *namespace = READ_OF_MODULE(connection, pid_ns);
	struct pid *pid = READ(task, thread_pid);
	__u32 level = READ(namespace, level);
	struct upid *upid = upid_at(pid, level);

	return level <= READ(pid, level) && READ(upid, ns) == namespace ? READ(upid, nr) : 0;
}

/* Finds the process that waits for a request that is being sent; without marks, it is not known. */
static __always_inline void find_client(struct culprit *client, struct fuse_conn *connection, __u32 pid)
{
	struct fuse_thread key = { .connection = connection, .pid = pid };
	struct task_struct *task = current_task();
	struct culprit *known = pid ? bpf_map_lookup_elem(&fuse_clients, &key) : 0;

	__builtin_memset(client, 0, sizeof(*client));
	if (!is_kernel_thread(task) && (!pid || tid_for(connection, task) == pid)) {
		become_culprit(client, task);
		if (!pid)
			client->marks |= CULPRIT_LIKELY;
		else if (known)
			*known = *client; /* updating costs more, and an entry that is looked up is not forgotten */
		else
			bpf_map_update_elem(&fuse_clients, &key, client, BPF_ANY);
	} else if (known) {
		*client = *known;
	}
}

/* Notes a request on its way to a daemon, which has not seen it yet. */
static __always_inline int note_client(struct fuse_req *request)
{
	struct fuse_mount *mount = READ_OF_MODULE(request, fm);
	struct fuse_request *r = new_slot(request);

	if (READ_OF_MODULE(request, in.h.opcode) == FUSE_INIT)
		__sync_fetch_and_add(&fuse_mounted, 1);
	if (!r)
		return 0;
	r->mount = mount;
	r->connection = READ_OF_MODULE(mount, fc);
	find_client(&r->client, r->connection, READ_OF_MODULE(request, in.h.pid));
	*(volatile __u64 *)&r->request = (__u64)request;
	return 0;
}

static long free_slot_of(__u32 slot, void *context)
{
	struct slot_search *search = context;
	struct fuse_request *r = bpf_map_lookup_elem(&fuse_requests, &slot);

	if (!r || slot >= fuse_slots)
		return 1;
	if (r->request != search->request)
		return 0;
	free_slot(r);
	return 1;
}

/* Forgets a request that the daemon has answered, or never will. */
static __always_inline int forget_client(struct fuse_req *request)
{
	struct slot_search search = { .request = (__u64)request };

	bpf_loop(FUSE_REQUESTS, free_slot_of, &search, 0);
	return 0;
}

#endif
