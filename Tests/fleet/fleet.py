#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs docs/fleet.md: three hosts send the lines of bfatrace to a fourth, which answers queries.

  fleet.py BFATRACE REPOSITORY DIRECTORY

Hosts are network namespaces on a bridge of their own. Each has its files, its rsyslogd and its
bfatrace, which traces the host's shell. One host is cut off until its lines are in its queue on
disk; later it sends all of them again. At the end each line must be in the store once. Needs root,
iproute2, rsyslog, rsyslog-relp, and Python with chdb.
"""

import collections
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

from chdb.session import Session

BFATRACE, REPOSITORY = sys.argv[1], pathlib.Path(sys.argv[2])
HERE = pathlib.Path(sys.argv[3])
SHARED = HERE / "var/lib"
COLLECTED = HERE / "collected.json"
NAMES = ["web1", "web2", "web3"]
# The queue in memory of the host that is cut off is smaller than a burst of lines.
BURST = 2000
QUEUE = 'queue.size="1000" queue.highWatermark="500" queue.lowWatermark="200"'
KINDS = {
    "accesses": ["--user", "--exe", "--parents"],
    "failed": ["--failed", "--filter", "O"],
    "wakeups": ["--wakeups", "0.001"],
}
PREFIX = f"bfa{os.getpid() % 100000}"


def run(*words, **options):
    return subprocess.run(words, check=True, **options)


def ip(*words):
    run("ip", *words)


def wait_until(what, is_so):
    print(f"{time.monotonic():.1f} {what}", file=sys.stderr)
    for _ in range(600):
        if is_so():
            return
        time.sleep(0.1)
    raise TimeoutError(what)


def lines(path):
    return path.read_bytes().splitlines() if path.exists() else []


def path(line):
    if "path_raw" in line:
        return bytes(line["path_raw"]).decode(errors="surrogateescape")
    return line.get("path", "")


class Rsyslogd:
    """An rsyslogd with a configuration of packaging/fleet, in a network namespace and a directory."""

    def __init__(self, namespace, directory, name, replacements):
        self.namespace, self.directory = namespace, directory
        directory.mkdir()
        text = (REPOSITORY / "packaging/fleet" / name).read_text()
        for old, new in replacements.items():
            assert old in text, f"{old} in {name}"
            text = text.replace(old, new)
        self.configuration = directory / "rsyslog.conf"
        self.configuration.write_text(f'global(workDirectory="{directory}")\n{text}')
        self.start()

    def start(self):
        words = ["rsyslogd", "-n", "-f", self.configuration, "-i", self.directory / "pid"]
        log = (self.directory / "log").open("ab")
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", self.namespace, *words], stdout=log, stderr=log
        )
        wait_until("rsyslogd runs", (self.directory / "pid").exists)

    def stop(self):
        self.process.terminate()
        assert self.process.wait(60) == 0, (self.directory / "log").read_text()
        (self.directory / "pid").unlink(missing_ok=True)


class Host:
    """A network namespace with a shell, a tracer of that shell, and an rsyslogd."""

    def __init__(self, number, name):
        self.name, self.namespace = name, f"{PREFIX}{name}"
        self.link = f"{PREFIX}v{number}"
        self.directory = HERE / name
        for place in [self.directory, self.directory / "log", self.directory / "files"]:
            place.mkdir()
        self.connect(number)
        self.shell = subprocess.Popen(
            ["sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=self.directory / "files"
        )
        self.rsyslogd = Rsyslogd(
            self.namespace,
            self.directory / "rsyslog",
            "rsyslog-host.conf",
            {
                "collector.example": "10.99.0.254",
                "/var/log/bfatrace/": f"{self.directory}/log/",
                'timeout="30"': 'timeout="2"',
                'resumeInterval="10"': 'resumeInterval="1"',
                "/var/spool/rsyslog": f"{self.directory}/rsyslog",
                'queue.size="100000"': QUEUE if number == 0 else 'queue.size="100000"',
            },
        )
        self.tracers = [self.trace(kind, *options) for kind, options in KINDS.items()]

    def connect(self, number):
        ip("netns", "add", self.namespace)
        ip(
            "link",
            "add",
            self.link,
            "type",
            "veth",
            "peer",
            "name",
            "eth0",
            "netns",
            self.namespace,
        )
        ip("link", "set", self.link, "master", PREFIX, "up")
        ip("-n", self.namespace, "address", "add", f"10.99.0.{number + 1}/24", "dev", "eth0")
        ip("-n", self.namespace, "link", "set", "eth0", "up")

    def trace(self, kind, *options):
        output = self.directory / "log" / f"{kind}.json"
        words = ["--json", "--host", self.name, "-tt", "--append", "-o", output, *options]
        log = (self.directory / f"{kind}.log").open("wb")
        return subprocess.Popen(
            [BFATRACE, *words, "--follow", "--pid", str(self.shell.pid)], stderr=log
        )

    def do(self, script):
        self.shell.stdin.write(f"{script}\necho\n".encode())
        self.shell.stdin.flush()
        self.shell.stdout.readline()

    def work(self, part):
        """Makes files, a failure, a request to a disk; one host also does what no other does."""
        script = f"""
            for i in $(seq {BURST // 4}); do echo {part} > file$i; read x < file$i; done
            cat {SHARED}/config {SHARED}/of-{self.name} 2> /dev/null
            dd if=/dev/zero of=block bs=16k count=2 conv=fsync 2> /dev/null
            """
        if self.name == "web2":
            script += f"echo {part} >> {SHARED}/x/state; printf 'a\\n' > \"$(printf 'b\\377\\nc')\""
        self.do(script)

    def lines(self):
        return [line for path in (self.directory / "log").iterdir() for line in lines(path)]

    def end(self):
        for tracer in self.tracers:
            tracer.send_signal(signal.SIGINT)
        assert [tracer.wait(60) for tracer in self.tracers] == [0, 0, 0], self.complaints()
        self.shell.stdin.close()
        self.shell.wait()

    def complaints(self):
        return [path.read_text() for path in self.directory.glob("*.log")]


class Fleet:
    def __init__(self):
        (SHARED / "x").mkdir(parents=True)
        self.hosts = []
        self.collector = None

    def start(self):
        ip("link", "add", PREFIX, "type", "bridge")
        ip("link", "set", PREFIX, "up")
        ip("netns", "add", PREFIX)
        ip("link", "add", f"{PREFIX}c", "type", "veth", "peer", "name", "eth0", "netns", PREFIX)
        ip("link", "set", f"{PREFIX}c", "master", PREFIX, "up")
        ip("-n", PREFIX, "address", "add", "10.99.0.254/24", "dev", "eth0")
        ip("-n", PREFIX, "link", "set", "eth0", "up")
        self.collector = Rsyslogd(
            PREFIX, HERE / "collector", "rsyslog-collector.conf", {"/var/log/bfatrace-": f"{HERE}/"}
        )
        for number, name in enumerate(NAMES):
            self.hosts.append(Host(number, name))
        files = [host.directory / "log" / f"{kind}.json" for host in self.hosts for kind in KINDS]
        wait_until("everybody records", lambda: all(path.exists() for path in files))

    def stop(self):
        for host in self.hosts:
            for process in [*host.tracers, host.shell, host.rsyslogd.process]:
                process.kill()
        if self.collector:
            self.collector.process.kill()
        for name in [PREFIX, *(host.namespace for host in self.hosts)]:
            subprocess.run(["ip", "netns", "delete", name])
        subprocess.run(["ip", "link", "delete", PREFIX])

    def work(self, part):
        for host in self.hosts:
            host.work(part)

    def run(self):
        self.work("before")
        self.wait_for("lines come from each host", NAMES)
        self.upgrade = int(time.time()) + 1
        wait_until("a second has begun", lambda: time.time() > self.upgrade)
        cut = self.hosts[0]
        ip("link", "set", cut.link, "down")
        self.work("during")
        wait_until("the queue is on disk", lambda: self.spooled(cut))
        self.work("still")
        self.wait_for("lines come from the others", NAMES[1:])
        assert len(self.arrived()[cut.name]) < len(cut.lines()), "it is cut off"
        ip("link", "set", cut.link, "up")
        self.work("after")
        for host in self.hosts:
            host.end()
        self.wait_for("each line has come", NAMES)
        self.send_again(cut)
        for server in [*(host.rsyslogd for host in self.hosts), self.collector]:
            server.stop()

    @staticmethod
    def spooled(host):
        return any((host.directory / "rsyslog").glob("bfatrace.0*"))

    def arrived(self):
        """The lines that arrived from each host, as it wrote them, without the position."""
        found = collections.defaultdict(set)
        for line in lines(COLLECTED):
            if line.endswith(b"}"):
                line = re.sub(rb'^{"position":\d+,', b"{", line)
                found[json.loads(line)["host"]].add(line)
        return found

    def wait_for(self, what, names):
        def is_so():
            found = self.arrived()
            return all(
                set(host.lines()) <= found[host.name] for host in self.hosts if host.name in names
            )

        wait_until(what, is_so)

    def send_again(self, host):
        """Sends all lines of a host again, as docs/fleet.md says for lines that were lost."""
        host.rsyslogd.stop()
        for state in (host.directory / "rsyslog").glob("imfile-state:*"):
            state.unlink()
        host.rsyslogd.start()
        count = sum(len(host.lines()) for host in self.hosts) + len(host.lines())
        wait_until("its lines have come twice", lambda: len(lines(COLLECTED)) >= count)

    def sent(self):
        return [json.loads(line) for host in self.hosts for line in host.lines()]


def main():
    fleet = Fleet()
    try:
        fleet.start()
        fleet.run()
    finally:
        fleet.stop()
    sent = fleet.sent()
    store = Store(sent, fleet.upgrade)
    store.check()
    store.check_untimed()
    copies = len(lines(COLLECTED))
    print(f"{len(sent)} lines of {len(NAMES)} hosts; {copies - len(sent)} came twice")


class Store:
    """The lines in a table of packaging/fleet, and the queries of docs/fleet.md."""

    def __init__(self, sent, upgrade):
        self.sent, self.upgrade = sent, upgrade
        self.session = Session(str(HERE / "store"))
        self.session.query((REPOSITORY / "packaging/fleet/clickhouse.sql").read_text())
        # A key without a column is an error.
        self.session.query(
            f"INSERT INTO bfatrace FROM INFILE '{COLLECTED}'"
            " SETTINGS input_format_skip_unknown_fields = 0 FORMAT JSONEachRow"
        )
        text = (REPOSITORY / "docs/fleet.md").read_text()
        self.questions = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)

    def ask(self, question):
        question = question.replace("/var/lib/", f"{SHARED}/").rstrip().rstrip(";")
        upgrade = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(self.upgrade))
        question = question.replace("2026-01-01 00:00:00", upgrade)
        answer = self.session.query(f"{question} FORMAT JSONCompactEachRow").bytes()
        return [
            tuple(json.loads(row)) for row in answer.decode(errors="surrogateescape").splitlines()
        ]

    def check(self):
        count, hosts = self.ask("SELECT count(), uniqExact(host) FROM bfatrace FINAL")[0]
        assert (int(count), int(hosts)) == (len(self.sent), len(NAMES)), (
            f"{count} rows of {hosts} hosts, not {len(self.sent)}"
        )
        boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        assert self.ask("SELECT DISTINCT boot_id FROM bfatrace") == [(boot,)]
        expected = [
            self.bytes_to_disk(),
            self.wakeups(),
            self.writers(),
            self.failed_everywhere(),
            self.around_upgrade(),
        ]
        assert len(self.questions) == len(expected), f"{len(self.questions)} questions"
        for question, rows in zip(self.questions, expected):
            answer = sorted(self.ask(question), key=str)
            assert rows and answer == sorted(rows, key=str), f"{question}{answer}\n{rows}"

    def check_untimed(self):
        """Sends the tables of two runs, each in a new file, one of them twice."""
        for wakeups in [1, 2, 2]:
            self.session.query(
                "INSERT INTO bfatrace FORMAT JSONEachRow"
                f' {{"position":0,"device_name":"sda","wakeups":{wakeups},"host":"untimed"}}'
            )
        rows = self.ask("SELECT wakeups FROM bfatrace FINAL WHERE host = 'untimed'")
        assert sorted(int(row[0]) for row in rows) == [1, 2], rows

    def group(self, key, value, where):
        sums = collections.Counter()
        for line in self.sent:
            if where(line):
                sums[key(line)] += value(line)
        return sums

    @staticmethod
    def day(line):
        return time.strftime("%Y-%m-%d", time.gmtime(line["timestamp"]))

    def bytes_to_disk(self):
        sums = self.group(
            lambda line: (line["host"], line.get("unit", ""), self.day(line)),
            lambda line: line["bytes"],
            lambda line: line.get("disk") == "write",
        )
        return [(*key, total) for key, total in sums.items()]

    def wakeups(self):
        sums = self.group(
            lambda line: (line["host"], line["device_name"], line["comm"], path(line)),
            lambda line: 1,
            lambda line: "idle" in line,
        )
        return [(*key, total) for key, total in sums.items()]

    def writers(self):
        sums = self.group(
            lambda line: (line["host"], line["comm"]),
            lambda line: line["write_bytes"],
            lambda line: path(line).startswith(f"{SHARED}/x/") and "write_bytes" in line,
        )
        return [(*key, total) for key, total in sums.items()]

    def failed_everywhere(self):
        hosts = collections.defaultdict(set)
        for line in self.sent:
            if "errno" in line and "O" in line["types"]:
                hosts[(path(line), line["errno"])].add(line["host"])
        return [key for key, found in hosts.items() if len(found) == len(NAMES)]

    def around_upgrade(self):
        def written(is_after):
            return self.group(
                lambda line: (line["host"], line["comm"]),
                lambda line: line["write_bytes"],
                lambda line: (
                    "write_bytes" in line and (line["timestamp"] >= self.upgrade) == is_after
                ),
            )

        before, after = written(False), written(True)
        return [(*key, before[key], after[key]) for key in before | after]


main()
