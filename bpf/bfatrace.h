/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the BPF programs and user space agree on: records, configuration,
 * counters, limits. No size, kind or bit is written down anywhere else.
 */
#ifndef BFATRACE_H
#define BFATRACE_H

#include <linux/types.h>

enum bfa_limit {
	BFA_COMM_SIZE = 16,	 /* TASK_COMM_LEN, with the terminating NUL */
	BFA_PATH_MAX = 4096,	 /* PATH_MAX: 4095 bytes and, in user strings, a NUL */
	BFA_NAME_MAX = 255,	 /* NAME_MAX: one component of a path */
	BFA_SHORT_PATH = 256,	 /* a path kept inside its map entry; longer ones in a map of their own */
	BFA_IOV_MAX = 1024,	 /* UIO_MAXIOV: segments in one vectored call */
	BFA_CALL_NUMBERS = 512,	 /* above every system call number that is traced */
	BFA_OPEN_FILES = 262144, /* entries of the open-file map; beyond, events are reported one by one */
	BFA_LONG_PATHS = 16384,	 /* of BFA_PATH_MAX bytes each; further ones are not known */
	BFA_QUEUE_SIZE = 65536,	 /* files touched between two flushes; beyond, one flush visits all */
	BFA_RING_BYTES = 16 << 20, /* records waiting for user space */
};

/* Letters of an event, in the order in which they are printed: R C W O + D < >. */
enum bfa_type {
	BFA_READ = 1 << 0,
	BFA_CLOSED = 1 << 1,
	BFA_WRITTEN = 1 << 2,
	BFA_OPENED = 1 << 3,
	BFA_CREATED = 1 << 4,
	BFA_DELETED = 1 << 5,
	BFA_MOVED_FROM = 1 << 6,
	BFA_MOVED_TO = 1 << 7,
};

/* What else is known of a record's file. */
enum bfa_mark {
	BFA_MARK_FILE = 1 << 0,	     /* device and inode are known */
	BFA_MARK_UNLINKED = 1 << 1,  /* the file has no name any more */
	BFA_MARK_TRUNCATED = 1 << 2, /* the path is longer than BFA_PATH_MAX - 1: these are its last bytes */
	BFA_MARK_OPEN = 1 << 3,	     /* flags and mode are those of the open call in this record */
	BFA_MARK_FD = 1 << 4,	     /* fd is a descriptor */
	BFA_MARK_FILENAME = 1 << 5,  /* the string that was passed follows; the path is the directory it starts from */
	BFA_MARK_SIZE = 1 << 6,	     /* the call asked for a number of bytes */
	BFA_MARK_OFFSET = 1 << 7,    /* the call gave a file offset */
	BFA_MARK_DURATION = 1 << 8,  /* the call was seen from its beginning */
};

enum bfa_record_kind {
	BFA_RECORD_ACCESS = 1, /* one process, one open file: what happened since it was last reported */
	BFA_RECORD_CALL = 2,   /* one system call */
};

/*
 * The system calls that are traced: name, arguments, number on x86-64, i386,
 * arm64 and 32-bit arm; -1 where the architecture does not have it. From
 * arch/x86/entry/syscalls/syscall_{64,32}.tbl, include/uapi/asm-generic/unistd.h
 * and arch/arm/tools/syscall.tbl.
 */
#define BFA_CALLS(X)                                \
	X(open, OPEN, 2, 5, -1, 5)                  \
	X(openat, OPENAT, 257, 295, 56, 322)        \
	X(openat2, OPENAT2, 437, 437, 437, 437)     \
	X(creat, CREAT, 85, 8, -1, 8)               \
	X(read, READ, 0, 3, 63, 3)                  \
	X(pread64, PREAD, 17, 180, 67, 180)         \
	X(readv, READV, 19, 145, 65, 145)           \
	X(preadv, PREADV, 295, 333, 69, 361)        \
	X(preadv2, PREADV, 327, 378, 286, 392)      \
	X(write, WRITE, 1, 4, 64, 4)                \
	X(pwrite64, PWRITE, 18, 181, 68, 181)       \
	X(writev, WRITEV, 20, 146, 66, 146)         \
	X(pwritev, PWRITEV, 296, 334, 70, 362)      \
	X(pwritev2, PWRITEV, 328, 379, 287, 393)    \
	X(close, CLOSE, 3, 6, 57, 6)                \
	X(close_range, CLOSE_RANGE, 436, 436, 436, 436) \
	X(dup2, DUP2, 33, 63, -1, 63)               \
	X(dup3, DUP2, 292, 330, 24, 358)            \
	X(rename, MOVE, 82, 38, -1, 38)             \
	X(renameat, MOVE, 264, 302, 38, 329)        \
	X(renameat2, MOVE, 316, 353, 276, 382)      \
	X(mount, MOVE, 165, 21, 40, 21)             \
	X(umount2, MOVE, 166, 52, 39, 52)           \
	X(move_mount, MOVE, 429, 429, 429, 429)     \
	X(pivot_root, MOVE, 155, 217, 41, 218)

enum bfa_call {
	BFA_CALL_NONE,
#define X(name, ...) BFA_CALL_##name,
	BFA_CALLS(X)
#undef X
	BFA_CALL_COUNT,
};

/* Every record starts so; its kind's part, path_len and filename_len bytes follow. */
struct bfa_record {
	__u16 kind;	    /* enum bfa_record_kind */
	__u16 types;	    /* enum bfa_type, or-ed */
	__u16 marks;	    /* enum bfa_mark, or-ed */
	__u16 path_len;	    /* 0: not known */
	__u16 filename_len; /* with BFA_MARK_FILENAME only */
	__u16 call;	    /* enum bfa_call, in a BFA_RECORD_CALL */
	__s32 fd;
	__u32 tgid;
	__u32 tid;
	__u32 uid; /* effective, in the initial user namespace */
	__u32 gid;
	char comm[BFA_COMM_SIZE]; /* of the thread group's leader, NUL-padded */
	__u64 time_ns;		  /* CLOCK_BOOTTIME of the (first) call */
	__u64 inode;
	__u32 device; /* the kernel's dev_t: major << 20 | minor */
	__u32 flags;  /* of the open call */
	__u32 mode;
	__u32 unused;
};

struct bfa_access {
	struct bfa_record record;
	__u32 opens; /* calls */
	__u32 closes;
	__u64 reads;
	__u64 read_bytes;
	__u64 writes;
	__u64 write_bytes;
};

struct bfa_call_record {
	struct bfa_record record;
	__s64 ret;	   /* negative: -errno */
	__u64 size;	   /* bytes asked for */
	__s64 offset;	   /* in the file */
	__u64 duration_ns; /* from the call's entry to its exit */
};

/* Fixed before the programs are loaded: the verifier removes what is off. */
struct bfa_config {
	__u64 slower_ns;   /* report calls that took at least this long */
	__u32 uid;	   /* with only_uid: the effective user */
	__u16 types;	   /* report records with any of these, enum bfa_type */
	__u8 calls;	   /* a record for every call instead of merged ones */
	__u8 only_failed;  /* calls whose result is an error */
	__u8 all;	   /* also virtual file systems and device nodes */
	__u8 only_uid;
	__u8 only_pids;	   /* processes with BFA_RULE_ONLY in pid_rules */
	__u8 only_comms;   /* processes with BFA_RULE_ONLY in comm_rules */
	__u8 pid_rules;	   /* the map pid_rules has entries */
	__u8 comm_rules;   /* the map comm_rules has entries */
	__u8 only_mount;   /* the file system given by BFA_SETUP_MOUNT */
	__u8 only_parents; /* files whose directory is in the map places */
	__u8 only_under;   /* files with an ancestor in the map places */
	__u8 rdonly_cast;  /* the kernel has bpf_rdonly_cast (6.2) */
	__u8 unused[2];
};

/* What a rule says of a process; values of the maps pid_rules and comm_rules. */
enum bfa_rule {
	BFA_RULE_ONLY = 1 << 0,
	BFA_RULE_IGNORE = 1 << 1,
	BFA_RULE_FOLLOWED = 1 << 2, /* started by a process in scope */
};

/* One for each CPU, in the map counters, which user space maps: only that CPU writes it. */
struct bfa_counters {
	__u64 emitted;	  /* records */
	__u64 lost;	  /* events that found the ring full */
	__u64 unresolved; /* calls whose descriptor was closed by another thread meanwhile */
	__u64 ended;	  /* processes in pid_rules that ended */
	__u64 followed;	  /* processes that were added to pid_rules */
	__u64 unused[3];  /* to a cache line of 64 bytes */
};

/* What the program "setup" is told, as its two arguments, in bfatrace's own context. */
enum bfa_setup {
	BFA_SETUP_SELF = 1,  /* leave out the calling process; the second argument is not used */
	BFA_SETUP_PLACE = 2, /* a descriptor: its inode goes into the map places */
	BFA_SETUP_MOUNT = 3, /* a descriptor: its file system is the only one */
};

#endif
