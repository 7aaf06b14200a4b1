// SPDX-License-Identifier: Apache-2.0
/* Looking at a file without opening it. */
#define _GNU_SOURCE
#include "ways.h"

#include <errno.h>
#include <linux/stat.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define CWD N(AT_FDCWD)
#define ANSWER P(buffer)
#define BASIC N(STATX_BASIC_STATS)

#ifndef AT_EACCESS
#define AT_EACCESS 0x200
#endif

static union {
	struct file_handle handle;
	char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
} of_file = { .handle.handle_bytes = MAX_HANDLE_SZ };
static int mount;

static void inotify(void)
{
	require(inotify_init1(0) == 3, "inotify_init1: %s", strerror(errno));
}

static void link_open(void)
{
	open_or_die("file-link", O_PATH | O_NOFOLLOW);
}

const struct way looking_ways[] = {
	{ "stat", ONE(stat, T("@/file"), ANSWER) },
	{ "stat-relative", ONE(stat, T("sub/../file"), ANSWER) },
	{ "stat-directory", ONE(stat, T("sub/"), ANSWER) },
	{ "stat-through-link", ONE(stat, T("link/file"), ANSWER) },
	{ "stat-link", ONE(stat, T("file-link"), ANSWER) },
	{ "stat-absolute-link", ONE(stat, T("absolute-link"), ANSWER) },
	{ "stat-through-long-link", ONE(stat, T("long-link/file"), ANSWER) },
	{ "stat-missing", ONE(stat, T("@/missing"), ANSWER) },
	{ "stat-missing-directory", ONE(stat, T("missing/x"), ANSWER) },
	{ "stat-not-directory", ONE(stat, T("file/x"), ANSWER) },
	{ "stat-file-slash", ONE(stat, T("file/"), ANSWER) },
	{ "stat-loop", ONE(stat, T("loop"), ANSWER) },
	{ "stat-dangling", ONE(stat, T("dangling"), ANSWER) },
	{ "stat-empty-name", ONE(stat, T(""), ANSWER) },
	{ "lstat", ONE(lstat, T("file"), ANSWER) },
	{ "lstat-link", ONE(lstat, T("file-link"), ANSWER) },
	{ "lstat-link-slash", ONE(lstat, T("link/"), ANSWER) },
	{ "lstat-dangling", ONE(lstat, T("dangling"), ANSWER) },
	{ "lstat-missing", ONE(lstat, T("missing"), ANSWER) },
	{ "fstat", file_open, ONE(fstat, N(3), ANSWER) },
	{ "fstat-path", path_open, ONE(fstat, N(3), ANSWER) },
	{ "fstat-bad", ONE(fstat, N(99), ANSWER) },
	{ "newfstatat", ONE(newfstatat, CWD, T("file-link"), ANSWER, N(0)) },
	{ "newfstatat-nofollow", ONE(newfstatat, CWD, T("file-link"), ANSWER, N(AT_SYMLINK_NOFOLLOW)) },
	{ "newfstatat-dfd", sub_open, ONE(newfstatat, N(3), T("../file"), ANSWER, N(0)) },
	{ "newfstatat-empty-name", file_open, ONE(newfstatat, N(3), T(""), ANSWER, N(AT_EMPTY_PATH)) },
	{ "newfstatat-empty-name-cwd", ONE(newfstatat, CWD, T(""), ANSWER, N(AT_EMPTY_PATH)) },
	{ "newfstatat-missing", sub_open, ONE(newfstatat, N(3), T("missing"), ANSWER, N(0)) },
	{ "newfstatat-bad-dfd", ONE(newfstatat, N(99), T("file"), ANSWER, N(0)) },
	{ "statx", ONE(statx, CWD, T("file"), N(0), BASIC, ANSWER) },
	{ "statx-dfd", sub_open, ONE(statx, N(3), T("file"), N(AT_NO_AUTOMOUNT), BASIC, ANSWER) },
	{ "statx-empty-name", file_open, ONE(statx, N(3), T(""), N(AT_EMPTY_PATH), BASIC, ANSWER) },
	{ "statx-no-name", file_open, ONE(statx, N(3), P(0), N(AT_EMPTY_PATH), BASIC, ANSWER) },
	{ "statx-missing", ONE(statx, CWD, T("missing"), N(0), BASIC, ANSWER) },
	{ "access", ONE(access, T("@/file"), N(R_OK)) },
	{ "access-link", ONE(access, T("file-link"), N(F_OK)) },
	{ "access-missing", ONE(access, T("missing"), N(R_OK)) },
	{ "access-denied", ONE(access, T("file"), N(X_OK)) },
	{ "faccessat", sub_open, ONE(faccessat, N(3), T("file"), N(W_OK)) },
	{ "faccessat2", ONE(faccessat2, CWD, T("file"), N(R_OK), N(AT_EACCESS)) },
	{ "faccessat2-nofollow", ONE(faccessat2, CWD, T("file-link"), N(R_OK), N(AT_SYMLINK_NOFOLLOW)) },
	{ "faccessat2-missing", ONE(faccessat2, CWD, T("link/missing"), N(F_OK), N(0)) },
	{ "readlink", ONE(readlink, T("@/file-link"), ANSWER, N(100)) },
	{ "readlink-through-link", ONE(readlink, T("absolute-link/../file-link"), ANSWER, N(2)) },
	{ "readlink-long", ONE(readlink, T("long-link"), ANSWER, N(1000)) },
	{ "readlink-file", ONE(readlink, T("file"), ANSWER, N(100)) },
	{ "readlink-missing", ONE(readlink, T("missing"), ANSWER, N(100)) },
	{ "readlinkat", sub_open, ONE(readlinkat, N(3), T("../link"), ANSWER, N(100)) },
	{ "readlinkat-empty-name", link_open, ONE(readlinkat, N(3), T(""), ANSWER, N(100)) },
	{ "statfs", ONE(statfs, T("file-link"), ANSWER) },
	{ "statfs-missing", ONE(statfs, T("missing"), ANSWER) },
	{ "fstatfs", file_open, ONE(fstatfs, N(3), ANSWER) },
	{ "inotify_add_watch", inotify, ONE(inotify_add_watch, N(3), T("link"), N(IN_MODIFY)) },
	{ "inotify_add_watch-nofollow", inotify,
	  ONE(inotify_add_watch, N(3), T("link"), N(IN_ATTRIB | IN_DONT_FOLLOW)) },
	{ "inotify_add_watch-missing", inotify, ONE(inotify_add_watch, N(3), T("missing"), N(IN_MODIFY)) },
	{ "name_to_handle_at", ONE(name_to_handle_at, CWD, T("file-link"), P(&of_file), P(&mount), N(0)) },
	{ "name_to_handle_at-follow",
	  ONE(name_to_handle_at, CWD, T("file-link"), P(&of_file), P(&mount), N(AT_SYMLINK_FOLLOW)) },
	{},
};
