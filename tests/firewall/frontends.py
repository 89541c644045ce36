#!/usr/bin/python3
"""The same comparison as kernel.py's, over rulesets that ufw and firewalld write: frontends.py --mode ufw|firewalld [--rounds N] …

Both run in the network namespace of the oracle and in a mount namespace of their own, over copies of their configuration; firewalld has a message
bus of its own there.
"""
import atexit
import ctypes
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

import kernel
import oracle
from rulesets import ADDR, PORTS

LOCAL_NETS = [n for fam in ("ip", "ip6") for n in ADDR[fam]["net"] if not n.startswith(("0.", "::/"))]


class Words:
    """Commands, one a line."""

    before = ()

    def __init__(self, seed):
        self.r = random.Random(f"{type(self).__name__} {seed}")
        self.doubtful = False
        self.lines = ["    " + self.one() for _ in range(self.r.randint(2, 9))]

    def port(self):
        return f"{self.r.choice(PORTS)}"

    def ports(self):
        a, b = sorted(self.r.sample(PORTS, 2))
        return self.r.choice([str(a), str(b), f"{a}:{b}"])

    def proto(self):
        return self.r.choice(["tcp", "tcp", "udp"])

    def net(self):
        return self.r.choice(LOCAL_NETS)


class Ufw(Words):
    def one(self):
        r, what = self.r, self.r.choice(["allow", "allow", "allow", "deny", "reject", "limit"])
        kind = r.randrange(7)
        if kind == 0:
            return f"default {r.choice(['allow', 'deny', 'reject'])} {r.choice(['incoming', 'routed'])}"
        if kind == 1:
            self.doubtful |= what == "limit"
            return f"{what} {self.port()}/{self.proto()}"
        if what == "limit":
            what = "allow"
        if kind == 2:
            return f"{what} {self.ports()}/{self.proto()}"
        if kind == 3:
            return f"{what} from {self.net()}"
        if kind == 4:
            return f"{what} in on {r.choice(['zc0', 'zc1'])} to any port {self.port()} proto {self.proto()}"
        if kind == 5:
            return f"route {what} in on {r.choice(['zc0', 'zc1'])} out on {r.choice(['d0', 'zc0'])}"
        return f"{what} from {self.net()} to any port {self.port()} proto {self.proto()}"


class Firewalld(Words):
    def one(self):
        r = self.r
        zone = r.choice(["public", "public", "home", "internal", "dmz", "work", "external", "drop", "block", "trusted"])
        kind = r.randrange(8)
        if kind == 0:
            return f"--zone={zone} --change-interface={r.choice(['zc0', 'zc1', 'd0'])}"
        if kind == 1:
            return f"--zone={zone} --add-source={self.net()}"
        if kind == 2:
            return f"--zone={zone} --add-port={self.ports().replace(':', '-')}/{self.proto()}"
        if kind == 3:
            return f"--zone={zone} --add-service={r.choice(['http', 'https', 'dns', 'redis', 'postgresql'])}"
        if kind == 4:
            to = r.choice(["toport=80", "toport=22:toaddr=10.80.0.5", "toaddr=10.80.0.6"])
            return f"--zone={zone} --add-forward-port=port={self.port()}:proto={self.proto()}:{to}"
        if kind == 5:
            return f"--zone={zone} --add-masquerade"
        if kind == 6:
            return f"--zone={zone} --add-icmp-block={r.choice(['echo-request', 'timestamp-request', 'echo-reply'])}"
        net = self.net()
        family = "ipv6" if ":" in net else "ipv4"
        return f"--zone={zone} --add-rich-rule=rule family={family} source address={net} port port={self.port()} protocol={self.proto()} {r.choice(['accept', 'drop', 'reject'])}"


class FrontEnd(kernel.Run):
    tools, folders = (), ()

    @classmethod
    def why_not(cls):
        return next((f"{t} is not installed" for t in cls.tools if not shutil.which(t)), None)

    def __init__(self, zc):
        self.own_mounts()
        super().__init__(zc)
        oracle.run("ip", "link", "set", "lo", "up")

    def own_mounts(self):
        """Their configuration is a copy, seen by this process and what it starts alone."""
        if ctypes.CDLL(None, use_errno=True).unshare(0x00020000):
            raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWNS)")
        oracle.run("mount", "--make-rprivate", "/")
        self.kept = tempfile.mkdtemp(prefix="zc-front-")
        atexit.register(shutil.rmtree, self.kept, ignore_errors=True)
        for i, path in enumerate(self.folders):
            for name in (f"first{i}", f"now{i}"):
                at = os.path.join(self.kept, name)
                shutil.copytree(path, at, symlinks=True) if os.path.isdir(path) else shutil.copy2(path, at)
            oracle.run("mount", "--bind", os.path.join(self.kept, f"now{i}"), path)

    def as_at_first(self):
        for i, path in enumerate(self.folders):
            first = os.path.join(self.kept, f"first{i}")
            if os.path.isdir(path):
                shutil.copytree(first, path, symlinks=True, dirs_exist_ok=True)
            else:
                shutil.copyfile(first, path)

    def load(self, lines):
        self.begin()
        stands = []
        for line in lines:
            r = self.say(line.strip())
            if r.returncode == 0:
                stands.append(line)
            else:
                key = (r.stderr.strip() or r.stdout.strip()).splitlines()[0][:80]
                self.refused[key] = self.refused.get(key, 0) + 1
        self.end()
        return stands


class UfwRun(FrontEnd):
    make, tools, folders = Ufw, ("ufw", "iptables", "ip6tables"), ("/etc/ufw", "/etc/default/ufw")

    def begin(self):
        self.kernel.flush()
        self.as_at_first()

    def say(self, line):
        return oracle.run("ufw", *line.split(), check=False)

    def end(self):
        oracle.run("ufw", "--force", "enable")


class FirewalldRun(FrontEnd):
    make, tools, folders = Firewalld, ("firewalld", "firewall-cmd", "dbus-daemon"), ("/etc/firewalld",)
    BUS = "unix:path=/run/dbus/system_bus_socket"

    def __init__(self, zc):
        super().__init__(zc)
        os.makedirs("/run/dbus", exist_ok=True)
        oracle.run("mount", "-t", "tmpfs", "none", "/run/dbus")
        os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = self.BUS
        self.start("dbus-daemon", "--system", "--nofork", "--nopidfile", f"--address={self.BUS}")
        for _ in range(200):
            if os.path.exists("/run/dbus/system_bus_socket"):
                break
            time.sleep(0.05)
        self.start("firewalld", "--nofork", "--nopid", "--log-target", "console")
        for _ in range(200):
            if self.say("--state").returncode == 0:
                return
            time.sleep(0.1)
        raise RuntimeError("firewalld does not start")

    @staticmethod
    def start(*argv):
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        atexit.register(process.wait)
        atexit.register(process.terminate)

    def begin(self):
        oracle.run("firewall-cmd", "--reload")

    def say(self, line):
        head, _, rich = line.partition(" --add-rich-rule=")
        return oracle.run("firewall-cmd", *head.split(), *([f"--add-rich-rule={rich}"] if rich else []), check=False)

    def end(self):
        pass


if __name__ == "__main__":
    kernel.MODES |= {"ufw": UfwRun, "firewalld": FirewalldRun}
    sys.exit(kernel.main())
