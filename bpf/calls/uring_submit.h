/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Requests of io_uring at their submission: what will be gone when they are complete. */
#ifndef BFATRACE_URING_SUBMIT_H
#define BFATRACE_URING_SUBMIT_H

#include "calls/descriptor_calls.h"
#include "calls/name_calls.h"

enum {
	URING_REQUESTS = 65536, /* that are under way, of all rings */
	URING_NAMES = 4096,	/* of these, about names */
	URING_OPCODES = 64,	/* above every one that is told; a power of two */
};

/* include/linux/io_uring_types.h */
#define REQ_F_FIXED_FILE 1 /* the number is an index of registered files */

/* include/uapi/linux/io_uring.h */
#define SPLICE_F_FD_IN_FIXED (1U << 31)

struct io_cqe {
	__s32 res;
	int fd; /* until the request is complete */
} KERNEL_STRUCT;

/* Its first bytes are also one of the commands below. */
struct io_kiocb {
	struct file *file;
	__u8 opcode;
	__u64 flags;
	struct io_cqe cqe;
} KERNEL_STRUCT;

struct kiocb {
	__s64 ki_pos;
} KERNEL_STRUCT;

struct io_rw {
	struct kiocb kiocb;
	__u64 addr;
	__u32 len;
} KERNEL_STRUCT;

struct io_splice {
	__u64 len;
	int splice_fd_in;
	unsigned int flags;
} KERNEL_STRUCT;

/* fsync, sync_file_range and fallocate */
struct io_sync {
	__s64 len;
	__s64 off;
	int flags;
	int mode;
} KERNEL_STRUCT;

struct io_ftrunc {
	__s64 len;
} KERNEL_STRUCT;

struct filename {
	const char *name;
} KERNEL_STRUCT;

struct open_how {
	__u64 flags;
	__u64 mode;
} KERNEL_STRUCT;

struct io_open {
	int dfd;
	__u32 file_slot;
	struct filename *filename;
	struct open_how how;
} KERNEL_STRUCT;

struct io_close {
	int fd;
	__u32 file_slot;
} KERNEL_STRUCT;

struct io_statx {
	int dfd;
	unsigned int flags;
	struct filename *filename;
} KERNEL_STRUCT;

struct io_unlink {
	int dfd;
	int flags;
	struct filename *filename;
} KERNEL_STRUCT;

struct io_mkdir {
	int dfd;
	__u16 mode;
	struct filename *filename;
} KERNEL_STRUCT;

struct io_rename {
	int old_dfd;
	int new_dfd;
	struct filename *oldpath;
	struct filename *newpath;
	int flags;
} KERNEL_STRUCT;

struct io_link {
	int old_dfd;
	int new_dfd;
	struct filename *oldpath;
	struct filename *newpath;
	int flags;
} KERNEL_STRUCT;

struct kernel_xattr_ctx { /* xattr_ctx before 6.13 */
	__u64 size;
	unsigned int flags;
} KERNEL_STRUCT;

struct io_xattr {
	struct kernel_xattr_ctx ctx;
	struct filename *filename;
} KERNEL_STRUCT;

struct io_connect {
	struct sockaddr *addr; /* the task's */
	int addr_len;
} KERNEL_STRUCT;

/* What a request is: its call, and how it is handled. */
struct uring_entry {
	__u8 id;   /* enum bfa_call */
	__u8 kind; /* of the call that does the same */
	__u16 types;
};

/* By IORING_OP_ number (include/uapi/linux/io_uring.h). */
static const struct uring_entry uring_calls[URING_OPCODES] = {
	[1] = { BFA_CALL_io_uring_readv, CALL_READV, BFA_READ },
	[2] = { BFA_CALL_io_uring_writev, CALL_WRITEV, BFA_WRITTEN },
	[3] = { BFA_CALL_io_uring_fsync, CALL_DESCRIPTOR, 0 },
	[4] = { BFA_CALL_io_uring_read_fixed, CALL_READ, BFA_READ },
	[5] = { BFA_CALL_io_uring_write_fixed, CALL_WRITE, BFA_WRITTEN },
	[8] = { BFA_CALL_io_uring_sync_file_range, CALL_DESCRIPTOR, 0 },
	[16] = { BFA_CALL_io_uring_connect, CALL_ADDRESS, 0 },
	[17] = { BFA_CALL_io_uring_fallocate, CALL_DESCRIPTOR, BFA_WRITTEN },
	[18] = { BFA_CALL_io_uring_openat, CALL_OPENAT, 0 },
	[19] = { BFA_CALL_io_uring_close, CALL_CLOSE, 0 },
	[21] = { BFA_CALL_io_uring_statx, CALL_LOOK, 0 },
	[22] = { BFA_CALL_io_uring_read, CALL_READ, BFA_READ },
	[23] = { BFA_CALL_io_uring_write, CALL_WRITE, BFA_WRITTEN },
	[28] = { BFA_CALL_io_uring_openat2, CALL_OPENAT, 0 },
	[30] = { BFA_CALL_io_uring_splice, CALL_TRANSFER, BFA_WRITTEN },
	[33] = { BFA_CALL_io_uring_tee, CALL_TRANSFER, BFA_WRITTEN },
	[35] = { BFA_CALL_io_uring_renameat, CALL_NAMES, 0 },
	[36] = { BFA_CALL_io_uring_unlinkat, CALL_NAME, BFA_DELETED },
	[37] = { BFA_CALL_io_uring_mkdirat, CALL_NAME, BFA_CREATED },
	[38] = { BFA_CALL_io_uring_symlinkat, CALL_NAME, BFA_CREATED },
	[39] = { BFA_CALL_io_uring_linkat, CALL_NAMES, 0 },
	[41] = { BFA_CALL_io_uring_fsetxattr, CALL_ATTRIBUTES_OF, 0 },
	[42] = { BFA_CALL_io_uring_setxattr, CALL_ATTRIBUTES, 0 },
	[43] = { BFA_CALL_io_uring_fgetxattr, CALL_LOOK_DESCRIPTOR, 0 },
	[44] = { BFA_CALL_io_uring_getxattr, CALL_LOOK, 0 },
	[49] = { BFA_CALL_io_uring_read_multishot, CALL_READ, BFA_READ },
	[55] = { BFA_CALL_io_uring_ftruncate, CALL_DESCRIPTOR, BFA_WRITTEN },
	[56] = { BFA_CALL_io_uring_bind, CALL_BIND, BFA_CREATED },
	[60] = { BFA_CALL_io_uring_readv_fixed, CALL_READV, BFA_READ },
	[61] = { BFA_CALL_io_uring_writev_fixed, CALL_WRITEV, BFA_WRITTEN },
};

/* A request under way; its command may be overwritten, and its file is gone after a close. */
struct uring_request {
	__u64 time_ns;
	__u64 file;	    /* to be closed */
	__u64 arguments[4]; /* as the shape of its call counts them */
	int dfd;
	int new_dfd;
	__s32 fd;	 /* negative: a registered file */
	__u32 file_slot; /* not 0: no descriptor is opened or closed */
	__u32 target;	 /* enum rename_target */
	__u32 unused;
};

struct uring_names {
	char first[BFA_PATH_MAX];
	char second[BFA_PATH_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, URING_REQUESTS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64); /* struct io_kiocb * */
	__type(value, struct uring_request);
} uring_requests SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, URING_NAMES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct uring_names);
} uring_names SEC(".maps");

/* Without it, what reads its structures must not be loaded. */
static __always_inline bool has_io_uring(void)
{
	return bpf_core_type_exists(struct io_kiocb);
}

static __always_inline const struct uring_entry *uring_entry_of(struct io_kiocb *req)
{
	__u8 opcode = READ(req, opcode);

	return opcode < URING_OPCODES ? &uring_calls[BOUNDED(opcode, URING_OPCODES - 1)] : 0;
}

static __always_inline void keep_name(char *name, struct filename *filename)
{
	if (bpf_probe_read_kernel_str(name, BFA_PATH_MAX, READ(filename, name)) < 0)
		name[0] = 0;
}

/* The strings go with the command: before it is complete. The record's memory has room for them. */
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

/* What a bind is passed is copied to a place of which types tell nothing: the socket has it when it is bound. */
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

/* What a close will close is known in its entry, also when it is closed. */
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

/* Whether it is about one file, whose descriptor is its first argument. */
static __always_inline bool is_on_descriptor(__u8 kind)
{
	return kind != CALL_OPENAT && !is_on_names(kind) && kind != CALL_TRANSFER;
}

/* There is no room for it: what is about no file, or one that is not wanted, is no loss. */
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

/* All but those that a handler submits, as below. */
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
