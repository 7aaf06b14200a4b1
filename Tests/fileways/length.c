// SPDX-License-Identifier: Apache-2.0
/* Changing lengths of files, mapping files, and writing them to the disk. */
#define _GNU_SOURCE
#include "ways.h"

#include <errno.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 };

static void *mapping;

static void map_shared(void)
{
	file_writable();
	mapping = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 3, 0);
	require(mapping != MAP_FAILED, "mmap: %s", strerror(errno));
}

/* Maps a file and closes its descriptor. */
static void map_only(void)
{
	map_shared();
	close(3);
}

static void map_nothing(void)
{
	mapping = mmap(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(mapping != MAP_FAILED, "mmap: %s", strerror(errno));
}

static void msync_mapping(void)
{
	CALL(msync, P(mapping), N(PAGE), N(MS_SYNC));
}

static void pipe_open(void)
{
	int ends[2];

	require(pipe(ends) == 0, "pipe: %s", strerror(errno));
}

const struct way length_ways[] = {
	{ "truncate", ONE(truncate, T("@/file"), N(10)) },
	{ "truncate-through-link", ONE(truncate, T("link/file"), N(200)) },
	{ "truncate-link", ONE(truncate, T("file-link"), N(FILE_BYTES)) },
	{ "truncate-through-long-link", ONE(truncate, T("long-link/file"), N(10)) },
	{ "truncate-missing", ONE(truncate, T("missing"), N(10)) },
	{ "truncate-directory", ONE(truncate, T("sub"), N(10)) },
	{ "truncate-negative", ONE(truncate, T("file"), N(-1)) },
	{ "ftruncate", file_writable, ONE(ftruncate, N(3), N(10)) },
	{ "ftruncate-read-only", file_open, ONE(ftruncate, N(3), N(10)) },
	{ "ftruncate-bad", ONE(ftruncate, N(99), N(10)) },
	{ "fallocate", file_writable, ONE(fallocate, N(3), N(0), N(50), N(200)) },
	{ "fallocate-keep-size", file_writable, ONE(fallocate, N(3), N(FALLOC_FL_KEEP_SIZE), N(0), N(PAGE)) },
	{ "fallocate-punch-hole", file_writable,
	  ONE(fallocate, N(3), N(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE), N(10), N(20)) },
	{ "fallocate-read-only", file_open, ONE(fallocate, N(3), N(0), N(0), N(200)) },

	{ "mmap", file_open, ONE(mmap, P(0), N(PAGE), N(PROT_READ), N(MAP_PRIVATE), N(3), N(0)) },
	{ "mmap-shared", file_writable,
	  ONE(mmap, P(0), N(2 * PAGE), N(PROT_READ | PROT_WRITE), N(MAP_SHARED), N(3), N(PAGE)) },
	{ "mmap-write-only", file_write_only, ONE(mmap, P(0), N(PAGE), N(PROT_READ), N(MAP_SHARED), N(3), N(0)) },
	{ "mmap-directory", sub_open, ONE(mmap, P(0), N(PAGE), N(PROT_READ), N(MAP_PRIVATE), N(3), N(0)) },
	{ "mmap-anonymous", file_open,
	  ONE(mmap, P(0), N(PAGE), N(PROT_READ), N(MAP_PRIVATE | MAP_ANONYMOUS), N(3), N(0)) },
	{},
};

const struct way sync_ways[] = {
	{ "msync", map_shared, .act = msync_mapping },
	{ "msync-closed", map_only, .act = msync_mapping },
	{ "msync-anonymous", map_nothing, .act = msync_mapping },
	{ "msync-unmapped", ONE(msync, N(PAGE), N(PAGE), N(MS_SYNC)) },
	{ "fsync", file_writable, ONE(fsync, N(3)) },
	{ "fsync-directory", sub_open, ONE(fsync, N(3)) },
	{ "fsync-fifo", fifo_open, ONE(fsync, N(3)) },
	{ "fsync-pipe", pipe_open, ONE(fsync, N(3)) },
	{ "fsync-bad", ONE(fsync, N(99)) },
	{ "fdatasync", file_writable, ONE(fdatasync, N(3)) },
	{ "syncfs", file_open, ONE(syncfs, N(3)) },
	{ "sync_file_range", file_writable, ONE(sync_file_range, N(3), N(0), N(PAGE), N(SYNC_FILE_RANGE_WRITE)) },
	{ "sync_file_range-bad-flags", file_writable, ONE(sync_file_range, N(3), N(10), N(20), N(0100)) },
	{ "sync", ONE(sync) },
	{},
};
