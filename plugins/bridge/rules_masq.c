/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Masquerade in nf_tables
 *
 *	table inet ferrule_masquerade {
 *		map sources4 {
 *			type ipv4_addr : verdict
 *			elements = { 10.1.0.2 comment "cni:NET/ID/IF" : goto
 *net-HASH }
 *		}
 *		map sources6 { ... }
 *		chain postrouting {
 *			type nat hook postrouting priority srcnat; policy
 *accept; ip daddr 224.0.0.0/4 return ip6 daddr ff00::/8 return ip saddr vmap
 *@sources4 ip6 saddr vmap @sources6
 *		}
 *		chain net-HASH {
 *			ip daddr != 10.1.0.0/24 masquerade comment "cni:NET/"
 *		}
 *	}
 *
 * The chain is of one network, one subnet and one way to choose ports. A packet
 * costs the same with one container and with 10,000, and a change the same
 * messages. What is not constant is in the kernel: a new element that points
 * to a chain makes it validate all jumps of the table at the commit, which
 * takes it 0.2 us for each element that is there (Linux 6.18).
 */
#include <string.h>

#include "common/base/hash.h"
#include "common/base/text.h"
#include "common/nft/expr.h"
#include "plugins/bridge/rules_parts.h"

static const struct nft_table table = {
	NFPROTO_INET, "ferrule_masquerade",
	"made by the CNI plugins of ferrule: which containers are masqueraded"
};

static const struct nft_chain postrouting = {
	.table = &table,
	.name = "postrouting",
	.type = "nat",
	.hook = NF_INET_POST_ROUTING,
	.priority = 100, /* srcnat */
};

static const struct nft_set sources4 = {
	.table = &table,
	.name = "sources4",
	.key = { NFT_TYPE_IP4 },
	.data = { NFT_TYPE_VERDICT },
};

static const struct nft_set sources6 = {
	.table = &table,
	.name = "sources6",
	.key = { NFT_TYPE_IP6 },
	.data = { NFT_TYPE_VERDICT },
};

static const struct nft_set *const sets[] = { &sources4, &sources6 };

static void put_multicast(struct nft_tx *tx, const struct cidr *cidr)
{
	nft_rule_open(tx, &table, postrouting.name);
	match_cidr(tx, cidr, IP_DESTINATION, false);
	expr_verdict(tx, NFT_RETURN, NULL);
	nft_rule_close(tx, NULL);
}

static void put_sources(struct nft_tx *tx, enum ip_family family,
			const struct nft_set *set)
{
	nft_rule_open(tx, &table, postrouting.name);
	match_family(tx, family);
	load_ip(tx, family, IP_SOURCE, NFT_REG_1);
	expr_vmap(tx, set);
	nft_rule_close(tx, NULL);
}

static void put_rules(struct nft_tx *tx)
{
	static const struct cidr multicast4 = { .ip = { IP_V4, { 224 } },
						.len = 4 };
	static const struct cidr multicast6 = { .ip = { IP_V6, { 0xff } },
						.len = 8 };

	put_multicast(tx, &multicast4);
	put_multicast(tx, &multicast6);
	put_sources(tx, IP_V4, &sources4);
	put_sources(tx, IP_V6, &sources6);
}

static const struct nft_layout_chain chains[] = {
	{ &postrouting, put_rules },
};

static const struct nft_layout layout = {
	.table = &table,
	.set_count = 2,
	.chain_count = 1,
	.sets = sets,
	.chains = chains,
};

static const struct nft_set *set_of(const struct ip *ip)
{
	return ip->family == IP_V4 ? &sources4 : &sources6;
}

static struct nft_value key_of(const struct ip *ip)
{
	struct nft_value key = { .len = 0 };

	nft_value_ip(&key, ip);
	return key;
}

static void chain_name(const char *network, const struct cidr *subnet,
		       bool fully_random, char out[static RULES_CHAIN])
{
	const struct ip first =
		ip_from_num(subnet->ip.family, cidr_first(subnet));
	const struct cidr plain = { .ip = first, .len = subnet->len };
	char text[CIDR_TEXT];
	const char *parts[] = { network, "/", cidr_format(&plain, text),
				fully_random ? "/fully-random" : "" };

	hash_hex(parts, 4, text_put(out, "net-"), 16);
}

static void put_masquerade(struct nft_tx *tx, const struct bridge_rules *rules,
			   const struct cidr *subnet, const char *chain)
{
	char comment[OWNER_TEXT];

	nft_rule_open(tx, &table, chain);
	match_cidr(tx, subnet, IP_DESTINATION, true);
	expr_masquerade(tx, rules->random_fully);
	nft_rule_close(tx, cni_owner_prefix(rules->owner.network, comment));
}

static int repair_chain(struct nft *nft, const struct bridge_rules *rules,
			size_t i, struct nft_tx *tx, struct err *err)
{
	auto_nft_tx struct nft_tx want = { .message = 0 };
	char name[RULES_CHAIN], before[RULES_CHAIN];
	const struct nft_chain chain = { .table = &table, .name = name };

	chain_name(rules->owner.network, &rules->masq[i], rules->random_fully,
		   name);
	for (size_t j = 0; j < i; j++) { /* several addresses of a subnet */
		chain_name(rules->owner.network, &rules->masq[j],
			   rules->random_fully, before);
		if (strcmp(name, before) == 0)
			return 0;
	}
	put_masquerade(&want, rules, &rules->masq[i], name);
	return nft_layout_repair_chain(nft, &chain, &want, tx, err);
}

/* An address in use is its last owner's no more: IPAM says whose it is. */
static int add_source(struct nft *nft, const struct bridge_rules *rules,
		      size_t i, bool look, struct nft_tx *tx, struct err *err)
{
	const struct cidr *address = &rules->masq[i];
	char chain[RULES_CHAIN], owner[OWNER_TEXT];
	struct nft_element_info now = { .comment = "" };
	struct nft_element element = {
		.set = set_of(&address->ip),
		.key = key_of(&address->ip),
		.verdict = NFT_GOTO,
		.chain = chain,
		.comment = cni_owner_text(&rules->owner, owner),
	};
	int r = 0;

	chain_name(rules->owner.network, address, rules->random_fully, chain);
	if (look)
		r = nft_element_get(nft, element.set, &element.key, &now, err);
	if (r < 0)
		return r;
	if (r > 0 && strcmp(now.comment, owner) == 0 && now.chain &&
	    strcmp(now.chain, chain) == 0)
		return 0;
	if (r > 0)
		nft_del_element(tx, element.set, &element.key);
	nft_add_element(tx, &element, NLM_F_EXCL);
	return 0;
}

int rules_masq_add(struct nft *nft, const struct bridge_rules *rules, bool look,
		   struct nft_tx *tx, struct err *err)
{
	int r = nft_layout_repair(nft, &layout, tx, err);

	for (size_t i = 0; r == 0 && i < rules->masq_count; i++)
		r = repair_chain(nft, rules, i, tx, err);
	for (size_t i = 0; r == 0 && i < rules->masq_count; i++)
		r = add_source(nft, rules, i, look, tx, err);
	return r;
}

/* Whose elements a list is searched for; the context of nft_elements(). */
struct search {
	const struct nft_set *set;
	const char *owner;
	struct rules_victims *victims;
	size_t before;
};

static int collect_own(const struct nft_element_info *element, void *ctx)
{
	struct search *search = ctx;

	if (!element)
		search->victims->list.len = search->before;
	else if (strcmp(element->comment, search->owner) == 0)
		rules_victims_add(search->victims, search->set, element);
	return 0;
}

static int find_by_hint(struct nft *nft, const struct bridge_rules *rules,
			const char *owner, struct rules_victims *victims,
			struct err *err)
{
	for (size_t i = 0; i < rules->masq_count; i++) {
		const struct ip *ip = &rules->masq[i].ip;
		const struct nft_value key = key_of(ip);
		struct nft_element_info info = { .comment = "" };
		int r = nft_element_get(nft, set_of(ip), &key, &info, err);

		if (r < 0)
			return r;
		if (r > 0 && strcmp(info.comment, owner) == 0)
			rules_victims_add(victims, set_of(ip), &info);
	}
	return 0;
}

/*
 * Where the network has no chain for the subnet, none of its attachments there
 * is masqueraded, and the maps need not be searched. Returns 1 if they must.
 */
static int must_search(struct nft *nft, const struct bridge_rules *rules,
		       struct err *err)
{
	struct nft_chain_info info;
	char chain[RULES_CHAIN];
	int r = 0;

	for (size_t i = 0; r == 0 && i < 2 * rules->masq_count; i++) {
		chain_name(rules->owner.network, &rules->masq[i / 2], i % 2,
			   chain);
		r = nft_chain_get(nft, &table, chain, &info, err);
	}
	return rules->masq_count == 0 ? 1 : r;
}

static int find_by_owner(struct nft *nft, const char *owner,
			 struct rules_victims *victims, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < 2; i++) {
		struct search search = { .set = sets[i],
					 .owner = owner,
					 .victims = victims,
					 .before = victims->list.len };

		r = nft_elements(nft, sets[i], collect_own, &search, err);
	}
	return r;
}

int rules_masq_del(struct nft *nft, const struct bridge_rules *rules, bool tidy,
		   struct nft_tx *tx, struct err *err)
{
	auto_victims struct rules_victims victims = { .list = {
							      .data = NULL } };
	char owner[OWNER_TEXT];
	int r = nft_table_get(nft, &table, NULL, err);

	if (r <= 0)
		return r;
	(void)cni_owner_text(&rules->owner, owner);
	r = find_by_hint(nft, rules, owner, &victims, err);
	if (r < 0)
		return r;
	if (victims.list.len == 0) {
		r = must_search(nft, rules, err);
		if (r > 0)
			r = find_by_owner(nft, owner, &victims, err);
		if (r < 0)
			return r;
	}
	return rules_victims_plan(nft, &layout, &victims, tidy, tx, err);
}

static int check_source(struct nft *nft, const struct bridge_rules *rules,
			const struct cidr *address, struct err *err)
{
	const struct nft_value key = key_of(&address->ip);
	const struct nft_set *set = set_of(&address->ip);
	struct nft_element_info info = { .comment = "" };
	char chain[RULES_CHAIN], owner[OWNER_TEXT], text[IP_TEXT];
	int r = nft_element_get(nft, set, &key, &info, err);

	if (r < 0)
		return r;
	(void)ip_format(&address->ip, text);
	(void)cni_owner_text(&rules->owner, owner);
	chain_name(rules->owner.network, address, rules->random_fully, chain);
	if (r == 0)
		return err_set(err, CNI_E_CHECK,
			       "masquerade: %s is missing from map %s of table "
			       "inet %s, expected it to go to %s",
			       text, set->name, table.name, chain);
	if (strcmp(info.comment, owner) != 0)
		return err_set(err, CNI_E_CHECK,
			       "masquerade: %s in map %s of table inet %s "
			       "belongs to \"%s\", expected \"%s\"",
			       text, set->name, table.name, info.comment,
			       owner);
	if (info.verdict != NFT_GOTO || !info.chain ||
	    strcmp(info.chain, chain) != 0)
		return err_set(err, CNI_E_CHECK,
			       "masquerade: %s in map %s of table inet %s goes "
			       "to %s, expected %s",
			       text, set->name, table.name, info.chain ?: "?",
			       chain);
	return 0;
}

static int check_chain(struct nft *nft, const struct bridge_rules *rules,
		       const struct cidr *address, struct err *err)
{
	auto_nft_tx struct nft_tx want = { .message = 0 };
	char chain[RULES_CHAIN], text[CIDR_TEXT];
	int r;

	chain_name(rules->owner.network, address, rules->random_fully, chain);
	put_masquerade(&want, rules, address, chain);
	r = nft_rules_are(nft, &table, chain, &want, err);
	if (r == 0)
		return err_set(err, CNI_E_CHECK,
			       "masquerade: chain %s of table inet %s has "
			       "other rules than expected: masquerade%s what "
			       "leaves the subnet of %s",
			       chain, table.name,
			       rules->random_fully ? " fully-random" : "",
			       cidr_format(address, text));
	return r < 0 ? r : 0;
}

int rules_masq_check(struct nft *nft, const struct bridge_rules *rules,
		     struct err *err)
{
	int r = 0;

	if (rules->masq_count == 0)
		return 0;
	for (size_t i = 0; r == 0 && i < rules->masq_count; i++) {
		r = check_source(nft, rules, &rules->masq[i], err);
		r = r ?: check_chain(nft, rules, &rules->masq[i], err);
	}
	return r ?: nft_layout_check(nft, &layout, err);
}

int rules_masq_gc(struct nft *nft, const char *network,
		  const struct cni_attachments *valid, bool tidy,
		  struct nft_tx *tx, struct err *err)
{
	auto_victims struct rules_victims victims = { .list = {
							      .data = NULL } };
	int r = 0;

	for (size_t i = 0; r == 0 && i < 2; i++) {
		struct rules_stale stale = { .set = sets[i],
					     .network = network,
					     .valid = valid,
					     .before = victims.list.len,
					     .victims = &victims };

		r = nft_elements(nft, sets[i], rules_stale_collect, &stale,
				 err);
	}
	return r ?: rules_victims_plan(nft, &layout, &victims, tidy, tx, err);
}
