/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Forgetting connections: the kernel translates a flow as its first packet was,
 * until its entry in conntrack is gone. A client that keeps sending from one
 * port (DNS, VoIP, a reconnecting tunnel) would never see a new mapping.
 *
 * Only the exact entries of given mappings are removed. There is no way here to
 * ask for more.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/ip.h"
#include "common/nft/nft.h"

/*
 * Entries of one mapping. "Their peer" is the source of the replies, that is
 * the container that the flow was translated to.
 */
struct conntrack_filter {
	enum ip_family family;
	uint8_t protocol;   /* IPPROTO_UDP, ... */
	uint16_t host_port; /* where the first packet was sent to; 0: any */
	struct ip host_ip;  /* likewise; IP_NONE: any */
	/*
	 * IP_NONE: whoever the peer is. Otherwise the peer must be this one,
	 * or with @others any other.
	 */
	struct ip peer;
	bool others;
};

/*
 * Remove the entries that match any of @filters. With a filter that is not for
 * the flows of one @peer, only entries to an address of this host match:
 * forwarded flows to the same port of somebody else survive. With one that is,
 * only translated entries.
 *
 * It costs one dump for each family at most, and none if there are no entries.
 * Who has a session with nf_tables lends its socket: closing another one would
 * wait as well (nft.h).
 *
 * An entry that is gone in the meantime is none the worse. After a failed
 * removal, the others are tried.
 *
 * Errors: -EINVAL for a filter without a protocol, or with neither a port nor
 * one peer, before anything is done; the kernel's: -EPERM, and -EINVAL or
 * -EPROTONOSUPPORT where it has no connection tracking.
 */
int conntrack_flush(struct nft *nft, const struct conntrack_filter *filters,
		    size_t count, struct err *err) MUST_CHECK;
