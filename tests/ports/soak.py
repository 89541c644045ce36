#!/usr/bin/python3
"""All ports of a host, again and again, with listeners drawn anew each time: both families, with and without loss, and behind a firewall that drops all
but what listens. Every run must find every open port and no other. Figures: tests/ports/RESULTS.md."""
import argparse
import os
import random
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "lab")]
import netns  # noqa: E402
from field import HOSTS, Field  # noqa: E402

ALL = set(range(1, 65536))


def shield(field, truth, percent):
    """Loss, then a firewall that lets only SYNs to what listens through."""
    field.loss(percent)
    ports = ", ".join(map(str, sorted(truth)))
    field.run(field.them, "nft", "-f", "-", text=f"table inet shield {{\nchain i {{ type filter hook input priority 0; policy drop\n"
              f"meta l4proto {{ icmp, icmpv6 }} accept\ntcp dport {{ {ports} }} accept\n}}\n}}")


def one(field, truth, address, percent, behind):
    if behind:
        shield(field, truth, percent)
    else:
        field.loss(percent)
    s = field.scan(address, options=["--ports", "all"])
    rest = s.filtered if behind else s.closed
    return s.open == truth and rest == ALL - truth and s.outcome == "done", s


def main():
    a = argparse.ArgumentParser(description=__doc__)
    a.add_argument("--runs", type=int, default=20)
    a.add_argument("--seed", type=int, default=1)
    a = a.parse_args()
    netns.plan_skip(netns.why_not())
    bad = 0
    for behind in (False, True):
        for percent in (0, 5, 20):
            for address in HOSTS["them"]:
                right, said = 0, []
                for run in range(a.runs):
                    truth = set(random.Random(f"{a.seed} {run} {percent} {address}").sample(range(1, 65536), 200))
                    with Field("sk", sorted(truth)) as field:
                        ok, s = one(field, truth, address, percent, behind)
                    right += ok
                    if not ok:
                        said.append(f"#   run {run}: missed {sorted(truth - s.open)}, made up {sorted(s.open - truth)}: {s}")
                name = f"{'IPv6' if ':' in address else 'IPv4'}, {percent} % lost each way{', behind a firewall that drops' if behind else ''}"
                print(f"{'ok' if right == a.runs else 'not ok'} - {name}: {right} of {a.runs} runs whole and right", *said, sep="\n", flush=True)
                bad += right != a.runs
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
