/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An attachment: a container's link to a bridge, and what is at its two ends.
 * Each step of ADD is a function on it; the verbs put them in order.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/undo.h"
#include "common/cni/delegate.h"
#include "common/cni/owner.h"
#include "common/net/addr.h"
#include "common/net/link.h"
#include "common/nft/nft.h"
#include "plugins/bridge/conf.h"
#include "plugins/bridge/rules.h"

struct attachment {
	const struct cni_request *req;
	struct cni_owner owner;
	char alias[OWNER_TEXT]; /* the owner, in clear */
	struct bridge_conf conf;
	struct net host, pod;
	int ns;   /* the container's network namespace */
	int lock; /* our own namespace: see device.c */
	struct nft nft;
	struct cni_delegate ipam;
	bool has_lease;

	struct link_info bridge; /* index 0: not there yet */
	struct link_info port;   /* the host's end */
	struct link_info eth;    /* the container's; index and MAC */
	struct link_info vlan;   /* "<bridge>.<vlan>"; index 0: none */
	/*
	 * What this ADD makes is known by its name and a MAC address that
	 * nothing else has, even if the kernel's answer was lost.
	 */
	char port_name[LINK_NAME];
	uint8_t port_mac[LINK_MAC], bridge_mac[LINK_MAC], vlan_mac[LINK_MAC];
	bool made_bridge;
	struct link_info before; /* the bridge, as it was; index 0: none */

	struct cni_result *result;
	struct cidr *addrs; /* those of the result, for the rules */
	struct bridge_rules rules;
	size_t gateway_count; /* that were added to the host */
	struct cidr *gateways;
	struct addr_list had;   /* its addresses before that */
	unsigned int had_flags; /* of the bridge, if they were changed; or 0 */
};

#define ATTACHMENT_NONE                                                      \
	(struct attachment)                                                  \
	{                                                                    \
		.host = NET_CLOSED, .pod = NET_CLOSED, .ns = -1, .lock = -1, \
		.nft = NFT_CLOSED, .ipam = CNI_DELEGATE_NONE,                \
	}
#define auto_attachment AUTO(attachment_close)

/*
 * Read the configuration and open both namespaces.
 * Errors: those of bridge_conf_read() and netns_open().
 */
int attachment_open(struct attachment *at, const struct cni_request *req,
		    struct err *err) MUST_CHECK;
void attachment_close(struct attachment *at);

/* ---- device.c: the bridge ---- */

/*
 * Look for the bridge, change nothing. Errors: CNI_E_CONFIG, what has its name
 * is no bridge, or one that does not filter VLANs although it is to.
 */
int device_look(struct attachment *at, struct err *err) MUST_CHECK;

/* Make it if it is not there, and see that it is up. */
int device_ensure(struct attachment *at, struct undo *undo,
		  struct err *err) MUST_CHECK;

/* ---- gateway.c: the host's addresses on it ---- */

/* The link that has them: the bridge, or its VLAN's. */
const struct link_info *gateway_link(const struct attachment *at);

/* The name of the VLAN's: "<bridge>.<vlan>", or "" if that is too long. */
char *gateway_vlan_name(const struct bridge_conf *conf, char buf[LINK_NAME]);

/* Give it the gateways of the result, and forward what they are sent. */
int gateway_ensure(struct attachment *at, struct err *err) MUST_CHECK;

/* Take back what gateway_ensure() has added. */
int gateway_undo(struct attachment *at, struct err *err) MUST_CHECK;

/* ---- port.c: the pair of links ---- */

/*
 * Is the attachment there already? Asked before IPAM is: many a plugin refuses
 * a second address, and the DEL that has to follow takes away the first.
 * Errors: CNI_E_DUPLICATE.
 */
int port_look(struct attachment *at, struct err *err) MUST_CHECK;

/* Make it, with its alias, options and VLANs. Errors: CNI_E_DUPLICATE. */
int port_add(struct attachment *at, struct undo *undo,
	     struct err *err) MUST_CHECK;

/* Find the host's end by the owner: *@found. */
int port_find(struct net *host, const struct cni_owner *owner,
	      struct link_info *out, bool *found, struct err *err) MUST_CHECK;

/* Wait until the bridge forwards what the port receives. */
int port_wait(struct attachment *at, struct net *events,
	      struct err *err) MUST_CHECK;

/* ---- pod.c: the container's end ---- */

/* Errors: CNI_E_ENV if it has a link of that name. */
int pod_look(struct attachment *at, struct err *err) MUST_CHECK;

/* Addresses, routes, up. */
int pod_configure(struct attachment *at, struct err *err) MUST_CHECK;

/* Tell the others where its addresses are now. */
int pod_announce(struct attachment *at, struct err *err) MUST_CHECK;

/* ---- plan.c: from IPAM's answer to what is to be done ---- */

/*
 * Complete the result: interface indices, gateways, default routes, dns; and
 * fill in at->addrs and at->rules. Errors: CNI_E_DELEGATE without an address.
 */
int plan_addresses(struct attachment *at, struct err *err) MUST_CHECK;

/* What at->rules is to be for these addresses. */
void plan_rules(struct attachment *at, const struct cidr *addrs, size_t count);

/* The gateway for a route without one; family IP_NONE: none. */
struct ip plan_gateway(const struct cni_result *result, enum ip_family family);

/* The route as it is to be in the kernel. */
struct route;
void plan_route(const struct cni_result *result, const struct cni_route *route,
		int oif, struct route *out);

/* The interfaces, with indices as plan_addresses() has used them. */
int plan_interfaces(struct attachment *at, struct err *err) MUST_CHECK;
