/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which system call a thread is in, and its arguments. At sys_exit the
 * registers still hold them (x86: all but ax, arm64: all but x0, which
 * orig_x0 keeps); execve alone starts with fresh registers.
 */
#ifndef BFATRACE_SYSCALLS_H
#define BFATRACE_SYSCALLS_H

#include "base/kernel.h"

/*
 * The kinds that the handlers distinguish: calls on a descriptor come first, as
 * they are the most frequent. The file that handles a part is named above it;
 * is_open() and the predicates below it depend on the order.
 */
enum call_kind {
	CALL_NONE,
	/* calls/merged.h, and with PER_CALL calls/calls.h */
	CALL_OPEN,
	CALL_OPENAT,
	CALL_OPENAT2,
	CALL_CREAT,
	CALL_OPEN_HANDLE,
	CALL_READ,
	CALL_PREAD,
	CALL_READV,
	CALL_PREADV,
	CALL_WRITE,
	CALL_PWRITE,
	CALL_WRITEV,
	CALL_PWRITEV,
	CALL_CLOSE,
	/* calls/closing.h */
	CALL_CLOSE_RANGE,
	CALL_DUP2, /* closes its second argument, if that is open */
	/* calls/name_calls.h */
	CALL_NAME,	 /* changes one name */
	CALL_NAMES,	 /* makes one name from another */
	CALL_BIND,	 /* makes a name, if the address is that of a file */
	CALL_MOUNT,	 /* changes the paths of open files; records of it only with --metadata */
	CALL_ADDRESS,	 /* looks a name up, if the address is that of a file; only with --metadata */
	CALL_TIMES,	 /* only with --metadata, and as fatrace */
	CALL_ATTRIBUTES, /* changes attributes of a file; only with --metadata, and for changes */
	CALL_LOOK,	 /* only with --metadata */
	/* calls/descriptor_calls.h */
	CALL_DESCRIPTOR,
	CALL_LOOK_DESCRIPTOR, /* only with --metadata */
	CALL_ATTRIBUTES_OF,   /* as CALL_ATTRIBUTES, of a descriptor's file */
	CALL_SYNC,	      /* writes out all files */
	CALL_TRANSFER,	      /* from one descriptor to another */
	CALL_VMSPLICE,	      /* from a pipe or into one, by its direction */
	CALL_IOCTL,	      /* does what its request says */
	CALL_MAP,
	CALL_MEMORY, /* the file mapped at an address */
	/* calls/exec.h; one that failed, calls/name_calls.h */
	CALL_EXEC,
	/* calls/aio.h */
	CALL_AIO_SUBMIT,
	CALL_AIO_EVENTS,
	/* calls/uring_submit.h, calls/uring_complete.h, calls/aio.h: a request, which is no system call */
	CALL_REQUEST,
};

static __always_inline bool is_open(__u8 kind)
{
	return kind <= CALL_OPEN_HANDLE;
}

static __always_inline bool is_read(__u8 kind)
{
	return kind >= CALL_READ && kind <= CALL_PREADV;
}

static __always_inline bool is_write(__u8 kind)
{
	return kind >= CALL_WRITE && kind <= CALL_PWRITEV;
}

/* Reads or writes the descriptor that is its first argument. */
static __always_inline bool is_transfer(__u8 kind)
{
	return kind >= CALL_READ && kind <= CALL_PWRITEV;
}

/* Open, read, write and close, the most frequent calls. */
static __always_inline bool is_basic(__u8 kind)
{
	return kind <= CALL_CLOSE;
}

/* Closes descriptors, but is no close(2). */
static __always_inline bool is_closing(__u8 kind)
{
	return kind == CALL_CLOSE_RANGE || kind == CALL_DUP2;
}

/* On files by name, whether they exist or not. */
static __always_inline bool is_on_names(__u8 kind)
{
	return kind >= CALL_NAME && kind <= CALL_LOOK;
}

static __always_inline bool changes_attributes(__u8 kind)
{
	return kind == CALL_ATTRIBUTES || kind == CALL_ATTRIBUTES_OF;
}

static __always_inline bool is_aio(__u8 kind)
{
	return kind == CALL_AIO_SUBMIT || kind == CALL_AIO_EVENTS;
}

struct call_entry {
	__u8 id; /* enum bfa_call */
	__u8 kind;
};

enum { CALL_ARGUMENTS = 8 }; /* six; a power of two, to bound an index with a mask */

/* Whether a rename found a file of its second name. */
enum rename_target {
	TARGET_UNKNOWN,
	TARGET_NONE,
	TARGET_THERE,
};

/* The system call at hand. */
struct call {
	__u8 id;
	__u8 kind;
	__u8 compat; /* of a 32-bit task */
	__u8 part;   /* the record at hand is one of two */
	__u8 target; /* enum rename_target */
	__u8 has_fd; /* a request on `fd`; a system call has it among its arguments */
	__u16 types; /* enum bfa_type: the types of an open besides BFA_OPENED */
	__s32 fd;
	__u64 begin_ns; /* CLOCK_BOOTTIME of its entry; 0 if the entry was not seen: then file and new_file are not known */
	__u64 file;	/* struct file * of its descriptor at the entry, unless the call is an open */
	__u64 new_file; /* of its second descriptor */
	__u64 arguments[CALL_ARGUMENTS];
};

/* Numbers that an architecture lacks fall on this unused slot. */
#define SLOT(number) [(number) < 0 ? BFA_CALL_NUMBERS : (number)]
#define X_64(name, kind, x86_64, i386, arm64, arm) SLOT(BFA_NATIVE(x86_64, arm64)) = { BFA_CALL_##name, CALL_##kind },
#define X_32(name, kind, x86_64, i386, arm64, arm) SLOT(BFA_NATIVE(i386, arm)) = { BFA_CALL_##name, CALL_##kind },

#if defined(__TARGET_ARCH_x86)
#define BFA_NATIVE(x86, arm) (x86)
#define COMPAT_PAIRS_ARE_EVEN 0

struct pt_regs {
	unsigned long bx, cx, dx, si, di, bp, r8, r9, r10, orig_ax, ip;
} KERNEL_STRUCT;

static __always_inline __u64 instruction_pointer(struct pt_regs *regs)
{
	return regs->ip;
}

#define TS_COMPAT 0x2 /* arch/x86/include/asm/thread_info.h: in a 32-bit system call */

static __always_inline bool is_compat(struct task_struct *task, struct pt_regs *regs)
{
	return task->thread_info.status & TS_COMPAT;
}

static __always_inline __u32 call_number(struct pt_regs *regs)
{
	return regs->orig_ax;
}

/* The first argument, for the quick way, which needs no struct call. */
static __always_inline __u64 first_argument(struct pt_regs *regs, bool compat)
{
	return compat ? (__u32)regs->bx : regs->di;
}

static __always_inline __u64 third_argument(struct pt_regs *regs, bool compat)
{
	return compat ? (__u32)regs->dx : regs->dx;
}

/* The fourth argument of a 64-bit task. */
static __always_inline __u64 fourth_argument(struct pt_regs *regs)
{
	return regs->r10;
}

static __always_inline void read_arguments(struct pt_regs *regs, struct call *call)
{
	__u64 *a = call->arguments;

	a[6] = a[7] = 0;
	if (call->compat) {
		a[0] = (__u32)regs->bx;
		a[1] = (__u32)regs->cx;
		a[2] = (__u32)regs->dx;
		a[3] = (__u32)regs->si;
		a[4] = (__u32)regs->di;
		a[5] = (__u32)regs->bp;
	} else {
		a[0] = regs->di;
		a[1] = regs->si;
		a[2] = regs->dx;
		a[3] = regs->r10;
		a[4] = regs->r8;
		a[5] = regs->r9;
	}
}

#elif defined(__TARGET_ARCH_arm64)
#define BFA_NATIVE(x86, arm) (arm)
#define COMPAT_PAIRS_ARE_EVEN 1 /* 64-bit arguments begin in an even register (syscall(2)) */

struct pt_regs {
	__u64 regs[31];
	__u64 pc;
	__u64 pstate;
	__u64 orig_x0;
	__s32 syscallno;
} KERNEL_STRUCT;

static __always_inline __u64 instruction_pointer(struct pt_regs *regs)
{
	return regs->pc;
}

#define PSR_MODE32_BIT 0x10 /* arch/arm64/include/uapi/asm/ptrace.h */

/* Whether the call was made in 32-bit state: exec changes the state of the task before it ends. */
static __always_inline bool is_compat(struct task_struct *task, struct pt_regs *regs)
{
	return regs->pstate & PSR_MODE32_BIT;
}

static __always_inline __u32 call_number(struct pt_regs *regs)
{
	return regs->syscallno;
}

static __always_inline __u64 first_argument(struct pt_regs *regs, bool compat)
{
	return compat ? (__u32)regs->orig_x0 : regs->orig_x0;
}

static __always_inline __u64 third_argument(struct pt_regs *regs, bool compat)
{
	return compat ? (__u32)regs->regs[2] : regs->regs[2];
}

static __always_inline __u64 fourth_argument(struct pt_regs *regs)
{
	return regs->regs[3];
}

static __always_inline void read_arguments(struct pt_regs *regs, struct call *call)
{
	call->arguments[6] = call->arguments[7] = 0;
	for (int i = 0; i < 6; i++) {
		__u64 value = i ? regs->regs[i] : regs->orig_x0;

		call->arguments[i] = call->compat ? (__u32)value : value;
	}
}

#else
#error "bfatrace: system call numbers are known for x86-64 and arm64"
#endif

/* Since 6.2 the registers that the tracepoint passes may be read; before, those that a helper returns. */
static __always_inline struct pt_regs *call_regs(struct pt_regs *passed)
{
	return READ_BY_HELPER ? (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf()) : UNTRUSTED(passed);
}

static const struct call_entry native_calls[BFA_CALL_NUMBERS + 1] = { BFA_CALLS(X_64) };
static const struct call_entry compat_calls[BFA_CALL_NUMBERS + 1] = { BFA_CALLS(X_32) };

/* Whether a call is shown with --metadata only. */
static __always_inline bool only_looks(__u8 kind)
{
	if (changes_attributes(kind))
		return !FOR_CHANGES;
	if (kind == CALL_TIMES)
		return !FOR_CHANGES && !config.times;
	return kind == CALL_LOOK || kind == CALL_LOOK_DESCRIPTOR || kind == CALL_ADDRESS;
}

/* Finds the entry of a call; false if the call is not traced. Most calls are not, so this comes first. */
static __always_inline bool identify_call(struct task_struct *task, struct pt_regs *regs, struct call_entry *entry)
{
	__u32 number = call_number(regs);

	if (number >= BFA_CALL_NUMBERS)
		return false;
	*entry = is_compat(task, regs) ? compat_calls[number] : native_calls[number];
	return entry->kind != CALL_NONE && (config.metadata || !only_looks(entry->kind));
}

/* arm64 extends a 32-bit result by its sign; the last page of addresses holds the errors. */
static __always_inline long result_of(__u8 kind, bool compat, long ret)
{
	return compat && kind == CALL_MAP && (__u32)ret < -4095U ? (__u32)ret : ret;
}

static __always_inline void read_call(struct task_struct *task, struct pt_regs *regs, struct call_entry *entry,
				      struct call *call)
{
	call->id = entry->id;
	call->kind = entry->kind;
	call->compat = is_compat(task, regs);
	call->types = 0;
	call->part = 0;
	call->has_fd = 0;
	call->begin_ns = 0;
	read_arguments(regs, call);
}

#endif
