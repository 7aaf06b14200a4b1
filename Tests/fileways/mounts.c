// SPDX-License-Identifier: Apache-2.0
/* Names of mounts, and of files that the kernel uses. Each way has mounts of its own. */
#define _GNU_SOURCE
#include "ways.h"

#include <errno.h>
#include <linux/quota.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define CWD N(AT_FDCWD)
#define NOTHING P(0)

/* struct mount_attr (mount_setattr(2)) */
static const struct {
	uint64_t set, clear, propagation, user_namespace;
} attributes = { MOUNT_ATTR_NOSUID, 0, 0, 0 };
#define ATTRIBUTES P(&attributes), N(sizeof(attributes))

/* struct file_attr (file_setattr(2)), since Linux 6.17 */
static char file_attributes[24];
#define FILE_ATTRIBUTES P(file_attributes), N(sizeof(file_attributes))

static void own_mounts(void)
{
	require(unshare(CLONE_NEWNS) == 0, "unshare: %s", strerror(errno));
	require(mount("none", "/", 0, MS_REC | MS_PRIVATE, 0) == 0, "mount: %s", strerror(errno));
}

/* Mounts sub on itself: a process with other mounts finds the same directory there. */
static void sub_mounted(void)
{
	own_mounts();
	require(mount("sub", "sub", 0, MS_BIND, 0) == 0, "mount: %s", strerror(errno));
}

static void new_root(void)
{
	sub_mounted();
	require(mkdir("sub/old", 0755) == 0, "mkdir: %s", strerror(errno));
}

static void tmpfs_context(void)
{
	require(syscall(SYS_fsopen, "tmpfs", 0) == 3, "fsopen: %s", strerror(errno));
}

static void fanotify(void)
{
	require(fanotify_init(FAN_CLASS_NOTIF, O_RDONLY) == 3, "fanotify_init: %s", strerror(errno));
}

static void known_attributes(void)
{
	syscall(SYS_file_getattr, AT_FDCWD, "file", file_attributes, sizeof(file_attributes), 0);
}

const struct way mount_ways[] = {
	{ "mount", own_mounts, ONE(mount, T("none"), T("sub"), T("tmpfs"), N(0), NOTHING) },
	{ "mount-bind", own_mounts, ONE(mount, T("link"), T("@/empty"), NOTHING, N(MS_BIND), NOTHING) },
	{ "mount-bind-missing", own_mounts, ONE(mount, T("missing"), T("empty"), NOTHING, N(MS_BIND), NOTHING) },
	{ "mount-move", sub_mounted, ONE(mount, T("sub"), T("empty"), NOTHING, N(MS_MOVE), NOTHING) },
	{ "mount-remount", sub_mounted,
	  ONE(mount, T("none"), T("sub"), NOTHING, N(MS_REMOUNT | MS_BIND | MS_NOEXEC), NOTHING) },
	{ "mount-private", sub_mounted, ONE(mount, T("none"), T("sub"), NOTHING, N(MS_PRIVATE), NOTHING) },
	{ "mount-device-missing", own_mounts, ONE(mount, T("@/missing"), T("sub"), T("ext4"), N(0), NOTHING) },
	{ "mount-missing", own_mounts, ONE(mount, T("none"), T("missing"), T("tmpfs"), N(0), NOTHING) },
	{ "umount2", sub_mounted, ONE(umount2, T("@/sub"), N(0)) },
	{ "umount2-link", sub_mounted, ONE(umount2, T("link"), N(MNT_DETACH)) },
	{ "umount2-not-mounted", own_mounts, ONE(umount2, T("sub"), N(0)) },
	{ "umount2-missing", own_mounts, ONE(umount2, T("missing"), N(0)) },
	{ "move_mount", sub_mounted, ONE(move_mount, CWD, T("sub"), CWD, T("empty"), N(0)) },
	{ "move_mount-missing", sub_mounted, ONE(move_mount, CWD, T("sub"), CWD, T("missing"), N(0)) },
	{ "pivot_root", new_root, ONE(pivot_root, T("@/sub"), T("@/sub/old")) },
	{ "pivot_root-missing", own_mounts, ONE(pivot_root, T("missing"), T("missing/old")) },
	{ "open_tree", ONE(open_tree, CWD, T("link"), N(0)) },
	{ "open_tree-nofollow", ONE(open_tree, CWD, T("link"), N(AT_SYMLINK_NOFOLLOW)) },
	{ "open_tree-missing", ONE(open_tree, CWD, T("missing"), N(0)) },
	{ "open_tree_attr-missing", ONE(open_tree_attr, CWD, T("missing"), N(0), ATTRIBUTES) },
	{ "mount_setattr", sub_mounted, ONE(mount_setattr, CWD, T("link"), N(0), ATTRIBUTES) },
	{ "mount_setattr-missing", own_mounts, ONE(mount_setattr, CWD, T("missing"), N(0), ATTRIBUTES) },
	{ "fspick", sub_mounted, ONE(fspick, CWD, T("sub"), N(0)) },
	{ "fspick-missing", own_mounts, ONE(fspick, CWD, T("missing"), N(0)) },
	{ "fsconfig-path", tmpfs_context, ONE(fsconfig, N(3), N(FSCONFIG_SET_PATH), T("none"), T("@/sub"), CWD) },
	{ "fsconfig-string", tmpfs_context, ONE(fsconfig, N(3), N(FSCONFIG_SET_STRING), T("none"), T("@/sub"), N(0)) },
	{},
};

const struct way service_ways[] = {
	{ "swapon", ONE(swapon, T("file-link"), N(0)) },
	{ "swapon-missing", ONE(swapon, T("missing"), N(0)) },
	{ "swapoff", ONE(swapoff, T("file")) },
	{ "swapoff-missing", ONE(swapoff, T("@/missing")) },
	{ "acct-directory", ONE(acct, T("sub")) },
	{ "acct-missing", ONE(acct, T("missing")) },
	{ "quotactl-missing", ONE(quotactl, N(QCMD(Q_GETFMT, USRQUOTA)), T("missing"), N(0), P(buffer)) },
	{ "quotactl-file", ONE(quotactl, N(QCMD(Q_GETFMT, USRQUOTA)), T("file"), N(0), P(buffer)) },
	{ "quotactl_fd", file_open, ONE(quotactl_fd, N(3), N(QCMD(Q_GETFMT, USRQUOTA)), N(0), P(buffer)) },
	{ "uselib", ONE(uselib, T("file")) },
	{ "fanotify_mark", fanotify, ONE(fanotify_mark, N(3), N(FAN_MARK_ADD), N(FAN_OPEN), CWD, T("link")) },
	{ "fanotify_mark-nofollow", fanotify,
	  ONE(fanotify_mark, N(3), N(FAN_MARK_ADD | FAN_MARK_DONT_FOLLOW), N(FAN_OPEN), CWD, T("link")) },
	{ "fanotify_mark-missing", fanotify,
	  ONE(fanotify_mark, N(3), N(FAN_MARK_ADD), N(FAN_OPEN), CWD, T("missing")) },
	{ "file_getattr", ONE(file_getattr, CWD, T("file-link"), FILE_ATTRIBUTES, N(0)) },
	{ "file_getattr-missing", ONE(file_getattr, CWD, T("missing"), FILE_ATTRIBUTES, N(AT_SYMLINK_NOFOLLOW)) },
	{ "file_setattr", known_attributes, ONE(file_setattr, CWD, T("file"), FILE_ATTRIBUTES, N(0)) },
	{ "file_setattr-missing", ONE(file_setattr, CWD, T("missing"), FILE_ATTRIBUTES, N(0)) },
	{},
};
