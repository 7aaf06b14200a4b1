/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How long requests take: each that is reported has a number, and a second record when it ends. */
#ifndef BFATRACE_DISK_LATENCY_H
#define BFATRACE_DISK_LATENCY_H

#include "base/emit.h"
#include "disk/disk_io.h"

struct request_begin {
	__u64 number;
	__u64 time_ns;
};

/* The oldest is forgotten first: its line has no latency then. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64); /* struct bio * */
	__type(value, struct request_begin);
} requests SEC(".maps");

__u64 last_request;

static __always_inline __u64 begin_request(struct bio *bio, __u64 now)
{
	struct request_begin begin = { .number = __sync_fetch_and_add(&last_request, 1) + 1, .time_ns = now };
	__u64 key = (__u64)bio;

	return bpf_map_update_elem(&requests, &key, &begin, BPF_ANY) ? 0 : begin.number;
}

static __always_inline void forget_request(struct bio *bio)
{
	__u64 key = (__u64)bio;

	bpf_map_delete_elem(&requests, &key);
}

/*
 * May interrupt any other program, and so leaves the scratch memory alone. If
 * the ring is full, the line of the request shows no latency: nothing else is
 * lost.
 */
static __always_inline int end_request(struct bio *bio)
{
	__u64 key = (__u64)bio;
	struct request_begin *begin = bpf_map_lookup_elem(&requests, &key);
	struct bfa_disk_record done;

	if (!begin)
		return 0;
	__builtin_memset(&done, 0, sizeof(done));
	done.record.kind = BFA_RECORD_DISK;
	done.record.fd = -1;
	done.record.time_ns = bpf_ktime_get_boot_ns();
	done.operation = BFA_DISK_DONE;
	done.request = begin->number;
	done.latency_ns = done.record.time_ns - begin->time_ns;
	bpf_ringbuf_output(&records, &done, sizeof(done), BPF_RB_NO_WAKEUP);
	bpf_map_delete_elem(&requests, &key);
	return 0;
}

#endif
