/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Can the kernel do what a configuration needs? It is asked by a transaction
 * that has all of it, and at its end a change that must be refused, so that
 * nothing of it ever happens.
 */
#include <string.h>

#include "common/nft/expr.h"
#include "plugins/bridge/rules_ipt.h"

#define NOWHERE "ferrule_nowhere"

static const struct nft_table inet = { NFPROTO_INET, "ferrule_status", NULL };
static const struct nft_table bridge = { NFPROTO_BRIDGE, "ferrule_status",
					 NULL };
static const struct nft_chain nat_chain = {
	.table = &inet,
	.name = "postrouting",
	.type = "nat",
	.hook = NF_INET_POST_ROUTING,
	.priority = 100,
};
static const struct nft_chain bridge_chain = {
	.table = &bridge,
	.name = "prerouting",
	.type = "filter",
	.priority = -300,
};

static void put_masquerade(struct nft_tx *tx, bool fully_random)
{
	nft_add_table(tx, &inet, 0);
	nft_add_chain(tx, &nat_chain, 0);
	nft_rule_open(tx, &inet, nat_chain.name);
	match_family(tx, IP_V4);
	expr_masquerade(tx, fully_random);
	nft_rule_close(tx, NULL);
}

static void put_spoof(struct nft_tx *tx)
{
	nft_add_table(tx, &bridge, 0);
	nft_add_chain(tx, &bridge_chain, 0);
	nft_rule_open(tx, &bridge, bridge_chain.name);
	expr_meta(tx, NFT_META_IIFNAME, NFT_REG_1);
	nft_rule_close(tx, NULL);
}

/* Refused for the last change alone: all others can be done. */
static int rehearse(struct nft *nft, struct nft_tx *tx,
		    const struct nft_table *table, const char *what,
		    struct err *err)
{
	struct err refusal = { .code = CNI_OK };
	int r;

	nft_del_chain(tx, table, NOWHERE, 0);
	r = nft_commit(nft, tx, &refusal);
	if (r == -ENOENT && strstr(refusal.msg, NOWHERE))
		return 0;
	(void)err_set(err, CNI_E_UNAVAILABLE, "%s: %s", what, refusal.msg);
	if (*refusal.details)
		(void)err_hint(err, "%s", refusal.details);
	return -EINVAL;
}

static int nft_masquerade(struct nft *nft, const struct bridge_conf *conf,
			  struct err *err)
{
	auto_nft_tx struct nft_tx tx = { .message = 0 };

	put_masquerade(&tx, conf->masq_random_fully);
	return rehearse(nft, &tx, &inet, "ipMasq", err);
}

/* Which families will be needed, only IPAM knows. */
static int iptables_masquerade(struct err *err)
{
	struct ipt_restore restore = { .key = IPT_KEY };

	if (ipt_restore_find(IP_V4, &restore, err) < 0)
		return err_code(err, CNI_E_UNAVAILABLE);
	return 0;
}

static int masquerade(struct nft *nft, const struct bridge_conf *conf,
		      struct err *err)
{
	struct err other = { .code = CNI_OK };
	int r;

	if (conf->masq_backend == MASQ_IPTABLES)
		return iptables_masquerade(err);
	r = nft_masquerade(nft, conf, err);
	/* Not said: iptables is used where nf_tables cannot be. */
	if (r < 0 && conf->masq_backend == MASQ_AUTO &&
	    iptables_masquerade(&other) == 0) {
		err_clear(err);
		return 0;
	}
	return r;
}

int rules_status(struct nft *nft, const struct bridge_conf *conf,
		 struct err *err)
{
	auto_nft_tx struct nft_tx tx = { .message = 0 };
	int r = 0;

	if (conf->ip_masq)
		r = masquerade(nft, conf, err);
	if (r < 0 || !conf->mac_spoof_chk)
		return r;
	put_spoof(&tx);
	return rehearse(nft, &tx, &bridge, "macspoofchk", err);
}
