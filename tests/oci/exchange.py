#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""exchange.py A B: swap two names again and again, until killed or a minute."""
import ctypes
import os
import sys
import time

AT_FDCWD, RENAME_EXCHANGE = -100, 2
libc = ctypes.CDLL(None)
first, second = sys.argv[1].encode(), sys.argv[2].encode()
end = time.monotonic() + 60
while time.monotonic() < end:
    for _ in range(1000):
        libc.renameat2(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE)
