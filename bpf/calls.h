/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A record for each call: its arguments, result and duration. */
#ifndef BFATRACE_CALLS_H
#define BFATRACE_CALLS_H

#include "closing.h"

/* The call a thread is in, from its entry to its exit. */
struct call_start {
	__u64 time_ns;
	__u64 file; /* struct file * of its descriptor, unless it is an open */
	__u32 id;
	__u32 closes; /* `closing` is the file that a close is about */
	struct known_file closing;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct call_start);
} starts SEC(".maps");

/* At the exit of close its file is gone, and the descriptor perhaps another thread's: know it now. */
static __noinline int remember_closing(struct call_start *start, struct open_key *key, struct call *call)
{
	struct file *file = start ? (struct file *)start->file : 0;
	struct open_file *e;

	if (!start || !key || !call || !file)
		return 0;
	e = entry_of(key, file, call);
	if (!e || !lock(key, e))
		return 0;
	start->closes = is_of(e, file);
	start->closing = e->known;
	unlock(e);
	return 0;
}

static __always_inline int call_enter(struct task_struct *task, struct call *call)
{
	struct open_key key = { .tgid = task->tgid, .fd = call->arguments[0] };
	struct call_start *start = bpf_task_storage_get(&starts, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!start) {
		if (call->kind == CALL_CLOSE)
			COUNT(lost, 1);
		return 0;
	}
	start->closes = 0;
	start->file = is_open_call(call) ? 0 : (__u64)file_of_fd(task, key.fd);
	if (call->kind == CALL_CLOSE)
		remember_closing(start, &key, call);
	start->id = call->id;
	start->time_ns = bpf_ktime_get_boot_ns();
	return 0;
}

/* What every record of a call holds; the caller adds arguments and file. */
static __always_inline void describe_call(struct bfa_call_record *c, struct task_struct *task, struct call *call,
					  long ret)
{
	struct call_start *start = bpf_task_storage_get(&starts, task, 0, 0);
	__u64 now = bpf_ktime_get_boot_ns();

	__builtin_memset(c, 0, sizeof(*c));
	c->record.kind = BFA_RECORD_CALL;
	c->record.call = call->id;
	c->record.time_ns = now;
	c->record.tgid = task->tgid;
	c->record.tid = task->pid;
	c->record.uid = task->cred->euid.val;
	c->record.gid = task->cred->egid.val;
	copy_comm(c->record.comm, task);
	c->ret = ret;
	if (start && start->id == call->id) {
		c->record.marks = BFA_MARK_DURATION;
		c->record.time_ns = start->time_ns;
		c->duration_ns = now - start->time_ns;
		start->id = BFA_CALL_NONE;
	}
}

struct iov_context {
	__u64 vector;
	__u64 size;
	__u32 compat;
};

static long add_segment(__u32 index, void *context)
{
	struct iov_context *v = context;
	__u64 length = 0;

	/* struct iovec and compat_iovec: base, then length. */
	if (v->compat)
		bpf_probe_read_user(&length, 4, (void *)(v->vector + index * 8 + 4));
	else
		bpf_probe_read_user(&length, 8, (void *)(v->vector + index * 16 + 8));
	v->size += length;
	return 0;
}

static __noinline __u64 vector_size(__u64 vector, __u64 segments, bool compat)
{
	struct iov_context v = { .vector = vector, .compat = compat };

	if (segments <= BFA_IOV_MAX)
		bpf_loop(segments, add_segment, &v, 0);
	return v.size;
}

/* A 32-bit task passes it in halves. */
static __always_inline __u64 compat_offset(struct call *call)
{
	__u64 *a = call->arguments;

	if (COMPAT_PAIRS_ARE_EVEN && (call->kind == CALL_PREAD || call->kind == CALL_PWRITE))
		return a[4] | a[5] << 32;
	return a[3] | a[4] << 32;
}

static __always_inline void transfer_arguments(struct bfa_call_record *c, struct call *call)
{
	__u64 *a = call->arguments;
	__u8 kind = call->kind;

	c->record.marks |= BFA_MARK_SIZE;
	c->size = a[2];
	if (kind == CALL_READV || kind == CALL_PREADV || kind == CALL_WRITEV || kind == CALL_PWRITEV)
		c->size = vector_size(a[1], a[2], call->compat);
	if (kind == CALL_PREAD || kind == CALL_PREADV || kind == CALL_PWRITE || kind == CALL_PWRITEV) {
		c->record.marks |= BFA_MARK_OFFSET;
		c->offset = call->compat ? compat_offset(call) : a[3];
	}
}

static __always_inline __u32 call_types(__u8 kind, bool writable)
{
	if (kind <= CALL_CREAT)
		return BFA_OPENED;
	if (kind == CALL_CLOSE)
		return writable ? BFA_CLOSED | BFA_WRITTEN : BFA_CLOSED;
	return kind >= CALL_WRITE ? BFA_WRITTEN : BFA_READ;
}

/* The directory from which a file name is looked up. */
static __always_inline __u32 resolve_base(struct scratch *s, struct task_struct *task, char first, int dfd)
{
	struct file *file;

	if (first == '/')
		return resolve(s, task->fs->root.mnt, task->fs->root.dentry);
	if (dfd == AT_FDCWD)
		return resolve(s, task->fs->pwd.mnt, task->fs->pwd.dentry);
	file = file_of_fd(task, dfd);
	return file ? resolve(s, READ(file, f_path.mnt), READ(file, f_path.dentry)) : 0;
}

/* The directory a failed open started from, and the string it was passed: at exit its page is resident. */
static __noinline bool describe_filename(struct call *call)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scratch *s = scratch_get();
	const char *filename;
	char first;
	__u32 len;
	long read;
	bool at;

	if (!s || !call)
		return false;
	at = call->kind == CALL_OPENAT || call->kind == CALL_OPENAT2;
	filename = (const char *)(at ? call->arguments[1] : call->arguments[0]);
	if (bpf_probe_read_user(&first, 1, filename))
		return false;
	len = resolve_base(s, task, first, at ? (int)call->arguments[0] : AT_FDCWD);
	bpf_probe_read_kernel(s->bytes + sizeof(s->call), BOUNDED(len, BFA_PATH_MAX - 1),
			      &s->path[BOUNDED(BFA_PATH_MAX - len, BFA_PATH_MAX - 1)]);
	read = bpf_probe_read_user_str(s->bytes + sizeof(s->call) + BOUNDED(len, BFA_PATH_MAX - 1), BFA_PATH_MAX,
				       filename);
	if (read < 0)
		return false;
	s->call.record.marks |= BFA_MARK_FILENAME;
	if (len)
		s->call.record.marks |= s->walk.marks & BFA_MARK_TRUNCATED;
	s->call.record.path_len = len;
	/* Older kernels return 0 for an empty string, newer ones count its NUL. */
	s->call.record.filename_len = read ? read - 1 : 0;
	return true;
}

static __always_inline bool call_wanted(struct bfa_call_record *c)
{
	if (config.only_failed && c->ret >= 0)
		return false;
	if (config.slower_ns && c->duration_ns < config.slower_ns)
		return false;
	return c->record.types & config.types;
}

static __always_inline void emit_call(struct scratch *s)
{
	struct bfa_record *r = &s->call.record;

	emit(s, sizeof(s->call) + r->path_len + r->filename_len, 1);
}

static __always_inline int failed_open(struct scratch *s, struct task_struct *task, struct call *call, long ret)
{
	struct bfa_call_record *c = &s->call;

	describe_call(c, task, call, ret);
	c->record.types = BFA_OPENED;
	c->record.marks |= BFA_MARK_OPEN;
	open_arguments(call, &c->record.flags, &c->record.mode);
	if (!call_wanted(c))
		return 0;
	/* A string that cannot be read may name any place, or none. */
	if (describe_filename(call) || !names_place())
		emit_call(s);
	return 0;
}

/* The file into the record, behind what the call itself said; its entry's lock is held. */
static __always_inline void describe_file(struct bfa_call_record *c, struct open_key *key, struct known_file *k)
{
	struct bfa_record *r = &c->record;

	r->marks |= k->marks | BFA_MARK_FILE;
	r->inode = k->inode;
	r->device = k->device;
	r->path_len = copy_path(key, k, sizeof(*c));
}

/* The arguments of a call that is about a descriptor. */
static __always_inline void describe_arguments(struct bfa_call_record *c, struct open_key *key, struct call *call)
{
	struct bfa_record *r = &c->record;

	r->marks |= BFA_MARK_FD;
	r->fd = key->fd;
	if (is_open_call(call)) {
		r->marks |= BFA_MARK_OPEN;
		open_arguments(call, &r->flags, &r->mode);
	} else if (call->kind != CALL_CLOSE) {
		transfer_arguments(c, call);
	}
}

/* The record of a call on a descriptor; e is 0 if that is not open at all. */
static __noinline int report_call(struct open_key *key, struct open_file *e, struct call *call, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scratch *s = scratch_get();
	struct bfa_call_record *c;

	if (!s || !key || !call)
		return 0;
	c = &s->call;
	describe_call(c, task, call, ret);
	c->record.types = call_types(call->kind, false);
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

/* The file of a long path whose entry has been taken over has lost it. */
static __always_inline bool path_is_kept(struct open_key *key, struct known_file *k)
{
	struct open_file *e;

	if (k->path_len < BFA_SHORT_PATH)
		return true;
	e = bpf_map_lookup_elem(&open_files, key);
	return e && e->known.file == k->file && e->known.dentry == k->dentry;
}

static __noinline int report_close(struct open_key *key, struct known_file *k, struct call *call, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
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

/* A call on a number that is no descriptor is about no file: --all shows it, a place does not. */
static __always_inline bool shows_bad_descriptor(struct open_key *key, long ret)
{
	return ret == -EBADF && config.all && !names_place() && !file_of_fd(bpf_get_current_task_btf(), key->fd);
}

static __always_inline int call_on_close(struct task_struct *task, struct open_key *key, struct call *call, long ret)
{
	struct call_start *start = bpf_task_storage_get(&starts, task, 0, 0);

	if (start && start->closes) {
		start->closes = 0;
		report_close(key, &start->closing, call, ret);
	} else if (shows_bad_descriptor(key, ret)) {
		report_call(key, 0, call, ret);
	}
	return close_exit(key);
}

/* Whether the descriptor is of another file than when the call began: another thread has changed it. */
static __always_inline bool has_changed(struct task_struct *task, struct call *call, struct file *file)
{
	struct call_start *start = bpf_task_storage_get(&starts, task, 0, 0);

	return start && start->id == call->id && start->file != (__u64)file;
}

static __always_inline int call_exit(struct task_struct *task, struct call *call, long ret)
{
	struct open_key key = { .tgid = task->tgid, .fd = is_open_call(call) ? ret : call->arguments[0] };
	struct scratch *s = scratch_get();
	struct open_file *e;
	struct file *file;

	if (!s)
		return 0;
	if (call->kind >= CALL_CLOSE_RANGE)
		return ret < 0 ? 0 : closing_exit(task, call);
	if (is_open_call(call) && ret < 0)
		return failed_open(s, task, call, ret);
	if (call->kind == CALL_CLOSE)
		return call_on_close(task, &key, call, ret);
	if (config.only_failed && ret >= 0)
		return 0;
	file = file_of_fd(task, key.fd);
	if ((!file && ret != -EBADF) || (!is_open_call(call) && has_changed(task, call, file))) {
		COUNT(unresolved, 1);
		return 0;
	}
	e = file ? entry_of(&key, file, call) : 0;
	if (e || shows_bad_descriptor(&key, ret))
		report_call(&key, e, call, ret);
	return 0;
}

#endif
