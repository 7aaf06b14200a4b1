/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a request to a record: whether it is wanted, and the path of its file. */
#ifndef BFATRACE_DISK_REPORT_H
#define BFATRACE_DISK_REPORT_H

#include "disk/disk_io.h"
#include "disk/disk_latency.h"
#include "disk/disk_name.h"

__u64 begin_ns; /* CLOCK_BOOTTIME of when the trace began */

enum { DISKS_KNOWN = 4096 };

/* When each disk had its last request: none is forgotten, as it would seem to have been idle. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DISKS_KNOWN);
	__type(key, __u32);
	__type(value, __u64);
} last_requests SEC(".maps");

/* How long the disk has been idle, at most since the beginning of the trace. */
static __always_inline __u64 idle_time(__u32 disk, __u64 now)
{
	__u64 *last = bpf_map_lookup_elem(&last_requests, &disk);
	__u64 before;

	if (!last) {
		if (!bpf_map_update_elem(&last_requests, &disk, &now, BPF_ANY))
			return now - begin_ns;
		COUNT(unknown_idle, 1);
		return 0;
	}
	before = __sync_lock_test_and_set(last, now);
	return before < now ? now - before : 0;
}

/* An inode is in a directory if any of its names is. */
struct alias_search {
	struct inode *inode;
	struct hlist_node *next;
	bool found;
};

static long try_alias(__u32 step, void *context)
{
	struct alias_search *search = context;
	struct dentry *dentry;

	if (!search->next)
		return 1;
	dentry = dentry_of_alias(search->next);
	if (READ(dentry, d_inode) != search->inode)
		return 1;
	search->found =
		config.only_files ? is_named_file(dentry) : is_place(dentry) || is_place(READ(dentry, d_parent));
	search->next = READ(search->next, next);
	return search->found;
}

static __noinline bool has_name_in_place(struct inode *inode)
{
	struct alias_search search = { .inode = inode, .next = READ(inode, i_dentry.first) };

	bpf_loop(ALIASES_TRIED, try_alias, &search, 0);
	return search.found;
}

static __always_inline bool places_admit(struct inode *inode, struct place *at)
{
	if (config.only_file_systems && !is_on_wanted_file_system(inode))
		return false;
	if ((config.only_parents || config.only_files) && !has_name_in_place(inode))
		return false;
	return is_below_places(at);
}

static __always_inline __u8 partition_of(struct block_device *device)
{
	if (bpf_core_field_exists(struct block_device___number, bd_partno))
		return READ((struct block_device___number *)device, bd_partno);
	return READ(device, __bd_flags.counter);
}

/* The inode of the culprit's file may be gone, and another one may have its memory. */
static __always_inline struct inode *verified_file(struct culprit *c)
{
	struct inode *inode = c->file;

	return inode && READ(inode, i_ino) == c->inode && device_of(inode) == c->device ? inode : 0;
}

static __always_inline void fill_submitter(struct bfa_disk_record *r, struct submitter *by)
{
	r->by_tgid = by->tgid;
	__builtin_memcpy(r->by_comm, by->comm, BFA_COMM_SIZE);
}

static __always_inline void fill_names(struct bfa_disk_record *r, struct io *io, struct block_device *device)
{
	struct gendisk *disk = READ(device, bd_disk);

	bpf_probe_read_kernel(r->disk_name, sizeof(r->disk_name),
			      (void *)disk + bpf_core_field_offset(struct gendisk, disk_name));
	r->partition = partition_of(device);
	if (io->has_by)
		fill_submitter(r, &io->by);
}

static __always_inline __u8 reported_operation(struct io *io)
{
	if (io->cause == BFA_CAUSE_FLUSH)
		return BFA_DISK_FLUSH;
	if (io->cause == BFA_CAUSE_DISCARD)
		return BFA_DISK_DISCARD;
	return io->operation == OPERATION_READ ? BFA_DISK_READ : BFA_DISK_WRITE;
}

static __always_inline void fill_culprit(struct bfa_disk_record *r, struct culprit *c)
{
	r->record.tgid = c->tgid;
	r->record.uid = c->uid;
	r->record.gid = c->gid;
	__builtin_memcpy(r->record.comm, c->comm, BFA_COMM_SIZE);
	__builtin_memcpy(r->client, &c->client, BFA_ADDRESS_SIZE);
}

static __always_inline void fill_record(struct bfa_disk_record *r, struct io *io, __u64 now, __u64 idle)
{
	struct culprit *c = &io->culprit;

	__builtin_memset(r, 0, sizeof(*r));
	r->record.kind = BFA_RECORD_DISK;
	r->record.types = io->operation == OPERATION_READ ? BFA_READ : BFA_WRITTEN;
	r->record.fd = -1;
	r->record.time_ns = now;
	r->record.device = io->device;
	if (c->inode) {
		r->record.marks = BFA_MARK_FILE;
		r->record.device = c->device;
		r->record.inode = c->inode;
	}
	r->bytes = io->bytes;
	r->requests = 1;
	r->idle_ns = idle;
	r->disk = io->disk;
	r->operation = reported_operation(io);
	r->cause = io->cause;
	r->certainty = BFA_NOBODY;
	if (!(c->marks & CULPRIT_KNOWN))
		return;
	fill_culprit(r, c);
	r->age_ns = c->time_ns ? now - c->time_ns : 0;
	r->certainty = c->marks & CULPRIT_LIKELY ? BFA_LIKELY : BFA_EXACT;
}

/* If processes are asked for, a request of which no culprit is known is of none of them. */
static __always_inline bool culprit_wanted(struct culprit *c)
{
	if (c->marks & CULPRIT_KNOWN)
		return c->marks & CULPRIT_WANTED;
	return !config.only_pids && !config.only_comms && !config.only_uid && !config.cgroup_scopes;
}

/*
 * Adds the process after the first bytes of the record; returns its length. Its
 * control group may have been forgotten.
 */
static __noinline __u32 append_culprit(struct culprit *c, __u32 offset)
{
	struct bfa_cgroup *known = bpf_map_lookup_elem(&cgroups, &c->cgroup);
	struct scratch *s = scratch_get();
	struct bfa_process *p;
	__u32 length;

	if (!s || !known || !(c->marks & CULPRIT_KNOWN))
		return 0;
	p = (struct bfa_process *)(s->bytes + BOUNDED(offset, 2 * BFA_PATH_MAX - 1));
	length = BOUNDED(known->path_len, BFA_CGROUP_PATH - 1);
	__builtin_memset(p, 0, sizeof(*p));
	p->pid = c->tgid;
	p->cgroup_len = length;
	__builtin_memcpy(p->comm, c->comm, BFA_COMM_SIZE);
	bpf_probe_read_kernel(p + 1, length, known->path);
	return sizeof(*p) + length;
}

static __always_inline int report_io(struct io *io, struct block_device *device, __u64 now, __u64 idle)
{
	struct inode *inode = verified_file(&io->culprit);
	struct scratch *s = scratch_get();
	struct bfa_disk_record *r;
	struct place at = {};
	__u32 len, size;

	if (!s || !culprit_wanted(&io->culprit) || (names_place() && !inode))
		return 0;
	if (!(config.types & (io->operation == OPERATION_READ ? BFA_READ : BFA_WRITTEN)))
		return 0;
	s->walk.marks = 0;
	len = inode ? path_of_inode(inode, &at) : 0;
	if (inode && !places_admit(inode, &at))
		return 0;
	if (config.only_prefixes && !has_wanted_prefix(len))
		return 0;
	if (disk_config.only_wanted) {
		begin_request(io->bio, io->bytes);
		return 0;
	}
	r = (struct bfa_disk_record *)s->bytes;
	fill_record(r, io, now, idle);
	fill_names(r, io, device);
	r->record.path_len = len;
	if (len)
		r->record.marks |= s->walk.marks;
	len = BOUNDED(len, BFA_PATH_MAX - 1);
	bpf_probe_read_kernel(s->bytes + sizeof(*r), len, resolved_path(s));
	size = sizeof(*r) + len;
	if (config.cgroup) {
		r->record.process_len = append_culprit(&io->culprit, size);
		size += r->record.process_len;
	}
	r->request = begin_request(io->bio, io->bytes);
	if (!emit(s->bytes, size, 1))
		forget_request(io->bio);
	return 0;
}

static __always_inline bool begin_io(struct io *io, struct bio *bio, struct block_device *device)
{
	struct gendisk *disk = READ(device, bd_disk);

	__builtin_memset(io, 0, sizeof(*io));
	io->bio = bio;
	io->flags = READ(bio, bi_opf);
	io->bytes = READ(bio, bi_iter.bi_size);
	io->operation = io->flags & OPERATION_MASK;
	io->device = READ(device, bd_dev);
	io->disk = (__u32)READ(disk, major) << 20 | (READ(disk, first_minor) & 0xfffff);
	return !disk_config.disk || disk_config.disk == io->disk;
}

static __always_inline int report_bio(struct bio *bio)
{
	struct block_device *device = READ(bio, bi_bdev);
	struct task_struct *task = current_task();
	__u64 now = bpf_ktime_get_boot_ns(), idle;
	__u32 zero = 0;
	struct io *io = bpf_map_lookup_elem(&ios, &zero);
	bool wanted;

	if (!io)
		return 0;
	wanted = begin_io(io, bio, device);
	idle = idle_time(io->disk, now);
	wanted = wanted && idle >= disk_config.idle_ns;
	/* A request to a loop device that is not wanted still shows for whom the device works next. */
	if (!wanted && io->disk >> 20 != LOOP_MAJOR)
		return 0;
	look_at_task(&io->doing);
	find_contents(io);
	judge(io, task);
	forget_doubtful(io);
	note_loop(io, READ(device, bd_disk));
	if (!wanted)
		return 0;
	find_submitter(io, task);
	return report_io(io, device, now, idle);
}

#endif
