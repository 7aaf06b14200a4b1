// SPDX-License-Identifier: Apache-2.0
/* Renaming and removing names. */
#define _GNU_SOURCE
#include "ways.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CWD N(AT_FDCWD)

/* include/uapi/linux/fs.h, which conflicts with old C libraries */
enum {
	NOREPLACE = 1 << 0,
	EXCHANGE = 1 << 1,
	WHITEOUT = 1 << 2,
};

static void hard_link(void)
{
	require(link("file", "hard") == 0, "link: %s", strerror(errno));
}

static void empty_current_directory(void)
{
	require(chdir("empty") == 0, "chdir: %s", strerror(errno));
}

static void rename_open_file(void)
{
	CALL(write, N(3), P(buffer), N(10));
	CALL(renameat, CWD, T("file"), CWD, T("moved"));
	CALL(write, N(3), P(buffer), N(20));
	CALL(close, N(3));
}

static void remove_open_file(void)
{
	CALL(unlinkat, CWD, T("file"), N(0));
	CALL(write, N(3), P(buffer), N(10));
	CALL(close, N(3));
}

const struct way moving_ways[] = {
	{ "rename", ONE(rename, T("@/file"), T("@/moved")) },
	{ "rename-relative", ONE(rename, T("file"), T("./sub/../moved")) },
	{ "rename-across", ONE(rename, T("file"), T("sub/moved")) },
	{ "rename-over", ONE(rename, T("file"), T("other")) },
	{ "rename-through-links", ONE(rename, T("link/file"), T("absolute-link/moved")) },
	{ "rename-through-long-link", ONE(rename, T("long-link/file"), T("long-link/moved")) },
	{ "rename-link", ONE(rename, T("link"), T("moved")) },
	{ "rename-directory", ONE(rename, T("sub"), T("moved")) },
	{ "rename-directory-slash", ONE(rename, T("sub/"), T("moved/")) },
	{ "rename-directory-across", ONE(rename, T("sub"), T("empty/moved")) },
	{ "rename-directory-over", ONE(rename, T("sub"), T("empty")) },
	{ "rename-hard-links", hard_link, ONE(rename, T("file"), T("hard")) },
	{ "rename-same-name", ONE(rename, T("file"), T("./file")) },
	{ "rename-open-file", file_writable, .act = rename_open_file },
	{ "rename-missing", ONE(rename, T("@/missing"), T("@/moved")) },
	{ "rename-missing-directory", ONE(rename, T("file"), T("missing/moved")) },
	{ "rename-into-itself", ONE(rename, T("sub"), T("sub/moved")) },
	{ "rename-over-full", ONE(rename, T("empty"), T("sub")) },
	{ "rename-directory-over-file", ONE(rename, T("sub"), T("file")) },
	{ "rename-file-over-directory", ONE(rename, T("file"), T("empty")) },
	{ "rename-other-device", ONE(rename, T("file"), T("/sys/moved")) },
	{ "renameat", ONE(renameat, CWD, T("file"), CWD, T("moved")) },
	{ "renameat-dfds", sub_open, ONE(renameat, N(3), T("file"), N(3), T("../moved")) },
	{ "renameat-bad-dfd", ONE(renameat, N(99), T("file"), CWD, T("moved")) },
	{ "renameat2", ONE(renameat2, CWD, T("file"), CWD, T("moved"), N(0)) },
	{ "renameat2-noreplace", ONE(renameat2, CWD, T("file"), CWD, T("sub/moved"), N(NOREPLACE)) },
	{ "renameat2-noreplace-existing", ONE(renameat2, CWD, T("file"), CWD, T("other"), N(NOREPLACE)) },
	{ "renameat2-exchange", ONE(renameat2, CWD, T("file"), CWD, T("sub/file"), N(EXCHANGE)) },
	{ "renameat2-exchange-directory", ONE(renameat2, CWD, T("sub"), CWD, T("other"), N(EXCHANGE)) },
	{ "renameat2-exchange-missing", ONE(renameat2, CWD, T("file"), CWD, T("missing"), N(EXCHANGE)) },
	{ "renameat2-whiteout", ONE(renameat2, CWD, T("file"), CWD, T("moved"), N(WHITEOUT)) },
	{ "renameat2-bad-flags", ONE(renameat2, CWD, T("file"), CWD, T("moved"), N(NOREPLACE | EXCHANGE)) },
	{},
};

const struct way removing_ways[] = {
	{ "unlink", ONE(unlink, T("@/file")) },
	{ "unlink-relative", ONE(unlink, T("sub/..//file")) },
	{ "unlink-through-link", ONE(unlink, T("link/file")) },
	{ "unlink-through-long-link", ONE(unlink, T("long-link/file")) },
	{ "unlink-link", ONE(unlink, T("file-link")) },
	{ "unlink-long-link", ONE(unlink, T("long-link")) },
	{ "unlink-hard-link", hard_link, ONE(unlink, T("hard")) },
	{ "unlink-open-file", file_writable, .act = remove_open_file },
	{ "unlink-missing", ONE(unlink, T("@/missing")) },
	{ "unlink-directory", ONE(unlink, T("sub")) },
	{ "unlink-not-directory", ONE(unlink, T("file/x")) },
	{ "unlink-slash", ONE(unlink, T("file/")) },
	{ "unlinkat", ONE(unlinkat, CWD, T("file"), N(0)) },
	{ "unlinkat-dfd", sub_open, ONE(unlinkat, N(3), T("file"), N(0)) },
	{ "unlinkat-dfd-missing", sub_open, ONE(unlinkat, N(3), T("missing"), N(0)) },
	{ "unlinkat-bad-dfd", ONE(unlinkat, N(99), T("file"), N(0)) },
	{ "unlinkat-directory", ONE(unlinkat, CWD, T("empty"), N(AT_REMOVEDIR)) },
	{ "unlinkat-directory-dfd", sub_open, ONE(unlinkat, N(3), T("../empty"), N(AT_REMOVEDIR)) },
	{ "unlinkat-full-directory", ONE(unlinkat, CWD, T("sub"), N(AT_REMOVEDIR)) },
	{ "unlinkat-directory-of-file", ONE(unlinkat, CWD, T("file"), N(AT_REMOVEDIR)) },
	{ "rmdir", ONE(rmdir, T("@/empty")) },
	{ "rmdir-slash", ONE(rmdir, T("empty/")) },
	{ "rmdir-current-directory", empty_current_directory, ONE(rmdir, T("../empty")) },
	{ "rmdir-full", ONE(rmdir, T("sub")) },
	{ "rmdir-missing", ONE(rmdir, T("missing")) },
	{ "rmdir-dot", ONE(rmdir, T("empty/.")) },
	{ "rmdir-link", ONE(rmdir, T("link")) },
	{},
};
