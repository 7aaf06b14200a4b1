/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The parts that are the same in the records of all calls. */
#ifndef BFATRACE_CALL_RECORD_H
#define BFATRACE_CALL_RECORD_H

#include "base/call_shapes.h"
#include "base/histogram.h"
#include "files/ancestry.h"

/* What is kept of a call from its entry until its exit. */
struct call_start {
	__u64 time_ns;
	__u64 file;	/* struct file * of its descriptor, unless the call is an open */
	__u64 new_file; /* of its second descriptor */
	__u64 exec_flags;
	__u32 id;
	__u32 closes; /* `closing` is the file that the call closes */
	__u32 target; /* enum rename_target */
	struct known_file closing;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct call_start);
} starts SEC(".maps");

/* The start of the current thread's call; null if it has none. */
static __always_inline struct call_start *start_of(void)
{
	return bpf_task_storage_get(&starts, bpf_get_current_task_btf(), 0, 0);
}

/* The start of the current thread's call, made if there is none; null if there is no memory. */
static __always_inline struct call_start *make_start(void)
{
	return bpf_task_storage_get(&starts, bpf_get_current_task_btf(), 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
}

/* What every record of a call holds; the caller adds arguments and file. */
static __always_inline void describe_call(struct bfa_call_record *c, struct task_struct *task, struct call *call,
					  long ret)
{
	__u64 now = bpf_ktime_get_boot_ns();

	__builtin_memset(c, 0, sizeof(*c));
	c->record.kind = BFA_RECORD_CALL;
	c->record.call = call->id;
	c->record.types = call->types;
	c->record.time_ns = now;
	describe_task(&c->record, task);
	c->ret = ret;
	if (call->part)
		c->record.marks = BFA_MARK_PART;
	if (call->begin_ns) {
		c->record.marks |= BFA_MARK_DURATION;
		c->record.time_ns = call->begin_ns;
		c->duration_ns = now - call->begin_ns;
	}
}

/* Gives a call what its entry kept, once: a later call must not get it. */
static __always_inline void recall_start(struct call *call)
{
	struct call_start *start = PER_CALL ? start_of() : 0;

	if (FOR_CHANGES)
		call->target = TARGET_UNKNOWN;
	if (!start)
		return;
	if (start->id == call->id) {
		call->begin_ns = start->time_ns;
		call->file = start->file;
		call->new_file = start->new_file;
		call->target = start->target;
	}
	start->id = BFA_CALL_NONE;
}

/*
 * Completes the record in an entry for one call: it writes what describe_call()
 * writes into a record of its own. The entry's lock is held.
 */
static __always_inline void complete_call(struct bfa_call_record *c, struct task_struct *task, __u8 id, __u32 types,
					  __u64 begin_ns, long ret)
{
	struct bfa_record *r = &c->record;

	r->marks = (r->marks & FILE_MARKS) | BFA_MARK_DURATION;
	r->call = id;
	r->types = types;
	r->flags = 0;
	r->mode = 0;
	r->time_ns = begin_ns;
	describe_task(r, task);
	c->ret = ret;
	c->size = 0;
	c->offset = 0;
	c->duration_ns = bpf_ktime_get_boot_ns() - begin_ns;
}

/* Describes the arguments that a shape names. */
static __always_inline void describe_shape(struct bfa_call_record *c, struct call *call, const struct call_shape *shape)
{
	struct bfa_record *r = &c->record;
	__u8 flags = call->compat && shape->wide_flags ? shape->wide_flags : shape->flags;

	if (flags) {
		r->marks |= BFA_MARK_FLAGS;
		r->flags = argument(call, flags);
	}
	if (shape->mode) {
		r->marks |= call->kind == CALL_MAP ? BFA_MARK_PROT : BFA_MARK_MODE;
		r->mode = argument(call, shape->mode);
	}
	if (call->kind == CALL_MAP && c->ret >= 0)
		r->marks |= BFA_MARK_ADDRESS;
	if (shape->size || shape->wide_size) {
		r->marks |= BFA_MARK_SIZE;
		c->size = wide_argument(call, shape->size, shape->wide_size);
	}
	if (shape->offset || shape->wide_offset) {
		r->marks |= BFA_MARK_OFFSET;
		c->offset = wide_argument(call, shape->offset, shape->wide_offset);
	}
}

/* Calls without a letter are wanted if no letter is asked for. */
static __always_inline bool types_wanted(__u32 types)
{
	return config.types == BFA_ALL_TYPES || types & config.types;
}

/*
 * A run for changes leaves out all else before a file is described: reads and
 * writes of devices, pipes and directories change no content.
 */
static __always_inline bool is_for_changes(struct file *file, __u32 types)
{
	if (!FOR_CHANGES)
		return true;
	if (!file || !types_wanted(types))
		return false;
	return types & BFA_ATTRIBUTES || (READ(READ(file, f_inode), i_mode) & S_IFMT) == S_IFREG;
}

static __always_inline bool call_wanted(struct bfa_call_record *c)
{
	if (config.only_failed && c->ret >= 0)
		return false;
	if (config.slower_ns && c->duration_ns < config.slower_ns)
		return false;
	if (FOR_CHANGES && c->ret < 0)
		return config.failed_opens;
	return types_wanted(c->record.types);
}

/* With --histogram, by enum bfa_call. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, BFA_CALL_COUNT);
	__type(key, __u32);
	__type(value, struct bfa_histogram);
} call_times SEC(".maps");

/* Counts the call in place of a record. Not inlined: the stack of all callers together is bounded. */
static __noinline int count_call(struct bfa_call_record *c)
{
	struct bfa_histogram *h;
	__u32 id;

	if (!c || !(c->record.marks & BFA_MARK_DURATION))
		return 0;
	if (c->record.marks & BFA_MARK_UNPLACED) {
		COUNT(unplaced, 1);
		return 0;
	}
	id = c->record.call;
	h = bpf_map_lookup_elem(&call_times, &id);
	if (h)
		count_here(h, c->duration_ns);
	return 0;
}

static __always_inline void emit_call(struct scratch *s)
{
	struct bfa_call_record *c = &s->call;
	struct bfa_record *r = &c->record;

	__u32 size = sizeof(*c) + r->path_len + r->filename_len + c->new_path_len + c->new_filename_len;

	if (config.histogram) {
		count_call(c);
		return;
	}
	if (describes_processes())
		size += append_process(s->process, current_task()->tgid, size);
	emit(s->bytes, size, 1);
}

/* Sends the record in an entry, which the path follows. */
static __always_inline void send_call(struct known_file *k)
{
	__u32 len = k->record.path_len;

	/* Opaque: the verifier of older kernels needs to see the comparison. */
	asm volatile("" : "+r"(len));
	if (!call_wanted(&k->call) || len >= BFA_SHORT_PATH)
		return;
	if (config.histogram)
		count_call(&k->call);
	else
		emit(&k->call, sizeof(k->call) + len, 1);
}

#endif
