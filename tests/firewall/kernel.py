#!/usr/bin/python3
"""zerocrit's answers against the kernel's own: random rulesets are loaded into a network namespace, packets injected, and what came through
compared with `zerocrit reach --packets` for the same packets at the same ruleset.

kernel.py [--iptables | --legacy] [--rounds N | --seconds S] [--seed N] [--packets N] [--keep DIR]. Prints TAP. A disagreement is shrunk to few lines and printed.
With --iptables the rulesets are written by iptables-nft and ip6tables-nft, with --legacy by iptables-legacy and ip6tables-legacy.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import ipsets
import oracle
import rulesets
import rulesets_iptables

UNREACHABLE = "172.30."  # oracle.Kernel's unreachable route
OPEN = {"accept": 0, "reject": 1, "drop": 2}


# Expressions that a kernel may lack, or take in some hooks alone; a jump is refused for what stands where it leads.
RARELY_TAKEN = ("flow add", "queue", "synproxy", "tproxy", "socket", "osf", "ipsec", "rt", "last", "ct count", "dup", "meta ipsec", "meta sdif", "meta nftrace", "fib", "jump", "goto", "vmap", "ct")


class Run:
    make = rulesets.Rare

    def __init__(self, zc):
        self.zc = zc
        self.kernel = oracle.Kernel()
        self.refused = {}
        self.counts = {"packets": 0, "certain": 0, "possible": 0, "unknown": 0, "rulesets": 0, "crowded": 0, "sure_packets": 0, "sure_possible": 0}
        self.blurs = {}

    @classmethod
    def why_not(cls):
        return None

    def load(self, lines):
        """Load what the kernel takes of it: statements that it refuses are taken out by their line, and counted. Returns what stands."""
        lines = list(lines)
        for _ in range(60):
            self.kernel.flush()
            r = oracle.run("nft", "-f", "-", stdin="\n".join(lines) + "\n", check=False)
            if r.returncode == 0:
                return lines
            at = self.refused_line(r.stderr)
            if at is None or not lines[at].startswith("    "):
                return None
            key = self.why_refused(r.stderr, lines.pop(at))
            self.refused[key] = self.refused.get(key, 0) + 1
        return None

    @staticmethod
    def why_refused(text, line):
        """nft's own refusals (a statement that contradicts itself) by kind; the kernel's with the expression that it is likely to be about."""
        name = next((n for n in RARELY_TAKEN if re.search(rf"(^|\s){n}\b", line)), line.strip())
        why = text.split("rror: ")[-1].splitlines()[0] if "rror: " in text else text
        return f"{why.removeprefix('Could not process rule: ')}: {name}" if "Could not process rule" in why else "nft: " + why.split(":")[0].split(" specified")[0]

    @staticmethod
    def refused_line(text):
        for row in text.splitlines():
            part = row.split(":")
            if len(part) > 2 and part[0] == "/dev/stdin" and part[1].isdigit():
                return int(part[1]) - 1
        return None

    def ask(self, packets):
        r = subprocess.run([self.zc, "reach", "--packets", "-"], input="".join(json.dumps(p) + "\n" for p in packets), capture_output=True, text=True, check=False)
        rows = [json.loads(row) for row in r.stdout.splitlines()]
        if len(rows) != len(packets):
            raise RuntimeError(f"reach gave {len(rows)} lines for {len(packets)} packets, exit {r.returncode}: {r.stderr.strip()}")
        return rows

    def compare(self, lines, packets, doubtful=False, count=True):
        """The disagreements as (packet, kernel's, ours). False when the ruleset does not load."""
        if self.load(lines) is None:
            return False
        ours = self.ask(packets)
        kernels = self.kernel.verdicts(packets)
        wrong, text = [], "\n".join(lines)
        for p, k, o in zip(packets, kernels, ours):
            if count:
                self.tally(o, doubtful)
            if not agrees(k, o, p, text):
                wrong.append((p, k, o))
        return wrong

    def tally(self, o, doubtful):
        c = self.counts
        c["packets"] += 1
        kind = "unknown" if o.get("verdict") == "unknown" or "error" in o else o["certainty"]
        c[kind] += 1
        if not doubtful:
            c["sure_packets"] += 1
            c["sure_possible"] += kind != "certain"

    def shrink(self, lines, packet):
        """Fewer lines that still disagree on this packet."""
        lines = list(lines)
        at = 0
        while at < len(lines):
            less = lines[:at] + lines[at + 1:]
            if lines[at].startswith("    ") and self.compare(less, [packet], count=False):
                lines = less
            else:
                at += 1
        return lines

    def prepare(self, made):
        """What a ruleset looks in besides itself."""

    def one(self, seed, count):
        made = self.make(seed)
        self.prepare(made)
        packets = rulesets.packets(seed, count)
        self.counts["rulesets"] += 1
        found = self.compare(made.lines, packets, made.doubtful)
        if not found:
            return None
        standing = self.load(made.lines)
        for wrong in found:
            alone = self.compare(standing, [wrong[0]], count=False)
            if alone:
                return [*(f"ipset {row}" for row in made.before), *self.shrink(standing, wrong[0])], alone[0]
            self.counts["crowded"] += 1  # a connection of another packet of the batch was in the way
        return None


class IptablesRun(Run):
    """The same through iptables-nft-restore. A line begins with its family."""

    make = rulesets_iptables.Ruleset
    commands = (("ip", "iptables-nft-restore"), ("ip6", "ip6tables-nft-restore"))

    @classmethod
    def why_not(cls):
        """None where both commands can be used; a kernel may lack what stands behind them."""
        for _, command in cls.commands:
            if not shutil.which(command):
                return f"{command} is not installed"
            r = subprocess.run(["unshare", "-n", command], input="*filter\nCOMMIT\n", capture_output=True, text=True, check=False)
            if r.returncode:
                return f"{command}: {r.stderr.strip()}"
        return None

    def prepare(self, made):
        self.empty()
        ipsets.load(made.before)

    def empty(self):
        """Nothing of an earlier ruleset stands."""
        self.kernel.flush()

    def load(self, lines):
        lines = list(lines)
        for _ in range(60):
            self.empty()
            at = self.restore(lines)
            if at is None:
                return lines
            if at < 0 or "    " not in lines[at]:
                return None
            lines.pop(at)
        return None

    def restore(self, lines):
        """None when all of them stand, else the place of the one that does not; -1 when that is not told."""
        for fam, command in self.commands:
            mine = [i for i, row in enumerate(lines) if row.split(" ", 1)[0] == fam]
            r = oracle.run(command, stdin="".join(lines[i].split(" ", 1)[1].strip() + "\n" for i in mine), check=False)
            if r.returncode:
                told = re.findall(r"line:? (\d+)", r.stderr) or re.findall(r"(\d+) failed", r.stderr)
                at = mine[int(told[-1]) - 1] if told and 0 < int(told[-1]) <= len(mine) else -1
                key = f"{r.stderr.strip().splitlines()[0]}: {lines[at].strip()}" if at >= 0 else r.stderr.strip()
                self.refused[key] = self.refused.get(key, 0) + 1
                return at
        return None


class LegacyRun(IptablesRun):
    """The same rules in the legacy tables, which stand beside nf_tables; tables once asked for stay there, empty."""

    commands = (("ip", "iptables-legacy-restore"), ("ip6", "ip6tables-legacy-restore"))
    TABLES = {"filter": "INPUT FORWARD OUTPUT", "mangle": "PREROUTING INPUT FORWARD OUTPUT POSTROUTING", "raw": "PREROUTING OUTPUT", "nat": "PREROUTING INPUT OUTPUT POSTROUTING"}

    def empty(self):
        self.kernel.flush()
        text = "".join(f"*{t}\n" + "".join(f":{c} ACCEPT [0:0]\n" for c in chains.split()) + "COMMIT\n" for t, chains in self.TABLES.items())
        for _, command in self.commands:
            oracle.run(command, stdin=text)


def unheard(packet, text):
    """A refusal that need not come back: the route's own are few a second, none answers what was not meant for one host alone, and all leave
    through postrouting, where rules may stand in their way."""
    return UNREACHABLE in packet["daddr"] or packet["daddr"].endswith(".255") or "filter hook postrouting" in text


def agrees(kernel, ours, packet, text):
    if "error" in ours:
        return False
    if {kernel, ours["verdict"]} == {"drop", "reject"} and unheard(packet, text):
        return True
    if ours["verdict"] == "unknown":
        return True
    if ours["certainty"] == "certain":
        return ours["verdict"] == kernel
    return OPEN[ours["verdict"]] <= OPEN[kernel]


def report(seed, shrunk, found, keep):
    packet, kernel, ours = found
    text = "\n".join(shrunk)
    print(f"# seed {seed}: the kernel says {kernel}, reach says {json.dumps(ours)}")
    print("# " + json.dumps(packet))
    for row in shrunk:
        print("#   " + row)
    if keep:
        with open(os.path.join(keep, f"{seed}.nft"), "w", encoding="utf-8") as f:
            f.write(f"# {json.dumps(packet)}\n# kernel {kernel}, reach {json.dumps(ours)}\n{text}\n")


MODES = {"nft": Run, "iptables": IptablesRun, "legacy": LegacyRun}


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--mode", choices=MODES, default="nft")
    a.add_argument("--iptables", dest="mode", action="store_const", const="iptables")
    a.add_argument("--legacy", dest="mode", action="store_const", const="legacy")
    a.add_argument("--rounds", type=int, default=300)
    a.add_argument("--seconds", type=int)
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--packets", type=int, default=100)
    a.add_argument("--keep", default="")
    a = a.parse_args()
    zc = os.path.abspath(os.environ.get("ZC", "build/zerocrit"))
    kind = MODES[a.mode]
    reason = oracle.why_not() or kind.why_not()
    if reason:
        print("1..0 # SKIP " + " ".join(reason.split()))
        return 0
    oracle.new_namespace()
    run, wrong, seed, end = kind(zc), 0, a.seed, time.monotonic() + (a.seconds or 0)
    while (time.monotonic() < end if a.seconds else seed < a.seed + a.rounds) and wrong < 10:
        found = run.one(seed, a.packets)
        if found:
            wrong += 1
            report(seed, *found, a.keep)
        seed += 1
    c = run.counts
    share = 100 * c["sure_possible"] / max(1, c["sure_packets"])
    print(f"# {c['packets']} packets over {c['rulesets']} rulesets: {c['certain']} certain, {c['possible']} possible, {c['unknown']} unknown, {c['crowded']} only wrong beside others; {share:.2f} % not certain in rulesets without chance or time")
    print("# refused by this kernel or nft: " + (", ".join(f"{k} ({n})" for k, n in sorted(run.refused.items(), key=lambda x: -x[1])[:40]) or "nothing"))
    print(f"{'not ' if wrong else ''}ok 1 - reach and the kernel agree on {c['packets']} packets over {c['rulesets']} rulesets from seed {a.seed}")
    print(f"{'not ' if share >= 2 else ''}ok 2 - fewer than 2 % of the answers are uncertain where the ruleset is not")
    print("1..2")
    return 1 if wrong or share >= 2 else 0


if __name__ == "__main__":
    sys.exit(main())
