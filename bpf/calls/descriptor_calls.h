/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Calls on descriptors that are not open, read, write or close: from one file
 * to another, lengths, synchronisation, mappings.
 */
#ifndef BFATRACE_DESCRIPTOR_CALLS_H
#define BFATRACE_DESCRIPTOR_CALLS_H

#include "calls/calls.h"
#include "calls/ioctls.h"
#include "calls/merged.h"

/* include/uapi/asm-generic/mman-common.h */
#define PROT_WRITE 0x2
#define MAP_SHARED 0x1 /* also in MAP_SHARED_VALIDATE */
#define MAP_ANONYMOUS 0x20
#define MADV_REMOVE 9

/* One descriptor's part in a call that moved `bytes`. */
struct part {
	__u32 fd;
	__u32 types;
	__u64 bytes;
	__u8 second; /* the call's second descriptor */
};

CHECKED_ONCE int report_part(struct call *call, struct part *p, long ret)
{
	struct task_struct *task = current_task();
	struct transferred t = {};

	USED(ret);
	if (!call || !p)
		return 0;
	if (PER_CALL) {
		call->types = p->types;
		return report_descriptor(call, p->fd, p->second, ret);
	}
	t.key = (struct open_key){ .tgid = task->tgid, .fd = p->fd };
	t.types = p->types & ~(BFA_READ | BFA_WRITTEN);
	t.reads = !!(p->types & BFA_READ);
	t.writes = !!(p->types & BFA_WRITTEN);
	t.bytes = p->bytes;
	return types_wanted(p->types) ? count_on(task, call, &t) : 0;
}

static __always_inline int descriptor_exit(struct call *call, long ret)
{
	const struct call_shape *shape = shape_of(call);
	struct part p = { .fd = argument(call, shape->fd), .types = shape->types };

	if (FOR_CHANGES && call->kind == CALL_ATTRIBUTES_OF)
		p.types = BFA_ATTRIBUTES;

	return PER_CALL || p.types ? report_part(call, &p, ret) : 0;
}

/* Data moved from the first descriptor to the second; a call that found the end wrote nothing. */
static __always_inline int transfer_exit(struct call *call, __u32 from, __u32 to, __u64 bytes, long ret)
{
	struct part source = { .fd = from, .types = BFA_READ, .bytes = bytes };
	struct part target = { .fd = to, .types = BFA_WRITTEN, .bytes = bytes, .second = true };

	call->part = true;
	report_part(call, &source, ret);
	if (bytes || PER_CALL)
		report_part(call, &target, ret);
	return 0;
}

static __always_inline int vmsplice_exit(struct task_struct *task, struct call *call, long ret)
{
	struct part p = { .fd = call->arguments[0], .types = BFA_READ, .bytes = ret };
	struct file *file = file_of_fd(task, p.fd);

	if (file && READ(file, f_mode) & FMODE_WRITE)
		p.types = BFA_WRITTEN;
	return report_part(call, &p, ret);
}

/* struct file_clone_range (ioctl_ficlonerange(2)) */
struct clone_range {
	__s64 src_fd;
	__u64 src_offset;
	__u64 src_length; /* 0: to the end */
	__u64 dest_offset;
};

static __always_inline int clone_exit(struct call *call, struct clone_range *range, long ret)
{
	struct file *source = file_of_fd(current_task(), range->src_fd);
	__u64 size = source ? READ(READ(source, f_inode), i_size) : 0;

	if (!range->src_length && range->src_offset < size)
		range->src_length = size - range->src_offset;
	return transfer_exit(call, range->src_fd, call->arguments[0], range->src_length, ret);
}

/* struct file_dedupe_range and struct file_dedupe_range_info (ioctl_fideduperange(2)) */
struct dedupe_range {
	__u64 src_offset;
	__u64 src_length;
	__u16 dest_count;
	__u16 reserved1;
	__u32 reserved2;
};

struct dedupe_target {
	__s64 dest_fd;
	__u64 dest_offset;
	__u64 bytes_deduped;
	__s32 status;
	__u32 reserved;
};

enum { DEDUPE_TARGETS = 127 }; /* at most as many as fit into a page with the range (fs/ioctl.c) */

/* The memory that the argument of an ioctl points to; it is in scratch memory. */
union ioctl_argument {
	struct clone_range clone;
	struct dedupe_range dedupe;
	struct dedupe_target target;
	__s32 fd;
};

/* Both files are read and compared; sharing their blocks afterwards does not change their content. */
static __always_inline int dedupe_exit(struct call *call, union ioctl_argument *a, struct part *p, long ret)
{
	__u64 next = call->arguments[2] + sizeof(a->dedupe);
	__u32 count;

	bpf_probe_read_user(&a->dedupe, sizeof(a->dedupe), (void *)call->arguments[2]);
	count = a->dedupe.dest_count;
	p->bytes = a->dedupe.src_length;
	report_part(call, p, ret);
	p->second = false;
	for (__u32 i = 0; i < DEDUPE_TARGETS && i < count; i++) {
		if (bpf_probe_read_user(&a->target, sizeof(a->target), (void *)next))
			break;
		p->fd = a->target.dest_fd;
		p->bytes = a->target.bytes_deduped;
		report_part(call, p, ret);
		next += sizeof(a->target);
	}
	return 0;
}

/* Reports the file, and another one that the argument names. */
static __always_inline int exchange_exit(struct call *call, __u8 offset, union ioctl_argument *a, struct part *p,
					 long ret)
{
	report_part(call, p, ret);
	a->fd = -1;
	bpf_probe_read_user(&a->fd, sizeof(a->fd), (void *)(call->arguments[2] + offset));
	p->fd = a->fd;
	p->second = false;
	return report_part(call, p, ret);
}

/* Not inlined: the stack of all callers together is bounded. */
static __noinline int ioctl_exit(struct scratch *s, struct call *call, struct ioctl_request *request, long ret)
{
	bool reads = request->effect == IOCTL_READ || request->effect == IOCTL_DEDUPE;
	struct part p = { .fd = call->arguments[0], .bytes = ret, .second = true };
	union ioctl_argument *a = (union ioctl_argument *)s->argument;

	__builtin_memset(a, 0, sizeof(*a));
	switch (request->effect) {
	case IOCTL_CLONE:
		a->clone.src_fd = (int)call->arguments[2];
		return clone_exit(call, &a->clone, ret);
	case IOCTL_CLONE_RANGE:
		if (bpf_probe_read_user(&a->clone, sizeof(a->clone), (void *)call->arguments[2]))
			return 0;
		return clone_exit(call, &a->clone, ret);
	case IOCTL_SET:
		p.types = FOR_CHANGES ? BFA_ATTRIBUTES : 0;
		return (PER_CALL && config.metadata) || FOR_CHANGES ? report_part(call, &p, ret) : 0;
	case IOCTL_LOOK:
		return PER_CALL && config.metadata ? report_part(call, &p, ret) : 0;
	}
	p.types = reads ? BFA_READ : BFA_WRITTEN;
	call->part = request->effect == IOCTL_DEDUPE || request->effect == IOCTL_EXCHANGE;
	if (request->effect == IOCTL_DEDUPE)
		return dedupe_exit(call, a, &p, ret);
	if (request->effect == IOCTL_EXCHANGE)
		return exchange_exit(call, request->offset, a, &p, ret);
	return report_part(call, &p, ret);
}

/* i386 passes the arguments of old_mmap in memory; mmap2 counts its offset in pages. */
static __always_inline bool map_arguments(struct call *call)
{
	__u32 packed[6];

	if (call->compat && call->id == BFA_CALL_mmap) {
		if (bpf_probe_read_user(packed, sizeof(packed), (void *)call->arguments[0]))
			return false;
		for (int i = 0; i < 6; i++)
			call->arguments[i] = packed[i];
	}
	if (call->id == BFA_CALL_mmap2)
		call->arguments[5] *= 4096;
	return true;
}

/* Whether stores to the mapping change the file. */
static __always_inline bool writes_through(struct call *call)
{
	return call->arguments[2] & PROT_WRITE && call->arguments[3] & MAP_SHARED;
}

static __always_inline int map_exit(struct call *call, long ret)
{
	struct part p = { .types = config.all ? BFA_MAPPED : 0 };

	if (!PER_CALL && !config.all)
		return 0;
	ret = result_of(call->kind, call->compat, ret);
	if (!map_arguments(call) || call->arguments[3] & MAP_ANONYMOUS)
		return 0;
	if (FOR_CHANGES)
		p.types = writes_through(call) ? BFA_MAPPED : BFA_READ;
	p.fd = call->arguments[4];
	return report_part(call, &p, ret);
}

static __always_inline int sync_exit(struct scratch *s, struct task_struct *task, struct call *call, long ret)
{
	if (!PER_CALL || names_place())
		return 0;
	describe_call(&s->call, task, call, ret);
	s->call.record.marks |= BFA_MARK_NO_FILE;
	if (call_wanted(&s->call))
		emit_call(s);
	return 0;
}

/* Reports a call on the file at `at`, which has no descriptor; it is in scope, but for its ancestors. */
CHECKED_ONCE int report_file(struct call *call, struct place *at, long ret)
{
	struct scratch *s = scratch_get();
	struct bfa_record *r;
	struct inode *inode;

	if (!s || !call || !at)
		return 0;
	r = &s->call.record;
	describe_call(&s->call, current_task(), call, ret);
	describe_shape(&s->call, call, shape_of(call));
	if (!call_wanted(&s->call))
		return 0;
	if (!is_below_places(at))
		return 0;
	r->path_len = resolve(s, at);
	if (config.only_prefixes && !has_wanted_prefix(r->path_len))
		return 0;
	copy_into_record(s, sizeof(s->call), resolved_path(s), r->path_len);
	inode = READ(at->dentry, d_inode);
	r->inode = READ(inode, i_ino);
	r->device = device_of(inode);
	r->marks |= s->walk.marks | BFA_MARK_FILE;
	if (call->has_fd) {
		r->marks |= BFA_MARK_FD;
		r->fd = call->fd;
	}
	emit_call(s);
	return 0;
}

static long file_of_mapping(struct task_struct *task, struct vm_area_struct *vma, void *context)
{
	struct place *at = context;
	struct file *file = vma->vm_file;

	if (file)
		*at = place_of(&file->f_path);
	return 0;
}

static __noinline int memory_exit(struct call *call, long ret)
{
	__u32 types = shape_of(call)->types;
	struct touch t = { .writes = 1 };

	/* Other advice is about memory, not about the file. */
	if (call->id == BFA_CALL_madvise && call->arguments[2] != MADV_REMOVE)
		return 0;
	if (!PER_CALL && (!types || !types_wanted(types)))
		return 0;
	bpf_find_vma(bpf_get_current_task_btf(), call->arguments[0], file_of_mapping, &t.at, 0);
	if (!t.at.dentry || !file_in_scope(t.at.dentry))
		return 0;
	call->types = types;
	if (PER_CALL)
		return report_file(call, &t.at, ret);
	return touch(&t);
}

static __always_inline int other_descriptor_exit(struct task_struct *task, struct call *call, long ret)
{
	const struct call_shape *shape = shape_of(call);
	struct scratch *s = scratch_get();

	if (!s)
		return 0;
	switch (call->kind) {
	case CALL_SYNC:
		return sync_exit(s, task, call, ret);
	case CALL_MEMORY:
		return memory_exit(call, ret);
	case CALL_MAP:
		return map_exit(call, ret);
	case CALL_VMSPLICE:
		return vmsplice_exit(task, call, ret);
	case CALL_TRANSFER:
		return transfer_exit(call, argument(call, shape->fd), argument(call, shape->new_fd), ret, ret);
	}
	return descriptor_exit(call, ret);
}

#endif
