/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses on links. */
#pragma once

#include <stddef.h>

#include "common/base/ip.h"
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
