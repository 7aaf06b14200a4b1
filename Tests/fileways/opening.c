// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "ways.h"

#include <errno.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define CWD N(AT_FDCWD)

static const struct open_how read_only;
static const struct open_how create = { .flags = O_CREAT | O_WRONLY, .mode = 0600 };
static const struct open_how beneath = { .resolve = RESOLVE_BENEATH };
static const struct open_how without_links = { .resolve = RESOLVE_NO_SYMLINKS };
static const struct open_how in_root = { .resolve = RESOLVE_IN_ROOT };
#define HOW(how) P(&how), N(sizeof(how))

static union {
	struct file_handle handle;
	char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
} of_file;

/* Opens by a handle: the descriptor tells the file system. */
static void handle(void)
{
	int mount;

	open_or_die(".", O_RDONLY | O_DIRECTORY);
	of_file.handle.handle_bytes = MAX_HANDLE_SZ;
	require(name_to_handle_at(AT_FDCWD, "file", &of_file.handle, &mount, 0) == 0, "name_to_handle_at: %s",
		strerror(errno));
}

static void stale_handle(void)
{
	handle();
	unlink("file");
}

const struct way opening_ways[] = {
	{ "open", ONE(open, T("@/file"), N(O_RDONLY)) },
	{ "open-relative", ONE(open, T("file"), N(O_RDONLY)) },
	{ "open-dots", ONE(open, T("sub/..//./file"), N(O_RDONLY)) },
	{ "open-from-parent", ONE(open, T("../open-from-parent/file"), N(O_RDONLY)) },
	{ "open-directory", ONE(open, T("sub/"), N(O_RDONLY | O_DIRECTORY)) },
	{ "open-through-link", ONE(open, T("link/file"), N(O_RDONLY)) },
	{ "open-through-absolute-link", ONE(open, T("absolute-link/file"), N(O_RDONLY)) },
	{ "open-link", ONE(open, T("file-link"), N(O_RDONLY)) },
	{ "open-link-itself", ONE(open, T("file-link"), N(O_PATH | O_NOFOLLOW)) },
	{ "open-path", ONE(open, T("file"), N(O_PATH)) },
	{ "open-through-proc", file_open, ONE(open, T("/proc/self/fd/3"), N(O_RDONLY)) },
	{ "open-nofollow", ONE(open, T("file-link"), N(O_NOFOLLOW)) },
	{ "open-missing", ONE(open, T("@/missing"), N(O_RDONLY)) },
	{ "open-missing-through-link", ONE(open, T("link/missing"), N(O_RDONLY)) },
	{ "open-not-directory", ONE(open, T("file/x"), N(O_RDONLY)) },
	{ "open-loop", ONE(open, T("loop"), N(O_RDONLY)) },
	{ "open-dangling", ONE(open, T("dangling"), N(O_RDONLY)) },
	{ "open-directory-to-write", ONE(open, T("sub"), N(O_WRONLY)) },
	{ "open-empty-name", ONE(open, T(""), N(O_RDONLY)) },
	{ "open-no-name", ONE(open, N(8), N(O_RDONLY)) },

	{ "openat", ONE(openat, CWD, T("file"), N(O_RDONLY)) },
	{ "openat-dfd", sub_open, ONE(openat, N(3), T("file"), N(O_RDONLY)) },
	{ "openat-dfd-parent", sub_open, ONE(openat, N(3), T("../file"), N(O_RDONLY)) },
	{ "openat-dfd-missing", sub_open, ONE(openat, N(3), T("missing"), N(O_RDONLY)) },
	{ "openat-dfd-of-file", file_open, ONE(openat, N(3), T("x"), N(O_RDONLY)) },
	{ "openat-absolute", ONE(openat, N(99), T("@/file"), N(O_RDONLY)) },
	{ "openat-bad-dfd", ONE(openat, N(99), T("file"), N(O_RDONLY)) },

	{ "openat2", ONE(openat2, CWD, T("file"), HOW(read_only)) },
	{ "openat2-dfd", sub_open, ONE(openat2, N(3), T("file"), HOW(read_only)) },
	{ "openat2-create", ONE(openat2, CWD, T("new"), HOW(create)) },
	{ "openat2-missing", ONE(openat2, CWD, T("missing"), HOW(read_only)) },
	{ "openat2-beneath", sub_open, ONE(openat2, N(3), T("../file"), HOW(beneath)) },
	{ "openat2-without-links", ONE(openat2, CWD, T("link/file"), HOW(without_links)) },
	{ "openat2-in-root", sub_open, ONE(openat2, N(3), T("/file"), HOW(in_root)) },
	{ "openat2-in-root-missing", sub_open, ONE(openat2, N(3), T("/missing"), HOW(in_root)) },

	{ "creat", ONE(creat, T("@/new"), N(0640)) },
	{ "creat-existing", ONE(creat, T("file"), N(0640)) },
	{ "creat-missing-directory", ONE(creat, T("missing/new"), N(0640)) },
	{ "open-create", ONE(open, T("new"), N(O_CREAT | O_RDWR), N(0600)) },
	{ "open-create-read-only", ONE(open, T("new"), N(O_CREAT | O_RDONLY), N(0600)) },
	{ "open-create-existing", ONE(open, T("file"), N(O_CREAT | O_RDWR), N(0600)) },
	{ "open-create-exclusive", ONE(open, T("new"), N(O_CREAT | O_EXCL | O_WRONLY), N(0600)) },
	{ "open-exclusive-existing", ONE(open, T("file"), N(O_CREAT | O_EXCL | O_WRONLY), N(0600)) },
	{ "open-create-through-link", ONE(open, T("link/new"), N(O_CREAT | O_WRONLY), N(0600)) },
	{ "open-create-dangling", ONE(open, T("dangling"), N(O_CREAT | O_WRONLY), N(0600)) },
	{ "openat-create-dfd", sub_open, ONE(openat, N(3), T("new"), N(O_CREAT | O_WRONLY), N(0600)) },
	{ "open-truncate", ONE(open, T("file"), N(O_TRUNC | O_WRONLY)) },
	{ "open-truncate-fifo", ONE(open, T("fifo"), N(O_TRUNC | O_RDWR)) },
	{ "open-tmpfile", ONE(openat, CWD, T("sub"), N(O_TMPFILE | O_RDWR), N(0600)) },
	{ "open-handle", handle, ONE(open_by_handle_at, N(3), P(&of_file), N(O_RDONLY)) },
	{ "open-stale-handle", stale_handle, ONE(open_by_handle_at, N(3), P(&of_file), N(O_RDONLY)) },
	{},
};
