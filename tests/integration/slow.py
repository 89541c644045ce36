#!/usr/bin/python3
"""Networks that are far away or lose packets: what is open is found, whatever the delay and with packets lost both ways; what a firewall drops
is filtered, what the host refuses is closed; services are told as they are nearby. Delay and loss are made by tests/lab/link.py."""
import json
import os
import shutil
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import netns  # noqa: E402

ZC = os.path.abspath(os.environ.get("ZC", "build/zerocrit"))
TOOL = os.path.abspath(os.path.join(os.environ.get("O", "build/obj/default"), "tests/tool_ports"))
US, THEM = "198.18.7.1", "198.18.7.2"
OPEN = list(range(21001, 21016))
RANGE = "20991-21090"  # a hundred, the open ones among them
SERVICES = {22001: "ssh", 22002: "http", 22003: "redis", 22004: "postgresql", 22005: "smtp"}

# name, delay each way in ms, loss each way in percent, whether a firewall drops what is not open
LINKS = [
    ("50 ms and 5 % lost", 50, 5, True),
    ("300 ms", 300, 0, True),
    ("300 ms and 2 % lost", 300, 2, True),
    ("120 ms and 5 % lost, no firewall", 120, 5, False),
    ("1 ms and 5 % lost", 1, 5, True),
]

PEER = r'''
import socket, sys, threading
def serve(port, greeting, answer):
    s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("0.0.0.0", port)); s.listen(256)
    def one(c):
        try:
            if greeting: c.sendall(greeting)
            while answer and (asked := c.recv(4096)):
                said = answer(asked)
                if said is None: break
                c.sendall(said)
        except OSError: pass
        finally: c.close()
    def all():
        while True: threading.Thread(target=one, args=(s.accept()[0],), daemon=True).start()
    threading.Thread(target=all, daemon=True).start()
quiet = lambda asked: b""
for p in range(21001, 21016): serve(p, None, quiet)
serve(22001, b"SSH-2.0-OpenSSH_9.2p1\r\n", quiet)
serve(22002, None, lambda a: b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" if a[:4] == b"GET " else None)
serve(22003, None, lambda a: b"+PONG\r\n" if a == b"*1\r\n$4\r\nPING\r\n" else None)
serve(22004, None, lambda a: b"N" if a == bytes([0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]) else None)
serve(22005, b"220 mail.lab.example ESMTP Postfix\r\n", quiet)
print("ready", flush=True)
threading.Event().wait()
'''
RULES = """table inet t {{
  chain input {{
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    tcp dport {{ {ports} }} accept
  }}
}}
"""

count = failed = 0
lock = threading.Lock()


def tap(ok, name, detail=""):
    global count, failed
    with lock:
        count += 1
        failed += not ok
        print(f"{'ok' if ok else 'not ok'} {count} - {name}", flush=True)
        if not ok:
            print("# " + str(detail).replace("\n", "\n# ")[:2000], flush=True)


def start(argv):
    p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    if p.stdout.readline().strip() != "ready":
        p.kill()
        p.wait()
        raise RuntimeError(f"{argv[0]} did not start")
    return p


def numbers(ports):
    """"1-3,7" as a set."""
    return {n for part in ports.split(",") if part for a, _, b in [part.partition("-")] for n in range(int(a), int(b or a) + 1)}


def scanned(here, name, dropped):
    r = subprocess.run(netns.inside(here, TOOL, THEM, RANGE), capture_output=True, text=True, timeout=120, check=False)
    rows = [json.loads(line) for line in r.stdout.splitlines()]
    scan = next((row["scan"] for row in rows if "scan" in row), {})
    rest = numbers(RANGE) - set(OPEN)
    tap(numbers(scan.get("open", "")) == set(OPEN), f"{name}: every open port is found, and no other", r.stdout + r.stderr)
    tap(numbers(scan.get("filtered" if dropped else "closed", "")) == rest, f"{name}: the others are {'filtered' if dropped else 'closed'}", scan)
    tries = [row["endpoint"]["proof"]["attempts"] for row in rows if "endpoint" in row]
    print(f"# answered to attempt {sorted(tries)}")


def identified(here, path, name, loss):
    argv = [ZC, "collect", *(f"{THEM}:{p}" for p in SERVICES), "--skip", "tls,http,redis,postgres", "-o", path]
    r = subprocess.run(netns.inside(here, *argv), capture_output=True, text=True, timeout=120, check=False)
    try:
        with open(path, encoding="utf-8") as f:
            seen = {e["port"]: e.get("service") for e in json.load(f)["endpoints"]}
    except (OSError, ValueError):
        seen = {}
    wrong = {p: service for p, service in seen.items() if service not in (SERVICES[p], None)}
    silent = [p for p in SERVICES if not seen.get(p)]  # lost packets may look like silence, never like another service
    tap(not wrong and len(silent) <= (1 if loss else 0), f"{name}: services are told", f"{seen}\n{r.stderr}")


def case(number, name, delay, loss, dropped):
    here, there = f"zcs{os.getpid()}n{number}", f"zcs{os.getpid()}f{number}"
    children = []
    path = f"/tmp/{here}.json"
    try:
        for space in (here, there):
            netns.add(space)
        if dropped:
            ports = ", ".join(map(str, [*OPEN, *SERVICES]))
            subprocess.run(netns.inside(there, "nft", "-f", "-"), input=RULES.format(ports=ports), text=True, check=True, timeout=30)
        children.append(start([sys.executable, os.path.join(HERE, "..", "lab", "link.py"), here, US, there, THEM, str(delay), str(loss)]))
        children.append(start(netns.inside(there, sys.executable, "-c", PEER)))
        scanned(here, name, dropped)
        identified(here, path, name, loss)
    except (RuntimeError, subprocess.SubprocessError) as e:
        tap(False, f"{name}: the link stands", e)
    finally:
        for p in children:
            p.terminate()
        for p in children:
            p.wait()
            p.stdout.close()
        for space in (here, there):
            netns.delete(space)
        if os.path.exists(path):
            os.unlink(path)


def main():
    netns.plan_skip(netns.why_not() or (None if os.access("/dev/net/tun", os.R_OK | os.W_OK) else "no /dev/net/tun here")
                    or (None if shutil.which("nft") else "nft is not installed"))
    threads = [threading.Thread(target=case, args=(i, *row)) for i, row in enumerate(LINKS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print(f"1..{count}")
    sys.exit(failed > 0)


main()
