/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/portmap/leftovers.h"

#include <string.h>

#include "plugins/portmap/rules_ipt.h"

static const enum ip_family families[] = { IP_V4, IP_V6 };

struct tables {
	bool hostport, nat;
};

static int note_table(const char *name, void *ctx)
{
	struct tables *tables = ctx;

	if (!name)
		*tables = (struct tables){ .nat = false };
	else if (strcmp(name, "cni_hostport") == 0)
		tables->hostport = true;
	else if (strcmp(name, "nat") == 0)
		tables->nat = true;
	return 0;
}

/* A rule is looked for by its comment, and by an address if that is known. */
struct wanted {
	const char *container;
	const struct ip *pod;
	const struct nft_table *table;
	const char *chain;
	struct nft_tx *tx;
};

static bool holds(struct attrs data, const struct ip *ip)
{
	const struct attrs value = attr_in(data, NFTA_DATA_VALUE);

	return value.data && value.len == ip_bits(ip->family) / 8 &&
	       memcmp(value.data, ip->bytes, value.len) == 0;
}

static bool names(struct attrs exprs, const struct ip *ip)
{
	struct nft_expr_info expr;

	while (nft_expr_next(&exprs, &expr)) {
		if (strcmp(expr.name, "cmp") == 0 &&
		    holds(attr_in(expr.data, NFTA_CMP_DATA), ip))
			return true;
		if (strcmp(expr.name, "immediate") == 0 &&
		    holds(attr_in(expr.data, NFTA_IMMEDIATE_DATA), ip))
			return true;
	}
	return false;
}

/* When a list begins anew, so must the plan. */
static int plan_rule(const struct nft_rule_info *rule, void *ctx)
{
	const struct wanted *wanted = ctx;

	if (!rule)
		return -ERESTART;
	if (strcmp(rule->comment, wanted->container) == 0 &&
	    (wanted->pod->family == IP_NONE || names(rule->exprs, wanted->pod)))
		nft_del_rule(wanted->tx, wanted->table, wanted->chain,
			     rule->handle);
	return 0;
}

/*
 * Where an address is known, one of the other family is another attachment's:
 * this one would have it in prevResult, too.
 */
static bool is_ours_alone(const struct portmap_conf *conf,
			  enum ip_family family)
{
	const bool v4 = conf->pod4.ip.family != IP_NONE;
	const bool v6 = conf->pod6.ip.family != IP_NONE;

	return v4 == v6 || (family == IP_V4 ? v4 : v6);
}

static int plan_hostport(struct nft *nft, const struct portmap_rules *rules,
			 enum ip_family family, struct nft_tx *tx,
			 struct err *err)
{
	static const char *const chains[] = { "hostports", "hostip_hostports",
					      "masquerading" };
	const struct nft_table table = {
		.family = family == IP_V4 ? NFPROTO_IPV4 : NFPROTO_IPV6,
		.name = "cni_hostport",
	};
	struct wanted wanted = {
		.container = rules->owner.container,
		.pod = family == IP_V4 ? &rules->conf->pod4.ip
				       : &rules->conf->pod6.ip,
		.table = &table,
		.tx = tx,
	};
	int r = 0;

	if (!is_ours_alone(rules->conf, family))
		return 0;
	for (size_t i = 0; r == 0 && i < 3; i++) {
		wanted.chain = chains[i];
		r = nft_rules(nft, &table, chains[i], plan_rule, &wanted, err);
	}
	return r;
}

int portmap_leftovers_del(struct nft *nft, const struct portmap_rules *rules,
			  int *lock, struct nft_tx *tx, struct err *err)
{
	struct tables tables = { .nat = false };
	int r = nft_tables(nft, note_table, &tables, err);

	for (size_t i = 0; r == 0 && tables.hostport && i < 2; i++)
		r = plan_hostport(nft, rules, families[i], tx, err);
	if (r == 0 && tables.nat)
		r = portmap_ipt_del(nft, rules, lock, tx, err);
	return r;
}
