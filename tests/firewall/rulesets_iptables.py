"""Random rulesets as iptables-nft and ip6tables-nft write them: two inputs of iptables-restore, one rule a line."""
import random

import ipsets
from rulesets import ADDR, PORTS

HOOKS = {"filter": ["INPUT", "FORWARD"], "mangle": ["PREROUTING", "INPUT", "FORWARD"], "raw": ["PREROUTING"], "nat": ["PREROUTING"]}


class Ruleset:
    """Lines of both families, each with its command before it. `doubtful`: something in it depends on time or chance. `before`: the ipsets that they look in."""

    def __init__(self, seed, with_sets=True):
        self.r = random.Random(f"iptables {seed}")
        self.doubtful = False
        self.lines = []
        sets = ipsets.Sets(random.Random(f"ipset {seed}"), with_sets, f"s{seed}_")
        self.before = sets.lines
        for fam in ("ip", "ip6"):
            self.fam = fam
            self.ipsets = sets.of(fam)
            self.family()
        self.doubtful |= sets.doubtful

    def pick(self, *options):
        return self.r.choice(options)

    def chance(self, p):
        return self.r.random() < p

    def no(self, p=0.25):
        return "! " if self.chance(p) else ""

    def ports(self):
        a, b = sorted(self.r.sample(PORTS, 2))
        return self.pick(str(a), f"{a}:{b}", str(b))

    def many(self):
        out = []
        for _ in range(self.r.randint(1, 5)):
            a, b = sorted(self.r.sample(PORTS, 2))
            out.append(self.pick(str(a), str(b), f"{a}:{b}"))
        return ",".join(out)

    # matches: each gives the words, and the protocol that they want ("" for any)

    def m_conntrack(self):
        state = self.pick("NEW", "ESTABLISHED,RELATED", "INVALID", "NEW,RELATED,ESTABLISHED", "UNTRACKED", "NEW,UNTRACKED", "DNAT", "NEW,INVALID", "ESTABLISHED,DNAT", "SNAT")
        a = ADDR[self.fam]
        kind = self.r.randrange(10)
        if kind < 5:
            return f"-m conntrack {self.no()}--ctstate {state}", ""
        if kind == 5:
            return f"-m conntrack {self.no()}--ctorigdst {self.r.choice(a['dst'])}", ""
        if kind == 6:
            return f"-m conntrack {self.no()}--ctorigsrc {self.r.choice(a['net'])} --ctdir " + self.pick("ORIGINAL", "ORIGINAL", "REPLY"), ""
        if kind == 7:
            return f"-m conntrack {self.no(0)}--ctproto tcp {self.no()}--ctorigdstport {self.ports()}", ""
        if kind == 8:
            return f"-m conntrack --ctstate NEW {self.no()}--ctorigdstport {self.ports()}" + self.pick("", " --ctproto udp", " --ctproto tcp"), ""
        return f"-m conntrack {self.no()}--ctstatus " + self.pick("NONE", "ASSURED", "SEEN_REPLY", "EXPECTED", "SEEN_REPLY,ASSURED"), ""

    def m_state(self):
        return f"-m state {self.no()}--state " + self.pick("NEW", "ESTABLISHED,RELATED", "INVALID", "UNTRACKED"), ""

    def m_ports(self):
        return f"{self.no()}--{self.pick('dport', 'dport', 'sport')} {self.ports()}", self.pick("tcp", "udp")

    def m_flags(self):
        return self.pick("--syn", "! --syn", "--tcp-flags SYN,ACK SYN", "--tcp-flags ALL NONE", "! --tcp-flags FIN,RST RST"), "tcp"

    def m_option(self):
        return f"{self.no()}--tcp-option {self.pick(2, 4, 8)}", "tcp"

    def m_icmp(self):
        if self.fam == "ip":
            return f"-m icmp {self.no()}--icmp-type " + self.pick("8", "8/0", "any", "3", "3/1", "0", "13"), "icmp"
        return f"-m icmp6 {self.no()}--icmpv6-type " + self.pick("128", "129", "128/0", "135", "1", "134"), "ipv6-icmp"

    def m_multiport(self):
        return f"-m multiport {self.no()}--{self.pick('dports', 'dports', 'sports', 'ports')} {self.many()}", self.pick("tcp", "udp")

    def m_addrtype(self):
        side = self.pick("dst", "dst", "src")
        if self.fam == "ip":
            kinds = self.pick("LOCAL", "LOCAL", "UNICAST", "BROADCAST", "LOCAL,BROADCAST", "MULTICAST", "BLACKHOLE,UNREACHABLE", "UNICAST,LOCAL")
        else:
            kinds = self.pick("LOCAL", "LOCAL", "UNICAST", "MULTICAST", "UNREACHABLE", "LOCAL,UNREACHABLE")
        limit = self.pick("", "", "", " --limit-iface-in") if self.fam == "ip" and self.hook in ("PREROUTING", "INPUT") else ""
        return f"-m addrtype {self.no()}--{side}-type {kinds}{limit}", ""

    def m_iprange(self):
        return f"-m iprange {self.no()}--{self.pick('src', 'dst')}-range {self.r.choice(ADDR[self.fam]['range'])}", ""

    def m_mac(self):
        return f"-m mac {self.no()}--mac-source 02:00:00:00:00:01", ""

    def m_mark(self):
        return f"-m mark {self.no()}--mark " + self.pick("0", "1", "0x1/0x3", "4", "0x4/0x4"), ""

    def m_connmark(self):
        return f"-m connmark {self.no()}--mark " + self.pick("0", "7", "0x1/0x3", "0x2/0x6"), ""

    def m_ttl(self):
        if self.fam == "ip":
            return "-m ttl " + self.pick("--ttl-eq 64", "--ttl-lt 64", "--ttl-gt 64", "! --ttl-eq 64"), ""
        return "-m hl " + self.pick("--hl-eq 64", "--hl-lt 64", "--hl-gt 64", "! --hl-eq 255"), ""

    def m_rt(self):
        return ("-m rt --rt-type 0", "") if self.fam == "ip6" else ("", "")

    def m_pkttype(self):
        return f"-m pkttype {self.no()}--pkt-type " + self.pick("unicast", "broadcast", "multicast"), ""

    def m_length(self):
        return f"-m length {self.no()}--length " + self.pick("40", "40:60", "60:", ":48", "0:39", "100:2000"), ""

    def m_dscp(self):
        return f"-m dscp {self.no()}--dscp " + self.pick("0x10", "0", "0x08", "0x2e"), ""

    def m_tos(self):
        return f"-m tos {self.no()}--tos " + self.pick("0x40/0xff", "0x00/0xf0", "0x20", "0x20/0x3f"), ""

    def m_set(self):
        if not self.ipsets:
            return "", ""
        name, dims = self.pick(*self.ipsets)
        sides = ",".join(self.pick("src", "dst") for _ in range(dims + self.pick(0, 0, 0, 1)))
        return f"-m set {self.no()}--match-set {name} {sides}", ""

    def m_comment(self):
        return '-m comment --comment "as it is"', ""

    def m_limit(self):
        self.doubtful = True
        return self.pick("-m limit --limit 1/s", "-m statistic --mode random --probability 0.5", "-m hashlimit --hashlimit-name h --hashlimit-above 3/s --hashlimit-mode srcip", "-m recent --name r --set",
                         "-m quota --quota 1000"), ""

    def m_addr(self):
        side = self.pick("s", "d")
        a = ADDR[self.fam]
        return f"{self.no()}-{side} " + self.r.choice(a["net"] + a["src" if side == "s" else "dst"]), ""

    def m_device(self):
        if self.hook == "FORWARD" and self.chance(0.5):
            return f"{self.no()}-o " + self.pick("d0", "zc0", "z+"), ""
        return f"{self.no()}-i " + self.pick("zc0", "zc1", "zc+", "lo"), ""

    MATCHES = [("conntrack", 14), ("state", 3), ("ports", 10), ("flags", 3), ("option", 1), ("icmp", 5), ("multiport", 12), ("addrtype", 12), ("iprange", 7), ("mac", 1), ("mark", 5), ("connmark", 4), ("ttl", 4),
               ("rt", 2), ("pkttype", 3), ("length", 4), ("dscp", 3), ("tos", 3), ("comment", 2), ("limit", 1), ("addr", 8), ("device", 6), ("set", 9)]
    NAMES, WEIGHTS = zip(*MATCHES)

    # targets

    def target(self, table, chains):
        r = self.r
        if table == "nat":
            return self.nat()
        if table == "raw":
            return self.pick("-j CT --notrack", "-j ACCEPT", "-j DROP", "-j RETURN", "-j TRACE")
        if table == "mangle":
            return self.pick("-j MARK --set-mark 1", "-j MARK --set-xmark 0x4/0x4", "-j MARK --or-mark 2", "-j MARK --and-mark 0xfe", "-j CONNMARK --set-mark 7", "-j CONNMARK --save-mark", "-j CONNMARK --restore-mark",
                             "-j CONNMARK --save-mark --nfmask 0x3 --ctmask 0x7", "-j CONNMARK --restore-mark --nfmask 0x6 --ctmask 0x2", "-j DROP", "-j ACCEPT", "-j DSCP --set-dscp 0x10", "-j TOS --set-tos 0x20/0x3f",
                             "-j TTL --ttl-set 64" if self.fam == "ip" else "-j HL --hl-set 64", "-j CONNMARK --set-xmark 0x1/0x3", "-j RETURN")
        if chains and self.chance(0.2):
            return f"-{self.pick('j', 'j', 'g')} {r.choice(chains)}"
        return r.choices(["-j ACCEPT", "-j DROP", "-j RETURN", "-j LOG", "-j NFLOG", self.reject(), ""], [34, 18, 6, 4, 2, 14, 2])[0]

    def reject(self):
        kinds = ["icmp-port-unreachable", "icmp-host-prohibited", "icmp-admin-prohibited", "icmp-net-unreachable"] if self.fam == "ip" else ["icmp6-port-unreachable", "icmp6-adm-prohibited", "icmp6-no-route"]
        return "-j REJECT" + self.pick("", " --reject-with " + self.r.choice(kinds))

    def nat(self):
        to = {"ip": ("10.80.0.5", "10.77.0.1", "10.78.0.1", "10.80.0.6:8080", ":22"), "ip6": ("fd80::5", "fd77::1", "fd78::1", "[fd80::6]:8080", ":22")}[self.fam]
        which = self.r.randrange(4)
        if which == 0:
            return "-j REDIRECT" + self.pick("", " --to-ports 80", " --to-ports 22")
        if which == 1:
            return self.pick("-j ACCEPT", "-j RETURN")
        return "-j DNAT --to-destination " + self.r.choice(to)

    def rule(self, table, chain, later):
        self.hook = chain if chain.isupper() else "INPUT"
        names = self.r.choices(self.NAMES, self.WEIGHTS, k=self.r.choices([0, 1, 2, 3], [8, 50, 32, 10])[0])
        words, protocol, told = [], "", set()
        target = self.target(table, later)
        if not chain.isupper():
            names = [n for n in names if n not in ("device",)]
        if any(w in target for w in ("--to-ports", ":22", ":8080")):
            protocol = self.pick("tcp", "udp")
        for name in names:
            if name in told or (table == "raw" and name in ("conntrack", "state", "connmark")):
                continue
            text, wants = getattr(self, "m_" + name)()
            if wants and protocol and wants != protocol:
                continue
            protocol = protocol or wants
            told.add(name)
            words.append(text)
        if "ports" in told or "flags" in told or "option" in told:
            words.sort(key=lambda w: w.startswith("-m"))
        words = ([f"-p {protocol}"] if protocol else []) + words
        if not protocol and self.chance(0.2):
            words.insert(0, f"{self.no()}-p " + self.pick("tcp", "udp", "esp"))
        return " ".join(filter(None, [f"-A {chain}", *words, target]))

    def family(self):
        for table in ["filter"] + [t for t in ("mangle", "raw", "nat") if self.chance(0.3)]:
            own = ["c0", "c1"][:self.r.randint(0, 2)] if table == "filter" else []
            self.lines += [f"{self.fam} *{table}"]
            for chain in HOOKS[table]:
                self.lines.append(f"{self.fam} :{chain} " + (self.pick("ACCEPT", "DROP") if table == "filter" else "ACCEPT") + " [0:0]")
            self.lines += [f"{self.fam} :{c} - [0:0]" for c in own]
            for at, chain in enumerate(own):
                for _ in range(self.r.randint(1, 4)):
                    self.lines.append(f"{self.fam}     {self.rule(table, chain, own[at + 1:])}")
            for chain in HOOKS[table]:
                for _ in range(self.r.randint(0, 7)):
                    self.lines.append(f"{self.fam}     {self.rule(table, chain, own)}")
            self.lines.append(f"{self.fam} COMMIT")
