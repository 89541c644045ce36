#!/usr/bin/python3
"""The lab: real nginx, PostgreSQL and Redis in network namespaces that it makes and removes itself.

    good1, bad1   hosts with the same three services, configured well and badly; each with an address outside and one inside
    odd1          a host whose services are peers that misbehave (peer.py)
    out, in       where a scanner stands: beyond the firewall, and in the network behind it

Tests use it as a library: `with Lab("good1", "bad1") as lab: lab.run("out", "zerocrit", …)`. As a program (`make lab`) it starts
everything, says where it is, and waits for Ctrl-C. Everything it writes is in one temporary folder; every server is ended by its pid.
"""
import atexit
import datetime
import glob
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import netns  # noqa: E402
import peer  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
VANTAGES = ("out", "in")
OUTSIDE, INSIDE = "198.51.100", "10.77.0"  # a /30 per host: the scanner's address is the first of it, the host's the second
HOSTS = {"good1": 0, "bad1": 1, "odd1": 2}
PASSWORD = "lab-only-0b8f"  # of the good Redis and the good PostgreSQL
WAIT = 20  # seconds until a server must listen

# What lets whom in. The good host: the web for all, the data services for the inside alone. The bad one: a ruleset that looks like
# something and refuses nothing.
RULESETS = {
    "good1": f"""table inet filter {{
  chain input {{ type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    tcp dport {{ 80, 443 }} accept
    ip saddr {INSIDE}.0/24 tcp dport {{ 5432, 6379 }} accept
    icmp type echo-request accept
    meta l4proto ipv6-icmp accept
  }}
  chain forward {{ type filter hook forward priority filter; policy drop; }}
}}""",
    "bad1": """table inet filter {
  chain input { type filter hook input priority filter; policy accept;
    tcp dport { 23, 3389 } drop
  }
  chain forward { type filter hook forward priority filter; policy accept; }
}""",
}

NGINX = """daemon off;
worker_processes 1;
error_log error.log;
pid nginx.pid;
user nobody nogroup;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp; scgi_temp_path tmp;
  default_type text/html;
  root html;
  {servers}
}}
"""
NGINX_SERVERS = {
    "good1": """server_tokens off;
  server {{ listen 80; return 301 https://{outside}$request_uri; }}
  server {{ listen 443 ssl; ssl_certificate good1.chain; ssl_certificate_key good1.key; ssl_protocols TLSv1.2 TLSv1.3;
    add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;
    add_header Content-Security-Policy "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'" always;
    add_header X-Content-Type-Options nosniff always;
    add_header X-Frame-Options DENY always;
    add_header Referrer-Policy no-referrer always;
    add_header Set-Cookie "__Host-sid=lab; Secure; HttpOnly; Path=/; SameSite=Strict" always; }}""",
    "bad1": """server {{ listen 80; add_header Set-Cookie "sessionid=lab"; }}
  server {{ listen 443 ssl; ssl_certificate expired.chain; ssl_certificate_key expired.key;
    ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers ALL:@SECLEVEL=0; add_header Set-Cookie "sessionid=lab"; }}
  server {{ listen 8443 ssl; ssl_certificate alone.pem; ssl_certificate_key alone.key; }}""",
}

POSTGRES_CONF = """listen_addresses = '*'
port = 5432
unix_socket_directories = ''
fsync = off
shared_buffers = 8MB
max_connections = 20
max_wal_senders = 2
autovacuum = off
logging_collector = off
password_encryption = 'scram-sha-256'
{tls}
"""
POSTGRES = {
    "good1": ("ssl = on\nssl_cert_file = '{dir}/good1.chain'\nssl_key_file = '{dir}/good1.key'\nssl_min_protocol_version = 'TLSv1.2'",
              f"hostssl all all {INSIDE}.0/24 scram-sha-256\n"),
    "bad1": ("ssl = off", "host all all 0.0.0.0/0 trust\nhost replication all 0.0.0.0/0 trust\n"),
}

REDIS_CONF = """daemonize no
save ""
appendonly no
dir {dir}
logfile redis.log
"""
REDIS = {
    "good1": "port 0\ntls-port 6379\ntls-cert-file {dir}/good1.chain\ntls-key-file {dir}/good1.key\ntls-ca-cert-file {dir}/root.pem\n"
             "tls-auth-clients no\nbind {inside} 127.0.0.1\nprotected-mode yes\nrequirepass " + PASSWORD + "\n",
    "bad1": "port 6379\nbind 0.0.0.0\nprotected-mode no\n",
}

CA = """[ca]
default_ca = d
[d]
new_certs_dir = .
database = index
serial = serial
default_md = sha256
policy = p
unique_subject = no
[p]
commonName = supplied
[leaf]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = {names}
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
"""
# name, issuer (None: signed by itself), section, first day, last day, whose names
CERTIFICATES = [("root", None, "root", -900, 900, None), ("good1", "root", "leaf", -10, 80, "good1"),
                ("expired", "root", "leaf", -90, -3, "bad1"), ("alone", None, "leaf", -10, 80, "bad1")]

PEERS = {mode: 20001 + i for i, mode in enumerate(peer.MODES)}  # ports on odd1


def address(host, inside=False):
    return f"{INSIDE if inside else OUTSIDE}.{4 * HOSTS[host] + 2}"


def program(name):
    """The path of a server, also where it is not in PATH; None when it is not installed."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    return found or next(iter(sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), reverse=True)), None)


def why_not():
    """None where the lab can run; else why not."""
    reason = netns.why_not()
    for tool in ("nft", "openssl", "setpriv"):
        reason = reason or (None if program(tool) else f"{tool} is not installed")
    return reason


class Lab:
    def __init__(self, *hosts, servers=("nginx", "postgres", "redis")):
        self.hosts = hosts or tuple(HOSTS)
        self.servers = servers
        self.missing = {}  # server: why it does not run
        self.children = []
        self.spaces = []
        self.owner = os.getpid()
        self.dir = tempfile.mkdtemp(prefix="zc-lab-")
        os.chmod(self.dir, 0o755)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()

    # ---- commands ----

    def space(self, name):
        return f"zclab{self.owner}{name}"

    def inside(self, name, *argv):
        return netns.inside(self.space(name), *argv)

    def run(self, name, *argv, **kw):
        """Runs a command to its end at a host or vantage."""
        kw = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "timeout": 120, "check": False, **kw}
        if "input" in kw:
            del kw["stdin"]
        return subprocess.run(self.inside(name, *argv), **kw)

    def must(self, argv, **kw):
        r = subprocess.run(argv, capture_output=True, text=True, check=False, **kw)
        if r.returncode:
            raise RuntimeError(f"{' '.join(argv)}: {r.stderr.strip() or r.stdout.strip()}")
        return r

    def ca(self):
        """Trust the lab's authority: the environment of a scanner."""
        return dict(os.environ, SSL_CERT_FILE=f"{self.dir}/root.pem")

    # ---- starting ----

    def start(self):
        atexit.register(self.stop)
        for name in (*VANTAGES, *self.hosts):
            netns.add(self.space(name))
            self.spaces.append(self.space(name))
        for host in self.hosts:
            self.wire(host)
        self.certificates()
        for host in self.hosts:
            if host in RULESETS:
                r = self.run(host, program("nft"), "-f", "-", input=RULESETS[host])
                if r.returncode:
                    raise RuntimeError("nft: " + r.stderr)
        for name in self.servers:
            self.serve(name)
        if "odd1" in self.hosts:
            self.spawn("odd1", [sys.executable, f"{HERE}/peer.py", "0.0.0.0", *(f"{m}={p}" for m, p in PEERS.items())], list(PEERS.values()))
        return self

    def wire(self, host):
        for vantage, net, dev in (("out", OUTSIDE, "o"), ("in", INSIDE, "i")):
            theirs, ours = f"{dev}{HOSTS[host]}", f"{vantage}0"
            netns.ip("link", "add", theirs, "netns", self.space(vantage), "type", "veth", "peer", "name", ours, "netns", self.space(host))
            for space, link, last in ((vantage, theirs, 1), (host, ours, 2)):
                netns.ip("-n", self.space(space), "addr", "add", f"{net}.{4 * HOSTS[host] + last}/30", "dev", link)
                netns.ip("-n", self.space(space), "link", "set", link, "up")

    def certificates(self):
        open(f"{self.dir}/index", "w", encoding="ascii").close()
        now = datetime.datetime.now(datetime.timezone.utc)
        stamp = lambda days: (now + datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")
        for name, issuer, section, first, last, host in CERTIFICATES:
            names = f"DNS:{host}.lab.example,IP:{address(host)},IP:{address(host, True)}" if host else "DNS:lab.example"
            with open(f"{self.dir}/ca.cnf", "w", encoding="ascii") as f:
                f.write(CA.format(names=names))
            openssl = lambda *argv: self.must(["openssl", *argv], cwd=self.dir)
            openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{name}.key")
            openssl("req", "-new", "-key", f"{name}.key", "-subj", f"/CN={name} of the lab", "-out", f"{name}.csr")
            sign = ["-cert", f"{issuer}.pem", "-keyfile", f"{issuer}.key"] if issuer else ["-selfsign", "-keyfile", f"{name}.key"]
            openssl("ca", "-batch", "-config", "ca.cnf", "-in", f"{name}.csr", "-out", f"{name}.pem", "-notext", "-extensions", section,
                    "-startdate", stamp(first), "-enddate", stamp(last), "-rand_serial", *sign)
            shutil.copy(f"{self.dir}/{name}.pem", f"{self.dir}/{name}.chain")

    def serve(self, name):
        needed = {"nginx": ["nginx"], "postgres": ["initdb", "postgres"], "redis": ["redis-server"]}[name]
        absent = [p for p in needed if not program(p)]
        if absent:
            self.missing[name] = f"{absent[0]} is not installed"
            return
        try:
            for host in self.hosts:
                if host in RULESETS:
                    getattr(self, name)(host, self.folder(host, name))
        except RuntimeError as e:
            self.missing[name] = " ".join(str(e).split())[:300]

    def folder(self, host, name):
        """A server's own folder: its configuration, its keys, its data, all nobody's."""
        path = f"{self.dir}/{host}-{name}"
        os.mkdir(path)
        for f in glob.glob(f"{self.dir}/*.key") + glob.glob(f"{self.dir}/*.chain") + glob.glob(f"{self.dir}/*.pem"):
            shutil.copy(f, path)
        self.give(path)
        return path

    @staticmethod
    def give(path):
        """To nobody, and to nobody else: PostgreSQL insists on it."""
        for top, _, files in os.walk(path):
            os.chown(top, 65534, 65534)
            os.chmod(top, 0o700)
            for f in files:
                os.chown(os.path.join(top, f), 65534, 65534)
                os.chmod(os.path.join(top, f), 0o600)

    @staticmethod
    def nobody(*argv):
        return [program("setpriv"), "--reuid", "65534", "--regid", "65534", "--clear-groups", "--", *argv]

    def spawn(self, host, argv, ports, cwd=None):
        with open(f"{self.dir}/{host}-{os.path.basename(argv[-1])}.log", "wb") as log:
            p = subprocess.Popen(self.inside(host, *argv), cwd=cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.children.append(p)
        until = time.monotonic() + WAIT
        while not set(ports) <= listening(p.pid):
            if p.poll() is not None or time.monotonic() > until:
                with open(log.name, encoding="utf-8", errors="replace") as f:
                    raise RuntimeError(f"{argv[0]} at {host} does not listen on {ports}: {f.read()[-400:]}")
            time.sleep(0.02)

    def nginx(self, host, path):
        os.mkdir(f"{path}/html")
        os.mkdir(f"{path}/tmp")
        with open(f"{path}/html/index.html", "w", encoding="ascii") as f:
            f.write("<!doctype html><title>lab</title><p>A page of the lab.</p>\n")
        with open(f"{path}/nginx.conf", "w", encoding="ascii") as f:
            f.write(NGINX.format(servers=NGINX_SERVERS[host].format(outside=address(host))))
        self.give(path)
        os.chmod(path, 0o711)
        self.spawn(host, [program("nginx"), "-e", "stderr", "-p", path, "-c", f"{path}/nginx.conf"], [80, 443] + ([8443] if host == "bad1" else []))

    def postgres(self, host, path):
        template = f"{self.dir}/template"
        if not os.path.exists(template):
            os.mkdir(template)
            self.give(template)
            self.must(self.nobody(program("initdb"), "-D", template, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale", "C", "--no-sync"),
                      cwd=template)
        data = f"{path}/data"
        shutil.copytree(template, data)
        tls, hba = POSTGRES[host]
        with open(f"{data}/postgresql.conf", "w", encoding="ascii") as f:
            f.write(POSTGRES_CONF.format(tls=tls.format(dir=path)))
        with open(f"{data}/pg_hba.conf", "w", encoding="ascii") as f:
            f.write(hba)
        self.give(path)
        self.spawn(host, self.nobody(program("postgres"), "-D", data), [5432], cwd=path)

    def redis(self, host, path):
        with open(f"{path}/redis.conf", "w", encoding="ascii") as f:
            f.write(REDIS_CONF.format(dir=path) + REDIS[host].format(dir=path, inside=address(host, True)))
        self.give(path)
        self.spawn(host, self.nobody(program("redis-server"), f"{path}/redis.conf"), [6379], cwd=path)

    # ---- ending ----

    def stop(self):
        """Safe to call twice, and in a child of a test does nothing."""
        if os.getpid() != self.owner:
            return
        for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if threading.current_thread() is threading.main_thread() else ():
            signal.signal(s, signal.SIG_IGN)  # a second Ctrl-C must not leave half of it behind
        for p in self.children:
            p.terminate()
        for p in self.children:
            try:
                p.wait(timeout=5)
            except subprocess.TimeoutExpired:
                os.killpg(p.pid, signal.SIGKILL)  # a session of its own: it and what it started
                p.wait()
        self.children = []
        for space in self.spaces:
            netns.delete(space)
        self.spaces = []
        shutil.rmtree(self.dir, ignore_errors=True)


def listening(pid):
    """TCP ports that have a listener in a process's network namespace."""
    ports = set()
    for name in ("tcp", "tcp6"):
        try:
            with open(f"/proc/{pid}/net/{name}", encoding="ascii") as f:
                rows = [line.split() for line in f.readlines()[1:]]
        except OSError:
            continue
        ports |= {int(r[1].rsplit(":", 1)[1], 16) for r in rows if r[3] == "0A"}
    return ports


def show(lab):
    zc = os.path.abspath(os.environ.get("ZC", "build/zerocrit"))
    print("The lab is up. Ctrl-C ends and removes it.\n")
    for host in lab.hosts:
        print(f"  {host:6} outside {address(host)}, inside {address(host, True)}    ports {' '.join(map(str, sorted(listening_at(lab, host))))}")
    for name, why in lab.missing.items():
        print(f"  without {name}: {why}")
    print(f"\n  its authority   {lab.dir}/root.pem (SSL_CERT_FILE)\n  its passwords   {PASSWORD}\n\nFrom outside, from inside, and on the host itself:\n")
    shown = "bad1" if "bad1" in lab.hosts else lab.hosts[0]
    for name, target in (("out", address(shown)), ("in", address(shown, True)), (shown, "local")):
        print(f"  sudo env SSL_CERT_FILE={lab.dir}/root.pem {' '.join(lab.inside(name, zc, 'audit', target))}")
    print(f"\nA shell there: sudo {' '.join(lab.inside('out', 'bash'))}", flush=True)


def listening_at(lab, host):
    out = lab.run(host, "cat", "/proc/self/net/tcp", "/proc/self/net/tcp6").stdout
    return {int(f[1].rsplit(":", 1)[1], 16) for f in (line.split() for line in out.splitlines()) if len(f) > 3 and f[3] == "0A"}


def main():
    reason = why_not()
    if reason:
        print(f"lab: {reason}", file=sys.stderr)
        return 1
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell had it ignored for what runs in the background
    for s in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(s, lambda number, _: sys.exit(128 + number))
    try:
        with Lab(*sys.argv[1:]) as lab:
            show(lab)
            while True:
                signal.pause()
    except KeyboardInterrupt:
        print("\nThe lab is gone.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
