#!/usr/bin/python3
"""Each probe of a service against each way to misbehave (tests/lab/peer.py): at once, behind a right SSLRequest, and after a right TLS
handshake. Every one must end within its budget of bytes, memory and connections, leave an outcome with its reason and a problem, and
never make a verdict of what was not seen."""
import concurrent.futures
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
import peer  # noqa: E402

ZC = os.path.abspath(os.environ.get("ZC", "build/zerocrit"))
PLAIN_BUILD = "/obj/" not in ZC or "/obj/default" in ZC  # sanitizers and coverage take memory of their own
MEMORY = 64 << 10  # KiB, the program and its collector
CONNECTIONS = 24   # to one peer, the port probe's among them
SENT = 24 << 20    # bytes that the peer could send in all, those that stayed in the kernel's buffers among them
work = tempfile.mkdtemp(prefix="zc-hostile-")
count = 0

# probe, what it is named as, and what goes right before the mode begins: SSLRequest, a handshake
WAYS = [
    ("tls", "https", False, False), ("tls", "postgres", False, False), ("tls", "postgres", True, False), ("tls", "https", False, True), ("tls", "postgres", True, True),
    ("http", "http", False, False), ("http", "https", False, True),
    ("postgres", "postgres", False, False), ("postgres", "postgres", True, False), ("postgres", "postgres", True, True),
    ("redis", "redis", False, False), ("redis", "rediss", False, True),
]


def tap(ok, name, detail=""):
    global count
    count += 1
    print(f"{'ok' if ok else 'not ok'} {count} - {name}", flush=True)
    if not ok:
        print("# " + str(detail).replace("\n", "\n# ")[:3000], flush=True)


class Counted:
    """A mode whose connections and bytes are counted."""

    def __init__(self, behave):
        self.behave, self.connections, self.sent, self.lock = behave, 0, 0, threading.Lock()

    def __call__(self, c):
        with self.lock:
            self.connections += 1
        send = c.sendall
        c.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)  # so that what was sent says what was taken

        def sendall(data):
            for i in range(0, len(data), 16384):
                send(data[i:i + 16384])
                with self.lock:
                    self.sent += len(data[i:i + 16384])

        self.behave(Sending(c, sendall))


class Sending:
    def __init__(self, c, sendall):
        self.c, self.sendall = c, sendall

    def __getattr__(self, name):
        return getattr(self.c, name)


def collect(probe, scheme, port):
    """Exit status, evidence, peak memory in KiB."""
    path = f"{work}/{probe}-{port}.json"
    argv = [ZC, "collect", f"{scheme}://127.0.0.1:{port}", "--only", f"ports,{probe}", "--skip", "identify", "--deadline", "90s", "-o", path]
    p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    try:
        with open(path, encoding="utf-8") as f:
            return p.returncode, json.load(f), usage.ru_maxrss
    except (OSError, ValueError) as e:
        return p.returncode, {"endpoints": [], "problems": [], "error": str(e)}, usage.ru_maxrss


def believed(probe, e):
    """What must not be made of any of these peers; None when nothing is."""
    facts = e.get(probe, {})
    if probe == "tls":
        return [v for v, x in facts.get("versions", {}).items() if x.get("offered")] if not facts.get("negotiated") else None
    if probe == "http":
        return [k for k, v in facts.get("headers", {}).items() if v == {"present": False}] if not facts.get("requests", [{}])[0].get("whole") else None
    if probe == "postgres":
        return [a for a in facts.get("answers", []) if a.get("result")]
    return [c for c in ("info", "hello", "config") if c in facts.get("commands", {})]


def expected(probe, mode, handshake, facts):
    if probe == "tls" and handshake:
        return ("done", "partial")
    if probe == "http" and mode == "lie":
        return ("partial", "failed")
    return ("partial", "failed") if facts else ("failed",)


def judge(way, mode, counted, result):
    probe, scheme, preamble, handshake = way
    status, document, memory = result
    open_ones = [e for e in document["endpoints"] if e.get("state") == "open"]
    e = open_ones[0] if open_ones else {}
    outcome = e.get("probes", {}).get(probe, {})
    problems = [p for p in document["problems"] if p.get("probe") == probe and p.get("why")]
    name = f"{probe}, a peer that does {mode}{' behind SSLRequest' if preamble else ''}{' inside TLS' if handshake else ''}"
    wrong = []
    if status not in (0, 3) or "finished" not in document.get("run", {}) or any(p.get("probe") == "collector" for p in document["problems"]):
        wrong.append(f"the run did not end well: {status}")
    if outcome.get("outcome") not in expected(probe, mode, handshake, e.get(probe)):
        wrong.append("the outcome")
    if outcome.get("outcome") != "done" and (not outcome.get("why") or not problems):
        wrong.append("no reason, or no problem")
    if believed(probe, e):
        wrong.append(f"believed: {believed(probe, e)}")
    if PLAIN_BUILD and memory > MEMORY:
        wrong.append(f"memory: {memory} KiB")
    if counted.connections > CONNECTIONS or counted.sent > SENT:
        wrong.append(f"{counted.connections} connections, {counted.sent} bytes")
    tap(not wrong, name, (wrong, e, document["problems"], document.get("error")))
    return memory


def main():
    r = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{work}/key", "-out", f"{work}/cert",
                        "-days", "30", "-subj", "/CN=hostile.test"], capture_output=True, check=False) if shutil.which("openssl") else None
    if not r or r.returncode:
        print("1..0 # SKIP needs openssl for a certificate")
        return
    with open(f"{work}/both", "w", encoding="ascii") as f:
        f.write(open(f"{work}/key", encoding="ascii").read() + open(f"{work}/cert", encoding="ascii").read())
    rows = [(way, mode) for way in WAYS for mode in peer.MODES if mode != "never" or not (way[2] or way[3])]
    most = 0
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        jobs = []
        for way, mode in rows:
            counted = Counted(peer.MODES[mode])
            listener = peer.serve("127.0.0.1", mode, 0, peer.behind(f"{work}/both", way[2], way[3], counted))
            jobs.append((way, mode, counted, listener, pool.submit(collect, way[0], way[1], listener.getsockname()[1])))
        for way, mode, counted, listener, job in jobs:
            most = max(most, judge(way, mode, counted, job.result()))
            listener.close()
    print(f"# the most memory that one took: {most} KiB")


try:
    main()
finally:
    shutil.rmtree(work, ignore_errors=True)
if count:
    print(f"1..{count}")
