#!/usr/bin/python3
"""The two processes, with probes that do what a test asks of them (tests/tools/collect_lab.c): whatever happens to the collector, the
evidence stays valid, says what happened, and leaves an outcome for everything that was planned."""
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

try:
    import jsonschema
except ImportError:
    jsonschema = None

LAB = os.path.abspath(os.path.join(os.environ.get("O", "build/obj/default"), "tests/tool_collect_lab"))
SCHEMA = json.load(open("reports/schema/evidence.schema.json"))
COVERAGE = "coverage" in LAB
RELEASE = "obj/default" in LAB
work = tempfile.mkdtemp(prefix="zc-collector-")
os.chmod(work, 0o777)
count = 0


def tap(ok, name, detail=""):
    global count
    count += 1
    print(f"{'ok' if ok else 'not ok'} {count} - {name}", flush=True)
    if not ok:
        print(f"# {str(detail)[:1500]}", flush=True)


def skip(name, why):
    global count
    count += 1
    print(f"ok {count} - {name} # SKIP {why}", flush=True)


class Stream:
    """What a run left behind: every line must be whole."""

    def __init__(self, path):
        text = open(path, "rb").read()
        self.whole = text.endswith(b"\n")
        self.lines = [json.loads(line) for line in text.decode().splitlines()]
        self.finished = "finished" in self.lines[-1]
        self.host = {}
        self.outcomes = {}
        for line in self.lines:
            host = line.get("host", {})
            self.outcomes.update(host.get("probes", {}))
            self.host.update({k: v for k, v in host.items() if k != "probes"})
        self.scans = [line["scan"] for line in self.lines if "scan" in line]
        # The same identity replaces.
        self.endpoints = list({(e["asset"], e["address"], e["port"], e.get("name")): e for e in
                               (line["endpoint"] for line in self.lines if "endpoint" in line)}.values())
        self.problems = [line["problem"] for line in self.lines if "problem" in line and line["problem"].get("probe") != "sandbox"]

    def document(self):
        doc = {"schema": self.lines[0]["schema"], "run": self.lines[0]["run"], "scans": self.scans, "endpoints": self.endpoints,
               "problems": [line["problem"] for line in self.lines if "problem" in line]}
        if self.outcomes:
            doc["host"] = dict(self.host, probes=self.outcomes)
        return doc

    def valid(self):
        if jsonschema:
            jsonschema.validate(self.document(), SCHEMA)
        return self.whole

    def said(self, text):
        return any(text in problem["what"] + " " + problem.get("why", "") for problem in self.problems)


def start(*args, prefix=(), env=None):
    path = os.path.join(work, f"e{random.getrandbits(60)}.ndjson")
    return path, subprocess.Popen([*prefix, LAB, path, *args], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env)


def run(*args, prefix=()):
    path, process = start(*args, prefix=prefix)
    _, err = process.communicate(timeout=120)
    if not os.path.exists(path):
        return process.returncode, None, err.decode()
    stream = Stream(path)
    os.unlink(path)
    return process.returncode, stream, err.decode()


def child_of(pid):
    """The collector's pid, once there is one."""
    for _ in range(1000):
        try:
            children = open(f"/proc/{pid}/task/{pid}/children").read().split()
        except OSError:
            return None
        if children:
            return int(children[0])
        time.sleep(0.01)
    return None


def status_of(pid):
    return dict(line.split(":\t", 1) for line in open(f"/proc/{pid}/status").read().splitlines() if ":\t" in line)


def behaves():
    code, s, err = run("fine", "local", "127.0.0.5:22", "10.0.0.0/30")
    tap(code == 0 and s.finished and s.valid() and not s.problems, "a run that goes well finishes, and validates", (code, err, s and s.problems))
    tap(s.outcomes == {"listeners": {"outcome": "done"}, "os": {"outcome": "done"}} and s.host["os"] == {"id": "lab"} and
        len(s.host["listeners"]) == 2, "host probes of both sides leave evidence and outcomes", s.outcomes)
    own = [e for e in s.endpoints if e["asset"] == "lab"]
    tap(sorted((e["address"], e["port"], e["reached_from"]) for e in own) == [("127.0.0.1", 22, "self"), ("127.0.0.1", 23, "self")],
        "local tries each listener's own port, and nothing else", own)
    tap(sorted(x["address"] for x in s.scans) == ["10.0.0.1", "10.0.0.2", "127.0.0.1", "127.0.0.5"] and
        all(x["outcome"] == "done" for x in s.scans), "every address leaves a scan with an outcome", s.scans)
    code, s, err = run("fine", "10.0.0.1:1")
    tap(code == 3 and s.endpoints[0]["state"] == "closed", "a named port that is closed is missing: 3", (code, err))
    code, s, err = run("fine", "no-such-name.invalid:443", "10.9.9.9:22")
    e = [x for x in s.endpoints if x["address"] == "no-such-name.invalid"]
    tap(code == 3 and s.valid() and len(e) == 1 and e[0]["state"] == "unknown" and e[0]["reason"] and s.said("no address"),
        "a name that does not resolve is an endpoint unknown, a problem, and 3", (code, s.lines))
    code, s, err = run("fine", "no-such-name.invalid")
    tap(code == 3 and [x["outcome"] for x in s.scans] == ["failed"], "a host that does not resolve is a failed scan, and 3", s.lines)


def outcomes():
    _, s, _ = run("partial", "local")
    tap(s.outcomes["listeners"] == {"outcome": "partial", "why": "other users' processes could not be read", "needs": "CAP_SYS_PTRACE",
                                    "whole": True} and s.problems[0]["path"] == "/host/listeners/0", "partial says why, what it needs and where", s.lines)
    _, s, _ = run("denied", "local")
    tap(s.outcomes["listeners"]["outcome"] == "failed" and "listeners" not in s.host and
        (os.geteuid() == 0 or s.outcomes["listeners"]["needs"] == "CAP_SYS_PTRACE"), "a failed probe leaves no empty list behind", s.lines)
    _, s, _ = run("fails", "10.0.0.1")
    tap(s.scans[0]["outcome"] == "failed" and s.scans[0]["why"] == "no sockets left", "a failed scan says why", s.lines)
    code, s, _ = run("fine", "skip=listeners", "local")
    tap(code == 0 and s.outcomes["listeners"] == {"outcome": "skipped", "why": "--skip"} and not s.endpoints, "--skip is an outcome", s.lines)
    code, s, _ = run("fine", "only=os", "local", "10.0.0.1")
    tap(code == 0 and s.outcomes == {"listeners": {"outcome": "skipped", "why": "--only"}, "os": {"outcome": "done"}} and
        [(x["address"], x["outcome"]) for x in s.scans] == [("10.0.0.1", "skipped")], "--only skips the rest openly", s.lines)
    code, s, _ = run("fine", "only=ports", "local")
    tap(s.outcomes["listeners"]["outcome"] == "skipped" and "listeners" not in s.host and len(s.endpoints) == 2,
        "--only ports has the listeners read, and leaves them out of the evidence", s.lines)
    code, s, err = run("fine", "only=prots", "local")
    tap(code == 2 and "did you mean ports?" in err, "a misspelt probe is 2, with the nearest", err)
    code, s, err = run("fine", "only=os", "10.0.0.1")
    tap(code == 2 and "local" in err and s is None, "a plan with nothing in it is 2", err)
    code, s, _ = run("late", "wait=20000", "10.0.0.1:80")
    tap(code == 0 and [e["state"] for e in s.endpoints] == ["open"] and len(s.scans) == 1, "--wait tries until it answers, and writes that", s.lines)
    code, s, _ = run("late", "10.0.0.1:80")
    tap(code == 3 and [e["state"] for e in s.endpoints] == ["closed"], "without --wait it is tried once", s.lines)


def endpoints():
    code, s, _ = run("banner", "local", "10.0.0.1:80", "10.0.0.2:1")
    by = {(e["address"], e["port"]): e for e in s.endpoints}
    tap(code == 3 and s.valid() and by["10.0.0.1", 80]["proof"] == {"attempts": 2} and
        by["10.0.0.1", 80]["probes"] == {"banner": {"outcome": "done"}} and
        by["127.0.0.1", 23]["probes"]["banner"]["outcome"] == "notapplicable" and s.problems[0]["path"] == "/proof",
        "a probe of endpoints runs on what is open", s.lines)
    tap(by["10.0.0.2", 1]["probes"]["banner"] == {"outcome": "failed", "why": "the port is closed"},
        "a named port that is closed says so for every probe", by["10.0.0.2", 1])
    _, s, _ = run("banner-fails", "10.0.0.1:80")
    tap(s.endpoints[0]["probes"]["banner"] == {"outcome": "failed", "why": "port 80 said nothing"} and "proof" not in s.endpoints[0],
        "a probe of an endpoint that fails leaves its outcome alone", s.lines)
    code, s, _ = run("banner-crash", "10.0.0.1:80")
    tap(s.valid() and s.endpoints[0]["probes"]["banner"]["outcome"] == "failed" and s.said("killed by signal 6"),
        "a collector that dies over an endpoint leaves its outcome failed", s.lines)
    code, s, _ = run("banner", "skip=ports", "10.0.0.1:80")
    tap(s.endpoints[0]["state"] == "open" and s.endpoints[0]["probes"]["banner"]["outcome"] == "done", "--skip ports tries what was named", s.lines)
    code, s, _ = run("banner", "only=banner", "10.0.0.1:80")
    tap(len(s.endpoints) == 1 and s.scans[0]["ports"] == "80", "--only banner asks for that one port", s.lines)
    _, s, _ = run("fine", "exclude=10.0.0.2", "10.0.0.0/30")
    tap([(x["address"], x["outcome"]) for x in sorted(s.scans, key=lambda x: x["address"])] == [("10.0.0.1", "done"), ("10.0.0.2", "skipped")],
        "an excluded member is skipped, and not contacted", s.lines)
    code, s, _ = run("fine", "exclude=127.0.0.1", "localhost:80")
    out = [e for e in s.endpoints if e["address"] == "127.0.0.1"]
    tap(out[0]["state"] == "unknown" and "scope.exclude" in out[0]["reason"], "an address that a name leads to is bound by the scope too", s.lines)


def drops():
    for env, want in ((None, "65534"), ({"SUDO_UID": "1000", "SUDO_GID": "1000"}, "1000")):
        if os.geteuid() != 0 or COVERAGE:
            skip("root is given up for good", "needs root")
            continue
        path, process = start("drop", "10.0.0.1", env=dict(os.environ, **(env or {})))
        _, err = process.communicate(timeout=60)
        tap(f"uid {want} {want} {want}, root again 0" in err.decode(), f"root is given up for good: uid {want}", err)


def dies(prefix=(), who=""):
    for how, text in (("crash", "killed by signal 4"), ("abort", "killed by signal 6"), ("exit", "exit status 9")):
        code, s, err = run(how, "local", "10.0.0.1", "10.0.0.2:22", prefix=prefix)
        tap(code == 3 and s.valid() and s.finished and s.said(text) and s.outcomes["os"]["outcome"] == "done" and
            {(x["address"], x["outcome"]) for x in s.scans} >= {("10.0.0.1", "failed"), ("10.0.0.2", "failed")} and
            [e["state"] for e in s.endpoints if e["address"] == "10.0.0.2"] == ["unknown"],
            f"{who}{how}: a problem, an outcome for everything planned, and the run goes on", (code, err, s and s.lines))
    code, s, err = run("os-crash", "local", "10.0.0.1", prefix=prefix)
    tap(s.outcomes["os"]["outcome"] == "failed" and s.outcomes["listeners"]["outcome"] == "done" and s.valid(),
        f"{who}a collector that dies in its first probe costs only its own evidence", (code, err))


def lies():
    for how in ("garbage", "firewall", "finished", "member", "target", "endless"):
        code, s, err = run(how, "10.0.0.1")
        tap(code == 3 and s.valid() and s.finished and s.said("what no collector sends") and "firewall" not in s.host and
            [line for line in s.lines if "finished" in line] == s.lines[-1:], f"a collector that lies ({how}) is stopped and reported", (code, err))


def killed():
    path, process = start("hang", "local", "10.0.0.1")
    child = child_of(process.pid)
    for _ in range(1000):
        if os.path.exists(path) and b'"os"' in open(path, "rb").read():
            break
        time.sleep(0.01)
    status = status_of(child)
    if COVERAGE:
        skip("the collector's status", "a coverage build writes files")
    else:
        root = os.geteuid() == 0
        tap(status["NoNewPrivs"] == "1" and status["Seccomp"] == "2" and
            all(int(status[c], 16) == 0 for c in ("CapInh", "CapPrm", "CapEff", "CapAmb")) and
            (not root or status["Uid"].split() == ["65534"] * 4 and int(status["CapBnd"], 16) == 0),
            "the collector's own status: no_new_privs, seccomp, no capability, nobody", status)
        fds = sorted(os.readlink(f"/proc/{child}/fd/{fd}") for fd in os.listdir(f"/proc/{child}/fd")) if root else ["/dev/null"]
        tap(all(fd == "/dev/null" or fd.startswith(("pipe:", "anon_inode:", "socket:")) for fd in fds) and sum(fd.startswith("socket:") for fd in fds) <= 5 or not RELEASE,
            "it holds no descriptor but the pipe, the packet sockets and those that ask for routes", fds)
        parent = status_of(process.pid)
        # CAP_DAC_OVERRIDE, CAP_CHOWN, and CAP_KILL while there is a collector; a leak checker attaches to itself
        allowed = 1 << 1 | 1 << 0 | 1 << 5 | (0 if RELEASE else 1 << 19)
        held = 1 << 7 | 1 << 6  # CAP_SETUID, CAP_SETGID: not in force
        tap(int(parent["CapEff"], 16) & ~allowed == 0 and int(parent["CapPrm"], 16) & ~(allowed | held) == 0 and
            int(parent["CapInh"], 16) == int(parent["CapAmb"], 16) == 0 and parent["NoNewPrivs"] == "1",
            "the parent keeps what its outputs and the collector's end need", parent)
        tap(not root or parent["Uid"].split() == ["0"] * 4, "the parent is root in every id: nobody else may signal it", parent)
        if root and shutil.which("setpriv"):
            done = subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "kill", "-TERM", str(process.pid)],
                                  stderr=subprocess.DEVNULL)
            tap(done.returncode != 0 and process.poll() is None, "a process of nobody cannot end it", done)
        else:
            skip("a process of nobody cannot end it", "needs root")
    os.kill(child, signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    s = Stream(path)
    tap(process.returncode == 3 and s.valid() and s.finished and s.said("killed by signal 9") and s.outcomes["os"]["outcome"] == "done",
        "a collector killed from outside is a problem, and the run goes on", (process.returncode, err, s.lines))


def orphaned():
    path, process = start("hang", "local", "10.0.0.1")
    child = child_of(process.pid)
    for _ in range(1000):
        if b'"os"' in open(path, "rb").read():
            break
        time.sleep(0.01)
    process.kill()
    process.communicate(timeout=60)
    for _ in range(500):
        if not os.path.exists(f"/proc/{child}"):
            break
        time.sleep(0.01)
    s = Stream(path)
    tap(not os.path.exists(f"/proc/{child}") and s.valid() and not s.finished, "a parent that is killed takes its collector with it, and the stream is whole",
        s.lines)


def sudo():
    """Called through sudo, the parent must still be able to end a collector that is nobody."""
    if os.geteuid() != 0:
        return skip("under sudo", "needs root")
    env = dict(os.environ, SUDO_UID="1000", SUDO_GID="1000")
    path, process = start("hang", "local", "10.0.0.1", env=env)
    child = child_of(process.pid)
    time.sleep(0.3)
    process.terminate()
    process.communicate(timeout=60)
    return tap(process.returncode == 128 + 15 and not os.path.exists(f"/proc/{child}") and os.stat(path).st_uid == 1000 and
               os.stat(path).st_mode & 0o777 == 0o600, "under sudo: a signal ends both, and the evidence belongs to the caller",
               (process.returncode, os.stat(path)))


def deadline():
    code, s, err = run("hang", "deadline=300", "local", "10.0.0.1:80")
    tap(code == 3 and s.finished and s.valid() and s.said("deadline") and s.scans[0]["outcome"] == "failed" and "deadline" in s.scans[0]["why"],
        "a collector that hangs ends with the deadline, and outcomes say so", (code, err, s and s.lines))
    code, s, err = run("slow", "deadline=300", "10.0.0.0/20")
    block = [x for x in s.scans if "/" in x["address"]]
    tap(s.finished and s.valid() and len(block) == 1 and block[0]["outcome"] == "failed" and "more of its members" in block[0]["why"],
        "a block that is cut by the deadline says where, and how many were left", (code, err, s.scans[-3:]))


def signals():
    bad = []
    rounds = 0
    chance = random.Random(7)
    for n in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        for i in range(14):
            path, process = start("slow", "local", "10.0.0.0/26")
            child = None
            time.sleep(0.002 * i + chance.random() * 0.02 + 0.02)
            if i % 2:
                child = child_of(process.pid)
            process.send_signal(n)
            _, err = process.communicate(timeout=60)
            rounds += 1
            # Before the run takes signals over, and after it gives them back, one ends the process as ever (a shell says 128+n too).
            if os.path.exists(path) and os.path.getsize(path) > 0:
                s = Stream(path)
                if process.returncode not in (128 + n, 0, -n) or not s.valid() or (process.returncode == 128 + n and s.finished):
                    bad.append((n, i, process.returncode, err, s.lines[-1:]))
            elif process.returncode != -n:
                bad.append((n, i, process.returncode, err))
            if child and os.path.exists(f"/proc/{child}"):
                bad.append((n, i, "the collector is still there"))
    tap(not bad, f"{rounds} signals at random moments: 128+n, a valid stream without `finished`, no collector left", bad)


def small_disk():
    script = f'mount -t tmpfs -o size=16k tmpfs "$1" && shift && exec "$@"'
    target = os.path.join(work, "small")
    os.mkdir(target)
    base = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-Urm"]
    if subprocess.run([*base, "sh", "-c", script, "sh", target, "true"], stderr=subprocess.DEVNULL).returncode != 0:
        return skip("a full disk", "no mount namespace here")
    done = subprocess.run([*base, "sh", "-c", script, "sh", target, LAB, os.path.join(target, "e.ndjson"), "fine", "10.0.0.0/24"],
                          stderr=subprocess.PIPE, timeout=60)
    return tap(done.returncode == 4 and b"No space left" in done.stderr, "a full disk is a message and 4", (done.returncode, done.stderr))


def others():
    if os.geteuid() == 0 and shutil.which("setpriv") and not COVERAGE:
        global LAB
        copy = os.path.join(work, "lab")
        shutil.copy(LAB, copy)
        os.chmod(copy, 0o755)
        before, LAB = LAB, copy
        user = ("setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups")
        code, s, err = run("fine", "local", "127.0.0.5:22", prefix=user)
        tap(code == 0 and s.finished and s.valid(), "as an ordinary user", (code, err, s and s.problems))
        LAB = before
    else:
        skip("as an ordinary user", "needs root")
    if subprocess.run(["unshare", "-Ur", "true"], stderr=subprocess.DEVNULL).returncode != 0:
        return skip("in a user namespace", "none to be had")
    code, s, err = run("fine", "local", "127.0.0.5:22", prefix=("unshare", "-Ur"))
    said = [line["problem"]["what"] for line in s.lines if line.get("problem", {}).get("probe") == "sandbox"]
    return tap(code == 0 and s.valid() and (COVERAGE or any("keeps its uid" in x for x in said)), "in a user namespace that maps one uid, and says so",
               (code, err, said))


if not os.path.exists(LAB):
    print("1..0 # SKIP tool_collect_lab is not built")
    sys.exit(0)
try:
    for part in (behaves, outcomes, endpoints, drops, dies, lies, killed, orphaned, sudo, deadline, signals, small_disk, others):
        part()
finally:
    shutil.rmtree(work, ignore_errors=True)
print(f"1..{count}")
