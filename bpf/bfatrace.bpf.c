// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The programs. A system call is handled at its exit, when result and
 * arguments are both at hand; its entry is looked at only in runs that need
 * durations. From there: scope -> open file -> counts or record -> ring.
 */
#include "calls/aio.h"
#include "calls/call_times.h"
#include "calls/calls.h"
#include "calls/descriptor_calls.h"
#include "calls/exec.h"
#include "files/flush.h"
#include "calls/merged.h"
#include "calls/name_calls.h"
#include "files/open_at_start.h"
#include "files/setup.h"
#include "calls/uring_complete.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Programs that user space fills in: enum bfa_handler. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, BFA_HANDLER_COUNT);
	__type(key, __u32);
	__type(value, __u32);
} handlers SEC(".maps");

static __always_inline __u32 handler_of(__u8 kind, long ret)
{
	if (is_on_names(kind) || kind == CALL_EXEC || (is_open(kind) && ret < 0))
		return BFA_HANDLE_NAMES;
	return is_basic(kind) || is_closing(kind) ? BFA_HANDLE_FILES : BFA_HANDLE_DESCRIPTORS;
}

static __always_inline int go_on(void *ctx, enum occasion occasion, enum bfa_handler handler)
{
	struct scratch *s = scratch_of_others();

	if (!s)
		return 0;
	s->occasion = occasion;
	bpf_tail_call(ctx, &handlers, handler);
	return 0;
}

/* Merged records count what succeeded, and a close whatever its result; a summary also counts failed opens. */
static __always_inline bool is_result_wanted(__u8 kind, long ret)
{
	/* sched_process_exec reports a program that was executed. */
	if (kind == CALL_EXEC)
		return PER_CALL && ret < 0;
	if (kind == CALL_MOUNT && !config.metadata)
		return false;
	if (ret >= 0 || kind == CALL_CLOSE)
		return true;
	if (PER_CALL)
		return !FOR_CHANGES || config.failed_opens;
	return config.failed_opens && is_open(kind);
}

SEC("raw_tp/sys_exit")
int BPF_PROG(sys_exit, struct pt_regs *passed, long ret)
{
	struct task_struct *task = current_task();
	struct pt_regs *regs = call_regs(passed);
	struct call_entry entry;

	if (!identify_call(task, regs, &entry))
		return 0;
	ret = result_of(entry.kind, is_compat(task, regs), ret);
	if (!ret && (entry.kind == CALL_MOUNT || is_rename(entry.id)))
		__sync_fetch_and_add(&path_epoch, 1);
	if (!is_result_wanted(entry.kind, ret) || !task_in_scope(task))
		return 0;
	if (describes_processes())
		know_process();
	if (COUNTS_QUICKLY && is_basic(entry.kind)) {
		if (counted_quickly(task, &entry, ret))
			return 0;
	} else if (!config.only_general && is_basic(entry.kind) &&
		   (PER_CALL ? called_quickly(task, regs, &entry, ret) : merged_quickly(task, regs, &entry, ret)))
		return 0;
	return go_on(ctx, AT_CALL, handler_of(entry.kind, ret));
}

/* The system call that a handler runs for, which sys_exit has found to be wanted. */
static __always_inline struct call *call_at_hand(struct scratch *s, struct pt_regs *passed)
{
	struct task_struct *task = current_task();
	struct pt_regs *regs = call_regs(passed);
	struct call_entry entry;

	if (!identify_call(task, regs, &entry))
		return 0;
	read_call(task, regs, &entry, &s->call_at_hand);
	recall_start(&s->call_at_hand);
	return &s->call_at_hand;
}

/*
 * The handlers, to which other programs go on by tail call: what these share is
 * verified and loaded once. All are raw_tp: the verifier refuses tail calls
 * from one tp_btf tracepoint to the program of another.
 */
SEC("raw_tp")
int handle_files(__u64 *arguments)
{
	struct task_struct *task = current_task();
	struct scratch *s = scratch_of_others();
	struct call *call = s ? call_at_hand(s, (struct pt_regs *)arguments[0]) : 0;

	if (!call)
		return 0;
	return PER_CALL ? call_exit(task, call, arguments[1]) : merged_exit(task, call, arguments[1]);
}

SEC("raw_tp")
int handle_names(__u64 *arguments)
{
	struct scratch *s = scratch_get();
	struct call *call;

	if (!s)
		return 0;
	if (s->occasion == AT_EXEC)
		return report_exec(s, (struct linux_binprm *)arguments[2]);
	if (FOR_CHANGES && has_io_uring() && s->occasion == AT_SUBMISSION)
		return uring_submit_rename((struct io_kiocb *)arguments[0]);
	if (has_io_uring() && s->occasion == AT_COMPLETION)
		return complete_names(s, (struct io_kiocb *)arguments[1]);
	if (s->occasion == AT_IOCTL_NAME)
		return ioctl_name_exit(&s->call_at_hand, arguments[1]);
	call = call_at_hand(s, (struct pt_regs *)arguments[0]);
	if (!call)
		return 0;
	return is_open(call->kind) ? failed_open(call, arguments[1]) : name_exit(call, arguments[1]);
}

SEC("raw_tp")
int handle_descriptors(__u64 *arguments)
{
	struct task_struct *task = current_task();
	struct scratch *s = scratch_get();
	struct ioctl_request request;
	long ret = arguments[1];
	struct call *call;

	if (!s)
		return 0;
	if (has_io_uring() && s->occasion == AT_SUBMISSION)
		return uring_submit_close((struct io_kiocb *)arguments[0]);
	if (has_io_uring() && s->occasion == AT_COMPLETION)
		return complete_data(task, s, (struct io_kiocb *)arguments[1]);
	call = call_at_hand(s, (struct pt_regs *)arguments[0]);
	if (!call)
		return 0;
	if (call->kind == CALL_IOCTL) {
		request = ioctl_request_of(call);
		if (makes_name(&request))
			return go_on(arguments, AT_IOCTL_NAME, BFA_HANDLE_NAMES);
		return request.effect ? ioctl_exit(s, call, &request, ret) : 0;
	}
	return is_aio(call->kind) ? aio_exit(task, call, ret) : other_descriptor_exit(task, call, ret);
}

/* Attached only in runs with a record for each call. */
SEC("raw_tp/sys_enter")
int BPF_PROG(sys_enter, struct pt_regs *passed, long number)
{
	struct task_struct *task = current_task();
	struct pt_regs *regs = call_regs(passed);
	struct call_start *start;
	struct call_entry entry;
	struct scratch *s;

	if (!identify_call(task, regs, &entry) || !task_in_scope(task))
		return 0;
	if (is_closing(entry.kind) || (FOR_CHANGES && !is_rename(entry.id)))
		return 0;
	if (COUNTS_QUICKLY && is_basic(entry.kind))
		return begin_counted(task, regs, &entry);
	start = make_start();
	s = scratch_of_others();
	if (!start || !s) {
		if (entry.kind == CALL_CLOSE)
			COUNT(lost, 1);
		return 0;
	}
	start->closes = 0;
	if (FOR_CHANGES) {
		read_call(task, regs, &entry, &s->call_at_hand);
		rename_enter(start, &s->call_at_hand);
	} else if (config.only_general || !enter_quickly(start, task, regs, entry.kind)) {
		read_call(task, regs, &entry, &s->call_at_hand);
		call_enter(start, task, &s->call_at_hand);
	}
	start->id = entry.id;
	start->time_ns = bpf_ktime_get_boot_ns();
	return 0;
}

/* Runs when exec has closed descriptors and has given the process a new name. */
SEC("raw_tp/sched_process_exec")
int sched_process_exec(void *ctx)
{
	struct task_struct *task = current_task();

	if (task->tgid == own_tgid)
		return 0;
	/* Nobody else is described: there is room for so many. */
	if (describes_processes() && (has_entries(task) || task_in_scope(task)))
		know_process();
	visit_entries(task, 0, ~0U, VISIT_EXEC);
	if (!task_in_scope(task) || !types_wanted(EXEC_TYPES) || config.only_failed)
		return 0;
	return go_on(ctx, AT_EXEC, BFA_HANDLE_NAMES);
}

SEC("raw_tp/sched_process_exit")
int sched_process_exit(void *ctx)
{
	struct task_struct *task = current_task();
	struct files_struct *files = task->files;
	__u32 threads;

	if (COUNTS_QUICKLY)
		give_up_slot(task);
	if (task->signal->live.counter)
		return 0;
	if (config.pid_rules)
		forget_rule(seen_tgid(task));
	/* Threads that die together all come here, and each still holds the table; a dead leader does not. */
	threads = task->signal->nr_threads;
	if (task->group_leader != task && !task->group_leader->files)
		threads--;
	if (describes_processes() && has_entries(task))
		know_process();
	visit_entries(task, 0, ~0U, files->count.counter > threads ? VISIT_LEAVE : VISIT_EXIT);
	if (config.exe_is_lost)
		forget_last(task->tgid);
	return 0;
}

/* Attached only with --follow and for a command. */
SEC("raw_tp/sched_process_fork")
int BPF_PROG(sched_process_fork, struct task_struct *parent, struct task_struct *child)
{
	return follow_child(current_task(), child);
}

/* Attached to io_uring_submit_req, or before 6.4 to io_uring_submit_sqe, where the kernel has it. */
SEC("raw_tp")
int BPF_PROG(io_uring_submit, struct io_kiocb *req)
{
	const struct uring_entry *entry;

	if (!has_io_uring() || !task_in_scope(current_task()))
		return 0;
	if (describes_processes())
		know_process();
	entry = uring_entry_of(req);
	if (entry && entry->kind == CALL_CLOSE)
		return go_on(ctx, AT_SUBMISSION, BFA_HANDLE_DESCRIPTORS);
	if (FOR_CHANGES && entry && entry->id == BFA_CALL_io_uring_renameat)
		return go_on(ctx, AT_SUBMISSION, BFA_HANDLE_NAMES);
	return uring_submit(entry, req);
}

/* Takes the result from the request: the arguments that follow it differ between kernels. */
SEC("raw_tp")
int BPF_PROG(io_uring_complete, void *ring, struct io_kiocb *req)
{
	const struct uring_entry *entry = has_io_uring() && req ? completed(current_task(), req) : 0;

	if (!entry)
		return 0;
	if (describes_processes())
		know_process();
	return go_on(ctx, AT_COMPLETION, has_names(entry) ? BFA_HANDLE_NAMES : BFA_HANDLE_DESCRIPTORS);
}

/* Runs once, after the others are attached; for merged records only. */
SEC("iter/task_file")
int open_at_start(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;

	return task ? note_open_at_start(UNTRUSTED(task), context->fd) : 0;
}

/* Not attached: user space runs it at each flush interval, and once at the end. */
SEC("raw_tp")
int flush(void *context)
{
	return flush_all();
}

/* Not attached: user space runs it before the others are attached. */
SEC("raw_tp")
int setup(struct bpf_raw_tracepoint_args *context)
{
	return set_up(context->args[0], context->args[1], context->args[2]);
}

/* Not attached: user space runs it before the others. Only a program of this type may ask for addresses. */
SEC("syscall")
int setup_counts(void *context)
{
	return find_counts();
}
