#!/usr/bin/python3 -IS
# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers that say who asked them, and clients, for the tests of portmap.

talk.py serve NAME READY PROTOCOL/PORT...
    Answer on these ports, IPv4 and IPv6, with "NAME CLIENT PORT", and print
    that, too. READY is a file made when all of them listen.
talk.py ask [-t SECONDS] [-s PORT] [-1] [-k SECONDS] PROTOCOL/ADDRESS/PORT...
    Ask all at once, and print a line for each: the answer, or "refused",
    "unreachable", "timeout". -t: wait so long (5). -s: the source port. -1:
    send a datagram once, not every half second. -k: afterwards keep the
    connections for so long.

sctp is the opening of an association on a raw socket, INIT and INIT ACK, for
kernels without SCTP: the answer is in the cookie. That is all that address
translation looks at.
"""
import errno
import os
import selectors
import socket
import struct
import sys
import time

SCTP = 132
TYPES = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


# ---- SCTP ----

def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def sctp_packet(source, dest, vtag, kind, cookie=b""):
    padded = cookie + b"\0" * (-len(cookie) % 4)
    body = struct.pack("!IIHHI", 0x1234, 65536, 1, 1, 1)
    if cookie:
        body += struct.pack("!HH", 7, 4 + len(cookie)) + padded
    chunk = struct.pack("!BBH", kind, 0, 4 + len(body)) + body
    head = struct.pack("!HHI", source, dest, vtag)
    crc = struct.pack("<I", crc32c(head + b"\0\0\0\0" + chunk))
    return head + crc + chunk


def sctp_parse(sock, data):
    """Source port, destination port, chunk type, cookie."""
    if sock.family == socket.AF_INET:
        data = data[(data[0] & 15) * 4:]
    if len(data) < 32:
        return None
    source, dest = struct.unpack("!HH", data[:4])
    size = struct.unpack("!H", data[34:36])[0] - 4 if len(data) > 36 else 0
    return source, dest, data[12], data[36:36 + size]


# ---- The servers ----

def answer(name, client, port):
    if client.startswith("::ffff:"):
        client = client[7:]
    text = f"{name} {client} {port}"
    print(text, flush=True)
    return text.encode() + b"\n"


def listen(kind, port):
    if kind == "sctp":
        for family in socket.AF_INET, socket.AF_INET6:
            yield socket.socket(family, socket.SOCK_RAW, SCTP)
        return
    sock = socket.socket(socket.AF_INET6, TYPES[kind])
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    sock.bind(("::", port))
    if kind == "tcp":
        sock.listen(128)
    yield sock


def answer_tcp(name, port, sock, select):
    client, peer = sock.accept()
    client.send(answer(name, peer[0], port))
    select.register(client, selectors.EVENT_READ, drain)


def drain(sock, select):
    try:
        if sock.recv(4096):
            return
    except OSError:
        pass
    select.unregister(sock)
    sock.close()


def answer_udp(name, port, sock, _select):
    """From the address that was asked, which needs not be the first."""
    _, info, _, peer = sock.recvmsg(4096, 256)
    asked = [(level, kind, data[:16] + bytes(4)) for level, kind, data in info
             if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO)]
    sock.sendmsg([answer(name, peer[0], port)], asked, 0, peer)


def answer_sctp(name, port, sock, _select):
    data, peer = sock.recvfrom(4096)
    got = sctp_parse(sock, data)
    if got and got[1] == port and got[2] == 1:
        cookie = answer(name, peer[0], port)
        sock.sendto(sctp_packet(port, got[0], 0x1234, 2, cookie),
                    (peer[0], 0) + tuple(peer[2:]))


ANSWERS = {"tcp": answer_tcp, "udp": answer_udp, "sctp": answer_sctp}


def bound(function, name, port):
    return lambda sock, select: function(name, port, sock, select)


def serve(name, ready, *ports):
    select = selectors.DefaultSelector()
    for text in ports:
        kind, port = text.split("/")
        for sock in listen(kind, int(port)):
            select.register(sock, selectors.EVENT_READ,
                            bound(ANSWERS[kind], name, int(port)))
    with open(ready, "w"):
        pass
    end = time.monotonic() + 300
    while time.monotonic() < end:
        for key, _ in select.select(10):
            try:
                key.data(key.fileobj, select)
            except OSError:
                pass


# ---- The clients ----

class Question:
    """One of those that are asked; .answer is None while there is none."""

    def __init__(self, text, port):
        self.kind, self.address, self.port = text.split("/")
        self.port = int(self.port)
        self.answer = None
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        self.source = port or 20000 + int.from_bytes(os.urandom(2), "big") // 2
        if self.kind == "sctp":
            self.sock = socket.socket(family, socket.SOCK_RAW, SCTP)
        else:
            self.sock = socket.socket(family, TYPES[self.kind])
            if port:
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                self.sock.bind(("", port))
        self.sock.setblocking(False)

    def connect(self):
        self.attempt(lambda: self.sock.connect(
            (self.address, 0 if self.kind == "sctp" else self.port)))
        if self.answer is None:
            self.send()

    def send(self):
        if self.kind == "udp":
            self.attempt(lambda: self.sock.send(b"who\n"))
        elif self.kind == "sctp":
            self.attempt(lambda: self.sock.send(
                sctp_packet(self.source, self.port, 0, 1)))

    def receive(self):
        data = self.attempt(lambda: self.sock.recv(4096))
        if self.kind == "sctp" and data:
            got = sctp_parse(self.sock, data)
            if not got or got[1] != self.source or got[2] != 2:
                return
            data = got[3] if got[0] == self.port else b"wrong port"
        if data is not None:
            self.answer = data.decode().strip() or "closed"

    def attempt(self, call):
        try:
            return call()
        except BlockingIOError:
            return None
        except OSError as error:
            self.answer = {
                errno.ECONNREFUSED: "refused",
                errno.ENOPROTOOPT: "refused",
                errno.EPROTO: "refused",
                errno.ECONNRESET: "reset",
                errno.EHOSTUNREACH: "unreachable",
                errno.ENETUNREACH: "unreachable",
            }.get(error.errno, f"{errno.errorcode[error.errno]}")
            return None


def options(args):
    found = {"-t": 5.0, "-s": 0, "-1": False, "-k": 0.0}
    while args and args[0].startswith("-"):
        key = args.pop(0)
        found[key] = True if key == "-1" else type(found[key])(args.pop(0))
    return found


def wait(select, questions, opts):
    now = time.monotonic()
    end, again = now + opts["-t"], now + 0.5
    while now < end and any(q.answer is None for q in questions):
        for key, _ in select.select(max(0, min(end, again) - now)):
            question = key.data
            if question.answer is None:
                question.receive()
            if question.answer is not None:
                select.unregister(question.sock)
        now = time.monotonic()
        if now >= again:
            again += 0.5
            for question in questions:
                if question.answer is None and not opts["-1"]:
                    question.send()


def ask(*args):
    args = list(args)
    opts = options(args)
    questions = [Question(text, opts["-s"]) for text in args]
    select = selectors.DefaultSelector()
    for question in questions:
        question.connect()
        if question.answer is None:
            select.register(question.sock, selectors.EVENT_READ, question)
    wait(select, questions, opts)
    for question in questions:
        print(question.answer or "timeout", flush=True)
    time.sleep(opts["-k"])


if __name__ == "__main__":
    {"serve": serve, "ask": ask}[sys.argv[1]](*sys.argv[2:])
