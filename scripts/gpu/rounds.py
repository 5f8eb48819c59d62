"""Commands that are timed in turn, A B C A B C ..., and what can be said of their times: ratios within a round, and their spread."""
import os
import resource
import statistics
import time
from pathlib import Path

BUSY = 0.10  # of the machine's cores, used by others: such a round is marked


def used_seconds(stat):
    """CPU seconds that all have used since the machine started, from the text of /proc/stat."""
    user, nice, system, _idle, _wait, interrupts, soft = map(int, stat.split("\n", 1)[0].split()[1:8])
    return (user + nice + system + interrupts + soft) / os.sysconf("SC_CLK_TCK")


def everybody():
    return used_seconds(Path("/proc/stat").read_text())


def children():
    """CPU seconds of all that we started and that has ended, with what that started."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Watch:
    """Wall and CPU time of what is started within it, and the share of the machine that others used meanwhile."""

    def __enter__(self):
        self.begin, self.own, self.all = time.monotonic(), children(), everybody()
        return self

    def __exit__(self, *_):
        self.wall, self.cpu = time.monotonic() - self.begin, children() - self.own
        cores = os.cpu_count() or 1
        self.others = max(everybody() - self.all - self.cpu, 0.0) / max(self.wall, 1e-9) / cores


def wait_for_quiet(most):
    """Waits so many seconds at most until others leave the machine alone."""
    begin = time.monotonic()
    while time.monotonic() - begin < most:
        with Watch() as watch:
            time.sleep(0.3)
        if watch.others < BUSY:
            return


# ---- What was measured: a list of runs, each a dictionary with round, who, seconds, cpu, others ----


def spread(values):
    """Median, least and most; None: there are no values."""
    values = [value for value in values if value is not None]
    return {"median": statistics.median(values), "least": min(values), "most": max(values)} if values else None


def quiet_rounds(runs):
    """The rounds in which every run had the machine to itself, and all rounds."""
    rounds = {}
    for run in runs:
        rounds[run["round"]] = rounds.get(run["round"], True) and run["others"] <= BUSY
    return [name for name, quiet in rounds.items() if quiet], list(rounds)


def counted(runs):
    """Those of the quiet rounds; of all where none was quiet."""
    quiet, every = quiet_rounds(runs)
    return [run for run in runs if run["round"] in (quiet or every)]


def ratios(runs, of, to, what="seconds"):
    """How many times as long `of` takes as `to`, round by round; rounds that lack one of them are left out."""
    times = {(run["round"], run["who"]): run[what] for run in runs if run.get(what)}
    return [times[name, of] / times[name, to] for name in dict.fromkeys(run["round"] for run in runs)
            if (name, of) in times and (name, to) in times]


def per_unit(cpu, count, short_cpu, short_count):
    """CPU seconds a unit without those of the start, from a run and a shorter one; None where the two do not tell."""
    if count <= short_count or cpu <= short_cpu:
        return None
    return (cpu - short_cpu) / (count - short_count)


def ratio_text(values):
    found = spread(values)
    return f"{found['median']:.2f} [{found['least']:.2f}..{found['most']:.2f}]" if found else ""
