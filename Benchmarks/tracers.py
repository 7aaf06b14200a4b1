# SPDX-License-Identifier: Apache-2.0
"""bfatrace and its peers: how each is started, and how its output is counted."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

from loads import TRACER_CPU

# What the peers' tracepoints need, where nobody else is disturbed by it.
WITH_TRACEFS = [
    "unshare",
    "-m",
    "sh",
    "-c",
    'mount -t tracefs none /sys/kernel/tracing; exec "$@"',
    "sh",
]

HERE = os.path.dirname(os.path.abspath(__file__))


class NotRunning(Exception):
    """Why a tracer cannot be measured."""


class Tracer:
    """A tracer that runs beside the load."""

    prefix = ()  # of the load's command
    peak_kib = None  # resident

    def __init__(self, name, command, opens=None, reads=None, sums=False, loss=None):
        self.name = name
        self.command = command
        # Patterns of a line for an open or a read of the load's file, with PID and FILE in them.
        self.opens, self.reads = opens, reads
        self.sums = sums  # a line has the number of opens and reads
        self.loss = loss  # a pattern of what it says about it, with the number
        self.usage = None

    def start(self, workshop):
        program = (
            self.command[len(WITH_TRACEFS)]
            if self.command[:1] == WITH_TRACEFS[:1]
            else self.command[0]
        )
        if not shutil.which(program):
            raise NotRunning("not installed")
        # In memory: tracers of disks must not see what is written here.
        self.directory = tempfile.mkdtemp(dir="/dev/shm")
        self.output = os.path.join(self.directory, "output")
        self.errors = os.path.join(self.directory, "errors")
        command = [word.replace("OUTPUT", self.output) for word in self.command]
        with open(self.output + ".stdout", "wb") as output, open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                ["taskset", "-c", TRACER_CPU] + command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
            )
        self._wait_until_tracing(workshop)

    def _wait_until_tracing(self, workshop):
        probe = workshop.path("probe")
        open(probe, "w").close()
        for _ in range(1000):
            # Some write only when they have a few kilobytes.
            for _ in range(100):
                open(probe).close()
            if self._has_begun():
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        self.stop()
        raise NotRunning(self._complaint())

    def _has_begun(self):
        if os.path.getsize(self.output + ".stdout"):
            return True
        # bfatrace makes the file when it records, perf before.
        return os.path.exists(self.output) and (
            "perf" not in self.command or os.path.getsize(self.output) > 0
        )

    def _complaint(self):
        with open(self.errors, errors="replace") as errors:
            lines = errors.read().strip().splitlines() or ["shows nothing"]
        shutil.rmtree(self.directory)
        return "does not run: " + lines[-1][:60]

    def stop(self):
        if self.process.returncode is None:
            self.peak_kib = self._status("VmHWM")
            self.process.send_signal(signal.SIGINT)
            _, status, self.usage = os.wait4(self.process.pid, 0)
            self.process.returncode = os.waitstatus_to_exitcode(status)

    def discard(self):
        shutil.rmtree(self.directory, ignore_errors=True)

    def _count(self, pattern, pid, file):
        expression = pattern.replace("PID", str(pid)).replace("FILE", re.escape(file)).encode()
        text = self._read(self.output) + self._read(self.output + ".stdout")
        matches = re.findall(expression, text)
        return sum(int(match) for match in matches) if self.sums else len(matches)

    @staticmethod
    def _read(path):
        if not os.path.exists(path):
            return b""
        with open(path, "rb") as file:
            return file.read()

    def seen_opens(self, pid, file):
        return self.opens and self._count(self.opens, pid, file)

    def seen_reads(self, pid, file):
        return self.reads and self._count(self.reads, pid, file)

    def lost(self):
        """The loss that it reports; None if it reports none."""
        if not self.loss:
            return None
        files = [self.errors, self.output, self.output + ".stdout"]
        return sum(
            int(number)
            for file in files
            for number in re.findall(self.loss.encode(), self._read(file))
        )

    def cpu_seconds(self, load_cpu):
        return self.usage.ru_utime + self.usage.ru_stime

    def _status(self, key):
        # Not from rusage, which begins with the size of the parent.
        with open(f"/proc/{self.process.pid}/status") as status:
            return next((int(line.split()[1]) for line in status if line.startswith(key)), None)


class Strace(Tracer):
    """strace, which starts what it traces: its processor time is what the load has not used."""

    def __init__(self):
        super().__init__("strace -f", ["strace"], r"PID +openat\([^\n]*FILE", r"PID +pread64\(")

    def start(self, workshop):
        if not shutil.which("strace"):
            raise NotRunning("not installed")
        self.directory = tempfile.mkdtemp(dir="/dev/shm")
        self.output = os.path.join(self.directory, "output")
        self.errors = os.path.join(self.directory, "errors")
        open(self.errors, "w").close()
        # -A: the loads append, one after the other.
        self.prefix = ["taskset", "-c", TRACER_CPU, "strace", "-f", "-A", "-o", self.output]
        self.before = os.times()

    def stop(self):
        self.after = os.times()

    def cpu_seconds(self, load_cpu):
        children = [t.children_user + t.children_system for t in (self.before, self.after)]
        return children[1] - children[0] - load_cpu


def all_tracers(bfatrace, workshop, sleeper):
    """In the order of the table. Sleeper is a process that does nothing."""
    empty = [workshop.path("empty"), workshop.path("empty.bpf.o")]
    own = [bfatrace, "-o", "OUTPUT"]
    told = r"lost (\d+) events in all"
    json_line = r'"pid":PID,[^\n]*"path":"FILE"[^\n]*'
    return [
        Tracer("empty program, sys_exit", empty + ["on_exit"]),
        Tracer("empty programs, sys_enter, sys_exit", empty + ["on_enter", "on_exit"]),
        Tracer("barest histogram, sys_enter, sys_exit", empty + ["time_on_enter", "time_on_exit"]),
        Tracer("bfatrace", own, r"\(PID\): [RCW]*O[^\n]* FILE", loss=told),
        Tracer(
            "bfatrace --json",
            own + ["--json"],
            json_line + r'"opens":(\d+)',
            json_line + r'"reads":(\d+)',
            sums=True,
            loss=told,
        ),
        Tracer(
            "bfatrace --syscalls --json",
            own + ["--syscalls", "--json"],
            json_line + '"syscall":"openat"',
            json_line + '"syscall":"pread64"',
            loss=told,
        ),
        Tracer("bfatrace --syscalls --histogram", own + ["--syscalls", "--histogram"], loss=told),
        Tracer("bfatrace -p OTHER", own + ["-p", str(sleeper)], loss=told),
        Tracer("fatrace", ["fatrace"], r"\(PID\): [RCW]*O[^\n]* FILE", r"\(PID\): R[CWO]* +FILE"),
        Tracer("opensnoop", WITH_TRACEFS + ["opensnoop"], r"(?m)^PID +[^\n]*FILE"),
        Tracer(
            "bpftrace",
            WITH_TRACEFS + ["bpftrace", os.path.join(HERE, "calls.bt")],
            r"\(PID\): openat [^\n]*FILE",
            r"\(PID\): read ",
            loss=r"Lost (\d+) events",
        ),
        Tracer(
            "perf trace -a",
            WITH_TRACEFS + ["perf", "trace", "-a", "-o", "OUTPUT"],
            r"/PID openat\(",
            r"/PID pread64\(",
            loss=r"LOST (\d+) events",
        ),
        Strace(),
    ]
