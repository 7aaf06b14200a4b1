/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Commands that are passed through to a device: they have no bio and no file.
 * The driver's part of the request, which directly follows the request itself,
 * has the command. A pointer in it that leads back to the queue tells drivers
 * apart, so that nothing else is taken for a command.
 *
 * Everything is on the stack: a request may be issued in an interrupt of the
 * other programs, whose scratch memory must not change.
 */
#ifndef BFATRACE_DISK_COMMAND_H
#define BFATRACE_DISK_COMMAND_H

#include "disk/disk_report.h"

struct kobject {
	const char *name;
} KERNEL_STRUCT;

struct device {
	struct kobject kobj;
} KERNEL_STRUCT;

struct scsi_device {
	struct request_queue *request_queue;
	struct device sdev_gendev;
} KERNEL_STRUCT;

/* The command is inside since 5.18 (ce70fd9a551a); on 5.17 commands are not named. */
struct scsi_cmnd {
	unsigned char cmnd[32];
} KERNEL_STRUCT;

struct nvme_ctrl {
	struct request_queue *admin_q;
	struct device *device;
} KERNEL_STRUCT;

struct nvme_ns {
	struct nvme_ctrl *ctrl;
	struct request_queue *queue;
} KERNEL_STRUCT;

/* Every NVMe driver begins its part with this. */
struct nvme_request {
	unsigned char *cmd;
	struct nvme_ctrl *ctrl;
} KERNEL_STRUCT;

/* Since 6.5 (5a80bd075f3b), in the context of the process that sends a command. */
typedef void (*btf_trace_block_io_start)(void *, struct request *);

#define HAS_IO_START bpf_core_type_exists(btf_trace_block_io_start)

enum {
	CDB_BYTES = 16,
	NO_DISK = 1U << 31, /* no device number is so high */
};

struct command {
	struct request *request;
	struct request_queue *queue;
	struct gendisk *disk; /* null: of a controller, or of a device that is no disk */
	const char *name;     /* of such a device */
	__u16 code;
	__u8 set;
};

/* include/scsi/scsi_proto.h: ATA PASS-THROUGH (16) and (12); SBC: START STOP UNIT. */
static __always_inline void decode_scsi(struct command *c, const __u8 *cdb)
{
	__u8 condition = cdb[4] >> 4;

	c->set = BFA_SET_SCSI;
	c->code = cdb[0];
	if (cdb[0] == 0x85 || cdb[0] == 0xa1) {
		c->set = BFA_SET_ATA;
		c->code = cdb[0] == 0x85 ? cdb[14] : cdb[9];
	} else if (cdb[0] == BFA_SCSI_START_STOP) {
		/* Active and idle are power conditions in which a disk turns; with 0, the START bit decides. */
		if (condition ? condition > 2 : !(cdb[4] & 1))
			c->code = BFA_SCSI_STOP;
	}
}

static __always_inline bool find_scsi(struct command *c)
{
	struct scsi_cmnd *scsi = (void *)c->request + bpf_core_type_size(struct request);
	struct scsi_device *device = READ(c->queue, queuedata);
	__u8 cdb[CDB_BYTES] = {};

	if (!bpf_core_type_exists(struct scsi_device) || READ_OF_MODULE(device, request_queue) != c->queue)
		return false;
	bpf_core_read(&c->name, sizeof(c->name), &device->sdev_gendev.kobj.name);
	if (bpf_core_field_size(scsi->cmnd) < CDB_BYTES)
		return true;
	bpf_probe_read_kernel(cdb, sizeof(cdb), (void *)scsi + bpf_core_field_offset(struct scsi_cmnd, cmnd));
	decode_scsi(c, cdb);
	return true;
}

static __always_inline bool find_nvme(struct command *c)
{
	struct nvme_request *nvme = (void *)c->request + bpf_core_type_size(struct request);
	struct nvme_ctrl *controller = READ_OF_MODULE(nvme, ctrl);
	struct nvme_ns *name_space = READ(c->queue, queuedata);
	struct device *device;
	__u8 code = 0;

	if (!controller)
		return false;
	if (READ_OF_MODULE(controller, admin_q) == c->queue)
		c->set = BFA_SET_NVME_ADMIN;
	else if (READ_OF_MODULE(name_space, queue) == c->queue && READ_OF_MODULE(name_space, ctrl) == controller)
		c->set = BFA_SET_NVME_IO;
	else
		return false;
	device = READ_OF_MODULE(controller, device);
	bpf_core_read(&c->name, sizeof(c->name), &device->kobj.name);
	bpf_probe_read_kernel(&code, sizeof(code), READ_OF_MODULE(nvme, cmd));
	c->code = code;
	return true;
}

static __always_inline bool may_wake(struct command *c)
{
	switch (c->set << 16 | c->code) {
#define X(set, code, wakes, name)        \
	case BFA_SET_##set << 16 | code: \
		return wakes;
		BFA_DISK_COMMANDS(X)
#undef X
	}
	return true;
}

/* The device nodes of devices that are no disks: below /dev, or for SCSI below /dev/bsg. */
static __always_inline void name_device(struct bfa_disk_record *r, struct command *c)
{
	if (c->disk)
		bpf_probe_read_kernel(r->disk_name, sizeof(r->disk_name),
				      (void *)c->disk + bpf_core_field_offset(struct gendisk, disk_name));
	else if (c->name)
		bpf_probe_read_kernel_str(r->disk_name, sizeof(r->disk_name), c->name);
}

/*
 * Without block_io_start, a kernel thread or an interrupt may run a queue that
 * was full: then the sender of the command is not known.
 */
static __always_inline void find_sender(struct culprit *sender, struct bfa_disk_record *r)
{
	struct task_struct *task = current_task();
	struct submitter by;

	if (HAS_IO_START || !is_kernel_thread(task)) {
		become_culprit(sender, task);
		return;
	}
	__builtin_memset(sender, 0, sizeof(*sender));
	describe_submitter(&by, task);
	fill_submitter(r, &by);
}

static __always_inline void fill_command(struct bfa_disk_record *r, struct command *c, struct culprit *sender)
{
	r->record.kind = BFA_RECORD_DISK;
	r->record.types = BFA_WRITTEN;
	r->record.fd = -1;
	r->record.device = r->disk;
	r->bytes = READ(c->request, __data_len);
	r->requests = 1;
	r->operation = BFA_DISK_COMMAND;
	r->cause = BFA_CAUSE_COMMAND;
	r->command = c->code;
	r->command_set = c->set;
	name_device(r, c);
	r->certainty = sender->marks & CULPRIT_KNOWN ? BFA_EXACT : BFA_NOBODY;
	fill_culprit(r, sender);
}

/* A command has no file: options that ask for files do not show it. */
static __always_inline bool commands_wanted(__u32 disk)
{
	if (names_place() || config.only_prefixes || !(config.types & BFA_WRITTEN))
		return false;
	return !disk_config.disk || disk_config.disk == disk;
}

/* A command that wakes nothing is no wake-up, and the disk stays idle. */
static __always_inline bool is_idle_enough(struct bfa_disk_record *r, struct command *c)
{
	__u32 key = r->disk;
	struct request *request = c->request;
	__u64 queue = 0; /* a number: no arithmetic with pointers */

	if (!key) {
		bpf_core_read(&queue, sizeof(queue), &request->q);
		key = NO_DISK | (queue >> 6 & (NO_DISK - 1));
	}
	r->record.time_ns = bpf_ktime_get_boot_ns();
	r->may_wake = may_wake(c);
	if (r->may_wake)
		r->idle_ns = idle_time(key, r->record.time_ns);
	return r->may_wake ? r->idle_ns >= disk_config.idle_ns : !disk_config.idle_ns;
}

static __noinline int report_command(struct request *request)
{
	struct command c = { .request = request, .queue = READ(request, q) };
	struct scratch *s = scratch_get();
	struct bfa_disk_record *r;
	struct culprit sender;

	if (!s)
		return 0;
	r = (struct bfa_disk_record *)s->bytes;
	__builtin_memset(r, 0, sizeof(*r));
	c.disk = READ(c.queue, disk);
	r->disk = disk_number(c.disk);
	if (!find_scsi(&c))
		find_nvme(&c);
	if (!is_idle_enough(r, &c) || !commands_wanted(r->disk))
		return 0;
	find_sender(&sender, r);
	if (!culprit_wanted(&sender))
		return 0;
	r->request = begin_request(request, 0);
	if (disk_config.only_wanted)
		return 0;
	fill_command(r, &c, &sender);
	if (bpf_ringbuf_output(&records, r, sizeof(*r), BPF_RB_NO_WAKEUP))
		COUNT(lost, 1);
	else
		COUNT(emitted, 1);
	return 0;
}

#endif
