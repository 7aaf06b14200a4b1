// SPDX-License-Identifier: Apache-2.0
/*
 * fileways32 DIRECTORY
 *
 * Touches files like fileways, with the system calls of i386 that have numbers,
 * arguments or structures of their own. It prints what Tests/fileways/main.c
 * describes, and is built like fileload32.
 */
#define PROGRAM "fileways32"
#include "i386.h"

/* arch/x86/entry/syscalls/syscall_32.tbl: numbers that the tables below do not have */
enum {
	FORK = 2,
	READ = 3,
	OPEN = 5,
	CLOSE = 6,
	WAITPID = 7,
	CHDIR = 12,
	MKNOD = 14,
	GETPID = 20,
	KILL = 37,
	MKDIR = 39,
	SYMLINK = 83,
	PRCTL = 172,
	MMAP2 = 192,
	IO_SETUP = 245,
	IO_GETEVENTS = 247,
	IO_SUBMIT = 248,
	SOCKET = 359,
	CLOSE_RANGE = 436,
};

enum {
	O_RDONLY = 0,
	O_WRONLY = 01,
	O_RDWR = 02,
	O_CREAT = 0100,
	O_LARGEFILE = 0100000,
	O_DIRECTORY = 0200000,
	AT_FDCWD = -100,
	AT_REMOVEDIR = 0x200,
	AT_SYMLINK_NOFOLLOW = 0x100,
	RENAME_EXCHANGE = 2,
	S_IFIFO = 0010000,
	PR_SET_PDEATHSIG = 1,
	SIGKILL = 9,
	SIGCONT = 18,
	SIGSTOP = 19,
	WUNTRACED = 2,
	STOPPED = 0x7f, /* lowest byte of a wait status */
	PROT_READ = 1,
	PROT_WRITE = 2,
	MAP_PRIVATE = 2,
	MAP_SHARED = 1,
	PATH_SIZE = 4096,
	FILE_BYTES = 100,
	MAP_ADDRESS = 0x10000000,
	AIO = -1, /* a request of kernel AIO and its result */
};

struct argument {
	bool is_text;
	const void *value;
};

/* clang-format off */
#define N(number) { .value = (const void *)(number) }
#define T(string) { .is_text = true, .value = string }
#define P(pointer) { .value = pointer }
/* clang-format on */
#define CWD N(AT_FDCWD)
#define FAR N(0x40000000), N(1) /* 5 GiB, in halves */

struct way {
	const char *name;
	void (*set_up)(void);
	const char *call;
	int number;
	struct argument arguments[6];
	bool is_last; /* the call does not return */
	int pid;
};

static const char *directory;
static char world[PATH_SIZE];
static char buffer[4096];

static void join(char *path, const char *front, const char *back)
{
	size_t length = 0;

	while (*front)
		path[length++] = *front++;
	path[length++] = '/';
	do
		require(length < PATH_SIZE, "path too long");
	while ((path[length++] = *back++));
}

static int try(const char *what, int number, uint32_t a, uint32_t b, uint32_t c)
{
	int ret = kernel(number, a, b, c, 0, 0, 0);

	require(ret >= 0, what);
	return ret;
}

static int open_file(const char *name, uint32_t flags)
{
	return try(name, OPEN, address(name), flags, 0755);
}

static void write_file(const char *name, const void *content, size_t size)
{
	int fd = open_file(name, O_WRONLY | O_CREAT);

	require(try(name, WRITE, (uint32_t)fd, address(content), size) == (int)size, name);
	try(name, CLOSE, (uint32_t)fd, 0, 0);
}

static void make_world(const char *name)
{
	join(world, directory, name);
	try(world, MKDIR, address(world), 0755, 0);
	try(world, CHDIR, address(world), 0, 0);
	try("sub", MKDIR, address("sub"), 0755, 0);
	try("empty", MKDIR, address("empty"), 0755, 0);
	write_file("file", buffer, FILE_BYTES);
	write_file("other", buffer, FILE_BYTES);
	write_file("sub/file", buffer, FILE_BYTES);
	try("link", SYMLINK, address("sub"), address("link"), 0);
	try("file-link", SYMLINK, address("file"), address("file-link"), 0);
	try("fifo", MKNOD, address("fifo"), S_IFIFO | 0644, 0);
}

#include "fileways32_ways.h"

static uint32_t passed(const struct argument *argument)
{
	static char paths[6][PATH_SIZE];
	static int used;
	const char *text = argument->value;

	if (!argument->is_text || text[0] != '@')
		return address(text);
	join(paths[used], world, text + 2);
	return address(paths[used++]);
}

static int complete_request(void)
{
	const void *list[] = { &request };

	require(kernel(IO_SUBMIT, context, 1, list, 0, 0, 0) == 1, "io_submit");
	require(kernel(IO_GETEVENTS, context, 1, 1, &event, 0, 0) == 1, "io_getevents");
	return (int)event.result;
}

static void put_way(const struct way *way, const char *key, int64_t number)
{
	put("{\"way\":\"");
	put(way->name);
	put("\",\"");
	put(key);
	put("\":");
	put_number(number);
}

static void put_result(const struct way *way, int ret)
{
	/* The last page holds the errors; other negative numbers are addresses. */
	put_way(way, "ret", (uint32_t)ret > -4096U ? ret : (int64_t)(uint32_t)ret);
	put(",\"syscall\":\"");
	put(way->call);
	put("\"}\n");
	put_out();
}

/* Stops when everything is prepared, and goes the way when it is continued. */
static _Noreturn void go(const struct way *way)
{
	uint32_t a[6];
	int ret;

	kernel(PRCTL, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0, 0);
	kernel(CLOSE_RANGE, 3, ~0U, 0, 0, 0, 0);
	make_world(way->name);
	if (way->set_up)
		way->set_up();
	for (int i = 0; i < 6; i++)
		a[i] = passed(&way->arguments[i]);
	kernel(KILL, kernel(GETPID, 0, 0, 0, 0, 0, 0), SIGSTOP, 0, 0, 0, 0);
	/* Print the call before making it: the program is gone afterwards. */
	if (way->is_last)
		put_result(way, 0);
	ret = way->number == AIO ? complete_request() : kernel(way->number, a[0], a[1], a[2], a[3], a[4], a[5]);
	require(!way->is_last, "the program was not executed");
	put_result(way, ret);
	kernel(EXIT_GROUP, 0, 0, 0, 0, 0, 0);
	__builtin_unreachable();
}

static void park(struct way *way)
{
	int status = 0;

	way->pid = try("fork", FORK, 0, 0, 0);
	if (!way->pid)
		go(way);
	require(try("waitpid", WAITPID, (uint32_t)way->pid, address(&status), WUNTRACED) == way->pid, "waitpid");
	require((status & 0xff) == STOPPED, way->name);
	put_way(way, "pid", way->pid);
	put("}\n");
	put_out();
}

static void release(struct way *way)
{
	int status = 0;

	try("kill", KILL, (uint32_t)way->pid, SIGCONT, 0);
	require(try("waitpid", WAITPID, (uint32_t)way->pid, address(&status), 0) == way->pid, "waitpid");
	if (!status)
		return;
	put_way(way, "status", status);
	put("}\n");
	put_out();
}

__attribute__((used)) _Noreturn void begin(char *const *stack)
{
	char byte;

	require(*(const int *)stack == 2, "usage: fileways32 DIRECTORY");
	directory = stack[2];
	for (struct way *way = ways; way->name; way++)
		park(way);
	put("ready\n");
	put_out();
	require(kernel(READ, 0, &byte, 1, 0, 0, 0) == 1, "nobody says when to begin");
	for (struct way *way = ways; way->name; way++)
		release(way);
	kernel(EXIT_GROUP, 0, 0, 0, 0, 0, 0);
	__builtin_unreachable();
}
