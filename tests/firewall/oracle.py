"""What the kernel itself does with a packet: a network namespace with TUN devices, packets written into them, and the verdict read back.

A packet carries its number in the IPv4 identification or the IPv6 flow label and, for TCP, in the sequence number. Observers stand last at input and
at postrouting, note the numbers of what comes through, and end it there, so that no connection is ever confirmed and every packet is a first
one. What was rejected answers out of the TUN device: a reset acknowledges the number, an ICMP error quotes it. The rest was dropped.
"""
import ctypes
import errno
import fcntl
import ipaddress
import json
import os
import select
import socket
import struct
import subprocess

TUN = ("zc0", "zc1")  # packets come in here
BEHIND = "d0"  # and may be forwarded to the networks behind this one
LOCAL = {4: ["10.77.0.1", "10.78.0.1", "10.80.0.1"], 6: ["fd77::1", "fd78::1", "fd80::1"]}
NUMBERS = 60000  # of one batch: they are 16 bits wide, and 0 is none

OBSERVERS = """
table inet zcseen {
  set in4 { typeof ip id; flags dynamic; size 65535; }
  set in6 { typeof ip6 flowlabel; flags dynamic; size 65535; }
  set out4 { typeof ip id; flags dynamic; size 65535; }
  set out6 { typeof ip6 flowlabel; flags dynamic; size 65535; }
  chain i { type filter hook input priority 2147483647; policy accept;
    iifname "zc*" meta nfproto ipv4 add @in4 { ip id } drop
    iifname "zc*" meta nfproto ipv6 add @in6 { ip6 flowlabel } drop
  }
  chain o { type filter hook postrouting priority 2147483647; policy accept;
    iifname "zc*" meta nfproto ipv4 add @out4 { ip id } drop
    iifname "zc*" meta nfproto ipv6 add @out6 { ip6 flowlabel } drop
  }
}
"""


def why_not():
    """None where the harness can run; else why not."""
    if os.geteuid() != 0:
        return "needs root for a network namespace"
    if not os.path.exists("/dev/net/tun"):
        return "no /dev/net/tun"
    try:
        subprocess.run(["nft", "--version"], capture_output=True, check=True)
        subprocess.run(["ip", "-V"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "nft and ip are not both installed"
    r = subprocess.run(["unshare", "-n", "sh", "-c", "ip tuntap add zcq mode tun && nft add table inet zcq"], capture_output=True, text=True, check=False)
    return None if r.returncode == 0 else "no namespace with a TUN device and nftables here: " + r.stderr.strip()


def new_namespace():
    """This process, and what it starts, move into a network namespace of their own, which goes when they end."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x40000000) != 0:
        raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWNET)")


def run(*argv, stdin=None, check=True):
    r = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
    if check and r.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {r.stderr.strip()}")
    return r


def sysctl(name, value):
    try:
        with open("/proc/sys/net/" + name, "w", encoding="ascii") as f:
            f.write(str(value))
    except OSError:
        pass  # another kernel's switch


def switches():
    for name in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
        sysctl(name, 1)
    for dev in ("all", "default", *TUN):
        sysctl(f"ipv4/conf/{dev}/rp_filter", 0)
        sysctl(f"ipv4/conf/{dev}/send_redirects", 0)
        sysctl(f"ipv6/conf/{dev}/accept_dad", 0)
    sysctl("ipv4/icmp_ratelimit", 0)
    sysctl("ipv4/icmp_ratemask", 0)
    sysctl("ipv4/icmp_msgs_per_sec", 1000000)
    sysctl("ipv4/icmp_msgs_burst", 1000000)
    sysctl("ipv6/icmp/ratelimit", 0)
    sysctl("ipv6/icmp/ratemask", "")
    sysctl("netfilter/nf_conntrack_tcp_loose", 0)


def forget_connections():
    """Delete all entries of connection tracking (IPCTNL_MSG_CT_DELETE without a tuple): one from an earlier ruleset would carry its translation on."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as s:
        s.bind((0, 0))
        for family in (socket.AF_INET, socket.AF_INET6):
            s.send(struct.pack("=IHHIIBBH", 20, 1 << 8 | 2, 5, 1, 0, family, 0, 0))
            s.recv(4096)


class Kernel:
    def __init__(self):
        self.fd = {}
        run("ip", "link", "set", "lo", "up")
        for name, net in ((TUN[0], 77), (TUN[1], 78), (BEHIND, 80)):
            fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(fd, 0x400454CA, struct.pack("16sH22x", name.encode(), 0x0001 | 0x1000))  # IFF_TUN | IFF_NO_PI
            self.fd[name] = fd
            run("ip", "link", "set", name, "up", "txqueuelen", "100000", "group", str(net))
            run("ip", "addr", "add", f"10.{net}.0.1/24", "dev", name)
            run("ip", "addr", "add", f"fd{net}::1/64", "dev", name, "nodad")
        run("ip", "route", "add", "default", "dev", TUN[0])
        run("ip", "-6", "route", "add", "default", "dev", TUN[0])
        run("ip", "route", "add", "blackhole", "172.29.0.0/16")
        run("ip", "route", "add", "unreachable", "172.30.0.0/16")
        switches()
        self.drain()

    def drain(self):
        for fd in self.fd.values():
            while self.read(fd):
                pass

    @staticmethod
    def read(fd):
        try:
            return os.read(fd, 65536)
        except OSError as e:
            if e.errno in (errno.EAGAIN, errno.EIO):
                return b""
            raise

    @staticmethod
    def flush():
        run("nft", "flush", "ruleset")

    def verdicts(self, packets):
        """The verdict of each packet, in order: accept, reject or drop, at the ruleset that stands. Takes the observers in and out again."""
        out = []
        for at in range(0, len(packets), NUMBERS):
            out += self.batch(packets[at:at + NUMBERS])
        return out

    def batch(self, packets):
        forget_connections()
        run("nft", "-f", "-", stdin=OBSERVERS)
        switches()  # conntrack's own switch comes with conntrack
        self.drain()
        rejected = set()
        for i, p in enumerate(packets):
            os.write(self.fd[p["iif"]], wire(p, i + 1))
            if i % 64 == 63:
                self.answers(rejected)
        self.answers(rejected)
        passed = self.seen(("in4", "out4")) | self.seen(("in6", "out6"))
        run("nft", "delete", "table", "inet", "zcseen")
        return ["accept" if i + 1 in passed else "reject" if i + 1 in rejected else "drop" for i in range(len(packets))]

    @staticmethod
    def seen(names):
        out = set()
        for name in names:
            doc = json.loads(run("nft", "-j", "list", "set", "inet", "zcseen", name).stdout)
            for row in doc["nftables"]:
                for e in row.get("set", {}).get("elem", []):
                    out.add(e["elem"]["val"] if isinstance(e, dict) else e)
        return out

    def answers(self, rejected):
        while True:
            ready, _, _ = select.select(list(self.fd.values()), [], [], 0)
            if not ready:
                return
            for fd in ready:
                data = self.read(fd)
                if data:
                    n = answered(data)
                    if n:
                        rejected.add(n)


def answered(data):
    """The number of the packet that this one answers with a refusal; None for anything else."""
    if data[0] >> 4 == 4:
        body, protocol, errors = data[(data[0] & 15) * 4:], data[9], (3,)
    else:
        body, protocol, errors = data[40:], data[6], (1,)
    if protocol == 6 and len(body) >= 20:
        seq, ack, flags = struct.unpack("!II", body[4:12]) + (body[13],)
        return (ack if flags & 16 else seq) >> 16 if flags & 4 else None
    if protocol in (1, 58) and len(body) >= 28 and body[0] in errors:
        inner = body[8:]
        if inner[0] >> 4 == 4:
            return struct.unpack("!H", inner[4:6])[0]
        return struct.unpack("!I", inner[:4])[0] & 0xfffff
    return None


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


FLAGS = {"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32, "ece": 64, "cwr": 128}


def transport(p, number, pseudo):
    """The transport header with its checksum, and the place of that in it."""
    sport, dport = p.get("sport", 0), p.get("dport", 0)
    proto = p["protocol"]
    if proto == "tcp":
        flags = 0
        for f in filter(None, p.get("flags", "syn").split(",")):
            flags |= FLAGS[f]
        # A reset acknowledges the number, and what SYN, FIN and data add to it; one that answers an ACK carries that as its own sequence number.
        body, at = struct.pack("!HHIIBBHHH", sport, dport, number << 16, number << 16, 5 << 4, flags, 1024, 0, 0), 16
    elif proto == "udp":
        body, at = struct.pack("!HHHH", sport, dport, 8 + pad(p), 0), 6
    elif proto in ("icmp", "icmpv6"):
        body, at = struct.pack("!BBHHH", p.get("type", 0), p.get("code", 0), 0, 7, number), 2
        pseudo = b"" if proto == "icmp" else pseudo
    else:
        body, at = struct.pack("!HHI", sport, dport, number), None
    body += bytes(pad(p))
    if at is not None:
        full = pseudo + struct.pack("!I", len(body)) + b"\0\0\0" + bytes([PROTOCOL[proto]]) if pseudo else b""
        value = checksum(full + body)
        body = body[:at] + struct.pack("!H", value or (0xffff if proto == "udp" else 0)) + body[at + 2:]
    return body


PROTOCOL = {"icmp": 1, "tcp": 6, "udp": 17, "esp": 50, "icmpv6": 58, "udplite": 136}
HEADER = {"tcp": 20, "udp": 8, "icmp": 8, "icmpv6": 8}


def least(p):
    return (20 if p["family"] == "ip" else 40) + HEADER.get(p["protocol"], 8)


def pad(p):
    return max(0, p.get("length", 0) - least(p))


def wire(p, number):
    src, dst = ipaddress.ip_address(p["saddr"]).packed, ipaddress.ip_address(p["daddr"]).packed
    body = transport(p, number, src + dst)
    proto, ttl, tos = PROTOCOL[p["protocol"]], p.get("ttl", 64), p.get("tos", 0)
    if p["family"] == "ip":
        head = struct.pack("!BBHHHBBH4s4s", 0x45, tos, 20 + len(body), number, 0, ttl, proto, 0, src, dst)
        return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body
    return struct.pack("!IHBB16s16s", 6 << 28 | tos << 20 | number, len(body), proto, ttl, src, dst) + body
