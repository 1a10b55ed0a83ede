/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A lease file of any bytes is understood without a crash, and as the
 * reference would: what is owned by somebody is spelled so in the file.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/host-local-ipam/lease.h"

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's choice */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[LEASE_MAX], again[LEASE_MAX + 8];
	struct lease lease, same;
	int n;

	if (size >= sizeof(text))
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	lease = lease_parse(text, size);
	if ((lease.kind == LEASE_FULL) != (*lease.ifname != '\0') ||
	    (lease.kind == LEASE_FULL || lease.kind == LEASE_LEGACY) !=
		    (*lease.container != '\0'))
		abort();
	if (lease.kind != LEASE_FULL)
		return 0;
	n = snprintf(again, sizeof(again), "%s\r\n%s", lease.container,
		     lease.ifname);
	same = lease_parse(again, (size_t)n);
	if (!lease_owned_by(&same, lease.container, lease.ifname))
		abort();
	return 0;
}
