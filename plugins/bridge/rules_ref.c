/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the reference plugin (cni-behaviour.md 2.2) made in nf_tables, for
 * containers that were attached before the plugin was exchanged:
 *
 *	table inet cni_plugins_masquerade, chain masq_checks: rules with the
 *	comment "HASH(NET)-HASH(IF:ID), net: NET, if: IF, id: ID"
 *
 *	table bridge nat, chain PREROUTING: a rule with the comment
 *	"macspoofchk-ID-IF" that jumps to chain cni-br-iface-ID-IF, which jumps
 *	to cni-br-iface-ID-IF-mac
 *
 * The reference leaves its tables when they are empty; here they go, as it
 * makes what is missing with each ADD. iptables and ebtables do, too.
 */
#include <net/if.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/text.h"
#include "plugins/bridge/rules_parts.h"

#define HASHED     16U
#define PAIR       (2 * HASHED + 1)
#define CHECK_NAME "macspoofchk-"
#define CHAIN_NAME "cni-br-iface-"

static const struct nft_table masquerade = { NFPROTO_INET,
					     "cni_plugins_masquerade", NULL };
static const struct nft_table nat = { NFPROTO_BRIDGE, "nat", NULL };

static const struct rules_place checks = { &masquerade, "masq_checks" };
static const struct rules_place ports = { &nat, "PREROUTING" };

static void hash_pair(const char *network, const char *container,
		      const char *ifname, char out[static PAIR + 1])
{
	const char *parts[] = { ifname, ":", container };

	hash_hex(&network, 1, out, HASHED);
	out[HASHED] = '-';
	hash_hex(parts, 3, out + HASHED + 1, HASHED);
}

static bool is_pair(const struct nft_rule_info *rule, void *what)
{
	const char *pair = what;

	return rule && strncmp(rule->comment, pair, PAIR) == 0 &&
	       (rule->comment[PAIR] == ',' || rule->comment[PAIR] == '\0');
}

/* Its two chains go with it when no other rule is left. */
static int plan_masquerade(struct nft *nft, const struct rules_scan *scan,
			   bool tidy, struct nft_tx *tx, struct err *err)
{
	int r;

	if (rules_scan_count(scan) == 0)
		return 0;
	if (tidy && scan->kept == 0) {
		r = rules_table_left(nft, &masquerade, 2, err);
		if (r < 0)
			return r;
		if (r == 0) {
			nft_del_table(tx, &masquerade, 0);
			return 1;
		}
	}
	rules_scan_plan(scan, &checks, tx);
	return tidy;
}

static int del_masquerade(struct nft *nft, const struct cni_owner *owner,
			  bool tidy, struct nft_tx *tx, struct err *err)
{
	auto_rules_scan struct rules_scan scan = { .kept = 0 };
	char pair[PAIR + 1];
	int r = nft_table_get(nft, &masquerade, NULL, err);

	if (r <= 0)
		return r;
	hash_pair(owner->network, owner->container, owner->ifname, pair);
	r = rules_scan(nft, &checks, is_pair, pair, &scan, err);
	return r ?: plan_masquerade(nft, &scan, tidy, tx, err);
}

static void plan_spoof_chains(struct nft *nft, const char *name,
			      struct nft_tx *tx, uint32_t *going,
			      struct err *err)
{
	auto_strbuf struct strbuf mac = { .data = NULL };
	struct nft_chain_info info;

	strbuf_puts(&mac, name);
	strbuf_puts(&mac, "-mac");
	nft_del_chain(tx, &nat, name, 0);
	++*going;
	if (mac.failed || nft_chain_get(nft, &nat, mac.data, &info, err) <= 0)
		return;
	nft_del_chain(tx, &nat, mac.data, 0);
	++*going;
}

static int plan_spoof(struct nft *nft, const struct rules_scan *scan,
		      const struct nft_tx *chains, uint32_t going,
		      struct nft_tx *tx, struct err *err)
{
	int r = scan->kept > 0;

	if (r == 0)
		r = rules_table_left(nft, &nat, going + 1, err);
	if (r < 0)
		return r;
	if (r == 0) {
		nft_del_table(tx, &nat, 0);
		return 1;
	}
	rules_scan_plan(scan, &ports, tx);
	nft_tx_append(tx, chains);
	return 0;
}

static bool is_comment(const struct nft_rule_info *rule, void *what)
{
	return rule && strcmp(rule->comment, what) == 0;
}

static void put_name(struct strbuf *out, const char *prefix,
		     const char *container, const char *ifname)
{
	strbuf_puts(out, prefix);
	strbuf_puts(out, container);
	strbuf_putc(out, '-');
	strbuf_puts(out, ifname);
}

static int del_spoof(struct nft *nft, const struct cni_owner *owner, bool tidy,
		     struct nft_tx *tx, struct err *err)
{
	auto_strbuf struct strbuf chain = { .data = NULL };
	auto_strbuf struct strbuf comment = { .data = NULL };
	auto_rules_scan struct rules_scan scan = { .kept = 0 };
	auto_nft_tx struct nft_tx chains = { .message = 0 };
	struct nft_chain_info info;
	uint32_t going = 0;
	int r;

	put_name(&chain, CHAIN_NAME, owner->container, owner->ifname);
	put_name(&comment, CHECK_NAME, owner->container, owner->ifname);
	if (chain.failed || comment.failed)
		return err_nomem(err);
	/* No chain's name is longer, and asking for one is an error. */
	if (chain.len + sizeof("-mac") > NFT_NAME_MAXLEN)
		return 0;
	r = nft_chain_get(nft, &nat, chain.data, &info, err);
	if (r <= 0)
		return r;
	r = rules_scan(nft, &ports, is_comment, comment.data, &scan, err);
	if (r < 0)
		return r;
	plan_spoof_chains(nft, chain.data, &chains, &going, err);
	scan.kept += !tidy; /* as if there were more: the table stays */
	r = plan_spoof(nft, &scan, &chains, going, tx, err);
	return r < 0 ? r : tidy;
}

int rules_ref_del(struct nft *nft, const struct bridge_rules *rules, bool tidy,
		  struct nft_tx *tx, struct err *err)
{
	int r = del_masquerade(nft, &rules->owner, tidy, tx, err);
	int s;

	if (r < 0)
		return r;
	s = del_spoof(nft, &rules->owner, tidy, tx, err);
	return s < 0 ? s : r | s;
}

/* One for each address. */
int rules_ref_masq(struct nft *nft, const struct bridge_rules *rules,
		   struct err *err)
{
	auto_rules_scan struct rules_scan scan = { .kept = 0 };
	const struct cni_owner *owner = &rules->owner;
	char pair[PAIR + 1];
	int r;

	hash_pair(owner->network, owner->container, owner->ifname, pair);
	r = rules_scan(nft, &checks, is_pair, pair, &scan, err);
	return r < 0 ? r : rules_scan_count(&scan) >= rules->masq_count;
}

/* The jump for the port, and the two chains: a jump; return and drop. */
int rules_ref_spoof(struct nft *nft, const struct bridge_rules *rules,
		    struct err *err)
{
	auto_strbuf struct strbuf chain = { .data = NULL };
	auto_strbuf struct strbuf comment = { .data = NULL };
	const struct cni_owner *owner = &rules->owner;
	const uint32_t wanted[] = { 1, 1, 2 };
	int r = 1;

	put_name(&chain, CHAIN_NAME, owner->container, owner->ifname);
	put_name(&comment, CHECK_NAME, owner->container, owner->ifname);
	for (size_t i = 0; r > 0 && i < 3; i++) {
		auto_rules_scan struct rules_scan scan = { .kept = 0 };
		struct rules_place place = ports;

		if (i == 2)
			strbuf_puts(&chain, "-mac");
		if (chain.failed || comment.failed)
			return err_nomem(err);
		if (i > 0)
			place.chain = chain.data;
		r = rules_scan(nft, &place, is_comment, comment.data, &scan,
			       err);
		if (r == 0)
			r = rules_scan_count(&scan) >= wanted[i];
	}
	return r;
}

/* The hash pairs of all that are valid, one after the other. */
struct pairs {
	struct strbuf list;
	char network[HASHED + 2]; /* and the '-' */
};

static bool is_stale_pair(const struct nft_rule_info *rule, void *what)
{
	const struct pairs *pairs = what;

	if (!rule || strlen(rule->comment) < PAIR ||
	    strncmp(rule->comment, pairs->network, HASHED + 1) != 0)
		return false;
	for (size_t at = 0; at < pairs->list.len; at += PAIR)
		if (memcmp(pairs->list.data + at, rule->comment, PAIR) == 0)
			return false;
	return true;
}

static int gc_masquerade(struct nft *nft, const char *network,
			 const struct cni_attachments *valid, bool tidy,
			 struct nft_tx *tx, struct err *err)
{
	auto_rules_scan struct rules_scan scan = { .kept = 0 };
	auto_strbuf struct strbuf list = { .data = NULL };
	struct pairs pairs = { .network = "" };
	char pair[PAIR + 1];
	int r = nft_table_get(nft, &masquerade, NULL, err);

	if (r <= 0)
		return r;
	hash_pair(network, "", "", pair);
	(void)text_putn(pairs.network, pair, HASHED + 1);
	for (size_t i = 0; i < valid->count; i++) {
		hash_pair(network, valid->at[i].container, valid->at[i].ifname,
			  pair);
		strbuf_add(&list, pair, PAIR);
	}
	if (list.failed)
		return err_nomem(err);
	pairs.list = list;
	r = rules_scan(nft, &checks, is_stale_pair, &pairs, &scan, err);
	return r ?: plan_masquerade(nft, &scan, tidy, tx, err);
}

/* Spoof checks without a port, as their names do not tell the network. */
struct dead_ports {
	const struct cni_attachments *valid;
	struct strbuf *chains; /* names, each with its NUL */
};

static bool port_exists(const struct nft_rule_info *rule)
{
	struct attrs rest = rule->exprs, data;
	struct nft_expr_info expr;
	char name[IFNAMSIZ] = "";

	while (nft_expr_next(&rest, &expr)) {
		if (strcmp(expr.name, "cmp") != 0)
			continue;
		data = attr_in(attr_in(expr.data, NFTA_CMP_DATA),
			       NFTA_DATA_VALUE);
		if (data.len > 0 && data.len <= sizeof(name))
			memcpy(name, data.data, data.len);
		name[sizeof(name) - 1] = '\0';
		return !*name || if_nametoindex(name) != 0;
	}
	return true;
}

static bool is_valid_check(const char *comment,
			   const struct cni_attachments *valid)
{
	for (size_t i = 0; i < valid->count; i++) {
		auto_strbuf struct strbuf name = { .data = NULL };

		put_name(&name, CHECK_NAME, valid->at[i].container,
			 valid->at[i].ifname);
		if (name.failed || strcmp(name.data, comment) == 0)
			return true;
	}
	return false;
}

static bool is_dead_port(const struct nft_rule_info *rule, void *what)
{
	const size_t len = sizeof(CHECK_NAME) - 1;
	struct dead_ports *dead = what;
	const char *target;

	if (!rule) {
		dead->chains->len = 0;
		return false;
	}
	target = nft_rule_target(rule);
	if (strncmp(rule->comment, CHECK_NAME, len) != 0 || !target ||
	    strncmp(target, CHAIN_NAME, sizeof(CHAIN_NAME) - 1) != 0 ||
	    strcmp(target + sizeof(CHAIN_NAME) - 1, rule->comment + len) != 0)
		return false;
	if (port_exists(rule) || is_valid_check(rule->comment, dead->valid))
		return false;
	strbuf_add(dead->chains, target, strlen(target) + 1);
	return true;
}

static int gc_spoof(struct nft *nft, const struct cni_attachments *valid,
		    bool tidy, struct nft_tx *tx, struct err *err)
{
	auto_rules_scan struct rules_scan scan = { .kept = 0 };
	auto_nft_tx struct nft_tx chains = { .message = 0 };
	auto_strbuf struct strbuf names = { .data = NULL };
	struct dead_ports dead = { .valid = valid, .chains = &names };
	uint32_t going = 0;
	int r = nft_table_get(nft, &nat, NULL, err);

	if (r <= 0)
		return r;
	r = rules_scan(nft, &ports, is_dead_port, &dead, &scan, err);
	if (r == 0 && names.failed)
		r = err_nomem(err);
	if (r == 0 && names.len > 0) {
		for (size_t at = 0; at < names.len;
		     at += strlen(names.data + at) + 1)
			plan_spoof_chains(nft, names.data + at, &chains, &going,
					  err);
		scan.kept += !tidy;
		r = plan_spoof(nft, &scan, &chains, going, tx, err);
		r = r < 0 ? r : tidy;
	}
	return r;
}

int rules_ref_gc(struct nft *nft, const char *network,
		 const struct cni_attachments *valid, bool tidy,
		 struct nft_tx *tx, struct err *err)
{
	int r = gc_masquerade(nft, network, valid, tidy, tx, err);
	int s;

	if (r < 0)
		return r;
	s = gc_spoof(nft, valid, tidy, tx, err);
	return s < 0 ? s : r | s;
}
