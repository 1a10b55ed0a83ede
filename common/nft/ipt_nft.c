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
#include "common/nft/ipt.h"

static const struct nft_table tables[] = {
	{ NFPROTO_IPV4, "nat", NULL },
	{ NFPROTO_IPV6, "nat", NULL },
	{ NFPROTO_IPV4, "raw", NULL },
	{ NFPROTO_IPV6, "raw", NULL },
};

const struct nft_table *ipt_nft_table(enum ip_family family, const char *name)
{
	return &tables[(family == IP_V6) + 2 * (strcmp(name, "raw") == 0)];
}

/* What register 1 was loaded with. */
enum loaded { NOTHING, ADDRESS, PROTOCOL, PORT, MARK, LINK, OTHER };

/* What has been loaded from the packet and not been compared yet. */
struct reading {
	struct ipt_rule rule;
	enum ip_family family;
	enum loaded loaded;
	bool source;   /* of an address: it is the source */
	uint32_t bits; /* how much of it */
};

static void read_payload(struct reading *reading, struct attrs data)
{
	uint32_t bytes = ip_bits(reading->family) / 8;
	uint32_t source = reading->family == IP_V4 ? 12 : 8;
	uint32_t base = attr_u32(data, NFTA_PAYLOAD_BASE, UINT32_MAX);
	uint32_t offset = attr_u32(data, NFTA_PAYLOAD_OFFSET, 0);
	uint32_t len = attr_u32(data, NFTA_PAYLOAD_LEN, 0);

	reading->loaded = OTHER;
	if (base == NFT_PAYLOAD_TRANSPORT_HEADER && offset == 2 && len == 2)
		reading->loaded = PORT;
	if (base == NFT_PAYLOAD_NETWORK_HEADER && len <= bytes &&
	    (offset == source || offset == source + bytes))
		reading->loaded = ADDRESS;
	reading->source = offset == source;
	reading->bits = 8 * len;
}

static void read_meta(struct reading *reading, struct attrs data)
{
	switch (attr_u32(data, NFTA_META_KEY, UINT32_MAX)) {
	case NFT_META_L4PROTO:
		reading->loaded = PROTOCOL;
		break;
	case NFT_META_MARK: /* in DREG; in SREG, it is set */
		reading->loaded = MARK;
		break;
	case NFT_META_IIFNAME:
		reading->loaded = LINK;
		break;
	default:
		reading->loaded = OTHER;
	}
}

static void read_mask(struct reading *reading, struct attrs data)
{
	struct attrs mask =
		attr_in(attr_in(data, NFTA_BITWISE_MASK), NFTA_DATA_VALUE);
	struct attrs set =
		attr_in(attr_in(data, NFTA_BITWISE_XOR), NFTA_DATA_VALUE);
	uint32_t bits = 0;

	if (reading->loaded == MARK && set.len == sizeof(reading->rule.mark))
		memcpy(&reading->rule.mark, set.data, set.len);
	while (bits < 8 * mask.len && mask.data[bits / 8] & (0x80 >> bits % 8))
		bits++;
	if (bits < reading->bits)
		reading->bits = bits;
}

static void read_address(struct reading *reading, struct attrs value,
			 bool equal)
{
	struct cidr *cidr = reading->source ? &reading->rule.source
					    : &reading->rule.destination;

	if (value.len > ip_bits(reading->family) / 8)
		return;
	cidr->ip.family = reading->family;
	memcpy(cidr->ip.bytes, value.data, value.len);
	cidr->len = reading->bits;
	if (!reading->source) {
		reading->rule.unless = !equal;
	} else if (!equal) { /* not one of ours */
		cidr->ip.family = IP_NONE;
		reading->rule.more = true;
	}
}

/* True if that is one of those that a rule of ours may compare. */
static bool take_value(struct reading *reading, struct attrs value, bool equal)
{
	struct ipt_rule *rule = &reading->rule;

	switch (reading->loaded) {
	case ADDRESS:
		read_address(reading, value, equal);
		return true;
	case PROTOCOL:
		if (value.len == 1)
			rule->protocol = *value.data;
		return equal && value.len == 1;
	case PORT:
		if (value.len == 2)
			rule->port =
				(uint16_t)(value.data[0] << 8 | value.data[1]);
		return equal && value.len == 2;
	case MARK:
		if (value.len == sizeof(rule->mark))
			memcpy(&rule->mark, value.data, value.len);
		return equal && value.len == sizeof(rule->mark);
	case LINK:
		rule->not_lo = !equal && value.len >= 3 &&
			       memcmp(value.data, "lo", 3) == 0;
		return rule->not_lo;
	case NOTHING:
	case OTHER:
		break;
	}
	return false;
}

static void read_cmp(struct reading *reading, struct attrs data)
{
	struct attrs value =
		attr_in(attr_in(data, NFTA_CMP_DATA), NFTA_DATA_VALUE);
	bool equal = attr_u32(data, NFTA_CMP_OP, NFT_CMP_EQ) == NFT_CMP_EQ;

	if (!take_value(reading, value, equal))
		reading->rule.more = true;
	reading->loaded = NOTHING;
}

static void put_text(char *out, size_t size, const char *text, size_t len)
{
	if (len > size - 1)
		len = size - 1;
	(void)text_putn(out, text, strnlen(text, len));
}

static void read_verdict(struct reading *reading, struct attrs data)
{
	struct attrs verdict =
		attr_in(attr_in(data, NFTA_IMMEDIATE_DATA), NFTA_DATA_VERDICT);
	uint32_t code = attr_u32(verdict, NFTA_VERDICT_CODE, UINT32_MAX);
	const char *chain = attr_str(verdict, NFTA_VERDICT_CHAIN);

	reading->rule.accept = code == NF_ACCEPT;
	reading->rule.drop = code == NF_DROP;
	reading->rule.back = code == (uint32_t)NFT_RETURN;
	if (chain)
		put_text(reading->rule.target, sizeof(reading->rule.target),
			 chain, strlen(chain));
}

static void read_expr(struct reading *reading, const struct nft_expr_info *expr)
{
	if (strcmp(expr->name, "payload") == 0)
		read_payload(reading, expr->data);
	else if (strcmp(expr->name, "meta") == 0)
		read_meta(reading, expr->data);
	else if (strcmp(expr->name, "bitwise") == 0)
		read_mask(reading, expr->data);
	else if (strcmp(expr->name, "cmp") == 0)
		read_cmp(reading, expr->data);
	else if (strcmp(expr->name, "match") == 0)
		ipt_read_match(&reading->rule,
			       attr_str(expr->data, NFTA_MATCH_NAME),
			       attr_in(expr->data, NFTA_MATCH_INFO));
	else if (strcmp(expr->name, "target") == 0)
		ipt_read_target(&reading->rule, reading->family,
				attr_str(expr->data, NFTA_TARGET_NAME),
				attr_in(expr->data, NFTA_TARGET_INFO));
	else if (strcmp(expr->name, "masq") == 0)
		(void)text_put(reading->rule.target, "MASQUERADE");
	else if (strcmp(expr->name, "immediate") == 0)
		read_verdict(reading, expr->data);
	else if (strcmp(expr->name, "counter") != 0)
		reading->rule.more = true;
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

int ipt_nft_rules(const struct ipt_table *table, const char *chain,
		  ipt_rule_fn *fn, void *ctx, struct err *err)
{
	struct reader reader = { table->family, fn, ctx };

	return nft_rules(table->nft, ipt_nft_table(table->family, table->name),
			 chain, read_rule, &reader, err);
}
