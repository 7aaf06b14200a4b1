/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to a service manager, by the protocol of sd_notify(3). */
#ifndef SERVICE_MANAGER_H
#define SERVICE_MANAGER_H

/* Sends "READY=1" or the like to the socket of NOTIFY_SOCKET, if there is one. */
void bfa_notify(const char *state);

/* How often the service manager expects "WATCHDOG=1", in nanoseconds; 0: never. */
unsigned long long bfa_watchdog_ns(void);

#endif
