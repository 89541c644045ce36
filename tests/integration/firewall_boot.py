#!/usr/bin/python3
"""Is what runs also what boots? Rulesets in a namespace of our own, against the files of machines that we make up (a root folder each)."""
import json
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
import netns  # noqa: E402

try:
    import jsonschema
except ImportError:
    jsonschema = None

TOOL = os.path.join(os.environ.get("O", "build/obj/default"), "tests", "tool_host_probe")
SCHEMA = json.load(open("reports/schema/evidence.schema.json"))
NS = f"zcfp{os.getpid()}"
count = 0

FILTER = "table inet filter { chain input { type filter hook input priority 0; policy drop; tcp dport 22 accept; } }\n"
OTHER = "table inet other { chain input { type filter hook input priority 1; tcp dport 23 drop; } }\n"
IDLE = "table ip idle { chain c { } chain o { type filter hook output priority 0; } }\n"
DOCKER = "table ip nat { chain DOCKER { } chain PREROUTING { type nat hook prerouting priority -100; jump DOCKER; } }\n"
MIXED = "table ip filter { chain DOCKER-USER { } chain INPUT { type filter hook input priority 0; policy drop; tcp dport 22 accept; } }\n"
UFW = "table ip filter { chain ufw-user-input { } chain INPUT { type filter hook input priority 0; policy drop; jump ufw-user-input; } }\n"
WANTS = "etc/systemd/system/multi-user.target.wants"


def unit(name, enabled=True):
    files = {f"lib/systemd/system/{name}.service": "[Unit]\n"}
    if enabled:
        files[f"{WANTS}/{name}.service"] = ("link", f"/lib/systemd/system/{name}.service")
    return files


UFW_FILES = {"etc/ufw/before.rules": "*filter\nCOMMIT\n", "etc/ufw/after.rules": "*filter\nCOMMIT\n",
             "etc/ufw/before6.rules": "*filter\nCOMMIT\n", "etc/ufw/after6.rules": "*filter\nCOMMIT\n"}
UFW_BOTH = UFW + UFW.replace("table ip ", "table ip6 ")

# name, ruleset, files, boots, what is said to differ (a part of it)
CASES = [
    ("nothing runs, nothing boots", "", {}, "yes", None),
    ("what runs is loaded by nobody", FILTER, {}, "no", "loads the table inet filter"),
    ("the unit is there and not enabled", FILTER, {**unit("nftables", False), "etc/nftables.conf": FILTER}, "no", "inet filter"),
    ("enabled, and names it", FILTER, {**unit("nftables"), "etc/nftables.conf": "flush ruleset\n" + FILTER}, "yes", None),
    ("enabled, and does not name it", FILTER + OTHER, {**unit("nftables"), "etc/nftables.conf": FILTER}, "no", "inet other"),
    ("names one that does not run", FILTER, {**unit("nftables"), "etc/nftables.conf": FILTER + OTHER}, "no", "does not run: inet other"),
    ("a table that decides nothing does not matter", IDLE, {}, "yes", None),
    ("by an included file", FILTER, {**unit("nftables"), "etc/nftables.conf": 'include "/etc/nftables.d/*.nft"\n', "etc/nftables.d/a.nft": FILTER}, "yes", None),
    ("by a file beside it", FILTER, {**unit("nftables"), "etc/nftables.conf": 'include "a.nft"\n', "etc/a.nft": FILTER}, "yes", None),
    ("the included file is missing", FILTER, {**unit("nftables"), "etc/nftables.conf": 'include "/etc/none"\n'}, "unknown", None),
    ("files that include themselves", FILTER, {**unit("nftables"), "etc/nftables.conf": 'include "/etc/nftables.conf"\n' + FILTER}, "unknown", None),
    ("the configuration is missing", FILTER, unit("nftables"), "no", "inet filter"),
    ("a name that is a variable", FILTER, {**unit("nftables"), "etc/nftables.conf": "define t = filter\ntable inet $t { }\n"}, "unknown", None),
    ("the unit runs another command", FILTER, {**unit("nftables"), "etc/systemd/system/nftables.service.d/x.conf": "[Service]\nExecStart=\n"}, "unknown", None),
    ("masked", FILTER, {**unit("nftables"), "etc/nftables.conf": FILTER, "etc/systemd/system/nftables.service": ("link", "/dev/null")}, "no", "inet filter"),
    ("a script of the administrator's", FILTER, {"etc/rc.local": "#!/bin/sh\nnft -f /root/rules\n"}, "unknown", None),
    ("a unit of the administrator's", FILTER, {"etc/systemd/system/mine.service": "[Service]\nExecStart=/usr/sbin/nft -f /root/x\n"}, "unknown", None),
    ("saved rules", UFW_BOTH, {**unit("netfilter-persistent"), "etc/iptables/rules.v4": "*filter\nCOMMIT\n", "etc/iptables/rules.v6": "*filter\nCOMMIT\n"}, "yes", None),
    ("saved for IPv4 alone", UFW_BOTH, {**unit("netfilter-persistent"), "etc/iptables/rules.v4": "*filter\nCOMMIT\n"}, "no", "ip6 filter"),
    ("ufw", UFW_BOTH, {**unit("ufw"), **UFW_FILES, "etc/ufw/ufw.conf": "ENABLED=yes\n"}, "yes", None),
    ("ufw, switched off", UFW_BOTH, {**unit("ufw"), **UFW_FILES, "etc/ufw/ufw.conf": "ENABLED=no\n"}, "no", "ip filter"),
    ("ufw's service is on and ufw is off, which is no firewall", "", {**unit("ufw"), **UFW_FILES, "etc/ufw/ufw.conf": "ENABLED=no\n"}, "yes", None),
    ("ufw, whose file does not say", UFW_BOTH, {**unit("ufw"), **UFW_FILES, "etc/ufw/ufw.conf": "X=y\n"}, "unknown", None),
    ("firewalld is enabled and does not run", "", {**unit("firewalld"), "etc/firewalld/firewalld.conf": "FirewallBackend=nftables\n"}, "no", "inet firewalld"),
    ("firewalld", FILTER.replace("filter {", "firewalld {", 1), {**unit("firewalld"), "etc/firewalld/firewalld.conf": "DefaultZone=public\n"}, "yes", None),
    ("docker makes its own", DOCKER, {}, "yes", None),
    ("docker in a table of the administrator's", MIXED, {}, "unknown", None),
    ("a configuration that is a folder", FILTER, {**unit("nftables"), "etc/nftables.conf/x": "x"}, "unknown", None),
]


def ok(good, name, why=""):
    global count
    count += 1
    print(f"{'ok' if good else 'not ok'} {count} - {name}")
    if not good and why:
        print("\n".join("#  " + line for line in str(why).splitlines()))
    sys.stdout.flush()


def place(root, files):
    for path, text in files.items():
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        if isinstance(text, tuple):
            os.symlink(text[1], full)
        else:
            with open(full, "w") as f:
                f.write(text)


def probe(*root):
    r = subprocess.run([*netns.inside(NS), TOOL, "firewall", *root], capture_output=True, text=True, check=False)
    if r.returncode:
        raise RuntimeError(f"probe: {r.returncode} {r.stdout} {r.stderr}")
    value = json.loads(r.stdout)["value"]
    if jsonschema:
        jsonschema.validate(value, {**SCHEMA["$defs"]["firewall"], "$defs": SCHEMA["$defs"]})
    return value["persistence"]


def main():
    netns.plan_skip(netns.why_not(veth=False))
    netns.add(NS)
    try:
        for name, ruleset, files, boots, differs in CASES:
            subprocess.run([*netns.inside(NS), "nft", "-f", "-"], input="flush ruleset\n" + ruleset.replace("}", "}\n"), text=True, check=True)
            with tempfile.TemporaryDirectory() as root:
                place(root, {"etc/hostname": "made-up\n", **files})
                p = probe(root)
            good = p["boots"] == boots and (("differs" in p) == (boots != "unknown"))
            good = good and (differs is None or any(differs in d for d in p["differs"])) and (boots != "yes" or p["differs"] == [])
            ok(good, f"{name}: {boots}", json.dumps(p, indent=1))
        ok(probe() is None, "without a root, files of the machine say nothing of a namespace")
    finally:
        netns.delete(NS)
    print(f"1..{count}")


main()
