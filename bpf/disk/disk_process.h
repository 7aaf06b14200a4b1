/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A process, as it is kept until its requests are reported. */
#ifndef BFATRACE_DISK_PROCESS_H
#define BFATRACE_DISK_PROCESS_H

#include "disk/disk_remote.h"
#include "files/scope.h"

enum {
	CULPRIT_KNOWN = 1 << 0,
	CULPRIT_WANTED = 1 << 1,  /* is in scope */
	CULPRIT_LIKELY = 1 << 2,  /* another process may have caused it */
	CULPRIT_WRITTEN = 1 << 3, /* some of what it changed has been written out */
	CULPRIT_IGNORED = 1 << 4, /* bfatrace itself, or a process that is to be left out */
	CULPRIT_MIXED = 1 << 5,	  /* with CULPRIT_IGNORED: others, perhaps unknown ones, have caused it, too */
};

struct culprit {
	__u32 tgid;
	__u32 uid;
	__u32 gid;
	char comm[BFA_COMM_SIZE];
	__u8 marks;
	__u8 cause; /* enum bfa_disk_cause of later writes for it */
	__u64 time_ns;
	struct inode *file; /* that it is about; verified when it is used */
	__u64 inode;
	__u32 device;
	__u32 unused;
	__u64 cgroup; /* its id, with config.cgroup */
	struct remote client;
};

static __always_inline __u8 scope_of(struct task_struct *task)
{
	if (task_in_scope(task))
		return CULPRIT_WANTED;
	if (task->tgid == own_tgid || (pid_rule(seen_tgid(task)) | comm_rule(task)) & BFA_RULE_IGNORE)
		return CULPRIT_IGNORED;
	return 0;
}

static __always_inline void describe_culprit(struct culprit *c, struct task_struct *task)
{
	__builtin_memset(c, 0, sizeof(*c));
	DESCRIBE_PROCESS(c, task);
	c->marks = CULPRIT_KNOWN | scope_of(task);
	c->time_ns = bpf_ktime_get_boot_ns();
	if (config.cgroup)
		c->cgroup = know_cgroup(task);
}

#endif
