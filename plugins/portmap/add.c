/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <net/if.h>

#include "common/base/undo.h"
#include "common/net/route.h"
#include "common/net/sysctl.h"
#include "plugins/portmap/flows.h"
#include "plugins/portmap/portmap.h"
#include "plugins/portmap/rules.h"

struct publication {
	struct nft nft;
	struct portmap_rules rules;
};

static void publication_close(struct publication *pub)
{
	nft_leave(&pub->nft);
}

static int undo_rules(void *ctx, struct err *err)
{
	struct publication *pub = ctx;

	return portmap_rules_del(&pub->nft, &pub->rules, err);
}

/* Can anybody on this host reach one of them by a loopback address? */
static bool is_on_loopback(const struct portmap_conf *conf)
{
	for (size_t i = 0; i < conf->mapping_count; i++) {
		const struct portmap_mapping *mapping = &conf->mappings[i];

		if (mapping->host_ip.family == IP_NONE ||
		    (mapping->host_ip.family == IP_V4 &&
		     (mapping->any_of_family ||
		      ip_loopback(&mapping->host_ip))))
			return true;
	}
	return false;
}

/*
 * A packet from 127.0.0.1 may leave only by a link that allows it: the one
 * towards the container, no other. What comes in for 127.0.0.0/8, by this link
 * or any, is dropped by the guard among our rules.
 */
static int allow_loopback(const struct portmap_conf *conf, struct err *err)
{
	auto_net struct net net = NET_CLOSED;
	struct err why = { .code = CNI_OK };
	char name[IF_NAMESIZE];
	int oif = 0;
	int r;

	if (!conf->snat || conf->pod4.ip.family == IP_NONE ||
	    !is_on_loopback(conf))
		return 0;
	r = net_open(&net, -1, err);
	if (r < 0)
		return r;
	/* Without a route to it there is nothing to reach, either. */
	if (route_get(&net, &conf->pod4.ip, &oif, &why) < 0)
		return 0;
	/* To ask by netlink would wait for whoever is changing any link. */
	if (if_indextoname((unsigned int)oif, name))
		r = sysctl_set("1", err, "ipv4/conf/%s/route_localnet", name);
	else
		r = err_sys(err, errno, "find link %d", oif);
	return r < 0 ? err_in(err, "unable to enable route_localnet") : 0;
}

int portmap_add(const struct cni_request *req, struct cni_result *result,
		struct err *err)
{
	auto_portmap_conf struct portmap_conf conf = { .mapping_count = 0 };
	AUTO(publication_close)
	struct publication pub = {
		.nft = NFT_CLOSED,
		.rules = { .owner = cni_owner_of(req), .conf = &conf },
	};
	auto_undo struct undo undo = { .count = 0 };
	int r;

	r = portmap_conf_read(req, result, &conf, err);
	if (r < 0 || conf.mapping_count == 0)
		return r;
	r = portmap_rules_add(&pub.nft, &pub.rules, err);
	if (r < 0)
		return r;
	undo_push(&undo, undo_rules, &pub);
	r = allow_loopback(&conf, err);
	if (r == 0)
		flows_forget_others(&pub.nft, &conf);
	r = r ?: cni_plugin_print(req, result, err);
	if (r == 0)
		undo_commit(&undo);
	return r;
}

/*
 * ADD has replaced what is its owner's in one transaction, whatever there was.
 * Nothing is taken back: what was there of it before is better than nothing.
 */
int portmap_repair(const struct cni_request *req, struct cni_result *result,
		   struct err *err)
{
	auto_portmap_conf struct portmap_conf conf = { .mapping_count = 0 };
	AUTO(publication_close)
	struct publication pub = {
		.nft = NFT_CLOSED,
		.rules = { .owner = cni_owner_of(req), .conf = &conf },
	};
	int r;

	r = portmap_conf_read(req, result, &conf, err);
	if (r < 0 || conf.mapping_count == 0)
		return r;
	r = portmap_rules_add(&pub.nft, &pub.rules, err);
	r = r ?: allow_loopback(&conf, err);
	if (r == 0)
		flows_forget_others(&pub.nft, &conf);
	return r;
}
