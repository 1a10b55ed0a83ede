#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Stand-ins for what callers of a runtime have: sockets that take descriptors.

  receive.py console SOCKET   the terminal of a container: what it says, until
                              it is closed
  receive.py notify SOCKET STATE  a seccomp listener: keeps the state it is sent
                              in the file STATE, answers every call with the
                              errno 123 (ENOMEDIUM)
  receive.py pty COMMAND...   run COMMAND on a terminal, 24 by 80
"""
import array
import fcntl
import os
import pty
import socket
import struct
import subprocess
import sys
import termios


def listen(path):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.bind(path)
    sock.listen(1)
    return sock


def receive(path):
    """One message: its bytes and descriptors."""
    conn, _ = listen(path).accept()
    data, control, _, _ = conn.recvmsg(65536, socket.CMSG_SPACE(16 * 4))
    fds = array.array("i")
    for level, kind, value in control:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(value[: len(value) - len(value) % fds.itemsize])
    return data, list(fds)


def copy(fd):
    while True:
        try:
            data = os.read(fd, 4096)
        except OSError:  # EIO: the other side is closed
            return
        if not data:
            return
        os.write(1, data.replace(b"\r\n", b"\n"))


def console(path):
    data, fds = receive(path)
    os.write(1, b"name=%s fds=%d\n" % (data, len(fds)))
    copy(fds[0])


def notify(path, state):
    data, fds = receive(path)
    with open(state + ".new", "wb") as file:
        file.write(data)
    os.rename(state + ".new", state)
    recv, send = 0xC0502100, 0xC0182101
    while True:
        request = bytearray(80)
        try:
            fcntl.ioctl(fds[-1], recv, request)
            ident = struct.unpack_from("Q", request)[0]
            fcntl.ioctl(fds[-1], send, struct.pack("QqiI", ident, 0, -123, 0))
        except OSError:
            return


def on_pty(command):
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

    def take():
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    # pylint: disable=subprocess-popen-preexec-fn
    program = subprocess.Popen(
        command, stdin=child, stdout=child, stderr=child, preexec_fn=take
    )
    os.close(child)
    copy(parent)
    sys.exit(program.wait())


def manager(path):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(path)
    sock.settimeout(0.5)
    while os.path.exists(path):
        try:
            data, control, _, _ = sock.recvmsg(4096, socket.CMSG_SPACE(16 * 4))
        except TimeoutError:
            continue
        if not data.startswith(b"BARRIER"):
            os.write(1, data.rstrip(b"\n") + b"\n")
        for level, kind, fds in control:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                for at in range(0, len(fds), 4):
                    os.close(struct.unpack_from("i", fds, at)[0])


if sys.argv[1] == "console":
    console(sys.argv[2])
elif sys.argv[1] == "manager":
    manager(sys.argv[2])
elif sys.argv[1] == "notify":
    notify(sys.argv[2], sys.argv[3])
else:
    on_pty(sys.argv[2:])
