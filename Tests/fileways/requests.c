// SPDX-License-Identifier: Apache-2.0
/* Requests of ioctl, and advice, that change files or look at files. */
#define _GNU_SOURCE
#include "ways.h"

#include <errno.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 };

/* include/linux/falloc.h, which user space does not have */
static const struct {
	int16_t type, whence;
	int64_t start, length;
	int32_t system;
	uint32_t process;
	int32_t unused[4];
} space = { .start = 10, .length = 50 };
#define SPACE(number) _IOW('X', number, typeof(space))

/* fs/ext4/ext4.h */
static const struct {
	uint32_t reserved, donor;
	uint64_t start, donor_start, length, moved;
} move = { .donor = 4, .length = 1 };
#define MOVE_EXTENTS _IOWR('f', 15, typeof(move))

/* struct file_dedupe_range, with one target */
static struct {
	uint64_t offset, length;
	uint16_t count, reserved[3];
	struct file_dedupe_range_info target;
} dedupe = { .length = OTHER_BYTES, .count = 1, .target = { .dest_fd = 4 } };

static struct fiemap extents = { .fm_length = FILE_BYTES };
static struct fsxattr attributes;
static long flags;
static void *mapping;

static void file_with_flags(void)
{
	file_writable();
	ioctl(3, FS_IOC_GETFLAGS, &flags);
	ioctl(3, FS_IOC_FSGETXATTR, &attributes);
}

static void both_writable(void)
{
	file_writable();
	open_or_die("other", O_RDWR);
}

/* Touches the page: a file system that lacks this request does not read the argument. */
static void extents_to_move(void)
{
	both_writable();
	(void)*(const volatile uint32_t *)&move.donor;
}

static void map_shared(void)
{
	file_writable();
	mapping = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 3, 0);
	require(mapping != MAP_FAILED, "mmap: %s", strerror(errno));
}

static void remove_pages(void)
{
	CALL(madvise, P(mapping), N(PAGE), N(MADV_REMOVE));
}

static void forget_pages(void)
{
	CALL(madvise, P(mapping), N(PAGE), N(MADV_DONTNEED));
}

const struct way ioctl_ways[] = {
	{ "ioctl-getflags", file_open, ONE(ioctl, N(3), N(FS_IOC_GETFLAGS), P(buffer)) },
	{ "ioctl-setflags", file_with_flags, ONE(ioctl, N(3), N(FS_IOC_SETFLAGS), P(&flags)) },
	{ "ioctl-setflags-bad", ONE(ioctl, N(99), N(FS_IOC_SETFLAGS), P(&flags)) },
	{ "ioctl-fsgetxattr", file_open, ONE(ioctl, N(3), N(FS_IOC_FSGETXATTR), P(buffer)) },
	{ "ioctl-fssetxattr", file_with_flags, ONE(ioctl, N(3), N(FS_IOC_FSSETXATTR), P(&attributes)) },
	{ "ioctl-fiemap", file_open, ONE(ioctl, N(3), N(FS_IOC_FIEMAP), P(&extents)) },
	{ "ioctl-resvsp", file_writable, ONE(ioctl, N(3), N(SPACE(40)), P(&space)) },
	{ "ioctl-unresvsp64", file_writable, ONE(ioctl, N(3), N(SPACE(43)), P(&space)) },
	{ "ioctl-zero-range", file_writable, ONE(ioctl, N(3), N(SPACE(57)), P(&space)) },
	{ "ioctl-zero-range-read-only", file_open, ONE(ioctl, N(3), N(SPACE(57)), P(&space)) },
	{ "ioctl-move-extents", extents_to_move, ONE(ioctl, N(3), N(MOVE_EXTENTS), P(&move)) },
	{ "ioctl-dedupe", file_and_other, ONE(ioctl, N(3), N(FIDEDUPERANGE), P(&dedupe)) },
	{ "madvise-remove", map_shared, .act = remove_pages },
	{ "madvise-other", map_shared, .act = forget_pages },
	{},
};
