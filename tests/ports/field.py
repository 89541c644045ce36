"""Namespaces to scan: a source, a target with many listeners and whatever firewall a case wants, a router between them where it wants one."""
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import netns  # noqa: E402

ZC = os.path.abspath(os.environ.get("ZC", "build/zerocrit"))
HOSTS = {"us": ("198.18.61.1", "fd61::1"), "them": ("198.18.61.2", "fd61::2")}
ROUTED = ("198.18.64.2", "fd64::2")

LISTENERS = r'''
import random, resource, socket, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
for name, value in (("core/somaxconn", "65535"), ("ipv4/tcp_max_syn_backlog", "65535"), ("ipv4/icmp_ratelimit", "0"), ("ipv6/icmp/ratelimit", "0"),
                    ("ipv4/icmp_msgs_per_sec", "1000000"), ("ipv4/icmp_msgs_burst", "100000")):
    try:
        with open("/proc/sys/net/" + name, "w") as f: f.write(value)
    except OSError: pass
kept = []
for port in map(int, sys.argv[1].split(",")):
    s = socket.socket(socket.AF_INET6); s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.bind(("::", port)); s.listen(4096); kept.append(s)
print("ready", flush=True)
sys.stdin.read()
'''


def numbers(ports):
    """"1-3,7" as a set."""
    return {n for part in ports.split(",") if part for a, _, b in [part.partition("-")] for n in range(int(a), int(b or a) + 1)}


class Scan:
    """What a scan said of one address."""

    def __init__(self, document, address):
        rows = [s for s in document.get("scans", []) if s["address"] == address]
        self.row = rows[0] if rows else {}
        self.outcome, self.why = self.row.get("outcome"), self.row.get("why")
        self.open, self.closed, self.filtered, self.unknown = (numbers(self.row.get(k, "")) for k in ("open", "closed", "filtered", "unknown"))
        self.problems = document.get("problems", [])

    def __str__(self):
        return (f"{self.outcome} ({self.why}): open {len(self.open)}, closed {len(self.closed)}, filtered {len(self.filtered)}, unknown {len(self.unknown)}"
                f" {self.problems}")


class Field:
    """Made by `with`, gone after it."""

    def __init__(self, tag, ports):
        self.us, self.them, self.router = (f"zc{tag}{os.getpid()}{k}" for k in "utr")
        self.ports = ports
        self.children = []
        self.path = tempfile.mktemp(suffix=".json", prefix="zcports")

    def __enter__(self):
        try:
            for space in (self.us, self.them):
                netns.add(space)
            netns.ip("link", "add", "v0", "netns", self.us, "type", "veth", "peer", "name", "v0", "netns", self.them)
            for space, (four, six) in ((self.us, HOSTS["us"]), (self.them, HOSTS["them"])):
                self.address(space, "v0", four, six)
            self.start(self.them, LISTENERS, ",".join(map(str, self.ports)))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for p in self.children:
            p.kill()
            p.wait()
            p.stdin.close()
            p.stdout.close()
        for space in (self.us, self.them, self.router):
            netns.delete(space)
        if os.path.exists(self.path):
            os.unlink(self.path)

    @staticmethod
    def address(space, device, four, six):
        netns.ip("-n", space, "addr", "add", f"{four}/24", "dev", device)
        netns.ip("-n", space, "addr", "add", f"{six}/64", "dev", device, "nodad")
        netns.ip("-n", space, "link", "set", device, "up")

    def route(self):
        """A second way to the target: through a router, at ROUTED."""
        netns.add(self.router)
        for space in (self.us, self.them, self.router):
            self.run(space, "sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad")
        for space, device, (four, six) in ((self.us, "r0", ("198.18.63.1", "fd63::1")), (self.them, "r0", ROUTED)):
            netns.ip("link", "add", device, "netns", space, "type", "veth", "peer", "name", "to" + space[-1], "netns", self.router)
            self.address(space, device, four, six)
        self.address(self.router, "to" + self.us[-1], "198.18.63.254", "fd63::fe")
        self.address(self.router, "to" + self.them[-1], "198.18.64.254", "fd64::fe")
        self.run(self.router, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding")
        for space, net, via in ((self.us, "64", "63"), (self.them, "63", "64")):
            netns.ip("-n", space, "route", "add", f"198.18.{net}.0/24", "via", f"198.18.{via}.254")
            netns.ip("-n", space, "-6", "route", "add", f"fd{net}::/64", "via", f"fd{via}::fe")

    def start(self, space, program, *argv):
        """A Python program that says `ready`."""
        p = subprocess.Popen(netns.inside(space, sys.executable, "-c", program, *argv), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.children.append(p)
        if p.stdout.readline().strip() != "ready":
            raise RuntimeError("a helper did not start")
        return p

    def stop(self, p):
        p.kill()
        p.wait()

    @staticmethod
    def run(space, *argv, text=None):
        return subprocess.run(netns.inside(space, *argv), input=text, capture_output=True, text=True, check=True, timeout=60).stdout

    def rules(self, space, text):
        self.run(space, "nft", "-f", "-", text="flush ruleset\n" + text)

    def loss(self, percent):
        """Each way, at the target, before and behind everything else there."""
        one = f"numgen random mod 1000 < {int(percent * 10)} drop"
        self.rules(self.them, f"""table inet loss {{
          chain pre {{ type filter hook prerouting priority -500
            iif != lo meta l4proto tcp {one}
          }}
          chain out {{ type filter hook output priority 500
            oif != lo meta l4proto tcp {one}
          }}
        }}""" if percent else "")

    def scan(self, *targets, options=(), address=None):
        argv = [ZC, "collect", *targets, "--only", "ports", *options, "-o", self.path]
        r = subprocess.run(netns.inside(self.us, *argv), capture_output=True, text=True, timeout=300, check=False)
        try:
            with open(self.path, encoding="utf-8") as f:
                self.document = json.load(f)
        except (OSError, ValueError):
            self.document = {"problems": [r.stderr]}
        return Scan(self.document, address or targets[0])
