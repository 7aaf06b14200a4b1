// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "unix_sockets.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

struct request {
	struct nlmsghdr header;
	struct unix_diag_req body;
};

static int read_answer(const void *answer, ssize_t size, struct bfa_unix_socket *socket)
{
	const struct nlmsghdr *header = answer;
	const struct unix_diag_msg *message;
	const struct rtattr *attribute;
	int left;

	if (size < 0 || !NLMSG_OK(header, size) || header->nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return -1;
	message = NLMSG_DATA(header);
	left = header->nlmsg_len - NLMSG_LENGTH(sizeof(*message));
	*socket = (struct bfa_unix_socket){ .is_datagram = message->udiag_type == SOCK_DGRAM };
	for (attribute = (const void *)(message + 1); RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
		if (attribute->rta_type == UNIX_DIAG_PEER)
			memcpy(&socket->peer, RTA_DATA(attribute), sizeof(socket->peer));
	}
	return 0;
}

int bfa_unix_socket(unsigned int inode, struct bfa_unix_socket *found)
{
	struct request request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			    .nlmsg_flags = NLM_F_REQUEST },
		.body = { .sdiag_family = AF_UNIX,
			  .udiag_states = -1,
			  .udiag_ino = inode,
			  .udiag_show = UDIAG_SHOW_PEER,
			  .udiag_cookie = { -1, -1 } },
	};
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	const struct timeval second = { .tv_sec = 1 };
	_Alignas(struct nlmsghdr) char answer[4096];
	int result = -1;
	int channel = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (channel < 0)
		return -1;
	setsockopt(channel, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
	if (sendto(channel, &request, sizeof(request), 0, (const void *)&kernel, sizeof(kernel)) == sizeof(request))
		result = read_answer(answer, recv(channel, answer, sizeof(answer), 0), found);
	close(channel);
	return result;
}

int bfa_peer_process(int descriptor)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int domain = 0;
	socklen_t domain_size = sizeof(domain);

	getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &domain_size);
	if (domain != AF_UNIX)
		return -1;
	if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		return 0;
	return peer.pid;
}
