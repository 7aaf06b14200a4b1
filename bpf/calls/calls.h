/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A record for each call on a descriptor: its arguments, result and duration. */
#ifndef BFATRACE_CALLS_H
#define BFATRACE_CALLS_H

#include "calls/call_enter.h"
#include "calls/call_arguments.h"

/* Not inlined: the stack of all callers together is bounded. */
static __noinline int failed_open(struct call *call, long ret)
{
	struct scratch *s = scratch_get();
	struct bfa_call_record *c;
	struct name name;
	int verdict;

	if (!s || !call)
		return 0;
	c = &s->call;
	name = opened_name(call);
	call->types = BFA_OPENED;
	describe_call(c, current_task(), call, ret);
	c->record.marks |= BFA_MARK_FLAGS | BFA_MARK_MODE;
	open_arguments(call, &c->record.flags, &c->record.mode);
	if (!call_wanted(c))
		return 0;
	verdict = judge_failed(&name);
	if (!verdict)
		return 0;
	write_asked_names(c, &name, 0);
	if (admit_by(verdict, &c->record))
		emit_call(s);
	return 0;
}

/* Adds the file to the record, after what the call itself gives; its entry's lock is held. */
static __always_inline void describe_file(struct bfa_call_record *c, struct open_key *key, struct known_file *k)
{
	struct bfa_record *r = &c->record;

	r->marks |= k->record.marks & FILE_MARKS;
	r->inode = k->record.inode;
	r->device = k->record.device;
	r->path_len = copy_path(key, k, sizeof(*c));
}

/* Adds the arguments of a call on a descriptor. */
static __always_inline void describe_arguments(struct bfa_call_record *c, struct open_key *key, struct call *call)
{
	struct bfa_record *r = &c->record;

	r->marks |= BFA_MARK_FD;
	r->fd = key->fd;
	if (is_open(call->kind)) {
		r->marks |= BFA_MARK_FLAGS | BFA_MARK_MODE;
		open_arguments(call, &r->flags, &r->mode);
	} else if (is_transfer(call->kind)) {
		transfer_arguments(c, call);
	} else if (call->kind != CALL_CLOSE) {
		describe_shape(c, call, shape_of(call));
	}
	if (call->kind == CALL_VMSPLICE) {
		r->marks |= BFA_MARK_SIZE;
		c->size = vector_size(call->arguments[1], call->arguments[2], call->compat);
	}
}

/*
 * A run for changes needs one record of each kind of change of an open file.
 * With a result of 0, a call may have done nothing.
 */
static __always_inline bool is_news(struct open_file *e, __u32 types, long ret)
{
	if (!FOR_CHANGES || !e || e->transient || ret <= 0)
		return true;
	return types & ~__sync_fetch_and_or(&e->types, types);
}

/* Sends the record of a call on a descriptor; e is 0 if that is not open at all. */
CHECKED_ONCE int report_call(struct open_key *key, struct open_file *e, struct call *call, long ret)
{
	struct task_struct *task = current_task();
	struct scratch *s = scratch_get();
	struct bfa_call_record *c;

	if (!s || !key || !call)
		return 0;
	c = &s->call;
	if (!is_open(call->kind) && !is_news(e, call->types | call_types(call->kind, false), ret))
		return 0;
	describe_call(c, task, call, ret);
	c->record.types |= call_types(call->kind, false);
	if (!call_wanted(c))
		return 0;
	describe_arguments(c, key, call);
	/* Locked: a refresh may be changing the path. */
	if (e && lock(key, e)) {
		describe_file(c, key, &e->known);
		unlock(e);
	}
	emit_call(s);
	return 0;
}

/* Whether the map still has the path of a file: an entry that was taken over has lost a long one. */
static __always_inline bool path_is_kept(struct open_key *key, struct known_file *k)
{
	struct open_file *e;

	if (is_in_entry(k))
		return true;
	e = find_entry(key);
	return e && e->known.file == k->file && e->known.dentry == k->dentry;
}

CHECKED_ONCE int report_close(struct open_key *key, struct known_file *k, struct call *call, long ret)
{
	struct task_struct *task = current_task();
	struct scratch *s = scratch_get();
	struct bfa_call_record *c;

	if (!s || !key || !k || !call)
		return 0;
	c = &s->call;
	describe_call(c, task, call, ret);
	c->record.types = call_types(call->kind, k->writable);
	if (!call_wanted(c))
		return 0;
	describe_arguments(c, key, call);
	describe_file(c, key, k);
	if (!path_is_kept(key, k))
		c->record.path_len = 0;
	emit_call(s);
	return 0;
}

/*
 * A call on a number that is no descriptor is about no file: --all shows it, a
 * place does not. The error need not be EBADF: the kernel may check other
 * arguments first.
 */
static __always_inline bool shows_bad_descriptor(struct open_key *key, long ret)
{
	return ret < 0 && config.all && !names_place() && !file_of_fd(current_task(), key->fd);
}

static __always_inline int call_on_close(struct task_struct *task, struct open_key *key, struct call *call, long ret)
{
	struct call_start *start = start_of();

	if (start && start->closes && call->begin_ns) {
		start->closes = 0;
		report_close(key, &start->closing, call, ret);
	} else if (shows_bad_descriptor(key, ret)) {
		report_call(key, 0, call, ret);
	}
	return close_exit(key);
}

/* Whether the descriptor has another file than when the call began: another thread has changed it. */
static __always_inline bool has_changed(struct call *call, struct file *file, bool second)
{
	/* The other file of an ioctl, and what i386's first mmap maps, are not known before the exit. */
	if ((call->kind == CALL_IOCTL && !second) || (call->compat && call->id == BFA_CALL_mmap))
		return false;
	return call->begin_ns && (second ? call->new_file : call->file) != (__u64)file;
}

/* Reports a call, failed or not, on a descriptor that it did not open. */
static __noinline int report_descriptor(struct call *call, __u32 fd, bool second, long ret)
{
	struct task_struct *task = current_task();
	struct open_key key = { .tgid = task->tgid, .fd = fd };
	struct file *file = file_of_fd(task, fd);
	struct open_file *e;

	if (!call || !is_for_changes(file, call->types | call_types(call->kind, false)))
		return 0;
	if ((!file && ret >= 0) || has_changed(call, file, second)) {
		COUNT(unresolved, 1);
		return 0;
	}
	e = file ? entry_of(&key, file, call) : 0;
	if (e || shows_bad_descriptor(&key, ret))
		report_call(&key, e, call, ret);
	return 0;
}

static __always_inline int reported_open(struct task_struct *task, struct call *call, __u32 fd)
{
	struct open_key key = { .tgid = task->tgid, .fd = fd };
	struct file *file = file_of_fd(task, fd);
	__u32 flags, mode;
	struct open_file *e;

	if (!file) {
		COUNT(unresolved, 1);
		return 0;
	}
	open_arguments(call, &flags, &mode);
	call->types = open_effects(file, flags);
	e = entry_of(&key, file, call);
	if (e)
		report_call(&key, e, call, fd);
	return 0;
}

/* Does what report_close() does, from what the entry of the call kept. */
static __always_inline bool report_close_quickly(struct task_struct *task, struct call_start *start, long ret)
{
	struct known_file *k = &start->closing;

	if (!start->closes || !is_in_entry(k))
		return false;
	start->closes = 0;
	complete_call(&k->call, task, start->id, call_types(CALL_CLOSE, k->writable), start->time_ns, ret);
	send_call(k);
	return true;
}

/*
 * Does what report_descriptor() does, in line, for a read or write when the
 * entry is that of the file; false otherwise.
 */
static __always_inline bool report_transfer_quickly(struct task_struct *task, struct call_start *start,
						    struct pt_regs *regs, __u8 kind, long ret)
{
	struct open_key key = { .tgid = task->tgid, .fd = first_argument(regs, false) };
	struct file *file = file_of_fd(task, key.fd);
	struct open_file *e = file ? find_entry(&key) : 0;
	struct bfa_call_record *c;

	if (!e || (__u64)file != start->file || !is_current(e, file) || !is_in_entry(&e->known))
		return false;
	if (e->known.outside)
		return true;
	if (!try_lock(&e->busy))
		return false;
	/* Compare again: now nobody changes the entry. */
	if (!is_entry_of(e, &key) || !is_of(e, file) || !is_in_entry(&e->known)) {
		unlock(e);
		return false;
	}
	c = &e->known.call;
	complete_call(c, task, start->id, call_types(kind, false), start->time_ns, ret);
	c->record.marks |= BFA_MARK_SIZE;
	c->size = third_argument(regs, false);
	if (kind == CALL_PREAD || kind == CALL_PWRITE) {
		c->record.marks |= BFA_MARK_OFFSET;
		c->offset = fourth_argument(regs);
	}
	send_call(&e->known);
	unlock(e);
	return true;
}

/* Does what reported_open() does, in line, when the path is short; false otherwise. */
static __always_inline bool report_open_quickly(struct task_struct *task, struct call_start *start,
						struct pt_regs *regs, struct call_entry *entry, long ret)
{
	struct open_key key = { .tgid = task->tgid, .fd = ret };
	struct file *file = file_of_fd(task, ret);
	struct scratch *s = scratch_of_others();
	struct bfa_call_record *c;
	__u32 flags, mode;
	struct open_file *e;

	if (!s || !file)
		return false;
	if (!wanted(file))
		return is_unknown(&key);
	e = fill_quickly(s, &key, task, file);
	if (!e)
		return false;
	c = &e->known.call;
	read_call(task, regs, entry, &s->call_at_hand);
	open_arguments(&s->call_at_hand, &flags, &mode);
	complete_call(c, task, entry->id, BFA_OPENED | open_effects(file, flags), start->time_ns, ret);
	c->record.marks |= BFA_MARK_FLAGS | BFA_MARK_MODE;
	c->record.flags = flags;
	c->record.mode = mode;
	if (!e->known.outside)
		send_call(&e->known);
	unlock(e);
	return true;
}

/* Whether the quick way takes a call: vectors are in user memory, and a failed open has no file. */
static __always_inline bool comes_often(__u8 kind, long ret)
{
	if (is_open(kind))
		return !READ_BY_HELPER && ret >= 0;
	return kind == CALL_READ || kind == CALL_PREAD || kind == CALL_WRITE || kind == CALL_PWRITE ||
	       kind == CALL_CLOSE;
}

/* Reports the most frequent calls; false if the call or the case is another one. */
static __always_inline bool called_quickly(struct task_struct *task, struct pt_regs *regs, struct call_entry *entry,
					   long ret)
{
	__u8 kind = entry->kind;
	struct call_start *start;
	bool is_done = false;

	/* Entries have no processes, and 32-bit tasks pass offsets in halves. */
	if (!comes_often(kind, ret) || describes_processes() || is_compat(task, regs))
		return false;
	start = start_of();
	if (!start || start->id != entry->id)
		return false;
	if (config.only_failed && ret >= 0)
		is_done = kind != CALL_CLOSE;
	else if (is_open(kind))
		is_done = report_open_quickly(task, start, regs, entry, ret);
	else if (kind == CALL_CLOSE)
		is_done = report_close_quickly(task, start, ret);
	else
		is_done = report_transfer_quickly(task, start, regs, kind, ret);
	if (is_done)
		start->id = BFA_CALL_NONE;
	return is_done;
}

static __always_inline int call_exit(struct task_struct *task, struct call *call, long ret)
{
	struct open_key key = { .tgid = task->tgid, .fd = is_open(call->kind) ? ret : call->arguments[0] };

	if (is_closing(call->kind))
		return ret < 0 ? 0 : closing_exit(task, call);
	if (call->kind == CALL_CLOSE)
		return call_on_close(task, &key, call, ret);
	if (config.only_failed && ret >= 0)
		return 0;
	if (!is_open(call->kind))
		return report_descriptor(call, key.fd, false, ret);
	return reported_open(task, call, ret);
}

#endif
