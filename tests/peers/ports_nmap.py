#!/usr/bin/python3
"""Port states beside nmap's, on the lab's hosts: what nmap calls open, closed and filtered, zerocrit must call the same."""
import json
import os
import re
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
import lab  # noqa: E402

ZC = os.path.abspath(os.environ.get("ZC", "build/zerocrit"))
PORTS = "20-30,79-82,443,5432,6379,8443,3389,23"
count = failed = 0


def tap(ok, name, detail=""):
    global count, failed
    count += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {count} - {name}" + ("" if ok else f"\n# {detail}"), flush=True)


def numbers(ranges):
    """{22, 23, 24} of "22-24"."""
    return {p for part in ranges.split(",") if part for p in range(int(part.split("-")[0]), int(part.split("-")[-1]) + 1)}


def by_nmap(hosts, vantage, address, how):
    text = hosts.run(vantage, "nmap", "-n", "-Pn", how, "-p", PORTS, "-oG", "-", address).stdout
    states = {"open": set(), "closed": set(), "filtered": set()}
    for port, state in re.findall(r"(\d+)/(open|closed|filtered)/tcp", text):
        states[state].add(int(port))
    for state in re.findall(r"Ignored State: (\w+)", text):
        states[state] |= numbers(PORTS) - set.union(*states.values())
    return states


def by_zerocrit(hosts, vantage, address):
    scan = json.loads(hosts.run(vantage, ZC, "collect", "--only", "ports", "--ports", PORTS, address, "-o", "-").stdout)["scans"][0]
    return {state: numbers(scan[state]) for state in ("open", "closed", "filtered")}


def main():
    if not shutil.which("nmap"):
        print("1..0 # SKIP nmap is not installed")
        return
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root for network namespaces")
        return
    with lab.Lab("good1", "bad1") as hosts:
        for host in ("good1", "bad1"):
            for vantage in ("out", "in"):
                address = lab.address(host, vantage == "in")
                ours = by_zerocrit(hosts, vantage, address)
                for how in ("-sS", "-sT"):
                    theirs = by_nmap(hosts, vantage, address, how)
                    tap(ours == theirs, f"{host} from {vantage}: the same states as nmap {how}", f"{ours} {theirs}")
    print(f"1..{count}")


main()
sys.exit(failed > 0)
