/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Kernel AIO (io_submit(2)): the result of a request is known when the process
 * takes its event; its file is the one that the descriptor had when the request
 * was made.
 */
#ifndef BFATRACE_AIO_H
#define BFATRACE_AIO_H

#include "calls/descriptor_calls.h"

enum {
	AIO_REQUESTS = 16384, /* waiting for their events, of all processes */
	AIO_BATCH = 65536,    /* requests in one call */
};

/* include/uapi/linux/aio_abi.h, in the order of this machine */
struct aio_control {
	__u64 data;
	__u32 key;
	__u32 rw_flags;
	__u16 opcode;
	__s16 priority;
	__u32 fd;
	__u64 buffer;
	__u64 size;
	__s64 offset;
};

struct aio_event {
	__u64 data;
	__u64 request;
	__s64 result;
	__s64 result2;
};

struct aio_key {
	__u64 request; /* its address in the process */
	__u32 tgid;
	__u32 unused;
};

struct aio_request {
	__u64 file; /* struct file * */
	__u64 size;
	__u64 offset;
	__u32 fd;
	__u16 opcode;
	__u16 compat;
};

/* The events of some requests are never taken through the kernel: the oldest give way. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, AIO_REQUESTS);
	__type(key, struct aio_key);
	__type(value, struct aio_request);
} aio_requests SEC(".maps");

struct aio_loop {
	__u64 list; /* of pointers to requests, or of events */
	__u32 tgid;
	__u8 compat;
};

static __always_inline bool is_vector(__u16 opcode)
{
	return opcode >= 7;
}

static __always_inline __u8 aio_call(__u16 opcode)
{
	switch (opcode) {
	case 0:
		return BFA_CALL_aio_pread;
	case 1:
		return BFA_CALL_aio_pwrite;
	case 2:
		return BFA_CALL_aio_fsync;
	case 3:
		return BFA_CALL_aio_fdsync;
	case 7:
		return BFA_CALL_aio_preadv;
	case 8:
		return BFA_CALL_aio_pwritev;
	}
	return BFA_CALL_NONE;
}

static __always_inline __u32 aio_types(__u8 id)
{
	if (id == BFA_CALL_aio_pread || id == BFA_CALL_aio_preadv)
		return BFA_READ;
	return id == BFA_CALL_aio_fsync || id == BFA_CALL_aio_fdsync ? 0 : BFA_WRITTEN;
}

static long remember_request(__u32 index, void *context)
{
	struct aio_loop *loop = context;
	struct aio_key key = { .tgid = loop->tgid };
	struct aio_request request = {};
	struct aio_control control = {};
	struct file *file;

	if (loop->compat)
		bpf_probe_read_user(&key.request, 4, (void *)(loop->list + index * 4));
	else
		bpf_probe_read_user(&key.request, 8, (void *)(loop->list + index * 8));
	if (bpf_probe_read_user(&control, sizeof(control), (void *)key.request) || !aio_call(control.opcode))
		return 0;
	file = file_of_fd(current_task(), control.fd);
	if (!file || !wanted(file))
		return 0;
	request.file = (__u64)file;
	request.fd = control.fd;
	request.opcode = control.opcode;
	request.size =
		is_vector(control.opcode) ? vector_size(control.buffer, control.size, loop->compat) : control.size;
	request.offset = control.offset;
	bpf_map_update_elem(&aio_requests, &key, &request, BPF_ANY);
	return 0;
}

static __always_inline int report_request(struct aio_request *request, __s64 result)
{
	struct part p = { .fd = request->fd, .bytes = result };
	struct scratch *s = scratch_get();
	struct call *call;

	if (!s)
		return 0;
	call = &s->call_at_hand;
	__builtin_memset(call, 0, sizeof(*call));
	call->id = aio_call(request->opcode);
	call->kind = CALL_REQUEST;
	p.types = aio_types(call->id);
	if (!PER_CALL && (result < 0 || !p.types))
		return 0;
	if ((__u64)file_of_fd(current_task(), request->fd) != request->file) {
		COUNT(unresolved, 1);
		return 0;
	}
	call->arguments[0] = request->size;
	call->arguments[1] = request->offset;
	return report_part(call, &p, result);
}

static long take_event(__u32 index, void *context)
{
	struct aio_loop *loop = context;
	struct aio_key key = { .tgid = loop->tgid };
	struct aio_request *found, request;
	struct aio_event event;

	if (bpf_probe_read_user(&event, sizeof(event), (void *)(loop->list + index * sizeof(event))))
		return 1;
	key.request = event.request;
	/* Not found: the file is out of scope, or the request was made before the start. */
	found = bpf_map_lookup_elem(&aio_requests, &key);
	if (!found)
		return 0;
	request = *found;
	bpf_map_delete_elem(&aio_requests, &key);
	report_request(&request, event.result);
	return 0;
}

static __always_inline int aio_exit(struct task_struct *task, struct call *call, long ret)
{
	struct aio_loop loop = { .tgid = task->tgid, .compat = call->compat };

	if (ret <= 0)
		return 0;
	if (ret > AIO_BATCH)
		ret = AIO_BATCH;
	if (call->kind == CALL_AIO_SUBMIT) {
		loop.list = call->arguments[2];
		bpf_loop(ret, remember_request, &loop, 0);
	} else {
		loop.list = call->arguments[3];
		bpf_loop(ret, take_event, &loop, 0);
	}
	return 0;
}

#endif
