/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of conntrack.c that have a file of their own. */
#pragma once

#include "common/nft/attr.h"
#include "common/nft/conntrack.h"
#include "common/nft/local.h"
#include "common/nft/mnl.h"

/* An entry, as far as it matters. */
struct conntrack_entry {
	unsigned char family; /* AF_INET, AF_INET6 */
	uint8_t protocol;
	uint16_t host_port;
	struct ip host_ip, peer;
};

/* Is it for the flows of one container? */
bool conntrack_for_one_peer(const struct conntrack_filter *filter);

/* -EINVAL for a filter that says too little. */
int conntrack_check(const struct conntrack_filter *filter,
		    struct err *err) MUST_CHECK;

/* What is in a message of conntrack. */
struct attrs conntrack_attrs(const struct nlmsghdr *hdr);

/* False for what has no ports, and cannot be a mapping's. */
bool conntrack_read(const struct nlmsghdr *hdr, struct conntrack_entry *out);

/* Returns 1, 0 or the failure to find out. */
int conntrack_matches(const struct conntrack_filter *filter,
		      const struct conntrack_entry *entry, struct local *local,
		      struct err *err) MUST_CHECK;

/*
 * Complete the question for all entries: only those of @family (IP_NONE: both),
 * without those that none of @filters can match. @hdr has room for 256 bytes
 * more.
 */
void conntrack_narrow(struct nlmsghdr *hdr,
		      const struct conntrack_filter *filters, size_t count,
		      enum ip_family family);

/*
 * Complete the request to delete all entries that match @filter, which is of
 * IPv4 and for one peer. Room as above.
 */
void conntrack_select(struct nlmsghdr *hdr,
		      const struct conntrack_filter *filter);
