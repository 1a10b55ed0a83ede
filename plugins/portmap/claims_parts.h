/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sets of the table: the keys of claims. */
#pragma once

#include "plugins/portmap/claims.h"

struct portmap_sets {
	/* Ports, at any address of the host and at one. */
	struct nft_set ports4, ports6, hosts4, hosts6;
	/* What is masqueraded on its way to a container: from its own subnet,
	 */
	struct nft_set near4, near6;
	/* from a loopback address, */
	struct nft_set local4;
	/* everything. */
	struct nft_set all4, all6;
};

extern const struct portmap_sets portmap_sets;
