"""Network namespaces for tests: made under names of our own, entered by their file (which works in a chroot too, where `ip netns exec`
cannot remount /sys), and removed again."""
import os
import shutil
import subprocess
import sys

DIR = "/run/netns"


def inside(name, *argv):
    """The command line that runs argv in the namespace."""
    return ["nsenter", f"--net={DIR}/{name}", "--", *argv]


def ip(*argv, check=True):
    r = subprocess.run(["ip", *argv], capture_output=True, text=True, check=False)
    if check and r.returncode:
        raise RuntimeError(f"ip {' '.join(argv)}: {r.stderr.strip()}")
    return r


def add(name):
    ip("netns", "add", name)
    ip("-n", name, "link", "set", "lo", "up")


def delete(name):
    ip("netns", "del", name, check=False)


def why_not(veth=True):
    """None where namespaces can be made, joined by a veth pair and entered; else why not, for the reason of a skip."""
    if os.geteuid() != 0:
        return "needs root for network namespaces"
    for tool in ("ip", "nsenter"):
        if not shutil.which(tool):
            return f"{tool} is not installed"
    one, two = f"zcq{os.getpid()}a", f"zcq{os.getpid()}b"
    try:
        add(one)
        add(two)
        r = subprocess.run(inside(one, "true"), capture_output=True, text=True, check=False)
        if r.returncode:
            return "a network namespace cannot be entered here: " + r.stderr.strip()
        if veth:
            ip("link", "add", "v0", "netns", one, "type", "veth", "peer", "name", "v0", "netns", two)
    except RuntimeError as e:
        return f"no network namespaces here: {e}"
    finally:
        delete(one)
        delete(two)
    return None


def plan_skip(reason):
    """Ends a test that cannot run here, counted as skipped."""
    if reason:
        print("1..0 # SKIP " + " ".join(reason.split()))
        sys.exit(0)
