/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our own executable, out of a container's reach (CVE-2019-5736).
 *
 * A process that enters a container shows it /proc/PID/exe, and a script there
 * may name /proc/self/exe as its interpreter: either is a way to the file on
 * the host, and to overwriting it. So whoever is going to enter one first runs
 * from a copy in memory that is sealed against writing.
 */
#pragma once

#include "common/base/err.h"

/*
 * Run again from a sealed copy, unless we do already; comes back in the copy
 * (as main() of a new program) or with an error. @argv: main()'s.
 */
int self_seal(char *const *argv, struct err *err) MUST_CHECK;
