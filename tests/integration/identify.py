#!/usr/bin/python3
"""Which service, product and version: every protocol that identify knows, each at its port, played by a scripted server that says byte for byte
what the specification says; then real servers, where they are installed. In a network namespace of its own."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import spoken  # noqa: E402

ZC = os.path.abspath(os.environ.get("ZC", "build/zerocrit"))
NS = f"zcident{os.getpid()}"
OURS, ADDRESS = "10.231.78.1", "10.231.78.2"
work = tempfile.mkdtemp(prefix="zc-identify-")
running = []
count = 0

PEER = r'''
import socket, sys, threading
sys.path.insert(0, sys.argv[1]); sys.dont_write_bytecode = True
import spoken
asked = {}
def one(c, port, begins, answer):
    c.settimeout(15)
    try:
        if begins is None:
            c.sendall(answer)
        got = c.recv(65536)
        asked[port].append(got)
        while got and begins is not None:
            if isinstance(answer, dict):
                said = next((answer[k] for k in sorted(answer, key=len, reverse=True) if got.startswith(k)), None)
            else:
                said = answer if got.startswith(begins) else None
            if said is None:
                break
            c.sendall(said)
            got = c.recv(65536)
        while begins is None and got:
            got = c.recv(65536)
    except OSError:
        pass
    finally:
        c.close()
def web(c, port, pages):
    try:
        c.settimeout(5)
        got = c.recv(65536)
        asked[port].append(got)
        path = got.split(b" ")[1].decode() if got[:4] in (b"GET ", b"POST") else None
        if path is None:
            return
        c.sendall(pages.get(path, spoken.http("404 Not Found", (), b"404 page not found\n")))
    except (OSError, IndexError):
        pass
    finally:
        c.close()
def serve(port, handler, *args):
    asked[port] = []
    s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind((sys.argv[2], port)); s.listen(64)
    def accept():
        while True:
            c, _ = s.accept()
            threading.Thread(target=handler, args=(c, port, *args), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()
for name, port, begins, answer, _ in spoken.PLAIN:
    serve(port, one, begins, answer)
for name, port, pages, _ in spoken.HTTP:
    serve(port, web, pages)
print("ready", flush=True)
sys.stdin.read()
import json
print(json.dumps({p: [g.decode("latin-1") for g in gs] for p, gs in asked.items()}), flush=True)
'''


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


def run(*args, **kw):
    return subprocess.run(args, capture_output=True, text=True, timeout=120, **kw)


def namespace():
    link = f"{NS[-10:]}a"
    steps = [["ip", "netns", "add", NS], ["ip", "-n", NS, "link", "set", "lo", "up"], ["ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", NS],
             ["ip", "addr", "add", f"{OURS}/24", "dev", link], ["ip", "link", "set", link, "up"],
             ["ip", "-n", NS, "addr", "add", f"{ADDRESS}/24", "dev", "eth0"], ["ip", "-n", NS, "link", "set", "eth0", "up"]]
    return os.geteuid() == 0 and shutil.which("ip") and all(run(*s).returncode == 0 for s in steps)


def inside(*args, **kw):
    return subprocess.Popen(["ip", "netns", "exec", NS, *args], text=True, **kw)


def collect(ports):
    """Beside ports that are closed: a host where every port is open is a tarpit."""
    evidence = os.path.join(work, "evidence.json")
    run(ZC, "collect", ADDRESS, "--ports", f"{ports},40001-40100", "--only", "ports,identify", "-o", evidence)
    return {e["port"]: e for e in json.load(open(evidence))["endpoints"] if e.get("state") == "open"}


def told(e):
    program = e.get("program") or {}
    return {"service": e.get("service", 0), "product": program.get("product"), "version": program.get("version"), "access": (e.get("guard") or {}).get("result")}


def scripted():
    peer = inside(sys.executable, "-c", PEER, os.path.join(HERE, "..", "support"), ADDRESS, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    running.append(peer)
    assert peer.stdout.readline() == "ready\n"
    rows = [(name, port, wanted) for name, port, _, _, wanted in spoken.PLAIN] + [(name, port, wanted) for name, port, _, wanted in spoken.HTTP]
    seen = collect(",".join(str(port) for _, port, _ in rows))
    for name, port, wanted in rows:
        e = seen.get(port, {})
        if wanted:
            tap(told(e) == wanted, f"{name}: {', '.join(v for v in wanted.values() if v)}", json.dumps(e))
    unsure = {port for _, port, _ in rows if seen.get(port, {}).get("program", {}).get("confidence") == "likely"}
    tap(unsure == {9042, 9201, 9090, 3000}, "what is told by its habits alone is called likely", unsure)
    services = {e.get("service") for e in seen.values()} - {None}
    products = {told(e)["product"] for e in seen.values()} - {None}
    tap(len(services) >= 40 and len(services | products) >= 80, f"{len(services)} services and {len(products)} products are known", services)
    judged()
    peer.stdin.close()
    asked = {int(p): gs for p, gs in json.loads(peer.stdout.read()).items()}
    most = max(asked, key=lambda p: len(asked[p]))
    tap(len(asked[most]) <= 8, "never more than eight connections", f"{most}: {asked[most]}")
    expected = {port for _, port, begins, _, _ in spoken.PLAIN if begins}
    first = {p: asked[p][0] for p in expected if asked[p]}
    foreign = [p for p, begins in ((p, next(b for _, q, b, _, _ in spoken.PLAIN if q == p)) for p in expected)
               if not first.get(p, "").encode("latin-1").startswith(begins)]
    tap(not foreign, "where a port is known, its own question comes first", {p: first.get(p) for p in foreign})
    greeted = [p for _, p, begins, _, _ in spoken.PLAIN if begins is None and any(asked[p])]
    tap(not greeted, "who greets is asked nothing", {p: asked[p] for p in greeted})


RULES = {"ZC-PORT-030": {27017, 11211, 21211, 9200, 9202, 2379}, "ZC-PORT-031": {2375, 10255}, "ZC-PORT-032": {5005, 6000}, "ZC-PORT-033": {1883, 9090, 8500},
         "ZC-PORT-041": {3307, 11212, 21211, 9201, 9202, 3301, 8123, 7474}, "ZC-PORT-042": {2121, 6001}, "ZC-PORT-043": {6444, 8200}, "ZC-PORT-044": {3000, 8080, 10000}}


def judged():
    """What the rules find, at those ports and no other; what is proven folds what is derived."""
    report = os.path.join(work, "report.json")
    run(ZC, "judge", os.path.join(work, "evidence.json"), "-o", report)
    found = [(f["rule"], int(f["subject"].split("/")[0].rsplit(":", 1)[1]), f) for f in json.load(open(report))["findings"] if f["subject"].endswith("/tcp")]
    for rule, wanted in RULES.items():
        got = {port for r, port, _ in found if r == rule}
        tap(got == wanted, f"{rule} at those ports and no other", f"{got} wanted {wanted}")
    twice = [port for r, port, f in found if r in ("ZC-PORT-041", "ZC-PORT-043", "ZC-PORT-044") and not f.get("covered_by")
             and port in RULES["ZC-PORT-030"] | RULES["ZC-PORT-031"] | RULES["ZC-PORT-033"]]
    tap(not twice, "nothing is counted twice", twice)
    tap(all(f["proof"] for r, _, f in found if r in ("ZC-PORT-030", "ZC-PORT-031", "ZC-PORT-032")), "what is critical has its proof")


# name, program, arguments, port, (service, product), the version that the program says of itself
REAL = [
    ("memcached", "memcached", ["-l", ADDRESS, "-p", "11211", "-U", "0", "-u", "nobody"], 11211, ("memcached", "memcached"), ["memcached", "-V"], "open"),
    ("mosquitto", "mosquitto", ["-c", f"{work}/mosquitto.conf"], 1883, ("mqtt", "Mosquitto"), ["mosquitto", "-h"], "open"),
    ("dnsmasq", "dnsmasq", ["-k", "-C", "/dev/null", "-p", "53", "-a", ADDRESS, "-z", "--no-resolv", "-u", "root"], 53, ("domain", "dnsmasq"), ["dnsmasq", "-v"], None),
    ("vsftpd", "vsftpd", [f"{work}/vsftpd.conf"], 21, ("ftp", "vsFTPd"), None, None),
    ("slapd", "slapd", ["-d", "0", "-h", f"ldap://{ADDRESS}/", "-f", f"{work}/slapd.conf"], 389, ("ldap", "OpenLDAP"), None, None),
]


def real():
    path = os.environ.get("PATH", "") + ":/usr/sbin"
    with open(f"{work}/mosquitto.conf", "w") as f:
        f.write(f"listener 1883 {ADDRESS}\nallow_anonymous true\nuser root\n")
    with open(f"{work}/vsftpd.conf", "w") as f:
        f.write(f"listen=YES\nlisten_address={ADDRESS}\nanonymous_enable=YES\nbackground=NO\nsecure_chroot_dir={work}\n")
    with open(f"{work}/slapd.conf", "w") as f:
        f.write(f"pidfile {work}/slapd.pid\ndatabase config\nrootdn cn=config\n")
    started = []
    for row in REAL:
        program = shutil.which(row[1], path=path)
        if not program:
            skip(row[0], f"{row[1]} is not installed")
            continue
        running.append(inside(program, *row[2], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        started.append((row, program))
    ports = ",".join(str(row[3]) for row, _ in started)
    seen = {}
    for _ in range(80 if started else 0):
        time.sleep(0.1)
        listening = run("ip", "netns", "exec", NS, "ss", "-Hltn").stdout
        if all(f":{row[3]} " in listening for row, _ in started):
            break
    if started:
        seen = collect(ports)
    for (name, _, _, port, wanted, says, access), program in started:
        e = seen.get(port, {})
        tap((e.get("service"), told(e)["product"]) == wanted and told(e)["access"] == access, f"a real {name} is known", json.dumps(e))
        if says:
            own = run(program, *says[1:])
            tap((told(e)["version"] or "-") in own.stdout + own.stderr, f"{name}: the version is the program's own", f"{told(e)} {own.stdout[:200]}")


try:
    if not namespace():
        skip("services", "no privilege to make a network namespace")
    else:
        scripted()
        for p in running:
            p.wait(5)
        real()
finally:
    for p in running:
        if p.poll() is None:
            p.terminate()
            try:
                p.wait(5)
            except subprocess.TimeoutExpired:
                p.kill()
    run("ip", "netns", "del", NS)
    shutil.rmtree(work, ignore_errors=True)
print(f"1..{count}")
