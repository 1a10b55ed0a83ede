/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iptables' rules in nf_tables. Addresses are payload expressions there, with
 * a mask or loaded only as far as the prefix goes; jumps and ACCEPT are
 * verdicts; comments and MASQUERADE are what the old modules had, in "match"
 * and "target". Versions of iptables differ in that; both ways are read.
 */
#include <linux/netfilter/nf_tables_compat.h>
#include <string.h>

#include "common/base/text.h"
#include "plugins/bridge/rules_ipt.h"

static const struct nft_table nat4 = { NFPROTO_IPV4, "nat", NULL };
static const struct nft_table nat6 = { NFPROTO_IPV6, "nat", NULL };

const struct nft_table *ipt_nft_table(enum ip_family family)
{
	return family == IP_V4 ? &nat4 : &nat6;
}

/* What has been loaded from the packet and not been compared yet. */
struct reading {
	struct ipt_rule rule;
	enum ip_family family;
	bool loaded, source; /* an address, the source or the destination */
	uint32_t bits;       /* how much of it */
};

static void read_payload(struct reading *reading, struct attrs data)
{
	uint32_t bytes = ip_bits(reading->family) / 8;
	uint32_t source = reading->family == IP_V4 ? 12 : 8;
	uint32_t offset = attr_u32(data, NFTA_PAYLOAD_OFFSET, 0);
	uint32_t len = attr_u32(data, NFTA_PAYLOAD_LEN, 0);

	reading->loaded = attr_u32(data, NFTA_PAYLOAD_BASE, UINT32_MAX) ==
				  NFT_PAYLOAD_NETWORK_HEADER &&
			  (offset == source || offset == source + bytes) &&
			  len <= bytes;
	reading->source = offset == source;
	reading->bits = 8 * len;
}

static void read_mask(struct reading *reading, struct attrs data)
{
	struct attrs mask =
		attr_in(attr_in(data, NFTA_BITWISE_MASK), NFTA_DATA_VALUE);
	uint32_t bits = 0;

	while (bits < 8 * mask.len && mask.data[bits / 8] & (0x80 >> bits % 8))
		bits++;
	if (bits < reading->bits)
		reading->bits = bits;
}

static void read_cmp(struct reading *reading, struct attrs data)
{
	struct attrs value =
		attr_in(attr_in(data, NFTA_CMP_DATA), NFTA_DATA_VALUE);
	bool equal = attr_u32(data, NFTA_CMP_OP, NFT_CMP_EQ) == NFT_CMP_EQ;
	struct cidr *cidr = reading->source ? &reading->rule.source
					    : &reading->rule.destination;

	if (!reading->loaded || value.len > ip_bits(reading->family) / 8)
		return;
	reading->loaded = false;
	cidr->ip.family = reading->family;
	memcpy(cidr->ip.bytes, value.data, value.len);
	cidr->len = reading->bits;
	if (!reading->source)
		reading->rule.unless = !equal;
	else if (!equal) /* not one of ours */
		cidr->ip.family = IP_NONE;
}

static void put_text(char *out, size_t size, const char *text, size_t len)
{
	if (len > size - 1)
		len = size - 1;
	(void)text_putn(out, text, strnlen(text, len));
}

static void read_match(struct reading *reading, struct attrs data)
{
	const char *name = attr_str(data, NFTA_MATCH_NAME);
	struct attrs info = attr_in(data, NFTA_MATCH_INFO);

	if (name && strcmp(name, "comment") == 0 && info.data)
		put_text(reading->rule.comment, IPT_COMMENT,
			 (const char *)info.data, info.len);
}

static void read_target(struct reading *reading, const char *name)
{
	if (name)
		put_text(reading->rule.target, sizeof(reading->rule.target),
			 name, strlen(name));
}

static void read_verdict(struct reading *reading, struct attrs data)
{
	struct attrs verdict =
		attr_in(attr_in(data, NFTA_IMMEDIATE_DATA), NFTA_DATA_VERDICT);

	reading->rule.accept =
		attr_u32(verdict, NFTA_VERDICT_CODE, UINT32_MAX) == NF_ACCEPT;
	read_target(reading, attr_str(verdict, NFTA_VERDICT_CHAIN));
}

static void read_expr(struct reading *reading, const struct nft_expr_info *expr)
{
	if (strcmp(expr->name, "payload") == 0)
		read_payload(reading, expr->data);
	else if (strcmp(expr->name, "bitwise") == 0)
		read_mask(reading, expr->data);
	else if (strcmp(expr->name, "cmp") == 0)
		read_cmp(reading, expr->data);
	else if (strcmp(expr->name, "match") == 0)
		read_match(reading, expr->data);
	else if (strcmp(expr->name, "target") == 0)
		read_target(reading, attr_str(expr->data, NFTA_TARGET_NAME));
	else if (strcmp(expr->name, "masq") == 0)
		read_target(reading, "MASQUERADE");
	else if (strcmp(expr->name, "immediate") == 0)
		read_verdict(reading, expr->data);
}

struct reader {
	enum ip_family family;
	ipt_rule_fn *fn;
	void *ctx;
};

static int read_rule(const struct nft_rule_info *rule, void *ctx)
{
	const struct reader *reader = ctx;
	struct reading reading = { .family = reader->family };
	struct nft_expr_info expr;
	struct attrs rest;

	if (!rule)
		return reader->fn(NULL, reader->ctx);
	rest = rule->exprs;
	put_text(reading.rule.comment, IPT_COMMENT, rule->comment,
		 strlen(rule->comment));
	while (nft_expr_next(&rest, &expr))
		read_expr(&reading, &expr);
	reading.rule.handle = rule->handle;
	return reader->fn(&reading.rule, reader->ctx);
}

int ipt_nft_rules(struct nft *nft, enum ip_family family, const char *chain,
		  ipt_rule_fn *fn, void *ctx, struct err *err)
{
	struct reader reader = { family, fn, ctx };

	return nft_rules(nft, ipt_nft_table(family), chain, read_rule, &reader,
			 err);
}
