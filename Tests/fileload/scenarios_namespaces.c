// SPDX-License-Identifier: Apache-2.0
/* Mounts, and processes that see other paths than the rest of the system. */
#define _GNU_SOURCE
#include "scenarios.h"
#include "support.h"
#include "truth.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

/* Makes a mount namespace: only this process and its children see later mounts. */
static void leave_mounts_alone(void)
{
	needs(unshare(CLONE_NEWNS), "unshare(CLONE_NEWNS)");
	needs(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount --make-rprivate");
	/* Until it is entered again, the current directory is in an old mount. */
	require(chdir(truth_directory()) == 0, "chdir: %s", strerror(errno));
}

static void use_file(const char *name, const char *tag)
{
	int fd = open_file(name);

	read_from(fd, tag);
	write_to(fd, tag);
	works(traced_close(fd), name);
}

static void bind_directory(void)
{
	int before, after;

	make_directory("source");
	make_directory("target");
	make_file("source/file");
	make_file("target/hidden");
	before = open_file("target/hidden");
	needs(mount("source", "target", NULL, MS_BIND, NULL), "mount --bind");
	after = open_file("target/file");
	read_from(after, "source/file");
	read_from(before, "target/hidden");
	use_file("source/file", "source/file");
	fails(traced_openat(AT_FDCWD, "target/hidden", O_RDONLY, 0), ENOENT, "openat");
	works(traced_close(before), "close");
	works(traced_close(after), "close");
}

/* Mounts a file: it is the root of its mount. */
static void bind_file(void)
{
	make_file("one");
	make_file("other");
	needs(mount("one", "other", NULL, MS_BIND, NULL), "mount --bind of a file");
	use_file("one", "one");
	use_file("other", "one");
	require(umount2("other", 0) == 0, "umount: %s", strerror(errno));
	use_file("other", "other");
}

/* Moves a mount in which a file is open. */
static void move_tmpfs(void)
{
	int fd;

	make_directory("here");
	make_directory("there");
	needs(mount("fileload", "here", "tmpfs", 0, NULL), "mount of a tmpfs");
	make_directory("here/sub");
	make_file("here/sub/file");
	fd = open_file("here/sub/file");
	read_from(fd, "here/sub/file");
	needs(mount("here", "there", NULL, MS_MOVE, NULL), "mount --move");
	read_from(fd, "here/sub/file");
	use_file("there/sub/file", "here/sub/file");
	fails(traced_openat(AT_FDCWD, "here/sub/file", O_RDONLY, 0), ENOENT, "openat");
	works(traced_close(fd), "close");
	require(umount2("there", 0) == 0, "umount: %s", strerror(errno));
}

/* Mounts a file system inside another one. */
static void nest_mounts(void)
{
	needs(mount("fileload", "here", "tmpfs", 0, NULL), "mount of a tmpfs");
	make_directory("here/inner");
	needs(mount("source", "here/inner", NULL, MS_BIND, NULL), "mount --bind");
	use_file("here/inner/file", "source/file");
	require(umount2("here/inner", 0) == 0 && umount2("here", 0) == 0, "umount: %s", strerror(errno));
}

void scenario_bind(void)
{
	leave_mounts_alone();
	bind_directory();
	bind_file();
	move_tmpfs();
	nest_mounts();
}

static void be_jailed(void *argument)
{
	int *sockets = argument, dfd, fd, outside = open_file("outside");

	close(sockets[0]);
	needs(chroot("jail"), "chroot");
	require(chdir("/") == 0, "chdir: %s", strerror(errno));
	place_ask(sockets[1]);
	fd = (int)works(traced_openat(AT_FDCWD, "/x", O_RDWR, 0), "/x");
	read_from(fd, "jail/x");
	write_to(fd, "jail/x");
	works(traced_close(fd), "close");
	dfd = (int)works(traced_openat(AT_FDCWD, "sub", O_RDONLY | O_DIRECTORY, 0), "sub");
	fd = (int)works(traced_openat(dfd, "../../../sub/y", O_RDONLY, 0), "y");
	read_from(fd, "jail/sub/y");
	works(traced_close(fd), "close");
	fails(traced_openat(AT_FDCWD, "/nothing", O_RDONLY, 0), ENOENT, "openat");
	fails(traced_openat(AT_FDCWD, "sub/nothing", O_RDONLY, 0), ENOENT, "openat");
	fails(traced_openat(dfd, "nothing", O_RDONLY, 0), ENOENT, "openat");
	read_from(outside, "outside");
	works(traced_close(outside), "close");
	works(traced_close(dfd), "close");
}

/* The child cannot see its own full paths: this process looks them up. */
void scenario_chroot(void)
{
	int sockets[2];
	pid_t child;

	make_directory("jail");
	make_directory("jail/sub");
	make_file("jail/x");
	make_file("jail/sub/y");
	make_file("outside");
	require(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets) == 0, "socketpair: %s", strerror(errno));
	child = start(be_jailed, sockets);
	close(sockets[1]);
	place_answer(sockets[0], child);
	finish(child);
	close(sockets[0]);
	use_file("jail/x", "jail/x");
}

static void mount_privately(void *argument)
{
	int inherited = *(int *)argument;

	leave_mounts_alone();
	needs(mount("fileload", "private", "tmpfs", 0, NULL), "mount of a tmpfs");
	make_file("private/file");
	use_file("private/file", "private/file");
	use_file("shared", "shared");
	read_from(inherited, "shared"); /* on a mount of the other namespace */
	works(traced_close(inherited), "close");
}

void scenario_mount_namespace(void)
{
	int fd;

	make_directory("private");
	make_file("shared");
	fd = open_file("shared");
	finish(start(mount_privately, &fd));
	fails(traced_openat(AT_FDCWD, "private/file", O_RDONLY, 0), ENOENT, "openat");
	read_from(fd, "shared");
	works(traced_close(fd), "close");
}
