/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses on links. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/ip.h"
#include "common/net/batch.h"
#include "common/net/net.h"

struct addr_list {
	size_t count;
	struct cidr *at; /* IPv4 first, then IPv6, each in the kernel's order */
};

#define auto_addr_list AUTO(addr_list_free)

/*
 * The addresses of the link with index @ifindex; @out is overwritten and,
 * on success, to be freed.
 */
int addr_list(struct net *net, int ifindex, struct addr_list *out,
	      struct err *err) MUST_CHECK;

void addr_list_free(struct addr_list *list);

/*
 * Add to @batch: give link @ifindex, called @name, the address @addr, with the
 * broadcast address that an IPv4 prefix has. @nodad: an IPv6 address is usable
 * at once, without duplicate address detection.
 */
void addr_put(struct net_batch *batch, int ifindex, const char *name,
	      const struct cidr *addr, bool nodad);

/* The same by itself. -EEXIST if the link has that address. */
int addr_add(struct net *net, int ifindex, const char *name,
	     const struct cidr *addr, bool nodad, struct err *err) MUST_CHECK;

/* Take it away. Success if the link does not have it. */
int addr_del(struct net *net, int ifindex, const char *name,
	     const struct cidr *addr, struct err *err) MUST_CHECK;

/*
 * How far duplicate address detection is: read from an RTM_NEWADDR message of
 * link @ifindex, for the address that it is about.
 */
enum addr_dad { ADDR_OTHER, ADDR_READY, ADDR_TENTATIVE, ADDR_FAILED };
enum addr_dad addr_dad_read(struct nlmsghdr *hdr, int ifindex, struct ip *out);

/* Of the link's addresses, how many are tentative; the one that failed. */
int addr_dad_get(struct net *net, int ifindex, size_t *tentative,
		 struct ip *failed, struct err *err) MUST_CHECK;
