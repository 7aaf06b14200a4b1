# SPDX-License-Identifier: Apache-2.0
"""Counts of the kernel for BPF programs, while they are switched on: runs and nanoseconds."""

import contextlib
import glob

STATISTICS = "/proc/sys/kernel/bpf_stats_enabled"


@contextlib.contextmanager
def statistics():
    """The kernel measures BPF programs."""
    with open(STATISTICS) as file:
        before = file.read()
    with open(STATISTICS, "w") as file:
        file.write("1")
    try:
        yield
    finally:
        with open(STATISTICS, "w") as file:
            file.write(before)


def _descriptors(pid):
    """What fdinfo says of each descriptor of a process."""
    for path in glob.glob(f"/proc/{pid}/fdinfo/*"):
        with contextlib.suppress(FileNotFoundError), open(path) as file:
            yield dict(line.split(":", 1) for line in file if ":" in line)


def program_time(pid):
    """Nanoseconds in all programs of a process."""
    return sum(
        int(fields["run_time_ns"]) for fields in _descriptors(pid) if "run_time_ns" in fields
    )


def hook_statistics(pid, tracepoints):
    """Nanoseconds in the programs that a process has attached to these tracepoints, and how often they ran.

    The time of a program includes that of the programs it goes on to by tail call.
    """
    descriptors = list(_descriptors(pid))
    attached = {
        fields["prog_id"].strip()
        for fields in descriptors
        if fields.get("tp_name", "").strip() in tracepoints
    }
    programs = {
        fields["prog_id"].strip(): fields for fields in descriptors if "run_time_ns" in fields
    }
    wanted = [programs[number] for number in attached if number in programs]
    return sum(int(fields["run_time_ns"]) for fields in wanted), sum(
        int(fields["run_cnt"]) for fields in wanted
    )
