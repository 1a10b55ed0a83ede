/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/portmap/leftovers.h"

#include <string.h>

#include "common/base/hash.h"
#include "common/base/text.h"
#include "common/nft/ipt.h"

/* How often others may change what a plan was made for. */
#define TRIES 16

#define DIGITS 21U /* of the hash in a chain's name */

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

/* ---- The reference's nf_tables backend ---- */

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

/* A list that begins anew: the plan with it. Only the last one counts. */
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

	for (size_t i = 0; r == 0 && i < 3; i++) {
		wanted.chain = chains[i];
		r = nft_rules(nft, &table, chains[i], plan_rule, &wanted, err);
	}
	return r;
}

/* ---- iptables ---- */

static const char *const prefixes[] = { "CNI-DN-", "CNI-SN-" };
static const char *const entries[] = { "CNI-HOSTPORT-DNAT",
				       "CNI-HOSTPORT-SNAT" };

/* Whose chain it is, by the comment of what jumps there. */
typedef bool stale_fn(const struct ipt_rule *rule, const void *what);

/* The chain, once, with all that jumps to it. */
static int plan_chain(struct nft *nft, const struct ipt_table *from,
		      const struct ipt_list *list, const char *entry,
		      const char *chain, struct nft_tx *tx, struct err *err)
{
	const struct nft_table *table = ipt_nft_table(from->family, "nat");
	struct nft_chain_info info;
	int r = nft_chain_get(nft, table, chain, &info, err);

	if (r <= 0)
		return r;
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->at[i].target, chain) == 0)
			nft_del_rule(tx, table, entry, list->at[i].handle);
	nft_flush_chain(tx, table, chain);
	nft_del_chain(tx, table, chain, 0);
	return 0;
}

static bool is_repeated(const struct ipt_list *list, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(list->at[i].target, list->at[at].target) == 0)
			return true;
	return false;
}

static int plan_entries(struct nft *nft, enum ip_family family, size_t kind,
			stale_fn *is_stale, const void *what, struct nft_tx *tx,
			struct err *err)
{
	auto_ipt_list struct ipt_list list = { .count = 0 };
	const struct ipt_table table = { .family = family,
					 .name = "nat",
					 .nft = nft };
	int r = ipt_list_read(&table, entries[kind], &list, err);

	for (size_t i = 0; r == 0 && i < list.count; i++)
		if (strncmp(list.at[i].target, prefixes[kind], 7) == 0 &&
		    is_stale(&list.at[i], what) && !is_repeated(&list, i))
			r = plan_chain(nft, &table, &list, entries[kind],
				       list.at[i].target, tx, err);
	return r;
}

/* A chain that nothing jumps to, of a DEL that was killed. */
static int plan_own(struct nft *nft, const struct portmap_rules *rules,
		    enum ip_family family, struct nft_tx *tx, struct err *err)
{
	const char *parts[] = { rules->owner.network, rules->owner.container };
	const struct ipt_table table = { .family = family,
					 .name = "nat",
					 .nft = nft };
	char chain[IPT_CHAIN];
	int r = 0;

	for (size_t kind = 0; r == 0 && kind < 2; kind++) {
		auto_ipt_list struct ipt_list list = { .count = 0 };

		hash_hex(parts, 2, text_put(chain, prefixes[kind]), DIGITS);
		r = ipt_chain(&table, chain, err);
		if (r <= 0)
			continue;
		r = ipt_list_read(&table, entries[kind], &list, err);
		r = r
			    ?: plan_chain(nft, &table, &list, entries[kind],
					  chain, tx, err);
	}
	return r;
}

/* ---- All of it ---- */

typedef int plan_fn(struct nft *nft, const void *what,
		    const struct tables *tables, struct nft_tx *tx,
		    struct err *err);

static int plan_del(struct nft *nft, const void *what,
		    const struct tables *tables, struct nft_tx *tx,
		    struct err *err)
{
	const struct portmap_rules *rules = what;
	int r = 0;

	for (size_t i = 0; r == 0 && i < 2; i++) {
		if (tables->hostport)
			r = plan_hostport(nft, rules, families[i], tx, err);
		if (r == 0 && tables->nat)
			r = plan_own(nft, rules, families[i], tx, err);
	}
	return r;
}

struct gc {
	const char *network;
	const struct cni_attachments *valid;
};

/* dnat name: "NET" id: "ID" */
static bool is_stale_entry(const struct ipt_rule *rule, const void *what)
{
	const struct gc *gc = what;
	const char *at = strstr(rule->comment, "name: \"");
	size_t len = strlen(gc->network);
	char id[IPT_COMMENT];

	if (!at || strncmp(at + 7, gc->network, len) != 0 ||
	    strncmp(at + 7 + len, "\" id: \"", 7) != 0)
		return false;
	at += 7 + len + 7;
	len = strcspn(at, "\"");
	/* A name that was cut short could be anybody's. */
	if (at[len] != '"')
		return false;
	(void)text_putn(id, at, len);
	return !cni_attachments_have(gc->valid, id, NULL);
}

static int plan_gc(struct nft *nft, const void *what,
		   const struct tables *tables, struct nft_tx *tx,
		   struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && tables->nat && i < 4; i++)
		r = plan_entries(nft, families[i / 2], i % 2, is_stale_entry,
				 what, tx, err);
	return r;
}

static int repeat(struct nft *nft, plan_fn *plan, const void *what,
		  struct err *err)
{
	struct err why = { .code = CNI_OK };
	int r = -ERESTART;

	for (int i = 0; i < TRIES && (r == -ERESTART || r == -ENOENT ||
				      r == -EBUSY || r == -EEXIST);
	     i++) {
		auto_nft_tx struct nft_tx tx = { .message = 0 };
		struct tables tables = { .nat = false };

		err_clear(&why);
		r = nft_tables(nft, note_table, &tables, &why);
		r = r ?: plan(nft, what, &tables, &tx, &why);
		r = r ?: nft_commit(nft, &tx, &why);
	}
	return r < 0 ? (*err = why, r) : 0;
}

int portmap_leftovers_del(struct nft *nft, const struct portmap_rules *rules,
			  struct err *err)
{
	return repeat(nft, plan_del, rules, err);
}

int portmap_leftovers_gc(struct nft *nft, const char *network,
			 const struct cni_attachments *valid, struct err *err)
{
	const struct gc gc = { network, valid };

	return repeat(nft, plan_gc, &gc, err);
}
