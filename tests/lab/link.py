#!/usr/bin/python3
"""A slow and lossy link between two network namespaces: `link.py NAMESPACE ADDRESS NAMESPACE ADDRESS DELAY_MS LOSS_PERCENT` makes a tun device
in each, with its address in a /30, and carries packets between them, each after DELAY_MS and, LOSS_PERCENT of them, not at all. The kernel
need not know netem. Says "ready" when packets pass, and ends when it is ended: the devices go with it."""
import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import netns  # noqa: E402

TUNSETIFF, IFF_TUN, IFF_NO_PI, CLONE_NEWNET = 0x400454CA, 0x0001, 0x1000, 0x40000000
MTU = 1500


def end(space, address):
    """A tun device in a namespace, up; its file."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"{netns.DIR}/{space}", "rb") as ns:
        if libc.setns(ns.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"entering {space}")
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", b"far0", IFF_TUN | IFF_NO_PI))
    netns.ip("-n", space, "addr", "add", f"{address}/30", "dev", "far0")
    netns.ip("-n", space, "link", "set", "far0", "txqueuelen", "1000", "up")
    return tun


def carry(ends, delay, loss):
    under_way, count, chance = [], 0, random.Random()
    while True:
        wait = max(0, under_way[0][0] - time.monotonic()) if under_way else None
        for tun in select.select(ends, [], [], wait)[0]:
            try:
                while True:
                    packet = os.read(tun, MTU + 100)
                    if chance.random() >= loss:
                        count += 1
                        heapq.heappush(under_way, (time.monotonic() + delay, count, ends[tun == ends[0]], packet))
            except BlockingIOError:
                pass
        while under_way and under_way[0][0] <= time.monotonic():
            _, _, to, packet = heapq.heappop(under_way)
            try:
                os.write(to, packet)
            except OSError:
                pass  # a full queue loses packets, as elsewhere


def main():
    a, address_a, b, address_b, delay, loss = sys.argv[1:]
    ends = [end(a, address_a), end(b, address_b)]
    print("ready", flush=True)
    carry(ends, float(delay) / 1000, float(loss) / 100)


if __name__ == "__main__":
    main()
