#!/usr/bin/python3
"""Writes all that nf_tables says of this network namespace to standard output, in the order in which zerocrit asks: for tests/corpus/fwmodel."""
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


def main():
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
