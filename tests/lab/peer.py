#!/usr/bin/python3
"""A peer that misbehaves: `peer.py ADDRESS MODE=PORT…` serves every mode at its port until it is ended. Whatever a scanner says to it,
it must cost its budget and no more. Tests serve a mode behind something that is right, too: `behind()`."""
import os
import socket
import ssl
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


def right(c):
    """The beginning of a right answer to what was asked; whole where one word is an answer. False: no idea what was asked."""
    asked = c.recv(65536)
    for begins, answer in RIGHT.items():
        if asked.startswith(begins):
            c.sendall(answer)
            return True
    return False


RIGHT = {
    b"\x16": b"\x16\x03\x03\x00\x5a\x02\x00\x00\x56\x03\x03" + b"R" * 16,
    b"GET ": b"HTTP/1.1 200 OK\r\nServer: half\r\n",
    b"*1\r\n$4\r\nPING": b"+PONG\r\n",
    b"\0\0\0\x08": b"S",
    b"\0\0\0": b"R\0\0\0\x08\0\0",
}


def half(c):
    """Begins as it should, and stalls."""
    if right(c):
        stall(c)


def gush(c):
    """Begins as it should, and floods."""
    if right(c):
        flood(c)


def never(_):
    """The connection is made by the kernel alone; the program never accepts it."""


MODES = {f.__name__: f for f in (stall, flood, lie, trickle, close, reset, wrong, half, gush, never)}


def behind(certificate, preamble, handshake, behave):
    """The mode behind SSLRequest (`preamble`) and a TLS handshake (`handshake`) that go as they should."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def talk(c):
        if preamble and c.recv(8) == struct.pack(">II", 8, 80877103):
            c.sendall(b"S")
        elif preamble:
            return
        if handshake:
            with context.wrap_socket(c, server_side=True) as t:
                behave(t)
        else:
            behave(c)

    return talk


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


def serve(address, mode, port, behave=None):
    """Starts serving in threads of this process; returns the listener, with its port when 0 was asked for. @behave: instead of the mode's own."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(64)
    if mode != "never":
        threading.Thread(target=accept, args=(listener, behave or MODES[mode]), daemon=True).start()
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
