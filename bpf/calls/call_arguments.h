/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The arguments of calls on descriptors, and of opens, for a record. */
#ifndef BFATRACE_CALL_ARGUMENTS_H
#define BFATRACE_CALL_ARGUMENTS_H

#include "calls/name_touches.h"

struct iov_context {
	__u64 vector;
	__u64 size;
	__u32 compat;
};

static long add_segment(__u32 index, void *context)
{
	struct iov_context *v = context;
	__u64 length = 0;

	/* struct iovec and compat_iovec: base, then length. */
	if (v->compat)
		bpf_probe_read_user(&length, 4, (void *)(v->vector + index * 8 + 4));
	else
		bpf_probe_read_user(&length, 8, (void *)(v->vector + index * 16 + 8));
	v->size += length;
	return 0;
}

static __noinline __u64 vector_size(__u64 vector, __u64 segments, bool compat)
{
	struct iov_context v = { .vector = vector, .compat = compat };

	if (segments <= BFA_IOV_MAX)
		bpf_loop(segments, add_segment, &v, 0);
	return v.size;
}

/* The file offset of a 32-bit task, which takes two arguments. */
static __always_inline __u64 compat_offset(struct call *call)
{
	__u64 *a = call->arguments;

	if (COMPAT_PAIRS_ARE_EVEN && (call->kind == CALL_PREAD || call->kind == CALL_PWRITE))
		return a[4] | a[5] << 32;
	return a[3] | a[4] << 32;
}

static __always_inline void transfer_arguments(struct bfa_call_record *c, struct call *call)
{
	__u64 *a = call->arguments;
	__u8 kind = call->kind;

	c->record.marks |= BFA_MARK_SIZE;
	c->size = a[2];
	if (kind == CALL_READV || kind == CALL_PREADV || kind == CALL_WRITEV || kind == CALL_PWRITEV)
		c->size = vector_size(a[1], a[2], call->compat);
	if (kind == CALL_PREAD || kind == CALL_PREADV || kind == CALL_PWRITE || kind == CALL_PWRITEV) {
		c->record.marks |= BFA_MARK_OFFSET;
		c->offset = call->compat ? compat_offset(call) : a[3];
	}
}

static __always_inline __u32 call_types(__u8 kind, bool writable)
{
	if (is_open(kind))
		return BFA_OPENED;
	if (kind == CALL_CLOSE)
		return writable ? BFA_CLOSED | BFA_WRITTEN : BFA_CLOSED;
	if (is_write(kind))
		return BFA_WRITTEN;
	return is_read(kind) ? BFA_READ : 0;
}

static __always_inline struct name opened_name(struct call *call)
{
	bool at = call->kind == CALL_OPENAT || call->kind == CALL_OPENAT2;
	__u64 how[3] = {}; /* struct open_how: flags, mode, resolve */

	if (call->kind == CALL_OPENAT2)
		bpf_probe_read_user(how, sizeof(how), (void *)call->arguments[2]);
	return (struct name){
		.string = call->kind == CALL_OPEN_HANDLE ? 0 : call->arguments[at],
		.dfd = at ? (int)call->arguments[0] : AT_FDCWD,
		.in_root = !!(how[2] & RESOLVE_IN_ROOT),
	};
}

#endif
