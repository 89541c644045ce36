#!/usr/bin/python3
"""Real servers in the lab (tests/lab/lab.py): each defect that was planted is found where it was planted, nothing planted is reported
on the clean host, vantages are judged together, the exit status is right whoever runs it, and peers that misbehave cost their budget."""
import concurrent.futures
import fnmatch
import json
import os
import shutil
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
import lab as the_lab  # noqa: E402
import netns  # noqa: E402
import reproduce  # noqa: E402
from lab import Lab, PASSWORD, PEERS, address  # noqa: E402

try:
    import jsonschema
except ImportError:
    jsonschema = None

SCHEMA = json.load(open("reports/schema/evidence.schema.json"))
count = 0
failed = 0
GOOD, BAD, ODD = (address(h) for h in ("good1", "bad1", "odd1"))
GOOD_IN, BAD_IN = address("good1", True), address("bad1", True)


def tap(ok, name, detail=""):
    global count, failed
    count += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {count} - {name}", flush=True)
    if not ok:
        print("# " + str(detail).replace("\n", "\n# ")[:3000], flush=True)


def skip(name, why):
    global count
    count += 1
    print(f"ok {count} - {name} # SKIP {why}", flush=True)


# server, vantage that must see it, rule, subject, severity. A rule whose id is a pattern: at least one of them.
PLANTED = [
    ("redis", "out", "ZC-RD-001", f"{BAD}:6379/tcp", "critical", "Redis without a password"),
    ("redis", "out", "ZC-RD-004", f"{BAD}:6379/tcp", "high", "Redis without TLS"),
    ("redis", "out", "ZC-PORT-001", f"{BAD}:6379/tcp", "high", "Redis for everyone"),
    ("postgres", "out", "ZC-PORT-001", f"{BAD}:5432/tcp", "high", "PostgreSQL for everyone"),
    ("postgres", "out", "ZC-PG-001", f"{BAD}:5432/tcp", "critical", "PostgreSQL that trusts everyone"),
    ("postgres", "out", "ZC-PG-002", f"{BAD}:5432/tcp", "critical", "replication for everyone"),
    ("nginx", "out", "ZC-TLS-020", f"{BAD}:443/tcp", "high", "an expired certificate"),
    ("nginx", "out", "ZC-TLS-024", f"{BAD}:8443/tcp", "high", "a certificate signed by itself"),
    ("nginx", "out", "ZC-TLS-002", f"{BAD}:443/tcp", "medium", "TLS 1.0"),
    ("nginx", "out", "ZC-HTTP-002", f"{BAD}:80/tcp", "medium", "HTTP that is not redirected"),
    ("nginx", "out", "ZC-HTTP-040", f"*{BAD}:443/tcp*", "medium", "a session cookie without Secure"),
    ("nginx", "out", "ZC-HTTP-043", f"*{BAD}:80/tcp*", "medium", "a session cookie in the clear"),
    ("redis", "in", "ZC-RD-001", f"{BAD_IN}:6379/tcp", "critical", "Redis without a password, from inside"),
    ("nginx", "in", "ZC-TLS-020", f"{BAD_IN}:443/tcp", "high", "an expired certificate, from inside"),
    (None, "bad1", "ZC-FW-002", "host/firewall", "high", "a firewall that accepts by default"),
    (None, "bad1", "ZC-FW-004", "host/firewall", "low", "forwarding that is accepted by default"),
]

# What may stand on the clean host: that its data services are offered to the inside network is what it is for.
CLEAN = {"out": [], "in": ["ZC-PORT-001"], "good1": ["ZC-PORT-001"], "all": ["ZC-PORT-001"]}

# Who must have reached what, from both vantages and the host's own evidence: port, vantages, reach.
EXPOSED = {
    "good1": [(80, ["out", "in"], "any"), (443, ["out", "in"], "any"), (5432, ["in"], "private"), (6379, ["in"], "private")],
    "bad1": [(p, ["out", "in"], "any") for p in (80, 443, 5432, 6379, 8443)],
}
SERVER_OF = {80: "nginx", 443: "nginx", 8443: "nginx", 5432: "postgres", 6379: "redis"}

# Exit status of `audit`: where it runs, its arguments, the status as root, the status unprivileged.
STATUS = [
    ("a named service that answers", "out", [f"https://{GOOD}"], 0, 0),
    ("a named service that is filtered", "out", [f"{GOOD}:5432"], 3, 3),
    ("a named service that is closed", "out", [f"{BAD}:20999"], 3, 3),
    ("a named service that answers, and one that is closed", "out", [f"https://{GOOD}", f"{BAD}:20999"], 3, 3),
    ("a critical finding", "out", [f"{BAD}:6379"], 1, 1),
    ("a critical finding, and a service that is closed", "out", [f"{BAD}:6379", f"{BAD}:20999"], 1, 1),
    ("a critical finding that --skip leaves out", "out", [f"{BAD}:6379", "--skip", "redis"], 0, 0),
    ("a service that is closed, whatever --skip", "out", [f"{BAD}:20999", "--skip", "redis,tls"], 3, 3),
    ("a named service that answers, without the port probe", "out", [f"https://{GOOD}", "--skip", "ports"], 0, 0),
    ("a critical finding, without the port probe", "out", [f"{BAD}:6379", "--skip", "ports"], 1, 1),
    ("a service that is closed, without the port probe", "out", [f"{BAD}:20999", "--skip", "ports"], 3, 3),
    ("an address without a route", "out", ["[2001:db8::9]:443"], 3, 3),
    ("an own address where Redis asks for a password", "good1", [f"{GOOD_IN}:6379"], 0, 0),
    ("a host where nothing answers", "out", ["203.0.113.9", "--ports", "80,443"], 3, 3),
    ("a block whose other members are silent", "out", [f"{GOOD}/32", "--ports", "443"], 0, 0),
    ("high findings, where high counts", "out", [f"{BAD}:8443", "--fail-on", "high"], 1, 1),
    ("the machine itself, without its firewall or its listeners", "good1", ["local", "--skip", "firewall,listeners"], 0, 0),
    ("the machine itself, without its listeners", "good1", ["local", "--skip", "listeners"], 0, 3),
]


def each(jobs):
    """Runs (key, function) pairs, several at once; {key: result}."""
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        return {k: f.result() for k, f in [(k, pool.submit(f)) for k, f in jobs]}


class Audit:
    def __init__(self, lab):
        self.lab = lab
        self.zc = f"{lab.dir}/zerocrit"  # where nobody can run it
        shutil.copy(os.environ.get("ZC", "build/zerocrit"), self.zc)
        os.chmod(self.zc, 0o755)
        self.env = dict(lab.ca(), ASAN_OPTIONS="detect_leaks=0")  # a leak checker cannot attach across users

    def zerocrit(self, where, *argv, unprivileged=False):
        who = self.lab.nobody() if unprivileged else []
        return self.lab.run(where, *who, self.zc, *argv, env=self.env, cwd="/")

    def path(self, host, vantage):
        return f"{self.lab.dir}/{host}-{vantage}.json"

    def collect(self, host, vantage):
        target = {"out": [address(host)], "in": [address(host, True)]}.get(vantage, ["local"])
        r = self.zerocrit(vantage, "collect", *target, "--vantage", vantage, "-o", self.path(host, vantage))
        return r.returncode, r.stderr

    def judge(self, host, *vantages):
        r = self.zerocrit("out", "judge", *(self.path(host, v) for v in vantages), "--format", "json")
        try:
            return json.loads(r.stdout)
        except ValueError:
            return {"findings": [], "exposure": [], "gate": {}, "error": r.stderr}


def valid(path):
    """What jsonschema says against a document."""
    document = json.load(open(path))
    return [f"{list(e.absolute_path)}: {e.message[:200]}" for e in jsonschema.Draft202012Validator(SCHEMA).iter_errors(document)]


def planted(audit, reports):
    lab = audit.lab
    rules = {line.split()[0] for line in audit.zerocrit("out", "rules", "list").stdout.splitlines() if line}
    for server, vantage, rule, subject, severity, name in PLANTED:
        if server in lab.missing:
            skip(f"{name}: {rule}", lab.missing[server])
            continue
        if not fnmatch.filter(rules, rule):
            skip(f"{name}: {rule}", "the program has no such rule")
            continue
        found = [f for f in reports["bad1", vantage]["findings"] if fnmatch.fnmatch(f["rule"], rule) and fnmatch.fnmatch(f["subject"], subject)]
        tap([f["severity"] for f in found if f["severity"] == severity], f"bad1: {name} is found: {rule}",
            f"{found}\n{[(f['rule'], f['subject'], f['severity']) for f in reports['bad1', vantage]['findings']]}")
    for vantage, allowed in CLEAN.items():
        wrong = [(f["rule"], f["subject"], f["severity"], f["message"]) for f in reports["good1", vantage]["findings"]
                 if f["severity"] != "info" and f["rule"] not in allowed]
        tap(not wrong, f"good1: nothing is reported that was not meant ({vantage})", "\n".join(map(str, wrong)))
        named = {rule for _, _, rule, *_ in PLANTED} - set(allowed)
        mixed = [f["rule"] for f in reports["good1", vantage]["findings"] if f["rule"] in named]
        tap(not mixed, f"good1: nothing planted elsewhere is reported ({vantage})", mixed)


def exposed(lab, reports):
    for host, rows in EXPOSED.items():
        exposure = reports[host, "all"]["exposure"]
        for port, vantages, reach in rows:
            if SERVER_OF[port] in lab.missing:
                skip(f"{host}: {port} is reached from {' and '.join(vantages)}", lab.missing[SERVER_OF[port]])
                continue
            seen = [x for x in exposure if x["port"] == port and x["asset"] == host and x["listener"] and x["reach"] != "loopback"]
            tap([x for x in seen if sorted(x["reached_from"]) == sorted(vantages) and x["reach"] == reach and "firewall" in x],
                f"{host}: {port} is reached from {' and '.join(vantages)}: {reach}", exposure)
        strangers = [x for x in exposure if x["port"] not in {p for p, *_ in rows} and x["reach"] not in ("loopback", "none")]
        tap(not strangers, f"{host}: nothing else is exposed", strangers)
    asked = {(host, x["port"]): x.get("access") for host in ("bad1", "good1") for x in reports[host, "all"]["exposure"] if x["kind"] == "listener" and x["reached_from"]}
    want = {("bad1", 6379): "none, none", ("good1", 80): "to https", ("good1", 443): "TLS 1.2-1.3"}
    told = {at: asked.get(at) for at in want if SERVER_OF[at[1]] not in lab.missing}
    tap(told == {at: want[at] for at in told}, "what each service asks of who connects", asked)
    alone = reports["good1", "good1"]["exposure"]
    tap(alone and all(not x["reached_from"] and x["reach"] != "any" or x.get("firewall", {}).get("verdict") == "accept" for x in alone),
        "good1: its own address over lo proves no exposure", alone)
    for host in ("good1", "bad1"):
        listeners = {x["listener"] for x in reports[host, "all"]["exposure"] if x["kind"] != "unused"}
        tap(None not in listeners, f"{host}: what was reached from outside is the listener that the host has", reports[host, "all"]["exposure"])


def together(reports):
    """What each vantage saw of one service is one finding, at the most exposed place, with the evidence of every run."""
    report = reports["bad1", "all"]
    asked = [c for c in report["checks"] if c["rule"].startswith("ZC-RD-") and c["verdict"] == "unknown" and "reach" in c["why"]]
    tap(not asked, "bad1: judged together, no check of a service lacks its reach", asked)
    found = [f for f in report["findings"] if f["rule"] == "ZC-RD-001"]
    tap([(f["subject"], f["reach"], f["asset"]) for f in found] == [(f"{BAD}:6379/tcp", "any", "bad1")],
        "bad1: judged together, a Redis that three vantages saw is one critical, of its most exposed address", found)
    runs = {x["id"] for x in report["runs"]}
    tap(found and {e["run"] for e in found[0]["evidence"]} == runs, "bad1: it has the evidence of every run", (runs, found))
    tap(found and f"{BAD_IN}:6379/tcp" in found[0].get("also", []), "bad1: it says at which other places the service was seen", found)
    tap(report["counts"]["critical"]["open"] == len([f for f in report["findings"] if f["severity"] == "critical"]) and
        len({(f["rule"]) for f in report["findings"] if f["severity"] == "critical"}) == report["counts"]["critical"]["open"],
        "bad1: each critical counts once", report["counts"])


def reproduced(audit, reports):
    """From where it was found, the commands that a finding names show it."""
    run = lambda command, env: audit.lab.run("out", "bash", "-c", command, env=env, timeout=60, errors="replace")
    reproduce.check([f for f in reports["bad1", "out"]["findings"] if f["asset"] == BAD], tap, skip, "bad1", run, audit.env)


def statuses(audit):
    jobs = [((name, who), lambda w=where, a=argv, u=(who == "unprivileged"): audit.zerocrit(w, "audit", *a, "--format", "json", unprivileged=u))
            for name, where, argv, _, _ in STATUS for who in ("root", "unprivileged")]
    results = each(jobs)
    for name, _, argv, root, unprivileged in STATUS:
        for who, want in (("root", root), ("unprivileged", unprivileged)):
            r = results[name, who]
            tap(r.returncode == want, f"{name}, {who}: {want}", f"{argv}: {r.returncode} {r.stderr[-600:]}")
    for who in (False, True):
        r = audit.zerocrit("bad1", "audit", f"{BAD}:6379", "--format", "json", unprivileged=who)
        tap(r.returncode in (1, 3), f"an own address where Redis obeys is never met{', unprivileged' if who else ''}", (r.returncode, r.stderr))
        r = audit.zerocrit("bad1", "audit", "local", "--format", "json", unprivileged=who)
        tap(r.returncode in (1, 3), f"the bad host from itself is never met{', unprivileged' if who else ''}", (r.returncode, r.stderr))


def asked(audit):
    """Reasons are about what was named."""
    r = audit.zerocrit("out", "audit", f"https://{GOOD}:5432", "--format", "json")
    report = json.loads(r.stdout or "{}")
    reasons = report.get("gate", {}).get("reasons", [])
    tap(r.returncode == 3 and any("did not answer as a service (filtered)" in x for x in reasons) and
        not any(word in x for x in reasons for word in ("postgres", "redis")), "a filtered https target: the reasons are not about databases", reasons)


def odd(audit):
    """Peers that misbehave: the run ends, the collector lives, the evidence is valid, and nothing critical is believed of them."""
    path = f"{audit.lab.dir}/odd.json"
    names = [f"{ODD}:{port}" for port in PEERS.values()]
    r = audit.zerocrit("out", "audit", *names, "--deadline", "60s", "--evidence", path, "--format", "json")
    tap(r.returncode in (0, 1, 3), "misbehaving peers: the run ends with a verdict", (r.returncode, r.stderr))
    evidence, report = json.load(open(path)), json.loads(r.stdout or "{}")
    tap("finished" in evidence["run"] and not [p for p in evidence["problems"] if p.get("probe") == "collector"],
        "misbehaving peers: the collector lived, and the run finished", evidence["problems"])
    tap(not [f for f in report.get("findings", [()]) if f["severity"] == "critical"], "misbehaving peers: nothing critical is believed of them",
        report.get("findings"))
    seen = {e["port"]: e for e in evidence["endpoints"]}
    for mode, port in PEERS.items():
        e = seen.get(port, {})
        said = {"commands": {"ping": "runs"}} if mode in ("half", "gush") else {}  # they do say PONG, and no more
        made = {k: v for k, v in e.get("redis", {}).items() if k == "commands"}
        tap(e.get("state") == "open" and all("outcome" in p for p in e["probes"].values()) and made == said and not e.get("postgres"),
            f"a peer that does {mode}: open, every probe has its outcome, and no database is made of it", e)
    text = open(path).read() + r.stdout
    tap("\\u001b" not in text and "\x1b" not in text, "misbehaving peers: no control character of theirs stands in a document")
    if jsonschema:
        tap(not valid(path), "misbehaving peers: the evidence follows its schema", valid(path))
    else:
        skip("misbehaving peers: the evidence follows its schema", "needs python3-jsonschema")


def gone(lab_dir, pids, spaces):
    """After stop() nothing is left."""
    left = [p for p in pids if os.path.exists(f"/proc/{p}")] + [s for s in spaces if os.path.exists(f"{netns.DIR}/{s}")]
    tap(not left and not os.path.exists(lab_dir), "the lab leaves no process, no namespace and no file", left)


def interrupted():
    """`make lab` ends with Ctrl-C, and with a second one while it does; a terminal that goes away ends it, too."""
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab", "lab.py")
    for name, signals, status in (("Ctrl-C", [signal.SIGINT], 0), ("Ctrl-C twice", [signal.SIGINT, signal.SIGINT], 0), ("a hangup", [signal.SIGHUP], 129)):
        p = subprocess.Popen([sys.executable, here, "odd1"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said, root = "", ""
        for line in p.stdout:
            said += line
            if "its authority" in line:
                root = os.path.dirname(line.split()[2])
            if line.startswith("A shell there"):
                break
        for s in signals:
            p.send_signal(s)
        try:
            said += p.communicate(timeout=60)[0]
        except subprocess.TimeoutExpired:
            p.terminate()
            said += p.communicate()[0] + "(it went on)"
        spaces = [s for s in os.listdir(netns.DIR) if s.startswith(f"zclab{p.pid}")]
        tap(p.returncode == status and root and not os.path.exists(root) and not spaces, f"the lab ends with {name}, and leaves nothing", (p.returncode, root, spaces, said))


def main():
    netns.plan_skip(the_lab.why_not())
    with Lab() as lab:
        audit = Audit(lab)
        for server in ("nginx", "postgres", "redis"):
            if server in lab.missing:
                skip(f"{server} runs on both hosts", lab.missing[server])
            else:
                tap(True, f"{server} runs on both hosts")
        places = [(h, v) for h in ("good1", "bad1") for v in ("out", "in", h)]
        done = each([(p, lambda p=p: audit.collect(*p)) for p in places])
        tap(all(code == 0 for code, _ in done.values()), "evidence from every vantage: 0", done)
        if jsonschema:
            wrong = {p: valid(audit.path(*p)) for p in places}
            tap(not any(wrong.values()), "the evidence follows its schema", wrong)
        else:
            skip("the evidence follows its schema", "needs python3-jsonschema")
        said = [p for p in places if PASSWORD in open(audit.path(*p)).read()]
        tap(not said, "no password stands in the evidence", said)
        reports = each([((h, v), lambda h=h, v=v: audit.judge(h, v)) for h, v in places] +
                       [((h, "all"), lambda h=h: audit.judge(h, h, "out", "in")) for h in ("good1", "bad1")])
        planted(audit, reports)
        exposed(lab, reports)
        if "redis" not in lab.missing:
            together(reports)
        reproduced(audit, reports)
        statuses(audit)
        asked(audit)
        odd(audit)
        pids, spaces = [p.pid for p in lab.children], list(lab.spaces)
    gone(lab.dir, pids, spaces)
    interrupted()
    print(f"1..{count}")
    sys.exit(failed > 0)


main()
