/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of plugins/bridge/rules*.c that need no kernel. */
#include <linux/netfilter/nfnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/nft/expr.h"
#include "plugins/bridge/rules_ipt.h"

/* wrap: nft_rules */

/* The rule that the "kernel" has, in place of a list from the real one. */
static const struct nft_tx *kernel;

int __wrap_nft_rules(struct nft *nft, const struct nft_table *table,
		     const char *chain, nft_rule_fn *fn, void *ctx,
		     struct err *err);

int __wrap_nft_rules(struct nft *nft, const struct nft_table *table,
		     const char *chain, nft_rule_fn *fn, void *ctx,
		     struct err *err)
{
	const size_t head = NLMSG_HDRLEN + sizeof(struct nfgenmsg);
	const struct attrs in = { (const uint8_t *)kernel->batch.data + head,
				  kernel->batch.len - head };
	const struct nft_rule_info rule = {
		.handle = 7,
		.exprs = attr_in(in, NFTA_RULE_EXPRESSIONS),
		.comment = "told",
	};

	(void)nft;
	(void)err;
	assert_string_equal(chain, "POSTROUTING");
	assert_string_equal(table->name, "nat");
	return fn(&rule, ctx);
}

static int keep(const struct ipt_rule *rule, void *ctx)
{
	struct ipt_rule *out = ctx;

	*out = *rule;
	return 0;
}

static struct ipt_rule read_back(const struct nft_tx *tx, enum ip_family family)
{
	const struct ipt_table table = { .family = family, .name = "nat" };
	struct ipt_rule rule = { .handle = 0 };
	struct err err = { .code = CNI_OK };

	kernel = tx;
	assert_int_equal(
		ipt_nft_rules(&table, "POSTROUTING", keep, &rule, &err), 0);
	return rule;
}

static struct cidr cidr_of(const char *text)
{
	struct cidr cidr;

	assert_int_equal(cidr_parse(text, &cidr), 0);
	return cidr;
}

static void check_cidr(const struct cidr *got, const char *want)
{
	char text[CIDR_TEXT];

	assert_string_equal(cidr_format(got, text), want);
}

/* A mask, a load of some bytes, or the whole address: all are read. */
static void test_ipt_addresses(void **state)
{
	static const char *const nets[] = {
		"10.1.0.0/24", "10.1.0.2/32", "224.0.0.0/4", "10.1.4.0/22",
		"fd88::/64",   "fd88::2/128", "ff00::/8",    "fd88::/61",
	};
	const struct nft_table *table;

	(void)state;
	for (size_t i = 0; i < sizeof(nets) / sizeof(*nets); i++) {
		auto_nft_tx struct nft_tx tx = { .message = 0 };
		const struct cidr cidr = cidr_of(nets[i]);
		struct ipt_rule rule;

		table = ipt_nft_table(cidr.ip.family, "nat");
		nft_rule_open(&tx, table, "POSTROUTING");
		match_cidr(&tx, &cidr, IP_DESTINATION, i % 2);
		expr_verdict(&tx, NF_ACCEPT, NULL);
		nft_rule_close(&tx, NULL);
		rule = read_back(&tx, cidr.ip.family);
		check_cidr(&rule.destination, nets[i]);
		assert_int_equal(rule.source.ip.family, IP_NONE);
		assert_int_equal(rule.unless, i % 2);
		assert_true(rule.accept);
		assert_string_equal(rule.target, "");
		assert_string_equal(rule.comment, "told");
		assert_int_equal(rule.handle, 7);

		nft_tx_begin(&tx);
		nft_rule_open(&tx, table, "POSTROUTING");
		match_cidr(&tx, &cidr, IP_SOURCE, false);
		expr_verdict(&tx, NFT_JUMP, "CNI-there");
		nft_rule_close(&tx, NULL);
		rule = read_back(&tx, cidr.ip.family);
		check_cidr(&rule.source, nets[i]);
		assert_false(rule.accept);
		assert_string_equal(rule.target, "CNI-there");
	}
}

/* "! -s" is in no rule of ours: it must not be taken for "-s". */
static void test_ipt_negated_source(void **state)
{
	auto_nft_tx struct nft_tx tx = { .message = 0 };
	const struct cidr cidr = cidr_of("10.1.0.2/32");
	struct ipt_rule rule;

	(void)state;
	nft_rule_open(&tx, ipt_nft_table(IP_V4, "nat"), "POSTROUTING");
	match_cidr(&tx, &cidr, IP_SOURCE, true);
	expr_masquerade(&tx, false);
	nft_rule_close(&tx, NULL);
	rule = read_back(&tx, IP_V4);
	assert_int_equal(rule.source.ip.family, IP_NONE);
	assert_string_equal(rule.target, "MASQUERADE");
}

/* What is compared after another load is not an address. */
static void test_ipt_other_matches(void **state)
{
	auto_nft_tx struct nft_tx tx = { .message = 0 };
	const uint8_t port[] = { 0, 53, 0, 0 };
	struct ipt_rule rule;

	(void)state;
	nft_rule_open(&tx, ipt_nft_table(IP_V4, "nat"), "POSTROUTING");
	expr_payload(&tx, NFT_PAYLOAD_TRANSPORT_HEADER, 12, 4, NFT_REG_1);
	expr_cmp(&tx, NFT_CMP_EQ, port, sizeof(port));
	expr_payload(&tx, NFT_PAYLOAD_NETWORK_HEADER, 9, 1, NFT_REG_1);
	expr_cmp(&tx, NFT_CMP_EQ, port, 1);
	expr_verdict(&tx, NF_DROP, NULL);
	nft_rule_close(&tx, NULL);
	rule = read_back(&tx, IP_V4);
	assert_int_equal(rule.source.ip.family, IP_NONE);
	assert_int_equal(rule.destination.ip.family, IP_NONE);
	assert_false(rule.accept);
}

/* As the reference names it; cni-behaviour.md 1.8. */
static void test_ipt_chain_name(void **state)
{
	char chain[IPT_CHAIN];

	(void)state;
	ipt_chain_name("n1", "c1", chain);
	assert_string_equal(chain, "CNI-7be53730afe4dc6eb2178d03");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ipt_addresses),
		cmocka_unit_test(test_ipt_negated_source),
		cmocka_unit_test(test_ipt_other_matches),
		cmocka_unit_test(test_ipt_chain_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
