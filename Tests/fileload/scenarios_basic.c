// SPDX-License-Identifier: Apache-2.0
/* Every call of the family, with all kinds of arguments, by one thread. */
#define _GNU_SOURCE
#include "scenarios.h"
#include "support.h"
#include "truth.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef int (*opener)(const char *name, int flags, mode_t mode);

static int by_openat(const char *name, int flags, mode_t mode)
{
	return traced_openat(AT_FDCWD, name, flags, mode);
}

/* Passes no mode to an open that does not create: openat2(2) refuses one. */
static int by_openat2(const char *name, int flags, mode_t mode)
{
	bool creates = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;

	return traced_openat2(AT_FDCWD, name, (uint32_t)flags, creates ? mode : 0, 0);
}

static void open_and_read(opener open, int flags)
{
	int fd = (int)works(open("plain", flags, 0666), "open for reading");

	read_from(fd, "plain");
	works(traced_close(fd), "close");
}

static void open_and_write(opener open, const char *name, int flags, mode_t mode)
{
	char buffer[FILE_SIZE];
	int fd = (int)works(open(name, flags, mode), "open for writing");

	fill(buffer, sizeof(buffer), name, 0);
	require(traced_write(fd, buffer, sizeof(buffer)) == FILE_SIZE, "write");
	works(traced_close(fd), "close");
}

/* Opens and does not read or write; a file system may lack the feature. */
static void only_open(opener open, const char *name, int flags, mode_t mode)
{
	int fd = open(name, flags, mode);

	require(fd >= 0 || fd == -EOPNOTSUPP || fd == -EINVAL || fd == -EISDIR, "open %s with flags %#o: %s", name,
		(unsigned int)flags, strerror(-fd));
	if (fd >= 0)
		works(traced_close(fd), "close");
}

/* `round` makes the names of new files differ. */
static void open_with_all_flags(opener open, int round)
{
	static const int readable[] = { 0,	O_CLOEXEC, O_NONBLOCK, O_NOATIME, O_NOFOLLOW,
					O_SYNC, O_DSYNC,   O_CREAT,    O_NOCTTY };
	char name[32];

	for (size_t i = 0; i < sizeof(readable) / sizeof(readable[0]); i++) {
		open_and_read(open, O_RDONLY | readable[i]);
		open_and_read(open, O_RDWR | readable[i]);
	}
	open_and_write(open, "plain", O_WRONLY, 0);
	open_and_write(open, "plain", O_RDWR | O_TRUNC, 0666);
	open_and_write(open, "appended", O_WRONLY | O_APPEND, 0);
	snprintf(name, sizeof(name), "created.%d", round);
	open_and_write(open, name, O_WRONLY | O_CREAT, 0600);
	snprintf(name, sizeof(name), "exclusive.%d", round);
	open_and_write(open, name, O_RDWR | O_CREAT | O_EXCL, 04711);
	snprintf(name, sizeof(name), "no-mode.%d", round);
	open_and_write(open, name, O_WRONLY | O_CREAT | O_TRUNC, 0);
	only_open(open, "plain", O_PATH, 0);
	only_open(open, "plain", O_RDONLY | O_DIRECT, 0);
	only_open(open, "sub", O_RDONLY | O_DIRECTORY, 0700);
	only_open(open, "sub", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	only_open(open, "sub", O_TMPFILE | O_RDWR, 0640);
#ifdef __x86_64__
	open_and_read(open, O_RDONLY | 0100000); /* O_LARGEFILE, which libc leaves out */
#endif
}

static void create(void)
{
#ifdef SYS_creat
	char buffer[FILE_SIZE];
	int fd = (int)works(traced_creat("by creat", 0644), "creat");

	fill(buffer, sizeof(buffer), "by creat", 0);
	require(traced_write(fd, buffer, sizeof(buffer)) == FILE_SIZE, "write");
	works(traced_close(fd), "close");
	fd = (int)works(traced_creat("by creat", 0), "creat of a file that exists");
	works(traced_close(fd), "close");
#endif
}

/* Splits a buffer into three segments, one of them empty. */
static void split(struct iovec iov[3], char *buffer, size_t size)
{
	iov[0] = (struct iovec){ buffer, size / 3 };
	iov[1] = (struct iovec){ buffer + size, 0 };
	iov[2] = (struct iovec){ buffer + size / 3, size - size / 3 };
}

static void check_read(long ret, const char *buffer, size_t size, off_t offset, const char *what)
{
	require(ret == (long)size, "%s: %ld", what, ret);
	check(buffer, size, "data", offset);
}

static void read_by_all_calls(int fd)
{
	char buffer[2 * FILE_SIZE];
	struct iovec iov[3];

	works(lseek(fd, 0, SEEK_SET), "lseek");
	check_read(traced_read(fd, buffer, 100), buffer, 100, 0, "read");
	check_read(traced_pread64(fd, buffer, 50, 10), buffer, 50, 10, "pread64");
	split(iov, buffer, 60);
	check_read(traced_readv(fd, iov, 3), buffer, 60, 100, "readv");
	check_read(traced_preadv(fd, iov, 3, 20), buffer, 60, 20, "preadv");
	check_read(traced_preadv2(fd, iov, 3, 5, 0), buffer, 60, 5, "preadv2");
	check_read(traced_preadv2(fd, iov, 3, -1, 0), buffer, 60, 160, "preadv2 at the position");
	check_read(traced_read(fd, buffer, sizeof(buffer)), buffer, FILE_SIZE - 220, 220, "rest");
	require(traced_read(fd, buffer, sizeof(buffer)) == 0, "read at the end");
	require(traced_read(fd, buffer, 0) == 0, "read of nothing");
	require(traced_readv(fd, iov, 0) == 0, "readv of nothing");
	require(traced_readv(fd, iov + 1, 1) == 0, "readv of an empty segment");
	require(traced_pread64(fd, buffer, 1, 0x123456789abLL) == 0, "pread64 far behind the end");
	require(traced_preadv(fd, iov, 3, 0x123456789abLL) == 0, "preadv far behind the end");
}

/*
 * Reads a size that does not fit 32 bits. The file is shorter than the buffer, which
 * is not on the stack: that is too close to the end of the address space.
 */
static void read_with_huge_size(int fd)
{
	static char buffer[2 * FILE_SIZE];

	check_read(traced_pread64(fd, buffer, 0x140000000, 0), buffer, FILE_SIZE, 0, "huge pread64");
}

static void write_by_all_calls(int fd)
{
	char buffer[FILE_SIZE];
	struct iovec iov[3];

	works(lseek(fd, 0, SEEK_SET), "lseek");
	fill(buffer, sizeof(buffer), "data", 0);
	require(traced_write(fd, buffer, 100) == 100, "write");
	require(traced_pwrite64(fd, buffer + 10, 50, 10) == 50, "pwrite64");
	split(iov, buffer + 100, 60);
	require(traced_writev(fd, iov, 3) == 60, "writev");
	split(iov, buffer + 20, 60);
	require(traced_pwritev(fd, iov, 3, 20) == 60, "pwritev");
	require(traced_pwritev2(fd, iov, 3, 20, RWF_DSYNC) == 60, "pwritev2");
	split(iov, buffer + 160, FILE_SIZE - 160);
	require(traced_pwritev2(fd, iov, 3, -1, 0) == FILE_SIZE - 160, "pwritev2 at the position");
	require(traced_write(fd, buffer, 0) == 0, "write of nothing");
	require(traced_writev(fd, iov, 0) == 0, "writev of nothing");
	require(traced_pwritev2(fd, iov, 0, 7, 0) == 0, "pwritev2 of nothing");
}

static void write_far(void)
{
	int fd = (int)works(traced_openat(AT_FDCWD, "sparse", O_CREAT | O_RDWR, 0644), "sparse");
	char byte = '.';

	require(traced_pwrite64(fd, &byte, 1, 0x140000001LL) == 1, "pwrite64 at 5 GiB");
	require(traced_pread64(fd, &byte, 1, 0x140000001LL) == 1 && byte == '.', "pread64 at 5 GiB");
	works(traced_close(fd), "close");
}

static void use_all_calls(void)
{
	int fd;

	make_file("data");
	fd = open_file("data");
	read_by_all_calls(fd);
	read_with_huge_size(fd);
	write_by_all_calls(fd);
	read_from(fd, "data");
	works(traced_close(fd), "close");
}

static void open_and_check(int dfd, const char *name, const char *tag, uint64_t resolve)
{
	int fd = (int)works(resolve ? traced_openat2(dfd, name, O_RDONLY, 0, resolve)
				    : traced_openat(dfd, name, O_RDONLY, 0),
			    name);

	read_from(fd, tag);
	works(traced_close(fd), name);
}

/* Opens the same files by absolute and relative names, and through links. */
static void open_by_ways(void)
{
	char path[PATH_MAX];
	int dfd, fd;

	make_file("sub/a name");
	make_file("elsewhere/behind the link");
	require(symlink("elsewhere", "link") == 0, "symlink");
	require(symlink("../elsewhere/behind the link", "sub/file link") == 0, "symlink");
	dfd = (int)works(traced_openat(AT_FDCWD, "sub", O_RDONLY | O_DIRECTORY, 0), "sub");
	open_and_check(dfd, "a name", "sub/a name", 0);
	open_and_check(dfd, ".././/sub/../plain", "plain", 0);
	open_and_check(dfd, "a name", "sub/a name", RESOLVE_BENEATH);
	open_and_check(dfd, "/a name", "sub/a name", RESOLVE_IN_ROOT);
	open_and_check(dfd, "file link", "elsewhere/behind the link", 0);
	open_and_check(AT_FDCWD, "link/behind the link", "elsewhere/behind the link", 0);
	absolute(path, "link/behind the link");
	open_and_check(dfd, path, "elsewhere/behind the link", 0);
	open_and_check(-1, path, "elsewhere/behind the link", 0);
	open_and_check(9999, path, "elsewhere/behind the link", 0);
	fd = open_file("plain");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	open_and_check(AT_FDCWD, path, "plain", 0);
	works(traced_close(fd), "close");
	works(traced_close(dfd), "close");
}

static void change_directory(void)
{
	require(chdir("sub") == 0, "chdir");
	open_and_check(AT_FDCWD, "a name", "sub/a name", 0);
	open_and_check(AT_FDCWD, "../plain", "plain", 0);
	require(chdir("..") == 0, "chdir");
}

void scenario_basic(void)
{
	make_directory("sub");
	make_directory("elsewhere");
	make_file("plain");
	make_file("appended");
#ifdef SYS_open
	open_with_all_flags(traced_open, 1);
#endif
	open_with_all_flags(by_openat, 2);
	open_with_all_flags(by_openat2, 3);
	create();
	use_all_calls();
	write_far();
	open_by_ways();
	change_directory();
}
