# SPDX-License-Identifier: Apache-2.0
"""Measures bfatrace alone: its start and end, what it takes at rest, and what it loses."""

import json
import os
import signal
import subprocess
import time
from statistics import median

# Milliseconds. The verifier takes about one for each thousand of 61,000 instructions, libbpf 50 to find
# types among those of the kernel.
START_BUDGET = 190
OPEN_FILES = 10_000
EVENTS_A_SECOND = 500_000
LISTED_FILES = 10_000
TOUCHER = """
import os, resource, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (20000, 20000))
for i in range(int(sys.argv[2])): os.write(os.open(f"{sys.argv[1]}/{i}", os.O_WRONLY | os.O_CREAT), b"x")
print("open", flush=True)
while True:
  open(sys.argv[1] + "/0").close()
  time.sleep(0.001)
"""


class Toucher:
    """A process that has files open, and touches one each millisecond."""

    def __init__(self, workshop, files):
        directory = workshop.path(f"open{files}")
        os.makedirs(directory, exist_ok=True)
        command = ["python3", "-c", TOUCHER, directory, str(files)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        self.process.stdout.readline()

    def __enter__(self):
        return self.process.pid

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def _status(pid, key):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(key))


def _cpu_seconds(pid):
    with open(f"/proc/{pid}/schedstat") as file:
        return int(file.read().split()[0]) * 1e-9


def _start_and_end(bfatrace, pid):
    """Milliseconds from exec to the first line, and from SIGINT to the end."""
    start = time.monotonic()
    process = subprocess.Popen([bfatrace, "-p", str(pid)], stdout=subprocess.PIPE)
    process.stdout.readline()
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    sent = time.monotonic()
    process.communicate()
    return 1000 * (begun - start), 1000 * (time.monotonic() - sent)


def _wait_for(path):
    while not os.path.exists(path):
        time.sleep(0.01)


def _traced(bfatrace, workshop, options, load):
    """Runs the load beside bfatrace. Returns its result, the output, complaints and processor seconds."""
    output = workshop.path("lines")
    command = [bfatrace, "-o", output] + options
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    _wait_for(output)
    before = _cpu_seconds(process.pid)
    result = load()
    cpu = _cpu_seconds(process.pid) - before
    process.send_signal(signal.SIGINT)
    errors = process.communicate()[1]
    with open(output) as file:
        lines = [json.loads(line) for line in file]
    os.unlink(output)
    return result, lines, errors, cpu, process.returncode


def _storm(bfatrace, workshop, seconds):
    """Events of four threads on all processors that the sums lack."""
    scope = ["--json", "--under", workshop.files]
    result, lines, _, _, _ = _traced(
        bfatrace, workshop, scope, lambda: workshop.run_calls("storm", seconds, pinned=False)
    )
    own = [line for line in lines if line.get("pid") == result["pid"]]
    # Each thread also opens its file once, and writes and closes it.
    expected = {"opens": 4, "reads": 0, "writes": 4, "closes": 4}
    sums = {key: sum(line.get(key, 0) for line in own) for key in expected}
    missing = sum(abs(result["calls"] + extra - sums[key]) for key, extra in expected.items())
    return missing, 4 * result["calls"] / seconds


def _paced_calls(bfatrace, workshop, seconds):
    """Lost events and the share of a core, at a steady rate of reads with a line each."""
    scope = ["--syscalls", "--json", "--under", workshop.files]
    result, lines, _, cpu, _ = _traced(
        bfatrace, workshop, scope, lambda: workshop.run_calls("read", seconds, rate=EVENTS_A_SECOND)
    )
    reads = sum(
        1 for line in lines if line.get("syscall") == "pread64" and line["pid"] == result["pid"]
    )
    return (
        result["calls"] - reads,
        100 * cpu / (result["nanoseconds"] * 1e-9),
        1e9 * result["calls"] / result["nanoseconds"],
    )


def _listing(bfatrace, workshop, runs):
    """How many times as long "ls -l" of a large directory takes with a line for each of its calls."""
    directory = workshop.path("listed")
    os.makedirs(directory)
    # Not in the order in which they are read: neighbours in the cache are not neighbours in the listing.
    for number in range(LISTED_FILES):
        open(f"{directory}/{number * 7919 % LISTED_FILES}", "w").close()
    command = ["ls", "-l", directory]
    plain = median(workshop.run(command) for _ in range(runs))
    # The first time: what a search has found once it need not search again.
    traced, lines, _, _, _ = _traced(
        bfatrace,
        workshop,
        ["--metadata", "--json", "--under", directory],
        lambda: workshop.run(command),
    )
    unresolved = sum(1 for line in lines if line.get("resolved") is False)
    return traced / plain, unresolved


def measure(bfatrace, workshop, sleeper, quick):
    """Rows: name, value, unit, budget."""
    with Toucher(workshop, 1) as pid:
        times = [_start_and_end(bfatrace, pid) for _ in range(3 if quick else 9)]
    with Toucher(workshop, OPEN_FILES) as pid:
        process = subprocess.Popen([bfatrace, "-p", str(pid)], stdout=subprocess.DEVNULL)
        time.sleep(2)
        resident = _status(process.pid, "VmHWM") / 1024
        process.send_signal(signal.SIGINT)
        process.wait()
    process = subprocess.Popen([bfatrace, "-p", str(sleeper)], stdout=subprocess.DEVNULL)
    time.sleep(1)
    before, seconds = _cpu_seconds(process.pid), 3 if quick else 20
    time.sleep(seconds)
    idle = 100 * (_cpu_seconds(process.pid) - before) / seconds
    process.send_signal(signal.SIGINT)
    process.wait()
    missing, storm_rate = _storm(bfatrace, workshop, 2 if quick else 20)
    listing, unresolved = _listing(bfatrace, workshop, 2 if quick else 5)
    lost, share, rate = _paced_calls(bfatrace, workshop, 1 if quick else 5)
    return [
        ("start to first line", median(first for first, _ in times), "ms", START_BUDGET),
        ("SIGINT to end", median(last for _, last in times), "ms", 200),
        (f"resident, {OPEN_FILES:,} open files", resident, "MiB", 40),
        ("at rest", idle, "% of a core", 0.3),
        (f"ls -l of {LISTED_FILES:,} files, --metadata", listing, "times as long", 5),
        (f"ls -l of {LISTED_FILES:,} files: not found", unresolved, "names", 0),
        (f"storm of {storm_rate:,.0f} calls/s: not in the sums", missing, "calls", 0),
        (f"--syscalls, {rate:,.0f} reads/s: lost", lost, "events", 0),
        (f"--syscalls, {rate:,.0f} reads/s: tracer", share, "% of a core", 100),
    ]
