/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/portmap/flows.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/nft/conntrack.h"

struct filters {
	struct conntrack_filter *at;
	size_t count;
	bool others; /* than the container */
};

/* A mapping of the other family has no flows of this one. */
static void add_filter(struct filters *filters,
		       const struct portmap_mapping *mapping,
		       const struct ip *pod)
{
	if (pod->family == IP_NONE ||
	    (mapping->host_ip.family != IP_NONE &&
	     mapping->host_ip.family != pod->family) ||
	    (filters->others && mapping->protocol != IPPROTO_UDP))
		return;
	filters->at[filters->count] = (struct conntrack_filter){
		.family = pod->family,
		.protocol = mapping->protocol,
		.host_port = mapping->host_port,
		.peer = *pod,
		.others = filters->others,
	};
	if (!mapping->any_of_family)
		filters->at[filters->count].host_ip = mapping->host_ip;
	filters->count++;
}

static void forget(struct nft *nft, const struct portmap_conf *conf,
		   bool others)
{
	auto_free struct conntrack_filter *at =
		calloc(2 * conf->mapping_count + 1, sizeof(*at));
	struct filters filters = { .at = at, .others = others };
	struct err err = { .code = CNI_OK };

	if (!at)
		return;
	for (size_t i = 0; i < conf->mapping_count; i++) {
		add_filter(&filters, &conf->mappings[i], &conf->pod4.ip);
		add_filter(&filters, &conf->mappings[i], &conf->pod6.ip);
	}
	if (filters.count > 0 &&
	    conntrack_flush(nft, at, filters.count, &err) < 0)
		log_warn("flows of before may go on as they were: %s", err.msg);
}

void flows_forget_others(struct nft *nft, const struct portmap_conf *conf)
{
	forget(nft, conf, true);
}

void flows_forget(struct nft *nft, const struct portmap_conf *conf)
{
	forget(nft, conf, false);
}
