/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the BPF programs and user space agree on: records, configuration,
 * counters, limits; system calls are in bfatrace_calls.h, requests to disks in
 * bfatrace_disk.h. No size, kind or bit is written down anywhere else.
 */
#ifndef BFATRACE_H
#define BFATRACE_H

#include "bfatrace_calls.h"

#include <linux/types.h>

enum bfa_limit {
	BFA_COMM_SIZE = 16,	  /* TASK_COMM_LEN, with the terminating NUL */
	BFA_PATH_MAX = 4096,	  /* PATH_MAX: 4095 bytes and, in user strings, a NUL */
	BFA_NAME_MAX = 255,	  /* NAME_MAX: one component of a path */
	BFA_SHORT_PATH = 192,	  /* a path kept inside its map entry; longer ones in a map of their own */
	BFA_IOV_MAX = 1024,	  /* UIO_MAXIOV: segments in one vectored call */
	BFA_CALL_NUMBERS = 512,	  /* above every system call number that is traced */
	BFA_OPEN_FILES = 262144,  /* at least, entries of the open-file map; beyond, events are reported one by one */
	BFA_FILES_PER_CHUNK = 4,  /* entries of open_files for each chunk of their index (bpf/files/entry_index.h) */
	BFA_LONG_PATHS = 16384,	  /* at least, of open files, of BFA_PATH_MAX bytes each; further ones are not known */
	BFA_QUEUE_SIZE = 65536,	  /* files touched between two flushes; beyond, one flush visits all */
	BFA_RING_BYTES = 8 << 20, /* records waiting for user space, unless it asks for another size */
	BFA_ANCESTORS = 64,	  /* of a process, in a record; further ones are left out */
	BFA_PROCESS_BYTES = 8192, /* of a process and its ancestors: one executable of any length, or many */
	BFA_DESCRIPTIONS = 16384, /* of processes that did something between three flushes; more are not described */
	BFA_PID_RULES = 65536,	  /* processes asked for or ignored by number, and those that follow */
	BFA_COMM_RULES = 1024,	  /* names of processes asked for or ignored */
	BFA_FILE_SYSTEMS = 1024,  /* of --current-mount and fatrace */
	BFA_PREFIX_BYTES = 256,	  /* of the beginning of a path, in the map prefixes: LPM_DATA_SIZE_MAX */
	BFA_PREFIXES = 1024,	  /* beginnings of patterns of --path; with more, user space judges alone */
	BFA_CGROUPS = 4096,	  /* control groups that are known at a time; a program looks at the others again */
	BFA_CGROUP_RULES = 1024,  /* of --unit, of --container and of --under-cgroup */
	BFA_CGROUP_PATH = 1024,	  /* path of a control group; a longer one is not known */
	BFA_ARGS_BYTES = 2048,	  /* of the arguments of a process, each with its NUL; more are left out */
	BFA_PLACES = 65536,	  /* directories of --dir, --under and --ignore-under; files of --file */
};

/* Letters of an event, in the order in which they are printed: R C W O + D < > M. */
enum bfa_type {
	BFA_READ = 1 << 0,
	BFA_CLOSED = 1 << 1,
	BFA_WRITTEN = 1 << 2,
	BFA_OPENED = 1 << 3,
	BFA_CREATED = 1 << 4,
	BFA_DELETED = 1 << 5,
	BFA_MOVED_FROM = 1 << 6,
	BFA_MOVED_TO = 1 << 7,
	BFA_MAPPED = 1 << 8,
	BFA_ATTRIBUTES = 1 << 9, /* mode, owner, times or attributes changed: without a letter, in runs for changes */
	BFA_ALL_TYPES = 0xffff,	 /* also calls that have no letter */
};

/* Which members of a record are valid, and what its file is like. */
enum bfa_mark {
	BFA_MARK_FILE = 1 << 0,	     /* device and inode are known */
	BFA_MARK_UNLINKED = 1 << 1,  /* the file has no name any more */
	BFA_MARK_TRUNCATED = 1 << 2, /* the path is longer than BFA_PATH_MAX - 1: these are its last bytes */
	BFA_MARK_FLAGS = 1 << 3,     /* the member flags has those of the call */
	BFA_MARK_MODE = 1 << 4,	     /* the member mode has that of the call */
	BFA_MARK_PROT = 1 << 5,	     /* the member mode is the protection of a mapping */
	BFA_MARK_FD = 1 << 6,	     /* fd is a descriptor */
	BFA_MARK_FILENAME = 1 << 7,  /* the string that was passed follows; the path is the directory it starts from */
	BFA_MARK_SIZE = 1 << 8,	     /* the call asked for a number of bytes */
	BFA_MARK_OFFSET = 1 << 9,    /* the call gave a file offset */
	BFA_MARK_DURATION = 1 << 10, /* the call was seen from its beginning */
	BFA_MARK_ADDRESS = 1 << 11,  /* the result is an address */
	BFA_MARK_NO_FILE = 1 << 12,  /* the call is about no particular file */
	BFA_MARK_NEW_PATH = 1 << 13, /* a second path follows, or a second string with its directory */
	BFA_MARK_NEW_FILENAME = 1 << 14,
	BFA_MARK_NEW_TRUNCATED = 1 << 15,
	BFA_MARK_PARENT = 1 << 16,	/* the directory that holds the path is meant */
	BFA_MARK_PART = 1 << 17,	/* one of two records of the call: the types tell which */
	BFA_MARK_PARENTS_CUT = 1 << 18, /* there are more ancestors, or one did not fit */
	BFA_MARK_ENTRY = 1 << 20,    /* the file name is that of the directory's entry; of two, a NUL is between them */
	BFA_MARK_ARGS_CUT = 1 << 21, /* there are more arguments, or the last one is longer */
	BFA_MARK_UNPLACED = 1 << 19, /* only the text of its names can tell whether it is in scope */
	BFA_MARK_DIRECTORY = 1 << 22,	    /* what has the name now, of two the second one, is a directory */
	BFA_MARK_REPLACED = 1 << 23,	    /* the second name was that of another file before */
	BFA_MARK_NEW_NAME = 1 << 24,	    /* there was no file of the second name; without both, it is not known */
	BFA_MARK_OTHER_DIRECTORY = 1 << 25, /* what has the first name, after an exchange */
};

enum bfa_record_kind {
	BFA_RECORD_ACCESS = 1,	 /* one process, one file: what happened since it was last reported */
	BFA_RECORD_CALL = 2,	 /* one system call */
	BFA_RECORD_DISK = 3,	 /* one request to a block device */
	BFA_RECORD_DISK_END = 4, /* such a request has ended, or a part of it */
};

/*
 * Every record begins with this. The part of its kind follows, then path_len
 * bytes of path and filename_len of file name; in a call, new_path_len and
 * new_filename_len bytes of its second name; and at the end process_len bytes of
 * processes (struct bfa_process): the one itself, then its ancestors from the
 * parent on.
 */
struct bfa_record {
	__u16 kind;	    /* enum bfa_record_kind */
	__u16 types;	    /* enum bfa_type, or-ed */
	__u16 path_len;	    /* 0: not known */
	__u16 filename_len; /* with BFA_MARK_FILENAME only */
	__u32 marks;	    /* enum bfa_mark, or-ed */
	__s32 fd;
	__u32 tgid;
	__u32 tid;
	__u32 uid; /* effective, in the initial user namespace */
	__u32 gid;
	char comm[BFA_COMM_SIZE]; /* of the thread group's leader, NUL-padded */
	__u64 time_ns;		  /* CLOCK_BOOTTIME of the (first) call */
	__u64 began_ns;		  /* CLOCK_BOOTTIME of the start of the process: a later one may have its number */
	__u64 inode;
	__u32 device; /* the kernel's dev_t: major << 20 | minor */
	__u32 flags;
	__u32 mode;
	__u16 call;	   /* enum bfa_call, in a BFA_RECORD_CALL */
	__u16 process_len; /* 0: not asked for, or not known */
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
	__u16 new_path_len;
	__u16 new_filename_len;
	__u32 unused;
};

/*
 * A process, as it was at the time of the (first) call. So many bytes follow,
 * in this order; 0: not asked for, or not known. All but exe are of the process
 * itself only, not of its ancestors.
 */
struct bfa_process {
	__u32 pid; /* of the thread group */
	__u16 exe_len;
	__u16 cgroup_len; /* in the hierarchy of version 2 */
	__u16 cwd_len;
	__u16 args_len; /* as /proc/PID/cmdline has them */
	char comm[BFA_COMM_SIZE];
};

enum {
	BFA_HISTOGRAM_PARTS = 4, /* slots for each power of two: struct bfa_histogram */
	BFA_HISTOGRAM_SLOTS = 164,
};

/*
 * How long something took, in nanoseconds: below 4, each has a slot; above, a
 * power of two has four, by the two bits that follow the highest one. The last
 * slot also has all that is longer (73 minutes).
 */
struct bfa_histogram {
	__u64 longest_ns;
	__u64 total_ns;
	__u64 slots[BFA_HISTOGRAM_SLOTS];
};

/* Fixed before the programs are loaded: the verifier removes what is off. */
struct bfa_config {
	__u64 slower_ns;    /* report calls that took at least this long */
	__u32 uid;	    /* with only_uid: the effective user */
	__u32 wakeup_bytes; /* so many in the ring wake the reader */
	__u32 open_files;   /* entries that the map of this name has room for */
	__u16 types;	    /* report records with any of these, enum bfa_type */
	__u8 only_failed;   /* calls whose result is an error */
	__u8 all;	    /* also virtual file systems and device nodes */
	__u8 only_uid;
	__u8 only_pids;		/* processes with BFA_RULE_ONLY in pid_rules */
	__u8 only_comms;	/* processes with BFA_RULE_ONLY in comm_rules */
	__u8 pid_rules;		/* the map pid_rules has entries */
	__u8 comm_rules;	/* the map comm_rules has entries */
	__u8 only_file_systems; /* those in the map file_systems */
	__u8 only_parents;	/* files whose directory is in the map places */
	__u8 only_under;	/* files with an ancestor in the map places */
	__u8 only_files;	/* files with a name in the map named_files */
	__u8 ignore_under;	/* none with an ancestor of BFA_PLACE_IGNORED there */
	__u8 follow;		/* also the children of processes in scope */
	__u8 metadata;		/* also calls that look at a file without opening it */
	__u8 times;		/* a change of one time of a file is an access to it, as fanotify has it */
	__u8 failed_opens;	/* a record for each open that failed, beside merged ones */
	__u8 only_prefixes;	/* paths that begin as one in the map prefixes, a slash behind them */
	__u8 entries;		/* a record for each change of a directory, with the entry's name */
	__u8 cgroup_scopes;	/* processes in control groups of all of these, enum bfa_cgroup_scope or-ed */
	__u8 cgroup;		/* processes with the paths of their control groups */
	__u8 cwd;		/* processes with their working directories */
	__u8 args;		/* processes with their arguments */
	__u8 exe;		/* processes with the paths of their executables */
	__u8 parents;		/* processes with their ancestors */
	__u8 changes;		/* only calls that change files, or of `types`; of one open file, the first */
	__u8 exe_is_lost;	/* with exe or args: a process that ends has none any more */
	__u8 histogram;		/* enum bfa_call_histogram: calls are counted, and have no record */
	__u8 only_general;	/* no call is handled quickly: for tests, and with `changes` */
};

enum bfa_call_histogram {
	BFA_HISTOGRAM_GENERAL = 1, /* what has a record in other runs is counted instead */
	BFA_HISTOGRAM_QUICK = 2,   /* so are opens, reads, writes and closes, but only by their inodes */
};

/* What a rule says of a process; values of the maps pid_rules and comm_rules. */
enum bfa_rule {
	BFA_RULE_ONLY = 1 << 0,
	BFA_RULE_IGNORE = 1 << 1,
	BFA_RULE_FOLLOWED = 1 << 2, /* started by a process in scope */
	BFA_RULE_COMMAND = 1 << 3,  /* the command that bfatrace started, or a descendant of it */
};

/* What a control group is asked for. */
enum bfa_cgroup_scope {
	BFA_IN_UNIT = 1 << 0,	   /* it, or one above it, has a name in the map units */
	BFA_IN_CONTAINER = 1 << 1, /* it, or one above it, has an id that begins as one in the map containers */
	BFA_UNDER_CGROUP = 1 << 2, /* its path begins as one in the map cgroup_paths */
};

/* What is known of a control group, in the map cgroups. */
struct bfa_cgroup {
	__u16 path_len; /* 0: longer than BFA_CGROUP_PATH - 1 */
	__u16 scopes;	/* enum bfa_cgroup_scope, or-ed */
	char path[BFA_CGROUP_PATH];
};

/* A key of the map prefixes (struct bpf_lpm_trie_key): how a path begins, up to a slash. */
struct bfa_prefix {
	__u32 bits;
	char bytes[BFA_PREFIX_BYTES];
};

/* What a directory in the map places is asked for. */
enum bfa_place {
	BFA_PLACE_ONLY = 1 << 0,    /* what is in it, or below it */
	BFA_PLACE_IGNORED = 1 << 1, /* nothing below it */
	BFA_PLACE_NAMES = 1 << 2,   /* the files of some names in it: they are in the map named_files */
};

/* One for each CPU, in the map counters, which user space maps: only that CPU writes it. */
struct bfa_counters {
	__u64 emitted;	  /* records */
	__u64 unresolved; /* calls whose descriptor was closed by another thread meanwhile */
	__u64 ended;	  /* processes in pid_rules that ended */
	__u64 followed;	  /* processes that were added to pid_rules */
	__u64 unplaced;	  /* calls of BFA_MARK_UNPLACED that were given no room */
	__u64 unnamed;	  /* paths that the map long_paths had no room for: the file is shown without */
	/* Events that are not shown, by what there was too little of. */
	__u64 lost;	      /* room in the ring */
	__u64 lost_files;     /* entries of open_files: the close of a file that was opened */
	__u64 lost_processes; /* entries of pid_rules: all that a child does */
	__u64 lost_requests;  /* entries of uring_requests or uring_names */
	__u64 lost_turns;     /* turns at the lock of an entry, or memory of the kernel */
	__u64 unmeasured;     /* requests and calls that a histogram had no room for */
	__u64 unknown_idle;   /* requests to disks that the map last_requests had no room for */
	__u64 unused[3];      /* to two cache lines */
};

/* Slots of the map handlers, which user space fills with programs of these names. */
#define BFA_HANDLERS(X)                   \
	X(BFA_HANDLE_FILES, handle_files) \
	X(BFA_HANDLE_NAMES, handle_names) \
	X(BFA_HANDLE_DESCRIPTORS, handle_descriptors)

enum bfa_handler {
#define X(slot, program) slot,
	BFA_HANDLERS(X)
#undef X
		BFA_HANDLER_COUNT,
};

enum { BFA_CLOCK_SHIFT = 30 }; /* a unit of 2^30 ns: some 34 years of either sign fit into 32 bits of these */

/* What the program "flush" returns. */
enum bfa_flush_result {
	BFA_FLUSH_MORE = 1, /* something is left to be reported */
	BFA_FLUSH_WAIT = 2, /* wait until all programs that run now are done, before the next flush */
};

/* What the program "setup" does, its first argument, and what its second argument is. It runs in bfatrace's own context. */
enum bfa_setup {
	BFA_SETUP_SELF = 1,	     /* leave out the calling process; the second argument is not used */
	BFA_SETUP_PLACE = 2,	     /* a descriptor: its inode goes into the map places, as BFA_PLACE_ONLY */
	BFA_SETUP_IGNORED_PLACE = 3, /* a descriptor: its inode goes into the map places, as BFA_PLACE_IGNORED */
	BFA_SETUP_NAME = 4,	   /* a descriptor of a directory and the address of a name: into the map named_files */
	BFA_SETUP_FILE_SYSTEM = 5, /* a descriptor: its file system goes into the map file_systems */
	/* A time in ns: how far the kernel's CLOCK_BOOTTIME is ahead, in units of 2^BFA_CLOCK_SHIFT ns; in ns, if it is less than two of these. */
	BFA_SETUP_CLOCK = 6,
	BFA_SETUP_CLOCK_REST = 7,
	BFA_SETUP_CGROUP = 8, /* a descriptor of a control group's directory: it goes into the map cgroups */
	BFA_SETUP_RULE = 9,   /* a process id that is about to go into the map pid_rules */
};

#endif
