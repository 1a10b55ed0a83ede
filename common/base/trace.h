/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The glass box: one line for each thing done to the kernel.
 *
 * FERRULE_TRACE=stderr or FERRULE_TRACE=PATH (an absolute path, appended to)
 * turns it on. A line is
 *
 *	TIME PROGRAM[PID] KIND WHAT = RESULT (MICROSECONDS us)
 *
 * where TIME is seconds since boot, KIND is one of rtnl, nft, ct, file, lock,
 * sysctl, netns, exec, mount, cgroup, clone, limit, cap, user, label, key,
 * seccomp, pty, and RESULT is "ok" or an errno name. Off, a call costs one test
 * of a variable.
 */
#pragma once

#include <stdint.h>

#include "common/base/err.h"

/* Nanoseconds of CLOCK_MONOTONIC, or 0 when tracing is off. */
uint64_t trace_start(void);

/*
 * Write the line of an action that began at @start (0: do nothing, not even
 * look at the rest) and returned @result (0 or more: done; less: a negative
 * errno). The rest is KIND and a printf() format for WHAT. Keeps errno.
 */
#define trace_end(start, ...) \
	((start) ? trace_write((start), __VA_ARGS__) : (void)0)

void trace_write(uint64_t start, int result, const char *kind, const char *fmt,
		 ...) PRINTF(4, 5) COLD;
