// SPDX-License-Identifier: Apache-2.0
/* Requests of io_uring on names. The ring is 3; the directory sub, if open, is 4. */
#define _GNU_SOURCE
#include "ring.h"
#include "ways.h"

#include <errno.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#define OPCODE_BIND 56 /* Linux 6.11 */

static const struct open_how read_only;

static void with_sub(void)
{
	ring_open();
	sub_open();
}

static void with_file_table(void)
{
	ring_open();
	ring_register_files(-1);
}

static struct io_uring_sqe request(int opcode, int dfd, const char *name)
{
	return (struct io_uring_sqe){ .opcode = (unsigned char)opcode, .fd = dfd, .addr = (uintptr_t)name };
}

static void open_name(int dfd, const char *name, int flags, int slot)
{
	struct io_uring_sqe sqe = request(IORING_OP_OPENAT, dfd, name);

	sqe.open_flags = (unsigned int)flags;
	sqe.len = 0600;
	sqe.file_index = (unsigned int)slot;
	ring_request("io_uring_openat", sqe);
}

static void openat_way(void)
{
	open_name(AT_FDCWD, "link/file", O_RDONLY, 0);
}

static void openat_dfd_way(void)
{
	open_name(4, "file", O_RDONLY, 0);
}

static void openat_create_way(void)
{
	open_name(AT_FDCWD, in_world("new"), O_CREAT | O_WRONLY, 0);
}

static void openat_truncate_way(void)
{
	open_name(AT_FDCWD, "file", O_TRUNC | O_WRONLY, 0);
}

static void openat_missing_way(void)
{
	open_name(AT_FDCWD, "missing", O_RDONLY, 0);
}

/* Opens into the ring's own table, without a descriptor. */
static void openat_direct_way(void)
{
	struct io_uring_sqe sqe = { .opcode = IORING_OP_READ, .fd = 0, .flags = IOSQE_FIXED_FILE };

	open_name(AT_FDCWD, "file", O_RDONLY, 1);
	sqe.addr = (uintptr_t)buffer;
	sqe.len = 30;
	ring_request("io_uring_read", sqe);
}

static void openat2_way(void)
{
	struct io_uring_sqe sqe = request(IORING_OP_OPENAT2, AT_FDCWD, "file");

	sqe.len = sizeof(read_only);
	sqe.off = (uintptr_t)&read_only;
	ring_request("io_uring_openat2", sqe);
}

static void unlink_name(const char *name, int flags)
{
	struct io_uring_sqe sqe = request(IORING_OP_UNLINKAT, AT_FDCWD, name);

	sqe.unlink_flags = (unsigned int)flags;
	ring_request("io_uring_unlinkat", sqe);
}

static void unlinkat_way(void)
{
	unlink_name("link/file", 0);
}

static void unlinkat_directory_way(void)
{
	unlink_name("empty", AT_REMOVEDIR);
}

static void unlinkat_missing_way(void)
{
	unlink_name("missing", 0);
}

static void rename_name(const char *from, const char *to)
{
	struct io_uring_sqe sqe = request(IORING_OP_RENAMEAT, AT_FDCWD, from);

	sqe.len = (unsigned int)AT_FDCWD;
	sqe.off = (uintptr_t)to;
	ring_request("io_uring_renameat", sqe);
}

static void renameat_way(void)
{
	rename_name("file", "sub/moved");
}

static void renameat_replace_way(void)
{
	rename_name("file", "other");
}

static void renameat_missing_way(void)
{
	rename_name("missing", "moved");
}

static void make_name(int dfd, const char *name)
{
	struct io_uring_sqe sqe = request(IORING_OP_MKDIRAT, dfd, name);

	sqe.len = 0755;
	ring_request("io_uring_mkdirat", sqe);
}

static void mkdirat_way(void)
{
	make_name(AT_FDCWD, "new");
}

static void mkdirat_dfd_way(void)
{
	make_name(4, "new");
}

static void mkdirat_existing_way(void)
{
	make_name(AT_FDCWD, "sub");
}

static void symlinkat_way(void)
{
	struct io_uring_sqe sqe = request(IORING_OP_SYMLINKAT, AT_FDCWD, "target");

	sqe.off = (uintptr_t)"new";
	ring_request("io_uring_symlinkat", sqe);
}

static void linkat_way(void)
{
	struct io_uring_sqe sqe = request(IORING_OP_LINKAT, AT_FDCWD, "file");

	sqe.len = (unsigned int)AT_FDCWD;
	sqe.off = (uintptr_t)"sub/new";
	ring_request("io_uring_linkat", sqe);
}

static void look(const char *name)
{
	struct io_uring_sqe sqe = request(IORING_OP_STATX, AT_FDCWD, name);

	sqe.len = STATX_BASIC_STATS;
	sqe.off = (uintptr_t)buffer;
	ring_request("io_uring_statx", sqe);
}

static void statx_way(void)
{
	look("file-link");
}

static void statx_missing_way(void)
{
	look("missing");
}

static void with_attribute(void)
{
	ring_open();
	require(setxattr("file", "user.way", "value", 5, 0) == 0 || errno == EOPNOTSUPP, "setxattr: %s",
		strerror(errno));
}

static void attribute(int opcode, const char *name, const char *path, int flags)
{
	struct io_uring_sqe sqe = request(opcode, 0, "user.way");

	sqe.off = opcode == IORING_OP_SETXATTR ? (uintptr_t)"value" : (uintptr_t)buffer;
	sqe.len = opcode == IORING_OP_SETXATTR ? 5 : 100;
	sqe.addr3 = (uintptr_t)path;
	sqe.xattr_flags = (unsigned int)flags;
	ring_request(name, sqe);
}

static void setxattr_way(void)
{
	attribute(IORING_OP_SETXATTR, "io_uring_setxattr", "file-link", XATTR_CREATE);
}

static void setxattr_missing_way(void)
{
	attribute(IORING_OP_SETXATTR, "io_uring_setxattr", "missing", 0);
}

static void getxattr_way(void)
{
	attribute(IORING_OP_GETXATTR, "io_uring_getxattr", "file-link", 0);
}

static void getxattr_none_way(void)
{
	attribute(IORING_OP_GETXATTR, "io_uring_getxattr", "sub/file", 0);
}

static const struct sockaddr_un named = { AF_UNIX, "socket" };
static const struct sockaddr_un taken = { AF_UNIX, "file" };
static const struct sockaddr_un abstract = { AF_UNIX, "\0bfatrace-ring" };

static void with_socket(void)
{
	ring_open();
	require(socket(AF_UNIX, SOCK_DGRAM, 0) == 4, "socket: %s", strerror(errno));
}

/* Makes two sockets: 4 has a name, 5 sends. */
static void with_sockets(void)
{
	with_socket();
	require(bind(4, (const struct sockaddr *)&named, sizeof(named)) == 0, "bind: %s", strerror(errno));
	require(socket(AF_UNIX, SOCK_DGRAM, 0) == 5, "socket: %s", strerror(errno));
}

static void address(int opcode, const char *name, int fd, const struct sockaddr_un *passed, size_t size)
{
	struct io_uring_sqe sqe = request(opcode, fd, (const char *)passed);

	sqe.off = size;
	ring_request(name, sqe);
}

static void bind_way(void)
{
	address(OPCODE_BIND, "io_uring_bind", 4, &named, sizeof(named));
}

static void bind_short_way(void)
{
	address(OPCODE_BIND, "io_uring_bind", 4, &named, sizeof(named.sun_family) + 3);
}

static void bind_taken_way(void)
{
	address(OPCODE_BIND, "io_uring_bind", 4, &taken, sizeof(taken));
}

static void bind_abstract_way(void)
{
	address(OPCODE_BIND, "io_uring_bind", 4, &abstract, sizeof(abstract));
}

static void connect_way(void)
{
	address(IORING_OP_CONNECT, "io_uring_connect", 5, &named, sizeof(named));
}

static void connect_file_way(void)
{
	address(IORING_OP_CONNECT, "io_uring_connect", 5, &taken, sizeof(taken));
}

static void connect_abstract_way(void)
{
	address(IORING_OP_CONNECT, "io_uring_connect", 5, &abstract, sizeof(abstract));
}

#define EACH_MODE(name, set_up, act)                                   \
	{ name, set_up, {}, act }, { name "-async", set_up, {}, act }, \
	{                                                              \
		name "-sqpoll", set_up, {}, act                        \
	}

const struct way ring_name_ways[] = {
	EACH_MODE("io_uring-openat", ring_open, openat_way),
	EACH_MODE("io_uring-openat-dfd", with_sub, openat_dfd_way),
	EACH_MODE("io_uring-openat-create", ring_open, openat_create_way),
	EACH_MODE("io_uring-openat-missing", ring_open, openat_missing_way),
	EACH_MODE("io_uring-openat2", ring_open, openat2_way),
	EACH_MODE("io_uring-unlinkat", ring_open, unlinkat_way),
	EACH_MODE("io_uring-renameat", ring_open, renameat_way),
	EACH_MODE("io_uring-mkdirat", ring_open, mkdirat_way),
	EACH_MODE("io_uring-symlinkat", ring_open, symlinkat_way),
	EACH_MODE("io_uring-linkat", ring_open, linkat_way),
	EACH_MODE("io_uring-statx", ring_open, statx_way),
	EACH_MODE("io_uring-setxattr", ring_open, setxattr_way),
	EACH_MODE("io_uring-getxattr", with_attribute, getxattr_way),
	EACH_MODE("io_uring-bind", with_socket, bind_way),
	EACH_MODE("io_uring-connect", with_sockets, connect_way),
	{ "io_uring-openat-truncate", ring_open, .act = openat_truncate_way },
	{ "io_uring-openat-direct", with_file_table, .act = openat_direct_way },
	{ "io_uring-unlinkat-directory", ring_open, .act = unlinkat_directory_way },
	{ "io_uring-unlinkat-missing", ring_open, .act = unlinkat_missing_way },
	{ "io_uring-renameat-replace", ring_open, .act = renameat_replace_way },
	{ "io_uring-renameat-missing", ring_open, .act = renameat_missing_way },
	{ "io_uring-mkdirat-dfd", with_sub, .act = mkdirat_dfd_way },
	{ "io_uring-mkdirat-existing", ring_open, .act = mkdirat_existing_way },
	{ "io_uring-statx-missing", ring_open, .act = statx_missing_way },
	{ "io_uring-setxattr-missing", ring_open, .act = setxattr_missing_way },
	{ "io_uring-getxattr-none", ring_open, .act = getxattr_none_way },
	{ "io_uring-bind-short", with_socket, .act = bind_short_way },
	{ "io_uring-bind-taken", with_socket, .act = bind_taken_way },
	{ "io_uring-bind-abstract", with_socket, .act = bind_abstract_way },
	{ "io_uring-connect-file", with_sockets, .act = connect_file_way },
	{ "io_uring-connect-abstract", with_sockets, .act = connect_abstract_way },
	{},
};
