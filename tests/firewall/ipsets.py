"""Random ipsets of every type, as `ipset restore` takes them, near to the constants of rules and packets."""
import shutil
import subprocess

from rulesets import ADDR, PORTS

FAMILY = {"ip": "inet", "ip6": "inet6"}
PROTO = ["tcp", "tcp", "udp", "udp", "udplite", "sctp"]


def types():
    """Those that this kernel has, asked in a namespace that goes."""
    if not shutil.which("ipset"):
        return []
    out = []
    for t in KINDS:
        extra = "range 1-9" if t == "bitmap:port" else "range 10.0.0.0/24" if t.startswith("bitmap") else ""
        r = subprocess.run(["unshare", "-n", "sh", "-c", f"ipset create x {t} {extra}"], capture_output=True, check=False)
        if r.returncode == 0:
            out.append(t)
    return out


KINDS = {"hash:ip": 1, "hash:net": 1, "hash:ip,port": 2, "hash:net,port": 2, "hash:ip,port,ip": 3, "hash:ip,port,net": 3, "hash:net,net": 2, "hash:net,port,net": 3, "hash:ip,mark": 2, "hash:net,iface": 2,
         "bitmap:ip": 1, "bitmap:port": 1, "list:set": 1}
have = None


class Sets:
    """`lines` for ipset; names begin with `prefix`, so that none is one of an earlier ruleset, whose rules let go of it a little later; of(family): names and dimensions of what its rules can look in."""

    def __init__(self, r, wanted, prefix):
        global have
        if have is None:
            have = types()
        self.r, self.lines, self.made, self.doubtful = r, [], [], False
        for i in range(r.randint(1, 4) if wanted and have and r.random() < 0.6 else 0):
            self.one(f"{prefix}{i}", r.choice(have))

    def of(self, fam):
        return [(name, dims) for name, _, dims, f in self.made if f in (fam, "any")]

    def one(self, name, kind):
        r = self.r
        fam = "any" if kind in ("bitmap:port", "list:set") else "ip" if kind.startswith("bitmap") else r.choice(["ip", "ip", "ip6"])
        options = ""
        if kind == "bitmap:port":
            options = " range 1-9000"
        elif kind == "bitmap:ip":
            options = r.choice([" range 10.1.0.0-10.1.3.255", " range 10.0.0.0/8 netmask 24"])
        elif kind != "list:set":
            options = f" family {FAMILY[fam]}"
        if kind == "hash:ip" and r.random() < 0.3:
            options += " netmask " + (r.choice(["24", "16", "31"]) if fam == "ip" else r.choice(["64", "48"]))
        if kind == "hash:ip,mark" and r.random() < 0.5:
            options += " markmask 0x3"
        if kind != "list:set" and r.random() < 0.1:
            options += r.choice([" counters", " comment", " skbinfo"])
        if r.random() < 0.06:
            options += " timeout 3600"
            self.doubtful = True
        if kind == "list:set" and not self.made:
            return
        self.lines.append(f"create {name} {kind}{options}")
        self.made.append((name, kind, KINDS[kind], fam))
        for _ in range(r.choice([0, 1, 2, 3, 4, 6])):
            self.lines.append(f"add {name} {self.element(kind, fam, 'netmask' in options)} -exist")

    def element(self, kind, fam, masked):
        r = self.r
        a = ADDR.get(fam)
        if kind == "list:set":
            return r.choice([m[0] for m in self.made if m[1] != "list:set"] or [self.made[0][0]])
        if kind == "bitmap:port":
            x, y = sorted(r.sample(PORTS[:14], 2))
            return r.choice([str(x), f"{x}-{y}"])
        if kind == "bitmap:ip":
            return r.choice(["10.1.2.3", "10.1.2.4", "10.1.3.0"]) if not masked else r.choice(["10.1.2.0/24", "10.77.0.0/24", "10.1.0.0/16"])
        parts = [r.choice(a["src"] + a["dst"]) if kind.startswith("hash:ip") else r.choice([n for n in a["net"] if not n.startswith(("0.", "::/"))])]
        nomatch = kind.startswith("hash:net") and r.random() < (0.2 if kind == "hash:net" else 0.02)
        for what in kind.split(":")[1].split(",")[1:]:
            parts.append({"port": self.port(fam), "ip": r.choice(a["dst"]), "net": r.choice([n for n in a["net"] if not n.startswith(("0.", "::/"))]), "mark": r.choice(["0", "1", "2", "5"]),
                          "iface": r.choice(["zc0", "zc1", "d0", "lo"])}[what])
        return ",".join(parts) + (" nomatch" if nomatch else "")

    def port(self, fam):
        r = self.r
        if r.random() < 0.15:
            return "icmp:8/0" if fam == "ip" else "icmpv6:128/0"
        if r.random() < 0.05:
            return "esp:0"
        return f"{r.choice(PROTO)}:{r.choice(PORTS)}"


def load(lines):
    """Loads what is taken of it: an element that is refused is left out."""
    subprocess.run(["ipset", "destroy"], capture_output=True, check=False)
    if subprocess.run(["ipset", "restore"], input="\n".join(lines) + "\n", text=True, capture_output=True, check=False).returncode == 0:
        return
    for line in lines:
        subprocess.run(["ipset", *line.split()], capture_output=True, check=False)
