#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures what a fleet has to carry, for docs/fleet.md: lines and bytes of three loads.

  Benchmarks/fleet.py BFATRACE [SECONDS]

A load repeats its work for so many seconds (20), in a directory of its own; bfatrace traces it and
nothing else. How often it gets to do it depends on the machine; lines and bytes of one work do not.
Needs root and gcc. With chdb, as .build/fleet/bin/python3 has it, also measures what the table of
packaging/fleet takes on disk, and how many rows a second.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

try:
    from chdb.session import Session
except ImportError:
    Session = None

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent

LOADS = {
    # A service appends to its log and syncs it, ten times a second.
    "log": "echo a line of the log >&9; sync log; sleep 0.1",
    # A compiler opens many files and reads few bytes.
    "compiler": "gcc -O1 -c source.c -o source.o",
    # A mail spool: a small file is made, synced, moved, read and removed.
    "spool": "echo message > tmp; sync tmp; mv tmp new; read line < new; rm new",
}
OPTIONS = {
    "--wakeups 10m": ["--wakeups", "10m"],
    "--by comm --every 10s": ["--by", "comm", "--every", "10s"],
    "merged lines": [],
    "--syscalls": ["--syscalls"],
}


class Store:
    """The table of packaging/fleet, or none."""

    def __init__(self, directory):
        self.directory = directory
        if Session:
            self.session = Session(os.path.join(directory, "store"))
            schema = REPOSITORY / "packaging/fleet/clickhouse.sql"
            self.session.query(schema.read_text())

    def measure(self, text):
        """Bytes on disk of a row, and rows a second, as columns; few rows tell nothing."""
        if not Session or text.count(b"\n") < 1000:
            return ""
        path, position = os.path.join(self.directory, "collected.json"), 0
        with open(path, "wb") as file:
            for line in text.splitlines(keepends=True):
                file.write(b'{"position":%d,%b' % (position, line[1:]))
                position += len(line)
        self.session.query("TRUNCATE TABLE bfatrace")
        start = time.monotonic()
        self.session.query(f"INSERT INTO bfatrace FROM INFILE '{path}' FORMAT JSONEachRow")
        length = time.monotonic() - start
        self.session.query("OPTIMIZE TABLE bfatrace FINAL")
        parts = "FROM system.parts WHERE active AND table = 'bfatrace'"
        answer = str(self.session.query(f"SELECT sum(rows), sum(bytes_on_disk) {parts}"))
        rows, size = map(int, answer.split(","))
        return f"{size / rows:9.1f}{rows / length:9.0f}"


def measure(program, script, options, seconds, directory):
    """The lines of the run, and how often the work was done."""
    path, place = os.path.join(directory, "lines.json"), os.path.join(directory, "files")
    loop = (
        f"n=0; while [ $SECONDS -lt {seconds} ]; do {script}; n=$((n + 1)); done 9>> log; echo $n"
    )
    words = [program, "--json", "--host", "-tt", "--ring-size", "64", "-o", path, *options]
    os.mkdir(place)
    with open(os.path.join(place, "source.c"), "w") as source:
        source.write("#include <stdio.h>\n#include <stdlib.h>\nint main(void) { return 0; }\n")
    run = subprocess.run(
        [*words, "--", "bash", "-c", loop], cwd=place, capture_output=True, text=True
    )
    if run.returncode or "lost" in run.stderr:
        sys.exit(f"{' '.join(words)}: {run.stderr}")
    with open(path, "rb") as file:
        text = file.read()
    return text, int(run.stdout)


def main():
    program = os.path.abspath(sys.argv[1])
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    heads = f"{'load':10}{'options':24}{'work/s':>8}{'lines':>9}{'bytes':>9}"
    print(f"{heads}{'B/row':>9}{'rows/s':>9}  lines and bytes of one work, {seconds} s")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
        store = Store(place)
        for load, script in LOADS.items():
            for name, options in OPTIONS.items():
                with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
                    text, done = measure(program, script, options, seconds, directory)
                lines = text.count(b"\n")
                print(
                    f"{load:10}{name:24}{done / seconds:8.1f}{lines / done:9.2f}"
                    f"{len(text) / done:9.0f}{store.measure(text)}",
                    flush=True,
                )


main()
