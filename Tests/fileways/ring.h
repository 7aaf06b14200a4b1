/* SPDX-License-Identifier: Apache-2.0 */
/* io_uring without a library: one ring, one request at a time. */
#ifndef FILEWAYS_RING_H
#define FILEWAYS_RING_H

#include <linux/io_uring.h>

/*
 * Opens the ring at 3, the first descriptor. The end of the way's name says how
 * requests are submitted: -async to a worker, -sqpoll by a kernel thread.
 */
void ring_open(void);
void ring_register_files(int fd);				 /* makes it file 0 of the ring */
void ring_register_buffer(void);				 /* makes `buffer` buffer 0 of the ring */
int ring_request(const char *name, struct io_uring_sqe request); /* logs the request; returns its result */

#endif
