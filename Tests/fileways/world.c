// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "ways.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char buffer[BUFFER_BYTES];
static char world[PATH_MAX];

const char *in_world(const char *name)
{
	static char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", world, name);
	return path;
}

int open_or_die(const char *name, int flags)
{
	int fd = open(name, flags, 0644);

	require(fd >= 0, "%s: %s", name, strerror(errno));
	return fd;
}

static void make_file(const char *name, size_t size)
{
	int fd = open_or_die(name, O_WRONLY | O_CREAT | O_EXCL);

	require(write(fd, buffer, size) == (ssize_t)size, "%s: %s", name, strerror(errno));
	close(fd);
}

static void make_directory(const char *name)
{
	require(mkdir(name, 0755) == 0, "mkdir %s: %s", name, strerror(errno));
}

static void make_link(const char *target, const char *name)
{
	require(symlink(target, name) == 0, "symlink %s: %s", name, strerror(errno));
}

/* Makes a link to sub that is too long for the inode: 59 bytes on ext4, 127 on tmpfs. */
static void make_long_link(const char *name)
{
	char target[256] = "";

	while (strlen(target) < 200)
		strcat(target, "./");
	strcat(target, "sub");
	make_link(target, name);
}

/* Makes the files of a way in a new directory, which becomes the current one. */
void world_make(const char *directory)
{
	snprintf(world, sizeof(world), "%s", directory);
	make_directory(world);
	require(chdir(world) == 0, "%s: %s", world, strerror(errno));
	memset(buffer, 'x', sizeof(buffer));
	make_directory("sub");
	make_directory("empty");
	make_file("file", FILE_BYTES);
	make_file("other", OTHER_BYTES);
	make_file("sub/file", FILE_BYTES);
	make_link("sub", "link");
	make_link(in_world("sub"), "absolute-link");
	make_link("file", "file-link");
	make_link("nowhere", "dangling");
	make_link("loop", "loop");
	make_long_link("long-link");
	require(mkfifo("fifo", 0644) == 0, "mkfifo: %s", strerror(errno));
}

void sub_open(void)
{
	open_or_die("sub", O_RDONLY | O_DIRECTORY);
}

void file_open(void)
{
	open_or_die("file", O_RDONLY);
}

void file_writable(void)
{
	open_or_die("file", O_RDWR);
}

void file_write_only(void)
{
	open_or_die("file", O_WRONLY);
}

void file_and_other(void)
{
	file_open();
	open_or_die("other", O_RDWR);
}

void file_and_pipe(void)
{
	int ends[2];

	file_writable();
	require(pipe(ends) == 0, "pipe: %s", strerror(errno));
}

void fifo_open(void)
{
	open_or_die("fifo", O_RDWR);
}

void path_open(void)
{
	open_or_die("file", O_PATH);
}
