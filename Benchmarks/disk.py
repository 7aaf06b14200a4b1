# SPDX-License-Identifier: Apache-2.0
"""Measures bfatrace --disk: what a request costs, and a call that is served from memory.

Whole requests are measured on a loop device in memory, which nothing else uses.
"""

import contextlib
import mmap
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from statistics import median

from loads import TRACER_CPU
from programs import program_time, statistics

REQUEST_BUDGET = 4000  # nanoseconds; about 1,000 of them for its latency
CACHED_BUDGET = 3  # percent: no more than two runs without a tracer differ by


class Tracing:
    """bfatrace --disk, while it traces."""

    def __init__(self, bfatrace, workshop, *options):
        self.output = workshop.path("requests")
        command = ["taskset", "-c", TRACER_CPU, bfatrace, "--disk", "-o", self.output]
        self.process = subprocess.Popen(command + list(options))
        while not os.path.exists(self.output):
            time.sleep(0.01)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.process.wait()
        with open(self.output) as lines:
            self.requests = sum(
                int(number) for number in re.findall(r" requests=(\d+)", lines.read())
            )
        os.unlink(self.output)


@contextlib.contextmanager
def _loop_device():
    """Yields its node, and where its file system is mounted."""
    with tempfile.TemporaryDirectory(prefix="bfatrace-bench.", dir="/dev/shm") as directory:
        image, mount_point = os.path.join(directory, "image"), os.path.join(directory, "on")
        os.mkdir(mount_point)
        subprocess.run(["truncate", "-s", "1G", image], check=True)
        losetup = subprocess.run(
            ["losetup", "-f", "--show", image], stdout=subprocess.PIPE, text=True
        )
        if losetup.returncode:
            raise OSError("losetup finds no free loop device")
        device = losetup.stdout.strip()
        try:
            options = ["-q", "-E", "lazy_itable_init=0,lazy_journal_init=0"]
            subprocess.run(["mkfs.ext4"] + options + [device], check=True)
            subprocess.run(["mount", device, mount_point], check=True)
            try:
                yield device, mount_point
            finally:
                subprocess.run(["umount", mount_point], check=True)
        finally:
            subprocess.run(["losetup", "-d", device], check=True)


def _write_file(path, blocks):
    with open(path, "wb") as file:
        file.write(os.urandom(4096 * blocks))
        file.flush()
        os.fsync(file.fileno())


def _read_directly(path, count, blocks):
    """In requests of 4 KiB."""
    file, buffer = os.open(path, os.O_RDONLY | os.O_DIRECT), mmap.mmap(-1, 4096)
    for number in range(count):
        os.preadv(file, [buffer], number % blocks * 4096)
    os.close(file)


def _write_back(path, count):
    """Writes 4 KiB each, and waits until they are on the disk."""
    file = os.open(path, os.O_WRONLY)
    for number in range(count):
        os.pwrite(file, b"x" * 4096, number * 4096)
        os.fdatasync(file)
    os.close(file)


def _time_in_programs(bfatrace, workshop, device, load):
    """Nanoseconds for each request to the device."""
    with Tracing(bfatrace, workshop, "--device", device) as tracing, statistics():
        before = program_time(tracing.process.pid)
        load()
        nanoseconds = program_time(tracing.process.pid) - before
    return nanoseconds / tracing.requests


def _requests(bfatrace, workshop):
    """What a request costs: rows. By the clock, it is less than a device varies by."""
    count, blocks = 5000, 1000
    with _loop_device() as (device, directory):
        path = os.path.join(directory, "file")
        _write_file(path, blocks)
        loads = [
            ("a direct read", lambda: _read_directly(path, count, blocks)),
            ("a request of write and fdatasync", lambda: _write_back(path, blocks)),
        ]
        return [
            (
                f"--disk: {name}",
                _time_in_programs(bfatrace, workshop, device, load),
                "ns",
                REQUEST_BUDGET,
            )
            for name, load in loads
        ]


def _cached(bfatrace, workshop, load, seconds, repetitions):
    """By how many percent a call gets slower whose data are in memory."""

    def run():
        return workshop.run_calls(load, seconds)

    changes = []
    for _ in range(repetitions):
        untraced = run()
        with Tracing(bfatrace, workshop):
            traced = run()
        per_call = [result["nanoseconds"] / result["calls"] for result in (untraced, traced)]
        changes.append(100 * (per_call[1] / per_call[0] - 1))
    return median(changes)


def measure(bfatrace, workshop, quick):
    """Rows: name, value, unit, budget."""
    repetitions = 3 if quick else 9
    rows = []
    try:
        rows += _requests(bfatrace, workshop)
    except OSError as error:
        print(f"no requests are measured: {error}", file=sys.stderr)
    seconds = 0.1 if quick else 0.2
    for load in ["read", "write"]:
        change = _cached(bfatrace, workshop, load, seconds, repetitions)
        rows.append((f"--disk: a cached {load}, slower by", change, "%", CACHED_BUDGET))
    return rows
