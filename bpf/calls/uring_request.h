/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Requests of io_uring: what the kernel has of them, their calls, and what is kept until they are complete. */
#ifndef BFATRACE_URING_REQUEST_H
#define BFATRACE_URING_REQUEST_H

#include "calls/descriptor_calls.h"
#include "calls/name_calls.h"

enum {
	URING_REQUESTS = 65536, /* under way, in all rings */
	URING_NAMES = 4096,	/* of these, on names */
	URING_OPCODES = 64,	/* above all opcodes that are reported; a power of two */
};

/* include/linux/io_uring_types.h */
#define REQ_F_FIXED_FILE 1 /* the number is an index of registered files */

/* include/uapi/linux/io_uring.h */
#define SPLICE_F_FD_IN_FIXED (1U << 31)

struct io_cqe {
	__s32 res;
	int fd; /* until the request is complete */
} KERNEL_STRUCT;

/* A request: its first bytes are also one of the commands below (struct io_rw, ...). */
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

/* How a request is reported and handled. */
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

/* A request under way: its command may be overwritten until it ends, and a close leaves no file. */
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

/* Programs that read io_uring's structures must not be loaded without it. */
static __always_inline bool has_io_uring(void)
{
	return bpf_core_type_exists(struct io_kiocb);
}

static __always_inline const struct uring_entry *uring_entry_of(struct io_kiocb *req)
{
	__u8 opcode = READ(req, opcode);

	return opcode < URING_OPCODES ? &uring_calls[BOUNDED(opcode, URING_OPCODES - 1)] : 0;
}

#endif
