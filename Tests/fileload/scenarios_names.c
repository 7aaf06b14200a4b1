// SPDX-License-Identifier: Apache-2.0
/* Files that get another name, lose their name, or have a very long one. */
#define _GNU_SOURCE
#include "scenarios.h"
#include "support.h"
#include "truth.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void move(const char *from, const char *to)
{
	require(renameat2(AT_FDCWD, from, AT_FDCWD, to, 0) == 0, "rename %s: %s", from, strerror(errno));
}

static void exchange(const char *one, const char *other)
{
	if (renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) == 0)
		return;
	require(errno == EINVAL || errno == ENOSYS, "exchange: %s", strerror(errno));
	skip("RENAME_EXCHANGE: %s", strerror(errno));
}

static void read_both(int one, const char *tag, int other, const char *other_tag)
{
	read_from(one, tag);
	read_from(other, other_tag);
	write_to(one, tag);
}

static void close_both(int one, int other)
{
	works(traced_close(one), "close");
	works(traced_close(other), "close");
}

static void rename_file(void)
{
	int fd, again;

	make_file("file");
	fd = open_file("file");
	read_from(fd, "file");
	require(rename("file", "renamed") == 0, "rename: %s", strerror(errno));
	again = open_file("renamed");
	read_both(fd, "file", again, "file");
	require(renameat(AT_FDCWD, "renamed", AT_FDCWD, "top/middle/renamed") == 0, "renameat: %s", strerror(errno));
	read_both(fd, "file", again, "file");
	close_both(fd, again);
}

static void rename_directory_above(void *argument)
{
	(void)argument;
	move("top", "summit");
}

/* Renames a directory two levels above a file, and by another process. */
static void rename_directory(void)
{
	int dfd, fd, new_fd;

	make_file("top/middle/file");
	dfd = (int)works(traced_openat(AT_FDCWD, "top/middle", O_RDONLY | O_DIRECTORY, 0), "middle");
	fd = open_file("top/middle/file");
	read_from(fd, "top/middle/file");
	finish(start(rename_directory_above, NULL));
	new_fd = (int)works(traced_openat(dfd, "file", O_RDWR, 0), "file");
	read_both(fd, "top/middle/file", new_fd, "top/middle/file");
	fails(traced_openat(dfd, "nothing", O_RDONLY, 0), ENOENT, "openat");
	close_both(fd, new_fd);
	works(traced_close(dfd), "close");
}

static void exchange_files(void)
{
	int x, y;

	make_file("x");
	make_file("other/y");
	x = open_file("x");
	y = open_file("other/y");
	read_both(x, "x", y, "other/y");
	exchange("x", "other/y");
	read_both(x, "x", y, "other/y");
	make_directory("other/nested");
	exchange("other", "summit"); /* two directories with open files below */
	read_both(y, "other/y", x, "x");
	exchange("x", "summit/nested"); /* a file and a directory */
	read_both(x, "x", y, "other/y");
	close_both(x, y);
}

static void read_descriptor(void *argument)
{
	read_from(*(int *)argument, "target");
}

static void rename_over_target(void)
{
	int target, source;

	make_file("target");
	make_file("source");
	target = open_file("target");
	source = open_file("source");
	read_both(target, "target", source, "source");
	move("source", "target");
	read_both(target, "target", source, "source");
	finish(start(read_descriptor, &target));
	close_both(target, source);
}

void scenario_rename(void)
{
	make_directory("top");
	make_directory("top/middle");
	make_directory("other");
	rename_file();
	rename_directory();
	exchange_files();
	rename_over_target();
}

static void remove_name(const char *name)
{
	require(unlink(name) == 0, "unlink %s: %s", name, strerror(errno));
}

static void use_after_unlink(void)
{
	int fd, again;

	make_file("gone");
	fd = open_file("gone");
	read_from(fd, "gone");
	remove_name("gone");
	read_from(fd, "gone");
	write_to(fd, "gone");
	make_file("gone"); /* another file of the same name */
	again = open_file("gone");
	read_both(fd, "gone", again, "gone");
	close_both(fd, again);
}

/* Uses a name that looks like the kernel's mark of a deleted file. */
static void look_deleted(void)
{
	int fd;

	make_file("here (deleted)");
	fd = open_file("here (deleted)");
	read_from(fd, "here (deleted)");
	remove_name("here (deleted)");
	read_from(fd, "here (deleted)");
	works(traced_close(fd), "close");
}

/* Removes the name that was opened; the file has another one. */
static void keep_other_name(void)
{
	int fd, other;

	make_file("first name");
	require(link("first name", "second name") == 0, "link: %s", strerror(errno));
	fd = open_file("first name");
	other = open_file("second name");
	remove_name("first name");
	read_both(fd, "first name", other, "first name");
	close_both(fd, other);
}

static void remove_directory(void)
{
	int dfd, fd;

	make_directory("directory");
	make_file("directory/file");
	dfd = (int)works(traced_openat(AT_FDCWD, "directory", O_RDONLY | O_DIRECTORY, 0), "directory");
	fd = open_file("directory/file");
	remove_name("directory/file");
	require(rmdir("directory") == 0, "rmdir: %s", strerror(errno));
	read_from(fd, "directory/file");
	fails(traced_openat(dfd, "file", O_CREAT | O_RDWR, 0644), ENOENT, "openat");
	close_both(fd, dfd);
}

void scenario_unlink(void)
{
	use_after_unlink();
	look_deleted();
	keep_other_name();
	remove_directory();
}

/* Opens a file by its last component, uses it, and tries to open a missing one. */
static void use_deep(int dfd, const char *name, bool also_failing)
{
	char buffer[FILE_SIZE];
	int fd = (int)works(traced_openat(dfd, name, O_CREAT | O_EXCL | O_RDWR, 0644), "deep file");

	fill(buffer, sizeof(buffer), name, 0);
	require(traced_write(fd, buffer, sizeof(buffer)) == FILE_SIZE, "write");
	works(traced_close(fd), "close");
	fd = (int)works(traced_openat(dfd, name, O_RDONLY, 0), "deep file");
	read_from(fd, name);
	works(traced_close(fd), "close");
	if (also_failing)
		fails(traced_openat(dfd, name, O_CREAT | O_EXCL | O_RDWR, 0600), EEXIST, "openat");
}

static int descend(int dfd, const char *name)
{
	int next;

	require(mkdirat(dfd, name, 0755) == 0, "mkdirat: %s", strerror(errno));
	next = (int)works(traced_openat(dfd, name, O_RDONLY | O_DIRECTORY, 0), "directory");
	if (dfd != AT_FDCWD)
		works(traced_close(dfd), "close");
	return next;
}

/* Uses a file whose path has exactly this many bytes, below directories with names of 200. */
static void use_path_of(size_t bytes)
{
	size_t length = strlen(truth_directory());
	int dfd = AT_FDCWD;
	char name[256];

	snprintf(name, sizeof(name), "to%zu", bytes);
	length += strlen(name) + 1;
	require(length + 2 <= bytes, "the directory's own path is too long for this scenario");
	dfd = descend(dfd, name);
	memset(name, 'd', sizeof(name));
	name[200] = '\0';
	while (length + 202 < bytes) {
		dfd = descend(dfd, name);
		length += 201;
	}
	memset(name, 'f', sizeof(name));
	name[bytes - length - 1] = '\0';
	use_deep(dfd, name, true);
	works(traced_close(dfd), "close");
}

/* Makes and enters directories of this name until the path has this many bytes. */
static void go_down(const char *name, char *path, size_t bytes)
{
	while (strlen(path) + strlen(name) + 3 <= bytes) {
		require(mkdir(name, 0755) == 0 && chdir(name) == 0, "mkdir %s: %s", name, strerror(errno));
		strcat(strcat(path, "/"), name);
	}
}

/* Removes the directories of go_down(), whose path is too long for some tools. */
static void go_up(const char *name)
{
	struct stat here, top;

	require(stat(truth_directory(), &top) == 0, "stat: %s", strerror(errno));
	for (;;) {
		require(stat(".", &here) == 0, "stat: %s", strerror(errno));
		if (here.st_ino == top.st_ino && here.st_dev == top.st_dev)
			break;
		require(chdir("..") == 0 && rmdir(name) == 0, "rmdir: %s", strerror(errno));
	}
}

/* Uses a path of 4095 bytes with as many components as possible. */
static void use_most_components(void)
{
	char path[PATH_MAX + 1], name[8] = "ff";

	snprintf(path, sizeof(path), "%s", truth_directory());
	go_down("d", path, PATH_MAX - 1);
	name[PATH_MAX - 2 - strlen(path)] = '\0';
	use_deep(AT_FDCWD, name, true);
	remove_name(name);
	go_up("d");
}

/* Uses a path that is too long for readlink(2). */
static void use_too_long(void)
{
	char path[3 * PATH_MAX], name[201];

	memset(name, 'l', sizeof(name));
	name[200] = '\0';
	snprintf(path, sizeof(path), "%s", truth_directory());
	go_down(name, path, 2 * PATH_MAX);
	strcat(path, "/far below");
	place_set_long(path);
	use_deep(AT_FDCWD, "far below", false);
	place_set_long(NULL);
	remove_name("far below");
	go_up(name);
}

void scenario_deep(void)
{
	static const size_t sizes[] = { 255, 256, 257, 1000, PATH_MAX - 1 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		use_path_of(sizes[i]);
	use_most_components();
	use_too_long();
}
