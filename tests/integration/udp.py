#!/usr/bin/python3
"""UDP: every protocol that is asked, played by a scripted server that says byte for byte what the specification says; closed, rejected and silent ports told
apart; answers from elsewhere and answers to somebody else create nothing. In a network namespace of its own."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import spoken  # noqa: E402

ZC = os.path.abspath(os.environ.get("ZC", "build/zerocrit"))
NS = f"zcudp{os.getpid()}"
OURS, ADDRESS, OURS6, ADDRESS6 = "10.231.79.1", "10.231.79.2", "fd00:79::1", "fd00:79::2"
SILENT, LIAR, FOREIGN = 51820, 5349, 5684
REJECTED = {20001: "admin-prohibited", 20002: "host-unreachable"}
work = tempfile.mkdtemp(prefix="zc-udp-")
running = []
count = 0

PEER = r"""
import socket, sys, threading
sys.path.insert(0, sys.argv[1]); sys.dont_write_bytecode = True
import spoken
asked = []
def bind(port):
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.bind(("::", port))
    return s
def serve(s, port, begins, answer, elsewhere):
    def loop():
        while True:
            got, who = s.recvfrom(4096)
            asked.append(port)
            if got.startswith(begins) and answer:
                (bind(0) if elsewhere else s).sendto(answer, who)
    threading.Thread(target=loop, daemon=True).start()
for name, port, begins, answer, _ in spoken.UDP:
    serve(bind(port), port, begins, answer, port == 69)
serve(bind(51820), 51820, b"", None, False)
serve(bind(5349), 5349, b"", b"not DTLS", False)
serve(bind(5684), 5684, b"", b"from another port", True)
print("ready", flush=True)
sys.stdin.read()
import json
print(json.dumps(asked), flush=True)
"""


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
    link = f"{NS[-10:]}u"
    steps = [["ip", "netns", "add", NS], ["ip", "-n", NS, "link", "set", "lo", "up"], ["ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", NS],
             ["ip", "addr", "add", f"{OURS}/24", "dev", link], ["ip", "addr", "add", f"{OURS6}/64", "dev", link, "nodad"], ["ip", "link", "set", link, "up"],
             ["ip", "-n", NS, "addr", "add", f"{ADDRESS}/24", "dev", "eth0"], ["ip", "-n", NS, "addr", "add", f"{ADDRESS6}/64", "dev", "eth0", "nodad"],
             ["ip", "-n", NS, "link", "set", "eth0", "up"]]
    return os.geteuid() == 0 and shutil.which("ip") and all(run(*s).returncode == 0 for s in steps)


def collect(address, ports, *options):
    r = run(ZC, "collect", address, "--ports", ports, *options, "-o", "-")
    doc = json.loads(r.stdout) if r.stdout else {}
    return doc, {e["port"]: e for e in doc.get("endpoints", []) if e["transport"] == "udp"}


def told(e):
    p = e.get("program") or {}
    return e.get("service", 0), p.get("product"), p.get("version")


def asked_ports(address, label):
    every = ",".join(f"udp:{port}" for _, port, _, _, _ in spoken.UDP)
    doc, seen = collect(address, every)
    for name, port, _, _, wanted in spoken.UDP:
        e = seen.get(port, {})
        tap(e.get("state") == "open" and told(e) == wanted, f"{label}, {name}: {', '.join(w for w in wanted if w)}", json.dumps(e))
    scan = next(s for s in doc["scans"] if s["transport"] == "udp")
    tap(scan["outcome"] == "done" and scan["unknown"] == "" and len(doc["scans"]) == 1, f"{label}: the scan is complete, and about UDP alone", doc["scans"])


def told_apart():
    doc, seen = collect(ADDRESS, f"udp:{SILENT},{LIAR}/udp,udp:{FOREIGN},udp:20000,udp:20001,udp:20002,22")
    e = seen[SILENT]
    tap(e["state"] == "unknown" and "WireGuard" in e["reason"] and "open or filtered" in e["reason"], "WireGuard's silence is told as what it is", json.dumps(e))
    e = seen[LIAR]
    tap(e["state"] == "open" and e["service"] is None, "an answer in no known language is open, and nobody's", json.dumps(e))
    tap(seen[FOREIGN]["state"] == "unknown", "an answer from elsewhere is no answer", json.dumps(seen[FOREIGN]))
    tap(seen[20000]["state"] == "closed" and "port unreachable" in seen[20000]["reason"], "ICMP port unreachable is closed", json.dumps(seen[20000]))
    for port, code in REJECTED.items():
        tap(seen[port]["state"] == "filtered" and ADDRESS in seen[port]["reason"], f"{code}: filtered, with its code as the reason", json.dumps(seen[port]))
    scan = {s["transport"]: s for s in doc["scans"]}
    tap(scan["udp"]["outcome"] == "partial" and "ICMP errors" in scan["udp"]["why"] and scan["tcp"]["closed"] == "22", "silence leaves the scan partial; TCP beside it", doc["scans"])


def limited():
    """Linux sends about six errors at once, then one a second: those that come late are closed all the same."""
    _, seen = collect(ADDRESS, "udp:20010-20018")
    states = [e["state"] for e in seen.values()]
    tap(states == ["closed"] * 9, "nine closed ports of a host that limits its errors", states)


def default():
    doc, _ = collect(ADDRESS, "22")
    tap([s["transport"] for s in doc["scans"]] == ["tcp"], "UDP is asked only where it is asked for", doc["scans"])
    r = run(ZC, "collect", ADDRESS, "--ports", "udp:all", "-o", "-")
    tap(r.returncode == 2 and "1024" in r.stderr, "more UDP ports than a host can tell are refused", r.stderr)
    r = run(ZC, "collect", ADDRESS, "--only", "udp", "-o", "-")
    tap(r.returncode == 2 and "--ports udp:53" in r.stderr, "--only udp without UDP ports says what to type", r.stderr)
    r = run(ZC, "collect", ADDRESS, "--ports", "udp:snmp,80", "--dry-run")
    tap("1 UDP, 1 TCP port" in r.stdout, "--dry-run tells the UDP ports", r.stdout)


try:
    if not namespace():
        skip("UDP", "no privilege to make a network namespace")
    elif not shutil.which("nft"):
        skip("UDP", "nft is not installed")
    else:
        rules = "table ip t { chain i { type filter hook input priority 0;\n udp dport 20001 reject with icmp admin-prohibited;\n udp dport 20002 reject with icmp host-unreachable;\n }\n}\n"
        assert run("ip", "netns", "exec", NS, "nft", "-f", "-", input=rules).returncode == 0
        peer = subprocess.Popen(["ip", "netns", "exec", NS, sys.executable, "-c", PEER, os.path.join(HERE, "..", "support")], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        running.append(peer)
        assert peer.stdout.readline() == "ready\n"
        asked_ports(ADDRESS, "IPv4")
        asked_ports(ADDRESS6, "IPv6")
        told_apart()
        limited()
        default()
        peer.stdin.close()
        asked = json.loads(peer.stdout.read())
        tap(all(asked.count(port) == 2 for _, port, _, _, _ in spoken.UDP), "who answers is asked once", {p: asked.count(p) for p in asked})
        tap(asked.count(SILENT) == 3, "who is silent is asked three times", asked.count(SILENT))
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
