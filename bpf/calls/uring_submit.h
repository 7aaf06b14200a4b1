/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Requests of io_uring at their submission: keeps what will be gone when they are complete. */
#ifndef BFATRACE_URING_SUBMIT_H
#define BFATRACE_URING_SUBMIT_H

#include "calls/uring_request.h"

static __always_inline void keep_name(char *name, struct filename *filename)
{
	if (bpf_probe_read_kernel_str(name, BFA_PATH_MAX, READ(filename, name)) < 0)
		name[0] = 0;
}

/*
 * Keeps the strings, which the kernel frees before the request is complete. The
 * scratch memory of records has room for them.
 */
static __always_inline bool keep_names(__u64 key, struct filename *first, struct filename *second)
{
	struct scratch *s = scratch_get();
	struct uring_names *names;

	if (!s)
		return false;
	names = (struct uring_names *)s->bytes;
	keep_name(names->first, first);
	names->second[0] = 0;
	if (second)
		keep_name(names->second, second);
	return !bpf_map_update_elem(&uring_names, &key, names, BPF_ANY);
}

static __always_inline bool prepare_open(struct uring_request *r, struct io_open *open, __u64 key)
{
	r->dfd = READ(open, dfd);
	r->file_slot = READ(open, file_slot);
	r->arguments[2] = READ(open, how.flags);
	if (r->arguments[2] & (O_CREAT | TMPFILE_BIT))
		r->arguments[3] = READ(open, how.mode);
	return keep_names(key, READ(open, filename), 0);
}

static __always_inline bool prepare_statx(struct uring_request *r, struct io_statx *statx, __u64 key)
{
	r->dfd = READ(statx, dfd);
	r->arguments[0] = READ(statx, flags);
	return keep_names(key, READ(statx, filename), 0);
}

static __always_inline bool prepare_attribute(struct uring_request *r, struct io_xattr *xattr, __u64 key)
{
	r->dfd = AT_FDCWD;
	r->arguments[0] = READ(xattr, ctx.size);
	r->arguments[1] = READ(xattr, ctx.flags);
	return keep_names(key, READ(xattr, filename), 0);
}

/* False if what a connect is passed is no name of a file. */
static __always_inline bool find_socket_name(struct uring_request *r, struct io_connect *connect)
{
	struct socket_address passed = { (__u64)READ(connect, addr), READ(connect, addr_len) };
	struct name n;

	if (!name_of_address(&passed, &n))
		return false;
	r->arguments[0] = n.string;
	r->arguments[1] = n.limit;
	return true;
}

static __always_inline bool prepare_connect(struct uring_request *r, __u64 key)
{
	struct scratch *s = scratch_get();
	struct uring_names *names;

	r->dfd = AT_FDCWD;
	if (!s)
		return false;
	names = (struct uring_names *)s->bytes;
	names->second[0] = 0;
	if (bpf_probe_read_user_str(names->first, BOUNDED(r->arguments[1], 127), (void *)r->arguments[0]) < 0)
		names->first[0] = 0;
	return !bpf_map_update_elem(&uring_names, &key, names, BPF_ANY);
}

/* The address of a bind is in memory whose type BTF does not have; the socket has it when the request is complete. */
static __always_inline bool prepare_bind(struct uring_request *r, __u64 key)
{
	r->dfd = AT_FDCWD;
	return keep_names(key, 0, 0);
}

static __always_inline bool prepare_name(struct uring_request *r, __u8 id, struct io_kiocb *req, __u64 key)
{
	struct io_unlink *unlink = (void *)req;
	struct io_mkdir *mkdir = (void *)req;
	struct io_link *link = (void *)req;

	if (id == BFA_CALL_io_uring_mkdirat) {
		r->dfd = READ(mkdir, dfd);
		r->arguments[0] = READ(mkdir, mode);
		return keep_names(key, READ(mkdir, filename), 0);
	}
	if (id == BFA_CALL_io_uring_symlinkat) {
		r->dfd = READ(link, new_dfd);
		return keep_names(key, READ(link, newpath), 0);
	}
	r->dfd = READ(unlink, dfd);
	r->arguments[0] = READ(unlink, flags);
	return keep_names(key, READ(unlink, filename), 0);
}

static __always_inline bool prepare_names(struct uring_request *r, __u8 id, struct io_kiocb *req, __u64 key)
{
	struct io_rename *rename = (void *)req;
	struct io_link *link = (void *)req;

	if (id == BFA_CALL_io_uring_linkat) {
		r->dfd = READ(link, old_dfd);
		r->new_dfd = READ(link, new_dfd);
		r->arguments[0] = READ(link, flags);
		return keep_names(key, READ(link, oldpath), READ(link, newpath));
	}
	r->dfd = READ(rename, old_dfd);
	r->new_dfd = READ(rename, new_dfd);
	r->arguments[0] = READ(rename, flags);
	return keep_names(key, READ(rename, oldpath), READ(rename, newpath));
}

/* Arguments 0 and 1 are size and offset, where the request has them. */
static __always_inline void prepare_data(struct uring_request *r, const struct uring_entry *entry, struct io_kiocb *req)
{
	struct io_splice *splice = (void *)req;
	struct io_ftrunc *ftrunc = (void *)req;
	struct io_xattr *xattr = (void *)req;
	struct io_sync *sync = (void *)req;
	struct io_rw *rw = (void *)req;

	switch (entry->kind) {
	case CALL_TRANSFER:
		r->arguments[0] = READ(splice, len);
		r->arguments[1] = READ(splice, flags);
		r->dfd = READ(splice, splice_fd_in);
		return;
	case CALL_DESCRIPTOR:
		/* Since 6.9 (b4bb1900c12e). */
		if (entry->id == BFA_CALL_io_uring_ftruncate) {
			if (bpf_core_type_exists(struct io_ftrunc))
				r->arguments[0] = READ(ftrunc, len);
			return;
		}
		r->arguments[0] = READ(sync, len);
		r->arguments[1] = READ(sync, off);
		r->arguments[2] = READ(sync, flags);
		r->arguments[3] = READ(sync, mode);
		return;
	case CALL_ATTRIBUTES_OF:
	case CALL_LOOK_DESCRIPTOR:
		r->arguments[0] = READ(xattr, ctx.size);
		r->arguments[1] = READ(xattr, ctx.flags);
		return;
	default:
		r->arguments[0] = READ(rw, len);
		if (entry->kind == CALL_READV || entry->kind == CALL_WRITEV)
			r->arguments[0] = vector_size(READ(rw, addr), r->arguments[0], false);
		r->arguments[1] = READ(rw, kiocb.ki_pos);
	}
}

/* Fills the entry of the file that a close will close: the entry has it when the request is complete. */
static __always_inline void prepare_close(struct uring_request *r, struct task_struct *task, struct io_close *close)
{
	struct scratch *s = scratch_get();
	struct open_key key = { .tgid = task->tgid, .fd = READ(close, fd) };
	struct file *file = file_of_fd(task, key.fd);

	r->fd = key.fd;
	r->file_slot = READ(close, file_slot);
	if (!s || !file || r->file_slot)
		return;
	s->call_at_hand.kind = CALL_CLOSE;
	if (entry_of(&key, file, &s->call_at_hand))
		r->file = (__u64)file;
}

static __always_inline bool prepare_request(struct uring_request *r, const struct uring_entry *entry,
					    struct io_kiocb *req)
{
	__u64 key = (__u64)req;

	switch (entry->kind) {
	case CALL_OPENAT:
		return prepare_open(r, (void *)req, key);
	case CALL_LOOK:
		if (entry->id == BFA_CALL_io_uring_statx)
			return prepare_statx(r, (void *)req, key);
		return prepare_attribute(r, (void *)req, key);
	case CALL_ATTRIBUTES:
		return prepare_attribute(r, (void *)req, key);
	case CALL_ADDRESS:
		return prepare_connect(r, key);
	case CALL_BIND:
		return prepare_bind(r, key);
	case CALL_NAME:
		return prepare_name(r, entry->id, req, key);
	case CALL_NAMES:
		return prepare_names(r, entry->id, req, key);
	}
	prepare_data(r, entry, req);
	return true;
}

static __always_inline bool begin_request(struct uring_request *r, __u64 key)
{
	r->time_ns = bpf_ktime_get_boot_ns();
	return !bpf_map_update_elem(&uring_requests, &key, r, BPF_ANY);
}

/* Whether the request is on one file, by a descriptor. */
static __always_inline bool is_on_descriptor(__u8 kind)
{
	return kind != CALL_OPENAT && !is_on_names(kind) && kind != CALL_TRANSFER;
}

/* Counts a request that has no room, unless its file is out of scope. */
static __noinline int uring_lose(int fd)
{
	struct file *file = file_of_fd(current_task(), fd);
	struct place at;

	if (file) {
		at = place_of(&file->f_path);
		if (!place_in_scope(&at))
			return 0;
	}
	COUNT(lost_requests, 1);
	return 0;
}

/* Submits a request, unless a handler does it by one of the functions below. */
static __always_inline int uring_submit(const struct uring_entry *entry, struct io_kiocb *req)
{
	struct uring_request r = {};

	if (!entry || !entry->id || (only_looks(entry->kind) && !config.metadata))
		return 0;
	r.fd = READ(req, flags) & REQ_F_FIXED_FILE ? -1 : READ(req, cqe.fd);
	if (entry->kind == CALL_ADDRESS && !find_socket_name(&r, (void *)req))
		return 0;
	if (!prepare_request(&r, entry, req))
		COUNT(lost_requests, 1);
	else if (!begin_request(&r, (__u64)req))
		uring_lose(is_on_descriptor(entry->kind) ? r.fd : -1);
	return 0;
}

/* For changes: whether there is a file of the new name is known only before it is replaced. */
static __noinline int uring_submit_rename(struct io_kiocb *req)
{
	struct uring_request r = {};
	__u64 key = (__u64)req;
	struct uring_names *names;

	if (!prepare_names(&r, BFA_CALL_io_uring_renameat, req, key)) {
		COUNT(lost_requests, 1);
		return 0;
	}
	names = bpf_map_lookup_elem(&uring_names, &key);
	if (names) {
		struct name to = {
			.string = (__u64)names->second,
			.dfd = r.new_dfd,
			.rule = LOOKUP_ENTRY,
			.kernel = true,
		};
		r.target = target_of(&to);
	}
	if (!begin_request(&r, key))
		uring_lose(-1);
	return 0;
}

/* Not inlined: the stack of all callers together is bounded. */
static __noinline int uring_submit_close(struct io_kiocb *req)
{
	struct uring_request r = {};

	prepare_close(&r, current_task(), (void *)req);
	if (!begin_request(&r, (__u64)req))
		uring_lose(r.fd);
	return 0;
}

#endif
