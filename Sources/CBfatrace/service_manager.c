// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "service_manager.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void bfa_notify(const char *state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t length = path ? strlen(path) : 0;
	int channel;

	if (length < 2 || length >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, length);
	/* In the abstract namespace: unix(7). */
	if (*path == '@')
		address.sun_path[0] = 0;
	channel = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (channel < 0)
		return;
	sendto(channel, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT, (const void *)&address,
	       offsetof(struct sockaddr_un, sun_path) + length);
	close(channel);
}

unsigned long long bfa_watchdog_ns(void)
{
	const char *time = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");

	if (!time || (pid && atol(pid) != getpid()))
		return 0;
	return strtoull(time, NULL, 10) * 1000;
}
