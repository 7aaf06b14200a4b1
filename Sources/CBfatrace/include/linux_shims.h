/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linux interfaces that Swift's Glibc module does not carry: headers that are
 * not in its module map, variadic calls, and calls without a wrapper.
 */
#ifndef LINUX_SHIMS_H
#define LINUX_SHIMS_H

#include "bfatrace.h"
#include "bfatrace_disk.h"

/* errno's name, "ENOENT"; also those that only tracers see (include/linux/errno.h). NULL if there is none. Static storage. */
const char *bfa_errno_name(int number);

/* The system call's name, "openat"; NULL for a number that is none. Static storage. */
const char *bfa_call_name(unsigned int call);

/* The word for an enum bfa_disk_cause; NULL if there is none. */
const char *bfa_disk_cause_name(unsigned int cause);

/* The name of a command of an enum bfa_command_set; NULL if there is none. */
const char *bfa_disk_command_name(unsigned int set, unsigned int code);

/* A dev_t of stat(2) as the kernel has it: major << 20 | minor. */
unsigned int bfa_kernel_device(unsigned long long device);

/* The program for a slot of the map "handlers", enum bfa_handler; NULL if there is none. Static storage. */
const char *bfa_handler_program(unsigned int slot);

/*
 * The first SIGINT, SIGTERM or SIGHUP from now on is only noted, and interrupts
 * system calls; the next one ends the process.
 */
void bfa_catch_signals(void);

/*
 * Signals that would end this process go to a command instead, but for those
 * typed at a terminal, which go there anyway. Once the command has been waited
 * for, the first one has no effect; the next one ends the process.
 */
void bfa_pass_signals(int pidfd);

/*
 * From now on, a SIGHUP of another process is noted, and ends nothing; a command
 * is sent it too. That of a terminal that goes away has the effect it had
 * before. To be called behind one of the above.
 */
void bfa_catch_hangup(void);

/* Whether one has come since the last call. */
int bfa_take_hangup(void);

/* Whether one has come since bfa_catch_signals. */
int bfa_caught_signal(void);

/* pidfd_open(2): a descriptor that is readable once the process has ended; -1 and errno. */
int bfa_pidfd_open(int pid);

/* Whether a descriptor is of the file system of control groups, of version 2. */
int bfa_is_cgroup(int descriptor);

/* The effective capabilities, a bit each (capabilities(7)); 0 if they cannot be read. */
unsigned long long bfa_capabilities(void);

/* Gives up all capabilities but those in `kept`, for good; 0, or -1 and errno. */
int bfa_keep_capabilities(unsigned long long kept);

/*
 * Makes this thread the most urgent one that it may be, short of real time: who
 * writes the lines of a busy machine has to be faster than it. Children
 * inherit that.
 */
void bfa_raise_priority(void);

/* Waits until all programs of the kernel that run now are done (membarrier(2)); not on kernels with nohz_full. */
void bfa_wait_for_programs(void);

/* Of open(2): a descriptor that is not for reading (asm-generic/fcntl.h). */
enum bfa_open_flag {
	BFA_O_PATH = 010000000,
};

/* The bits of capabilities (linux/capability.h). */
enum bfa_capability {
	BFA_CAP_KILL = 5,
	BFA_CAP_SYS_ADMIN = 21,
	BFA_CAP_PERFMON = 38,
	BFA_CAP_BPF = 39,
};

#endif
