/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DEL, CHECK, GC and STATUS: short, as the rules do it all. */
#include "plugins/portmap/flows.h"
#include "plugins/portmap/portmap.h"
#include "plugins/portmap/rules.h"

/*
 * Neither the configuration nor prevResult need be what they were. What the
 * rules say themselves is looked up before they go: flows are found by it.
 */
int portmap_del(const struct cni_request *req, struct cni_result *result,
		struct err *err)
{
	auto_portmap_conf struct portmap_conf conf = { .mapping_count = 0 };
	auto_nft struct nft nft = NFT_CLOSED;
	const struct portmap_rules rules = { cni_owner_of(req), &conf };
	int r;

	portmap_conf_read_some(req, result, &conf);
	portmap_rules_recall(&nft, &rules, &conf);
	r = portmap_rules_del(&nft, &rules, err);
	flows_forget(&nft, &conf);
	nft_leave(&nft);
	return r;
}

int portmap_check(const struct cni_request *req, struct cni_result *result,
		  struct err *err)
{
	auto_portmap_conf struct portmap_conf conf = { .mapping_count = 0 };
	auto_nft struct nft nft = NFT_CLOSED;
	const struct portmap_rules rules = { cni_owner_of(req), &conf };
	int r;

	r = portmap_conf_read(req, result, &conf, err);
	if (r < 0 || conf.mapping_count == 0)
		return r;
	return portmap_rules_check(&nft, &rules, err);
}

int portmap_gc(const struct cni_request *req, struct cni_result *result,
	       struct err *err)
{
	auto_attachments struct cni_attachments valid = { .count = 0 };
	auto_nft struct nft nft = NFT_CLOSED;
	int r;

	(void)result;
	r = cni_attachments_read(&req->conf, &valid, err);
	if (r < 0 || !valid.present)
		return r;
	r = portmap_rules_gc(&nft, req->name, &valid, err);
	nft_leave(&nft);
	return r;
}

int portmap_status(const struct cni_request *req, struct cni_result *result,
		   struct err *err)
{
	auto_portmap_conf struct portmap_conf conf = { .mapping_count = 0 };
	auto_nft struct nft nft = NFT_CLOSED;
	int r;

	r = portmap_conf_read(req, result, &conf, err);
	return r ?: portmap_rules_status(&nft, &conf, err);
}
