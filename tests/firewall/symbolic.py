#!/usr/bin/python3
"""The symbolic evaluator against the concrete one over random rulesets: symbolic.py [--rounds N] [--seed N] [--packets N]. Prints TAP."""
import argparse
import os
import re
import subprocess
import sys

import kernel
import oracle
import rulesets


class Run(kernel.Run):
    def __init__(self, zc, tool):
        super().__init__(zc)
        self.tool = tool
        self.sums = {"packets": 0, "wrong": 0, "vague": 0, "rows": 0}
        self.too_much = 0

    def tell(self, lines, seed, count):
        """Runs the comparison at the ruleset; its report when something is wrong."""
        if self.load(lines) is None:
            return ""
        r = subprocess.run([self.tool, str(seed), str(count)], capture_output=True, text=True, check=False)
        m = re.search(r"(\d+) packets, (\d+) wrong, (\d+) vague, (\d+) rows, unknown (\d) (\d) (\d) (\d)$", r.stdout)
        if r.returncode not in (0, 1) or not m:
            return f"exit {r.returncode}: {r.stderr[-3000:]}"
        for name, n in zip(self.sums, m.groups()):
            self.sums[name] += int(n)
        self.too_much += "1" in m.groups()[4:]
        return r.stdout if r.returncode else ""

    def cut_down(self, lines, seed, count):
        lines, at = list(lines), 0
        while at < len(lines):
            less = lines[:at] + lines[at + 1:]
            if lines[at].startswith("    ") and self.tell(less, seed, count):
                lines = less
            else:
                at += 1
        return lines


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--rounds", type=int, default=100)
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--packets", type=int, default=2000)
    a = a.parse_args()
    tool = os.path.join(os.path.abspath(os.environ.get("O", "build/obj/default")), "tests", "tool_fw_symbolic")
    reason = oracle.why_not() or (None if os.path.exists(tool) else f"{tool} is not built")
    if reason:
        print("1..0 # SKIP " + " ".join(reason.split()))
        return 0
    oracle.new_namespace()
    run, wrong = Run("", tool), 0
    for seed in range(a.seed, a.seed + a.rounds):
        made = rulesets.Ruleset(seed)
        if not run.tell(made.lines, seed, a.packets):
            continue
        wrong += 1
        less = run.cut_down(run.load(made.lines), seed, a.packets)
        print(f"# seed {seed}\n" + "\n".join("#   " + row for row in less) + "\n" + run.tell(less, seed, a.packets))
        if wrong == 5:
            break
    s = run.sums
    print(f"# {s['packets']} packets, {s['rows']} rows, {s['vague']} vague, {run.too_much} rulesets of {a.rounds} too much")
    print(f"{'not ' if wrong else ''}ok 1 - rows and single packets agree over {a.rounds} rulesets from seed {a.seed}\n1..1")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
