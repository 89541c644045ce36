#!/usr/bin/python3
"""Writes all that nf_tables says of this network namespace to standard output, in the order in which zerocrit asks: for tests/corpus/fwmodel.
With a family and a table ("ip6 nat"), that legacy table as legacy_fuzz.c takes it: for tests/corpus/legacy."""
import ctypes
import socket
import struct
import sys

NETLINK_NETFILTER, NFT = 12, 10
TABLES, CHAINS, SETS, RULES, ELEMENTS, OBJECTS, FLOWTABLES = 1, 4, 10, 7, 13, 19, 23
REQUEST, DUMP = 1, 0x300


def attr(kind, text):
    data = text + b"\0"
    return struct.pack("=HH", 4 + len(data), kind) + data + b"\0" * (-len(data) % 4)


def messages(data):
    while len(data) >= 16:
        size, kind = struct.unpack_from("=IH", data)
        yield kind, data[:size]
        data = data[(size + 3) & ~3:]


def ask(sock, what, family=0, attrs=b""):
    body = struct.pack("=BBH", family, 0, 0) + attrs
    sock.send(struct.pack("=IHHII", 16 + len(body), NFT << 8 | what, REQUEST | DUMP, 1, 0) + body)
    while True:
        for kind, raw in messages(sock.recv(1 << 17)):
            if kind in (2, 3):
                return
            yield raw + b"\0" * (-len(raw) % 4)


def attrs(raw):
    data, out = raw[20:], {}
    while len(data) >= 4:
        size, kind = struct.unpack_from("=HH", data)
        out[kind & 0x3fff] = data[4:size]
        data = data[(size + 3) & ~3:]
    return out


def legacy(family, table):
    """Its number, struct ipt_getinfo, its entries (IPT_SO_GET_INFO and IPT_SO_GET_ENTRIES)."""
    domain, level = (socket.AF_INET6, socket.IPPROTO_IPV6) if family == "ip6" else (socket.AF_INET, socket.IPPROTO_IP)
    libc = ctypes.CDLL(None, use_errno=True)
    with socket.socket(domain, socket.SOCK_RAW, socket.IPPROTO_RAW) as s:
        def ask(what, size):
            buf, n = ctypes.create_string_buffer(table.encode().ljust(32, b"\0") + struct.pack("=I", max(0, size - 40)) + bytes(max(48, size - 36))), ctypes.c_uint32(size)
            if libc.getsockopt(s.fileno(), level, what, buf, ctypes.byref(n)):
                raise OSError(ctypes.get_errno(), f"{family} {table}")
            return buf.raw[:size]

        info = ask(64, 84)
        entries = ask(65, 40 + struct.unpack_from("=I", info, 80)[0])[40:]
    sys.stdout.buffer.write(bytes([("filter", "nat", "mangle", "raw").index(table) | (4 if family == "ip6" else 0)]) + info + entries)


def main():
    if len(sys.argv) == 3:
        legacy(*sys.argv[1:])
        return
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    sock.bind((0, 0))
    out, sets = sys.stdout.buffer, []
    for what in (TABLES, CHAINS, SETS, RULES, OBJECTS, FLOWTABLES):
        for raw in ask(sock, what):
            out.write(raw)
            if what == SETS:
                a = attrs(raw)
                sets.append((raw[16], a[1].rstrip(b"\0"), a[2].rstrip(b"\0")))
    for family, table, name in sets:
        for raw in ask(sock, ELEMENTS, family, attr(1, table) + attr(2, name)):
            out.write(raw)


main()
