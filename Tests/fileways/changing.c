// SPDX-License-Identifier: Apache-2.0
/* Mode, owner, times and attributes of a file; the directories of a process. */
#define _GNU_SOURCE
#include "ways.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

#define CWD N(AT_FDCWD)
#define USER T("user.way")
#define TRUSTED T("trusted.way") /* a symbolic link may have it, too */
#define VALUE P("value"), N(5)

/* struct xattr_args of include/uapi/linux/xattr.h, since Linux 6.13 */
static const struct {
	uint64_t value;
	uint32_t size;
	uint32_t flags;
} value_at = { (uint64_t)(uintptr_t)buffer, 5, 0 };
#define VALUE_AT P(&value_at), N(sizeof(value_at))

static const struct utimbuf seconds = { 1000000000, 1000000000 };
static const struct timeval microseconds[2];
static const struct timespec nanoseconds[2];

static void in_sub(void)
{
	require(chdir("sub") == 0, "chdir: %s", strerror(errno));
}

static void set_attributes(void)
{
	require(setxattr("file", "user.way", "value", 5, 0) == 0 || errno == EOPNOTSUPP, "setxattr: %s",
		strerror(errno));
	require(lsetxattr("file-link", "trusted.way", "value", 5, 0) == 0 || errno == EOPNOTSUPP, "lsetxattr: %s",
		strerror(errno));
}

static void file_with_attributes(void)
{
	set_attributes();
	file_writable();
}

const struct way changing_ways[] = {
	{ "chmod", ONE(chmod, T("@/file"), N(0600)) },
	{ "chmod-through-link", ONE(chmod, T("link/file"), N(0600)) },
	{ "chmod-link", ONE(chmod, T("file-link"), N(04755)) },
	{ "chmod-missing", ONE(chmod, T("missing"), N(0600)) },
	{ "fchmod", file_open, ONE(fchmod, N(3), N(0600)) },
	{ "fchmodat", sub_open, ONE(fchmodat, N(3), T("file"), N(0600)) },
	{ "fchmodat2", ONE(fchmodat2, CWD, T("file"), N(0600), N(0)) },
	{ "fchmodat2-nofollow", ONE(fchmodat2, CWD, T("file-link"), N(0600), N(AT_SYMLINK_NOFOLLOW)) },
	{ "fchmodat2-empty-name", path_open, ONE(fchmodat2, N(3), T(""), N(0600), N(AT_EMPTY_PATH)) },
	{ "chown", ONE(chown, T("file-link"), N(0), N(0)) },
	{ "chown-missing", ONE(chown, T("missing"), N(0), N(0)) },
	{ "lchown", ONE(lchown, T("file-link"), N(0), N(0)) },
	{ "fchown", file_open, ONE(fchown, N(3), N(0), N(0)) },
	{ "fchownat", sub_open, ONE(fchownat, N(3), T("../file-link"), N(0), N(0), N(0)) },
	{ "fchownat-nofollow", ONE(fchownat, CWD, T("file-link"), N(0), N(0), N(AT_SYMLINK_NOFOLLOW)) },
	{ "fchownat-empty-name", file_open, ONE(fchownat, N(3), T(""), N(0), N(0), N(AT_EMPTY_PATH)) },
	{ "utime", ONE(utime, T("file"), P(&seconds)) },
	{ "utime-missing", ONE(utime, T("missing"), P(&seconds)) },
	{ "utimes", ONE(utimes, T("link/file"), P(microseconds)) },
	{ "futimesat", sub_open, ONE(futimesat, N(3), T("file"), P(microseconds)) },
	{ "utimensat", ONE(utimensat, CWD, T("file-link"), P(nanoseconds), N(0)) },
	{ "utimensat-nofollow", ONE(utimensat, CWD, T("file-link"), P(nanoseconds), N(AT_SYMLINK_NOFOLLOW)) },
	{ "utimensat-no-name", file_open, ONE(utimensat, N(3), P(0), P(0), N(0)) },
	{ "utimensat-missing", ONE(utimensat, CWD, T("missing"), P(0), N(0)) },
	{ "chdir", ONE(chdir, T("@/sub")) },
	{ "chdir-relative", ONE(chdir, T("sub")) },
	{ "chdir-parent", in_sub, ONE(chdir, T("..")) },
	{ "chdir-link", ONE(chdir, T("link")) },
	{ "chdir-long-link", ONE(chdir, T("long-link")) },
	{ "chdir-missing", ONE(chdir, T("missing")) },
	{ "chdir-file", ONE(chdir, T("file")) },
	{ "fchdir", sub_open, ONE(fchdir, N(3)) },
	{ "fchdir-file", file_open, ONE(fchdir, N(3)) },
	{ "chroot", ONE(chroot, T("sub")) },
	{ "chroot-absolute", ONE(chroot, T("@/sub")) },
	{ "chroot-missing", ONE(chroot, T("missing")) },
	{},
};

const struct way attribute_ways[] = {
	{ "setxattr", ONE(setxattr, T("@/file"), USER, VALUE, N(0)) },
	{ "setxattr-link", ONE(setxattr, T("file-link"), USER, VALUE, N(XATTR_CREATE)) },
	{ "setxattr-missing", ONE(setxattr, T("missing"), USER, VALUE, N(0)) },
	{ "lsetxattr", ONE(lsetxattr, T("file-link"), TRUSTED, VALUE, N(0)) },
	{ "lsetxattr-refused", ONE(lsetxattr, T("file-link"), USER, VALUE, N(0)) },
	{ "fsetxattr", file_writable, ONE(fsetxattr, N(3), USER, VALUE, N(0)) },
	{ "getxattr", set_attributes, ONE(getxattr, T("file-link"), USER, P(buffer), N(100)) },
	{ "getxattr-none", ONE(getxattr, T("file"), T("user.none"), P(buffer), N(100)) },
	{ "getxattr-missing", ONE(getxattr, T("missing"), USER, P(buffer), N(100)) },
	{ "lgetxattr", set_attributes, ONE(lgetxattr, T("file-link"), TRUSTED, P(buffer), N(100)) },
	{ "fgetxattr", file_with_attributes, ONE(fgetxattr, N(3), USER, P(buffer), N(100)) },
	{ "listxattr", set_attributes, ONE(listxattr, T("file-link"), P(buffer), N(100)) },
	{ "listxattr-missing", ONE(listxattr, T("missing"), P(buffer), N(100)) },
	{ "llistxattr", set_attributes, ONE(llistxattr, T("file-link"), P(buffer), N(100)) },
	{ "flistxattr", file_with_attributes, ONE(flistxattr, N(3), P(buffer), N(100)) },
	{ "removexattr", set_attributes, ONE(removexattr, T("file-link"), USER) },
	{ "removexattr-none", ONE(removexattr, T("file"), T("user.none")) },
	{ "lremovexattr", set_attributes, ONE(lremovexattr, T("file-link"), TRUSTED) },
	{ "fremovexattr", file_with_attributes, ONE(fremovexattr, N(3), USER) },
	{ "setxattrat", ONE(setxattrat, CWD, T("file-link"), N(0), USER, VALUE_AT) },
	{ "getxattrat", set_attributes, ONE(getxattrat, CWD, T("file"), N(AT_SYMLINK_NOFOLLOW), USER, VALUE_AT) },
	{ "listxattrat", sub_open, ONE(listxattrat, N(3), T("../file-link"), N(0), P(buffer), N(100)) },
	{ "removexattrat", set_attributes, ONE(removexattrat, CWD, T("file-link"), N(AT_SYMLINK_NOFOLLOW), TRUSTED) },
	{},
};
