/* SPDX-License-Identifier: Apache-2.0 */
/* io_uring as the kernel has it: one ring, one request at a time. */
#ifndef FILEWAYS_RING_H
#define FILEWAYS_RING_H

#include <linux/io_uring.h>

/*
 * The first descriptor, 3. The way's name tells how requests are submitted:
 * with -async at its end to a worker, with -sqpoll by a thread of the kernel.
 */
void ring_open(void);
void ring_register_files(int fd);				 /* makes it file 0 of the ring */
void ring_register_buffer(void);				 /* makes `buffer` buffer 0 of the ring */
int ring_request(const char *name, struct io_uring_sqe request); /* logged; its result */

#endif
