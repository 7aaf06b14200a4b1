// SPDX-License-Identifier: Apache-2.0
/* Names of Unix sockets that calls look up. */
#define _GNU_SOURCE
#include "ways.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const struct sockaddr_un bound = { AF_UNIX, "socket" };
static const struct sockaddr_un through_link = { AF_UNIX, "socket-link" };
static const struct sockaddr_un missing = { AF_UNIX, "missing/socket" };
static const struct sockaddr_un a_file = { AF_UNIX, "file" };
static const struct sockaddr_un abstract = { AF_UNIX, "\0bfatrace-nobody" };
static const struct sockaddr_in internet = { .sin_family = AF_INET, .sin_port = 1 };

#define ADDRESS(name) P(&(name)), N(sizeof(name))
#define TEXT P("text"), N(4), N(MSG_NOSIGNAL)

static struct iovec text = { "text", 4 };
#define MESSAGE(to) \
	{ .msg_hdr = { .msg_name = (void *)(to), .msg_namelen = sizeof(bound), .msg_iov = &text, .msg_iovlen = 1 } }
static struct mmsghdr to_bound[2] = { MESSAGE(&bound), MESSAGE(&bound) };
static struct mmsghdr to_missing = MESSAGE(&missing);
static struct mmsghdr to_nobody = { .msg_hdr = { .msg_iov = &text, .msg_iovlen = 1 } };

/* Makes two sockets: 3 has a name, 4 sends. */
static void sockets(void)
{
	require(socket(AF_UNIX, SOCK_DGRAM, 0) == 3, "socket: %s", strerror(errno));
	require(bind(3, (const struct sockaddr *)&bound, sizeof(bound)) == 0, "bind: %s", strerror(errno));
	require(symlink("socket", "socket-link") == 0, "symlink: %s", strerror(errno));
	require(socket(AF_UNIX, SOCK_DGRAM, 0) == 4, "socket: %s", strerror(errno));
}

static void internet_socket(void)
{
	require(socket(AF_INET, SOCK_DGRAM, 0) == 3, "socket: %s", strerror(errno));
}

const struct way socket_ways[] = {
	{ "connect", sockets, ONE(connect, N(4), ADDRESS(bound)) },
	{ "connect-link", sockets, ONE(connect, N(4), ADDRESS(through_link)) },
	{ "connect-missing", sockets, ONE(connect, N(4), ADDRESS(missing)) },
	{ "connect-file", sockets, ONE(connect, N(4), ADDRESS(a_file)) },
	{ "connect-abstract", sockets, ONE(connect, N(4), ADDRESS(abstract)) },
	{ "connect-internet", internet_socket, ONE(connect, N(3), ADDRESS(internet)) },
	{ "sendto", sockets, ONE(sendto, N(4), TEXT, ADDRESS(bound)) },
	{ "sendto-missing", sockets, ONE(sendto, N(4), TEXT, ADDRESS(missing)) },
	{ "sendto-nobody", sockets, ONE(sendto, N(4), TEXT, P(0), N(0)) },
	{ "sendmsg", sockets, ONE(sendmsg, N(4), P(&to_bound[0].msg_hdr), N(0)) },
	{ "sendmsg-missing", sockets, ONE(sendmsg, N(4), P(&to_missing.msg_hdr), N(0)) },
	{ "sendmsg-nobody", sockets, ONE(sendmsg, N(4), P(&to_nobody.msg_hdr), N(0)) },
	{ "sendmmsg", sockets, ONE(sendmmsg, N(4), P(to_bound), N(2), N(0)) },
	{ "sendmmsg-missing", sockets, ONE(sendmmsg, N(4), P(&to_missing), N(1), N(0)) },
	{},
};
