"""What the benchmarks share: run a program a few times, print its medians, and a ratio to a peer that was run in between.

    import bench
    ours = bench.measure(["build/zerocrit", "--version"])
    bench.row("--version", ours, goal_ms=20)
    bench.against("ports of a host", ours, "nmap -sT", bench.measure([...]))
"""
import os
import shutil
import statistics
import subprocess
import threading

ZC = os.path.abspath(os.environ.get("ZC", "build/zerocrit"))
TOOL = os.path.abspath(os.path.join(os.environ.get("O", "build/obj/default"), "tests/tool_measure"))
RUNS = int(os.environ.get("RUNS", "5"))


class Figure:
    """Medians of some runs: wall_ms, cpu_ms (what a busy machine does not stretch), peak_mb (of the largest process), and the exit statuses that came."""

    def __init__(self, lines):
        rows = [tuple(map(int, line.split())) for line in lines]
        if not rows:
            raise RuntimeError("it could not be run")
        self.all_ms = [r[0] / 1000 for r in rows]
        self.wall_ms = statistics.median(self.all_ms)
        self.peak_mb = statistics.median(r[1] for r in rows) / 1024
        self.cpu_ms = statistics.median(r[3] for r in rows) / 1000
        self.status = sorted({r[2] for r in rows})


def measure(argv, runs=None, prefix=(), env=None, cwd=None):
    """Runs argv to its end, `runs` times. `prefix`: what to enter first (a namespace), not measured."""
    r = subprocess.run([*prefix, TOOL, str(runs or RUNS), *argv], stdin=subprocess.DEVNULL, capture_output=True, text=True, env=env, cwd=cwd, check=False)
    return Figure(r.stdout.splitlines())


def kin(pid):
    """A process and all below it."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            below = [int(p) for p in f.read().split()]
    except OSError:
        return []
    return [pid] + [q for p in below for q in kin(p)]


def pss_kb(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
            return next((int(line.split()[1]) for line in f if line.startswith("Pss:")), 0)
    except OSError:
        return 0


def together_mb(argv, prefix=(), env=None, cwd=None):
    """Peak memory of a program and its children together, what they share counted once; by looking every few ms, so a separate run."""
    p = subprocess.Popen([*prefix, *argv], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env, cwd=cwd)
    most, over = 0, threading.Event()
    while p.poll() is None:
        most = max(most, sum(map(pss_kb, kin(p.pid))))
        over.wait(0.004)
    return most / 1024


def row(name, figure, goal_ms=None, goal_mb=None, note="", goal_cpu_ms=None):
    goals = [f"{what} goal {goal:g} {unit}: {'met' if value < goal else 'MISSED'}"
             for what, value, goal, unit in (("wall", figure.wall_ms, goal_ms, "ms"), ("processor", figure.cpu_ms, goal_cpu_ms, "ms"),
                                             ("memory", figure.peak_mb, goal_mb, "MB")) if goal]
    words = "; ".join([*goals, note] if note else goals)
    print(f"{name:44} {figure.wall_ms:9.1f} ms  cpu {figure.cpu_ms:8.1f} ms  {figure.peak_mb:6.1f} MB  exit {'/'.join(map(str, figure.status))}{'  ' if words else ''}{words}", flush=True)


def value(name, number, unit, note=""):
    print(f"{name:44} {number:9.1f} {unit}  {note}".rstrip(), flush=True)


def against(name, ours, peer_name, peer):
    """How many times as long as the peer we take: below 1 we are the faster."""
    ratio = ours.wall_ms / peer.wall_ms
    print(f"{name:44} {ratio:9.2f} x {peer_name} ({ours.wall_ms:.1f} ms to {peer.wall_ms:.1f} ms)", flush=True)


def tool(name):
    """Its path, or None after saying so."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        print(f"# without {name}: it is not installed", flush=True)
    return path
