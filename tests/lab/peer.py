#!/usr/bin/python3
"""A peer that misbehaves: `peer.py ADDRESS MODE=PORT…` serves every mode at its port until it is ended. Whatever a scanner says to it,
it must cost its budget and no more."""
import os
import socket
import struct
import sys
import threading
import time


def stall(c):
    """Takes everything, says nothing, never closes."""
    while c.recv(65536):
        pass
    time.sleep(600)


def flood(c):
    """Says more than anyone wants, whoever asks."""
    while True:
        c.sendall(os.urandom(4096) * 16)


def lie(c):
    """A length that the bytes do not honour, in whatever is spoken."""
    asked = c.recv(65536)
    if asked[:1] == b"\x16":
        c.sendall(b"\x16\x03\x03\xff\xff\x02\xff\xff\xff\x03\x03" + b"R" * 64)
    elif asked[:4] in (b"GET ", b"HEAD", b"OPTI"):
        c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551617\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx")
    elif asked[:1] == b"*" or asked[:4] == b"PING":
        c.sendall(b"*2147483647\r\n$2147483647\r\nx")
    elif len(asked) >= 8 and struct.unpack(">I", asked[:4])[0] == 8:
        c.sendall(b"S" + b"not TLS at all")
    else:
        c.sendall(b"R\xff\xff\xff\xff\0\0\0\0E\0\0\0\4")


def trickle(c):
    """A byte at a time, each of them right."""
    for byte in b"HTTP/1.1 200 OK\r\nServer: slow\r\nX: " + b"a" * 100000:
        c.sendall(bytes([byte]))
        time.sleep(0.4)


def close(c):
    """Accepts and is gone."""


def reset(c):
    """Accepts, listens to what is said, and resets."""
    c.recv(1)
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def wrong(c):
    """Speaks first, and a protocol that nobody expects at the port."""
    c.sendall(b"* OK IMAP4rev1 \x1b[31m ready \x00\xff\xfe\r\n")
    while c.recv(65536):
        c.sendall(b"* BAD \x1b]0;owned\x07 what?\r\n")


def never(_):
    """The connection is made by the kernel alone; the program never accepts it."""


MODES = {f.__name__: f for f in (stall, flood, lie, trickle, close, reset, wrong, never)}


def one(behave, c):
    try:
        with c:
            behave(c)
    except OSError:
        pass


def accept(listener, behave):
    while True:
        try:
            c, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=one, args=(behave, c), daemon=True).start()


def serve(address, mode, port):
    """Starts serving in threads of this process; returns the listener, with its port when 0 was asked for."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(64)
    if mode != "never":
        threading.Thread(target=accept, args=(listener, MODES[mode]), daemon=True).start()
    return listener


def main():
    if len(sys.argv) < 3 or any(a.partition("=")[0] not in MODES for a in sys.argv[2:]):
        print(f"peer.py ADDRESS MODE=PORT…, of the modes {' '.join(MODES)}", file=sys.stderr)
        sys.exit(2)
    kept = [serve(sys.argv[1], m, int(p)) for m, _, p in (a.partition("=") for a in sys.argv[2:])]
    while kept:
        time.sleep(3600)


if __name__ == "__main__":
    main()
