/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the BPF programs and user space agree on about requests to disks. */
#ifndef BFATRACE_DISK_H
#define BFATRACE_DISK_H

#include "bfatrace.h"
#include "bfatrace_commands.h"

enum {
	BFA_DISK_HISTOGRAMS = 1024, /* disks and their operations; beyond, requests are not counted */
	BFA_REQUESTS = 16384,	    /* under way, at a disk or on the way to it */
};

enum bfa_disk_operation {
	BFA_DISK_READ,
	BFA_DISK_WRITE,
	BFA_DISK_FLUSH,
	BFA_DISK_DISCARD,
	BFA_DISK_COMMAND, /* passed through to the device, by its driver's own commands */
};

/* Why a request is made to a block device, and the words for it. */
#define BFA_DISK_CAUSES(X)                                                                                  \
	X(UNKNOWN, unknown)                                                                                 \
	X(READ, read)		/* a call waits for data that are not in the page cache */                  \
	X(READAHEAD, readahead) /* nobody waits for it yet */                                               \
	X(FAULT, fault)		/* mapped memory was touched */                                             \
	X(EXEC, exec)                                                                                       \
	X(DIRECT, direct)	/* without the page cache: O_DIRECT */                                      \
	X(WRITEBACK, writeback) /* of data that were written before, when they are old enough */            \
	X(FSYNC, fsync)		/* of data that were written before, for a call that waits for one file */  \
	X(SYNC, sync)		/* of data that were written before, for a call that waits for all files */ \
	X(JOURNAL, journal)                                                                                 \
	X(METADATA, metadata)                                                                               \
	X(ATIME, atime)                                                                                     \
	X(SWAP, swap)                                                                                       \
	X(DISCARD, discard)                                                                                 \
	X(FLUSH, flush)	    /* without data */                                                              \
	X(RAW, raw)	    /* of the device node itself */                                                 \
	X(COMMAND, command) /* sent by a process or the kernel as it is */

enum bfa_disk_cause {
#define X(cause, word) BFA_CAUSE_##cause,
	BFA_DISK_CAUSES(X)
#undef X
		BFA_CAUSE_COUNT,
};

/* How certain it is that the process of a disk record caused the request. */
enum bfa_certainty {
	BFA_EXACT,
	BFA_LIKELY, /* the process is the last one that wrote to the file, or changed the file system */
	BFA_NOBODY, /* the process is not known: the record has none */
};

enum {
	BFA_DISK_NAME_SIZE = 32, /* DISK_NAME_LEN, with the terminating NUL */
	BFA_ADDRESS_SIZE = 16,	 /* of IPv6 */
};

/*
 * The record's process is the one that caused the request, its file the one
 * that holds or gets the data; without BFA_MARK_FILE, its device is that of
 * the file system, or the device node itself.
 */
struct bfa_disk_record {
	struct bfa_record record;
	__u64 bytes;
	__u64 age_ns;  /* since the process wrote it to memory; 0 if the process waits for the request */
	__u64 idle_ns; /* how long the disk had no request before */
	__u64 request; /* its number, which the records of its end have, too; 0: there will be none */
	__u32 requests;
	__u32 disk;	  /* the kernel's dev_t of the whole disk; 0: of a controller, or of a device that is no disk */
	__u32 by_tgid;	  /* with by_comm: the process that submitted it, if that is another one */
	__u8 operation;	  /* enum bfa_disk_operation */
	__u8 cause;	  /* enum bfa_disk_cause */
	__u8 certainty;	  /* enum bfa_certainty */
	__u8 partition;	  /* its number; 0: the whole disk */
	__u16 command;	  /* with BFA_DISK_COMMAND: its code */
	__u8 command_set; /* enum bfa_command_set */
	__u8 may_wake;	  /* the command may start the motor of a disk that sleeps */
	__u32 unused;
	char disk_name[BFA_DISK_NAME_SIZE];
	char by_comm[BFA_COMM_SIZE];   /* empty: the process itself */
	__u8 client[BFA_ADDRESS_SIZE]; /* of the machine that a file server works for, IPv4 mapped; zeros: not known */
};

/* The end of a request that another record has described: only kind and time of its struct bfa_record are set. */
struct bfa_disk_end {
	struct bfa_record record;
	__u64 request;
	__u64 latency_ns; /* from the time when the device got it until its completion; 0: not known */
	__u64 done;	  /* bytes; 1 for a request without data */
};

/* Like struct bfa_config, for the programs for block devices only. */
struct bfa_disk_config {
	__u64 idle_ns;	  /* only requests to a disk that was idle for at least this time */
	__u32 disk;	  /* only this one, the kernel's dev_t; 0: all */
	__u32 page_size;  /* in bytes */
	__u8 latency;	  /* a record of the end of each request that is reported */
	__u8 histogram;	  /* how long requests take is counted */
	__u8 only_wanted; /* with histogram: only requests that would be reported are counted; no record is sent */
	__u8 unused[5];
};

/* A key of the map disk_histograms. */
struct bfa_disk_operation_key {
	__u32 disk;	 /* the kernel's dev_t */
	__u32 operation; /* enum bfa_disk_operation */
};

struct bfa_disk_histogram {
	char disk_name[BFA_DISK_NAME_SIZE];
	struct bfa_histogram latency;
};

#endif
