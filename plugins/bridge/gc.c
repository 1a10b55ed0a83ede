/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GC: what attachments of this network have left that the runtime does not
 * have any more. Their links are known by their aliases, and those without
 * one, of an ADD that was killed, by their names.
 */
#include <string.h>

#include "plugins/bridge/attachment.h"
#include "plugins/bridge/bridge.h"

struct sweep {
	struct net *host;
	const char *network;
	const struct cni_attachments *valid;
	int first; /* error */
};

/* "veth" and the network's four characters, before those of an attachment. */
#define NETWORK_PART 8U

/* The name is one that this network's attachments have, but no valid one's. */
static bool is_half_made(const struct sweep *sweep, const char *name)
{
	struct cni_owner owner = { sweep->network, "", "" };
	char other[OWNER_LINK];

	if (strlen(name) != OWNER_LINK - 1 ||
	    strncmp(name, cni_owner_link(&owner, 0, other), NETWORK_PART) != 0)
		return false;
	for (size_t i = 0; i < sweep->valid->count; i++) {
		owner.container = sweep->valid->at[i].container;
		owner.ifname = sweep->valid->at[i].ifname;
		if (strcmp(name, cni_owner_link(&owner, 0, other)) == 0)
			return false;
	}
	return true;
}

static bool is_stale(const struct sweep *sweep, const struct link_info *link)
{
	if (*link->alias)
		return cni_owner_stale(link->alias, sweep->network,
				       sweep->valid);
	return is_half_made(sweep, link->name);
}

/* After an error it goes on: others are to be removed, too. */
static int sweep_link(const struct link_info *link, void *ctx, struct err *err)
{
	struct sweep *sweep = ctx;
	struct err why = { .code = CNI_OK };
	int r;

	if (!is_stale(sweep, link))
		return 0;
	r = link_del(sweep->host, link->index, link->name, &why);
	if (r < 0) {
		(void)err_set(err, why.code, "%s (%s)", why.msg, link->alias);
		sweep->first = first_of(r, sweep->first);
	}
	return 0;
}

static int sweep_links(const char *network, const struct cni_attachments *valid,
		       struct err *err)
{
	auto_net struct net host = NET_CLOSED;
	struct sweep sweep = { &host, network, valid, 0 };
	int r;

	r = net_open(&host, -1, err);
	r = r ?: link_each(&host, "veth", 0, sweep_link, &sweep, err);
	return first_of(r, sweep.first);
}

int bridge_gc(const struct cni_request *req, struct cni_result *result,
	      struct err *err)
{
	auto_attachments struct cni_attachments valid = { .count = 0 };
	auto_bridge_conf struct bridge_conf conf = { .ip_masq = false };
	auto_nft struct nft nft = NFT_CLOSED;
	int r;

	(void)result;
	r = cni_attachments_read(&req->conf, &valid, err);
	if (r < 0)
		return r;
	bridge_conf_read_some(req, &conf);
	if (valid.present) {
		r = rules_gc(&nft, req->name, &valid, err);
		r = first_of(sweep_links(req->name, &valid, err), r);
	}
	if (conf.ipam_type)
		r = first_of(cni_delegate(req, CNI_GC, conf.ipam_type, err), r);
	return r;
}
