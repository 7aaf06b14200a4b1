# SPDX-License-Identifier: Apache-2.0
"""Measures the end of a process that has inherited a table of many descriptors: traced to untraced."""

import os
import resource
import signal
import subprocess
import time
from statistics import median

from loads import LOAD_CPU

HERE = os.path.dirname(os.path.abspath(__file__))
HIGHEST = 1_000_000  # or what the limit allows
WAYS = ["exit", "exec", "close_range", "used"]


def _raise_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with open("/proc/sys/fs/nr_open") as file:
        wanted = min(HIGHEST + 1, int(file.read()))
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, hard)))
    except (PermissionError, ValueError):
        wanted = min(wanted, hard)
    return wanted - 1


def _cost(workshop, way, highest, rounds):
    command = [
        "taskset",
        "-c",
        LOAD_CPU,
        workshop.path("descriptors"),
        way,
        str(highest),
        str(rounds),
    ]
    return float(
        subprocess.run(
            command + [workshop.path("files/many")], check=True, stdout=subprocess.PIPE
        ).stdout
    )


def _ratio(bfatrace, workshop, way, highest, rounds):
    """One untraced run directly before the traced one."""
    before = _cost(workshop, way, highest, rounds)
    output = workshop.path("many.lines")
    process = subprocess.Popen([bfatrace, "--under", workshop.files, "-o", output])
    while not os.path.exists(output):
        time.sleep(0.01)
    after = _cost(workshop, way, highest, rounds)
    process.send_signal(signal.SIGINT)
    process.wait()
    os.unlink(output)
    return after / before


def measure(bfatrace, workshop, quick):
    """Rows: name, value, unit, budget."""
    source = os.path.join(HERE, "descriptors.c")
    subprocess.run(["cc", "-O2", "-o", workshop.path("descriptors"), source], check=True)
    highest = _raise_limit()
    for way in WAYS:
        # A parent that has used all of them takes long to open them.
        bound = min(highest, 20_000) if way == "used" else highest
        ratios = [
            _ratio(bfatrace, workshop, way, bound, 20 if quick else 100)
            for _ in range(3 if quick else 9)
        ]
        yield f"fork and {way}, descriptor {bound:,} open", median(ratios), "times untraced", 1.2
