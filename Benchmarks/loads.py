# SPDX-License-Identifier: Apache-2.0
"""What is traced: built, prepared and run."""

import json
import os
import shutil
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CALLS = ["getppid", "read", "write", "open+close", "open+read+close", "failing open"]
JOBS = ["cc", "git status", "find"]
GIT_FILES = 20_000
LOAD_CPU, TRACER_CPU = "0", "1"


class Workshop:
    """Programs and files of a run: on a disk file system, removed at the end."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="bfatrace-bench.", dir="/var/tmp")
        self.files = self.path("files")
        os.mkdir(self.files)
        self._build()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.directory)

    def path(self, name):
        return os.path.join(self.directory, name)

    def _build(self):
        for name, libraries in [("calls", ["-pthread"]), ("empty", ["-lbpf"])]:
            source = os.path.join(HERE, name + ".c")
            subprocess.run(["cc", "-O2", "-o", self.path(name), source] + libraries, check=True)
        # The toolchain's own clang, which compiles bfatrace's programs too.
        beside_swift = os.path.join(
            os.path.dirname(os.path.realpath(shutil.which("swift"))), "clang"
        )
        clang = beside_swift if os.path.exists(beside_swift) else "clang"
        include = f"-I/usr/include/{os.uname().machine}-linux-gnu"  # Debian's place of asm/
        source = os.path.join(HERE, "empty.bpf.c")
        options = ["-target", "bpf", "-O2", "-g", include, "-c", source]
        subprocess.run([clang] + options + ["-o", self.path("empty.bpf.o")], check=True)

    def prepare_jobs(self):
        tree = self.path("tree")
        for number in range(GIT_FILES):
            directory = os.path.join(tree, f"{number // 100:03}")
            os.makedirs(directory, exist_ok=True)
            with open(os.path.join(directory, f"file{number % 100:02}"), "w") as file:
                file.write(f"{number}\n")
        for command in ["init -q .", "add ."]:
            subprocess.run(["git", "-C", tree] + command.split(), check=True)
        for name in JOBS:
            self.run_job(name)  # what they read is in memory from then on

    def job(self, name):
        return {
            "cc": ["cc", "-O2", "-c", "-o", self.path("calls.o"), os.path.join(HERE, "calls.c")],
            "git status": ["git", "-C", self.path("tree"), "status", "--short"],
            "find": ["find", "/usr", "-xdev"],
        }[name]

    def run_calls(self, name, seconds, prefix=(), rate=None, pinned=True):
        """What calls.c prints: pid, calls, nanoseconds, cpu."""
        command = list(prefix) + (["taskset", "-c", LOAD_CPU] if pinned else [])
        command += [self.path("calls"), name, str(seconds), self.files]
        command += [str(rate)] if rate else []
        return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)

    def run(self, command):
        """Seconds of the clock."""
        start = time.monotonic()
        subprocess.run(["taskset", "-c", LOAD_CPU] + command, check=True, stdout=subprocess.DEVNULL)
        return time.monotonic() - start

    def run_job(self, name, prefix=()):
        """Seconds, of the clock and of processors."""
        command = list(prefix) + ["taskset", "-c", LOAD_CPU] + self.job(name)
        start = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        return {"seconds": time.monotonic() - start, "cpu": usage.ru_utime + usage.ru_stime}
