/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/nft/expr.h"

#include <libnftnl/expr.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/rtnetlink.h>

/* Attributes of an expression that are numbers. */
struct number {
	uint16_t type;
	uint32_t value;
};

/* NULL when memory ran out, which sticks. */
static struct nftnl_expr *add(struct nft_tx *tx, const char *name,
			      const struct number *numbers, size_t count)
{
	struct nftnl_expr *expr = nft_rule_expr(tx, name);

	for (size_t i = 0; expr && i < count; i++)
		nftnl_expr_set_u32(expr, numbers[i].type, numbers[i].value);
	return expr;
}

#define ADD(tx, name, ...)                                  \
	add((tx), (name), (struct number[]){ __VA_ARGS__ }, \
	    sizeof((struct number[]){ __VA_ARGS__ }) / sizeof(struct number))

static void bytes(struct nft_tx *tx, struct nftnl_expr *expr, uint16_t type,
		  const void *data, size_t len)
{
	if (!expr || nftnl_expr_set(expr, type, data, (uint32_t)len) < 0)
		nft_tx_failed(tx);
}

void expr_meta(struct nft_tx *tx, uint32_t key, uint32_t reg)
{
	(void)ADD(tx, "meta", { NFTNL_EXPR_META_KEY, key },
		  { NFTNL_EXPR_META_DREG, reg });
}

void expr_payload(struct nft_tx *tx, uint32_t base, uint32_t offset,
		  uint32_t len, uint32_t reg)
{
	(void)ADD(tx, "payload", { NFTNL_EXPR_PAYLOAD_DREG, reg },
		  { NFTNL_EXPR_PAYLOAD_BASE, base },
		  { NFTNL_EXPR_PAYLOAD_OFFSET, offset },
		  { NFTNL_EXPR_PAYLOAD_LEN, len });
}

void expr_ct(struct nft_tx *tx, uint32_t key, uint32_t reg)
{
	(void)ADD(tx, "ct", { NFTNL_EXPR_CT_KEY, key },
		  { NFTNL_EXPR_CT_DREG, reg });
}

void expr_cmp(struct nft_tx *tx, uint32_t op, const void *data, size_t len)
{
	struct nftnl_expr *expr =
		ADD(tx, "cmp", { NFTNL_EXPR_CMP_SREG, NFT_REG_1 },
		    { NFTNL_EXPR_CMP_OP, op });

	bytes(tx, expr, NFTNL_EXPR_CMP_DATA, data, len);
}

/* Register 1 = (register 1 & @mask) ^ @flip, as the kernel calculates. */
static void mask_flip(struct nft_tx *tx, const void *mask, const void *flip,
		      size_t len)
{
	struct nftnl_expr *expr =
		ADD(tx, "bitwise", { NFTNL_EXPR_BITWISE_SREG, NFT_REG_1 },
		    { NFTNL_EXPR_BITWISE_DREG, NFT_REG_1 },
		    { NFTNL_EXPR_BITWISE_LEN, (uint32_t)len });

	bytes(tx, expr, NFTNL_EXPR_BITWISE_MASK, mask, len);
	bytes(tx, expr, NFTNL_EXPR_BITWISE_XOR, flip, len);
}

void expr_mask(struct nft_tx *tx, const void *mask, size_t len)
{
	static const uint8_t none[16];

	mask_flip(tx, mask, none, len);
}

void expr_mark_or(struct nft_tx *tx, uint32_t bits)
{
	const uint32_t rest = ~bits; /* marks are in host order */

	expr_meta(tx, NFT_META_MARK, NFT_REG_1);
	mask_flip(tx, &rest, &bits, sizeof(bits));
	(void)ADD(tx, "meta", { NFTNL_EXPR_META_KEY, NFT_META_MARK },
		  { NFTNL_EXPR_META_SREG, NFT_REG_1 });
}

void expr_immediate(struct nft_tx *tx, uint32_t reg, const void *data,
		    size_t len)
{
	struct nftnl_expr *expr =
		ADD(tx, "immediate", { NFTNL_EXPR_IMM_DREG, reg });

	bytes(tx, expr, NFTNL_EXPR_IMM_DATA, data, len);
}

static void text(struct nft_tx *tx, struct nftnl_expr *expr, uint16_t type,
		 const char *value)
{
	if (!expr || nftnl_expr_set_str(expr, type, value) < 0)
		nft_tx_failed(tx);
}

void expr_verdict(struct nft_tx *tx, int verdict, const char *chain)
{
	struct nftnl_expr *expr =
		ADD(tx, "immediate", { NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT },
		    { NFTNL_EXPR_IMM_VERDICT, (uint32_t)verdict });

	if (chain)
		text(tx, expr, NFTNL_EXPR_IMM_CHAIN, chain);
}

void expr_fib_local(struct nft_tx *tx)
{
	const uint32_t local = RTN_LOCAL; /* the kernel: in host order */

	(void)ADD(tx, "fib", { NFTNL_EXPR_FIB_DREG, NFT_REG_1 },
		  { NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE },
		  { NFTNL_EXPR_FIB_FLAGS, NFTA_FIB_F_DADDR });
	expr_cmp(tx, NFT_CMP_EQ, &local, sizeof(local));
}

void expr_lookup(struct nft_tx *tx, const struct nft_set *set, bool inverse)
{
	struct nftnl_expr *expr = ADD(
		tx, "lookup", { NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1 },
		{ NFTNL_EXPR_LOOKUP_FLAGS, inverse ? NFT_LOOKUP_F_INV : 0 });

	text(tx, expr, NFTNL_EXPR_LOOKUP_SET, set->name);
}

void expr_map(struct nft_tx *tx, const struct nft_set *set, uint32_t dreg)
{
	struct nftnl_expr *expr =
		ADD(tx, "lookup", { NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1 },
		    { NFTNL_EXPR_LOOKUP_DREG, dreg });

	text(tx, expr, NFTNL_EXPR_LOOKUP_SET, set->name);
}

void expr_vmap(struct nft_tx *tx, const struct nft_set *set)
{
	expr_map(tx, set, NFT_REG_VERDICT);
}

void expr_nat(struct nft_tx *tx, uint32_t type, uint8_t family,
	      uint32_t addr_reg, uint32_t proto_reg)
{
	struct nftnl_expr *expr =
		ADD(tx, "nat", { NFTNL_EXPR_NAT_TYPE, type },
		    { NFTNL_EXPR_NAT_FAMILY, family },
		    { NFTNL_EXPR_NAT_REG_ADDR_MIN, addr_reg });

	if (expr && proto_reg)
		nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_REG_PROTO_MIN,
				   proto_reg);
}

void expr_masquerade(struct nft_tx *tx, bool fully_random)
{
	(void)ADD(tx, "masq",
		  { NFTNL_EXPR_MASQ_FLAGS,
		    fully_random ? NF_NAT_RANGE_PROTO_RANDOM_FULLY : 0 });
}

void match_family(struct nft_tx *tx, enum ip_family family)
{
	const uint8_t number = family == IP_V4 ? NFPROTO_IPV4 : NFPROTO_IPV6;

	expr_meta(tx, NFT_META_NFPROTO, NFT_REG_1);
	expr_cmp(tx, NFT_CMP_EQ, &number, sizeof(number));
}

/* The first @len bytes of an address. */
static void load_bytes(struct nft_tx *tx, enum ip_family family,
		       enum ip_end end, uint32_t len, uint32_t reg)
{
	uint32_t source = family == IP_V4 ? 12 : 8; /* in the IP header */
	uint32_t whole = ip_bits(family) / 8;

	expr_payload(tx, NFT_PAYLOAD_NETWORK_HEADER,
		     end == IP_SOURCE ? source : source + whole, len, reg);
}

void load_ip(struct nft_tx *tx, enum ip_family family, enum ip_end end,
	     uint32_t reg)
{
	load_bytes(tx, family, end, ip_bits(family) / 8, reg);
}

/* As nft does it, so that what it loads is the same as what we made. */
void match_cidr(struct nft_tx *tx, const struct cidr *cidr, enum ip_end end,
		bool unless)
{
	const struct ip first = ip_from_num(cidr->ip.family, cidr_first(cidr));
	bool whole = cidr->len > 0 && cidr->len % 8 == 0;
	uint32_t len = whole ? cidr->len / 8 : ip_bits(first.family) / 8;
	uint8_t mask[16] = { 0 };

	match_family(tx, first.family);
	load_bytes(tx, first.family, end, len, NFT_REG_1);
	for (uint32_t bit = 0; bit < cidr->len; bit++)
		mask[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	if (!whole)
		expr_mask(tx, mask, len);
	expr_cmp(tx, unless ? NFT_CMP_NEQ : NFT_CMP_EQ, first.bytes, len);
}
