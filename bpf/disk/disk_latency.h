/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How long requests take: from the time when the device gets a request until
 * its completion. What is reported waits for that under its bio, and a command
 * under its request. A bio may end in several requests, and a request in
 * several parts; the bio of a part that was split off leads to the one that was
 * reported. Requests that are never issued themselves count from their
 * submission: a flush, for which the block layer makes a request of its own,
 * and those to devices that take bios (device-mapper, md, zram).
 *
 * All of this may interrupt the other programs, and leaves their scratch memory
 * alone.
 */
#ifndef BFATRACE_DISK_LATENCY_H
#define BFATRACE_DISK_LATENCY_H

#include "base/emit.h"
#include "base/histogram.h"
#include "disk/disk_maker.h"

struct waiting {
	__u64 number;
	__u64 time_ns; /* CLOCK_MONOTONIC of its submission */
	__u64 left;    /* bytes; 1 for a request without data */
};

/* The oldest is forgotten first: its line has no latency then. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, BFA_REQUESTS);
	__type(key, __u64); /* struct bio *, or struct request * of a command */
	__type(value, struct waiting);
} waiting_requests SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, BFA_REQUESTS);
	__type(key, __u64);   /* struct request * */
	__type(value, __u64); /* CLOCK_MONOTONIC of when the device got it first */
} issued_requests SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BFA_DISK_HISTOGRAMS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct bfa_disk_operation_key);
	__type(value, struct bfa_disk_histogram);
} disk_histograms SEC(".maps");

__u64 last_number;

static __always_inline __u64 begin_request(const void *request, __u64 bytes)
{
	struct waiting waiting = { .time_ns = bpf_ktime_get_ns(), .left = bytes ?: 1 };
	__u64 key = (__u64)request;

	if (!disk_config.latency && !disk_config.only_wanted)
		return 0;
	waiting.number = __sync_fetch_and_add(&last_number, 1) + 1;
	return bpf_map_update_elem(&waiting_requests, &key, &waiting, BPF_ANY) ? 0 : waiting.number;
}

static __always_inline void forget_request(const void *request)
{
	__u64 key = (__u64)request;

	bpf_map_delete_elem(&waiting_requests, &key);
}

/* A driver gets a request again if it gives it back or tries it again: the first time counts. */
static __always_inline int note_issue(struct request *request)
{
	__u64 key = (__u64)request, now, *known;

	if (!disk_config.latency && !disk_config.histogram)
		return 0;
	known = bpf_map_lookup_elem(&issued_requests, &key);
	/* Memory of requests is used again: an older time is that of another request. */
	if (known && *known >= READ(request, start_time_ns))
		return 0;
	now = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&issued_requests, &key, &now, BPF_ANY) && disk_config.histogram)
		COUNT(unmeasured, 1);
	return 0;
}

/* A walk along the bios of a request that has ended, or of a part of it. */
struct ending {
	struct bio *bio;
	__u64 now;
	__u64 issued;	 /* 0: not known */
	__u64 submitted; /* CLOCK_MONOTONIC of the last one that was waited for; 0: none */
	__u32 left;	 /* bytes of the rest */
	bool is_empty;	 /* the request has no bytes */
};

static __noinline int report_end(struct waiting *w, __u64 latency, __u64 done)
{
	struct bfa_disk_end end = {};

	if (!w)
		return 0;
	end.record.kind = BFA_RECORD_DISK_END;
	end.record.fd = -1;
	end.record.time_ns = bpf_ktime_get_boot_ns();
	end.request = w->number;
	end.latency_ns = latency;
	end.done = done;
	if (bpf_ringbuf_output(&records, &end, sizeof(end), BPF_RB_NO_WAKEUP))
		COUNT(unmeasured, 1);
	return 0;
}

/* Ends a request that waits under this key; false if none does. */
static __always_inline bool end_waiting(__u64 key, struct ending *e, __u64 done)
{
	struct waiting *w = bpf_map_lookup_elem(&waiting_requests, &key);
	__u64 latency = 0;

	if (!w)
		return false;
	e->submitted = w->time_ns;
	if (e->issued)
		latency = e->now - e->issued;
	else if (e->is_empty)
		latency = e->now - w->time_ns;
	if (disk_config.latency)
		report_end(w, latency, done);
	if (__sync_fetch_and_sub(&w->left, done) <= done)
		bpf_map_delete_elem(&waiting_requests, &key);
	return true;
}

static long end_bio(__u32 index, void *context)
{
	struct ending *e = context;
	struct bio *bio = e->bio;
	__u32 size, part;

	if (!bio)
		return 1;
	size = READ(bio, bi_iter.bi_size);
	if (size && !e->left)
		return 1;
	part = size < e->left ? size : e->left;
	e->is_empty = !size;
	if (!end_waiting((__u64)bio, e, part ?: 1) && maker_of(bio) == MAKER_SPLIT)
		end_waiting((__u64)READ(bio, bi_private), e, part ?: 1);
	e->left -= part;
	e->bio = READ(bio, bi_next);
	return 0;
}

enum { BIOS_OF_REQUEST = 1 << 16 };

static __always_inline __u32 operation_of(struct request *request)
{
	switch (READ(request, cmd_flags) & OPERATION_MASK) {
	case OPERATION_READ:
		return BFA_DISK_READ;
	case OPERATION_FLUSH:
		return BFA_DISK_FLUSH;
	case OPERATION_DISCARD:
	case OPERATION_ERASE:
		return BFA_DISK_DISCARD;
	case OPERATION_COMMAND_IN:
	case OPERATION_COMMAND_OUT:
		return BFA_DISK_COMMAND;
	}
	return BFA_DISK_WRITE;
}

/* New histograms are copied from this one. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bfa_disk_histogram);
} no_latencies SEC(".maps");

static __always_inline struct bfa_disk_histogram *histogram_of(struct gendisk *disk, __u32 number, __u32 operation)
{
	struct bfa_disk_operation_key key = { .disk = number, .operation = operation };
	struct bfa_disk_histogram *h = bpf_map_lookup_elem(&disk_histograms, &key), *none;
	__u32 zero = 0;

	if (h)
		return h;
	none = bpf_map_lookup_elem(&no_latencies, &zero);
	if (none)
		bpf_map_update_elem(&disk_histograms, &key, none, BPF_NOEXIST);
	h = bpf_map_lookup_elem(&disk_histograms, &key);
	if (h)
		bpf_probe_read_kernel(h->disk_name, sizeof(h->disk_name),
				      (void *)disk + bpf_core_field_offset(struct gendisk, disk_name));
	return h;
}

static __noinline int count_request(struct request *request, __u32 operation, __u64 latency)
{
	struct gendisk *disk = READ(READ(request, q), disk);
	__u32 number = disk_number(disk);
	struct bfa_disk_histogram *h;

	if (!number || (disk_config.disk && disk_config.disk != number))
		return 0;
	h = histogram_of(disk, number, operation);
	if (h)
		count_together(&h->latency, latency);
	else
		COUNT(unmeasured, 1);
	return 0;
}

/* Counts a request once, when all of it has ended. */
static __always_inline void count_ending(struct request *request, struct ending *e)
{
	if (!disk_config.histogram || (disk_config.only_wanted && !e->submitted))
		return;
	if (e->issued)
		count_request(request, operation_of(request), e->now - e->issued);
	else if (disk_config.only_wanted && e->is_empty)
		count_request(request, BFA_DISK_FLUSH, e->now - e->submitted);
}

static __noinline int end_request(struct request *request, __u32 bytes)
{
	__u64 key = (__u64)request, *issued = bpf_map_lookup_elem(&issued_requests, &key);
	struct ending e = { .bio = READ(request, bio), .now = bpf_ktime_get_ns(), .left = bytes };
	bool is_whole = bytes >= READ(request, __data_len);

	if (issued && *issued >= READ(request, start_time_ns))
		e.issued = *issued;
	if (is_command(request))
		end_waiting(key, &e, 1);
	else if (disk_config.latency || disk_config.only_wanted)
		bpf_loop(BIOS_OF_REQUEST, end_bio, &e, 0);
	if (!is_whole)
		return 0;
	count_ending(request, &e);
	if (issued)
		bpf_map_delete_elem(&issued_requests, &key);
	return 0;
}

/* Ends a bio that is not part of a request. */
static __always_inline int end_bio_itself(struct bio *bio)
{
	__u64 key = (__u64)bio;
	struct waiting *w = bpf_map_lookup_elem(&waiting_requests, &key);

	if (!w)
		return 0;
	if (disk_config.latency)
		report_end(w, bpf_ktime_get_ns() - w->time_ns, w->left);
	bpf_map_delete_elem(&waiting_requests, &key);
	return 0;
}

#endif
