#!/usr/bin/python3
"""Port states by SYN packets, against what listens: both families, with packets lost, behind firewalls that drop, reject and limit, through a router,
over VLANs and tunnels; and answers that nobody asked for. The longer matrix is `make soak-ports`."""
import os
import random
import shutil
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "ports"), os.path.join(HERE, "..", "lab")]
import netns  # noqa: E402
from field import HOSTS, ROUTED, Field  # noqa: E402

THEM4, THEM6 = HOSTS["them"]
SOME = range(20001, 22001)
ALL = set(range(1, 65536))

# What a firewall answers with, and how it is told. Port 23000 and on, one each.
REJECTS4 = [("icmp type net-unreachable", "ICMP network unreachable"), ("icmp type host-unreachable", "ICMP host unreachable"),
            ("icmp type prot-unreachable", "ICMP protocol unreachable"), ("icmp type port-unreachable", "ICMP port unreachable"),
            ("icmp type net-prohibited", "ICMP network prohibited"), ("icmp type host-prohibited", "ICMP host prohibited"),
            ("icmp type admin-prohibited", "ICMP administratively prohibited")]
REJECTS6 = [("icmpv6 type no-route", "ICMPv6 no route"), ("icmpv6 type admin-prohibited", "ICMPv6 administratively prohibited"),
            ("icmpv6 type addr-unreachable", "ICMPv6 address unreachable"), ("icmpv6 type port-unreachable", "ICMPv6 port unreachable")]

# Answers SYNs itself, in one of the ways that are wrong, by the port's number, or, as a control, rightly.
FORGER = r'''
import socket, struct, sys
how, mac = sys.argv[1], None
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)); s.bind(("v0", 0x0800))
def ck(b):
    n = sum(struct.unpack("!%dH" % (len(b) // 2), b + b"\0" * (len(b) % 2)))
    while n >> 16: n = (n & 0xffff) + (n >> 16)
    return ~n & 0xffff
def tcp(src, dst, sp, dp, seq, ack, flags):
    h = struct.pack("!HHIIBBHHH", sp, dp, seq, ack, 0x50, flags, 1000, 0, 0)
    c = ck(src + dst + struct.pack("!BBH", 0, 6, len(h)) + h)
    return h[:16] + struct.pack("!H", c) + h[18:]
def ip(src, dst, proto, body):
    h = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, proto, 0) + src + dst
    return h[:10] + struct.pack("!H", ck(h)) + h[12:] + body
print("ready", flush=True)
while True:
    f = s.recv(2048)
    p = f[14:]
    if len(p) < 40 or p[9] != 6 or p[33] & 0x12 != 2: continue
    us, them = p[12:16], p[16:20]
    sp, dp, seq = struct.unpack("!HHI", p[20:28])
    def reply(src, sport, dport, ack, flags=0x12): return ip(src, us, 6, tcp(src, us, sport, dport, 1, ack & 0xffffffff, flags))
    other = them[:3] + bytes([them[3] ^ 64])
    quoted = ip(us, them, 6, struct.pack("!HHI", sp, dp, seq ^ 0x10000) + p[28:40])
    out = {"ack": lambda: [reply(them, dp, sp, seq + 2), reply(them, dp, sp, seq), reply(them, dp, sp, seq + 1 ^ 1 << 20), reply(them, dp, sp, 0, 0x14)],
           "port": lambda: [reply(them, dp % 65535 + 1, sp, seq + 1), reply(them, dp, sp ^ 1, seq + 1)],
           "host": lambda: [reply(other, dp, sp, seq + 1), reply(other, dp, sp, seq + 1, 0x14)],
           "icmp": lambda: [ip(them, us, 1, (lambda b: b[:2] + struct.pack("!H", ck(b)) + b[4:])(struct.pack("!BBHI", 3, 3, 0, 0) + quoted))],
           "none": lambda: [reply(them, dp, sp, seq + 1, 0), reply(them, dp, sp, seq + 1, 2), reply(them, dp, sp, seq + 1, 4), reply(them, dp, sp, seq + 1, 0x10)],
           "right": lambda: [reply(them, dp, sp, seq + 1)]}[how if how == "right" else ("ack", "port", "host", "icmp", "none")[dp % 5]]()
    for one in out: s.send(f[6:12] + f[0:6] + b"\x08\0" + one)
'''

count = failed = 0


def tap(ok, name, detail=""):
    global count, failed
    count += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {count} - {name}", flush=True)
    if not ok:
        print("# " + str(detail).replace("\n", "\n# ")[:2000], flush=True)


def whole(field, truth):
    """All ports of a host, each of them told rightly."""
    for percent in (0, 5, 20):
        for address in (THEM4, THEM6):
            field.loss(percent)
            s = field.scan(address, options=["--ports", "all"])
            name = f"{'IPv6' if ':' in address else 'IPv4'}, {percent} % lost each way"
            tap(s.open == truth, f"{name}: every open port is found, and no other", f"missed {sorted(truth - s.open)}, made up {sorted(s.open - truth)}: {s}")
            # Where a third of all questions comes to nothing a few may stay unanswered, on a busy machine more: they must be told as that.
            rest = ALL - truth - s.closed
            told = not rest if percent < 20 else len(rest) <= 600 and (not rest or s.outcome == "partial") and rest == s.unknown | s.filtered
            tap(told and not s.closed & truth, f"{name}: every other port is closed{'' if percent < 20 else ', or told as not known'}", s)
    field.loss(0)


def dropping(field, truth):
    """Behind a firewall that lets some through: the others are filtered, and an accepted port without a listener is closed."""
    shown = sorted(truth)[::2]
    field.rules(field.them, f"table inet f {{ chain i {{ type filter hook input priority 0; policy drop; ct state established accept\n"
                            f"meta l4proto {{ icmp, icmpv6 }} accept\ntcp dport {{ {', '.join(map(str, [*shown, 19999]))} }} accept\n}}\n}}")
    for address in (THEM4, THEM6):
        s = field.scan(address, options=["--ports", "19999-22000"])
        name = f"a firewall that drops, {'IPv6' if ':' in address else 'IPv4'}"
        tap(s.open == set(shown) & set(SOME) and s.closed == {19999}, f"{name}: what it lets through", s)
        tap(s.outcome == "done" and s.filtered == {20000, *SOME} - set(shown), f"{name}: the others are filtered", s)
    field.rules(field.them, "")


def rejecting(field):
    """Each way of rejecting is told in its own words; a reset reads as what it is meant to be taken for."""
    rules, want = [], {}
    for address, family, table in ((THEM4, "ip", REJECTS4), (THEM6, "ip6", REJECTS6)):
        for i, (how, words) in enumerate([*table, ("tcp reset", "refused")]):
            rules.append(f"{family} daddr {address} tcp dport {23000 + i} reject with {how}")
            state = "closed" if how == "tcp reset" else "filtered"
            want[(address, 23000 + i)] = (state, words + ("" if state == "closed" else f" from {address}"))
    field.rules(field.them, "table inet f { chain i { type filter hook input priority 0\n" + "\n".join(rules) + "\n}\n}")
    field.scan(*(f"[{a}]:{p}" if ":" in a else f"{a}:{p}" for a, p in want))
    got = {(e["address"], e["port"]): (e.get("state"), e.get("reason")) for e in field.document.get("endpoints", [])}
    for key, value in want.items():
        tap(got.get(key) == value, f"{key[0]} port {key[1]}: {value[0]}, {value[1]}", got.get(key))
    field.rules(field.them, "")


def limiting(field, truth):
    """A host that refuses only so many a second: what is open is found all the same, and most of the others are seen to be closed."""
    field.rules(field.them, "table inet f { chain o { type filter hook output priority 0\ntcp flags rst limit rate over 2000/second drop\n}\n}")
    s = field.scan(THEM4, options=["--ports", "20001-24000"])
    tap(s.open == truth & set(range(20001, 24001)), "resets are limited: every open port is found, and no other", s)
    tap(len(s.closed) > 3800 and not s.unknown, "resets are limited: it is asked slowly enough", s)
    field.rules(field.them, "")


def routed(field, truth):
    field.route()
    for address in ROUTED:
        s = field.scan(address, options=["--ports", "20001-21000"])
        tap(s.open == truth & set(range(20001, 21001)) and s.outcome == "done" and not s.filtered, f"through a router, {address}", s)


def devices(field, truth):
    """Over a VLAN and over a tunnel without a link header."""
    kinds = [("vlan", lambda a: ["link", "v0", "name", a, "type", "vlan", "id", "5"], "198.18.65."),
             ("ipip", lambda a: ["name", a, "type", "ipip", "local", HOSTS["us"][0], "remote", THEM4], "198.18.66."),
             ("gre", lambda a: ["name", a, "type", "gre", "local", HOSTS["us"][0], "remote", THEM4], "198.18.67.")]
    for kind, words, net in kinds:
        try:
            for space, host in ((field.us, "1"), (field.them, "2")):
                argv = words("d" + kind)
                if space == field.them and "local" in argv:
                    i, j = argv.index("local") + 1, argv.index("remote") + 1
                    argv[i], argv[j] = argv[j], argv[i]
                netns.ip("-n", space, "link", "add", *argv)
                netns.ip("-n", space, "addr", "add", f"{net}{host}/24", "dev", "d" + kind)
                netns.ip("-n", space, "link", "set", "d" + kind, "up")
        except RuntimeError as e:
            tap(True, f"over a device of kind {kind} # SKIP {e}".replace("\n", " "))
            continue
        s = field.scan(net + "2", options=["--ports", "20001-22000"])
        tap(s.open == truth & set(SOME) and s.outcome == "done" and not s.filtered, f"over a device of kind {kind}", s)


def forged(field):
    """Nothing comes of an answer to what was not asked."""
    field.rules(field.them, "table inet f { chain i { type filter hook input priority 0; policy drop\n}\n}")
    p = field.start(field.them, FORGER, "wrong")
    s = field.scan(THEM4, options=["--ports", "24001-24200"])
    for i, words in enumerate(("another number", "another port", "another host", "an error about another packet", "other flags")):
        believed = {p for p in s.open | s.closed if p % 5 == i}
        tap(not believed, f"an answer with {words} creates nothing", believed)
    tap(len(s.filtered) == 200, "what was answered wrongly is as silent as if it were not", s)
    field.stop(p)
    p = field.start(field.them, FORGER, "right")
    s = field.scan(THEM4, options=["--ports", "24001-24200"])
    tap(len(s.open) == 200, "the same with all of it right is believed", s)
    field.stop(p)
    field.rules(field.them, "")


def half_open(field, truth):
    """Where our own firewall keeps the kernel from it, we end what a SYN-ACK began."""
    field.rules(field.us, "table inet f { chain i { type filter hook input priority 0; policy drop; ct state established accept\nmeta l4proto icmpv6 accept\n}\n}")
    s = field.scan(THEM4, options=["--ports", "20001-22000"])
    # what an earlier scan began over a link that lost our reset is not of this one
    left = [line for line in field.run(field.them, "ss", "-Hnt", "state", "syn-recv").splitlines()
            if HOSTS["us"][0] in line and 20001 <= int(line.split()[2].rsplit(":", 1)[1]) <= 22000]
    tap(s.open == truth & set(SOME), "behind our own firewall: every open port is found", s)
    tap(not left, "behind our own firewall: nothing is left half open", left)
    field.rules(field.us, "")


def nobody(field):
    s = field.scan("198.18.61.77", options=["--ports", "20001-20010"])
    tap(len(s.filtered) == 10, "an address that nobody has: filtered", s)


def main():
    netns.plan_skip(netns.why_not() or next((f"{t} is not installed" for t in ("nft", "ss") if not shutil.which(t)), None))
    dice = random.Random(os.environ.get("SEED", "6"))
    truth = set(dice.sample(range(1, 65536), 160)) | set(dice.sample(SOME, 40))
    truth -= {19999, 20000, *range(23000, 23020), *range(24001, 24201)}
    with Field("ps", sorted(truth)) as field:
        whole(field, truth)
        dropping(field, truth)
        rejecting(field)
        limiting(field, truth)
        forged(field)
        half_open(field, truth)
        nobody(field)
        devices(field, truth)
        routed(field, truth)
    print(f"1..{count}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
