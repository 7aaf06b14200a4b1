// SPDX-License-Identifier: Apache-2.0
/*
 * recorder merged|calls|looks|disk OBJECTS FILE [DIRECTORY...]
 *
 * Loads the BPF programs on a system without Swift, and writes their records to
 * FILE until SIGTERM, in the form of bfatrace --record (Sources/FileEvents/Recording).
 * FILE exists once events are recorded. It has the accesses below the DIRECTORYs:
 * merged, call by call, or with calls that only look, too; of requests to disks
 * it has all. OBJECTS is a directory with the compiled objects, named as in
 * Plugins/CompileBPF.
 *
 * Exit status: 0, or 1 with a line on standard error, also if events were lost.
 */
#define _GNU_SOURCE
#include "bfatrace_disk.h"
#include "recording.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_MS = 50, MEMBARRIER_GLOBAL = 1 };

static const char *kind; /* merged, calls, looks or disk */
static struct bpf_object *object;
static volatile sig_atomic_t ended;

static bool is(const char *other)
{
	return !strcmp(kind, other);
}

/* Whether there is a record for each call. */
static bool are_calls(void)
{
	return is("calls") || is("looks");
}

static struct bpf_map *map_of(const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	if (!map)
		die("no map %s", name);
	return map;
}

static struct bpf_program *program_of(const char *name)
{
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);

	if (!program)
		die("no program %s", name);
	return program;
}

static int64_t now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * 1000000000 + time.tv_nsec;
}

/* Writes a record; libbpf calls it for each one in the ring. */
static int put_record(void *context, void *record, size_t size)
{
	put_frame(FRAME_RECORD, record, size);
	*(bool *)context = true;
	return 0;
}

static void fix(const char *section, const void *constants, size_t size)
{
	size_t room;
	void *values = (void *)bpf_map__initial_value(map_of(section), &room);

	if (!values || room < size)
		die("no %s", section);
	memcpy(values, constants, size);
}

static void open_object(const char *objects)
{
	const char *variant = are_calls() ? "calls" : kind;
	struct utsname name;
	int major = 0, minor = 0;
	char path[4096];

	uname(&name);
	sscanf(name.release, "%d.%d", &major, &minor);
	/* bpf_rdonly_cast exists since Linux 6.2. */
	snprintf(path, sizeof(path), "%s/%s%s.o", objects, variant, major * 1000 + minor < 6002 ? "ByHelper" : "");
	object = bpf_object__open_file(path, NULL);
	if (!object)
		die("cannot open %s", path);
}

static void load(bool only_under)
{
	struct bfa_config config = {
		.wakeup_bytes = BFA_RING_BYTES / 4,
		.open_files = BFA_OPEN_FILES,
		.types = BFA_ALL_TYPES,
		.metadata = is("looks"),
		.only_under = only_under,
		.all = true,
	};
	struct bfa_disk_config disk = { .page_size = sysconf(_SC_PAGESIZE) };

	bpf_map__set_max_entries(map_of("counters"), libbpf_num_possible_cpus());
	bpf_program__set_autoload(program_of("sched_process_fork"), false);
	if (!is("disk")) {
		bpf_program__set_autoload(program_of(are_calls() ? "open_at_start" : "sys_enter"), false);
		bpf_map__set_max_entries(map_of("open_files"), BFA_OPEN_FILES);
		bpf_map__set_max_entries(map_of("chunks"), BFA_OPEN_FILES / BFA_FILES_PER_CHUNK);
		bpf_map__set_max_entries(map_of("long_paths"), BFA_LONG_PATHS);
	}
	fix(".rodata.config", &config, sizeof(config));
	if (is("disk"))
		fix(".rodata.disk", &disk, sizeof(disk));
	if (bpf_object__load(object))
		die("cannot load");
}

static void connect_handlers(void)
{
	static const char *const programs[BFA_HANDLER_COUNT] = {
#define X(slot, program) [slot] = #program,
		BFA_HANDLERS(X)
#undef X
	};

	for (uint32_t slot = 0; slot < BFA_HANDLER_COUNT; slot++) {
		int program = bpf_program__fd(program_of(programs[slot]));

		if (bpf_map_update_elem(bpf_map__fd(map_of("handlers")), &slot, &program, BPF_ANY))
			die("cannot connect %s", programs[slot]);
	}
}

static void set_up(uint64_t what, int fd)
{
	uint64_t arguments[] = { what, fd, 0 };
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = arguments, .ctx_size_in = sizeof(arguments));

	if (bpf_prog_test_run_opts(bpf_program__fd(program_of("setup")), &run) || run.retval)
		die("cannot set up %llu", (unsigned long long)what);
}

static void set_scope(char **directories)
{
	LIBBPF_OPTS(bpf_test_run_opts, run);

	set_up(BFA_SETUP_SELF, -1);
	if (!is("disk"))
		bpf_prog_test_run_opts(bpf_program__fd(program_of("setup_counts")), &run);
	for (; *directories; directories++)
		set_up(BFA_SETUP_PLACE, open(*directories, O_PATH | O_DIRECTORY));
}

/* Attaches a program for the life of the process. */
static void attach(const char *name)
{
	if (!bpf_program__attach(program_of(name)))
		die("cannot attach %s", name);
}

static void attach_to(const char *name, const char *tracepoint, const char *before)
{
	struct bpf_program *program = program_of(name);

	if (!bpf_program__attach_raw_tracepoint(program, tracepoint) &&
	    (!before || !bpf_program__attach_raw_tracepoint(program, before)))
		die("cannot attach %s", name);
}

static void attach_to_calls(void)
{
	attach_to("io_uring_submit", "io_uring_submit_req", "io_uring_submit_sqe");
	attach_to("io_uring_complete", "io_uring_complete", NULL);
	attach("sched_process_exit");
	attach("sched_process_exec");
	if (are_calls())
		attach("sys_enter");
	attach("sys_exit");
}

/* Attaches all programs that can be: those for file systems that the kernel lacks cannot. */
static void attach_to_disks(void)
{
	static const char *const needed[] = {
		"sched_process_exit",	 "mm_filemap_add_to_page_cache",
		"writeback_dirty_folio", "writeback_mark_inode_dirty",
		"writeback_queue",	 "writeback_start",
		"writeback_written",	 "block_bio_queue",
		"block_rq_issue",	 "ext4_mark_inode_dirty",
		"jbd2_start_commit",
	};

	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		attach(needed[i]);
	bpf_program__attach(program_of("ctime_ns_xchg"));
	bpf_program__attach(program_of("block_io_start"));
}

/* Visits descriptors that are open at the start, for merged records. */
static void visit_open_files(void)
{
	struct bpf_link *link = bpf_program__attach_iter(program_of("open_at_start"), NULL);
	int iterator = link ? bpf_iter_create(bpf_link__fd(link)) : -1;
	ssize_t count;
	char byte;

	if (iterator < 0)
		die("cannot visit open files");
	do
		count = read(iterator, &byte, 1);
	while (count > 0 || (count < 0 && (errno == EINTR || errno == EAGAIN)));
	if (count < 0)
		die("cannot visit open files");
	close(iterator);
	bpf_link__destroy(link);
}

/* Flushes merged records. Returns whether there are more. */
static bool flush(void)
{
	LIBBPF_OPTS(bpf_test_run_opts, run);

	if (is("disk"))
		return false;
	if (bpf_prog_test_run_opts(bpf_program__fd(program_of("flush")), &run))
		die("cannot flush");
	if (run.retval & BFA_FLUSH_WAIT)
		syscall(SYS_membarrier, MEMBARRIER_GLOBAL, 0, 0);
	return run.retval & BFA_FLUSH_MORE;
}

static void drain(struct ring_buffer *ring, bool *any)
{
	static int64_t before;
	int64_t offset = now(CLOCK_REALTIME) - now(CLOCK_BOOTTIME);

	*any = false;
	if (offset != before)
		put_frame(FRAME_CLOCK, &offset, sizeof(offset));
	before = offset;
	if (ring_buffer__consume(ring) < 0)
		die("cannot read the ring");
	if (*any)
		put_frame(FRAME_DRAINED, NULL, 0);
}

static uint64_t sum_of(const struct bfa_counters *counters, size_t member)
{
	uint64_t sum = 0;

	for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++)
		sum += *(const uint64_t *)((const char *)&counters[cpu] + member);
	return sum;
}

/* Ends the recording, and fails if events were lost. */
static void finish(void)
{
	static const struct {
		const char *name;
		size_t member;
	} losses[] = {
#define X(name) { #name, offsetof(struct bfa_counters, name) }
		X(lost), X(lost_files), X(lost_processes), X(lost_requests), X(lost_turns), X(unplaced), X(unnamed),
#undef X
	};
	struct bfa_counters *counters = mmap(NULL, libbpf_num_possible_cpus() * sizeof(*counters), PROT_READ,
					     MAP_SHARED, bpf_map__fd(map_of("counters")), 0);
	uint64_t unresolved;

	if (counters == MAP_FAILED)
		die("cannot map the counters");
	unresolved = sum_of(counters, offsetof(struct bfa_counters, unresolved));
	put_frame(FRAME_END, &unresolved, sizeof(unresolved));
	if (fclose(out))
		die("cannot write");
	errno = 0;
	for (size_t i = 0; i < sizeof(losses) / sizeof(*losses); i++) {
		if (sum_of(counters, losses[i].member))
			die("%s: %llu", losses[i].name, (unsigned long long)sum_of(counters, losses[i].member));
	}
}

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = end };
	struct ring_buffer *ring;
	bool any, more;

	if (argc < 4)
		die("usage: recorder merged|calls|looks|disk OBJECTS FILE [DIRECTORY...]");
	kind = argv[1];
	sigaction(SIGTERM, &action, NULL);
	open_object(argv[2]);
	load(argc > 4);
	if (!is("disk"))
		connect_handlers();
	ring = ring_buffer__new(bpf_map__fd(map_of("records")), put_record, &any, NULL);
	if (!ring)
		die("no ring");
	set_scope(argv + 4);
	is("disk") ? attach_to_disks() : attach_to_calls();
	if (is("merged"))
		visit_open_files();
	out = fopen(argv[3], "wx");
	if (!out)
		die("cannot make %s", argv[3]);
	put_header(is("disk") ? OF_DISK : is("looks") ? OF_CALLS | OF_METADATA : is("calls") ? OF_CALLS : 0);
	while (!ended) {
		poll(NULL, 0, WAIT_MS);
		flush();
		drain(ring, &any);
	}
	do {
		more = flush();
		drain(ring, &any);
	} while (more || any);
	finish();
	return 0;
}
