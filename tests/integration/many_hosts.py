#!/usr/bin/python3
"""Many hosts: blocks in permuted order, exclusions from a file, shards that are the whole together and have nothing in common, and runs that go
on after a kill. One namespace answers for all of 10.66.0.0/16 over lo; another, behind a veth pair, for 10.67.0.0/16."""
import ipaddress
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import netns  # noqa: E402

ZC = os.path.abspath(os.environ.get("ZC", "build/zerocrit"))
O = os.path.abspath(os.environ.get("O", "build/obj/default"))
NS = f"zcmany{os.getpid()}"
PORTS = "22000-22003"  # two of them are open
OPEN = "22001-22002"
COMMON = ["--only", "ports", "--ports", PORTS, "--rate", "max"]
PEER = """
import socket, threading
held = []
for port in (22001, 22002):
    s = socket.socket(); s.bind(("0.0.0.0", port)); s.listen(4096); held.append(s)
print("ready", flush=True)
threading.Event().wait()
"""

count = failed = 0


def ok(good, name, *more):
    global count, failed
    count += 1
    print(("" if good else "not ") + f"ok {count} - {name}", flush=True)
    if not good:
        failed += 1
        for line in more:
            print("# " + str(line)[:2000].replace("\n", "\n# "))


def zc(*argv, **how):
    return subprocess.run(netns.inside(NS, ZC, *argv), capture_output=True, text=True, check=False, timeout=60, **how)


def collect(name, *argv):
    r = zc("collect", *argv, "-o", name)
    try:
        with open(name, encoding="utf-8") as f:
            return r, json.load(f)
    except (OSError, ValueError):
        return r, {"scans": [], "endpoints": [], "problems": [], "run": {}}


def members(block):
    return {str(a) for a in ipaddress.ip_network(block).hosts()}


def scanned(evidence):
    return [s["address"] for s in evidence["scans"]]


def facts(evidence):
    """What was found, in an order of its own, without times."""
    scans = sorted((s["address"], s["outcome"], s.get("open"), s.get("closed")) for s in evidence["scans"])
    ends = sorted((e["address"], e["port"], e["state"]) for e in evidence["endpoints"])
    return scans, ends


def blocks():
    r, e = collect("whole.json", "10.66.1.0/26", *COMMON)
    ok(r.returncode == 0, "a block is collected", r.stderr)
    ok(sorted(scanned(e)) == sorted(members("10.66.1.0/26")), "each member has one scan", scanned(e))
    ok(all(s["open"] == OPEN and s["closed"] == "22000,22003" for s in e["scans"]), "with the state of each port", e["scans"][:2])
    order = [int(a.rsplit(".", 1)[1]) for a in scanned(e)]
    ok(sum(abs(a - b) <= 2 for a, b in zip(order, order[1:])) < len(order) / 2, "neighbours are not looked at one after another", order)
    ok("nothing is held back" in r.stderr, "--rate max says what it does", r.stderr)
    return e


def exclusions():
    with open("exclude.txt", "w", encoding="utf-8") as f:
        f.write("# not these\n10.66.1.0/28\n10.66.1.40 # the printer\n\n")
    r, e = collect("some.json", "10.66.1.0/26", *COMMON, "--exclude-file", "exclude.txt", "--exclude", "10.66.1.62")
    gone = {f"10.66.1.{i}" for i in [*range(1, 16), 40, 62]}
    ok({s["address"] for s in e["scans"] if s["outcome"] == "skipped"} == gone, "what a file excludes is not contacted, and told", r.stderr)
    ok({s["address"] for s in e["scans"] if s["outcome"] == "done"} == members("10.66.1.0/26") - gone, "the others are", r.stderr)
    with open("bad.txt", "w", encoding="utf-8") as f:
        f.write("10.66.1.0/28\n  10.66.1.1/28\n")
    r = zc("collect", "10.66.1.0/26", "--exclude-file", "bad.txt", "-o", "bad.json")
    ok(r.returncode == 2 and "bad.txt:2:3" in r.stderr, "a bad line is told with its place", r.stderr)
    r = zc("collect", "10.66.1.3", "--exclude-file", "exclude.txt", "-o", "bad.json")
    ok(r.returncode == 2 and "scope.exclude holds it" in r.stderr, "a target that it excludes is refused", r.stderr)


def shards(whole):
    targets = ["10.66.1.0/26", "10.66.9.1", "10.66.9.2", "10.66.9.3", "http://10.66.9.2:22001/"]
    r, e = collect("all.json", *targets, *COMMON)
    parts = [collect(f"part{i}.json", *targets, *COMMON, "--shard", f"{i}/3") for i in (1, 2, 3)]
    seen = [set(scanned(p[1])) for p in parts]
    ok(all(p[0].returncode == 0 for p in parts), "shards are collected", [p[0].stderr for p in parts])
    ok(set().union(*seen) == set(scanned(e)), "together they are the whole")
    ok(not (seen[0] & seen[1] or seen[0] & seen[2] or seen[1] & seen[2]), "no two have a host in common")
    ok(all(seen), "none is empty", [len(s) for s in seen])
    ok([p[1]["run"]["options"]["shard"] for p in parts] == ["1/3", "2/3", "3/3"], "each says which it is")
    both = [[f[k] for p in parts for f in [facts(p[1])]] for k in (0, 1)]
    ok([sorted(sum(b, [])) for b in both] == list(facts(e)), "and finds what the whole finds")
    for i in (1, 2, 3):
        r = zc("judge", f"part{i}.json", "--profile", "default", "--format", "json", "-o", f"report{i}.json")
        with open(f"report{i}.json", encoding="utf-8") as f:
            reasons = json.load(f)["gate"]["reasons"]
        others = {f"10.66.9.{k}" for k in (1, 2, 3)} - seen[i - 1]
        ok(not any(o in str(x) for x in reasons for o in others), f"shard {i} does not miss what is another's", reasons)
    merged(whole)
    r = zc("collect", "local", "10.66.1.0/26", "--shard", "1/2", "-o", "no.json")
    ok(r.returncode == 2 and "--shard" in r.stderr, "local is in no shard", r.stderr)
    r = zc("collect", "10.66.1.0/26", "--shard", "3/2", "-o", "no.json")
    ok(r.returncode == 2 and "--shard: there is no shard 3/2" in r.stderr, "a shard that is none is refused", r.stderr)


def merged(whole):
    def merge(*files):
        r = zc("merge", *files, "-o", "merged.json")
        try:
            with open("merged.json", encoding="utf-8") as f:
                return r, json.load(f)
        except (OSError, ValueError):
            return r, None

    for i in (1, 2, 3):
        collect(f"m{i}.json", "10.66.1.0/26", *COMMON, "--shard", f"{i}/3")
    with open("m9.json", "w", encoding="utf-8") as f:
        json.dump(whole, f)
    r, report = merge("m1.json", "m2.json", "m3.json")
    ok(report and r.returncode in (0, 1) and len(report["runs"]) == 3, "all shards are judged together", r.stderr)
    subjects = sorted(report["subjects"]) if report else []
    zc("judge", "m9.json", "-o", "judged.json")
    with open("judged.json", encoding="utf-8") as f:
        ok(sorted(json.load(f)["subjects"]) == subjects, "as the whole is")
    r, report = merge("m1.json", "m3.json")
    ok(r.returncode == 3 and "1 of 3 shards are not there: 2/3" in str(report and report["gate"]["reasons"]), "one that is missing is told", r.stderr)
    for files, says in ((("m1.json", "m1.json"), "evidence of one run"), (("m1.json", "m9.json"), "is no shard"),
                        (("m1.json", "part2.json"), "no shards of one run")):
        r, _ = merge(*files)
        ok(r.returncode == 2 and says in r.stderr, f"refused: {says}", r.stderr)


def swept():
    """The same by packets of our own, over a wire."""
    far = NS + "f"
    netns.add(far)
    peer = None
    try:
        netns.ip("link", "add", "v0", "netns", NS, "type", "veth", "peer", "name", "v0", "netns", far)
        for ns, address in ((NS, "192.0.2.1/24"), (far, "192.0.2.2/24")):
            netns.ip("-n", ns, "addr", "add", address, "dev", "v0")
            netns.ip("-n", ns, "link", "set", "v0", "up")
        netns.ip("-n", NS, "route", "add", "10.67.0.0/16", "via", "192.0.2.2")
        netns.ip("-n", far, "route", "add", "local", "10.67.0.0/16", "dev", "lo")
        peer = subprocess.Popen(netns.inside(far, sys.executable, "-c", PEER), stdout=subprocess.PIPE, text=True)
        peer.stdout.readline()
        r, e = collect("swept.json", "10.67.1.0/26", *COMMON, "--exclude", "10.67.1.7")
        done = [s for s in e["scans"] if s["outcome"] == "done"]
        ok(r.returncode == 0 and {s["address"] for s in done} == members("10.67.1.0/26") - {"10.67.1.7"}, "a block by packets", r.stderr)
        ok(all((s["open"], s["closed"], s["filtered"]) == (OPEN, "22000,22003", "") for s in done), "each port has its state", done[:2])
        sent = {x["proof"]["sent"] for x in e["endpoints"]}
        ok(len(e["endpoints"]) == 2 * len(done) and sent == {"TCP SYN"}, "and what is open its proof", sent)
        parts = [collect(f"sw{i}.json", "10.67.1.0/26", *COMMON, "--shard", f"{i}/2")[1] for i in (1, 2)]
        both = [set(scanned(p)) for p in parts]
        ok(both[0] | both[1] == members("10.67.1.0/26") and not both[0] & both[1], "shards by packets are the whole, and disjoint")
        memory(COMMON)
        every_port(far)
    finally:
        if peer:
            peer.kill()
            peer.wait()
        netns.delete(far)


def every_port(far):
    """One host that is open wherever it is asked, and one that is not."""
    behind = "import socket, threading\nheld = []\nfor port in range(1, 301):\n    s = socket.socket(); s.bind(('10.67.3.1', port)); s.listen(64); held.append(s)\n" \
             "print('ready', flush=True)\nthreading.Event().wait()"
    peer = subprocess.Popen(netns.inside(far, sys.executable, "-c", behind), stdout=subprocess.PIPE, text=True)
    peer.stdout.readline()
    try:
        every_port_told()
    finally:
        peer.kill()
        peer.wait()


def every_port_told():
    for how, argv in (("packets", ["10.67.3.0/30"]), ("connections", ["10.67.3.0/30", "--concurrency", "500"])):
        prefix = ["setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw"] if how == "connections" else []
        r = subprocess.run(netns.inside(NS, *prefix, ZC, "collect", *argv, "--ports", "1-300,22001", "--only", "ports", "--rate", "max", "-o", "tar.json"),
                           capture_output=True, text=True, check=False, timeout=60)
        with open("tar.json", encoding="utf-8") as f:
            e = json.load(f)
        told = {s["address"]: s.get("every_port") for s in e["scans"]}
        ok(told == {"10.67.3.1": True, "10.67.3.2": False}, f"by {how}: a host that answers on every port is told from one that does not", r.stderr, told)
        ends = [x["address"] for x in e["endpoints"]]
        ok(ends.count("10.67.3.1") == 16 and ends.count("10.67.3.2") == 1, f"by {how}: of it few ports are looked into", len(ends))
        ok([(p["subject"], p["what"]) for p in e["problems"]] == [("10.67.3.1", "it answers on every port")], f"by {how}: and it is told why", e["problems"])


def memory(common):
    """The largest process of a run, in KiB: what many pairs take beside few."""
    if "address" in O or "undefined" in O:
        ok(True, "a million pairs stay under 32 MiB # SKIP a sanitizer's own memory counts")
        return
    measure = os.path.join(O, "tests/tool_measure")
    peaks = []
    for ports in ("22001", "1-4096"):  # 254 hosts: 254 pairs, and more than a million
        argv = [x if x != PORTS else ports for x in common]
        r = subprocess.run(netns.inside(NS, measure, "1", ZC, "collect", "10.67.2.0/24", *argv, "--deadline", "3s", "-o", "m.ndjson"),
                           capture_output=True, text=True, check=False, timeout=60)
        peaks.append(int(r.stdout.split()[1]))
    ok(peaks[1] < 32768, "a million pairs stay under 32 MiB", peaks)


def lines_of(stream):
    try:
        with open(stream, "rb") as f:
            return f.read().split(b"\n")
    except OSError:
        return []


def cut(out, scans, *argv):
    """Begins a run and kills it, its parent first, when its stream has so many scans."""
    stream = out + ".ndjson"
    p = subprocess.Popen(netns.inside(NS, ZC, "collect", *argv, "-o", out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while p.poll() is None and sum(b'{"scan":' in x for x in lines_of(stream)) < scans:
        time.sleep(0.005)
    p.kill()
    return p.wait()


def resumed():
    targets = ["10.66.2.0/26", "10.66.9.1", "http://10.66.9.2:22001/"]
    slow = [*targets, "--only", "ports", "--ports", PORTS, "--rate", "300"]
    fast = [*targets, *COMMON]
    _, whole = collect("uncut.json", *fast)
    for scans in (1, 20, 45):
        name = f"cut{scans}.json"
        died = cut(name, scans, *slow)
        kept = [json.loads(x)["scan"]["address"] for x in lines_of(name + ".ndjson") if x.startswith(b'{"scan":') and x.endswith(b"}")]
        with open(name + ".ndjson", "ab") as f:
            f.write(b'{"endpoint":{"asset":"10.66.2.9","addr')  # as if the disk had filled
        first = json.loads(lines_of(name + ".ndjson")[0])["run"]
        died = died == -9 and cut(name, scans + 10, *slow, "--resume", name + ".ndjson") == -9 if scans < 45 else died == -9
        r, e = collect(name, *fast, "--resume", name + ".ndjson")
        ok(died and r.returncode == 0 and len(kept) >= scans, f"killed after {scans} hosts, and gone on", r.stderr)
        ok(sorted(scanned(e)) == sorted(scanned(whole)), "every address is there, once", scanned(e))
        ok(facts(e) == facts(whole) and not e["problems"], "with what an uncut run finds", e["problems"])
        ok(e["run"]["id"] == first["id"] and e["run"]["started"] == first["started"], "it is the same run")
        ok(scanned(e)[:len(kept)] == kept, "what was finished was not asked again", kept)
        ok(not os.path.exists(name + ".ndjson"), "the stream has become the document")


def on_a_terminal(*argv, term="xterm"):
    """What a run writes to a terminal that its standard error is."""
    ours, theirs = pty.openpty()
    p = subprocess.Popen(netns.inside(NS, ZC, "collect", "10.66.2.0/27", "--only", "ports", "--ports", PORTS, *argv, "-o", "pty.json"),
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs, env=dict(os.environ, TERM=term))
    os.close(theirs)
    said = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:
            break
        if not part:
            break
        said += part
    os.close(ours)
    p.wait()
    return said.decode()


def progress():
    said = on_a_terminal("--rate", "120")
    ok(re.search(r"\d+ of 120 ports asked \(\d+ %\), \d+ open, \d+ a second, \d+ s left", said), "a terminal shows how far it is, how fast, and the time left", repr(said))
    ok("\n" not in said and said.endswith("\r\033[K"), "on one line, which is gone in the end", repr(said))
    shown = [x for x in said.split("\r") if x]
    ok(all(a != b for a, b in zip(shown, shown[1:])), "written only where it changed", repr(said))
    ok(on_a_terminal("--rate", "1000", "-q") == "" and on_a_terminal("--rate", "1000", term="dumb") == "", "not with -q, nor on a dumb terminal")


def refused():
    cut("r.json", 3, "10.66.2.0/26", "--only", "ports", "--ports", PORTS, "--rate", "100")
    stream = "r.json.ndjson"
    with open(stream, "rb") as f:
        before = f.read()
    rows = [
        (["10.66.2.0/26", "--ports", "22000-22002"], "other ports"),
        (["10.66.2.0/25", "--ports", PORTS], "other targets"),
        (["10.66.2.0/26", "--ports", PORTS, "--shard", "1/2"], "other seed"),
        (["10.66.2.0/26", "--ports", PORTS, "--exclude", "10.66.2.3"], "other exclude"),
        (["10.66.2.0/26", "--ports", PORTS, "--vantage", "elsewhere"], "other machine"),
    ]
    for argv, says in rows:
        r = zc("collect", *argv, "--only", "ports", "--resume", stream, "-o", "r.json")
        ok(r.returncode == 2 and "--resume r.json.ndjson" in r.stderr and says in r.stderr, f"refused: {says}", r.stderr)
    with open(stream, "rb") as f:
        ok(f.read() == before, "the stream is as it was")
    for text, says in ((b"", "empty"), (b"no evidence\n", "no evidence"), (before.split(b"\n")[0][:40], "cut")):
        with open("bad.ndjson", "wb") as f:
            f.write(text)
        r = zc("collect", "10.66.2.0/26", *COMMON, "--resume", "bad.ndjson", "-o", "r2.json")
        ok(r.returncode == 2 and "--resume bad.ndjson" in r.stderr, f"refused: a stream that is {says}", r.stderr)
    r = zc("audit", "10.66.2.0/26", *COMMON, "--resume", stream, "--format", "json", "-o", "report.json")
    ok(r.returncode in (0, 1) and "MET" in r.stderr and b'{"finished"' in lines_of(stream)[-2], "an audit goes on, and judges the whole", r.stderr)
    r = zc("collect", "10.66.2.0/26", *COMMON, "--resume", stream, "-o", "r3.json")
    ok(r.returncode == 2 and "it is finished" in r.stderr, "refused: a stream that is finished", r.stderr)


def main():
    netns.plan_skip(netns.why_not(veth=False))
    work = tempfile.mkdtemp()
    os.chdir(work)
    netns.add(NS)
    peer = None
    try:
        netns.ip("-n", NS, "route", "add", "local", "10.66.0.0/16", "dev", "lo")
        peer = subprocess.Popen(netns.inside(NS, sys.executable, "-c", PEER), stdout=subprocess.PIPE, text=True)
        peer.stdout.readline()
        whole = blocks()
        exclusions()
        shards(whole)
        swept()
        resumed()
        refused()
        progress()
    finally:
        if peer:
            peer.kill()
            peer.wait()
        netns.delete(NS)
        os.chdir("/")
        shutil.rmtree(work)
    print(f"1..{count}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
