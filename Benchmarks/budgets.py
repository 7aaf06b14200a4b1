# SPDX-License-Identifier: Apache-2.0
"""What a call may cost at most, over an empty program on the same hooks in the same alternation.

Over the floor, not over untraced: what the kernel takes to run any program where calls end is not
bfatrace's, and varies with the machine. The floor of --syscalls has a program where calls begin, too;
that of --histogram has programs that measure each call and count it, and do nothing else.
"""

from statistics import median

from tracers import NotRunning, all_tracers

ALTERNATIONS = 9
TOLERANCE = 1.1  # a budget missed by no more than a tenth fails no run: machines differ by as much

ON_EXIT, ON_BOTH = "empty program, sys_exit", "empty programs, sys_enter, sys_exit"
# The two readings of the clock alone may take more than a budget over empty programs would allow.
TIMES = "barest histogram, sys_enter, sys_exit"
FLOORS = {
    "bfatrace": ON_EXIT,
    "bfatrace -p OTHER": ON_EXIT,
    "bfatrace --syscalls --json": ON_BOTH,
    "bfatrace --syscalls --histogram": TIMES,
}
GOOD_OPEN = "open+close"


def counts_are_known():
    """Whether the kernel names the counts that show that no path has changed (CONFIG_KALLSYMS_ALL).

    Without them, each use of a file compares the way up to the root.
    """
    with open("/proc/kallsyms") as symbols:
        return any(line.split()[2] == "rename_lock" for line in symbols)


COMPARING = 0 if counts_are_known() else 60  # nanoseconds
BUDGETS = [  # tracer, load, nanoseconds
    ("bfatrace", "getppid", 40),
    ("bfatrace", "read", 100 + COMPARING),
    ("bfatrace", "write", 100 + COMPARING),
    ("bfatrace", GOOD_OPEN, 700),
    ("bfatrace", "failing open", GOOD_OPEN),
    ("bfatrace -p OTHER", "read", 50),
    ("bfatrace --syscalls --json", "read", 450),
    ("bfatrace --syscalls --json", "failing open", GOOD_OPEN),
    ("bfatrace --syscalls --histogram", "read", 60),
    ("bfatrace --syscalls --histogram", "write", 60),
]


class Alternations:
    """Nanoseconds a call, by tracer and load: each alternation has all tracers, one after the other."""

    def __init__(self, workshop, cost, seconds):
        self.workshop, self.cost, self.seconds = workshop, cost, seconds
        self.costs = []

    def _one(self, tracer, loads):
        tracer.start(self.workshop)
        try:
            results = {load: self.workshop.run_calls(load, self.seconds) for load in loads}
            tracer.stop()
        finally:
            tracer.discard()
        return {load: self.cost(result) for load, result in results.items()}

    def alternate(self, bfatrace, sleeper):
        tracers = {tracer.name: tracer for tracer in all_tracers(bfatrace, self.workshop, sleeper)}
        wanted = {}
        for name, load, _ in BUDGETS:
            for needed in (FLOORS[name], name):
                wanted.setdefault(needed, {}).update({load: True, GOOD_OPEN: True})
        self.costs.append({name: self._one(tracers[name], loads) for name, loads in wanted.items()})

    def over_floor(self, tracer, load):
        return median(costs[tracer][load] - costs[FLOORS[tracer]][load] for costs in self.costs)

    def rows(self):
        """Name, value, unit, budget."""
        for tracer, load, budget in BUDGETS:
            name = f"{tracer}: {load}, over the floor"
            if budget == GOOD_OPEN:
                name, budget = f"{name}, as a good open", self.over_floor(tracer, GOOD_OPEN)
            yield name, self.over_floor(tracer, load), "ns", budget


def measure(bfatrace, workshop, sleeper, cost, seconds, alternations):
    """Rows: name, value, unit, budget."""
    measured = Alternations(workshop, cost, seconds)
    try:
        for _ in range(alternations):
            measured.alternate(bfatrace, sleeper)
    except NotRunning as reason:
        raise SystemExit(f"Benchmarks/run: no budget can be measured: {reason}")
    return list(measured.rows())


def verdict(value, budget):
    if value <= budget:
        return "met"
    return "missed" if value > budget * TOLERANCE else "missed by less than a tenth"
