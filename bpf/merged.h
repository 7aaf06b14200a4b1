/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Merged records: calls are counted in the entry of their open file, and reported together. */
#ifndef BFATRACE_MERGED_H
#define BFATRACE_MERGED_H

#include "open_file.h"
#include "syscalls.h"

/* How entries of a process are visited. */
enum visit {
	VISIT_CLOSED, /* report those whose descriptor is closed */
	VISIT_EXEC,   /* the same, and what is pending on the others */
	VISIT_CLOSE,  /* the process ends: all will be closed */
	VISIT_LEAVE,  /* the process ends, another one keeps its descriptors open */
};

struct visit_context {
	__u32 tgid;
	__u32 first;
	__u32 how;
};

static long visit_entry(__u32 index, void *context)
{
	struct visit_context *v = context;
	struct open_key key = { .tgid = v->tgid, .fd = v->first + index };
	struct open_file *e = bpf_map_lookup_elem(&open_files, &key);
	struct file *file;

	if (!e)
		return 0;
	if (v->how == VISIT_LEAVE) {
		report(&key, e, 0, false);
		forget(&key, e);
		return 0;
	}
	if (v->how != VISIT_CLOSE) {
		file = file_of_fd(bpf_get_current_task_btf(), key.fd);
		if (file && is_of(e, file)) {
			if (v->how == VISIT_EXEC && !config.calls)
				report(&key, e, 0, true);
			return 0;
		}
	}
	report_closed(&key, e);
	return 0;
}

/* The entries of the descriptors from first up to, not including, end. */
static __noinline int visit_entries(struct task_struct *task, __u32 first, __u32 end, enum visit how)
{
	struct visit_context v = { .tgid = task->tgid, .first = first, .how = how };

	if (end > highest_fd + 1)
		end = highest_fd + 1;
	if (first < end)
		bpf_loop(end - first, visit_entry, &v, 0);
	return 0;
}

static __always_inline int close_range_exit(struct task_struct *task, struct call *call)
{
	__u32 first = call->arguments[0], last = call->arguments[1];

	if (call->arguments[2] & CLOSE_RANGE_CLOEXEC)
		return 0;
	/* Not bounded by the table's size: CLOSE_RANGE_UNSHARE makes a smaller one. */
	return visit_entries(task, first, last == ~0U ? last : last + 1, VISIT_CLOSED);
}

/* dup2 and dup3 close their target first, without a word. */
static __always_inline int dup2_exit(struct task_struct *task, struct call *call)
{
	struct open_key key = { .tgid = task->tgid, .fd = call->arguments[1] };
	struct open_file *e = bpf_map_lookup_elem(&open_files, &key);

	return e && key.fd != (__u32)call->arguments[0] ? report_closed(&key, e) : 0;
}

/* What closes descriptors, but is no close(2). */
static __always_inline int closing_exit(struct task_struct *task, struct call *call)
{
	return call->kind == CALL_DUP2 ? dup2_exit(task, call) : close_range_exit(task, call);
}

static __always_inline int close_exit(struct open_key *key, struct file *file)
{
	struct open_file *e = bpf_map_lookup_elem(&open_files, key);

	/* Another thread may have got the number already, and been here first. */
	if (!e || (file && is_of(e, file)))
		return 0;
	return report_closed(key, e);
}

/* What open(2) was asked; mode is no argument unless a file may be created. */
static __always_inline void open_arguments(struct call *call, __u32 *flags, __u32 *mode)
{
	__u64 *a = call->arguments;
	__u64 how[2] = {};

	switch (call->kind) {
	case CALL_CREAT:
		*flags = O_CREAT | O_WRONLY | O_TRUNC;
		*mode = a[1];
		return;
	case CALL_OPENAT2: /* struct open_how: flags, mode, resolve */
		bpf_probe_read_user(how, sizeof(how), (void *)a[2]);
		*flags = how[0];
		*mode = how[1];
		break;
	case CALL_OPENAT:
		*flags = a[2];
		*mode = a[3];
		break;
	default:
		*flags = a[1];
		*mode = a[2];
	}
	if (!(*flags & (O_CREAT | TMPFILE_BIT)))
		*mode = 0;
}

/*
 * An open makes a new entry. One that is still there is of a descriptor that
 * was closed unseen, or whose close has not come to its exit yet.
 */
static __always_inline struct open_file *open_entry(struct scratch *s, struct open_key *key, struct file *file,
						    struct call *call)
{
	struct open_file *e = bpf_map_lookup_elem(&open_files, key);

	if (e)
		report_closed(key, e);
	if (!describe_new(key, file))
		return 0;
	s->fresh.opens = !config.calls;
	open_arguments(call, &s->fresh.flags, &s->fresh.mode);
	return insert(key, s, BPF_NOEXIST);
}

static __always_inline void count_bytes(struct open_file *e, bool write, __u64 bytes)
{
	if (write) {
		__sync_fetch_and_add(&e->writes, 1);
		__sync_fetch_and_add(&e->write_bytes, bytes);
	} else {
		__sync_fetch_and_add(&e->reads, 1);
		__sync_fetch_and_add(&e->read_bytes, bytes);
	}
}

static __always_inline int merged_exit(struct task_struct *task, struct call *call, long ret)
{
	bool opening = call->kind <= CALL_CREAT;
	struct open_key key = { .tgid = task->tgid, .fd = opening ? ret : call->arguments[0] };
	struct scratch *s = scratch_get();
	struct open_file *e;
	struct file *file;

	if (!s)
		return 0;
	if (call->kind == CALL_CLOSE_RANGE || call->kind == CALL_DUP2)
		return closing_exit(task, call);
	file = file_of_fd(task, key.fd);
	if (call->kind == CALL_CLOSE)
		return close_exit(&key, file);
	if (!file) {
		COUNT(unresolved, 1);
		return 0;
	}
	e = opening ? open_entry(s, &key, file, call) : entry_of(s, &key, file);
	if (!e || e->outside)
		return 0;
	if (!opening)
		count_bytes(e, call->kind >= CALL_WRITE, ret);
	if (is_unlinked(e->dentry))
		e->marks |= BFA_MARK_UNLINKED;
	if (!e->queued)
		begin_window(&key, e);
	if (e->transient)
		report(&key, e, 0, false);
	return 0;
}

static __noinline bool flush_entry(struct open_key *key)
{
	struct open_file *e = key ? bpf_map_lookup_elem(&open_files, key) : 0;

	if (!e)
		return true;
	/* Before the counts are taken: who adds after that queues it again. */
	e->queued = 0;
	if (report(key, e, 0, true))
		return true;
	if (!__sync_lock_test_and_set(&e->queued, 1) && bpf_map_push_elem(&touched, key, 0))
		queue_overflow = 1;
	return false;
}

static long flush_next(__u32 index, void *context)
{
	struct open_key key;

	return bpf_map_pop_elem(&touched, &key) || !flush_entry(&key);
}

static long flush_any(void *map, struct open_key *key, struct open_file *e, void *context)
{
	struct open_key copy = *key;

	return !flush_entry(&copy);
}

static __noinline int flush_touched(void)
{
	if (queue_overflow) {
		queue_overflow = 0;
		bpf_for_each_map_elem(&open_files, flush_any, 0, 0);
	}
	/* Each key once: those that come while this runs wait for the next flush. */
	bpf_loop(BFA_QUEUE_SIZE, flush_next, 0, 0);
	return 0;
}

#endif
