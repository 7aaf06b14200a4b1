/* SPDX-License-Identifier: Apache-2.0 */
/* A part of fileways32.c: the preparations, and the table of ways. */
#ifndef TESTS_FILEWAYS32_WAYS_H
#define TESTS_FILEWAYS32_WAYS_H

static const char *const arguments[] = { "argument", 0 };
static const char *const environment[] = { 0 };
static const struct {
	const void *base;
	uint32_t size;
} vector[2] = { { buffer, 4 }, { buffer, 6 } };

/* The arguments of old_mmap, which takes a pointer to them. */
static const uint32_t map_arguments[6] = { 0, 4096, PROT_READ, MAP_PRIVATE, 3, 4096 };

struct socket_address {
	uint16_t family;
	char path[108];
};
static const struct socket_address relative = { 1, "socket" };
static const uint32_t bind_arguments[3] = { 3, (uint32_t)&relative, sizeof(relative) };

/* struct iocb and struct io_event of include/uapi/linux/aio_abi.h */
static struct {
	uint64_t data;
	uint32_t key, flags;
	uint16_t opcode;
	int16_t priority;
	uint32_t fd;
	uint64_t address, size;
	int64_t offset;
	uint64_t reserved;
	uint32_t more[2];
} request = { .fd = 3, .offset = 10 };
static struct {
	uint64_t data, request;
	int64_t result, result2;
} event;
static uint32_t context;

/* struct space_resv_32 of fs/ioctl.c: i386 aligns 64 bits to 32 */
static const struct {
	int16_t type, whence;
	int64_t start, length;
	int32_t unused[6];
} __attribute__((packed, aligned(4))) space = { .start = 10, .length = 50 };

/* socketcall(2) passes the arguments in memory. */
static const struct socket_address missing = { 1, "missing" };
static const uint32_t connect_arguments[3] = { 4, (uint32_t)&relative, sizeof(relative) };
static const uint32_t send_arguments[6] = { 4, (uint32_t)buffer, 4, 0, (uint32_t)&relative, sizeof(relative) };
static const struct {
	const void *name;
	uint32_t name_size;
	const void *vector;
	uint32_t count, control, control_size, flags;
} message = { &missing, sizeof(missing), vector, 1, 0, 0, 0 };
static const uint32_t message_arguments[3] = { 4, (uint32_t)&message, 0 };

static void sub_open(void)
{
	open_file("sub", O_RDONLY | O_DIRECTORY);
}

static void file_open(void)
{
	open_file("file", O_RDWR | O_LARGEFILE);
}

static void file_and_other(void)
{
	open_file("file", O_RDONLY);
	open_file("other", O_RDWR);
}

static void fifo_open(void)
{
	open_file("fifo", O_RDWR);
}

static void socket_open(void)
{
	require(kernel(SOCKET, 1, 1, 0, 0, 0, 0) == 3, "socket");
}

static void sockets(void)
{
	require(kernel(SOCKET, 1, 2, 0, 0, 0, 0) == 3, "socket");
	try("bind", 361, 3, address(&relative), sizeof(relative));
	require(kernel(SOCKET, 1, 2, 0, 0, 0, 0) == 4, "socket");
}

static void sub_mounted(void)
{
	try("unshare", 310, 0x20000, 0, 0);
	require(!kernel(21, "none", "/", 0, 0x44000, 0, 0), "mount");
	require(!kernel(21, "sub", "sub", 0, 0x1000, 0, 0), "mount");
}

static void fanotify(void)
{
	require(kernel(338, 0, 0, 0, 0, 0, 0) == 3, "fanotify_init");
}

/* An ELF header, a segment, and: mov $1, %eax; xor %ebx, %ebx; int $0x80. */
static const struct {
	uint8_t identity[16];
	uint16_t type, machine;
	uint32_t version, entry, segments, sections, flags;
	uint16_t header_size, segment_size, segment_count, section_size, section_count, names;
	uint32_t load, offset, address, physical_address, file_size, memory_size, access, alignment;
	uint8_t code[12];
} elf = {
	.identity = { 0x7f, 'E', 'L', 'F', 1, 1, 1 },
	.type = 2,
	.machine = 3,
	.version = 1,
	.entry = 0x8048054,
	.segments = 52,
	.header_size = 52,
	.segment_size = 32,
	.segment_count = 1,
	.load = 1,
	.address = 0x8048000,
	.file_size = sizeof(elf),
	.memory_size = sizeof(elf),
	.access = 5,
	.alignment = 4096,
	.code = { 0xb8, 1, 0, 0, 0, 0x31, 0xdb, 0xcd, 0x80 },
};

static void program(void)
{
	write_file("program", &elf, sizeof(elf));
	write_file("script", "#!program\n", 10);
}

static void prepare_request(uint16_t opcode, const void *data, uint32_t size)
{
	try("io_setup", IO_SETUP, 1, address(&context), 0);
	file_open();
	request.opcode = opcode;
	request.address = address(data);
	request.size = size;
}

static void prepare_read(void)
{
	prepare_request(0, buffer, 30);
}

static void prepare_vector(void)
{
	prepare_request(7, vector, 2);
}

static void map_file(void)
{
	file_open();
	require(kernel(MMAP2, MAP_ADDRESS, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 3, 0) == MAP_ADDRESS, "mmap2");
}

static struct way ways[] = {
	{ "open", 0, "open", 5, { T("@/file"), N(O_RDONLY) } },
	{ "open-create", 0, "open", 5, { T("link/new"), N(O_WRONLY | O_CREAT), N(0600) } },
	{ "open-missing", 0, "open", 5, { T("missing"), N(O_RDONLY) } },
	{ "mkdir", 0, "mkdir", 39, { T("@/new"), N(0755) } },
	{ "mkdir-existing", 0, "mkdir", 39, { T("sub"), N(0755) } },
	{ "mkdirat", sub_open, "mkdirat", 296, { N(3), T("new"), N(0755) } },
	{ "mknod", 0, "mknod", 14, { T("link/new"), N(S_IFIFO | 0644) } },
	{ "rename", 0, "rename", 38, { T("@/file"), T("link/moved") } },
	{ "rename-missing", 0, "rename", 38, { T("missing"), T("moved") } },
	{ "renameat", sub_open, "renameat", 302, { N(3), T("file"), CWD, T("moved") } },
	{ "renameat2", 0, "renameat2", 353, { CWD, T("file"), CWD, T("sub/file"), N(RENAME_EXCHANGE) } },
	{ "unlink", 0, "unlink", 10, { T("link/file") } },
	{ "unlink-missing", 0, "unlink", 10, { T("@/missing") } },
	{ "unlinkat", sub_open, "unlinkat", 301, { N(3), T("../empty"), N(AT_REMOVEDIR) } },
	{ "rmdir", 0, "rmdir", 40, { T("empty/") } },
	{ "link", 0, "link", 9, { T("file"), T("sub/new") } },
	{ "linkat", sub_open, "linkat", 303, { N(3), T("file"), CWD, T("new"), N(0) } },
	{ "symlink", 0, "symlink", 83, { T("target"), T("@/new") } },
	{ "symlinkat", sub_open, "symlinkat", 304, { T("target"), N(3), T("new") } },
	{ "bind", socket_open, "bind", 361, { N(3), P(&relative), N(sizeof(relative)) } },
	{ "bind-socketcall", socket_open, "bind", 102, { N(2), P(bind_arguments) } },
	{ "connect", sockets, "connect", 362, { N(4), P(&relative), N(sizeof(relative)) } },
	{ "connect-socketcall", sockets, "connect", 102, { N(3), P(connect_arguments) } },
	{ "sendto-socketcall", sockets, "sendto", 102, { N(11), P(send_arguments) } },
	{ "sendmsg", sockets, "sendmsg", 370, { N(4), P(&message), N(0) } },
	{ "sendmsg-socketcall", sockets, "sendmsg", 102, { N(16), P(message_arguments) } },
	{ "mount-missing", 0, "mount", 21, { T("none"), T("missing"), T("tmpfs"), N(0), P(0) } },
	{ "umount", sub_mounted, "umount", 22, { T("link") } },
	{ "move_mount", sub_mounted, "move_mount", 429, { CWD, T("sub"), CWD, T("empty"), N(0) } },
	{ "fanotify_mark", fanotify, "fanotify_mark", 339, { N(3), N(1), N(0x20), N(0), CWD, T("link") } },
	{ "fanotify_mark-missing", fanotify, "fanotify_mark", 339, { N(3), N(1), N(0x20), N(0), CWD, T("missing") } },
	{ "swapoff-missing", 0, "swapoff", 115, { T("missing") } },
	{ "ioctl-unresvsp", file_open, "ioctl", 54, { N(3), N(0x402c5829), P(&space) } },
	{ "ioctl-getflags", file_open, "ioctl", 54, { N(3), N(0x80046601), P(buffer) } },
	{ "madvise-remove", map_file, "madvise", 219, { N(MAP_ADDRESS), N(4096), N(9) } },
	{ "oldstat", 0, "oldstat", 18, { T("file-link"), P(buffer) } },
	{ "oldlstat", 0, "oldlstat", 84, { T("file-link"), P(buffer) } },
	{ "oldfstat", file_open, "oldfstat", 28, { N(3), P(buffer) } },
	{ "truncate", 0, "truncate", 92, { T("file-link"), N(10) } },
	{ "truncate64", 0, "truncate64", 193, { T("file-link"), FAR } },
	{ "truncate64-missing", 0, "truncate64", 193, { T("missing"), FAR } },
	{ "ftruncate", file_open, "ftruncate", 93, { N(3), N(10) } },
	{ "ftruncate64", file_open, "ftruncate64", 194, { N(3), FAR } },
	{ "fallocate", file_open, "fallocate", 324, { N(3), N(1), FAR, N(4096), N(0) } },
	{ "sendfile", file_and_other, "sendfile", 187, { N(4), N(3), P(0), N(60) } },
	{ "sendfile64", file_and_other, "sendfile64", 239, { N(4), N(3), P(0), N(60) } },
	{ "copy_file_range", file_and_other, "copy_file_range", 377, { N(3), P(0), N(4), P(0), N(60), N(0) } },
	{ "vmsplice", fifo_open, "vmsplice", 316, { N(3), P(vector), N(2), N(0) } },
	{ "aio-pread", prepare_read, "aio_pread", AIO },
	{ "aio-preadv", prepare_vector, "aio_preadv", AIO },
	{ "getdents", sub_open, "getdents", 141, { N(3), P(buffer), N(4096) } },
	{ "getdents64", sub_open, "getdents64", 220, { N(3), P(buffer), N(4096) } },
	{ "mmap", file_open, "mmap", 90, { P(map_arguments) } },
	{ "mmap2", file_open, "mmap2", 192, { P(0), N(4096), N(PROT_READ), N(MAP_SHARED), N(3), N(0x140000) } },
	{ "msync", map_file, "msync", 144, { N(MAP_ADDRESS), N(4096), N(4) } },
	{ "fsync", file_open, "fsync", 118, { N(3) } },
	{ "fdatasync", file_open, "fdatasync", 148, { N(3) } },
	{ "sync_file_range", file_open, "sync_file_range", 314, { N(3), FAR, N(4096), N(0), N(2) } },
	{ "stat", 0, "stat", 106, { T("file-link"), P(buffer) } },
	{ "lstat", 0, "lstat", 107, { T("file-link"), P(buffer) } },
	{ "fstat", file_open, "fstat", 108, { N(3), P(buffer) } },
	{ "stat64", 0, "stat64", 195, { T("link/file"), P(buffer) } },
	{ "stat64-missing", 0, "stat64", 195, { T("missing"), P(buffer) } },
	{ "lstat64", 0, "lstat64", 196, { T("file-link"), P(buffer) } },
	{ "fstat64", file_open, "fstat64", 197, { N(3), P(buffer) } },
	{ "fstatat64", sub_open, "fstatat64", 300, { N(3), T("../file-link"), P(buffer), N(AT_SYMLINK_NOFOLLOW) } },
	{ "statx", 0, "statx", 383, { CWD, T("file"), N(0), N(0x7ff), P(buffer) } },
	{ "access", 0, "access", 33, { T("file"), N(4) } },
	{ "access-missing", 0, "access", 33, { T("missing"), N(4) } },
	{ "faccessat", sub_open, "faccessat", 307, { N(3), T("file"), N(4) } },
	{ "readlink", 0, "readlink", 85, { T("file-link"), P(buffer), N(100) } },
	{ "readlinkat", sub_open, "readlinkat", 305, { N(3), T("../link"), P(buffer), N(100) } },
	{ "chmod", 0, "chmod", 15, { T("file-link"), N(0600) } },
	{ "fchmod", file_open, "fchmod", 94, { N(3), N(0600) } },
	{ "fchmodat", sub_open, "fchmodat", 306, { N(3), T("file"), N(0600) } },
	{ "chown", 0, "chown", 182, { T("file") } },
	{ "chown32", 0, "chown32", 212, { T("file-link") } },
	{ "lchown32", 0, "lchown32", 198, { T("file-link") } },
	{ "fchown32", file_open, "fchown32", 207, { N(3) } },
	{ "utime", 0, "utime", 30, { T("file") } },
	{ "utimensat", 0, "utimensat", 320, { CWD, T("file"), P(0), N(AT_SYMLINK_NOFOLLOW) } },
	{ "utimensat_time64", 0, "utimensat_time64", 412, { CWD, T("file-link"), P(0), N(0) } },
	{ "getxattr-none", 0, "getxattr", 229, { T("file"), T("user.none"), P(buffer), N(100) } },
	{ "statfs64", 0, "statfs64", 268, { T("file"), N(84), P(buffer) } },
	{ "fstatfs64", file_open, "fstatfs64", 269, { N(3), N(84), P(buffer) } },
	{ "chdir", 0, "chdir", 12, { T("link") } },
	{ "fchdir", sub_open, "fchdir", 133, { N(3) } },
	{ "execve", program, "execve", 11, { T("@/program"), P(arguments), P(environment) }, .is_last = true },
	{ "execve-script", program, "execve", 11, { T("script"), P(arguments), P(environment) }, .is_last = true },
	{ "execve-missing", 0, "execve", 11, { T("@/missing"), P(arguments), P(environment) } },
	{ "execveat",
	  program,
	  "execveat",
	  358,
	  { CWD, T("program"), P(arguments), P(environment), N(0) },
	  .is_last = true },
	{},
};

#endif
