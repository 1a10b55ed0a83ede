/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Neighbours: which MAC address an IP address is at. */
#pragma once

#include <stdint.h>

#include "common/base/ip.h"
#include "common/net/batch.h"

/*
 * Add to @batch: what the host remembers of @ip on link @ifindex is at @mac.
 * Where it remembers nothing, nothing is added.
 */
void neigh_put_correct(struct net_batch *batch, int ifindex,
		       const struct ip *ip, const uint8_t *mac);

/* Add to @batch: forget what the host remembers of @ip on link @ifindex. */
void neigh_put_forget(struct net_batch *batch, int ifindex,
		      const struct ip *ip);
