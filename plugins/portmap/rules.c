/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/portmap/rules.h"

#include "plugins/portmap/claims.h"
#include "plugins/portmap/rules_nft.h"

int portmap_rules_add(struct nft *nft, const struct portmap_rules *rules,
		      struct err *err)
{
	return portmap_nft_add(nft, rules, err);
}

int portmap_rules_del(struct nft *nft, const struct portmap_rules *rules,
		      struct err *err)
{
	return portmap_nft_del(nft, rules, err);
}

void portmap_rules_recall(struct nft *nft, const struct portmap_rules *rules,
			  struct portmap_conf *conf)
{
	auto_claims struct claims listed = { .count = 0 };
	char owner[OWNER_TEXT], chain[POD_CHAIN];
	struct err ignored = { .code = CNI_OK };

	(void)cni_owner_text(&rules->owner, owner);
	if (claims_listed(nft, pod_chain(owner, chain), &listed, &ignored) > 0)
		claims_recall(&listed, conf);
}

int portmap_rules_check(struct nft *nft, const struct portmap_rules *rules,
			struct err *err)
{
	return portmap_nft_check(nft, rules, err);
}

int portmap_rules_gc(struct nft *nft, const char *network,
		     const struct cni_attachments *valid, struct err *err)
{
	return portmap_nft_gc(nft, network, valid, err);
}

int portmap_rules_status(struct nft *nft, const struct portmap_conf *conf,
			 struct err *err)
{
	(void)conf;
	return portmap_nft_status(nft, err);
}
