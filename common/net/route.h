/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/ip.h"
#include "common/net/batch.h"

struct route {
	struct cidr dst;
	struct ip gw;   /* IP_NONE: none */
	int oif;        /* index of the link */
	uint32_t table; /* RT_TABLE_MAIN if 0 */
	uint8_t scope;
	uint32_t priority, mtu, advmss; /* 0: none */
};

/* "10.0.0.0/8 via 10.1.0.1 table 100" */
#define ROUTE_TEXT 160
char *route_text(const struct route *route, char buf[ROUTE_TEXT]);

/* Add to @batch: a unicast route through the link called @link. */
void route_put(struct net_batch *batch, const struct route *route,
	       const char *link);

struct route_list {
	size_t count;
	struct route *at;
};

#define auto_route_list AUTO(route_list_free)

/*
 * The routes of @family through link @oif, in all tables, but for those of the
 * table "local"; one entry for each next hop. @out is overwritten and, on
 * success, to be freed.
 */
int route_list(struct net *net, enum ip_family family, int oif,
	       struct route_list *out, struct err *err) MUST_CHECK;

void route_list_free(struct route_list *list);

/*
 * The link that a packet to @ip leaves by: its index. -ENETUNREACH or
 * -EHOSTUNREACH if none does.
 */
int route_get(struct net *net, const struct ip *ip, int *oif,
	      struct err *err) MUST_CHECK;
