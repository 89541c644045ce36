#!/usr/bin/python3
"""The truth table of the gate over the real program: what was named and answered or not, with privilege or not, a critical finding or not,
a probe that failed or not, waivers of every kind, and what --skip left out, to the exit status; every row, and the same status in every
format. What each row must give is worked out here in three lines from the contract, not from the program."""
import concurrent.futures
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile

ZC = os.path.abspath(os.environ.get("ZC", "build/zerocrit"))
FORMATS = ["json", "terminal", "html", "sarif", "junit", "markdown"]
work = tempfile.mkdtemp(prefix="zc-gate-")
count = 0
failed = 0


def tap(ok, name, detail=""):
    global count, failed
    count += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {count} - {name}", flush=True)
    if not ok:
        print("# " + str(detail).replace("\n", "\n# ")[:3000], flush=True)


# ---- the columns ----

ANSWERS = ["open", "silent", "closed", "filtered", "unresolved", "never tried"]  # of the named 203.0.113.9:443
PRIVILEGE = [True, False]
CRITICAL = [False, True]
PROBE_FAILED = [False, True]
SKIP = ["", "firewall", "redis", "firewall,redis"]
# name: which verdicts it waives, on which target, until when
WAIVERS = {
    "none": [],
    "the finding": [("ZC-RD-*", "id:db1", "fail", "2099-01-01")],
    "what is not known": [("ZC-FW-*", "id:m1", "unknown", "2099-01-01"), ("ZC-RD-*", "id:db2", "unknown", "2099-01-01")],
    "both": [("ZC-RD-*", "id:db1", "fail", "2099-01-01"), ("ZC-FW-*", "id:m1", "unknown", "2099-01-01"),
             ("ZC-RD-*", "id:db2", "unknown", "2099-01-01")],
    "both, expired": [("ZC-RD-*", "id:db1", "fail", "2026-02-01"), ("ZC-FW-*", "id:m1", "unknown", "2026-02-01"),
                      ("ZC-RD-*", "id:db2", "unknown", "2026-02-01")],
    "both, of other targets": [("ZC-RD-*", "id:db2", "fail", "2099-01-01"), ("ZC-FW-*", "id:db1", "unknown", "2099-01-01"),
                               ("ZC-RD-*", "id:db1", "unknown", "2099-01-01")],
}


def want(answer, privilege, critical, probe_failed, waivers, skip):
    """Not met outranks not shown; only a waiver that is in force and names the very verdict helps; --skip shortens the plan."""
    helps = waivers if waivers in ("the finding", "what is not known", "both") else ""
    if critical and "redis" not in skip and helps not in ("the finding", "both"):
        return 1
    unseen = (not privilege and "firewall" not in skip) or (probe_failed and "redis" not in skip)
    return 3 if answer != "open" or (unseen and helps not in ("what is not known", "both")) else 0


# ---- the evidence ----

FIREWALL = {"backend": ["nf_tables"], "tables": [{"family": "inet", "name": "filter", "flags": [],
                                                   "chains": [{"name": "input", "hook": "input", "policy": "drop", "rules": 3, "logs": 1}]}], "admits": [], "anomalies": [], "persistence": {"boots": "yes", "differs": []}, "rules": 3, "not_modelled": [],
            "defaults": {"input": {"ip": "drop", "ip6": "drop"}, "forward": {"ip": "drop", "ip6": "drop"}}}
PROOF = {"observed_at": "2026-11-22T02:14:07Z", "attempts": 1, "sent": "PING", "received": "+PONG"}
OPEN_REDIS = {"tls": {"offered": True, "required": "yes"}, "auth": {"required": False, "protected_mode": False, "default_user_nopass": True},
              "commands": {"ping": "runs", "hello": "runs", "info": "runs"}, "version": "7.0.15", "mode": "standalone", "proof": PROOF}
CLOSED_REDIS = {"tls": {"offered": True, "required": "yes"}, "auth": {"required": True}, "commands": {"ping": "noauth"}, "proof": PROOF}
SKIPPED = {"outcome": "skipped", "why": "--skip"}

IDENTIFIED = {"identify": {"outcome": "done"}}
# What a run leaves of each probe at an endpoint where none of them is for the service.
ASKED = {probe: {"outcome": "notapplicable", "why": "not a service of its kind"} for probe in ("tls", "http", "postgres", "redis")}


def endpoint(asset, address, port, state, service=None, **more):
    probes = {**IDENTIFIED, **more.pop("probes", {})}
    return {"asset": asset, "address": address, "transport": "tcp", "port": port, "name": None, "state": state, "service": service,
            "wrapped": None, "probes": probes, **more}

NOT_IDENTIFIED = {"identify": {"outcome": "partial", "why": "it accepts connections and stays silent, over 8 connections"}}


def www(answer):
    """Open is of use where something is known to speak there."""
    state = {"unresolved": "unknown", "silent": "open"}.get(answer, answer)
    if answer == "open":
        return endpoint("www", "203.0.113.9", 443, state, "http", wrapped="tls", probes=IDENTIFIED)
    return endpoint("www", "203.0.113.9", 443, state, probes=NOT_IDENTIFIED if answer == "silent" else {})


def evidence(answer, privilege, critical, probe_failed, skip):
    targets = [{"id": "m1", "named": "local"}, {"id": "www", "named": "203.0.113.9:443"}, {"id": "db1", "named": "203.0.113.7:6379"},
               {"id": "db2", "named": "203.0.113.8:6379"}]
    host = {"probes": {"listeners": {"outcome": "done"}}, "listeners": []}
    if "firewall" in skip:
        host["probes"]["firewall"] = SKIPPED
    elif privilege:
        host["probes"]["firewall"] = {"outcome": "done"}
        host["firewall"] = FIREWALL
    else:
        host["probes"]["firewall"] = {"outcome": "failed", "why": "not permitted", "needs": "CAP_NET_ADMIN"}
    endpoints = []
    if answer != "never tried":
        endpoints.append(www(answer))
    for asset, address, facts in (("db1", "203.0.113.7", OPEN_REDIS if critical else CLOSED_REDIS),
                                  ("db2", "203.0.113.8", None if probe_failed else CLOSED_REDIS)):
        e = endpoint(asset, address, 6379, "open", "redis")
        if "redis" in skip:
            e["probes"]["redis"] = SKIPPED
        elif facts:
            e["redis"] = facts
            e["probes"]["redis"] = {"outcome": "done"}
        else:
            e["probes"]["redis"] = {"outcome": "failed", "why": "closed in the middle of its answer"}
        endpoints.append(e)
    return {"schema": "zerocrit.evidence/1",
            "run": {"id": "r1", "started": "2026-11-22T02:14:06Z", "finished": "2026-11-22T02:14:08Z", "version": "0.1.0",
                    "vantage": {"id": "m1", "hostname": "m1", "addresses": ["198.51.100.1"]}, "targets": targets},
            "host": host, "endpoints": endpoints, "scans": [], "problems": []}


def save(name, text):
    path = os.path.join(work, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def waiver_file(name, rows):
    lines = [f"  - {{id: W-{i}, rule: \"{rule}\", target: \"{target}\", verdict: {verdict}, owner: o@example.org, approver: a@example.org, "
             f"reason: a test, created: 2026-01-01T00:00:00Z, expires: {until}T00:00:00Z}}" for i, (rule, target, verdict, until) in enumerate(rows)]
    return save(name, "waivers:\n" + "\n".join(lines) + "\n")


def judge(path, waivers, form, *options):
    r = subprocess.run([ZC, "judge", path, *(["--waivers", waivers] if waivers else []), "--format", form, *options], stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)
    return r.returncode, r.stdout, r.stderr


VERDICT = {0: b"MET", 1: b"NOT MET", 3: b"NOT SHOWN"}


def words(form, out, err):
    """The verdict line ends the page on the terminal, and goes to standard error in every other format."""
    lines = (out if form == "terminal" else err).strip().splitlines()
    return lines[-1] if lines else b""


def table():
    files, jobs = {}, []
    waivers = {n: waiver_file(f"w{i}.yaml", rows) if rows else None for i, (n, rows) in enumerate(WAIVERS.items())}
    for i, row in enumerate(itertools.product(ANSWERS, PRIVILEGE, CRITICAL, PROBE_FAILED, SKIP)):
        files[row] = save(f"e{i}.json", json.dumps(evidence(*row)))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for (answer, privilege, critical, probe_failed, skip), path in files.items():
            for waived, waiver in waivers.items():
                few = waived in ("none", "both")
                if answer not in ("open", "closed") and not few:
                    continue  # one way of not answering is as good as another where it meets the rest
                # each format with every column at both its ends; the table in full is json's
                for form in FORMATS if few and answer in ("open", "closed") and skip in ("", "firewall,redis") else FORMATS[:1]:
                    row = answer, privilege, critical, probe_failed, waived, skip
                    jobs.append((row, form, pool.submit(judge, path, waiver, form)))
        wrong, said = {}, {}
        for row, form, job in jobs:
            status, out, err = job.result()
            if status != want(*row):
                wrong.setdefault(form, []).append((row, f"{status}, wanted {want(*row)}", err.decode()[-300:]))
            elif not words(form, out, err).startswith(VERDICT[status]):
                said.setdefault(form, []).append((row, status, words(form, out, err)))
    for form in FORMATS:
        rows = sum(f == form for _, f, _ in jobs)
        tap(form not in wrong, f"{form}: the exit status of {rows} rows", "\n".join(map(str, wrong.get(form, [])[:12])))
        tap(form not in said, f"{form}: the verdict in words of {rows} rows", "\n".join(map(str, said.get(form, [])[:12])))
    seen = {want(*row) for row, _, _ in jobs}
    tap(seen == {0, 1, 3}, "the table has rows of every status", seen)


def no_route(asset, family):
    return {"asset": asset, "address": "2001:db8::7" if family == 6 else "203.0.113.70", "transport": "tcp", "outcome": "failed",
            "why": "no route from here", "needs": f"a route for IPv{family}"}


# name, what is changed in evidence in which nothing is wrong, options, status
GOOD = ("open", True, False, False, "")
EDGES = [
    ("nothing is wrong", lambda e: None, [], 0),
    ("the run did not finish", lambda e: e["run"].pop("finished"), [], 3),
    ("the run did not finish, and a critical was found", lambda e: (e["run"].pop("finished"), e["endpoints"][1].update(redis=OPEN_REDIS)), [], 1),
    ("a probe that is required of a target did not run", lambda e: e["run"]["targets"][1].update(require=["tls"]), [], 3),
    ("a probe that is required of a target ran", lambda e: (e["run"]["targets"][1].update(require=["tls"]),
                                                            e["endpoints"][0].update(probes={**IDENTIFIED, "tls": {"outcome": "done"}}, tls={"chains": []})), [], 0),
    ("a probe that is required of a target was taken out by --skip", lambda e: (e["run"]["targets"][2].update(require=["redis"]),
                                                                                e["endpoints"][1].update(probes={**IDENTIFIED, "redis": SKIPPED}),
                                                                                e["endpoints"][1].pop("redis")), [], 3),
    ("a probe that is required of local ran on another machine alone", lambda e: e["run"]["targets"][0].update(require=["redis"]), [], 3),
    ("a probe that is required of local ran on it", lambda e: (e["run"]["targets"][0].update(require=["redis"]), e["endpoints"].append(
        endpoint("m1", "127.0.0.1", 6379, "open", "redis", reached_from="self", probes={"redis": {"outcome": "done"}}, redis=CLOSED_REDIS))), [], 0),
    ("silent members of a block", lambda e: (e["run"]["targets"].append({"id": "lan", "named": "192.0.2.0/29"}), e["scans"].extend(
        {"asset": f"192.0.2.{i}", "address": f"192.0.2.{i}", "transport": "tcp", "outcome": "done", "ports": "80", "open": "", "closed": "",
         "filtered": "80", "unknown": ""} for i in range(1, 7))), [], 0),
    ("a block of which nothing is in the evidence", lambda e: e["run"]["targets"].append({"id": "lan", "named": "192.0.2.0/29"}), [], 3),
    ("a named host on which nothing answered", lambda e: e["run"]["targets"].append({"id": "h", "named": "192.0.2.1"}), [], 3),
    ("a named host that refuses every port", lambda e: (e["run"]["targets"].append({"id": "h", "named": "192.0.2.1"}),
                                                        e["scans"].append({"asset": "h", "address": "192.0.2.1", "transport": "tcp", "outcome": "done",
                                                                           "ports": "80", "open": "", "closed": "80", "filtered": ""})), [], 0),
    ("a scan that lost one of its lists", lambda e: (e["run"]["targets"].append({"id": "h", "named": "192.0.2.1"}),
                                                     e["scans"].append({"asset": "h", "address": "192.0.2.1", "transport": "tcp", "outcome": "done",
                                                                        "ports": "80-81", "open": "", "closed": "80"})), [], 3),
    ("an address family without a route, where the other was seen", lambda e: e["scans"].append(no_route("db1", 6)), [], 0),
    ("an address family without a route, where nothing else was seen", lambda e: e["scans"].append(no_route("db9", 6)), [], 3),
    ("an address that was not tried for another reason, where the other family was seen", lambda e: e["scans"].append(
        {**no_route("db1", 6), "why": "the run's deadline passed", "needs": ""}), [], 3),
    ("both families without a route", lambda e: (e["scans"].extend([no_route("h", 4), no_route("h", 6)]),
                                                 e["run"]["targets"].append({"id": "h", "named": "h.example"})), [], 3),
    ("no target at all", lambda e: e["run"].update(targets=[]), [], 3),
    ("a high finding, where critical counts", lambda e: e["host"]["firewall"]["defaults"]["input"].update(ip="accept", ip6="accept"), [], 0),
    ("a high finding, where high counts", lambda e: e["host"]["firewall"]["defaults"]["input"].update(ip="accept", ip6="accept"),
     ["--fail-on", "high"], 1),
    ("a new finding, where new ones count", lambda e: e["host"]["firewall"]["defaults"]["input"].update(ip="accept", ip6="accept"),
     ["--fail-on", "new-high"], 1),
    ("in a zone declared isolated a critical is high", lambda e: (e["run"]["targets"][2].update(zone="isolated"),
                                                                  e["endpoints"][1].update(redis=OPEN_REDIS)), [], 0),
    ("what a rule reads was not observed", lambda e: e["host"]["firewall"].pop("defaults"), [], 3),
    ("firewall rules that are not modelled alone", lambda e: e["host"]["firewall"].update(not_modelled=[{"what": "x", "where": "y"}]), [], 0),
]


# The vantage's own address, named as a target: what is there is proven, and who gets there is the firewall's to say.
OWN = "198.51.100.1"
LISTENS = {"transport": "tcp", "family": "ip", "address": "0.0.0.0", "port": 6379}
ADMITS = {"family": "ip", "hook": "input", "protocol": "tcp", "ports": "6379", "interfaces": ["*"]}


def own(e, facts, firewall=None, outcome=None, extra=None):
    """Only the own address is named. firewall: sources that it admits, None for no evidence of it."""
    e["run"]["targets"] = [{"id": "", "named": f"{OWN}:6379"}]
    e["endpoints"] = [endpoint(OWN, OWN, 6379, "open", "redis", reached_from="self", probes={"redis": {"outcome": "done"}}, redis=facts)]
    e.pop("host")
    if firewall is not None or outcome:
        e["host"] = {"probes": {"listeners": {"outcome": "done"}, "firewall": outcome or {"outcome": "done"}}, "listeners": [LISTENS, *(extra or [])]}
    if firewall is not None:
        e["host"]["firewall"] = {**FIREWALL, "admits": [{**ADMITS, "sources": firewall}] if firewall else []}


# what it does, sources that the firewall admits (None: no evidence of it), its outcome, status
OWN_ROWS = [
    ("asks for a password", CLOSED_REDIS, None, None, 0),
    ("asks for a password, the firewall is not readable", CLOSED_REDIS, None, {"outcome": "failed", "needs": "CAP_NET_ADMIN"}, 0),
    ("asks for a password, and everyone may come", CLOSED_REDIS, ["0.0.0.0/0"], None, 0),
    ("obeys", OPEN_REDIS, None, None, 3),
    ("obeys, the firewall is not readable", OPEN_REDIS, None, {"outcome": "failed", "needs": "CAP_NET_ADMIN"}, 3),
    ("obeys, the firewall was taken out", OPEN_REDIS, None, SKIPPED, 3),
    ("obeys, and everyone may come", OPEN_REDIS, ["0.0.0.0/0"], None, 1),
    ("obeys, and a private network may come", OPEN_REDIS, ["10.0.0.0/8"], None, 1),
    ("obeys, and nobody may come", OPEN_REDIS, [], None, 0),
    ("what it does was not observed, and nobody may come", {}, [], None, 3),
]
for _name, _facts, _sources, _outcome, _status in OWN_ROWS:
    EDGES.append((f"an own address that {_name}", lambda e, f=_facts, s=_sources, o=_outcome: own(e, f, s, o), [], _status))
EDGES.append(("an own address alone says nothing of the machine's other listeners", lambda e: own(e, CLOSED_REDIS, ["10.0.0.0/8"], None, [
    {**LISTENS, "port": 5432, "reach": {"verdict": "accept", "sources": ["0.0.0.0/0"]}}]), ["--fail-on", "high"], 0))
EDGES.append(("the same, where the machine is a target too", lambda e: (own(e, CLOSED_REDIS, ["10.0.0.0/8"], None, [
    {**LISTENS, "port": 5432, "reach": {"verdict": "accept", "sources": ["0.0.0.0/0"]}}]), e["run"]["targets"].append({"id": "", "named": "local"})),
    ["--fail-on", "high"], 1))


# A URL, what is known of its open port, and whether that is the service that was named.
SKIPS = {**ASKED, "identify": SKIPPED}
SPOKEN = [
    ("https://203.0.113.9", {"service": "http", "wrapped": "tls", "probes": IDENTIFIED}, 0),
    ("https://203.0.113.9", {"service": None, "wrapped": "tls", "probes": IDENTIFIED}, 0),  # asks for a certificate first
    ("https://203.0.113.9", {"service": "http", "wrapped": None, "probes": IDENTIFIED}, 3),
    ("https://203.0.113.9", {"service": "smtp", "wrapped": "tls", "probes": IDENTIFIED}, 3),
    ("https://203.0.113.9", {"service": None, "probes": NOT_IDENTIFIED}, 3),
    ("https://203.0.113.9", {"probes": {"identify": {"outcome": "failed", "why": "the time for it was up"}}}, 3),
    ("https://203.0.113.9", {"probes": {**SKIPS, "tls": {"outcome": "done"}}, "tls": {"chains": []}}, 0),
    ("https://203.0.113.9", {"probes": {**SKIPS, "tls": {"outcome": "failed", "why": "no TLS came"}}}, 3),
    ("https://203.0.113.9", {"probes": SKIPS}, 3),
    ("http://203.0.113.9:443", {"service": "http", "wrapped": None, "probes": IDENTIFIED}, 0),
    ("http://203.0.113.9:443", {"service": "ssh", "wrapped": None, "probes": IDENTIFIED}, 3),
    ("redis://203.0.113.9:443", {"service": "http", "wrapped": None, "probes": IDENTIFIED}, 3),
    ("rediss://203.0.113.9:443", {"service": "redis", "wrapped": None, "probes": {**IDENTIFIED, "redis": {"outcome": "done"}},
                                  "redis": CLOSED_REDIS}, 3),
    ("postgres://203.0.113.9:443", {"service": "postgresql", "wrapped": None, "probes": IDENTIFIED}, 0),
    ("postgres://203.0.113.9:443", {"service": "mysql", "wrapped": None, "probes": IDENTIFIED}, 3),
    ("203.0.113.9:443", {"service": "mysql", "wrapped": None, "probes": IDENTIFIED}, 0),
    ("203.0.113.9:443", {"service": None, "wrapped": "tls", "probes": IDENTIFIED}, 0),
    ("203.0.113.9:443", {"service": None, "probes": NOT_IDENTIFIED}, 3),
    ("203.0.113.9:443", {"service": None, "probes": IDENTIFIED}, 3),
    ("203.0.113.9:443", {"probes": SKIPS}, 0),
]


def spoke(e, named, facts):
    facts = {**facts, "probes": {**ASKED, **facts["probes"]}}
    e["run"]["targets"] = [{"id": "www", "named": named}]
    e["endpoints"] = [{**e["endpoints"][0], **facts}] if "service" in facts else [
        {k: v for k, v in {**e["endpoints"][0], **facts}.items() if k not in ("service", "wrapped")}]
    if "wrapped" not in facts:
        e["endpoints"][0].pop("wrapped", None)
    e.pop("host")


for _i, (_named, _facts, _status) in enumerate(SPOKEN):
    EDGES.append((f"{_named} where it came to {json.dumps(_facts)}", lambda e, n=_named, f=_facts: spoke(e, n, f), [], _status))


def edges():
    for i, (name, change, options, status) in enumerate(EDGES):
        e = json.loads(json.dumps(evidence(*GOOD)))
        change(e)
        path = save(f"x{i}.json", json.dumps(e))
        got = {form: judge(path, None, form, *options) for form in FORMATS}
        tap({g[0] for g in got.values()} == {status}, f"{name}: {status} in every format",
            "\n".join(f"{form}: {g[0]} {g[2].decode()[-400:]}" for form, g in got.items()))


def silent_ports():
    """A letter for ports needs one that answered."""
    for i, (name, seen, letter) in enumerate((("filtered alone", {"filtered": "443", "closed": ""}, None), ("closed", {"filtered": "", "closed": "443"}, "A"))):
        e = json.loads(json.dumps(evidence(*GOOD)))
        e["run"]["targets"] = [{"id": "www", "named": "203.0.113.9"}]
        e.update(endpoints=[], scans=[{"asset": "www", "address": "203.0.113.9", "transport": "tcp", "outcome": "done", "ports": "443", "open": "",
                                       "unknown": "", **seen}])
        e.pop("host")
        _, out, err = judge(save(f"s{i}.json", json.dumps(e)), None, "json")
        areas = {a["name"]: a["grade"] for a in json.loads(out)["areas"]}
        tap(areas.get("ports", "none") == letter, f"the letter of ports that are {name}: {letter}", f"{areas} {err}")


def pages():
    """What was not looked at is open on every page that people read, and never ok."""
    rows = [
        ("a port whose probe was skipped", {"service": "http", "wrapped": None, "probes": {**IDENTIFIED, "http": SKIPPED}}, ["http"],
         [b"SKIPPED", b"not judged", b"was not judged"], 0),
        ("a port of which nobody asked what it is", {"probes": SKIPS}, ["identify"], [b"SKIPPED", b"not judged", b"was not judged"], 0),
        ("a port that stays silent", {"service": None, "probes": NOT_IDENTIFIED}, [], [b"", b"not known", b"not known or was not judged"], 3),
        ("a port of a service that no rule is about", {"service": "ssh", "wrapped": None, "probes": IDENTIFIED}, [],
         [b"", b"not judged", b"was not judged"], 0),
    ]
    for i, (name, facts, skip, (skipped, worst, unseen), status) in enumerate(rows):
        e = json.loads(json.dumps(evidence(*GOOD)))
        spoke(e, "203.0.113.9:443", facts)
        e["run"]["options"] = {"skip": skip}
        path = save(f"p{i}.json", json.dumps(e))
        for form in ("terminal", "markdown", "html"):
            got, out, err = judge(path, None, form)
            cell = [] if form == "markdown" else [worst]  # which has no table of ports
            wanted = [skipped.lower(), unseen, *cell]
            tap(got == status and all(w in out.lower() for w in wanted) and b">ok<" not in out and b" ok\n" not in out and (not skipped or b"--skip" in out),
                f"{form}: {name} reads so", out.decode()[-2500:])
            if status == 0:
                tap(b"nothing required applied here" in (out if form == "terminal" else err), f"{form}: {name}: nothing of nothing is not called done", err)


# ---- what counts: findings, waivers, coverage, baseline, and whose gate ----

EXPIRED = {"entry": {"mode": "direct", "offered": True, "surplus": 0},
           "versions": {v: {"offered": v in ("TLSv1.2", "TLSv1.3")} for v in ("SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")},
           "chains": [{"served": [{"subject": "CN=www", "issuer": "CN=ca", "names": ["www"], "names_total": 1, "not_before": "2025-11-01T00:00:00Z",
                                   "not_after": "2026-11-01T00:00:00Z", "days_left": -21, "self_signed": False, "signature_hash": "SHA256",
                                   "key": {"type": "RSA", "bits": 2048}}],
                       "path": {"trusted": False, "reason": "expired", "complete": True}, "name_match": {"matched": True}}]}
# name: what is wrong in the evidence, and what rules must then say: (severity, tag:release-blocker)
FINDINGS = {
    "nothing": (lambda e: None, []),
    "critical": (lambda e: e["endpoints"].append(endpoint("db1", "203.0.113.7", 6379, "open", "redis", probes={"redis": {"outcome": "done"}},
                                                          redis=OPEN_REDIS)), [("critical", False), ("high", False)]),
    "high": (lambda e: e["host"]["firewall"]["defaults"]["input"].update(ip="accept", ip6="accept"), [("high", False)]),
    "high, a release blocker": (lambda e: e["endpoints"][0].update(probes={**IDENTIFIED, "tls": {"outcome": "done"}}, tls=EXPIRED), [("high", True)]),
    "medium": (lambda e: e["host"]["firewall"].update(tables=[{"family": "inet", "name": "old", "flags": ["dormant"], "chains": []}]),
               [("medium", False)]),
}
# name: what an earlier report knew; the findings are then new, or not, or of rules that it had not
BASELINES = ["none", "the same", "without them", "without the rules"]
# name: fail_on, new_rules, max_new, and how the program is told
GATES = {
    "the default": (["critical"], "fail", None, []),
    "pipeline": (["critical", "blocker", "new-high"], "warn", None, ["--profile", "pipeline"]),
    "strict": (["critical", "high", "medium"], "fail", None, ["--profile", "strict"]),
    "internet-facing": (["critical", "high"], "fail", None, ["--profile", "internet-facing"]),
    "--fail-on new-high": (["new-high"], "fail", None, ["--fail-on", "new-high"]),
    "none new": (["critical"], "fail", 0, "gate: {max_new: 0}"),
    "new rules ignored": (["high"], "ignore", None, "gate: {fail_on: [high], new_rules: ignore}"),
    "the policy's": (["critical", "high"], "fail", 0, ["--policy", "policy.yaml"]),
}


def want_counted(findings, waived, covered, baseline, gate):
    """A finding counts unless it is waived: by severity, by tag, or by being new, which a finding of a new rule is only where the gate says so."""
    fail_on, new_rules, max_new, _ = gate
    fresh = baseline in ("none", "without them") or (baseline == "without the rules" and new_rules == "fail")
    counted = [] if waived else findings
    if any(s in fail_on or (blocker and "blocker" in fail_on) or (fresh and "new-" + s in fail_on) for s, blocker in counted):
        return 1
    if max_new is not None and fresh and len(counted) > max_new:
        return 1
    return 0 if covered else 3


def counted_evidence(name, covered):
    e = json.loads(json.dumps(evidence(*GOOD)))
    e["run"]["targets"] = [t for t in e["run"]["targets"] if t["id"] in ("m1", "www")]
    e["endpoints"] = [x for x in e["endpoints"] if x["asset"] == "www"]
    FINDINGS[name][0](e)
    for x in e["endpoints"]:  # every probe has said what became of it
        for probe in ("tls", "http", "postgres", "redis"):
            x["probes"].setdefault(probe, {"outcome": "notapplicable", "why": "not a service of its kind"})
    if not covered:
        e["run"]["targets"].append({"id": "gone", "named": "203.0.113.99:443"})
    path = f"f-{list(FINDINGS).index(name)}-{covered}.json"
    return os.path.join(work, path) if os.path.exists(os.path.join(work, path)) else save(path, json.dumps(e))


def baseline_of(kind, path):
    """Made by the program itself, of the evidence that the name says; rules are taken out of what it had by hand."""
    if kind == "none":
        return None
    status, out, err = judge(counted_evidence("nothing", True) if kind == "without them" else path, None, "json")
    if status not in (0, 1, 3):
        raise RuntimeError(err)
    report = json.loads(out)
    if kind == "without the rules":
        rules = {f["rule"] for f in report["findings"]}
        report["findings"] = []
        report["checks"] = [c for c in report["checks"] if c["rule"] not in rules]
    return save(f"b-{BASELINES.index(kind)}-{os.path.basename(path)}", json.dumps(report))


def counted_options(gate, i):
    told = GATES[gate][3]
    if isinstance(told, str):
        return ["--config", save(f"c-{i}.yaml", f"schema: zerocrit.config/1\n{told}\n")]
    return [os.path.join(work, t) if t == "policy.yaml" else t for t in told]


def counted():
    save("policy.yaml", "policy: p\nowner: o\ngate: {fail_on: [critical, high], max_new: 0}\n")
    waiver = waiver_file("w-all.yaml", [(r, "*", "fail", "2099-01-01") for r in ("ZC-RD-*", "ZC-PORT-*", "ZC-FW-*", "ZC-TLS-*")])
    options = {g: counted_options(g, i) for i, g in enumerate(GATES)}
    jobs = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for name, covered in itertools.product(FINDINGS, (True, False)):
            path = counted_evidence(name, covered)
            for baseline in BASELINES:
                if baseline == "without the rules" and name == "nothing":
                    continue
                known = baseline_of(baseline, path)
                for gate, waived in itertools.product(GATES, (False, True)):
                    wanted = want_counted(FINDINGS[name][1], waived, covered, baseline, GATES[gate])
                    ends = covered and baseline in ("none", "without the rules") and gate in ("pipeline", "the policy's")
                    for form in FORMATS if ends else FORMATS[:1]:
                        more = options[gate] + (["--baseline", known] if known else [])
                        jobs.append((wanted, f"{name}, waived {waived}, covered {covered}, baseline {baseline}, gate {gate}", form,
                                     pool.submit(judge, path, waiver if waived else None, form, *more)))
        wrong = {}
        for wanted, row, form, job in jobs:
            status, out, err = job.result()
            if status != wanted or not words(form, out, err).startswith(VERDICT[status]):
                wrong.setdefault(form, []).append(f"{row}: {status}, wanted {wanted}: {words(form, out, err).decode()[:300]}")
            if row.startswith("critical, waived False") and "without the rules, gate pipeline" in row and b"baseline did not have" not in out:
                if form not in ("sarif", "junit"):
                    wrong.setdefault(form, []).append(f"{row}: does not say what is of new rules")
    for form in FORMATS:
        tap(form not in wrong, f"{form}: {sum(f == form for _, _, f, _ in jobs)} rows of findings, waivers, coverage, baseline and gate",
            "\n".join(wrong.get(form, [])[:12]))
    tap({w for w, _, _, _ in jobs} == {0, 1, 3}, "these rows have every status")


# ---- who may loosen what ----

LAX = "profile: lax\ntitle: t\nextends: default\noverride: [{rule: \"*\", severity: info, reason: because}]\n"
POLICY = "policy: acme\nowner: o\ngate: {fail_on: [critical]}\n"
REQUIRES = POLICY.replace("[critical]", '[critical], require: [ZC-FW-001, "ZC-RD-*"]')
OPEN = lambda e: e["endpoints"][1].update(redis=OPEN_REDIS)


def isolated(e):
    OPEN(e)
    e["run"]["targets"][2].update(zone="isolated", tags=["lab"])


def skipped(probe, outcome=SKIPPED, **options):
    """Of the machine or of each endpoint; what the run says of it stands in its options."""
    def change(e):
        e["run"]["options"] = options
        for part in [e["host"], *e["endpoints"]]:
            if (probe == "firewall") == (part is e["host"]):
                part.pop(probe, None)
                part["probes"][probe] = outcome
        for x in e["endpoints"]:
            x["probes"] = {**ASKED, **x["probes"]}
    return change


# name, what is changed in evidence in which nothing is wrong, files by option, status, a word of the terminal page or of the error
BOUNDS = [
    ("a profile may lower what it likes, and says so", OPEN, {"profile": LAX}, 0, "CHANGED severities, by the profile: ZC-PG-001 info, not critical (because)"),
    ("a parameter has a range", OPEN, {"config": "schema: zerocrit.config/1\nparams: {days_left: -5}\n"}, 2, "days_left should be an int from 1 to 398"),
    ("not under a policy", OPEN, {"profile": LAX, "policy": POLICY}, 2, "does not let a profile do"),
    ("but as far as the policy lets it", OPEN, {"profile": LAX.replace("*", "ZC-RD-*"), "policy": POLICY + 'may_lower: ["ZC-RD-*"]\n'}, 0, "info, not critical"),
    ("a zone declared isolated lowers what is found there", isolated, {}, 0, "MET"),
    ("not under a policy, which says so", isolated, {"policy": POLICY}, 1, "WARNING db1 is said to be isolated, which the policy does not let lower anything"),
    ("unless the policy lets it: by id", isolated, {"policy": POLICY + 'isolated: ["id:db1"]\n'}, 0, "MET"),
    ("by tag", isolated, {"policy": POLICY + 'isolated: ["tag:lab"]\n'}, 0, "MET"),
    ("and not by another", isolated, {"policy": POLICY + 'isolated: ["tag:prod", "id:db2"]\n'}, 1, "WARNING"),
    ("what a policy requires was planned", skipped("firewall", skip=["firewall"]), {"policy": REQUIRES}, 3,
     "the policy requires ZC-FW-001, and the probe firewall was left out"),
    ("whatever is skipped", skipped("redis", skip=["redis"]), {"policy": REQUIRES}, 3, "the probe redis was left out (--skip)"),
    ("or is not asked for", skipped("firewall", {"outcome": "skipped", "why": "--only"}, only=["http"]), {"policy": REQUIRES}, 3, "left out (--only)"),
    ("or is said not to apply to a machine", skipped("firewall", {"outcome": "notapplicable", "why": "no firewall"}), {"policy": REQUIRES}, 3,
     "the probe firewall was left out (no firewall)"),
    ("or rests on ports that nobody asked", lambda e: e["run"].update(options={"skip": ["ports"]}), {"policy": REQUIRES}, 3, "the probe ports was left out"),
    ("or on what tells services apart", lambda e: e["run"].update(options={"skip": ["identify"]}), {"policy": REQUIRES}, 3, "the probe identify was left out"),
    ("what a policy requires is not left out by a profile", OPEN, {"profile": "profile: y\ntitle: t\nextends: default\nexclude: [ZC-RD-001]\n", "policy": REQUIRES}, 2,
     "leaves out ZC-RD-001, which the policy asks for"),
    ("the gate of the profile that a policy asks for is its least", OPEN,
     {"profile": "profile: y\ntitle: t\nextends: internet-facing\ngate: {fail_on: []}\n", "policy": "policy: p\nowner: o\nprofile: internet-facing\n"}, 1, "NOT MET"),
    ("a probe that does not belong to what is there is not missing", skipped("postgres", skip=["postgres"]),
     {"policy": REQUIRES.replace("ZC-RD", "ZC-PG")}, 0, "MET"),
    ("without a policy the plan is shortened openly", skipped("firewall", skip=["firewall"]), {}, 0, "SKIPPED firewall (--skip), left out on request"),
    ("--only says what it leaves out", skipped("firewall", {"outcome": "skipped", "why": "--only"}, only=["redis", "http"]), {}, 0,
     "SKIPPED all but redis, http (--only), left out on request"),
]


def bounds():
    os.chmod(work, 0o700)
    if os.geteuid() == 0:
        for option, text in (("waivers", "waivers: []\n"), ("policy", POLICY), ("profile", LAX), ("baseline", "{}")):
            path = save(f"open-{option}.yaml", text)
            os.chmod(path, 0o666)
            got, _, err = judge(save("open.json", json.dumps(evidence(*GOOD))), None, "json", "--" + option, path)
            tap(got == 2 and b"others can write the file" in err, f"as root, a file of --{option} that others can write decides nothing", err)
    for i, (name, change, files, status, says) in enumerate(BOUNDS):
        e = json.loads(json.dumps(evidence(*GOOD)))
        change(e)
        options = []
        for option, text in files.items():
            if text.startswith("-"):
                options += [text, option]
                continue
            path = save(f"u{i}-{option}.yaml", text)
            os.chmod(path, 0o600)
            options += ["--" + option, path]
        got, out, err = judge(save(f"u{i}.json", json.dumps(e)), None, "terminal", *options)
        seen = " ".join((out + err).decode().split())
        tap(got == status and says in seen, f"{name}: {status}, {says}", f"{got} {seen}")


try:
    table()
    bounds()
    edges()
    pages()
    silent_ports()
    counted()
finally:
    shutil.rmtree(work, ignore_errors=True)
print(f"1..{count}")
sys.exit(failed > 0)
