/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Requests of io_uring, which no system call shows: known from their
 * submission, reported when they are complete. Both happen in a thread of the
 * process that owns the ring: the one that called io_uring_enter, a worker
 * (iou-wrk) or a poller (iou-sqp), which share its descriptors.
 */
#ifndef BFATRACE_URING_COMPLETE_H
#define BFATRACE_URING_COMPLETE_H

#include "calls/name_calls.h"
#include "calls/uring_submit.h"

/* Reports a request on a file, by its address: the file may have no descriptor any more, or never had one. */
static __noinline int report_data(struct call *call, struct uring_request *r, __u64 address, long ret)
{
	struct file *file = (struct file *)address;
	struct place at = place_of(&file->f_path);
	struct touch t = { .at = at, .identity = address };

	if (!file_in_scope(at.dentry) || !is_for_changes(file, call->types))
		return 0;
	if (PER_CALL) {
		call->fd = r->fd;
		call->has_fd = r->fd >= 0;
		return report_file(call, &at, ret);
	}
	if (!types_wanted(call->types) || !call->types)
		return 0;
	t.reads = call->types == BFA_READ;
	t.writes = call->types == BFA_WRITTEN;
	t.read_bytes = t.reads ? ret : 0;
	t.write_bytes = t.writes && call->kind != CALL_DESCRIPTOR ? ret : 0;
	return touch(&t);
}

static __always_inline int complete_splice(struct task_struct *task, struct call *call, struct uring_request *r,
					   struct file *file, long ret)
{
	struct file *source = call->arguments[1] & SPLICE_F_FD_IN_FIXED ? 0 : file_of_fd(task, r->dfd);

	__s32 target_fd = r->fd;

	call->part = true;
	call->types = BFA_READ;
	r->fd = r->dfd;
	if (source)
		report_data(call, r, (__u64)source, ret);
	call->types = BFA_WRITTEN;
	r->fd = target_fd;
	return ret > 0 || PER_CALL ? report_data(call, r, (__u64)file, ret) : 0;
}

static __always_inline int complete_close(struct task_struct *task, struct call *call, struct uring_request *r,
					  long ret)
{
	struct open_key key = { .tgid = task->tgid, .fd = r->fd };
	struct open_file *e;

	if (r->file_slot)
		return 0;
	if (!PER_CALL)
		return close_exit(&key);
	e = r->file ? find_entry(&key) : 0;
	if (e && e->known.file == r->file)
		report_close(&key, &e->known, call, ret);
	return close_exit(&key);
}

/* Not inlined: the stack of all callers together is bounded. */
static __noinline int open_descriptor(struct call *call, __u32 fd)
{
	struct task_struct *task = current_task();

	return PER_CALL ? reported_open(task, call, fd) : merged_open(task, call, fd);
}

static __always_inline int complete_open(struct call *call, struct uring_request *r, struct name *n, long ret)
{
	if (ret < 0 || r->file_slot) {
		call->types = BFA_OPENED;
		if (PER_CALL || (config.failed_opens && ret < 0))
			return report_names(call, n, 0, ret);
		return ret < 0 ? 0 : touch_name(n, BFA_OPENED);
	}
	return open_descriptor(call, ret);
}

/* The socket has the name only if the bind has succeeded. */
static __always_inline int complete_bind(struct call *call, struct uring_names *names, struct name *n,
					 struct file *file, long ret)
{
	if (ret < 0 || !read_bound_name(names->first, file))
		return 0;
	return name_done(call, n, call->types, ret);
}

static __always_inline void read_names(struct call *call, struct uring_request *r, struct uring_names *names,
				       struct lookup *l)
{
	const struct call_shape *shape = shape_of(call);

	l->names[0] = (struct name){
		.string = (__u64)names->first,
		.dfd = r->dfd,
		.rule = decided_rule(shape->rule, argument(call, shape->flags)),
		.kernel = true,
	};
	l->names[1] = (struct name){
		.string = (__u64)names->second,
		.dfd = r->new_dfd,
		.rule = LOOKUP_ENTRY,
		.kernel = true,
	};
}

static __always_inline void read_request(struct call *call, struct uring_request *r, const struct uring_entry *entry)
{
	__builtin_memset(call, 0, sizeof(*call));
	call->id = entry->id;
	call->kind = entry->kind;
	call->types = FOR_CHANGES && changes_attributes(entry->kind) ? BFA_ATTRIBUTES : entry->types;
	for (int i = 0; i < 4; i++)
		call->arguments[i] = r->arguments[i];
	call->begin_ns = r->time_ns;
	call->target = r->target;
}

static __always_inline bool has_names(const struct uring_entry *entry)
{
	return entry->kind == CALL_OPENAT || is_on_names(entry->kind);
}

/* Completes a request that has names, which io_uring_complete has found to be known and in scope. */
static __always_inline int complete_names(struct scratch *s, struct io_kiocb *req)
{
	const struct uring_entry *entry = uring_entry_of(req);
	struct call *call = &s->call_at_hand;
	struct lookup *l = lookup_get();
	__u64 key = (__u64)req;
	struct uring_names *names = bpf_map_lookup_elem(&uring_names, &key);
	struct uring_request *r = bpf_map_lookup_elem(&uring_requests, &key);
	long ret = READ(req, cqe.res);

	if (!l || !names || !r || !entry)
		return 0;
	read_request(call, r, entry);
	read_names(call, r, names, l);
	if (call->kind == CALL_BIND)
		complete_bind(call, names, &l->names[0], READ(req, file), ret);
	else if (call->kind == CALL_OPENAT)
		complete_open(call, r, &l->names[0], ret);
	else if (call->kind == CALL_NAMES)
		names_done(call, l, ret);
	else
		name_done(call, &l->names[0], call->types, ret);
	bpf_map_delete_elem(&uring_names, &key);
	bpf_map_delete_elem(&uring_requests, &key);
	return 0;
}

static __always_inline int report_completed(struct task_struct *task, struct call *call, struct uring_request *r,
					    struct file *file, long ret)
{
	if (call->kind == CALL_CLOSE)
		return complete_close(task, call, r, ret);
	if (!file || (ret < 0 && !PER_CALL))
		return 0;
	if (call->kind == CALL_TRANSFER)
		return complete_splice(task, call, r, file, ret);
	return report_data(call, r, (__u64)file, ret);
}

/* Completes a request that has no names. */
static __always_inline int complete_data(struct task_struct *task, struct scratch *s, struct io_kiocb *req)
{
	const struct uring_entry *entry = uring_entry_of(req);
	__u64 key = (__u64)req;
	struct uring_request *r = bpf_map_lookup_elem(&uring_requests, &key);

	if (!r || !entry)
		return 0;
	read_request(&s->call_at_hand, r, entry);
	report_completed(task, &s->call_at_hand, r, READ(req, file), READ(req, cqe.res));
	bpf_map_delete_elem(&uring_requests, &key);
	return 0;
}

/* The entry of a request that is to be reported; 0 for all others. */
static __always_inline const struct uring_entry *completed(struct task_struct *task, struct io_kiocb *req)
{
	const struct uring_entry *entry = uring_entry_of(req);
	__u64 key = (__u64)req;

	if (!entry || !entry->id)
		return 0;
	if (entry->id == BFA_CALL_io_uring_renameat)
		__sync_fetch_and_add(&path_epoch, 1);
	/* Not found: it was submitted before the start. */
	if (!bpf_map_lookup_elem(&uring_requests, &key))
		return 0;
	if (task_in_scope(task))
		return entry;
	bpf_map_delete_elem(&uring_names, &key);
	bpf_map_delete_elem(&uring_requests, &key);
	return 0;
}

#endif
