/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The files that make up a new program: the file that exec was passed, the
 * interpreter of a script, and the program interpreter that ELF names (ld.so).
 * The kernel opens and reads them itself.
 */
#ifndef BFATRACE_EXEC_H
#define BFATRACE_EXEC_H

#include "calls/descriptor_calls.h"
#include "calls/name_touches.h"

enum {
	EXEC_TYPES = BFA_READ | BFA_OPENED,
	DEV_FD = sizeof("/dev/fd/") - 1,
	DEV_FD_SIZE = 32, /* of that, a number of ten digits, and a slash or NUL; a power of two */
};

struct linux_binprm {
	struct file *file;
	const char *filename;
	const char *interp;
	const char *fdpath;
} KERNEL_STRUCT;

/* execveat(2) with a descriptor names a script "/dev/fd/N" or "/dev/fd/N/NAME" (fs/exec.c, alloc_bprm). */
static __always_inline void start_at_descriptor(struct name *n)
{
	char text[DEV_FD_SIZE] = {};
	__u32 digits = 0;
	int fd = 0;

	bpf_probe_read_kernel_str(text, DEV_FD_SIZE, (void *)n->string);
	for (int i = DEV_FD; i < DEV_FD + 10; i++) {
		if (text[i] < '0' || text[i] > '9')
			break;
		fd = fd * 10 + text[i] - '0';
		digits++;
	}
	n->dfd = fd;
	n->string += DEV_FD + digits;
	if (text[BOUNDED(DEV_FD + digits, DEV_FD_SIZE - 1)] == '/')
		n->string++;
}

/* The name that exec was given. */
static __always_inline struct name executed_name(struct linux_binprm *bprm)
{
	struct name n = {
		.string = (__u64)READ(bprm, filename),
		.dfd = AT_FDCWD,
		.rule = LOOKUP_FOLLOW,
		.kernel = true,
	};

	if (READ(bprm, fdpath))
		start_at_descriptor(&n);
	return n;
}

/* One more file of the program. */
static __noinline int report_program(struct call *call, struct place *at)
{
	struct touch t = { .at = *at, .types = EXEC_TYPES };

	if (!file_in_scope(at->dentry))
		return 0;
	return PER_CALL ? report_file(call, at, 0) : touch(&t);
}

static __always_inline int report_script(struct call *call, struct linux_binprm *bprm)
{
	struct lookup *l = lookup_get();
	struct name *n;

	if (!l)
		return 0;
	n = &l->names[0];
	*n = executed_name(bprm);
	return PER_CALL ? report_names(call, n, 0, 0) : touch_name(n, EXEC_TYPES);
}

/* The interpreter runs first, unless the program is static. */
static __noinline int report_interpreter(struct call *call, struct place *program)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	struct place at = {};

	bpf_find_vma(task, instruction_pointer(regs), file_of_mapping, &at, 0);
	return at.dentry && at.dentry != program->dentry ? report_program(call, &at) : 0;
}

/* Makes the call of an exec that is over: only what its entry kept is known. */
static __always_inline void executed_call(struct call *call)
{
	struct call_start *start = PER_CALL ? start_of() : 0;

	__builtin_memset(call, 0, sizeof(*call));
	call->id = BFA_CALL_execve;
	call->kind = CALL_EXEC;
	call->types = EXEC_TYPES;
	if (start && start->id == BFA_CALL_execveat) {
		call->id = BFA_CALL_execveat;
		call->arguments[4] = start->exec_flags;
	}
	recall_start(call);
}

static __always_inline int report_exec(struct scratch *s, struct linux_binprm *bprm)
{
	struct place program = place_of(&READ(bprm, file)->f_path);
	struct call *call = &s->call_at_hand;

	executed_call(call);
	if (READ(bprm, interp) != READ(bprm, filename))
		report_script(call, bprm);
	report_program(call, &program);
	return report_interpreter(call, &program);
}

#endif
