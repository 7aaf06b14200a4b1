// SPDX-License-Identifier: Apache-2.0
/*
 * fileload32 DIRECTORY
 *
 * Makes the 32-bit calls of the open, read, write and close family, with the
 * numbers and argument registers of i386, on files in DIRECTORY. It prints what
 * the kernel did to standard output, in the format that Tests/fileload/main.c
 * describes. DIRECTORY is an absolute path without symbolic links, of characters
 * that need no escaping in JSON.
 *
 * It is built without a C library, so that a 64-bit system needs none of 32 bits:
 *
 *   clang -m32 -nostdlib -static -ffreestanding -fuse-ld=lld -O2 \
 *         -fno-stack-protector -fno-pic -o fileload32 fileload32.c
 *
 * Exit status: 0, or 1 with a line on standard error.
 */
#define PROGRAM "fileload32"
#include "i386.h"

/* arch/x86/entry/syscalls/syscall_32.tbl */
enum number {
	READ = 3,
	OPEN = 5,
	CLOSE = 6,
	CREAT = 8,
	GETPID = 20,
	READV = 145,
	WRITEV = 146,
	PRCTL = 172,
	PREAD64 = 180,
	PWRITE64 = 181,
	GETTID = 224,
	CLOCK_GETTIME = 265,
	OPENAT = 295,
	PREADV = 333,
	PWRITEV = 334,
	PREADV2 = 378,
	PWRITEV2 = 379,
	OPENAT2 = 437,
};

/* include/uapi/asm-generic/fcntl.h, errno-base.h, linux/fcntl.h, linux/prctl.h, linux/time.h */
enum {
	O_RDONLY = 0,
	O_WRONLY = 01,
	O_RDWR = 02,
	O_CREAT = 0100,
	O_EXCL = 0200,
	O_TRUNC = 01000,
	O_LARGEFILE = 0100000,
	O_CLOEXEC = 02000000,
	AT_FDCWD = -100,
	ENOENT = 2,
	EBADF = 9,
	PR_GET_NAME = 16,
	CLOCK_MONOTONIC = 1,
	PATH_SIZE = 4096,
	FILE_SIZE = 256,
};

struct iovec {
	uint32_t base;
	uint32_t size;
};

struct open_how {
	uint64_t flags;
	uint64_t mode;
	uint64_t resolve;
};

struct timespec {
	int32_t seconds;
	int32_t nanoseconds;
};

/* The members of a line, which the calls fill in. */
struct line {
	const char *syscall;
	int fd;
	int ret;
	bool has_size, has_offset, is_open;
	uint32_t size;
	int64_t offset;
	uint32_t flags;
	uint32_t mode;
	const char *filename;
	uint32_t duration_ns;
};

static const char *directory;
static char path[PATH_SIZE]; /* path of the file in use */
static uint32_t seq;
static char content[FILE_SIZE]; /* content of every file */
static char buffer[FILE_SIZE];

static void put_octal(uint32_t value)
{
	int shift = 30;

	put_byte('0');
	while (shift >= 0 && !(value >> shift & 7))
		shift -= 3;
	for (; shift >= 0; shift -= 3)
		put_byte((char)('0' + (value >> shift & 7)));
}

static void put_key(const char *key, int64_t number)
{
	put(",\"");
	put(key);
	put("\":");
	put_number(number);
}

static void put_string_key(const char *key, const char *string)
{
	put(",\"");
	put(key);
	put("\":\"");
	put(string);
	put("\"");
}

static void put_octal_key(const char *key, uint32_t value)
{
	put(",\"");
	put(key);
	put("\":\"");
	put_octal(value);
	put("\"");
}

static void print(const struct line *line)
{
	char comm[16];

	kernel(PRCTL, PR_GET_NAME, comm, 0, 0, 0, 0);
	put("{\"pid\":");
	put_number(kernel(GETPID, 0, 0, 0, 0, 0, 0));
	put_key("tid", kernel(GETTID, 0, 0, 0, 0, 0, 0));
	put_key("seq", ++seq);
	put_string_key("syscall", line->syscall);
	if (line->fd >= 0)
		put_key("fd", line->fd);
	put_key("ret", line->ret);
	put_string_key("path", path);
	if (line->has_size)
		put_key("size", line->size);
	if (line->has_offset)
		put_key("offset", line->offset);
	if (line->is_open) {
		put_octal_key("flags", line->flags);
		put_octal_key("mode", line->mode);
	}
	if (line->filename)
		put_string_key("filename", line->filename);
	put_string_key("comm", comm);
	put_key("duration_ns", line->duration_ns);
	put("}\n");
	put_out();
}

static void call(struct line *line, enum number number, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e,
		 uint32_t f)
{
	struct timespec before, after;

	kernel(CLOCK_GETTIME, CLOCK_MONOTONIC, &before, 0, 0, 0, 0);
	line->ret = kernel((int)number, a, b, c, d, e, f);
	kernel(CLOCK_GETTIME, CLOCK_MONOTONIC, &after, 0, 0, 0, 0);
	line->duration_ns = (uint32_t)(after.seconds - before.seconds) * 1000000000 +
			    (uint32_t)(after.nanoseconds - before.nanoseconds);
}

/* Makes a call on a descriptor, and fails unless it returns this. */
static void use(const char *name, enum number number, int fd, const void *memory, uint32_t count, uint32_t size,
		int expected)
{
	struct line line = { .syscall = name, .fd = fd, .has_size = true, .size = size };

	call(&line, number, (uint32_t)fd, address(memory), count, 0, 0, 0);
	print(&line);
	require(line.ret == expected, name);
}

/* Makes a call at an offset, which takes two registers. */
static void use_at(const char *name, enum number number, int fd, const void *memory, uint32_t count, uint32_t size,
		   int64_t offset, int expected)
{
	struct line line = { .syscall = name, .fd = fd, .has_size = true, .size = size };

	line.has_offset = true;
	line.offset = offset;
	call(&line, number, (uint32_t)fd, address(memory), count, (uint32_t)offset, (uint32_t)((uint64_t)offset >> 32),
	     0);
	print(&line);
	require(line.ret == expected, name);
}

static void use_close(int fd)
{
	struct line line = { .syscall = "close", .fd = fd };

	call(&line, CLOSE, (uint32_t)fd, 0, 0, 0, 0, 0);
	print(&line);
	require(line.ret == 0, "close");
}

static void set_path(const char *name)
{
	size_t length = length_of(directory), more = length_of(name);

	require(length + more + 2 <= sizeof(path), "path too long");
	for (size_t i = 0; i < length; i++)
		path[i] = directory[i];
	path[length] = '/';
	for (size_t i = 0; i <= more; i++)
		path[length + 1 + i] = name[i];
}

static int opened(struct line *line)
{
	line->is_open = true;
	line->fd = line->ret;
	if (line->ret < 0)
		line->filename = path;
	print(line);
	return line->ret;
}

static int use_open(const char *name, uint32_t flags, uint32_t mode)
{
	struct line line = { .syscall = "open", .flags = flags, .mode = flags & O_CREAT ? mode : 0 };

	set_path(name);
	call(&line, OPEN, address(path), flags, mode, 0, 0, 0);
	return opened(&line);
}

static int use_creat(const char *name, uint32_t mode)
{
	struct line line = { .syscall = "creat", .flags = O_CREAT | O_WRONLY | O_TRUNC, .mode = mode };

	set_path(name);
	call(&line, CREAT, address(path), mode, 0, 0, 0, 0);
	return opened(&line);
}

static int use_openat(const char *name, uint32_t flags, uint32_t mode)
{
	struct line line = { .syscall = "openat", .flags = flags, .mode = flags & O_CREAT ? mode : 0 };

	set_path(name);
	call(&line, OPENAT, (uint32_t)AT_FDCWD, address(path), flags, mode, 0, 0);
	return opened(&line);
}

static int use_openat2(const char *name, uint32_t flags, uint32_t mode)
{
	struct open_how how = { flags, mode, 0 };
	struct line line = { .syscall = "openat2", .flags = flags, .mode = mode };

	set_path(name);
	call(&line, OPENAT2, (uint32_t)AT_FDCWD, address(path), address(&how), sizeof(how), 0, 0);
	return opened(&line);
}

static void check(size_t size, size_t offset)
{
	for (size_t i = 0; i < size; i++)
		require(buffer[i] == content[offset + i], "not what was written");
}

/* Two adjacent segments, with an empty one in between. */
static void split(struct iovec iov[3], const char *memory, uint32_t size)
{
	iov[0] = (struct iovec){ address(memory), size / 4 };
	iov[1] = (struct iovec){ address(memory), 0 };
	iov[2] = (struct iovec){ address(memory + size / 4), size - size / 4 };
}

static void read_by_all_calls(int fd)
{
	struct iovec iov[3];

	split(iov, buffer, 60);
	use("read", READ, fd, buffer, 50, 50, 50);
	check(50, 0);
	use("readv", READV, fd, iov, 3, 60, 60);
	check(60, 50);
	use_at("pread64", PREAD64, fd, buffer, 100, 100, 3, 100);
	check(100, 3);
	use_at("preadv", PREADV, fd, iov, 3, 60, 5, 60);
	check(60, 5);
	use_at("preadv2", PREADV2, fd, iov, 3, 60, 7, 60);
	check(60, 7);
	use_at("preadv2", PREADV2, fd, iov, 3, 60, -1, 60); /* at the file position */
	check(60, 110);
	use_at("pread64", PREAD64, fd, buffer, 9, 9, 0x123456789, 0);
}

static void write_by_all_calls(int fd)
{
	struct iovec iov[3];

	use("write", WRITE, fd, content, 50, 50, 50);
	split(iov, content + 50, 60);
	use("writev", WRITEV, fd, iov, 3, 60, 60);
	use_at("pwrite64", PWRITE64, fd, content + 3, 100, 100, 3, 100);
	use_at("pwritev", PWRITEV, fd, iov, 3, 60, 50, 60);
	use_at("pwritev2", PWRITEV2, fd, iov, 3, 60, 50, 60);
	split(iov, content + 110, FILE_SIZE - 110);
	use_at("pwritev2", PWRITEV2, fd, iov, 3, FILE_SIZE - 110, -1, FILE_SIZE - 110);
}

/* Offsets of more than 32 bits. */
static void use_far(int fd)
{
	int64_t offset = 0x140000001;
	struct iovec iov[3];

	split(iov, content, 60);
	use_at("pwrite64", PWRITE64, fd, content, 100, 100, offset, 100);
	use_at("pwritev", PWRITEV, fd, iov, 3, 60, offset + 100, 60);
	use_at("pwritev2", PWRITEV2, fd, iov, 3, 60, offset + 160, 60);
	split(iov, buffer, 60);
	use_at("pread64", PREAD64, fd, buffer, 100, 100, offset, 100);
	check(100, 0);
	use_at("preadv", PREADV, fd, iov, 3, 60, offset + 100, 60);
	check(60, 0);
	use_at("preadv2", PREADV2, fd, iov, 3, 60, offset + 160, 60);
	check(60, 0);
}

static void fail(void)
{
	int fd = use_open("created", O_WRONLY, 0);

	use("read", READ, fd, buffer, 10, 10, -EBADF);
	use_close(fd);
	require(use_open("nothing", O_RDONLY | O_CLOEXEC, 0644) == -ENOENT, "open of nothing");
	require(use_openat("nothing", O_RDWR, 0) == -ENOENT, "openat of nothing");
	require(use_openat2("nothing", O_RDWR, 0) == -ENOENT, "openat2 of nothing");
	require(use_creat("nowhere/new", 0600) == -ENOENT, "creat in nothing");
}

static void run(void)
{
	int fd = use_creat("created", 0640);

	use("write", WRITE, fd, content, FILE_SIZE, FILE_SIZE, FILE_SIZE);
	use_close(fd);
	fd = use_open("created", O_RDWR | O_LARGEFILE, 0);
	read_by_all_calls(fd);
	use_close(fd);
	fd = use_openat("other", O_RDWR | O_CREAT | O_EXCL, 0604);
	write_by_all_calls(fd);
	use_close(fd);
	fd = use_openat2("other", O_RDWR, 0);
	read_by_all_calls(fd);
	use_close(fd);
	fd = use_open("far", O_RDWR | O_CREAT | O_LARGEFILE, 0600);
	use_far(fd);
	use_close(fd);
	fail();
}

__attribute__((used)) _Noreturn void begin(char *const *stack)
{
	require(*(const int *)stack == 2, "usage: fileload32 DIRECTORY");
	directory = stack[2];
	for (size_t i = 0; i < FILE_SIZE; i++)
		content[i] = (char)i;
	run();
	kernel(EXIT_GROUP, 0, 0, 0, 0, 0, 0);
	__builtin_unreachable();
}
