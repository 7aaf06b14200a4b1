# SPDX-License-Identifier: Apache-2.0
"""Compares a list of --inputs with strace's log of the same command.

    inputs.py BFATRACE SCRIPT COMMAND...

Runs the command under strace and under bfatrace, each time in a new directory
that sh has prepared with SCRIPT. Prints each file that existed before and that
only one of the two shows to be read or executed.
"""

import json
import os
import re
import shutil
import struct
import subprocess
import sys

import snapshots

# Which argument is the descriptor that is read.
READS = {
    "read": 0, "pread64": 0, "readv": 0, "preadv": 0, "preadv2": 0, "mmap": 4,
    "sendfile": 1, "copy_file_range": 0, "splice": 0,
}  # fmt: skip
CALL = re.compile(r"(\w+)\((.*)\) = (0x[0-9a-f]+|-?\d+)")
DESCRIPTOR = re.compile(r"\d+<(/[^>]*)>(\(deleted\))?")
VIRTUAL = ("/proc/", "/sys/", "/dev/")


def is_script(path):
    with open(path, "rb") as file:
        return file.read(2) == b"#!"


def programs(path):
    """A program and its interpreters: those of scripts, and that of ELF."""
    path = os.path.realpath(path)
    yield path
    with open(path, "rb") as file:
        start = file.read(64)
        if start.startswith(b"#!"):
            line = start[2:].split(b"\n")[0].split()
            # If the interpreter is a script, its own interpreter reads it.
            yield from list(programs(os.fsdecode(line[0])))[is_script(line[0]) :]
        elif start.startswith(b"\x7fELF"):
            offset, size, count = (
                *struct.unpack_from("<Q", start, 32),
                *struct.unpack_from("<HH", start, 54),
            )
            for number in range(count):
                file.seek(offset + number * size)
                kind, _, place, _, _, length = struct.unpack("<IIQQQQ", file.read(40))
                if kind == 3:  # PT_INTERP
                    file.seek(place)
                    yield os.path.realpath(file.read(length).rstrip(b"\0"))


def text(path):
    return os.fsdecode(path)


def straced(command, directory, logs):
    """Sets of paths by what each thread's log shows."""
    names = ",".join(READS)
    subprocess.run(
        [
            "strace",
            "-ff",
            "-y",
            "-s",
            "4096",
            "-a",
            "0",
            "-e",
            f"trace={names},execve",
            "-o",
            f"{logs}/log",
        ]
        + command,
        check=True,
        cwd=directory,
        stdout=subprocess.DEVNULL,
    )
    read, executed = set(), set()
    for log in os.listdir(logs):
        # Programs with relative names start in the directory of the command.
        with open(f"{logs}/{log}") as file:
            for line in file:
                call = CALL.match(line)
                if not call or call[3].startswith("-"):
                    continue
                if call[1] == "execve":
                    executed.update(
                        text(path)
                        for path in programs(os.path.join(directory, call[2].split('"')[1]))
                    )
                    continue
                argument = call[2].split(", ")[READS[call[1]]]
                descriptor = DESCRIPTOR.match(argument)
                if descriptor and not descriptor[2] and not descriptor[1].startswith(VIRTUAL):
                    read.add(descriptor[1])
    return read - executed, executed


def listed(bfatrace, command, directory, output):
    subprocess.run(
        [bfatrace, "--inputs", "--json", "--ring-size", "64", "-o", output, "--"] + command,
        check=True,
        cwd=directory,
        stdout=subprocess.DEVNULL,
    )
    read, executed = set(), set()
    with open(output) as file:
        for line in file:
            used = json.loads(line)
            kinds = {"read": read, "executed": executed}
            kinds[used["input"]].add(text(snapshots.path_of(used, "path")))
    return read, executed


def main():
    bfatrace, script, *command = sys.argv[1:]
    place = os.getcwd()
    directory, logs = f"{place}/tree", f"{place}/logs"

    def prepare():
        shutil.rmtree(directory, ignore_errors=True)
        os.mkdir(directory)
        subprocess.run(["/bin/sh", "-c", script], check=True, cwd=directory)

    os.mkdir(logs)
    prepare()
    seen = straced(command, directory, logs)
    prepare()
    # A file that the command makes itself is no input.
    seen = [{path for path in paths if os.path.isfile(path)} for paths in seen]
    told = listed(bfatrace, command, directory, f"{place}/inputs")
    status = 0
    for word, by_strace, by_us in zip(("read", "executed"), seen, told):
        for path in sorted(by_strace - by_us):
            print(f"not listed: {word} {path}")
        for path in sorted(by_us - by_strace):
            print(f"only listed: {word} {path}")
        print(f"{len(by_strace)} {word}")
        if by_strace != by_us or not by_strace:
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
