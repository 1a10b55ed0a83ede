/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which addresses are this host's, as `fib daddr type local` sees it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/ip.h"
#include "common/nft/mnl.h"

/* The addresses that were asked about last. */
#define LOCAL_KNOWN 16

struct local {
	struct mnl mnl;
	struct {
		struct ip ip;
		bool local;
	} known[LOCAL_KNOWN];
	size_t next; /* to be forgotten */
};

#define auto_local AUTO(local_close)

/* Is @ip, which the kernel is asked once for each address, a local one? */
int local_ask(struct local *local, const struct ip *ip, bool *out,
	      struct err *err) MUST_CHECK;

void local_close(struct local *local);
