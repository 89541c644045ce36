#!/usr/bin/python3
"""identify, redis and postgres against real servers with good and bad configurations, in a network namespace of their own, and against
peers that stall, flood and lie. psql and redis-cli are asked the same questions. Servers are ended by their process id."""
import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
import reproduce  # noqa: E402

ZC = os.path.abspath(os.environ.get("ZC", "build/zerocrit"))
NS = f"zcsvc{os.getpid()}"
LEFT, RIGHT = "10.231.77.1", "10.231.77.2"
work = tempfile.mkdtemp(prefix="zc-services-")
os.chmod(work, 0o755)
count, running = 0, []
reproduced = set()


def tap(ok, name, detail=""):
    global count
    count += 1
    print(f"{'ok' if ok else 'not ok'} {count} - {name}", flush=True)
    if not ok:
        print(f"# {str(detail)[:2500]}", flush=True)


def skip(name, why):
    global count
    count += 1
    print(f"ok {count} - {name} # SKIP {why}", flush=True)


def run(*args, **kw):
    return subprocess.run(args, capture_output=True, text=True, timeout=60, **kw)


def namespace():
    """A host behind a veth pair; False where that is not allowed."""
    steps = [["ip", "netns", "add", NS],
             ["ip", "link", "add", f"{NS[:10]}a", "type", "veth", "peer", "name", "eth0", "netns", NS],
             ["ip", "addr", "add", f"{LEFT}/24", "dev", f"{NS[:10]}a"], ["ip", "link", "set", f"{NS[:10]}a", "up"],
             ["ip", "-n", NS, "addr", "add", f"{RIGHT}/24", "dev", "eth0"], ["ip", "-n", NS, "link", "set", "eth0", "up"],
             ["ip", "-n", NS, "link", "set", "lo", "up"]]
    if os.geteuid() != 0 or not shutil.which("ip"):
        return False
    return all(run(*s).returncode == 0 for s in steps)


def start(*args, user=None, log="log"):
    """A server in the namespace; its own process group ends with it."""
    prefix = ["ip", "netns", "exec", NS]
    if user:
        prefix += ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    out = open(os.path.join(work, f"{log}.out"), "ab")
    p = subprocess.Popen(prefix + list(args), stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=work)
    running.append(p)
    return p


def stop():
    for p in running:
        if p.poll() is None:
            p.send_signal(signal.SIGINT)
    for p in running:
        try:
            p.wait(10)
        except subprocess.TimeoutExpired:
            p.kill()
    run("ip", "netns", "del", NS)
    shutil.rmtree(work, ignore_errors=True)


def up(port, address=RIGHT):
    for _ in range(800):
        try:
            socket.create_connection((address, port), 1).close()
            return True
        except OSError:
            time.sleep(0.05)
    return False


def collect(target, *options):
    r = run(ZC, "collect", target, *options, "-o", "-")
    doc = json.loads(r.stdout)
    endpoints = [e for e in doc["endpoints"] if e.get("state") == "open"]
    return endpoints[0] if endpoints else {}


def certificate():
    r = run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{work}/key.pem", "-out", f"{work}/cert.pem",
            "-days", "30", "-subj", "/CN=lab.test")
    return r.returncode == 0


def part(value, wanted):
    """What is wanted is there; more may be."""
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(part(value.get(k), v) for k, v in wanted.items())
    return value == wanted


def audit(target, *options):
    """The endpoint that answers, and rule -> severity of what is found there."""
    report, evidence = os.path.join(work, "report.json"), os.path.join(work, "evidence.json")
    run(ZC, "audit", target, *options, "--evidence", evidence, "--report", f"json={report}")
    found = json.load(open(report))["findings"]
    reproduce.check(found, tap, skip, target, done=reproduced)
    endpoints = [e for e in json.load(open(evidence))["endpoints"] if e.get("state") == "open"]
    return endpoints[0] if endpoints else {}, {f["rule"]: f["severity"] for f in found}


# ---- Redis ----

TLS = ["--port", "0", "--tls-cert-file", "cert.pem", "--tls-key-file", "key.pem", "--tls-ca-cert-file", "cert.pem"]
REDIS = [  # name, port, options, expected of the endpoint, what redis-cli says to PING
    ("open to everyone", 26101, ["--port", "26101", "--protected-mode", "no"],
     {"service": "redis", "wrapped": None, "redis": {
         "auth": {"required": False, "protected_mode": False, "default_user_nopass": True}, "tls": {"offered": False, "required": "no"},
         "commands": {"ping": "runs", "hello": "runs", "info": "runs"}, "fork": "redis", "mode": "standalone", "role": "master"}}, "PONG"),
    ("protected mode", 26102, ["--port", "26102"],
     {"service": "redis", "redis": {"auth": {"required": False, "protected_mode": True, "default_user_nopass": True},
                                    "commands": {"ping": "denied"}}}, "DENIED"),
    ("a password", 26103, ["--port", "26103", "--requirepass", "not-told"],
     {"service": "redis", "redis": {"auth": {"required": True, "default_user_nopass": False}, "commands": {"ping": "noauth"}}}, "NOAUTH"),
    ("TLS, open", 26104, TLS + ["--tls-port", "26104", "--tls-auth-clients", "no", "--protected-mode", "no"],
     {"service": "redis", "wrapped": "tls", "redis": {"auth": {"required": False}, "tls": {"offered": True, "required": "yes"},
                                                      "commands": {"info": "runs"}}}, "PONG"),
    ("TLS, a password", 26105, TLS + ["--tls-port", "26105", "--tls-auth-clients", "no", "--requirepass", "not-told"],
     {"service": "redis", "wrapped": "tls", "redis": {"auth": {"required": True}, "tls": {"offered": True, "required": "yes"}}}, "NOAUTH"),
    ("client certificates", 26106, TLS + ["--tls-port", "26106", "--protected-mode", "no"], {"wrapped": "tls"}, None),
    ("protected mode, bound to every address", 26108, ["--port", "26108", "--bind", "*"],
     {"redis": {"auth": {"required": False, "protected_mode": True}, "commands": {"ping": "denied"}}}, "DENIED"),
    ("protected mode, and a password", 26109, ["--port", "26109", "--protected-mode", "yes", "--requirepass", "not-told"],
     {"redis": {"auth": {"required": True, "default_user_nopass": False}, "commands": {"ping": "noauth"}}}, "NOAUTH"),
    ("the default user off", 26110, ["--port", "26110", "--protected-mode", "no", "--conf", "user default off\nuser app on >not-told ~* +@all\n"],
     {"redis": {"auth": {"required": True}, "commands": {"ping": "noauth"}}}, "NOAUTH"),
    ("the default user without a password, and with little", 26111, ["--port", "26111", "--protected-mode", "no", "--conf", "user default on nopass -@all +ping\n"],
     {"redis": {"auth": {"required": False, "default_user_nopass": True}, "commands": {"ping": "runs", "hello": "runs", "info": "noperm"}}}, "PONG"),
    ("the default user without a password, and with nothing", 26112, ["--port", "26112", "--protected-mode", "no", "--conf", "user default on nopass -@all\n"],
     {"redis": {"auth": {"required": False, "default_user_nopass": True}, "commands": {"ping": "noperm"}}}, "NOPERM"),
    ("INFO renamed", 26113, ["--port", "26113", "--protected-mode", "no", "--rename-command", "INFO", "X"],
     {"redis": {"auth": {"required": False}, "commands": {"ping": "runs", "hello": "runs", "info": "unknown"}}}, "PONG"),
    ("Sentinel", 26115, ["--port", "26115", "--protected-mode", "no", "--sentinel"], {"redis": {"mode": "sentinel", "commands": {"ping": "runs", "info": "runs"}}}, "PONG"),
    ("cluster", 26107, ["--port", "26107", "--protected-mode", "no", "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf"],
     {"redis": {"mode": "cluster", "auth": {"required": False}}}, "PONG"),
]


REDIS_RULES = {26101: {"ZC-RD-001", "ZC-RD-004"}, 26102: {"ZC-RD-003", "ZC-RD-004"}, 26104: {"ZC-RD-001"}, 26103: {"ZC-RD-004"}, 26107: {"ZC-RD-001", "ZC-RD-004"}, 26108: {"ZC-RD-003", "ZC-RD-004"}, 26109: {"ZC-RD-004"},
               26110: {"ZC-RD-004"}, 26111: {"ZC-RD-004", "ZC-RD-005"}, 26112: {"ZC-RD-004"}, 26113: {"ZC-RD-004", "ZC-RD-005"}, 26115: {"ZC-RD-002", "ZC-RD-004"}}


def redis_cli(port, tls):
    return run("redis-cli", "-h", RIGHT, "-p", str(port), *(["--tls", "--insecure"] if tls else []), "PING")


def redis():
    if not shutil.which("redis-server"):
        return skip("redis", "redis-server is not installed")
    for name, port, options, _, _ in REDIS:
        own = ["--save", ""]
        if "--conf" in options or "--sentinel" in options:
            own = [f"{work}/redis-{port}.conf"]
            with open(own[0], "w") as f:
                f.write(options.pop() if "--conf" in options else "")
            options[:] = [o for o in options if o != "--conf"]
        bind = [] if "--bind" in options else ["--bind", RIGHT]
        start("redis-server", *own, *bind, *options, log=f"redis-{port}")
    for name, port, options, wanted, said in REDIS:
        rules = REDIS_RULES.get(port, set())
        if not up(port):
            tap(False, f"redis, {name}", open(f"{work}/redis-{port}.out").read())
            continue
        e, found = audit(f"{RIGHT}:{port}", "--only", "identify,tls,redis")
        tap(part(e, wanted), f"redis, {name}", json.dumps(e))
        found = {r: s for r, s in found.items() if r.startswith("ZC-RD-")}
        tap(set(found) == rules and found.get("ZC-RD-001", "critical") == "critical", f"redis, what is found, {name}", found)
        if "--tls-port" in options and "redis" in e:
            tap(e["tls"]["entry"].get("enforced") == "yes", f"redis, {name}: TLS is enforced", json.dumps(e))
        if said and shutil.which("redis-cli"):
            oracle = redis_cli(port, "--tls-port" in options)
            tap(said in oracle.stdout + oracle.stderr, f"redis-cli agrees, {name}", oracle)
    e = collect(f"{RIGHT}:26106")
    tap("service" not in e and e["probes"]["identify"]["outcome"] == "failed" and "certificate" in e["probes"]["identify"]["why"],
        "redis, client certificates: what is behind them is not known", json.dumps(e))
    e = collect(f"rediss://{RIGHT}:26106", "--only", "redis", "--skip", "identify")
    tap(e["probes"]["redis"]["outcome"] == "failed" and "client certificate" in e["probes"]["redis"]["why"] and not e.get("redis"),
        "redis, client certificates: nor is it when it is named", json.dumps(e))
    version = run("redis-server", "--version").stdout
    e = collect(f"{RIGHT}:26101")
    tap(f"v={e['redis']['version']} " in version, "redis, the version is the program's own", e["redis"].get("version"))
    tap(e["redis"]["proof"]["sent"].startswith("PING") and "PONG" in e["redis"]["proof"]["received"], "redis, proof", e["redis"]["proof"])
    log = "".join(open(f).read() for f in glob.glob(f"{work}/redis-*.out"))
    tap("SECURITY ATTACK" not in log, "redis, nothing that it takes for an attack", log)


# ---- PostgreSQL ----

PG = (sorted(glob.glob("/usr/lib/postgresql/*/bin")) or [""])[-1]
ALL = "0.0.0.0/0"
POSTGRES = [  # name, TLS on, pg_hba.conf, expected of endpoint.postgres, {(user, replication, transport): (result, method)}
    ("trust", False, f"host all all {ALL} trust\n", {"tls": {"offered": False, "required": "no"}},
     {("postgres", False, "plain"): ("ready", "trust"), ("random", False, "plain"): ("ok", "trust"),
      ("postgres", True, "plain"): ("refused", None)}),
    ("trust, replication too", False, f"host all all {ALL} trust\nhost replication all {ALL} trust\n", {},
     {("postgres", True, "plain"): ("ready", "trust")}),
    ("scram", True, f"host all all {ALL} scram-sha-256\n", {"tls": {"offered": True, "required": "no"}},
     {("postgres", False, "plain"): ("asked", "scram-sha-256"), ("random", False, "tls"): ("asked", "scram-sha-256"),
      ("postgres", True, "tls"): ("refused", None)}),
    ("scram, TLS required", True, f"hostssl all all {ALL} scram-sha-256\n", {"tls": {"offered": True, "required": "yes"}},
     {("postgres", False, "plain"): ("refused", None), ("postgres", False, "tls"): ("asked", "scram-sha-256")}),
    ("TLS required of postgres", True, f"hostnossl all postgres {ALL} reject\nhost all all {ALL} scram-sha-256\n",
     {"tls": {"offered": True, "required": "mixed"}},
     {("postgres", False, "plain"): ("refused", None), ("random", False, "plain"): ("asked", "scram-sha-256")}),
    ("md5", True, f"host all all {ALL} md5\n", {}, {("postgres", False, "plain"): ("asked", "md5")}),
    ("plaintext password", True, f"host all all {ALL} password\n", {},
     {("postgres", False, "plain"): ("asked", "password"), ("postgres", False, "tls"): ("asked", "password")}),
    ("replication asks, TLS required of it", True, f"host all all {ALL} scram-sha-256\nhostssl replication all {ALL} scram-sha-256\n", {"tls": {"offered": True, "required": "mixed"}},
     {("postgres", True, "plain"): ("refused", None), ("postgres", True, "tls"): ("asked", "scram-sha-256")}),
    ("trust inside TLS alone", True, f"hostssl all all {ALL} trust\n", {"tls": {"required": "yes", "direct": False}},
     {("postgres", False, "plain"): ("refused", None), ("postgres", False, "tls"): ("ready", "trust")}),
    ("trust outside TLS alone", True, f"hostnossl all all {ALL} trust\n", {"tls": {"offered": True, "required": "no"}},
     {("postgres", False, "plain"): ("ready", "trust"), ("postgres", False, "tls"): ("refused", None)}),
    ("client certificates", True, f"hostssl all all {ALL} cert\n", {"tls": {"offered": True, "required": "unknown"}},
     {("postgres", False, "plain"): ("refused", None), ("postgres", False, "tls"): ("refused", None)}),
    ("trust, with a client certificate", True, f"hostssl all all {ALL} trust clientcert=verify-ca\n", {"tls": {"offered": True, "required": "unknown"}},
     {("postgres", False, "tls"): ("refused", None)}),
    ("everyone turned away", True, f"host all all {ALL} reject\nhost all all {ALL} trust\n", {"tls": {"offered": True, "required": "unknown"}},
     {("postgres", False, "plain"): ("refused", None), ("postgres", False, "tls"): ("refused", None)}),
    ("TLS required, and not to be had", False, f"hostssl all all {ALL} trust\n", {"tls": {"offered": False, "required": "unknown"}},
     {("postgres", False, "plain"): ("refused", None)}),
    ("one user trusted", True, f"host all nobody {ALL} trust\nhost all postgres {ALL} trust\nhost all all {ALL} reject\n", {"tls": {"required": "no"}},
     {("postgres", False, "plain"): ("ready", "trust"), ("random", False, "plain"): ("refused", None)}),
    ("nobody", True, "local all all peer\n", {"tls": {"offered": True, "required": "unknown"}},
     {("postgres", False, "plain"): ("refused", None), ("postgres", False, "tls"): ("refused", None)}),
]


RULES = {
    "trust": {"ZC-PG-001", "ZC-PG-003", "ZC-PG-011", "ZC-PG-012"},
    "trust, replication too": {"ZC-PG-001", "ZC-PG-002", "ZC-PG-003", "ZC-PG-011", "ZC-PG-012"},
    "scram": {"ZC-PG-012"},
    "scram, TLS required": set(),
    "TLS required of postgres": {"ZC-PG-012"},
    "md5": {"ZC-PG-005", "ZC-PG-012"},
    "plaintext password": {"ZC-PG-004", "ZC-PG-006", "ZC-PG-012"},
    "nobody": set(),
    "replication asks, TLS required of it": {"ZC-PG-012"},
    "trust inside TLS alone": {"ZC-PG-001", "ZC-PG-003"},
    "trust outside TLS alone": {"ZC-PG-001", "ZC-PG-003", "ZC-PG-012"},
    "client certificates": set(),
    "trust, with a client certificate": set(),
    "everyone turned away": set(),
    "TLS required, and not to be had": {"ZC-PG-011"},
    "one user trusted": {"ZC-PG-001", "ZC-PG-012"},
}


def answer(e, user, replication, transport):
    for a in e.get("postgres", {}).get("answers", []):
        if a["random"] == (user == "random") and a["replication"] == replication and a["transport"] == transport:
            return a.get("result"), a.get("method")
    return None


def hba(data, text, pid):
    with open(f"{data}/pg_hba.conf", "w") as f:
        f.write("local all all trust\n" + text)
    os.kill(pid, signal.SIGHUP)
    time.sleep(0.3)


def cluster(user):
    """One data folder, two servers' worth of configuration: TLS off on 26201, on on 26202."""
    made = {}
    for port, ssl in ((26201, "off"), (26202, "on")):
        data = f"{work}/pg{port}"
        os.mkdir(data)
        shutil.chown(data, user, user)
        setpriv = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        r = run(*setpriv, f"{PG}/initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", cwd=work)
        if r.returncode != 0:
            return tap(False, "initdb", r.stderr)
        for f in ("key.pem", "cert.pem"):
            shutil.copy(f"{work}/{f}", data)
            shutil.chown(f"{data}/{f}", user, user)
            os.chmod(f"{data}/{f}", 0o600)
        start(f"{PG}/postgres", "-D", data, "-p", str(port), "-h", RIGHT, "-k", data, "-c", "fsync=off", "-c", f"ssl={ssl}",
              "-c", "ssl_cert_file=cert.pem", "-c", "ssl_key_file=key.pem", user=user, log=f"pg-{port}")
        if not up(port):
            return tap(False, "a PostgreSQL server", open(f"{work}/pg-{port}.out").read())
        for _ in range(100):  # written by the server, in its own time
                if os.path.exists(f"{data}/postmaster.pid"):
                        break
                time.sleep(0.1)
        pid = int(open(f"{data}/postmaster.pid").readline())
        made[ssl == "on"] = (port, data, pid)
    return made


def postgres():
    user = next((u for u in ("postgres", "nobody") if run("id", u).returncode == 0), None)
    if not PG or not user:
        return skip("postgres", "postgresql is not installed")
    servers = cluster(user)
    if not servers:
        return None
    for name, tls, lines, wanted, answers in POSTGRES:
        port, data, pid = servers[tls]
        # a secret kept as SCRAM is asked for as SCRAM, whatever the rule says
        run("psql", "-h", data, "-p", str(port), "-U", "postgres", "-c", f"set password_encryption='{'md5' if name == 'md5' else 'scram-sha-256'}'",
            "-c", "alter role postgres password 'not-told'")
        hba(data, lines, pid)
        e, found = audit(f"{RIGHT}:{port}", "--only", "identify,tls,postgres")
        got = {k: answer(e, *k) for k in answers}
        tap(e.get("service") == "postgresql" and e.get("wrapped", 0) is None and part(e.get("postgres"), wanted) and got == answers,
            f"postgres, {name}", f"{got} {json.dumps(e)}")
        if ("postgres", False, "plain") in answers and shutil.which("psql"):
            r = run("psql", "-w", f"host={RIGHT} port={port} user=postgres dbname=postgres sslmode=disable", "-Atc", "select 1")
            tap((r.stdout.strip() == "1") == (answers[("postgres", False, "plain")][0] == "ready"), f"psql agrees, {name}", r)
        required = e.get("postgres", {}).get("tls", {}).get("required")
        tap(e["tls"]["entry"].get("enforced") == (required if required != "unknown" else None), f"postgres, whether TLS is enforced, {name}", json.dumps(e))
        found = {r for r in found if r.startswith("ZC-PG-")}
        tap(found == RULES[name], f"postgres, what is found, {name}", found)
        if name == "trust":
            version = run(f"{PG}/postgres", "--version").stdout
            tap(e["postgres"]["version"].split()[0] in version, "postgres, the version is the program's own", e["postgres"].get("version"))
            tap("ReadyForQuery" in e["postgres"]["proof"]["received"], "postgres, proof", e["postgres"].get("proof"))
    return None


# ---- PgBouncer ----

BOUNCERS = [  # name, port, configuration, (result, console) of postgres and pgbouncer at the console in the clear, what is found
    ("any", 26401, "auth_type = any", {"postgres": ("ready", True), "pgbouncer": ("ready", True)}, {"ZC-PG-001", "ZC-PG-008", "ZC-PG-011", "ZC-PG-012"}),
    ("trust, postgres administers", 26402, "auth_type = trust\nauth_file = users\nadmin_users = postgres", {"postgres": ("ready", True), "pgbouncer": ("refused", False)},
     {"ZC-PG-001", "ZC-PG-008", "ZC-PG-011", "ZC-PG-012"}),
    ("trust, another administers", 26403, "auth_type = trust\nauth_file = users\nadmin_users = someone", {"postgres": ("refused", False), "pgbouncer": ("refused", False)}, {"ZC-PG-011"}),
    ("scram", 26404, "auth_type = scram-sha-256\nauth_file = users\nadmin_users = postgres", {"postgres": ("asked", False)}, {"ZC-PG-011", "ZC-PG-012"}),
    ("scram, TLS required", 26405, "auth_type = scram-sha-256\nauth_file = users\nadmin_users = postgres\nclient_tls_sslmode = require\nclient_tls_key_file = key.pem\n"
     "client_tls_cert_file = cert.pem", {"postgres": ("refused", False)}, set()),
]


def console(e, transport="plain"):
    return {a["user"]: (a.get("result"), a.get("console")) for a in e.get("postgres", {}).get("answers", []) if a["database"] == "pgbouncer" and a["transport"] == transport}


def pgbouncer():
    program = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if not program:
        return skip("pgbouncer", "pgbouncer is not installed")
    with open(f"{work}/users", "w") as f:
        f.write('"postgres" "not-told"\n')
    for f in ("key.pem", "cert.pem", "users"):
        os.chmod(f"{work}/{f}", 0o644)
    for name, port, conf, _, _ in BOUNCERS:
        with open(f"{work}/bouncer-{port}.ini", "w") as f:
            f.write(f"[databases]\nshop = host={RIGHT} port=26202\n[pgbouncer]\nlisten_addr = {RIGHT}\nlisten_port = {port}\nunix_socket_dir =\n{conf}\n")
        start(program, f"{work}/bouncer-{port}.ini", user=65534, log=f"bouncer-{port}")
    for name, port, _, wanted, rules in BOUNCERS:
        if not up(port):
            tap(False, f"pgbouncer, {name}", open(f"{work}/bouncer-{port}.out").read())
            continue
        e, found = audit(f"{RIGHT}:{port}", "--only", "identify,postgres")
        tap(e.get("service") == "postgresql" and part(console(e), wanted), f"pgbouncer, {name}", json.dumps(e))
        got = {r for r in found if r.startswith("ZC-PG-")}
        tap(got == rules, f"pgbouncer, what is found, {name}", got)
        r = run("psql", "-w", f"host={RIGHT} port={port} user=postgres dbname=pgbouncer sslmode=disable", "-c", "SHOW VERSION")
        tap((r.returncode == 0) == (wanted["postgres"][0] == "ready"), f"psql agrees, pgbouncer, {name}", r)
    e = collect(f"{RIGHT}:26405", "--only", "identify,postgres")
    tap(e["postgres"]["tls"]["required"] == "yes" and console(e, "tls").get("postgres") == ("asked", False), "pgbouncer, TLS required", json.dumps(e))


# ---- others, told apart ----

def others():
    start(sys.executable, "-m", "http.server", "26301", "--bind", RIGHT, log="http")
    start("openssl", "s_server", "-quiet", "-accept", f"{RIGHT}:26302", "-cert", "cert.pem", "-key", "key.pem", "-www", log="https")
    for name, port, wanted in (("http", 26301, {"service": "http", "wrapped": None}), ("http inside TLS", 26302, {"service": "http", "wrapped": "tls"})):
        if not up(port):
            tap(False, name, "not up")
            continue
        e = collect(f"{RIGHT}:{port}")
        tap(part(e, wanted) and e["probes"].get("redis", {}).get("outcome") == "notapplicable" and
            e["probes"].get("postgres", {}).get("outcome") == "notapplicable", f"identify, {name}", json.dumps(e))


# ---- peers that misbehave, on loopback ----

def peer(behave):
    s = socket.create_server(("127.0.0.1", 0), backlog=16)
    seen = []

    def one(c):
        try:
            behave(c, seen)
        except OSError:
            pass
        finally:
            c.close()

    def serve():
        while True:
            try:
                c, _ = s.accept()
            except OSError:
                return
            seen.append(b"")
            threading.Thread(target=one, args=(c,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return s, seen


def greet(text):
    def behave(c, seen):
        c.sendall(text)
        c.settimeout(20)
        while c.recv(4096):
            pass
    return behave


def stall(c, seen):
    c.settimeout(60)
    while c.recv(4096):
        pass


def flood(c, seen):
    while True:
        c.sendall(b"\0" * 65536)


def trickle(c, seen):
    while True:
        c.sendall(b"+")
        time.sleep(0.05)


def answer_ping(reply):
    def behave(c, seen):
        while c.recv(4096):
            c.sendall(reply)
    return behave


def hostile():
    rows = [("ssh greets", greet(b"SSH-2.0-test_1.0\r\n"), "ssh", "SSH-2.0-test_1.0"),
            ("smtp greets", greet(b"220 mail.test ESMTP\r\n"), "smtp", "220 mail.test ESMTP"),
            ("an unknown greeting is kept, escaped", greet(b"\x1b[31mhello\xff\r\n"), None, "\\u{1b}[31mhello\\xFF"),
            ("silence", stall, 0, None),
            ("a flood", flood, 0, ...),
            ("a trickle", trickle, 0, ...),
            ("closes at once", lambda c, seen: None, 0, None)]
    for name, behave, service, banner in rows:
        s, seen = peer(behave)
        e = collect(f"127.0.0.1:{s.getsockname()[1]}", "--only", "identify")
        tap(e.get("service", 0) == service and (banner is ... or e.get("banner", 0) == banner) and len(seen) <= 10,
            f"identify, {name}", f"{len(seen)} connections {json.dumps(e)}")
        outcome = e["probes"]["identify"]  # 0: what speaks there is not known, and why is said
        tap(outcome["outcome"] == ("partial" if service == 0 else "done") and bool(outcome.get("why")) == (service == 0),
            f"identify, {name}: the outcome says whether it is known", json.dumps(outcome))
        s.close()
    lies = [("says PONG to everything", b"+PONG\r\n"), ("answers with a list without an end", b"*1024\r\n" + b"+x\r\n" * 100),
            ("NOAUTH, then a flood", b"-NOAUTH x\r\n" + b"\0" * 100000)]
    lies += [("is loading", b"-LOADING Redis is loading the dataset in memory\r\n"), ("has no PING", b"-ERR unknown command 'PING', with args beginning with: \r\n"),
             ("is busy", b"-BUSY Redis is busy running a script.\r\n"), ("has no room", b"-ERR max number of clients reached\r\n")]
    for name, reply in lies:
        s, seen = peer(answer_ping(reply))
        e = collect(f"redis://127.0.0.1:{s.getsockname()[1]}", "--only", "redis")
        runs = e.get("redis", {}).get("commands", {}).get("info")
        tap(runs != "runs" and len(seen) <= 14, f"redis, a peer that {name} is not taken at its word", json.dumps(e))
        if reply.startswith((b"-LOADING", b"-BUSY", b"-ERR")):
            tap(e["probes"]["redis"]["outcome"] == "partial" and e["redis"]["commands"] == {} and e["redis"]["auth"] == {},
                f"redis, of a peer that {name} nothing is known", json.dumps(e))
        s.close()
    for name, reply in (("N, then nothing", b"N"), ("S, then garbage", b"S" + b"garbage" * 100), ("Z without R", b"Z\0\0\0\5I")):
        s, seen = peer(answer_ping(reply))
        e = collect(f"postgres://127.0.0.1:{s.getsockname()[1]}/", "--only", "postgres")
        tap(not any(a.get("result") for a in e.get("postgres", {}).get("answers", [])) and len(seen) <= 16,
            f"postgres, a peer that says {name} lets nobody in", json.dumps(e))
        s.close()


parts = sys.argv[1:] or ["hostile", "redis", "postgres", "pgbouncer", "others"]
try:
    if "hostile" in parts:
        hostile()
    if not shutil.which("openssl") or not certificate():
        skip("real servers", "no openssl program for a certificate")
    elif not namespace():
        skip("real servers", "no privilege to make a network namespace")
    else:
        for part_of in (redis, postgres, pgbouncer, others):
            if part_of.__name__ in parts:
                part_of()
finally:
    stop()
print(f"1..{count}")
