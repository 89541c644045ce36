#!/usr/bin/python3
"""Where readers of rulesets go wrong, one by one: what the kernel does with a packet, what reach says, and what both should say.

A row: a name, a ruleset in nft's language, and packets with the answer. "possible" is for what no one packet can show. Prints TAP.
"""
import json
import os
import subprocess
import sys

import oracle


def p(dport=22, answer="accept", **more):
    """A packet to this host from afar, and the answer."""
    packet = {"iif": "zc0", "family": "ip", "protocol": "tcp", "saddr": "203.0.113.7", "daddr": "10.77.0.1", "sport": 40000, "dport": dport}
    packet.update(more)
    return packet, answer


def icmp(answer, kind=8, **more):
    packet, _ = p(**{"protocol": "icmp", "type": kind, "code": 0, **more})
    del packet["sport"], packet["dport"]
    return packet, answer


def icmp6(answer, kind=128, **more):
    return icmp(answer, kind, **{"family": "ip6", "protocol": "icmpv6", "saddr": "2001:db8::9", "daddr": "fd77::1", **more})


def six(dport, answer, **more):
    return p(dport, answer, **{"family": "ip6", "saddr": "2001:db8::9", "daddr": "fd77::1", **more})


def beyond(dport, answer, **more):
    """To the network behind this host."""
    return p(dport, answer, **{"daddr": "10.80.0.5", **more})


def table(body, family="inet", name="t"):
    return f"table {family} {name} {{\n{body}\n}}\n"


def chain(hook, rules, priority=0, policy="accept", kind="filter", name=None):
    return f"chain {name or hook} {{ type {kind} hook {hook} priority {priority}; policy {policy};\n{rules}\n}}\n"


def user(name, rules):
    return f"chain {name} {{\n{rules}\n}}\n"


DROP = "drop"
DEEP = "".join(user(f"c{n}", f"jump c{n - 1}" if n else "tcp dport 22 accept") for n in range(14))

TRAPS = [
    ("accept ends one base chain, not the hook",
     table(chain("input", "tcp dport { 22, 80 } accept", -10, name="a") + chain("input", "tcp dport { 80, 443 } accept", 0, DROP, name="b")),
     [p(22, DROP), p(80), p(443), p(25, DROP)]),
    ("a drop in raw prerouting stands", table(chain("prerouting", "tcp dport 22 drop", -300) + chain("input", "tcp dport 22 accept")), [p(22, DROP), p(23)]),
    ("a drop at ingress stands", table('chain i { type filter hook ingress device "zc0" priority 0;\ntcp dport 22 drop\n}', "netdev") + table(chain("input", "accept")), [p(22, DROP), p(22, iif="zc1", daddr="10.78.0.1")]),
    ("at equal priority the later registered runs first", table(chain("input", "meta mark 1 drop", name="first") + chain("input", "tcp dport 22 meta mark set 1", name="second")), [p(22, DROP), p(23)]),
    ("the earlier registered does not set what the later reads", table(chain("input", "tcp dport 22 meta mark set 1", name="first") + chain("input", "meta mark 1 drop", name="second")), [p(22)]),
    ("after goto the end is the policy", table(user("c", "tcp dport 22 accept") + chain("input", "goto c\naccept", policy=DROP)), [p(22), p(23, DROP)]),
    ("jump, goto, return comes back after the jump", table(user("b", "return") + user("a", "goto b\ndrop") + chain("input", "jump a\ntcp dport 22 accept", policy=DROP)), [p(22), p(23, DROP)]),
    ("return in a base chain is the policy", table(chain("input", "tcp dport 22 return\naccept", policy=DROP)), [p(22, DROP), p(23)]),
    ("a table of user chains decides nothing", table(user("c", "drop")), [p(22)]),
    ("a dormant table is inert", "table inet t { flags dormant;\n" + chain("input", "drop") + "}\n", [p(22)]),
    ("input sees the port after redirect", table(chain("prerouting", "tcp dport 8080 redirect to :80", -100, kind="nat") + chain("input", "tcp dport 8080 accept\ntcp dport 80 accept", policy=DROP)), [p(8080), p(80), p(81, DROP)]),
    ("ct original keeps the port before", table(chain("prerouting", "tcp dport 8080 redirect to :80", -100, kind="nat") + chain("input", "meta l4proto tcp ct original proto-dst 8080 accept", policy=DROP)), [p(8080), p(80, DROP)]),
    ("what is translated away passes forward, not input", table(chain("prerouting", "tcp dport 8080 dnat ip to 10.80.0.5:80", -100, kind="nat") + chain("input", "", policy=DROP)), [p(8080), p(80, DROP)]),
    ("ct status tells what was translated", table(chain("prerouting", "tcp dport 8080 redirect to :80", -100, kind="nat") + chain("input", "ct status dnat accept", policy=DROP)), [p(8080), p(80, DROP)]),
    ("a nat chain without connection tracking does nothing", table(chain("prerouting", "tcp dport 22 accept", -100, DROP, "nat"), "ip"), [p(22), p(23)]),
    ("one ct expression elsewhere wakes it", table(chain("prerouting", "tcp dport 22 accept", -100, DROP, "nat") + chain("input", "ct state new counter"), "ip"), [p(22), p(23, DROP)]),
    ("a nat chain runs at -100 whatever its priority", table(chain("prerouting", "tcp dport 8080 redirect to :80", -150, kind="nat", name="n") + chain("prerouting", "tcp dport 8080 drop", -120)), [p(8080, DROP), p(80)]),
    ("only one nat chain translates", table(chain("prerouting", "tcp dport 8080 redirect to :80", -110, kind="nat", name="n") + chain("prerouting", "tcp dport 8080 redirect to :81", -100, kind="nat", name="m") + chain("input", "tcp dport 80 accept", policy=DROP)), [p(8080)]),
    ("notrack is neither new nor invalid", table(chain("prerouting", "tcp dport 22 notrack", -300) + chain("input", "ct state new,invalid,established accept", policy=DROP)), [p(22, DROP), p(23)]),
    ("ct state untracked", table(chain("prerouting", "tcp dport 22 notrack", -300) + chain("input", "ct state untracked accept", policy=DROP)), [p(22), p(23, DROP)]),
    ("before connection tracking every state is invalid", table(chain("prerouting", "ct state != invalid drop", -300) + chain("input", "ct state new accept", policy=DROP)), [p(22)]),
    ("without an entry ct mark does not match, nor does !=", table(chain("prerouting", "notrack", -300) + chain("input", "ct mark 0 accept\nct mark != 0 accept", policy=DROP)), [p(22, DROP)]),
    ("an acknowledgement of nothing is invalid", table(chain("input", "ct state invalid drop")), [p(22, DROP, flags="syn,ack"), p(22, DROP, flags="rst"), p(22, DROP, flags=""), p(22)]),
    ("an echo reply to nothing is invalid", table(chain("input", "ct state new accept", policy=DROP)), [icmp(DROP, 0), icmp("accept", 8)]),
    ("neighbour discovery is untracked", table(chain("input", "ct state untracked accept", policy=DROP)), [icmp6("accept", 135, ttl=255), icmp6(DROP, 128)]),
    ("tcp flags syn is any packet with it", table(chain("input", "tcp flags syn accept", policy=DROP)), [p(22), p(22, flags="syn,ack"), p(22, DROP, flags="ack")]),
    ("tcp flags in a set is the whole byte", table(chain("input", "tcp flags { syn, ack } accept", policy=DROP)), [p(22), p(22, DROP, flags="syn,ece,cwr")]),
    ("tcp flags under a mask", table(chain("input", "tcp flags syn / fin,syn,rst,ack accept", policy=DROP)), [p(22), p(22, flags="syn,ece,cwr"), p(22, DROP, flags="syn,ack")]),
    ("ct state in a set is equality", table(chain("input", "ct state { established, related } accept", policy=DROP)), [p(22, DROP)]),
    ("continue in a verdict map goes on with the rule", table(chain("input", "tcp dport vmap { 22 : continue, 23 : drop }\ntcp dport 22 accept", policy=DROP)), [p(22), p(23, DROP)]),
    ("an interface name is whole unless it ends in a star", table(chain("input", 'iifname "zc" drop\niifname "zc*" accept', policy=DROP)), [p(22)]),
    ("th dport is of every protocol", table(chain("input", "th dport 53 drop")), [p(53, DROP), p(53, DROP, protocol="udp"), p(54)]),
    ("a load past the end does not match, nor does !=", table(chain("input", "@th,400,8 1 accept\n@th,400,8 != 1 accept", policy=DROP)), [p(22, DROP)]),
    ("tables of one family do not see the other", table(chain("input", "", policy=DROP), "ip6"), [p(22), six(22, DROP)]),
    ("bytes without a guard are bytes of both families", table(chain("input", "@nh,0,4 4 accept", policy=DROP)), [p(22), six(22, DROP)]),
    ("reject and drop are told apart", table(chain("input", "tcp dport 22 reject with tcp reset\ntcp dport 23 reject\ntcp dport 24 drop")), [p(22, "reject"), p(23, "reject"), p(24, DROP)]),
    ("a mark set in raw is seen at input", table(chain("prerouting", "tcp dport 22 meta mark set 7", -300) + chain("input", "meta mark 7 accept", policy=DROP)), [p(22), p(23, DROP)]),
    ("a mark in a range is a number, not bytes", table(chain("prerouting", "tcp dport 22 meta mark set 0x100\ntcp dport 23 meta mark set 0x10000", -300) + chain("input", "meta mark 2-0x1ff accept", policy=DROP)), [p(22), p(23, DROP)]),
    ("ct mark stays with the connection", table(chain("prerouting", "tcp dport 22 ct mark set 7", -150) + chain("input", "ct mark 7 accept", policy=DROP)), [p(22), p(23, DROP)]),
    ("iif lo is not this", table(chain("input", 'iif "lo" accept', policy=DROP)), [p(22, DROP)]),
    ("fib daddr type local asks the routes", table(chain("prerouting", "fib daddr type local accept", policy=DROP)), [p(22, daddr="10.99.1.2"), beyond(22, DROP)]),
    ("fib with iif asks of one device", table(chain("prerouting", "fib daddr . iif type local accept", policy=DROP)), [p(22), p(22, DROP, iif="zc1")]),
    ("fib saddr oif", table(chain("prerouting", "fib saddr . iif oif exists accept", policy=DROP)), [p(22), p(22, DROP, iif="zc1")]),
    ("jumps fourteen deep come back", table(DEEP + chain("input", "jump c13\ntcp dport 23 accept", policy=DROP)), [p(22), p(23), p(24, DROP)]),
    ("a narrow element before a wide one", table("set s { type ipv4_addr . inet_service; flags interval; }\nmap m { type ipv4_addr . inet_service : verdict; flags interval;\nelements = { 203.0.113.0/24 . 22 : drop, 203.0.0.0/16 . 20-30 : accept }\n}\n" + chain("input", "ip saddr . tcp dport vmap @m", policy=DROP)),
     [p(22, DROP), p(23), p(31, DROP)]),
    ("a catchall element takes the rest", table(chain("input", "tcp dport vmap { 22 : accept, * : drop }")), [p(22), p(23, DROP)]),
    ("the last interval has no end", table("set s { type inet_service; flags interval; elements = { 0-21, 1024-65535 } }\n" + chain("input", "tcp dport @s accept", policy=DROP)), [p(65535), p(21), p(22, DROP), p(1023, DROP), p(1024)]),
    ("a hop is counted before forward", table(chain("forward", "ip ttl 63 accept", policy=DROP)), [beyond(22, "accept", ttl=64), beyond(22, DROP, ttl=63)]),
    ("what ends its hops here is not forwarded", table(chain("forward", "accept")), [beyond(22, DROP, ttl=1), beyond(22, "accept", ttl=2)]),
    ("forwarded packets pass postrouting", table(chain("postrouting", 'oifname "d0" tcp dport 22 drop')), [beyond(22, DROP), beyond(23, "accept")]),
    ("input has no output interface", table(chain("input", "oif 0 accept", policy=DROP)), [p(22)]),
    ("a loopback source from outside is a martian", table(chain("input", "accept")), [p(22, DROP, saddr="127.0.0.1"), p(22, DROP, daddr="127.0.0.1")]),
    ("an own address as source is a martian", table(chain("input", "accept")), [p(22, DROP, saddr="10.78.0.1")]),
    ("IPv6 takes its own address as a source", table(chain("input", "accept")), [six(22, "accept", saddr="fd78::1"), six(22, DROP, saddr="::1")]),
    ("a multicast source is a martian", table(chain("input", "accept")), [p(22, DROP, saddr="224.0.0.1")]),
    ("payload that a rule writes is what later rules read", table(chain("prerouting", "ip ttl set 5", -300) + chain("input", "ip ttl 5 accept", policy=DROP)), [p(22)]),
    ("dnat by a map", table("map m { type inet_service : ipv4_addr; elements = { 8080 : 10.80.0.5 } }\n" + chain("prerouting", "dnat ip to tcp dport map @m", -100, kind="nat") + chain("input", "", policy=DROP)), [p(8080), p(80, DROP)]),
    ("what may be limited is possible", table(chain("input", "limit rate 1/hour burst 1 packets accept", policy=DROP)), [p(22, "possible")]),
    ("what depends on the hour is possible", table(chain("input", 'meta hour "00:00"-"12:00" accept', policy=DROP)), [p(22, "possible")]),
    ("a limit on what is only counted does not matter", table(chain("input", "limit rate 1/hour counter\ntcp dport 22 accept", policy=DROP)), [p(22), p(23, DROP)]),
    ("chance that cannot matter is certain", table(chain("input", "numgen random mod 2 0 accept\naccept", policy=DROP)), [p(22)]),
]


def reach(zc, packets):
    r = subprocess.run([zc, "reach", "--packets", "-"], input="".join(json.dumps(one) + "\n" for one in packets), capture_output=True, text=True, check=False)
    return [json.loads(row) for row in r.stdout.splitlines()], r.stderr.strip()


def wrong(packet, answer, kernel, ours):
    """None when all three say the same."""
    if answer == "possible":
        return None if ours.get("certainty") == "possible" else f"{json.dumps(packet)}: reach says {json.dumps(ours)}, which is not certain"
    if ours.get("verdict") == answer and ours.get("certainty") == "certain" and kernel == answer:
        return None
    return f"{json.dumps(packet)}: expected {answer}, the kernel says {kernel}, reach says {json.dumps(ours)}"


def row(zc, kernel, text, asked):
    kernel.flush()
    r = oracle.run("nft", "-f", "-", stdin=text, check=False)
    if r.returncode:
        return "the ruleset does not load: " + r.stderr.strip()
    packets = [packet for packet, _ in asked]
    ours, why = reach(zc, packets)
    if len(ours) != len(packets):
        return f"reach gave {len(ours)} lines: {why}"
    for (packet, answer), k, o in zip(asked, kernel.verdicts(packets), ours):
        said = wrong(packet, answer, k, o)
        if said:
            return said
    return None


def main():
    zc = os.path.abspath(os.environ.get("ZC", "build/zerocrit"))
    reason = oracle.why_not()
    if reason:
        print("1..0 # SKIP " + " ".join(reason.split()))
        return 0
    oracle.new_namespace()
    kernel = oracle.Kernel()
    oracle.run("ip", "route", "add", "local", "10.99.0.0/16", "dev", "lo")
    bad = 0
    for n, (name, text, asked) in enumerate(TRAPS, 1):
        said = row(zc, kernel, text, asked)
        bad += said is not None
        print(f"{'not ' if said else ''}ok {n} - {name}")
        if said:
            print("# " + said.replace("\n", "\n# "))
    print(f"1..{len(TRAPS)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
