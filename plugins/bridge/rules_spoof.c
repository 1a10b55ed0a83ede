/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The check that a container sends with its own MAC address only
 *
 *	table bridge ferrule_macspoof {
 *		map ports {
 *			type ifname : verdict
 *			elements = { "vethXXX" comment "cni:NET/ID/IF" : goto
 *spoof-vethXXX }
 *		}
 *		chain prerouting {
 *			type filter hook prerouting priority -300; policy
 *accept; iifname vmap @ports
 *		}
 *		chain spoof-vethXXX {
 *			ether saddr 0a:58:0a:01:00:02 return
 *			drop
 *		}
 *	}
 */
#include <string.h>

#include "common/base/text.h"
#include "common/nft/expr.h"
#include "plugins/bridge/rules_parts.h"

#define CHAIN_PREFIX "spoof-"

/* cni_owner_link() gives another name for each of these. */
#define PROBES 4U

static const struct nft_table table = {
	NFPROTO_BRIDGE, "ferrule_macspoof",
	"made by the CNI plugins of ferrule: containers use their own MAC "
	"address"
};

static const struct nft_chain prerouting = {
	.table = &table,
	.name = "prerouting",
	.type = "filter",
	.hook = 0, /* NF_BR_PRE_ROUTING */
	.priority = -300,
};

static const struct nft_set ports = {
	.table = &table,
	.name = "ports",
	.key = { NFT_TYPE_IFNAME },
	.data = { NFT_TYPE_VERDICT },
};

static const struct nft_set *const sets[] = { &ports };

static void put_lookup(struct nft_tx *tx)
{
	nft_rule_open(tx, &table, prerouting.name);
	expr_meta(tx, NFT_META_IIFNAME, NFT_REG_1);
	expr_vmap(tx, &ports);
	nft_rule_close(tx, NULL);
}

static const struct nft_layout_chain chains[] = {
	{ &prerouting, put_lookup },
};

static const struct nft_layout layout = {
	.table = &table,
	.set_count = 1,
	.chain_count = 1,
	.sets = sets,
	.chains = chains,
};

static void chain_name(const char *port, char out[static RULES_CHAIN])
{
	(void)text_putn(text_put(out, CHAIN_PREFIX), port,
			strnlen(port, OWNER_LINK - 1));
}

static struct nft_value key_of(const char *port)
{
	struct nft_value key = { .len = 0 };

	nft_value_name(&key, port);
	return key;
}

/* In an Ethernet header the source address follows the destination's. */
static void put_check(struct nft_tx *tx, const struct bridge_rules *rules,
		      const char *chain)
{
	char comment[OWNER_TEXT];

	(void)cni_owner_text(&rules->owner, comment);
	nft_rule_open(tx, &table, chain);
	expr_payload(tx, NFT_PAYLOAD_LL_HEADER, MAC_LEN, MAC_LEN, NFT_REG_1);
	expr_cmp(tx, NFT_CMP_EQ, rules->mac, MAC_LEN);
	expr_verdict(tx, NFT_RETURN, NULL);
	nft_rule_close(tx, comment);
	nft_rule_open(tx, &table, chain);
	expr_verdict(tx, NF_DROP, NULL);
	nft_rule_close(tx, comment);
}

/* The port is ours, so whatever is there for its name is stale. */
static int add_port(struct nft *nft, const struct bridge_rules *rules,
		    const char *chain, bool look, struct nft_tx *tx,
		    struct err *err)
{
	struct nft_element_info now = { .comment = "" };
	char owner[OWNER_TEXT];
	const struct nft_element element = {
		.set = &ports,
		.key = key_of(rules->port),
		.verdict = NFT_GOTO,
		.chain = chain,
		.comment = cni_owner_text(&rules->owner, owner),
	};
	int r = 0;

	if (look)
		r = nft_element_get(nft, &ports, &element.key, &now, err);
	if (r < 0)
		return r;
	if (r > 0 && strcmp(now.comment, owner) == 0 && now.chain &&
	    strcmp(now.chain, chain) == 0)
		return 0;
	if (r > 0)
		nft_del_element(tx, &ports, &element.key);
	nft_add_element(tx, &element, NLM_F_EXCL);
	return 0;
}

int rules_spoof_add(struct nft *nft, const struct bridge_rules *rules,
		    bool look, struct nft_tx *tx, struct err *err)
{
	auto_nft_tx struct nft_tx want = { .message = 0 };
	char name[RULES_CHAIN];
	const struct nft_chain chain = { .table = &table, .name = name };
	int r;

	chain_name(rules->port, name);
	put_check(&want, rules, name);
	r = nft_layout_repair(nft, &layout, tx, err);
	r = r ?: nft_layout_repair_chain(nft, &chain, &want, tx, err);
	return r ?: add_port(nft, rules, name, look, tx, err);
}

static int find_port(struct nft *nft, const struct bridge_rules *rules,
		     const char *port, struct rules_victims *victims,
		     struct err *err)
{
	const struct nft_value key = key_of(port);
	struct nft_element_info info = { .comment = "" };
	char owner[OWNER_TEXT];
	int r = nft_element_get(nft, &ports, &key, &info, err);

	if (r > 0 &&
	    strcmp(info.comment, cni_owner_text(&rules->owner, owner)) == 0)
		rules_victims_add(victims, &ports, &info);
	return r < 0 ? r : 0;
}

int rules_spoof_del(struct nft *nft, const struct bridge_rules *rules,
		    bool tidy, struct nft_tx *tx, struct err *err)
{
	auto_victims struct rules_victims victims = { .list = {
							      .data = NULL } };
	char port[OWNER_LINK];
	int r = nft_table_get(nft, &table, NULL, err);

	if (r <= 0)
		return r;
	r = 0;
	if (rules->port)
		r = find_port(nft, rules, rules->port, &victims, err);
	for (unsigned int i = 0; r == 0 && i < PROBES && victims.list.len == 0;
	     i++)
		r = find_port(nft, rules,
			      cni_owner_link(&rules->owner, i, port), &victims,
			      err);
	return r ?: rules_victims_plan(nft, &layout, &victims, tidy, tx, err);
}

static int check_port(struct nft *nft, const struct bridge_rules *rules,
		      const char *chain, struct err *err)
{
	const struct nft_value key = key_of(rules->port);
	struct nft_element_info info = { .comment = "" };
	char owner[OWNER_TEXT];
	int r = nft_element_get(nft, &ports, &key, &info, err);

	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, CNI_E_CHECK,
			       "macspoofchk: port %s is missing from map ports "
			       "of table bridge %s, expected it to go to %s",
			       rules->port, table.name, chain);
	(void)cni_owner_text(&rules->owner, owner);
	if (strcmp(info.comment, owner) != 0 || info.verdict != NFT_GOTO ||
	    !info.chain || strcmp(info.chain, chain) != 0)
		return err_set(err, CNI_E_CHECK,
			       "macspoofchk: port %s in map ports of table "
			       "bridge %s goes to %s and belongs to \"%s\", "
			       "expected %s and \"%s\"",
			       rules->port, table.name, info.chain ?: "?",
			       info.comment, chain, owner);
	return 0;
}

int rules_spoof_check(struct nft *nft, const struct bridge_rules *rules,
		      struct err *err)
{
	auto_nft_tx struct nft_tx want = { .message = 0 };
	char name[RULES_CHAIN];
	int r;

	chain_name(rules->port, name);
	put_check(&want, rules, name);
	r = check_port(nft, rules, name, err);
	if (r < 0)
		return r;
	r = nft_rules_are(nft, &table, name, &want, err);
	if (r == 0)
		return err_set(err, CNI_E_CHECK,
			       "macspoofchk: chain %s of table bridge %s has "
			       "other rules than expected: return for the "
			       "container's MAC address, drop",
			       name, table.name);
	return r < 0 ? r : nft_layout_check(nft, &layout, err);
}

int rules_spoof_gc(struct nft *nft, const char *network,
		   const struct cni_attachments *valid, bool tidy,
		   struct nft_tx *tx, struct err *err)
{
	auto_victims struct rules_victims victims = { .list = {
							      .data = NULL } };
	struct rules_stale stale = { .set = &ports,
				     .network = network,
				     .valid = valid,
				     .victims = &victims };
	int r = nft_elements(nft, &ports, rules_stale_collect, &stale, err);

	return r ?: rules_victims_plan(nft, &layout, &victims, tidy, tx, err);
}
