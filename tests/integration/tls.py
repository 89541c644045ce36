#!/usr/bin/python3
"""The tls probe against OpenSSL's server, with certificates of every kind, and against peers that stall, flood, lie and trickle. What
OpenSSL's own tools say of the same servers is the oracle."""
import datetime
import hashlib
import json
import os
import shutil
import socket
import ssl
import struct
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
work = tempfile.mkdtemp(prefix="zc-tls-")
count = 0
servers = []


def tap(ok, name, detail=""):
    global count
    count += 1
    print(f"{'ok' if ok else 'not ok'} {count} - {name}")
    if not ok and detail:
        print("# " + str(detail).replace("\n", "\n# ")[:3000])


def run(*args, **kw):
    return subprocess.run(args, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=work, **kw)


if not shutil.which("openssl"):
    print("1..0 # SKIP needs openssl")
    sys.exit(0)

# ---- a PKI ----

NOW = datetime.datetime.now(datetime.timezone.utc)
CONFIG = """
[ca]
default_ca = d
[d]
new_certs_dir = .
database = index
serial = serial
default_md = sha256
policy = p
unique_subject = no
copy_extensions = none
[p]
commonName = supplied
[leaf]
basicConstraints = CA:FALSE
subjectAltName = SAN
[plain]
basicConstraints = CA:FALSE
[sub]
basicConstraints = critical,CA:TRUE
"""


def stamp(days):
    return (NOW + datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")


def must(r):
    if r.returncode:
        raise SystemExit(f"Bail out! {' '.join(r.args)}: {r.stderr}")


def key(name, kind="ec"):
    args = {"ec": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], "rsa": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
            "rsa1024": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]}[kind]
    must(run("openssl", "genpkey", *args, "-out", name + ".key"))


def certificate(name, issuer, kind="ec", san="DNS:localhost,IP:127.0.0.1", first=-10, last=80, section="leaf", md="sha256"):
    """issuer None: signed by itself."""
    key(name, kind)
    open(f"{work}/ca.cnf", "w").write(CONFIG.replace("SAN", san))
    must(run("openssl", "req", "-new", "-key", name + ".key", "-subj", "/CN=" + name, "-out", name + ".csr"))
    sign = ["-selfsign", "-keyfile", name + ".key"] if issuer is None else ["-cert", issuer + ".pem", "-keyfile", issuer + ".key"]
    must(run("openssl", "ca", "-batch", "-config", "ca.cnf", "-in", name + ".csr", "-out", name + ".pem", "-notext", "-extensions", section,
             "-startdate", stamp(first), "-enddate", stamp(last), "-md", md, "-rand_serial", *sign))


open(f"{work}/index", "w").close()
certificate("root", None, first=-1000, last=1000, section="sub")
certificate("sub", "root", first=-100, last=500, section="sub")
certificate("good", "sub", kind="rsa")
certificate("expired", "sub", first=-90, last=-2)
certificate("soon", "sub", first=-80, last=5)
certificate("early", "sub", first=2, last=90)
certificate("other", "sub", san="DNS:www.example.org")
certificate("nosan", "sub", section="plain")
certificate("alone", None, kind="rsa1024")
certificate("sha1", "sub", kind="rsa", md="sha1")

# ---- servers ----


next_port = [27000 + os.getpid() % 2000]


def free_port():
    """Below the ephemeral range, where connections of other tests cannot take it between this look and the server's bind."""
    while True:
        next_port[0] += 1
        with socket.socket(socket.AF_INET6) as s:
            try:
                s.bind(("::", next_port[0]))
                return next_port[0]
            except OSError:
                continue


def s_server(cert, *options, chain=True):
    port = free_port()
    args = ["openssl", "s_server", "-accept", str(port), "-cert", cert + ".pem", "-key", cert + ".key", "-quiet", "-cipher", "ALL:@SECLEVEL=0", *options]
    if chain:
        args += ["-cert_chain", "sub.pem"]
    servers.append(subprocess.Popen(args, cwd=work, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    return port


def record(kind, body, version=b"\x03\x03"):
    return bytes([kind]) + version + struct.pack(">H", len(body)) + body


def server_hello(version, suite, extensions=b""):
    body = version + b"R" * 32 + b"\0" + suite + b"\0" + extensions
    return record(22, b"\x02" + struct.pack(">I", len(body))[1:] + body, version)


def hello_version(data):
    return data[9:11]


def read_hello(c):
    data = b""
    while len(data) < 5 or len(data) < 5 + struct.unpack(">H", data[3:5])[0]:
        got = c.recv(4096)
        if not got:
            return b""
        data += got
    return data


def stall(c):
    time.sleep(30)


def flood(c):
    while True:
        c.sendall(b"\x16\x03\x03\x40\x00" + b"A" * 16384)


def flood_warnings(c):
    while True:
        c.sendall(record(21, b"\x01\x70") * 1000)


def trickle(c):
    for byte in server_hello(b"\x03\x03", b"\xc0\x2f") * 50:
        c.sendall(bytes([byte]))
        time.sleep(0.5)


def lie_suite(c):
    read_hello(c)
    c.sendall(server_hello(b"\x03\x03", b"\x13\x37"))


def lie_version(c):
    """Answers TLS 1.2 to everything, whatever was offered."""
    read_hello(c)
    c.sendall(server_hello(b"\x03\x03", b"\x00\x05"))


def http(c):
    read_hello(c)
    c.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def close(c):
    read_hello(c)


def ssl3(c):
    """A server of long ago: SSL 3.0 with RC4, and nothing else."""
    data = read_hello(c)
    c.sendall(server_hello(b"\x03\x00", b"\x00\x05") if hello_version(data) == b"\x03\x00" else record(21, b"\x02\x28", b"\x03\x00"))


def closes_old(c):
    """TLS 1.2; anything older has its connection closed without a word."""
    data = read_hello(c)
    if hello_version(data) == b"\x03\x03":
        c.sendall(server_hello(b"\x03\x03", b"\xc0\x2f" if b"\x00\x2b\x00" not in data else b"\x13\x01"))


def silent_old(c):
    data = read_hello(c)
    if hello_version(data) == b"\x03\x03":
        c.sendall(server_hello(b"\x03\x03", b"\xc0\x2f"))
    else:
        time.sleep(30)


def pg_no(c):
    c.recv(8)
    c.sendall(b"N")


def pg_error(c):
    c.recv(8)
    c.sendall(b"E\0\0\0\x10SFATAL\0\0")


def pg_yes(c):
    if c.recv(8) != struct.pack(">II", 8, 80877103):
        return
    c.sendall(b"S")
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ctx.load_cert_chain(f"{work}/good.chain", f"{work}/good.key")
    with ctx.wrap_socket(c, server_side=True) as t:
        t.recv(1)


def serve_tls(c):
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ctx.load_cert_chain(f"{work}/good.chain", f"{work}/good.key")
    with ctx.wrap_socket(c, server_side=True) as t:
        t.recv(1)


def pg_surplus(c):
    """What a server, or someone on the way, says before TLS begins (CVE-2021-23222)."""
    c.recv(8)
    c.sendall(b"SR\0\0\0\x08\0\0\0\0")
    serve_tls(c)


def pg_late(c):
    """The same, but after the ClientHello is on its way."""
    c.recv(8)
    c.sendall(b"S")
    c.recv(1)
    c.sendall(b"R\0\0\0\x08\0\0\0\0")
    time.sleep(1)


def smtp_surplus(c):
    c.sendall(b"220 mail.example ESMTP\r\n")
    c.recv(4096)
    c.sendall(b"250-mail.example\r\n250 STARTTLS\r\n")
    c.recv(4096)
    c.sendall(b"220 go\r\n250-mail.example\r\n250 AUTH PLAIN\r\n")
    serve_tls(c)


def smtp_login(c):
    c.sendall(b"220 mail.example ESMTP\r\n")
    c.recv(4096)
    c.sendall(b"250-mail.example\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS\r\n")
    c.recv(4096)
    c.sendall(b"220 go\r\n")
    serve_tls(c)


def smtp(c, starttls):
    f = c.makefile("rwb", buffering=0)
    c.sendall(b"220 mail.example ESMTP\r\n")
    while True:
        word = f.readline().split(b" ")[0].strip().upper()
        if word == b"EHLO":
            c.sendall(b"250-mail.example\r\n250-STARTTLS\r\n250 HELP\r\n" if starttls else b"250-mail.example\r\n250 HELP\r\n")
        elif word == b"STARTTLS":
            c.sendall(b"220 go\r\n")
            ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            ctx.load_cert_chain(f"{work}/good.chain", f"{work}/good.key")
            with ctx.wrap_socket(c, server_side=True) as t:
                t.recv(1)
            return
        elif not word:
            return
        else:
            c.sendall(b"502 no\r\n")


open(f"{work}/good.chain", "w").write(open(f"{work}/good.pem").read() + open(f"{work}/sub.pem").read())


def peer(behave):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)

    def one(c):
        try:
            with c:
                behave(c)
        except OSError:
            pass

    def accept():
        while True:
            try:
                c, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(c,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def finish():
    for s in servers:
        s.kill()
        s.wait()
    shutil.rmtree(work, ignore_errors=True)
    print(f"1..{count}")


OLD = ("-tls1",)
ports = {
    "good": s_server("good"), "expired": s_server("expired"), "soon": s_server("soon"), "early": s_server("early"), "other": s_server("other"),
    "nosan": s_server("nosan"), "alone": s_server("alone", chain=False), "sha1": s_server("sha1"), "lonely": s_server("good", chain=False),
    "tls10": s_server("good", "-tls1"), "tls11": s_server("good", "-tls1_1"), "tls12": s_server("good", "-tls1_2"), "tls13": s_server("good", "-tls1_3"),
    "asks": s_server("good", "-Verify", "1"),
    "stall": peer(stall), "flood": peer(flood), "warnings": peer(flood_warnings), "trickle": peer(trickle), "lie_suite": peer(lie_suite),
    "lie_version": peer(lie_version), "http": peer(http), "close": peer(close), "ssl3": peer(ssl3), "closes_old": peer(closes_old),
    "silent_old": peer(silent_old),
}
databases = {f.__name__: peer(f) for f in (pg_no, pg_error, pg_yes, pg_surplus, pg_late)}
mail = {"smtp": peer(lambda c: smtp(c, True)), "smtp_plain": peer(lambda c: smtp(c, False)), "smtp_surplus": peer(smtp_surplus), "smtp_login": peer(smtp_login)}

for p in ports.values():  # until s_server listens
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", p)).close()
            break
        except OSError:
            time.sleep(0.05)

targets = [f"https://localhost:{p}" for p in ports.values()] + [f"postgres://localhost:{p}" for p in databases.values()] + [f"localhost:{p}" for p in mail.values()]
env = dict(os.environ, SSL_CERT_FILE=f"{work}/root.pem")
r = run(ZC, "collect", *targets, "--only", "ports,tls", "-o", f"{work}/ev.json", env=env, timeout=280)
try:
    evidence = json.load(open(f"{work}/ev.json"))
except (OSError, ValueError) as e:
    tap(False, "evidence", f"{e}\n{r.stderr}")
    finish()
    sys.exit(1)
if jsonschema:
    errors = [f"{list(e.absolute_path)}: {e.message[:200]}" for e in jsonschema.Draft202012Validator(SCHEMA).iter_errors(evidence)]
    tap(not errors, "the evidence follows its schema", "\n".join(errors[:10]))
else:
    print(f"ok {count + 1} - the evidence follows its schema # SKIP needs python3-jsonschema")
    count += 1
died = [p for p in evidence["problems"] if p.get("probe") == "collector"]
tap(not died, "the collector lived", died)

names = {p: n for n, p in {**ports, **databases, **mail}.items()}
seen = {names[e["port"]]: e for e in evidence["endpoints"] if e["address"] == "127.0.0.1"}


def tls(name):
    return seen[name].get("tls", {})


def outcome(name):
    return seen[name]["probes"]["tls"]["outcome"]


def offered(name):
    return {v: facts.get("offered") for v, facts in tls(name).get("versions", {}).items()}


def chain(name):
    return (tls(name).get("chains") or [{}])[0]


def versions(*on, unknown=()):
    return {v: None if v in unknown else v in on for v in ("SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")}


# ---- versions ----

for name, on in [("tls10", ["TLSv1.0"]), ("tls11", ["TLSv1.1"]), ("tls12", ["TLSv1.2"]), ("tls13", ["TLSv1.3"])]:
    tap(offered(name) == versions(*on), f"{name}: that version alone", tls(name).get("versions"))
    tap(tls(name).get("negotiated", {}).get("version") == on[0] and outcome(name) == "done", f"{name}: the handshake agrees", seen[name])
oracle = {v: run("openssl", "s_client", "-connect", f"127.0.0.1:{ports['good']}", "-" + o, "-cipher", "ALL:@SECLEVEL=0").returncode == 0
          for v, o in [("TLSv1.0", "tls1"), ("TLSv1.1", "tls1_1"), ("TLSv1.2", "tls1_2"), ("TLSv1.3", "tls1_3")]}
tap({v: o for v, o in offered("good").items() if v != "SSLv3"} == oracle, "versions as openssl s_client finds them", [offered("good"), oracle])
tap(offered("ssl3") == versions("SSLv3") and tls("ssl3")["versions"]["SSLv3"]["cipher"] == "0x0005" and outcome("ssl3") == "partial",
    "SSL 3.0 is found where OpenSSL cannot speak it", seen["ssl3"])
tap("chains" not in tls("ssl3"), "and its certificate is unknown, not absent")
tap(offered("closes_old") == versions("TLSv1.2", unknown=("TLSv1.3",)) or offered("closes_old") == versions("TLSv1.2"),
    "closed connections say no beside a version that is answered", tls("closes_old").get("versions"))
tap(offered("silent_old") == {**versions("TLSv1.2", unknown=("SSLv3", "TLSv1.0", "TLSv1.1")), "TLSv1.3": False},
    "silence says nothing", tls("silent_old").get("versions"))
tap(tls("asks")["negotiated"]["client_certificate"] is True and tls("good")["negotiated"]["client_certificate"] is False,
    "whether a client's certificate is asked for", tls("asks").get("negotiated"))

# ---- chains ----

TRUSTED = {"trusted": True, "reason": "trusted"}
for name, want in [("good", TRUSTED), ("other", TRUSTED), ("nosan", TRUSTED), ("sha1", TRUSTED), ("soon", TRUSTED), ("tls10", TRUSTED),
                   ("expired", {"trusted": False, "reason": "expired"}), ("early", {"trusted": False, "reason": "not_yet_valid"}),
                   ("alone", {"trusted": False, "reason": "self_signed"}), ("lonely", {"trusted": False, "reason": "unknown_issuer"})]:
    path = chain(name).get("path", {})
    tap({k: path.get(k) for k in want} == want, f"{name}: {want['reason']}", chain(name))
    code = run("openssl", "s_client", "-connect", f"127.0.0.1:{ports[name]}", "-CAfile", "root.pem", "-cipher", "ALL:@SECLEVEL=0").stdout
    tap(("Verify return code: 0 (ok)" in code) == want["trusted"], f"{name}: as openssl s_client verifies it", code[-300:])
for name, want in [("good", True), ("other", False), ("nosan", False)]:
    tap(chain(name).get("name_match", {}).get("matched") is want, f"{name}: name match {want}", chain(name).get("name_match"))
leaf = chain("good")["served"][0]
pem = open(f"{work}/good.pem").read()
tap(leaf["fingerprint_sha256"] == hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest() and len(chain("good")["served"]) == 2, "fingerprint, served chain")
text = run("openssl", "x509", "-in", "good.pem", "-noout", "-serial", "-enddate", "-dateopt", "iso_8601").stdout
tap(leaf["serial"] in text.lower() and leaf["not_after"].replace("T", " ") in text, "serial and end as openssl x509 shows them", [text, leaf])
tap([chain(n)["served"][0]["days_left"] for n in ("good", "expired", "soon")] == [79, -3, 4] or
    [chain(n)["served"][0]["days_left"] for n in ("good", "expired", "soon")] == [79, -2, 4], "days left", chain("expired")["served"][0])

# ---- peers that misbehave ----

for name in ("stall", "flood", "warnings", "trickle", "lie_suite", "close"):
    yes = [v for v, o in offered(name).items() if o]
    no = [v for v, o in offered(name).items() if o is False]
    tap(not yes and not no and outcome(name) in ("failed", "partial"), f"{name}: nothing is said", seen[name])
tap(outcome("http") == "failed" and not tls("http"), "http: TLS is not spoken where it was named", seen["http"])
lied = offered("lie_version")
tap(lied["SSLv3"] is not True and lied["TLSv1.0"] is not True and lied["TLSv1.1"] is not True, "a version that was not offered is not believed", tls("lie_version"))

# ---- preambles ----

tap(outcome("pg_no") == "done" and tls("pg_no")["entry"]["offered"] is False and tls("pg_no")["chains"] == [] and "versions" not in tls("pg_no"),
    "PostgreSQL: N is no TLS, and no more", seen["pg_no"])
tap(outcome("pg_error") == "failed" and "tls" not in seen["pg_error"], "PostgreSQL: an error says neither", seen["pg_error"])
tap(tls("pg_yes")["entry"] .get("mode") == "starttls" and offered("pg_yes")["TLSv1.2"] is True and offered("pg_yes")["SSLv3"] is False and
    chain("pg_yes").get("path", {}).get("trusted") is True, "PostgreSQL: S, versions and chain behind it", seen["pg_yes"])

tap(tls("smtp").get("entry", {}).get("protocol") == "smtp" and offered("smtp")["TLSv1.2"] is True and chain("smtp").get("path", {}).get("trusted") is True and
    chain("smtp")["name_match"]["matched"] is True, "SMTP: versions and chain behind STARTTLS", seen["smtp"])
tap(tls("smtp_plain").get("entry", {}).get("offered") is False and "versions" not in tls("smtp_plain"), "SMTP without STARTTLS", seen["smtp_plain"])

# ---- what comes before TLS, and whether TLS is needed ----

for name, surplus, trusted in [("pg_yes", 0, True), ("pg_surplus", 9, True), ("smtp", 0, True), ("smtp_surplus", 34, True), ("smtp_login", 0, True)]:
    said = [p for p in evidence["problems"] if p.get("path", "").endswith("/tls/entry/surplus") and str({**databases, **mail}[name]) in p.get("subject", "")]
    tap(tls(name).get("entry", {}).get("surplus") == surplus and bool(said) == (surplus > 0), f"{name}: {surplus} bytes before TLS are noticed",
        (tls(name).get("entry"), evidence["problems"]))
    tap(chain(name).get("path", {}).get("trusted") is trusted and offered(name).get("TLSv1.2") is True, f"{name}: and TLS behind them is seen as it is", seen[name])
tap(outcome("pg_late") == "failed" and "not TLS" in seen["pg_late"]["probes"]["tls"]["why"] and not tls("pg_late"),
    "pg_late: words in TLS's place are no TLS, and not for that no service", seen["pg_late"])
for name, enforced in [("smtp", None), ("smtp_plain", "no"), ("smtp_login", "no"), ("pg_yes", None), ("pg_no", None), ("good", None)]:
    tap(tls(name)["entry"].get("enforced") == enforced, f"{name}: enforced {enforced or 'is not known'}", tls(name)["entry"])

# ---- rules ----

j = run(ZC, "judge", "ev.json", "-o", "report.json")
report = json.load(open(f"{work}/report.json"))
found = {}
for f in report["findings"]:
    port = int(f["subject"].split("#")[0].split("/")[0].rsplit(":", 1)[1]) if f["subject"].startswith("127.") else 0
    if f["rule"].startswith("ZC-TLS-") and f["rule"] != "ZC-TLS-004" and port in names:
        found.setdefault(names[port], set()).add(f["rule"])
OLD_ONES = {"ZC-TLS-002"}
for name, want in [("good", set()), ("expired", {"ZC-TLS-020"}), ("soon", {"ZC-TLS-021"}), ("early", {"ZC-TLS-022"}), ("other", {"ZC-TLS-023"}),
                   ("nosan", {"ZC-TLS-023"}), ("alone", {"ZC-TLS-024", "ZC-TLS-026"}), ("sha1", {"ZC-TLS-027"}), ("lonely", {"ZC-TLS-024"}),
                   ("ssl3", {"ZC-TLS-001", "ZC-TLS-003"}), ("tls10", {"ZC-TLS-002", "ZC-TLS-003"}), ("tls13", set()), ("stall", set()), ("http", set()),
                   ("lie_suite", set()), ("pg_no", set()), ("pg_yes", set()), ("smtp", set()), ("smtp_plain", {"ZC-TLS-005"}),
                   ("pg_surplus", {"ZC-TLS-006"}), ("smtp_surplus", {"ZC-TLS-006"}), ("smtp_login", set())]:
    got = {x for x in found.get(name, set())} - (OLD_ONES if name not in ("tls10", "tls13", "ssl3") and offered(name).get("TLSv1.0") else set())
    tap(got == want, f"{name}: {', '.join(sorted(want)) or 'no finding'}", found.get(name))


def skip(name, why):
    global count
    count += 1
    print(f"ok {count} - {name} # SKIP {why}")


shown = set()
for f in report["findings"]:  # of those servers that take many connections, and are what they seem
    if any(f["subject"].startswith(f"127.0.0.1:{({**ports, **mail})[n]}/") for n in ("expired", "soon", "early", "other", "alone", "sha1", "lonely", "tls10", "smtp_plain", "ssl3")):
        reproduce.check([f], tap, skip, "findings", env=env, done=shown)
surplus = [f for f in report["findings"] if f["rule"] == "ZC-TLS-006"]
for f in surplus:
    reproduce.check([f], tap, skip, f["subject"], env=env)
proofs = [f["proof"] for f in report["findings"] if f["rule"] == "ZC-TLS-001"]
tap(proofs and proofs[0]["sent"].startswith("ClientHello SSLv3: 160300") and proofs[0]["received"].startswith("160300"), "the proof of SSL 3.0 is its own exchange", proofs)
finish()
