#!/usr/bin/python3
"""HTTP through the whole program, sandbox included: a real nginx, well and badly set up, with curl as the oracle; then peers that lie, stall, flood
and lead astray. Nothing may leave the scope, and no secret may enter the evidence."""
import gzip
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

try:
    import jsonschema
except ImportError:
    jsonschema = None

ZC = os.path.abspath(os.environ.get("ZC", "build/zerocrit"))
SCHEMA = json.load(open("reports/schema/evidence.schema.json"))
SECRET = "s3cr3t-value"
work = tempfile.mkdtemp(prefix="zc-http-")
os.chmod(work, 0o755)
count = 0


def tap(ok, name, detail=""):
    global count
    count += 1
    print(f"{'ok' if ok else 'not ok'} {count} - {name}", flush=True)
    if not ok:
        print("# " + str(detail)[:3000].replace("\n", "\n# "), flush=True)


def skip(name, why):
    global count
    count += 1
    print(f"ok {count} - {name} # SKIP {why}", flush=True)


def free_port():
    """A port above 20000 that nobody has now."""
    while True:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            if s.getsockname()[1] > 20000:
                return s.getsockname()[1]


class Collect:
    """`zerocrit collect` under way; several may run at once."""

    def __init__(self, *args, env=None, path=None):
        self.path = path or os.path.join(work, f"e{id(self)}.json")
        self.process = subprocess.Popen([ZC, "collect", "--only", "http", *args, "-o", self.path], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, **(env or {})})

    def end(self):
        self.err = self.process.communicate(timeout=240)[1].decode()
        self.text = open(self.path).read()
        self.doc = json.loads(self.text)
        if jsonschema:
            jsonschema.validate(self.doc, SCHEMA)
        opened = [e for e in self.doc["endpoints"] if e.get("state", "open") == "open"] or self.doc["endpoints"]
        self.endpoint = opened[0]
        self.http = self.endpoint.get("http", {})
        self.outcome = self.endpoint["probes"]["http"]
        return self


def collect(*args, **kw):
    return Collect(*args, **kw).end()


class Peer:
    """A scripted server: each connection is handed to `talk`, which is given the socket and what was asked; the number of them is kept."""

    def __init__(self, talk, address="127.0.0.1", family=socket.AF_INET):
        self.socket = socket.socket(family)
        for _ in range(50):
            try:
                self.socket.bind((address, free_port()))
                break
            except OSError:
                pass
        self.socket.listen(16)
        self.port = self.socket.getsockname()[1]
        self.talk = talk
        self.asked = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                s, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(s,), daemon=True).start()

    def one(self, s):
        try:
            s.settimeout(30)
            head = b""
            while b"\r\n\r\n" not in head:
                more = s.recv(4096)
                if not more:
                    break
                head += more
            if head:
                self.asked.append(head.decode("latin-1"))
                self.talk(s, head.decode("latin-1"))
        except OSError:
            pass
        finally:
            s.close()


def says(text):
    def talk(s, _):
        s.sendall(text.encode("latin-1"))
    return talk


# the ports probe connects and says nothing: only what was asked counts
DIRECT = ("--skip", "identify")

NGINX = """
daemon off; master_process off; pid {d}/pid; error_log {d}/error;
events {{}}
http {{
  access_log off; default_type text/html;
  client_body_temp_path {d}/b; proxy_temp_path {d}/p; fastcgi_temp_path {d}/f; uwsgi_temp_path {d}/u; scgi_temp_path {d}/s;
  ssl_certificate {d}/cert.pem; ssl_certificate_key {d}/key.pem;
  server {{ listen 127.0.0.1:{redirect}; return 301 https://$host:{good}$request_uri; }}
  server {{ listen 127.0.0.1:{good} ssl; server_tokens off;
    add_header Strict-Transport-Security "max-age=63072000; includeSubDomains" always;
    add_header Content-Security-Policy "default-src 'self'; frame-ancestors 'none'; object-src 'none'" always;
    add_header X-Content-Type-Options nosniff always;
    add_header Referrer-Policy no-referrer always;
    add_header Set-Cookie "__Host-sid={secret}; Path=/; Secure; HttpOnly; SameSite=Lax" always;
    location / {{ return 200 "<html></html>"; }} }}
  server {{ listen 127.0.0.1:{bad} ssl;
    add_header Strict-Transport-Security "max-age=abc";
    add_header X-Frame-Options "ALLOW-FROM https://a.example";
    add_header Set-Cookie "PHPSESSID={secret}";
    add_header Set-Cookie "theme={secret}; SameSite=None";
    add_header X-Api-Token {secret};
    location = / {{ return 302 /page?token={secret}; }}
    location / {{ return 200 "<html></html>"; }} }}
  server {{ listen 127.0.0.1:{basic};
    add_header WWW-Authenticate 'Basic realm="{secret}"' always;
    location / {{ return 401 "no"; }} }}
  server {{ listen 127.0.0.1:{down} ssl;
    location / {{ return 302 http://$host:{basic}/; }} }}
}}
"""


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def nginx_start(ports):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{work}/key.pem",
                    "-out", f"{work}/cert.pem", "-days", "30", "-subj", "/CN=www.example.localhost"], check=True, stderr=subprocess.DEVNULL)
    with open(f"{work}/nginx.conf", "w") as f:
        f.write(NGINX.format(d=work, secret=SECRET, **ports))
    log = open(f"{work}/log", "w")
    p = subprocess.Popen(["nginx", "-e", f"{work}/error", "-p", work, "-c", f"{work}/nginx.conf"], stderr=log, stdout=log)
    for _ in range(200):
        if p.poll() is not None or all(listens(x) for x in ports.values()):
            break
        time.sleep(0.05)
    return p


def curl_headers(url, *args):
    out = subprocess.run(["curl", "-sk", "-D", "-", "-o", "/dev/null", "--http1.1", "--noproxy", "*", *args, url], capture_output=True, check=True).stdout.decode()
    return [tuple(part.strip() for part in line.split(":", 1)) for line in out.splitlines()[1:] if ":" in line]


def rules_failed(evidence):
    out = subprocess.run([ZC, "judge", evidence, "--format", "json"], capture_output=True, stdin=subprocess.DEVNULL).stdout
    report = json.loads(out)
    return {f["rule"]: f for f in report["findings"] if f["rule"].startswith("ZC-HTTP-")}


def with_nginx():
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    if not all(shutil.which(x, path=path) for x in ("nginx", "curl", "openssl")):
        return skip("a real nginx", "needs nginx, curl and openssl")
    os.environ["PATH"] = path
    ports = {name: free_port() for name in ("redirect", "good", "bad", "basic", "down")}
    server = nginx_start(ports)
    try:
        nginx_cases(ports)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)


def same_headers(seen, oracle):
    """Names in order and, where they are kept, values; the date moves on."""
    return [n for n, _ in seen] == [n for n, _ in oracle] and \
        all(a[1] == b[1] or a[0] == "Date" or "[not kept]" in a[1] for a, b in zip(seen, oracle))


def nginx_cases(ports):
    name = "www.example.localhost"
    good = collect(f"https://{name}:{ports['good']}/")
    pinned = ["--resolve", f"{name}:{ports['good']}:127.0.0.1"]
    tap(good.outcome == {"outcome": "done"} and good.endpoint["service"] == "http" and good.endpoint["wrapped"] == "tls",
        "nginx in TLS is recognised and looked at, from inside the sandbox", good.text)
    oracle = curl_headers(good.http["requests"][0]["url"], *pinned)
    tap(same_headers(good.http["requests"][0]["headers"], oracle), "its headers are what curl shows", (good.http["requests"], oracle))
    h = good.http["headers"]
    tap(h["hsts"] == {"present": True, "count": 1, "valid": True, "max_age": 63072000, "include_subdomains": True, "preload": False} and
        h["csp"]["frame_ancestors"] is True and h["x_content_type_options"]["nosniff"] is True and h["x_frame_options"] == {"present": False} and
        good.http["answer"] == {"status": 200, "content_type": "text/html", "html": True, "redirect": False}, "protective headers are read", h)
    tap(good.http["cookies"] == [{"name": "__Host-sid", "domain": None, "path": "/", "https": True, "secure": True, "http_only": True, "same_site": "Lax",
                                  "persistent": False, "deletes": False, "stored": True, "why": None}], "so is the cookie", good.http["cookies"])
    tap(not rules_failed(good.path), "a good configuration has no finding", rules_failed(good.path))

    red = collect(f"http://{name}:{ports['redirect']}/a/b?c=d")
    tap(red.http["to_https"]["present"] is True and red.http["to_https"]["same_host"] is True and [r["status"] for r in red.http["requests"]] == [301, 200] and
        red.http["headers"]["hsts"] == {"present": False} and red.http["cookies"] == [] and red.http["requests"][0]["url"].endswith("/a/b?..."),
        "plain HTTP that redirects: followed, and each endpoint has what it said itself", red.http)
    tap(not rules_failed(red.path), "which is no finding", rules_failed(red.path))

    bad = collect(f"https://{name}:{ports['bad']}/")
    tap([r["status"] for r in bad.http["requests"]] == [302, 200] and bad.http["headers"]["hsts"]["valid"] is False and
        bad.http["headers"]["x_frame_options"]["effective"] == "none" and {c["name"]: c["stored"] for c in bad.http["cookies"]} == {"PHPSESSID": True, "theme": False},
        "a page behind a redirect of the same endpoint", bad.http)
    failed = rules_failed(bad.path)
    want = {"ZC-HTTP-005": "medium", "ZC-HTTP-020": "low", "ZC-HTTP-021": "low", "ZC-HTTP-022": "low", "ZC-HTTP-040": "medium", "ZC-HTTP-041": "low",
            "ZC-HTTP-042": "medium", "ZC-HTTP-044": "low", "ZC-HTTP-045": "low"}
    tap({k: f["severity"] for k, f in failed.items()} == want, "a bad configuration has each planted finding, and no other", {k: f["severity"] for k, f in failed.items()})
    # the name is this test's own: curl is told where it is
    curl = lambda command, env: reproduce.run_here(command.replace("curl ", f"curl --resolve {name}:{ports['bad']}:127.0.0.1 --noproxy '*' "), env)
    reproduce.check(failed.values(), tap, skip, "bad", curl)

    basic = collect(f"http://127.0.0.1:{ports['basic']}")
    reproduce.check(rules_failed(basic.path).values(), tap, skip, "basic")
    tap(basic.http["authentication"] == ["basic"] and "401" in basic.http["proof"]["received"] and "Basic" in basic.http["proof"]["received"],
        "a password asked for in the clear, with proof", basic.http)
    down = collect(f"https://{name}:{ports['down']}/")
    tap(down.http["downgrade"]["present"] is True and "ZC-HTTP-003" in rules_failed(down.path), "HTTPS that leads to plain HTTP", down.http)
    tap(not any(SECRET in x.text for x in (good, red, bad, basic, down)), "no cookie, query, realm or unknown field leaves its value behind")


def endless_headers(s, _):
    s.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        s.sendall(b"X-Flood: " + b"a" * 1000 + b"\r\n")


def endless_line(s, _):
    s.sendall(b"HTTP/1.1 200 OK\r\nX-Flood: ")
    while True:
        s.sendall(b"a" * 4096)


def endless_interim(s, _):
    while True:
        s.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" * 50)


def endless_body(s, _):
    s.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
    while True:
        s.sendall(b"a" * 65536)


def endless_chunks(s, _):
    s.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/html\r\n\r\n")
    while True:
        s.sendall(b"1\r\na\r\n" * 4096)


def slowly(text):
    for c in text:
        yield bytes([c])
        time.sleep(1)


def trickle(s, _):
    for c in slowly(b"HTTP/1.1 200 OK\r\nServer: slow\r\n\r\n"):
        s.sendall(c)


def trickle_fields(s, _):
    s.sendall(b"HTTP/1.1 200 OK\r\nServer: slow\r\n")
    for c in slowly(b"X-Slow: " + b"w" * 100):
        s.sendall(c)


def stall(s, _):
    time.sleep(25)


def stalled_body(s, _):
    s.sendall(b"HTTP/1.1 200 OK\r\nServer: a\r\nContent-Length: 100\r\n\r\nhalf")
    time.sleep(25)


def megabyte(s, _):
    s.sendall(b"HTTP/1.1 200 OK\r\nServer: a\r\n" + b"X-Much: " * 1 + b"".join(b"a" * 1000 + b"\r\nX-%d: " % i for i in range(1050)) + b"\r\n\r\n")


BOMB = gzip.compress(bytes(200 << 20), 9)


def bomb(header):
    def talk(s, _):
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n" + header + b": gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB)
    return talk


def unseen(c):
    """What was not looked at is neither there nor not."""
    return "hsts" not in c.http["headers"] and "csp" not in c.http["headers"] and c.http["requests"][0]["whole"] is False and "whole" not in c.outcome


def said(c, path):
    return any(p.get("probe") == "http" and p["path"].endswith(path) and p["why"] for p in c.doc["problems"])


HOSTILE = [
    # name, talk, outcome, what the evidence must show
    ("headers without end", endless_headers, "partial", lambda c: "headers have more" in c.outcome["why"] and c.http["answer"]["status"] == 200 and unseen(c)),
    ("a megabyte of headers", megabyte, "partial", lambda c: "headers" in c.outcome["why"] and c.http["headers"]["server"]["value"] == "a" and unseen(c)),
    ("a header line without end", endless_line, "partial", lambda c: c.http["answer"]["status"] == 200 and unseen(c)),
    ("interim answers without end", endless_interim, "failed", lambda c: True),
    ("a body without end", endless_body, "done", lambda c: c.http["answer"]["status"] == 200),
    ("chunks without end", endless_chunks, "done", lambda c: c.http["answer"]["html"] is True),
    ("a body that stalls", stalled_body, "partial", lambda c: "in time" in c.outcome["why"] and c.outcome["whole"] is True and c.http["headers"]["hsts"] == {"present": False}),
    ("a body that unpacks to much", bomb(b"Content-Encoding"), None, lambda c: c.http["answer"]["html"] is True),
    ("a transfer that unpacks to much", bomb(b"Transfer-Encoding"), None, lambda c: c.http["answer"]["html"] is True),
    ("a trickle", trickle, "failed", lambda c: "no answer" in c.outcome["why"] and said(c, "/http")),
    ("a trickle of fields", trickle_fields, "partial", lambda c: "in time" in c.outcome["why"] and c.http["headers"]["server"]["value"] == "slow" and unseen(c)),
    ("silence", stall, "failed", lambda c: "no answer" in c.outcome["why"]),
    ("a longer Content-Length than body", says("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\nServer: a\r\n\r\nshort"), "partial",
     lambda c: c.http["headers"]["server"]["value"] == "a" and "shorter" in c.outcome["why"] and c.outcome["whole"] is True and said(c, "/http/requests")),
    ("a Content-Length that is no number", says("HTTP/1.1 200 OK\r\nContent-Length: -5\r\nServer: a\r\n\r\nshort"), "partial",
     lambda c: c.http["answer"]["status"] == 200),
    ("a Content-Length beyond all numbers", says("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551617\r\nServer: a\r\n\r\nshort"), None,
     lambda c: c.http["answer"]["status"] == 200),
    ("two Content-Lengths", says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\nServer: a\r\n\r\nshort12"), None, lambda c: True),
    ("bad chunks", says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nServer: a\r\n\r\nzz\r\n"), "partial", lambda c: c.http["headers"]["server"]["value"] == "a" and c.outcome["whole"] is True),
    ("headers that are cut off", says("HTTP/1.1 200 OK\r\nServer: a\r\n"), "partial",
     lambda c: "cut off" in c.outcome["why"] and c.http["headers"] == {"server": {"present": True, "value": "a"}} and unseen(c) and said(c, "/http/headers")),
    ("a redirect that is cut off", says("HTTP/1.1 301 Moved\r\nServer: a\r\n"), "partial",
     lambda c: "redirect" not in c.http["answer"] and "present" not in c.http["to_https"] and not rules_failed(c.path)),
    ("a challenge that is cut off", says("HTTP/1.1 401 No\r\nServer: a\r\n"), "partial", lambda c: "authentication" not in c.http and c.http["to_https"] == {"present": False}),
    ("no HTTP", says("SSH-2.0-OpenSSH_9.2\r\n"), "failed", lambda c: "http" not in c.endpoint and "not HTTP" in c.outcome["why"]),
    ("HTTP/0.9", says("<html>hello</html>\n"), "failed", lambda c: "http" not in c.endpoint and "not HTTP" in c.outcome["why"]),
    ("a version that is none", says("HTTP/9.9 200 OK\r\n\r\n"), "failed", lambda c: "http" not in c.endpoint),
    ("NUL in a field", says("HTTP/1.1 200 OK\r\nServer: a\r\nX-Nul: a\x00b\r\n\r\n"), None, lambda c: c.http["headers"]["server"]["value"] == "a"),
    ("bytes that act on terminals", says("HTTP/1.1 200 OK\r\nServer: \x1b[2J\xff\x00x\r\nSet-Cookie: a\x1b]0;=" + SECRET + "\r\n\r\n"), None,
     lambda c: "\x1b" not in c.text and SECRET not in c.text),
    ("more fields than are looked at", says("HTTP/1.1 200 OK\r\n" + "A: b\r\n" * 200 + "\r\n"), "partial",
     lambda c: "hsts" not in c.http["headers"]),
    ("lines that are no fields", says("HTTP/1.1 200 OK\r\nServer: a\r\nnothing\r\n\r\n"), "partial",
     lambda c: "well-formed" in c.outcome["why"] and c.http["headers"]["server"]["value"] == "a" and unseen(c)),
    ("folded fields", says("HTTP/1.1 200 OK\r\nServer: a\r\n b\r\nContent-Type: text/html\r\n\r\n"), "done",
     lambda c: c.http["headers"]["server"]["value"] == "a   b" and c.http["answer"]["html"] is True),
    ("interim answers before the last", says("HTTP/1.1 103 Early Hints\r\nServer: no\r\n\r\nHTTP/1.1 204 No Content\r\nServer: yes\r\n\r\n"), "done",
     lambda c: c.http["answer"]["status"] == 204 and c.http["headers"]["server"]["value"] == "yes"),
]


def hostile():
    running = []
    for name, talk, outcome, check in HOSTILE:
        peer = Peer(talk)
        running.append((name, peer, Collect(*DIRECT, f"http://127.0.0.1:{peer.port}/", path=os.path.join(work, f"h{peer.port}.json")), outcome, check))
    for name, peer, c, outcome, check in running:
        try:
            c.end()
            ok = (outcome is None or c.outcome["outcome"] == outcome) and check(c) and not any(p.get("probe") == "collector" for p in c.doc["problems"])
        except Exception as e:
            c.text, ok = repr(e), False
        tap(ok and len(peer.asked) == 1, f"{name}: one request, and an honest outcome", (len(peer.asked), getattr(c, "outcome", ""), c.text[-2500:]))
        peer.socket.close()


def redirect_to(url, status=302):
    return says(f"HTTP/1.1 {status} Found\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n")


def astray():
    trap = Peer(says("HTTP/1.1 200 OK\r\n\r\n"), address="127.0.0.2")
    inner = Peer(says("HTTP/1.1 200 OK\r\nServer: inner\r\n\r\n"))
    rows = [
        ("another address", f"http://127.0.0.2:{trap.port}/", "127.0.0.1", (), "another site"),
        ("another site", f"http://other.localhost:{inner.port}/", "www.example.localhost", (), "another site"),
        ("the metadata service", "http://169.254.169.254/latest/", "127.0.0.1", (), "another site"),
        ("a name of the site that is excluded", f"http://b.example.localhost:{inner.port}/", "www.example.localhost", ("--exclude", "b.example.localhost"), "excluded"),
        ("another protocol", f"ftp://127.0.0.1:{inner.port}/", "127.0.0.1", (), "other than HTTP"),
        ("a file", "file:///etc/passwd", "127.0.0.1", (), "other than HTTP"),
        ("no URL", "http://[::1/", "127.0.0.1", (), "not a URL"),
        ("a backslash", f"http:\\\\127.0.0.2:{trap.port}/", "127.0.0.1", (), "not a URL"),
        ("a user in front", f"http://127.0.0.1@127.0.0.2:{trap.port}/", "127.0.0.1", (), "another site"),
    ]
    for name, to, host, args, why in rows:
        before = (len(trap.asked), len(inner.asked))
        peer = Peer(redirect_to(to))
        c = collect(*DIRECT, *args, f"http://{host}:{peer.port}/")
        r = c.http["redirects"]
        tap(len(r) == 1 and r[0]["followed"] is False and why in r[0]["why"] and (len(trap.asked), len(inner.asked)) == before and len(peer.asked) == 1,
            f"a redirect to {name} is written down, not followed", (r, c.text[:200]))
        peer.socket.close()
    peer = Peer(redirect_to(f"http://b.example.localhost:{inner.port}/x"))
    c = collect(*DIRECT, f"http://www.example.localhost:{peer.port}/")
    tap(c.http["redirects"][0]["followed"] is True and [r["status"] for r in c.http["requests"]] == [302, 200] and
        f"Host: b.example.localhost:{inner.port}" in inner.asked[-1], "a name of the same site is followed", c.http)
    with open(os.path.join(work, "allow.yaml"), "w") as f:
        f.write(f"schema: zerocrit.config/1\nscope: {{allow: [www.example.localhost]}}\ntargets:\n  - {{id: a, hosts: [\"http://www.example.localhost:{peer.port}/\"]}}\n")
    before = len(inner.asked)
    c = collect(*DIRECT, "--config", os.path.join(work, "allow.yaml"))
    tap(c.http["redirects"][0]["followed"] is False and len(inner.asked) == before, "not where scope.allow does not name it", c.http)
    loops()


def loops():
    loop = Peer(redirect_to("/"))
    c = collect(*DIRECT, f"http://127.0.0.1:{loop.port}/")
    tap(len(loop.asked) == 1 and "back to where" in c.http["redirects"][0]["why"] and c.outcome["outcome"] == "done", "a loop is seen as one", c.http)

    def further(s, head):
        n = int(head.split()[1].strip("/") or 0)
        redirect_to(f"/{n + 1}")(s, head)

    chain = Peer(further)
    c = collect(*DIRECT, f"http://127.0.0.1:{chain.port}/")
    tap(len(chain.asked) == 6 and [r["followed"] for r in c.http["redirects"]] == [True] * 5 + [False] and "too many" in c.http["redirects"][5]["why"],
        "five redirects, no more", c.http["redirects"])

    def breaks(s, head):
        (redirect_to("/login") if head.startswith("GET / ") else says("HTTP/1.1 200"))(s, head)

    broken = Peer(breaks)
    c = collect(*DIRECT, f"http://127.0.0.1:{broken.port}/")
    tap(c.outcome["outcome"] == "partial" and "answer" not in c.http and len(c.http["requests"]) == 2, "a page that cannot be fetched leaves its answer out", c.http)


def manners():
    proxy = Peer(says("HTTP/1.1 200 OK\r\nServer: proxy\r\n\r\n"))
    there = f"http://127.0.0.1:{proxy.port}"
    plain = Peer(says("HTTP/1.1 200 OK\r\nServer: plain\r\nSet-Cookie: sid=1\r\n\r\n"))
    c = collect(*DIRECT, f"http://127.0.0.1:{plain.port}/x/../y?a=b",
                env={"http_proxy": there, "https_proxy": there, "all_proxy": there, "HTTP_PROXY": there, "ALL_PROXY": there, "no_proxy": ""})
    tap(not proxy.asked and c.http["headers"]["server"]["value"] == "plain", "proxies of the environment are not used", c.http)
    lines = plain.asked[0].split("\r\n")
    tap(lines[0] == "GET /x/../y?a=b HTTP/1.1" and sorted(x.split(":")[0] for x in lines[1:] if x) == ["Accept", "Host", "User-Agent"] and
        any(x.startswith("User-Agent: zerocrit/") for x in lines), "the path as it was named; no cookie, no credential, and who asks", lines)
    c = collect(*DIRECT, f"http://localhost:{plain.port}/")
    tap(c.http["named"] is True and f"Host: localhost:{plain.port}" in plain.asked[-1], "a name goes into Host", plain.asked[-1])
    try:
        six = Peer(says("HTTP/1.1 200 OK\r\nServer: six\r\n\r\n"), address="::1", family=socket.AF_INET6)
    except OSError:
        return skip("IPv6", "no ::1 here")
    c = collect(*DIRECT, f"http://[::1]:{six.port}/")
    tap(c.http["headers"]["server"]["value"] == "six" and f"Host: [::1]:{six.port}" in six.asked[0], "IPv6, with brackets", c.text[-800:])


try:
    with_nginx()
    hostile()
    astray()
    manners()
finally:
    shutil.rmtree(work, ignore_errors=True)
print(f"1..{count}")
