#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""exchange.py A B: swap two names again and again, while they are there."""
import ctypes
import errno
import sys

AT_FDCWD, RENAME_EXCHANGE = -100, 2
libc = ctypes.CDLL(None, use_errno=True)
first, second = sys.argv[1].encode(), sys.argv[2].encode()
while ctypes.get_errno() != errno.ENOENT:
    libc.renameat2(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE)
