// SPDX-License-Identifier: Apache-2.0
/* Calls that fail for root, too, and names that try to break the output. */
#define _GNU_SOURCE
#include "scenarios.h"
#include "support.h"
#include "truth.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static void fail_to_find(int dfd)
{
	char path[PATH_MAX];

	fails(traced_openat(AT_FDCWD, "nothing", O_RDONLY, 0), ENOENT, "openat");
	fails(traced_openat(AT_FDCWD, "./nothing//here/../", O_RDWR, 0644), ENOENT, "openat");
	fails(traced_openat(AT_FDCWD, ".//sub/.././sub///nothing", O_RDONLY, 0), ENOENT, "openat");
	fails(traced_openat(AT_FDCWD, "nowhere/new", O_CREAT | O_WRONLY, 0640), ENOENT, "openat");
	fails(traced_openat(AT_FDCWD, "dangling", O_RDONLY | O_CLOEXEC, 0), ENOENT, "openat");
	fails(traced_openat(AT_FDCWD, "link/nothing", O_RDONLY, 0), ENOENT, "openat");
	fails(traced_openat(dfd, "nothing", O_RDONLY, 0), ENOENT, "openat by descriptor");
	fails(traced_openat(dfd, "../nothing", O_RDONLY, 0), ENOENT, "openat by descriptor");
	fails(traced_openat(dfd, "", O_RDONLY, 0), ENOENT, "openat of the empty name");
	fails(traced_openat2(dfd, "./nothing", O_RDONLY, 0, 0), ENOENT, "openat2");
	absolute(path, "sub/./nothing");
	fails(traced_openat(dfd, path, O_RDONLY, 0), ENOENT, "openat of an absolute name");
	fails(traced_openat(-1, path, O_RDONLY, 0), ENOENT, "openat of an absolute name");
#ifdef SYS_open
	fails(traced_open("nothing", O_WRONLY, 0), ENOENT, "open");
	fails(traced_open(path, O_CREAT | O_DIRECTORY | O_PATH, 0600), ENOENT, "open");
#endif
#ifdef SYS_creat
	fails(traced_creat("nowhere/new", 0604), ENOENT, "creat");
#endif
	require(chdir("sub") == 0, "chdir");
	fails(traced_openat(AT_FDCWD, "nothing", O_RDONLY, 0), ENOENT, "openat");
	fails(traced_openat(AT_FDCWD, "../nothing", O_RDONLY, 0), ENOENT, "openat");
	require(chdir("..") == 0, "chdir");
}

static void fail_for_what_is_there(int dfd)
{
	char name[258] = "sub/", path[PATH_MAX];

	fails(traced_openat(AT_FDCWD, "file/below", O_RDONLY, 0), ENOTDIR, "openat");
	fails(traced_openat(AT_FDCWD, "file", O_RDONLY | O_DIRECTORY, 0), ENOTDIR, "openat");
	fails(traced_openat(AT_FDCWD, "file/", O_RDONLY, 0), ENOTDIR, "openat");
	fails(traced_openat(AT_FDCWD, "file", O_CREAT | O_EXCL | O_RDWR, 0644), EEXIST, "openat");
	fails(traced_openat2(dfd, "../file", O_CREAT | O_EXCL, 0600, 0), EEXIST, "openat2");
	fails(traced_openat(AT_FDCWD, "sub", O_WRONLY, 0), EISDIR, "openat");
	fails(traced_openat(AT_FDCWD, "sub", O_RDWR | O_CREAT, 0666), EISDIR, "openat");
	fails(traced_openat(AT_FDCWD, "link", O_RDONLY | O_NOFOLLOW, 0), ELOOP, "openat");
	fails(traced_openat(AT_FDCWD, "loop", O_RDONLY, 0), ELOOP, "openat");
	fails(traced_openat2(AT_FDCWD, "link/x", O_RDONLY, 0, RESOLVE_NO_SYMLINKS), ELOOP,
	      "openat2 without symbolic links");
	fails(traced_openat2(dfd, "../file", O_RDONLY, 0, RESOLVE_BENEATH), EXDEV, "openat2 beneath");
	fails(traced_openat2(AT_FDCWD, "file", O_RDONLY, 0644, 0), EINVAL, "openat2 with a mode");
	memset(name + 4, 'n', 253);
	memset(name, 'n', 4);
	fails(traced_openat(AT_FDCWD, name, O_RDONLY, 0), ENAMETOOLONG, "openat");
	fails(traced_openat(dfd, name, O_CREAT | O_RDWR, 0644), ENAMETOOLONG, "openat");
	absolute(path, name);
	fails(traced_openat(AT_FDCWD, path, O_RDONLY, 0), ENAMETOOLONG, "openat");
}

static void fail_to_read(int dfd)
{
	struct iovec iov = { NULL, 0 };
	char buffer[16] = "";
	int fd = (int)works(traced_openat(AT_FDCWD, "file", O_WRONLY, 0), "file");

	iov = (struct iovec){ buffer, sizeof(buffer) };
	fails(traced_read(fd, buffer, sizeof(buffer)), EBADF, "read");
	fails(traced_pread64(fd, buffer, sizeof(buffer), 3), EBADF, "pread64");
	fails(traced_readv(fd, &iov, 1), EBADF, "readv");
	fails(traced_preadv(fd, &iov, 1, 3), EBADF, "preadv");
	works(traced_close(fd), "close");
	fd = (int)works(traced_openat(AT_FDCWD, "file", O_PATH, 0), "file");
	fails(traced_read(fd, buffer, sizeof(buffer)), EBADF, "read");
	works(traced_close(fd), "close");
	fails(traced_read(dfd, buffer, sizeof(buffer)), EISDIR, "read of a directory");
	fails(traced_pread64(dfd, buffer, sizeof(buffer), 0), EISDIR, "pread64 of a directory");
	fd = (int)works(traced_openat(AT_FDCWD, "file", O_RDONLY, 0), "file");
	fails(traced_pread64(fd, buffer, sizeof(buffer), -1), EINVAL, "pread64 before the start");
	fails(traced_preadv(fd, &iov, 1, -7), EINVAL, "preadv before the start");
	fails(traced_preadv2(fd, &iov, 1, 0, 1 << 30), EOPNOTSUPP, "preadv2 with unknown flags");
	fails(traced_read(fd, (void *)1, 10), EFAULT, "read to nowhere");
	works(traced_close(fd), "close");
}

static void fail_to_write(void)
{
	char buffer[16] = "";
	struct iovec iov = { buffer, sizeof(buffer) };
	int fd = (int)works(traced_openat(AT_FDCWD, "file", O_RDONLY, 0), "file");

	fails(traced_write(fd, buffer, sizeof(buffer)), EBADF, "write");
	fails(traced_pwrite64(fd, buffer, sizeof(buffer), 3), EBADF, "pwrite64");
	fails(traced_writev(fd, &iov, 1), EBADF, "writev");
	fails(traced_pwritev(fd, &iov, 1, 3), EBADF, "pwritev");
	fails(traced_pwritev2(fd, &iov, 1, 3, 0), EBADF, "pwritev2");
	works(traced_close(fd), "close");
	fd = open_file("file");
	fails(traced_pwrite64(fd, buffer, sizeof(buffer), -1), EINVAL, "pwrite64");
	fails(traced_write(fd, (void *)1, 10), EFAULT, "write from nowhere");
	works(traced_close(fd), "close");
}

void scenario_failed(void)
{
	int dfd;

	make_directory("sub");
	make_file("file");
	require(symlink("sub", "link") == 0 && symlink("nothing", "dangling") == 0 && symlink("loop", "loop") == 0,
		"symlink");
	dfd = (int)works(traced_openat(AT_FDCWD, "sub", O_RDONLY | O_DIRECTORY, 0), "sub");
	fail_to_find(dfd);
	fail_for_what_is_there(dfd);
	fail_to_read(dfd);
	fail_to_write();
	works(traced_close(dfd), "close");
}

static const char *const hostile_names[] = {
	"new\nline",
	"x\nroot(1): W   \\etc\\shadow",
	"\n",
	"carriage\rreturn",
	"\033[2J\033]0;title\007\033[31mred",
	"tab\tand\bbackspace",
	"\001\037\177",
	"\"quotes\" and 'quotes'",
	"back\\slash",
	"\\012",
	"invalid \xff\xfe UTF-8",
	"cut short \xe2\x82",
	"overlong \xc0\xaf",
	"surrogate \xed\xa0\x80",
	"above the last \xf4\x90\x80\x80",
	"\x80",
	"C1 control \302\23331m",
	"right to left \342\200\256txt.exe",
	"emoji \xf0\x9f\x92\xbe \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb",
	"\xce\xb1\xce\xb2\xce\xb3",
	" leading and trailing ",
	" ",
	"...",
	"-rf",
	"$(id) `id` ;&|*?",
	"x (deleted)",
	"\",\"pid\":1,\"x\":\"",
};

static void use_name(const char *directory, const char *name)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	make_file(path);
	fd = open_file(path);
	read_from(fd, path);
	write_to(fd, path);
	works(traced_close(fd), "close");
	snprintf(path, sizeof(path), "nothing/%s", name);
	fails(traced_openat(AT_FDCWD, path, O_RDONLY, 0), ENOENT, "openat");
}

/* Names of 255 bytes: of characters of one byte, of three bytes, and not UTF-8. */
static void use_long_names(const char *directory)
{
	static const char *const parts[] = { "n", "\xe2\x82\xac", "\xff" };
	char name[256];

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t length = strlen(parts[i]);

		memset(name, 0, sizeof(name));
		for (size_t at = 0; at < 255; at += length)
			memcpy(name + at, parts[i], length);
		use_name(directory, name);
	}
}

static void use_hostile_comm(void *argument)
{
	const char *comm = argument;
	int fd;

	prctl(PR_SET_NAME, comm);
	truth_read_comm();
	fd = open_file("plain/plain");
	read_from(fd, "plain/plain");
	works(traced_close(fd), "close");
	fails(traced_openat(AT_FDCWD, "nothing", O_RDONLY, 0), ENOENT, "openat");
}

void scenario_hostile(void)
{
	static const char *const directories[] = { "plain", "a\ndirectory \xff" };
	static const char *const comms[] = { "x(1): W /etc\nx", "\033[31m\"\\\xff\xfe", "(a) b) (c", "123456789012345",
					     " " };

	for (size_t d = 0; d < 2; d++) {
		make_directory(directories[d]);
		for (size_t i = 0; i < sizeof(hostile_names) / sizeof(hostile_names[0]); i++)
			use_name(directories[d], hostile_names[i]);
		use_long_names(directories[d]);
	}
	make_file("plain/plain");
	for (size_t i = 0; i < sizeof(comms) / sizeof(comms[0]); i++)
		finish(start(use_hostile_comm, (void *)comms[i]));
}
