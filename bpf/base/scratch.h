/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Working memory: paths and records do not fit a BPF stack of 512 bytes.
 * Tracepoint programs run with preemption off, so that one for each CPU is
 * enough; what runs for user space alone (flush, iterators) may be preempted
 * by them, and has one of its own.
 */
#ifndef BFATRACE_SCRATCH_H
#define BFATRACE_SCRATCH_H

#include "base/syscalls.h"
#include "cgroup_names.h"

/* What is known of an open file. */
struct known_file {
	__u64 file; /* struct file *: the entry counts only while the descriptor table still has it; 0: closed */
	struct dentry *dentry; /* of the file, compared too: the kernel soon uses the address of a file again */
	__u64 seen;	       /* struct walk's, when the path was resolved */
	__u32 epoch;	       /* epoch_before(), when the path was resolved */
	__u8 writable;
	__u8 outside; /* outside of the places asked for: kept to know it the next time */
	/*
	 * The next record of the descriptor, as far as it is known, and after
	 * it the path: it is sent from here. A path of BFA_SHORT_PATH bytes or
	 * more is in the map long_paths.
	 */
	union {
		struct bfa_record record;
		struct bfa_access access;
		struct bfa_call_record call; /* with PER_CALL */
	};
	char path[BFA_SHORT_PATH];
};

enum {
	/* Marks that hold for all records of a descriptor. */
	FILE_MARKS = BFA_MARK_FILE | BFA_MARK_FD | BFA_MARK_UNLINKED | BFA_MARK_TRUNCATED,
};

struct open_key {
	__u32 tgid;
	__u32 fd;
};

/* One descriptor of one process: its open file, and what is not reported yet. */
struct open_file {
	struct open_key key; /* of this entry: memory of a deleted entry may be used again at once */
	__u32 busy;   /* a lock for those that fill, report or empty the entry; those that only count do not take it */
	__u32 queued; /* its key is in the queue of the next flush */
	/* Pending: added to and taken with atomic operations only. */
	__u64 reads;
	__u64 read_bytes;
	__u64 writes;
	__u64 write_bytes;
	__u32 opens;
	__u32 types;	/* enum bfa_type, of what is not counted */
	__u64 time_ns;	/* of the first access since the last report (0: none yet); the record has its process */
	__u64 process;	/* the identity of the description of that process */
	__u8 dead;	/* the process has ended: the next flush deletes it */
	__u8 transient; /* not in the map: report at once */
	__u8 listed;	/* in the index, as an entry whose file may be open */
	__u8 idle;	/* not in use at the last look: to be deleted (bpf/files/evict.h) */
	__u8 closes;	/* 1: its file is closed, which is not reported yet: known.file is 0 */
	struct known_file known;
};

/*
 * With what the map keeps beside it (the kernel's struct htab_elem of 48 bytes,
 * the key, a pointer of its allocator) it takes one object of 512 bytes.
 */
_Static_assert(sizeof(struct open_file) <= 512 - 48 - sizeof(struct open_key) - 8, "an entry takes 1 KiB");

/* A file in the tree of mounts. */
struct place {
	struct mount *mount;
	struct dentry *dentry;
};

/* How far a walk up to the root has come. */
struct walk {
	struct dentry *dentry;
	struct mount *mount;
	struct dentry *mount_root;
	__u32 start; /* of the path in the buffer, which is filled from its end */
	__u64 seen;  /* a hash of all dentries on the way, and of their versions */
	__u16 marks;
	__u8 unknown; /* has no path */
	__u8 torn;    /* a rename came in between */
	__u8 again;   /* the second walk, which only sees whether all is as before */
};

/* A walk up that does not look at names; numbers, which the verifier lets us calculate with. */
struct way {
	__u64 dentry;
	__u64 mount;
	__u64 root; /* of the mount */
	__u64 seen;
};

/* One step of a quick walk up. */
struct quick_step {
	struct dentry *dentry; /* 0: from the root of a mount to its mount point */
	struct dentry *parent; /* the mount point */
	struct mount *mount;
	struct mount *above;
	__u32 version;
};

enum {
	QUICK_STEPS = 16, /* components and mounts; a power of two */
	QUICK_NAME = 64,  /* bytes of a component, */
	QUICK_PATH = 184, /* and of all of them */
};

/* Names are copied in whole words: bytes after the path are no part of it. */
struct quick_path {
	char bytes[QUICK_PATH + QUICK_NAME + 8];
};

/* How far a walk from a process up to its ancestors has come. */
struct lineage {
	struct task_struct *task; /* the task that has forked the one before: perhaps no leader */
	__u32 pid;		  /* of its process, as user space knows it; 0: it has none there */
	__u64 identity;
	__u64 where; /* a hash of control group and working directory, part of the identity */
};

/* A process, and its ancestors if they are asked for. */
struct description {
	__u32 length;
	__u32 marks;		       /* enum bfa_mark */
	char bytes[BFA_PROCESS_BYTES]; /* struct bfa_process, each with its path */
};

/* The description of a process, kept for its end. */
struct last_description {
	__u64 identity;
	__u64 where; /* as in struct lineage */
	struct description description;
};

enum {
	/* A call's part and four strings, each below BFA_PATH_MAX, and processes. All of the scratch memory is at most 32 KiB. */
	RECORD_BYTES = 256 + 4 * BFA_PATH_MAX + BFA_PROCESS_BYTES,
	NAMELESS = 1U << 31, /* in a key: no descriptor, but made from the address of the file */
};

/* Why a handler runs; its arguments are those of the tracepoint. */
enum occasion {
	AT_CALL,
	AT_EXEC,
	AT_SUBMISSION,
	AT_COMPLETION,
	AT_IOCTL_NAME, /* the call at hand is known */
};

/* The arguments of a process; the word after them is zero. */
struct arguments {
	__u32 length;
	__u32 cut; /* there are more */
	char bytes[BFA_ARGS_BYTES + 8];
};

/* A file by its name, whatever inode has the name: a key of the map named_files. */
struct named_file {
	struct inode *directory;
	char name[BFA_NAME_MAX + 1]; /* padded with NULs */
};

/* Counts that were pending when they were taken; nobody else reports them. */
struct taken {
	__u32 opens;
	__u32 types;
	__u32 closes;
	__u64 reads, read_bytes, writes, write_bytes;
};

struct scratch {
	__u8 occasion;
	struct call call_at_hand; /* a BPF stack has no room for it */
	__u64 argument[4];	  /* the memory that one of its arguments points to */
	__u64 process;		  /* the identity of the current process's description; 0: none */
	struct lineage lineage;
	struct walk walk;
	struct quick_step steps[QUICK_STEPS];
	__u32 step_count;
	__u32 quick_length;
	__u64 barrier;	  /* order_loads */
	__u64 in_vain_ns; /* when a walk last waited for a rename that did not end */
	struct open_file fresh;
	struct taken taken; /* for report(): the stacks of all callers together are bounded */
	struct named_file named;
	struct bfa_prefix prefix;
	struct bfa_cgroup_name group_name;
	char path[BFA_PATH_MAX + BFA_NAME_MAX + 1]; /* a name may be copied to any offset below BFA_PATH_MAX */
	union {
		struct bfa_record record;
		struct bfa_access access;
		struct bfa_call_record call;
		/* While the process is described; the record is not begun yet. */
		struct {
			struct last_description last;
			struct arguments arguments;
			struct bfa_cgroup group;
		};
		char bytes[RECORD_BYTES];
	};
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

__u32 own_tgid;

/* For programs of tracepoints, which have left out bfatrace itself. */
static __always_inline struct scratch *scratch_of_others(void)
{
	__u32 slot = 0;

	return bpf_map_lookup_elem(&scratches, &slot);
}

/* Programs that run for bfatrace itself have the second one; it has one thread. */
static __always_inline __u32 scratch_slot(void)
{
	return current_task()->tgid == own_tgid;
}

static __always_inline struct scratch *scratch_get(void)
{
	__u32 slot = scratch_slot();

	return bpf_map_lookup_elem(&scratches, &slot);
}

#endif
