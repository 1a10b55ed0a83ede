/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DEL, from network, container ID and interface name alone. The namespace and
 * prevResult may be there or not, may be stale, may be somebody else's.
 *
 * Every step is tried, whatever becomes of the others. The rules go first, by
 * a transaction that is done at once. Then IPAM runs while the links are
 * deleted; and the socket that the rules went by is closed last, because the
 * kernel waits for the same in both cases, and so waits once.
 */
#include <string.h>

#include "common/base/log.h"
#include "common/net/neigh.h"
#include "common/net/netns.h"
#include "common/net/vanish.h"
#include "plugins/bridge/attachment.h"
#include "plugins/bridge/bridge.h"

/* The container's interface, as prevResult has it. */
struct known {
	const char *mac; /* NULL: not known */
};

static void read_prev(struct attachment *at, struct known *known)
{
	struct cni_result *prev = at->result;
	struct err why = { .code = CNI_OK };
	bool present = false;

	if (cni_prev_result(at->req, prev, &present, &why) < 0 || !present)
		return;
	at->addrs = arena_array(&prev->arena, prev->ip_count + 1,
				sizeof(*at->addrs));
	for (size_t i = 0; at->addrs && i < prev->ip_count; i++)
		at->addrs[i] = prev->ips[i].address;
	for (size_t i = 0; i < prev->interface_count; i++) {
		const struct cni_interface *entry = &prev->interfaces[i];

		if (!entry->name || !entry->mac || !entry->sandbox ||
		    !*entry->sandbox ||
		    strcmp(entry->name, at->owner.ifname) != 0)
			continue;
		known->mac = entry->mac;
	}
}

/*
 * Is the link of this name in the container's namespace this attachment's?
 * Its other end's alias says so if we made it; if not, then prevResult's MAC;
 * without either it is, as for the reference plugin, if it is a veth at all.
 */
static bool is_ours(struct attachment *at, const struct known *known)
{
	struct err ignored = { .code = CNI_OK };
	char mac[LINK_MAC_TEXT];
	struct link_info peer;

	if (strcmp(at->eth.kind, "veth") != 0)
		return false;
	if (at->eth.peer &&
	    link_get_index(&at->host, at->eth.peer, &peer, &ignored) == 0 &&
	    strcmp(peer.kind, "veth") == 0 && peer.peer == at->eth.index &&
	    strncmp(peer.alias, "cni:", 4) == 0)
		return strcmp(peer.alias, at->alias) == 0;
	return !known->mac ||
	       strcasecmp(link_mac_text(at->eth.mac, mac), known->mac) == 0;
}

/* Only if the host's end is not known: what the reference plugin has made. */
static int look_inside(struct attachment *at, const struct known *known,
		       struct err *err)
{
	bool found = false;
	int r;

	r = netns_open_or_none(at->req->netns, &at->ns, err);
	if (r < 0 || at->ns < 0)
		return r;
	r = net_open(&at->pod, at->ns, err);
	r = r ?: link_find(&at->pod, at->owner.ifname, &at->eth, &found, err);
	if (r == 0 && found && !is_ours(at, known)) {
		log_warn("\"%s\" in \"%s\" is not of container \"%s\" and "
			 "stays",
			 at->owner.ifname, at->req->netns, at->owner.container);
		found = false;
	}
	if (!found)
		at->eth.index = 0;
	return r;
}

static bool is_link_local(const struct ip *ip)
{
	return ip->family == IP_V6 && ip->bytes[0] == 0xfe &&
	       (ip->bytes[1] & 0xc0) == 0x80;
}

/*
 * Without prevResult, the addresses are asked from the container's end. The
 * iptables backend has one chain for all attachments of a container to a
 * network, where nothing but the addresses tells them apart.
 */
static void list_inside(struct attachment *at, struct addr_list *inside)
{
	struct err ignored = { .code = CNI_OK };
	bool found = at->eth.index;

	if (!found && at->port.index && *at->req->netns &&
	    netns_open(at->req->netns, &at->ns, &ignored) == 0 &&
	    net_open(&at->pod, at->ns, &ignored) == 0 &&
	    link_get_index(&at->pod, at->port.peer, &at->eth, &ignored) == 0)
		found = at->eth.peer == at->port.index;
	if (!found || addr_list(&at->pod, at->eth.index, inside, &ignored) < 0)
		return;
	at->rules.masq = inside->at;
	for (size_t i = 0; i < inside->count; i++)
		if (!is_link_local(&inside->at[i].ip))
			inside->at[at->rules.masq_count++] = inside->at[i];
}

/* What the rules may be found by faster than by looking at all. */
static void hint_at_rules(struct attachment *at, struct addr_list *inside)
{
	at->rules = (struct bridge_rules){
		.owner = at->owner,
		.masq = at->addrs,
		.masq_count = at->addrs ? at->result->ip_count : 0,
		.port = at->port.index ? at->port.name : NULL,
	};
	if (at->rules.masq_count == 0)
		list_inside(at, inside);
}

/* The next container with one of the addresses is at another MAC address. */
static void forget_neighbours(struct attachment *at)
{
	auto_net_batch struct net_batch batch = { .count = 0 };
	struct err why = { .code = CNI_OK };

	for (size_t i = 0; at->port.master && i < at->rules.masq_count; i++)
		neigh_put_forget(&batch, at->port.master,
				 &at->rules.masq[i].ip);
	if (net_batch_send(&at->host, &batch, &why) < 0)
		log_warn("%s", why.msg);
}

static int delete_links(struct attachment *at, struct err *err)
{
	if (at->port.index)
		return link_vanish(&at->host, at->port.index, at->port.name,
				   err);
	if (at->eth.index)
		return link_del(&at->pod, at->eth.index, at->eth.name, err);
	return 0;
}

static int find_links(struct attachment *at, struct err *err)
{
	struct known known = { .mac = NULL };
	bool found = false;
	int r;

	read_prev(at, &known);
	r = net_open(&at->host, -1, err);
	r = r ?: port_find(&at->host, &at->owner, &at->port, &found, err);
	return r < 0 || found ? r : look_inside(at, &known, err);
}

int bridge_del(const struct cni_request *req, struct cni_result *result,
	       struct err *err)
{
	auto_attachment struct attachment at = ATTACHMENT_NONE;
	auto_addr_list struct addr_list inside = { .count = 0 };
	int r;

	at.req = req;
	at.result = result;
	at.owner = cni_owner_of(req);
	(void)cni_owner_text(&at.owner, at.alias);
	bridge_conf_read_some(req, &at.conf);
	r = find_links(&at, err);
	hint_at_rules(&at, &inside);
	r = first_of(rules_del(&at.nft, &at.rules, err), r);
	if (at.conf.ipam_type)
		r = first_of(cni_delegate_start(req, CNI_DEL, at.conf.ipam_type,
						&at.ipam, err),
			     r);
	forget_neighbours(&at);
	r = first_of(delete_links(&at, err), r);
	return first_of(cni_delegate_finish(&at.ipam, NULL, err), r);
}
