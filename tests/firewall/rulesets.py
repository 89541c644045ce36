"""Random rulesets in nft's language, one statement a line, and packets that live near their constants. Everything comes from one seed."""
import random

# Addresses: local ones of each device, a network behind the host, far ones, a broadcast; the same ones in rules and packets, so that they meet.
ADDR = {
    "ip": {"src": ["10.1.2.3", "10.1.2.4", "10.1.3.0", "10.1.2.255", "192.168.5.9", "203.0.113.7", "10.77.0.9", "172.16.0.1"],
           "dst": ["10.77.0.1", "10.77.0.1", "10.78.0.1", "10.80.0.1", "10.80.0.5", "10.80.0.6", "10.77.0.255", "172.31.0.9", "172.30.0.1", "172.29.0.1"],
           "net": ["10.1.2.0/24", "10.1.0.0/16", "10.0.0.0/8", "192.168.0.0/16", "203.0.113.0/29", "10.80.0.4/30", "10.77.0.0/23", "0.0.0.0/1", "10.1.2.2/31"],
           "range": ["10.1.2.3-10.1.2.4", "10.1.2.4-10.1.3.7", "10.77.0.1-10.78.0.1", "172.29.0.0-172.30.255.255"]},
    "ip6": {"src": ["2001:db8::3", "2001:db8::4", "2001:db8:1::", "fd77::9", "2001:db8:ffff::1"],
            "dst": ["fd77::1", "fd77::1", "fd78::1", "fd80::1", "fd80::5", "fd80::6", "2001:db8:9::1"],
            "net": ["2001:db8::/64", "2001:db8::/32", "fd80::4/126", "fd00::/8", "::/1", "2001:db8::2/127"],
            "range": ["2001:db8::3-2001:db8::4", "fd77::1-fd78::1"]},
}
PORTS = [1, 22, 23, 53, 79, 80, 81, 443, 1023, 1024, 2222, 3306, 5432, 6379, 8080, 8443, 40000, 65534, 65535]
DEVICES = ["zc0", "zc1"]
TCP_FLAGS = ["syn"] * 12 + ["syn,ece,cwr", "ack", "rst", "fin,ack", "syn,ack", "", "psh,ack"]


class Ruleset:
    """Text and how it was made. `doubtful`: something in it depends on time or chance."""

    before = ()

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.sets, self.chains, self.lines = [], [], []
        self.doubtful = False
        self.build()

    # helpers

    def pick(self, *options):
        return self.r.choice(options)

    def chance(self, p):
        return self.r.random() < p

    def ports(self):
        r = self.r
        kind = r.randrange(4)
        if kind == 0:
            return str(r.choice(PORTS))
        if kind == 1:
            a, b = sorted(r.sample(PORTS, 2))
            return f"{a}-{b}"
        if kind == 2:
            return "{ " + ", ".join(map(str, r.sample(PORTS, r.randint(2, 5)))) + " }"
        a, b = sorted(r.sample(PORTS[:9], 2))
        return "{ " + f"{a}-{b}, {r.choice(PORTS[10:])}" + " }"

    def addresses(self, fam, side):
        a = ADDR[fam]
        kind = self.r.randrange(5)
        if kind == 0:
            return self.r.choice(a[side])
        if kind == 1:
            return self.r.choice(a["net"])
        if kind == 2:
            return self.r.choice(a["range"])
        if kind == 3:
            return "{ " + ", ".join(self.r.sample(sorted(set(a[side])), 3)) + " }"
        return "{ " + f"{self.r.choice(a['net'][3:])}, {self.r.choice(a['src'][:2])}" + " }"

    def op(self):
        return "!= " if self.chance(0.2) else ""

    def fam(self, family):
        return family if family in ("ip", "ip6") else self.pick("ip", "ip", "ip6")

    # conditions: one function a class; each takes the table's family and the hook

    def c_port(self, family, hook):
        return f"{self.pick('tcp', 'tcp', 'udp', 'th')} {self.pick('dport', 'dport', 'dport', 'sport')} {self.op()}{self.ports()}".replace("th ", self.pick("meta l4proto tcp th ", "th "), 1)

    def c_addr(self, family, hook):
        fam = self.fam(family)
        side = self.pick("s", "s", "d")
        return f"{fam} {side}addr {self.op()}{self.addresses(fam, 'src' if side == 's' else 'dst')}"

    def c_named(self, family, hook):
        name, fam, side, kind = self.pick(*self.named(family)) if self.named(family) else (None,) * 4
        if not name:
            return self.c_addr(family, hook)
        if kind == "addr":
            return f"{fam} {side}addr {self.op()}@{name}"
        if kind == "port":
            return f"{self.pick('tcp', 'udp')} dport {self.op()}@{name}"
        return f"{fam} saddr . tcp dport {self.op()}@{name}"

    def named(self, family):
        return [s for s in self.sets if family == "inet" or s[1] in (family, "any")]

    def c_proto(self, family, hook):
        which = self.r.randrange(5)
        if which == 0:
            return f"meta l4proto {self.op()}{self.pick('tcp', 'udp', 'icmp', 'esp', '{ tcp, udp }', 'ipv6-icmp')}"
        if which == 1 and family != "ip":
            return "ip6 nexthdr " + self.pick("tcp", "udp", "ipv6-icmp")
        if which == 2 and family != "ip6":
            return "ip protocol " + self.pick("tcp", "udp", "icmp", "!= tcp")
        if which == 3:
            return "meta nfproto " + self.pick("ipv4", "ipv6")
        return "meta protocol " + self.pick("ip", "ip6")

    def c_flags(self, family, hook):
        return "tcp flags " + self.pick("syn", "! syn", "syn / fin,syn,rst,ack", "!= syn / fin,syn,rst,ack", "{ syn, ack }", "& (syn | ack) == syn", "& rst != 0", "== 0x2")

    def c_icmp(self, family, hook):
        if self.fam(family) == "ip":
            return "icmp type " + self.pick("echo-request", "!= echo-request", "{ echo-request, destination-unreachable }", "echo-request icmp code 0", "timestamp-request")
        return "icmpv6 type " + self.pick("echo-request", "{ nd-neighbor-solicit, nd-router-advert, echo-request }", "!= echo-request", "nd-neighbor-solicit")

    def c_device(self, family, hook):
        if hook in ("forward", "postrouting") and self.chance(0.4):
            return "oifname " + self.pick('"d0"', '"zc0"', '!= "d0"', '"z*"')
        if hook == "postrouting":
            return "oifname " + self.pick('"d0"', '"d*"')
        return self.pick('iifname "zc0"', 'iifname != "zc0"', 'iifname "zc*"', 'iifname "zc"', 'iif zc0', 'iif != zc1', 'iifname { "zc1", "lo" }', "iifgroup 77", 'iif lo', "iifgroup != 78",
                         "iiftype 65534")

    def c_ct(self, family, hook):
        return "ct " + self.pick("state new", "state new", "state established,related", "state invalid", "state != invalid", "state { new, untracked }", "state untracked", "direction original", "mark 0", "mark 7",
                                 "status dnat", "status != dnat", "status & dnat == 0", "original proto-dst 8080", "original protocol tcp", "state { established, related }", "mark != 7", "mark and 0x3 == 0x3",
                                 "status snat", "state invalid,new")

    def c_ct_addr(self, family, hook):
        fam = self.fam(family)
        return f"ct original {fam} daddr {self.r.choice(ADDR[fam]['dst'])}" if self.chance(0.5) else f"ct original {fam} saddr {self.r.choice(ADDR[fam]['net'])}"

    def c_fib(self, family, hook):
        return "fib " + self.pick("daddr type local", "daddr type != local", "daddr type { local, broadcast }", "daddr type unicast", "saddr type local", "daddr . iif type local", "saddr oif != 0", "daddr oif d0", 'daddr oifname "zc0"',
                                  "saddr . iif oif 0", "saddr . iif oif != 0", "saddr . mark . iif oif exists")

    def c_mark(self, family, hook):
        return "meta mark " + self.pick("0", "1", "!= 1", "2", "and 0x3 == 0x1", "and 0xff != 0", "1-2", "{ 1, 5-9 }", ">= 2")

    def c_header(self, family, hook):
        if self.fam(family) == "ip":
            return "ip " + self.pick("ttl 64", "ttl < 64", "ttl 1-10", "dscp 0x10", "dscp != 0", "length > 50", "length 40", "length < 100", "frag-off & 0x1fff == 0", "version 4", "hdrlength 5", "dscp { cs1, ef }", "ecn 0")
        return "ip6 " + self.pick("hoplimit 64", "hoplimit != 64", "length > 30", "dscp 0x10", "dscp != 0", "version 6", "hoplimit { 1, 255 }", "nexthdr { tcp, udp }")

    def c_raw(self, family, hook):
        return self.pick("@th,16,16 22", "@th,0,16 > 1023", "@nh,8,8 0", "@nh,64,8 64", "@th,16,16 & 0xff00 == 0", "@nh,0,4 4", "@th,400,8 1", "@nh,96,32 0x0a010203", "@th,16,16 { 22, 80 }", "@th,23,7 22", "@nh,72,8 { 6, 17 }")

    def c_meta(self, family, hook):
        return "meta " + self.pick("length > 60", "length < 45", "length 40-48", "pkttype host", "pkttype != host", "pkttype { broadcast, multicast }", "priority 0", "iifkind \"tun\"", "sdif 0", "rtclassid 0", "nftrace 0")

    def c_exthdr(self, family, hook):
        return self.pick("tcp option maxseg exists", "tcp option maxseg missing", "exthdr frag exists", "exthdr frag missing", "tcp option sack-perm missing", "tcp option timestamp tsval 1", "exthdr hbh missing", "ip option rr missing"
                         if family == "ip" else "exthdr rt missing")

    def c_concat(self, family, hook):
        fam, r = self.fam(family), self.r
        a, kind = ADDR[fam], self.r.randrange(5)
        if kind == 0:
            return f"{fam} saddr . tcp dport " + "{ " + ", ".join(f"{r.choice(a['src'])} . {p}" for p in r.sample(PORTS, 3)) + " }"
        if kind == 1:
            return "meta l4proto . th dport { tcp . 22, udp . 53, tcp . 443 }"
        if kind == 2:
            return f"{fam} saddr . {fam} daddr {self.op()}" + "{ " + f"{a['src'][0]} . {a['dst'][0]}, {a['net'][1]} . {a['dst'][2]}" + " }"
        if kind == 3:
            return 'iifname . tcp dport { "zc0" . 22, "zc1" . 80-90, "zc*" . 443 }' if self.chance(0.5) else 'iifname . meta l4proto { "zc0" . tcp, "zc1" . udp }'
        return "ct state . tcp dport { new . 22, new . 80, invalid . 443 }"

    def c_doubt(self, family, hook):
        self.doubtful = True
        return self.pick("limit rate 1/second burst 3 packets", "limit rate over 100/second", "numgen random mod 2 0", "quota over 1 mbytes", "quota until 5 kbytes", "jhash ip saddr mod 4 1" if family == "ip" else
                         "numgen inc mod 3 { 0, 2 }", "meta cpu 0", "meta random < 1000")

    def c_none(self, family, hook):
        return ""

    CONDITIONS = [("port", 30), ("addr", 16), ("named", 10), ("proto", 6), ("flags", 4), ("icmp", 4), ("device", 8), ("ct", 9), ("ct_addr", 2), ("fib", 6), ("mark", 6), ("header", 4), ("raw", 4), ("meta", 4),
                  ("exthdr", 2), ("concat", 6), ("doubt", 1), ("none", 3)]
    NAMES, WEIGHTS = zip(*CONDITIONS)

    def condition(self, family, hook):
        return getattr(self, "c_" + self.r.choices(self.NAMES, self.WEIGHTS)[0])(family, hook)

    # statements

    def jump(self, at):
        later = [c for c in self.chains[at + 1:] if not c["base"]]
        return f"{self.pick('jump', 'jump', 'goto')} {self.r.choice(later)['name']}" if later else "accept"

    def vmap(self, family, at):
        v = ["accept", "drop", self.jump(at), "continue", "return"]
        kind = self.r.randrange(5)
        if kind == 0:
            return f"{self.pick('tcp', 'udp')} dport vmap " + "{ " + ", ".join(f"{p} : {self.r.choice(v)}" for p in self.r.sample(PORTS, 3)) + " }"
        if kind == 1:
            return "ct state vmap { established : accept, related : accept, invalid : " + self.pick("drop", "continue") + " }"
        if kind == 2:
            return 'iifname vmap { "zc0" : ' + self.r.choice(v) + ', "zc1" : ' + self.r.choice(v) + " }"
        if kind == 3:
            fam = self.fam(family)
            return f"{fam} saddr vmap " + "{ " + f"{ADDR[fam]['net'][0]} : {self.r.choice(v)}, {ADDR[fam]['net'][3]} : {self.r.choice(v)}" + self.pick("", f", * : {self.r.choice(v)}") + " }"
        return "meta l4proto . th dport vmap { tcp . 22 : " + self.r.choice(v) + ", udp . 53 : accept }"

    VERDICTS = ["accept", "drop", "reject", "return", "jump", "vmap", "side", "continue"], [32, 16, 6, 6, 18, 10, 6, 2]

    def statement(self, family, hook, at, kind):
        c = self.condition
        side = []
        if self.chance(0.2):
            side.append(self.pick("counter", "meta mark set 1", "meta mark set 2", "meta mark set mark or 0x4", "ct mark set 7", "meta mark set ct mark", "meta nftrace set 0", "counter", "counter",
                                  "meta priority set 1:2", "meta mark set mark and 0xfffffffe xor 0x1", "ct mark set mark", "meta mark set tcp dport map { 22 : 1, 80 : 2 }", "ip ttl set 5", "ip dscp set cs1"))
        if kind == "nat":
            where = hook == "prerouting"
            verdict = self.nat(where)
        elif hook == "prerouting" and self.chance(0.15):
            verdict = self.pick("notrack", "notrack accept", "meta mark set 5", "meta mark set 3")
        elif kind == "netdev":
            verdict = self.pick("accept", "drop", "accept", "continue")
        else:
            verdict = self.r.choices(*self.VERDICTS)[0]
        if verdict == "reject":
            if hook not in ("input", "forward", "prerouting"):
                verdict = "drop"
            else:
                verdict = self.pick("reject", "meta l4proto tcp reject with tcp reset", "reject with icmpx admin-prohibited" if family == "inet" else "reject")
        elif verdict == "jump":
            verdict = self.jump(at)
        elif verdict == "vmap":
            verdict = self.vmap(family, at)
        elif verdict == "rare":
            verdict = self.rare_verdict()
        elif verdict == "side":
            verdict = self.pick("counter", "meta mark set 1")
        conditions = [c(family, hook) for _ in range(self.r.choices([0, 1, 2, 3], [12, 50, 30, 8])[0])]
        return " ".join(filter(None, conditions + side + [verdict]))

    def nat(self, where):
        if not where:
            return self.pick("masquerade", "accept", "snat ip to 10.80.0.1", "return")
        return self.pick("tcp dport 8080 redirect to :80", "redirect to :22", "meta l4proto { tcp, udp } redirect to :8443", "meta nfproto ipv4 tcp dport 80 dnat ip to 10.80.0.5:8080", "dnat ip to 10.80.0.5", "dnat ip to 10.77.0.1",
                         "meta l4proto tcp dnat ip to 10.78.0.1:22", "dnat ip6 to fd80::5", "meta l4proto tcp dnat ip6 to [fd80::6]:80", "redirect", "accept", "return", "drop", "meta nfproto ipv4 tcp dport 2222 dnat ip to tcp dport map { 2222 : 10.80.0.6 }")

    # tables

    MORE_SETS = []

    def named_sets(self, table, family):
        out = []
        for i in range(self.r.randint(0, 3)):
            kind = self.pick("addr", "addr", "port", "concat")
            fam = self.fam(family) if kind != "port" else "any"
            name, side = f"s{table}_{i}", self.pick("s", "d")
            kinds = {"ip": "ipv4_addr", "ip6": "ipv6_addr"}
            if kind == "addr":
                a = ADDR[fam]
                if self.chance(0.5):
                    body = f"type {kinds[fam]}; elements = {{ {', '.join(self.r.sample(sorted(set(a['src'] + a['dst'])), 4))} }};"
                else:
                    body = f"type {kinds[fam]}; flags interval; auto-merge; elements = {{ {', '.join(self.r.sample(a['net'], 3))} }};"
                if self.chance(0.1):
                    body = f"type {kinds[fam]}; flags timeout; elements = {{ {a['src'][0]} timeout 1h, {a['src'][1]} }};"
                    self.doubtful = True
            elif kind == "port":
                a, b = sorted(self.r.sample(PORTS[:12], 2))
                body = f"type inet_service; flags interval; elements = {{ {a}-{b}, 8080 }};"
            else:
                a = ADDR[fam]
                body = f"type {kinds[fam]} . inet_service; flags interval; elements = {{ {a['net'][0]} . 20-30, {a['src'][-1]} . 80, {a['net'][2]} . 8000-9000 }};"
            self.sets.append((name, fam, side, kind))
            out.append(f"  set {name} {{ {body} }}")
        return out

    BASES = [("input", "filter"), ("input", "filter"), ("forward", "filter"), ("prerouting", "filter"), ("prerouting", "nat"), ("postrouting", "nat"), ("postrouting", "filter")]

    def base_chains(self):
        out = []
        for hook, kind in self.r.sample(self.BASES, self.r.randint(1, 4)):
            priority = {"nat": {"prerouting": "-100", "postrouting": "100"}.get(hook), "filter": self.pick("0", "0", "-10", "10", "-150", "-300" if hook == "prerouting" else "5")}[kind]
            policy = self.pick("accept", "drop") if kind == "filter" and hook in ("input", "forward") else self.pick("accept", "accept", "accept", "drop") if kind == "filter" else "accept"
            out.append((hook, kind, f"type {kind} hook {hook} priority {priority}; policy {policy};"))
        return out

    def table(self, number):
        family = self.pick("inet", "inet", "inet", "ip", "ip6", "ip", "netdev" if number else "inet")
        lines, self.sets, self.chains = [f"table {family} t{number} {{"], [], []
        if self.chance(0.04):
            lines.append("  flags dormant;")
        if family == "netdev":
            self.chains.append({"name": "g0", "base": True, "hook": "ingress", "kind": "netdev", "head": 'type filter hook ingress device "zc0" priority 0; policy ' + self.pick("accept", "accept", "drop") + ";"})
        else:
            lines += self.named_sets(number, family)
            lines += self.MORE_SETS
            for i, (hook, kind, head) in enumerate(self.base_chains()):
                self.chains.append({"name": f"b{i}", "base": True, "hook": hook, "kind": kind, "head": head})
            if family == "inet" and self.chance(0.08):
                self.chains.append({"name": "bi", "base": True, "hook": "ingress", "kind": "netdev", "head": 'type filter hook ingress device "zc1" priority 0; policy accept;'})
            for i in range(self.r.randint(0, 3)):
                self.chains.append({"name": f"c{i}", "base": False, "hook": "any", "kind": "any", "head": ""})
        # A chain stands before what jumps to it.
        for at in range(len(self.chains) - 1, -1, -1):
            chain = self.chains[at]
            lines.append(f"  chain {chain['name']} {{ {chain['head']}")
            hook = chain["hook"] if chain["hook"] != "any" else "input"
            inside = "inet" if family == "netdev" else family
            for _ in range(self.r.randint(1, 3 if chain["kind"] == "netdev" else 7)):
                lines.append("    " + self.statement(inside, hook, at, chain["kind"]))
            lines.append("  }")
        return lines + ["}"]

    def build(self):
        for number in range(self.r.choices([1, 2, 3], [60, 30, 10])[0]):
            self.lines += self.table(number)

    def text(self):
        return "\n".join(self.lines) + "\n"


class Rare(Ruleset):
    """The same with expressions of every other class now and then."""

    CONDITIONS = Ruleset.CONDITIONS + [("rare", 1)]
    NAMES, WEIGHTS = zip(*CONDITIONS)
    VERDICTS = Ruleset.VERDICTS[0] + ["rare"], [2 * w for w in Ruleset.VERDICTS[1]] + [1]
    MORE_SETS = ["  set learnt { type inet_service; flags dynamic; size 1000; }"]

    def c_rare(self, family, hook):
        """Classes that few rulesets have; a kernel may lack some of them."""
        which = self.pick("log", "last", "count", "socket", "osf", "rt", "ipsec", "learn", "quota")
        self.doubtful |= which in ("count", "osf", "learn", "socket", "rt", "ipsec", "quota")
        return {"log": 'log prefix "zc "', "last": "last", "count": "ct count over 5", "socket": "socket transparent 1", "osf": 'osf name "Linux"', "ipsec": "meta ipsec exists" if self.chance(0.5) else "ipsec in reqid 1",
                "rt": "rt classid 0", "learn": self.pick("add", "update") + " @learnt { tcp dport }", "quota": "quota over 10 mbytes used 0 bytes"}[which]

    def rare_verdict(self):
        """What ends a packet's way by other means than a verdict of its own."""
        self.doubtful = True
        return self.pick("queue num 5", "queue num 5 bypass", "queue flags bypass num 1-3", "synproxy mss 1460 wscale 7", "tproxy to :50080", "flow add @f0", "dup to 10.80.0.5")


def packets(seed, count):
    r = random.Random(f"packets {seed}")
    return [packet(r) for _ in range(count)]


def packet(r):
    family = r.choice(["ip", "ip", "ip6"])
    a = ADDR[family]
    protocol = r.choices(["tcp", "udp", "icmp" if family == "ip" else "icmpv6", "esp"], [60, 22, 14, 4])[0]
    p = {"iif": r.choice(DEVICES), "family": family, "protocol": protocol, "saddr": r.choice(a["src"]), "daddr": r.choice(a["dst"])}
    p["ttl"] = r.choice([64, 64, 64, 5, 128, 255])
    p["tos"] = r.choice([0, 0, 0, 0x40, 0x20, 0xb8])
    if protocol in ("tcp", "udp"):
        p["sport"] = r.choice([40000, 40000, 53, 1023, 1024, 22])
        p["dport"] = min(65535, max(1, r.choice(PORTS) + r.choice([0, 0, 0, 0, 1, -1])))
    if protocol == "tcp":
        p["flags"] = r.choice(TCP_FLAGS)
        p["ct"] = "new" if "syn" in p["flags"] and "ack" not in p["flags"] else "invalid"
    elif protocol in ("icmp", "icmpv6"):
        p["type"], p["code"], p["ct"] = r.choice(ICMP[protocol])
    least = (20 if family == "ip" else 40) + {"tcp": 20, "udp": 8}.get(protocol, 8)
    p["length"] = least + r.choice([0, 0, 0, 5, 60])
    return p


# Types, codes, and what conntrack says of them when it has never seen anything else.
ICMP = {"icmp": [(8, 0, "new"), (8, 0, "new"), (13, 0, "new"), (0, 0, "invalid"), (17, 0, "new")],
        "icmpv6": [(128, 0, "new"), (128, 0, "new"), (129, 0, "invalid"), (135, 0, "untracked"), (134, 0, "untracked")]}
