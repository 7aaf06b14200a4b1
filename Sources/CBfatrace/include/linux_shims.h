/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linux interfaces that Swift's Glibc module does not carry: headers that are
 * not in its module map, variadic calls, and calls without a wrapper.
 */
#ifndef LINUX_SHIMS_H
#define LINUX_SHIMS_H

#include "bfatrace.h"

/* errno's name, "ENOENT"; also those that only tracers see (include/linux/errno.h). NULL if there is none. Static storage. */
const char *bfa_errno_name(int number);

/* The system call's name, "openat"; NULL for a number that is none. Static storage. */
const char *bfa_call_name(unsigned int call);

#endif
