// SPDX-License-Identifier: Apache-2.0
/* Making names: directories, nodes, symbolic links, hard links, sockets. */
#define _GNU_SOURCE
#include "ways.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CWD N(AT_FDCWD)

static void moved_current_directory(void)
{
	require(chdir("sub") == 0 && rename("../sub", "../moved") == 0, "%s", strerror(errno));
}

static void other_current_directory(void)
{
	require(chdir("sub") == 0, "%s", strerror(errno));
}

static void tmpfile_open(void)
{
	open_or_die(".", O_TMPFILE | O_RDWR);
}

static void open_socket(int family)
{
	require(socket(family, SOCK_STREAM, 0) == 3, "socket: %s", strerror(errno));
}

static void unix_socket(void)
{
	open_socket(AF_UNIX);
}

static void internet_socket(void)
{
	open_socket(AF_INET);
}

/* `size` counts bytes of the name; the kernel adds a NUL where it is missing. */
static void bind_name(const char *name, size_t size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	require(size <= sizeof(address.sun_path), "too long for a socket: %s", name);
	memcpy(address.sun_path, name, size);
	CALL(bind, N(3), P(&address), N(offsetof(struct sockaddr_un, sun_path) + size));
}

static void bind_absolute(void)
{
	bind_name(in_world("socket"), strlen(in_world("socket")) + 1);
}

static void bind_relative(void)
{
	bind_name("socket", sizeof("socket"));
}

static void bind_unterminated(void)
{
	bind_name("socket", strlen("socket"));
}

static void bind_through_link(void)
{
	bind_name("link/socket", sizeof("link/socket"));
}

static void bind_existing(void)
{
	bind_name("file", sizeof("file"));
}

static void bind_missing(void)
{
	bind_name("missing/socket", sizeof("missing/socket"));
}

static void bind_abstract(void)
{
	char name[32] = "";
	int length = snprintf(name + 1, sizeof(name) - 1, "bfatrace-%d", getpid());

	bind_name(name, 1 + (size_t)length);
}

static void bind_internet(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CALL(bind, N(3), P(&address), N(sizeof(address)));
}

const struct way making_ways[] = {
	{ "mkdir", ONE(mkdir, T("@/new"), N(0755)) },
	{ "mkdir-relative", ONE(mkdir, T("new"), N(0755)) },
	{ "mkdir-dots", ONE(mkdir, T("sub/../empty/.//new"), N(0755)) },
	{ "mkdir-slashes", ONE(mkdir, T(".//new//"), N(0755)) },
	{ "mkdir-through-link", ONE(mkdir, T("link/new"), N(0755)) },
	{ "mkdir-absolute-link", ONE(mkdir, T("absolute-link/new"), N(0755)) },
	{ "mkdir-link-parent", other_current_directory, ONE(mkdir, T("../link/../link/new"), N(0755)) },
	{ "mkdir-through-long-link", ONE(mkdir, T("long-link/new"), N(0755)) },
	{ "mkdir-moved", moved_current_directory, ONE(mkdir, T("new"), N(0755)) },
	{ "mkdir-through-proc", ONE(mkdir, T("/proc/self/cwd/new"), N(0755)) },
	{ "mkdir-existing", ONE(mkdir, T("sub"), N(0755)) },
	{ "mkdir-existing-link", ONE(mkdir, T("dangling"), N(0755)) },
	{ "mkdir-missing", ONE(mkdir, T("@/missing/new"), N(0755)) },
	{ "mkdir-not-directory", ONE(mkdir, T("file/new"), N(0755)) },
	{ "mkdir-loop", ONE(mkdir, T("loop/new"), N(0755)) },
	{ "mkdir-empty-name", ONE(mkdir, T(""), N(0755)) },
	{ "mkdir-dot", ONE(mkdir, T("sub/."), N(0755)) },
	{ "mkdirat", ONE(mkdirat, CWD, T("new"), N(0700)) },
	{ "mkdirat-dfd", sub_open, ONE(mkdirat, N(3), T("new"), N(0700)) },
	{ "mkdirat-dfd-parent", sub_open, ONE(mkdirat, N(3), T("../new"), N(0700)) },
	{ "mkdirat-dfd-missing", sub_open, ONE(mkdirat, N(3), T("missing/new"), N(0700)) },
	{ "mkdirat-dfd-of-file", file_open, ONE(mkdirat, N(3), T("new"), N(0700)) },
	{ "mkdirat-absolute", ONE(mkdirat, N(99), T("@/new"), N(0700)) },
	{ "mkdirat-bad-dfd", ONE(mkdirat, N(99), T("new"), N(0700)) },

	{ "mknod-fifo", ONE(mknod, T("@/new"), N(S_IFIFO | 0644)) },
	{ "mknod-file", ONE(mknod, T("link/new"), N(S_IFREG | 0644)) },
	{ "mknod-existing", ONE(mknod, T("file"), N(S_IFREG | 0644)) },
	{ "mknodat", ONE(mknodat, CWD, T("new"), N(S_IFREG | 0644)) },
	{ "mknodat-dfd", sub_open, ONE(mknodat, N(3), T("new"), N(S_IFIFO | 0644)) },

	{ "symlink", ONE(symlink, T("target"), T("@/new")) },
	{ "symlink-through-link", ONE(symlink, T("target"), T("link/new")) },
	{ "symlink-existing", ONE(symlink, T("target"), T("file-link")) },
	{ "symlink-missing", ONE(symlink, T("target"), T("missing/new")) },
	{ "symlinkat", ONE(symlinkat, T("/target"), CWD, T("new")) },
	{ "symlinkat-dfd", sub_open, ONE(symlinkat, T("target"), N(3), T("new")) },

	{ "link", ONE(link, T("@/file"), T("@/new")) },
	{ "link-through-links", ONE(link, T("link/file"), T("absolute-link/new")) },
	{ "link-of-link", ONE(link, T("file-link"), T("new")) },
	{ "link-missing", ONE(link, T("missing"), T("new")) },
	{ "link-existing", ONE(link, T("file"), T("other")) },
	{ "link-directory", ONE(link, T("sub"), T("new")) },
	{ "link-other-device", ONE(link, T("file"), T("/sys/new")) },
	{ "linkat", ONE(linkat, CWD, T("file"), CWD, T("sub/new"), N(0)) },
	{ "linkat-dfds", sub_open, ONE(linkat, N(3), T("file"), N(3), T("../new"), N(0)) },
	{ "linkat-follow", ONE(linkat, CWD, T("file-link"), CWD, T("new"), N(AT_SYMLINK_FOLLOW)) },
	{ "linkat-nofollow", ONE(linkat, CWD, T("file-link"), CWD, T("new"), N(0)) },
	{ "linkat-tmpfile", tmpfile_open, ONE(linkat, N(3), T(""), CWD, T("new"), N(AT_EMPTY_PATH)) },
	{ "linkat-through-proc", tmpfile_open,
	  ONE(linkat, CWD, T("/proc/self/fd/3"), CWD, T("sub/new"), N(AT_SYMLINK_FOLLOW)) },
	{ "linkat-bad-dfd", ONE(linkat, N(99), T("file"), CWD, T("new"), N(0)) },

	{ "bind", unix_socket, .act = bind_absolute },
	{ "bind-relative", unix_socket, .act = bind_relative },
	{ "bind-unterminated", unix_socket, .act = bind_unterminated },
	{ "bind-through-link", unix_socket, .act = bind_through_link },
	{ "bind-existing", unix_socket, .act = bind_existing },
	{ "bind-missing", unix_socket, .act = bind_missing },
	{ "bind-abstract", unix_socket, .act = bind_abstract },
	{ "bind-internet", internet_socket, .act = bind_internet },
	{},
};
