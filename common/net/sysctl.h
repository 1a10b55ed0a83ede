/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network's sysctls, of the namespace that the process is in. */
#pragma once

#include <stddef.h>

#include "common/base/err.h"

/*
 * Make /proc/sys/net/@key hold @value. It is read first, and written only if
 * it is different: a read-only /proc/sys with the right value is no failure.
 * Returns 0, or the -errno of open(2), read(2) or write(2): -ENOENT if this
 * kernel has no such key.
 */
int sysctl_set(const char *value, struct err *err, const char *key, ...)
	PRINTF(3, 4) MUST_CHECK;

/* Read it into @buf, without the newline. Returns the length or -errno. */
int sysctl_get(char *buf, size_t size, const char *key, ...)
	PRINTF(3, 4) MUST_CHECK;
