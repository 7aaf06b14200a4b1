/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What requests of ioctl do to files. The table has each request that changes a
 * directory, a file's content or its attributes, except those that the manual
 * lists as not shown (bfatrace(8), "Requests of ioctl").
 */
#ifndef BFATRACE_IOCTLS_H
#define BFATRACE_IOCTLS_H

#include <linux/ioctl.h>

#include "files/lookup.h"

enum ioctl_effect {
	IOCTL_NONE,
	IOCTL_READ,	   /* reads the file; the result is the number of bytes */
	IOCTL_WRITE,	   /* writes to the file; the result is the number of bytes, or 0 if it is not known */
	IOCTL_LOOK,	   /* reads attributes: with --metadata only */
	IOCTL_SET,	   /* changes attributes: with --metadata, and for changes */
	IOCTL_CLONE,	   /* from the file whose descriptor is the argument */
	IOCTL_CLONE_RANGE, /* from that of struct file_clone_range */
	IOCTL_DEDUPE,	   /* compares the file with those of struct file_dedupe_range */
	IOCTL_EXCHANGE,	   /* writes to the file, and to that whose descriptor the argument has at an offset */
	IOCTL_MAKE,	   /* makes an entry in the directory, whose name the argument has at an offset */
	IOCTL_REMOVE,
};

#define IOCTL_R(type, number, size) _IOC(_IOC_READ, type, number, size)
#define IOCTL_W(type, number, size) _IOC(_IOC_WRITE, type, number, size)
#define IOCTL_RW(type, number, size) _IOC(_IOC_READ | _IOC_WRITE, type, number, size)

/*
 * Name, number, effect, offset. From include/uapi/linux/{fs,btrfs,f2fs,fsverity,
 * fscrypt,msdos_fs,fiemap}.h, include/linux/falloc.h, and what fs/{ext4,xfs,smb}
 * define. The size of the argument is part of the number: those of 32-bit
 * programs are at the end where they differ.
 */
#define BFA_IOCTLS(X)                                                     \
	X(FICLONE, IOCTL_W(0x94, 9, 4), CLONE, 0)                         \
	X(FICLONERANGE, IOCTL_W(0x94, 13, 32), CLONE_RANGE, 0)            \
	X(CIFS_IOC_COPYCHUNK_FILE, IOCTL_W(0xcf, 3, 4), CLONE, 0)         \
	X(FIDEDUPERANGE, IOCTL_RW(0x94, 54, 24), DEDUPE, 0)               \
	X(EXT4_IOC_MOVE_EXT, IOCTL_RW('f', 15, 40), EXCHANGE, 4)          \
	X(XFS_IOC_SWAPEXT, IOCTL_RW('X', 109, 192), EXCHANGE, 16)         \
	X(XFS_IOC_EXCHANGE_RANGE, IOCTL_W('X', 129, 40), EXCHANGE, 0)     \
	X(XFS_IOC_COMMIT_RANGE, IOCTL_W('X', 131, 88), EXCHANGE, 0)       \
	X(F2FS_IOC_MOVE_RANGE, IOCTL_RW(0xf5, 9, 32), EXCHANGE, 0)        \
	X(FS_IOC_RESVSP, IOCTL_W('X', 40, 48), WRITE, 0)                  \
	X(FS_IOC_UNRESVSP, IOCTL_W('X', 41, 48), WRITE, 0)                \
	X(FS_IOC_RESVSP64, IOCTL_W('X', 42, 48), WRITE, 0)                \
	X(FS_IOC_UNRESVSP64, IOCTL_W('X', 43, 48), WRITE, 0)              \
	X(FS_IOC_ZERO_RANGE, IOCTL_W('X', 57, 48), WRITE, 0)              \
	X(EXT4_IOC_SWAP_BOOT, _IO('f', 17), WRITE, 0)                     \
	X(BTRFS_IOC_DEFRAG, IOCTL_W(0x94, 2, 4096), WRITE, 0)             \
	X(BTRFS_IOC_DEFRAG_RANGE, IOCTL_W(0x94, 16, 48), WRITE, 0)        \
	X(BTRFS_IOC_ENCODED_READ, IOCTL_R(0x94, 64, 128), READ, 0)        \
	X(BTRFS_IOC_ENCODED_WRITE, IOCTL_W(0x94, 64, 128), WRITE, 0)      \
	X(F2FS_IOC_COMMIT_ATOMIC_WRITE, _IO(0xf5, 2), WRITE, 0)           \
	X(F2FS_IOC_DEFRAGMENT, IOCTL_RW(0xf5, 8, 16), WRITE, 0)           \
	X(F2FS_IOC_SEC_TRIM_FILE, IOCTL_W(0xf5, 20, 24), WRITE, 0)        \
	X(F2FS_IOC_DECOMPRESS_FILE, _IO(0xf5, 23), WRITE, 0)              \
	X(F2FS_IOC_COMPRESS_FILE, _IO(0xf5, 24), WRITE, 0)                \
	X(BLKDISCARD, _IO(0x12, 119), WRITE, 0)                           \
	X(BLKSECDISCARD, _IO(0x12, 125), WRITE, 0)                        \
	X(BLKZEROOUT, _IO(0x12, 127), WRITE, 0)                           \
	X(BTRFS_IOC_SNAP_CREATE, IOCTL_W(0x94, 1, 4096), MAKE, 8)         \
	X(BTRFS_IOC_SUBVOL_CREATE, IOCTL_W(0x94, 14, 4096), MAKE, 8)      \
	X(BTRFS_IOC_SNAP_DESTROY, IOCTL_W(0x94, 15, 4096), REMOVE, 8)     \
	X(BTRFS_IOC_SNAP_CREATE_V2, IOCTL_W(0x94, 23, 4096), MAKE, 56)    \
	X(BTRFS_IOC_SUBVOL_CREATE_V2, IOCTL_W(0x94, 24, 4096), MAKE, 56)  \
	X(BTRFS_IOC_SNAP_DESTROY_V2, IOCTL_W(0x94, 63, 4096), REMOVE, 56) \
	X(FS_IOC_GETFLAGS, IOCTL_R('f', 1, 8), LOOK, 0)                   \
	X(FS_IOC_SETFLAGS, IOCTL_W('f', 2, 8), SET, 0)                    \
	X(FS_IOC_GETVERSION, IOCTL_R('v', 1, 8), LOOK, 0)                 \
	X(FS_IOC_SETVERSION, IOCTL_W('v', 2, 8), SET, 0)                  \
	X(EXT4_IOC_GETVERSION, IOCTL_R('f', 3, 8), LOOK, 0)               \
	X(EXT4_IOC_SETVERSION, IOCTL_W('f', 4, 8), SET, 0)                \
	X(FS_IOC_FSGETXATTR, IOCTL_R('X', 31, 28), LOOK, 0)               \
	X(FS_IOC_FSSETXATTR, IOCTL_W('X', 32, 28), SET, 0)                \
	X(FS_IOC_FIEMAP, IOCTL_RW('f', 11, 32), LOOK, 0)                  \
	X(FIBMAP, _IO(0, 1), LOOK, 0)                                     \
	X(FS_IOC_ENABLE_VERITY, IOCTL_W('f', 133, 128), SET, 0)           \
	X(FS_IOC_MEASURE_VERITY, IOCTL_RW('f', 134, 4), LOOK, 0)          \
	X(FS_IOC_READ_VERITY_METADATA, IOCTL_RW('f', 135, 40), LOOK, 0)   \
	X(FS_IOC_SET_ENCRYPTION_POLICY, IOCTL_R('f', 19, 12), SET, 0)     \
	X(FS_IOC_GET_ENCRYPTION_POLICY, IOCTL_W('f', 21, 12), LOOK, 0)    \
	X(FS_IOC_GET_ENCRYPTION_POLICY_EX, IOCTL_RW('f', 22, 9), LOOK, 0) \
	X(FS_IOC_GET_ENCRYPTION_NONCE, IOCTL_R('f', 27, 16), LOOK, 0)     \
	X(EXT4_IOC_MIGRATE, _IO('f', 9), SET, 0)                          \
	X(EXT4_IOC_ALLOC_DA_BLKS, _IO('f', 12), LOOK, 0)                  \
	X(BTRFS_IOC_SUBVOL_GETFLAGS, IOCTL_R(0x94, 25, 8), LOOK, 0)       \
	X(BTRFS_IOC_SUBVOL_SETFLAGS, IOCTL_W(0x94, 26, 8), SET, 0)        \
	X(BTRFS_IOC_SET_RECEIVED_SUBVOL, IOCTL_RW(0x94, 37, 200), SET, 0) \
	X(F2FS_IOC_SET_PIN_FILE, IOCTL_W(0xf5, 13, 4), SET, 0)            \
	X(F2FS_IOC_GET_PIN_FILE, IOCTL_R(0xf5, 14, 4), LOOK, 0)           \
	X(F2FS_IOC_SET_COMPRESS_OPTION, IOCTL_W(0xf5, 22, 2), SET, 0)     \
	X(FAT_IOCTL_GET_ATTRIBUTES, IOCTL_R('r', 16, 4), LOOK, 0)         \
	X(FAT_IOCTL_SET_ATTRIBUTES, IOCTL_W('r', 17, 4), SET, 0)          \
	X(FS_IOC_RESVSP_32, IOCTL_W('X', 40, 44), WRITE, 0)               \
	X(FS_IOC_UNRESVSP_32, IOCTL_W('X', 41, 44), WRITE, 0)             \
	X(FS_IOC_RESVSP64_32, IOCTL_W('X', 42, 44), WRITE, 0)             \
	X(FS_IOC_UNRESVSP64_32, IOCTL_W('X', 43, 44), WRITE, 0)           \
	X(FS_IOC_ZERO_RANGE_32, IOCTL_W('X', 57, 44), WRITE, 0)           \
	X(BTRFS_IOC_ENCODED_READ_32, IOCTL_R(0x94, 64, 120), READ, 0)     \
	X(BTRFS_IOC_ENCODED_WRITE_32, IOCTL_W(0x94, 64, 120), WRITE, 0)   \
	X(F2FS_IOC32_MOVE_RANGE, IOCTL_RW(0xf5, 9, 28), EXCHANGE, 0)      \
	X(FS_IOC32_GETFLAGS, IOCTL_R('f', 1, 4), LOOK, 0)                 \
	X(FS_IOC32_SETFLAGS, IOCTL_W('f', 2, 4), SET, 0)                  \
	X(FS_IOC32_GETVERSION, IOCTL_R('v', 1, 4), LOOK, 0)               \
	X(FS_IOC32_SETVERSION, IOCTL_W('v', 2, 4), SET, 0)                \
	X(EXT4_IOC32_GETVERSION, IOCTL_R('f', 3, 4), LOOK, 0)             \
	X(EXT4_IOC32_SETVERSION, IOCTL_W('f', 4, 4), SET, 0)

struct ioctl_request {
	__u8 effect; /* enum ioctl_effect */
	__u8 offset;
};

static __always_inline struct ioctl_request ioctl_request_of(struct call *call)
{
	switch ((__u32)call->arguments[1]) {
#define X(name, number, effect, offset) \
	case number:                    \
		return (struct ioctl_request){ IOCTL_##effect, offset };
		BFA_IOCTLS(X)
#undef X
	}
	return (struct ioctl_request){};
}

#define BTRFS_SUBVOL_SPEC_BY_ID 0x10 /* include/uapi/linux/btrfs.h */

enum {
	SUBVOL_ARGUMENT = 4096, /* struct btrfs_ioctl_vol_args, and _v2 */
	SUBVOL_V2_NAME = 56,	/* in it, after flags at 16 */
	SUBVOL_V2_FLAGS = 16,
};

static __always_inline bool makes_name(struct ioctl_request *request)
{
	return request->effect == IOCTL_MAKE || request->effect == IOCTL_REMOVE;
}

/* Finds the entry that is made or removed; false if it has a number in place of a name. */
static __always_inline bool ioctl_name(struct call *call, struct ioctl_request *request, struct name *n)
{
	__u64 flags = 0;

	if (request->offset == SUBVOL_V2_NAME)
		bpf_probe_read_user(&flags, sizeof(flags), (void *)(call->arguments[2] + SUBVOL_V2_FLAGS));
	*n = (struct name){
		.string = call->arguments[2] + request->offset,
		.dfd = call->arguments[0],
		.rule = LOOKUP_ENTRY,
		.limit = SUBVOL_ARGUMENT - request->offset,
	};
	return request->effect != IOCTL_REMOVE || !(flags & BTRFS_SUBVOL_SPEC_BY_ID);
}

#endif
