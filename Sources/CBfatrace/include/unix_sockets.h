/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel tells of Unix sockets by their inodes: sock_diag(7). */
#ifndef UNIX_SOCKETS_H
#define UNIX_SOCKETS_H

struct bfa_unix_socket {
	unsigned int peer; /* inode of the socket at the other end; 0: there is none, or it is not accepted yet */
	int is_datagram;
};

/* A Unix socket of this network namespace; 0, or -1 if there is no such one, or the kernel cannot tell. */
int bfa_unix_socket(unsigned int inode, struct bfa_unix_socket *socket);

/* The process that made a pair of sockets, or listened for the connection: SO_PEERCRED of unix(7); 0 if there is none, -1: not a Unix socket. */
int bfa_peer_process(int descriptor);

#endif
