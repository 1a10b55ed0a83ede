/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests/netns/nft.bats: puts one of everything that common/nft can build
 * into nf_tables and asks about it.
 *
 *	nftctl add|del|get|list|refuse|many N
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/nft/expr.h"
#include "common/nft/query.h"

static const struct nft_table table = { NFPROTO_INET, "t", "made by a test" };
static const struct nft_chain base = {
	.table = &table,
	.name = "prerouting",
	.type = "nat",
	.hook = NF_INET_PRE_ROUTING,
	.priority = -90,
	.comment = "a base chain",
};
static const struct nft_chain forward = {
	.table = &table,
	.name = "to",
	.comment = "a chain",
};
static const struct nft_chain from = { .table = &table, .name = "from" };
static const struct nft_chain post = {
	.table = &table,
	.name = "postrouting",
	.type = "nat",
	.hook = NF_INET_POST_ROUTING,
	.priority = 100,
};
static const struct nft_set any4 = {
	.table = &table,
	.name = "any4",
	.key = { NFT_TYPE_PROTO, NFT_TYPE_PORT },
	.data = { NFT_TYPE_IP4, NFT_TYPE_PORT },
	.comment = "a map",
};
static const struct nft_set one6 = {
	.table = &table,
	.name = "one6",
	.key = { NFT_TYPE_IP6, NFT_TYPE_PROTO, NFT_TYPE_PORT },
	.data = { NFT_TYPE_IP6, NFT_TYPE_PORT },
};
static const struct nft_set hairpin = {
	.table = &table,
	.name = "hairpin",
	.key = { NFT_TYPE_IP4, NFT_TYPE_IP4 },
};
static const struct nft_set ports = {
	.table = &table,
	.name = "ports",
	.key = { NFT_TYPE_PORT },
};
static const struct nft_set links = {
	.table = &table,
	.name = "links",
	.key = { NFT_TYPE_IFNAME },
	.data = { NFT_TYPE_VERDICT },
};
static const struct nft_set nets = {
	.table = &table,
	.name = "nets",
	.key = { NFT_TYPE_IP6 },
	.data = { NFT_TYPE_VERDICT },
};

#define SETS 6

static const struct nft_set *const sets[SETS] = { &any4,  &one6,  &hairpin,
						  &ports, &links, &nets };

static struct ip ip_of(const char *text)
{
	struct ip ip;

	if (ip_parse(text, &ip) < 0)
		abort();
	return ip;
}

static void put_ip(struct nft_value *value, const char *text)
{
	const struct ip ip = ip_of(text);

	nft_value_ip(value, &ip);
}

static struct nft_element any4_element(uint8_t proto, uint16_t port)
{
	struct nft_element element = { .set = &any4,
				       .comment = "cni:net/id/eth0" };

	nft_value_add(&element.key, &proto, 1);
	nft_value_port(&element.key, port);
	put_ip(&element.data, "10.1.0.2");
	nft_value_port(&element.data, 8080);
	return element;
}

static void add_elements(struct nft_tx *tx)
{
	struct nft_element element = any4_element(IPPROTO_TCP, 80);
	const uint8_t udp = IPPROTO_UDP;

	nft_add_element(tx, &element, NLM_F_EXCL);
	element = (struct nft_element){ .set = &one6 };
	put_ip(&element.key, "fd00::1");
	nft_value_add(&element.key, &udp, 1);
	nft_value_port(&element.key, 53);
	put_ip(&element.data, "fd00:1::2");
	nft_value_port(&element.data, 5353);
	nft_add_element(tx, &element, 0);
	element = (struct nft_element){ .set = &hairpin, .comment = "pin" };
	put_ip(&element.key, "10.1.0.2");
	put_ip(&element.key, "10.1.0.3");
	nft_add_element(tx, &element, 0);
	element = (struct nft_element){ .set = &ports };
	nft_value_port(&element.key, 443);
	nft_add_element(tx, &element, 0);
	element = (struct nft_element){ .set = &links,
					.verdict = NFT_GOTO,
					.chain = "to" };
	nft_value_name(&element.key, "veth0");
	nft_add_element(tx, &element, 0);
	element = (struct nft_element){ .set = &links,
					.verdict = NF_DROP,
					.comment = "dropped" };
	nft_value_name(&element.key, "longest-name-15");
	nft_add_element(tx, &element, 0);
	element = (struct nft_element){ .set = &nets,
					.verdict = NFT_JUMP,
					.chain = "from" };
	put_ip(&element.key, "fd00::7");
	nft_add_element(tx, &element, 0);
}

static void load_port(struct nft_tx *tx, uint32_t reg)
{
	expr_payload(tx, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, reg);
}

static void add_dnat(struct nft_tx *tx)
{
	nft_rule_open(tx, &table, "prerouting");
	expr_fib_local(tx);
	expr_verdict(tx, NFT_JUMP, "to");
	nft_rule_close(tx, "for this machine");

	nft_rule_open(tx, &table, "to");
	match_family(tx, IP_V4);
	expr_meta(tx, NFT_META_L4PROTO, NFT_REG_1);
	load_port(tx, NFT_REG32_01);
	expr_map(tx, &any4, NFT_REG_1);
	expr_nat(tx, NFT_NAT_DNAT, NFPROTO_IPV4, NFT_REG_1, NFT_REG32_01);
	nft_rule_close(tx, NULL);

	nft_rule_open(tx, &table, "to");
	match_family(tx, IP_V6);
	load_ip(tx, IP_V6, IP_DESTINATION, NFT_REG_1);
	expr_meta(tx, NFT_META_L4PROTO, NFT_REG_2);
	load_port(tx, NFT_REG32_05);
	expr_map(tx, &one6, NFT_REG_1);
	expr_nat(tx, NFT_NAT_DNAT, NFPROTO_IPV6, NFT_REG_1, NFT_REG_2);
	nft_rule_close(tx, NULL);

	nft_rule_open(tx, &table, "prerouting");
	expr_meta(tx, NFT_META_IIFNAME, NFT_REG_1);
	expr_vmap(tx, &links);
	nft_rule_close(tx, NULL);
}

static void add_masquerade(struct nft_tx *tx)
{
	const uint32_t dnat = 1U << 5; /* IPS_DST_NAT */
	const uint8_t none[4] = { 0 };
	struct cidr cidr;

	nft_rule_open(tx, &table, "postrouting");
	match_family(tx, IP_V4);
	load_ip(tx, IP_V4, IP_SOURCE, NFT_REG_1);
	load_ip(tx, IP_V4, IP_DESTINATION, NFT_REG32_01);
	expr_lookup(tx, &hairpin, false);
	expr_masquerade(tx, false);
	nft_rule_close(tx, NULL);

	nft_rule_open(tx, &table, "postrouting");
	expr_ct(tx, NFT_CT_STATUS, NFT_REG_1);
	expr_mask(tx, &dnat, sizeof(dnat));
	expr_cmp(tx, NFT_CMP_NEQ, none, sizeof(none));
	expr_mark_or(tx, 0x2000);
	nft_rule_close(tx, NULL);

	nft_rule_open(tx, &table, "postrouting");
	match_family(tx, IP_V6);
	load_ip(tx, IP_V6, IP_SOURCE, NFT_REG_1);
	expr_vmap(tx, &nets);
	nft_rule_close(tx, NULL);

	for (size_t i = 0; i < 4; i++) {
		static const char *const texts[] = { "10.1.0.0/22",
						     "fd00:1::/64", "0.0.0.0/0",
						     "192.0.2.7/32" };

		if (cidr_parse(texts[i], &cidr) < 0)
			abort();
		nft_rule_open(tx, &table, "postrouting");
		match_cidr(tx, &cidr, i == 3 ? IP_SOURCE : IP_DESTINATION,
			   i != 3);
		expr_masquerade(tx, i == 0);
		nft_rule_close(tx, texts[i]);
	}
}

static int add(struct nft *nft, struct err *err)
{
	auto_nft_tx struct nft_tx tx = { .message = 0 };

	nft_add_table(&tx, &table, 0);
	for (size_t i = 0; i < SETS; i++)
		nft_add_set(&tx, sets[i], NLM_F_EXCL);
	nft_add_chain(&tx, &base, 0);
	nft_add_chain(&tx, &forward, 0);
	nft_add_chain(&tx, &from, 0);
	nft_add_chain(&tx, &post, 0);
	add_dnat(&tx);
	add_masquerade(&tx);
	add_elements(&tx);
	return nft_commit(nft, &tx, err);
}

/* Adding @count elements in one transaction, from port 1000 on. */
static int many(struct nft *nft, const char *count, struct err *err)
{
	auto_nft_tx struct nft_tx tx = { .message = 0 };
	unsigned long n = strtoul(count, NULL, 10);

	for (unsigned long i = 0; i < n; i++) {
		struct nft_element element =
			any4_element((uint8_t)(i >> 15 ? 17 : 6),
				     (uint16_t)(1000 + i % 32768));

		nft_add_element(&tx, &element, NLM_F_EXCL);
	}
	return nft_commit(nft, &tx, err);
}

static int del(struct nft *nft, struct err *err)
{
	auto_nft_tx struct nft_tx tx = { .message = 0 };
	struct nft_element element = any4_element(IPPROTO_TCP, 80);

	nft_del_element(&tx, &any4, &element.key);
	nft_flush_chain(&tx, &table, "prerouting");
	nft_del_chain(&tx, &table, "prerouting", NLM_F_NONREC);
	nft_del_table(&tx, &table, 0);
	return nft_commit(nft, &tx, err);
}

static int refuse(struct nft *nft, struct err *err)
{
	auto_nft_tx struct nft_tx tx = { .message = 0 };
	struct nft_element element = any4_element(IPPROTO_UDP, 9);
	uint32_t generation = 0;
	int r;

	nft_add_element(&tx, &element, 0);
	element = any4_element(IPPROTO_TCP, 80);
	nft_add_element(&tx, &element, NLM_F_EXCL);
	nft_del_chain(&tx, &table, "nowhere", 0);
	r = nft_commit(nft, &tx, err);
	printf("%d %s\n", r, err->msg);
	err_clear(err);

	r = nft_generation(nft, &generation, err);
	nft_tx_begin(&tx);
	nft_tx_since(&tx, generation + 1);
	nft_add_table(&tx, &table, 0);
	r = r ?: nft_commit(nft, &tx, err);
	printf("%d %s\n", r, err->msg);
	err_clear(err);
	return 0;
}

static int get(struct nft *nft, struct err *err)
{
	struct nft_element element = any4_element(IPPROTO_TCP, 80);
	struct nft_element_info found = { .comment = "" };
	struct nft_chain_info chain = { .name = "" };
	uint32_t use = 0;
	int r;

	r = nft_table_get(nft, &table, &use, err);
	printf("table %d use %u\n", r, use);
	r = r < 0 ? r : nft_chain_get(nft, &table, "to", &chain, err);
	printf("chain %d use %u\n", r, chain.use);
	r = r < 0 ? r : nft_chain_get(nft, &table, "no", &chain, err);
	printf("no chain %d\n", r);
	r = r < 0 ? r : nft_element_get(nft, &any4, &element.key, &found, err);
	printf("element %d %zu %s\n", r, found.data.len, found.comment);
	element = any4_element(IPPROTO_TCP, 81);
	r = r < 0 ? r : nft_element_get(nft, &any4, &element.key, &found, err);
	printf("no element %d\n", r);
	return r < 0 ? r : 0;
}

static int count(const struct nft_element_info *element, void *ctx)
{
	size_t *n = ctx;

	*n = element ? *n + 1 : 0;
	return 0;
}

static int print_rule(const struct nft_rule_info *rule, void *ctx)
{
	(void)ctx;
	if (rule)
		printf("rule \"%s\" to %s\n", rule->comment,
		       nft_rule_target(rule) ?: "nobody");
	return 0;
}

static int print_chain(const struct nft_chain_info *chain, void *ctx)
{
	(void)ctx;
	if (chain)
		printf("chain %s %s\n", chain->name,
		       chain->base ? chain->type : "-");
	return 0;
}

static int list(struct nft *nft, struct err *err)
{
	auto_nft_tx struct nft_tx want = { .message = 0 };
	size_t n = 0;
	int r;

	r = nft_chains(nft, &table, print_chain, NULL, err);
	r = r ?: nft_rules(nft, &table, "prerouting", print_rule, NULL, err);
	r = r ?: nft_elements(nft, &any4, count, &n, err);
	printf("elements %zu\n", n);
	add_masquerade(&want);
	r = r ?: nft_rules_are(nft, &table, "postrouting", &want, err);
	printf("same %d\n", r);
	nft_tx_begin(&want);
	add_dnat(&want);
	r = r < 0 ? r : nft_rules_are(nft, &table, "postrouting", &want, err);
	printf("same %d\n", r);
	return r < 0 ? r : 0;
}

int main(int argc, char **argv)
{
	auto_nft struct nft nft = NFT_CLOSED;
	struct err err = { .code = CNI_OK };
	const char *verb = argc > 1 ? argv[1] : "";
	int r = -1;

	if (strcmp(verb, "add") == 0)
		r = add(&nft, &err);
	else if (strcmp(verb, "del") == 0)
		r = del(&nft, &err);
	else if (strcmp(verb, "get") == 0)
		r = get(&nft, &err);
	else if (strcmp(verb, "list") == 0)
		r = list(&nft, &err);
	else if (strcmp(verb, "refuse") == 0)
		r = refuse(&nft, &err);
	else if (strcmp(verb, "many") == 0 && argc > 2)
		r = many(&nft, argv[2], &err);
	if (r < 0)
		(void)fprintf(stderr, "%s (%s)\n", err.msg, err.details);
	return r < 0;
}
