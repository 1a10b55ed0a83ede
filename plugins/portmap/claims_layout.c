/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the table always has: sets, base chains and their rules. */
#include "common/nft/expr.h"
#include "plugins/portmap/claims_parts.h"

static const struct nft_table table = {
	NFPROTO_INET, "ferrule_portmap",
	"made by the CNI plugins of ferrule: published ports"
};

static const struct nft_chain guard = {
	.table = &table,
	.name = "guard",
	.type = "filter",
	.hook = NF_INET_PRE_ROUTING,
	.priority = -300, /* raw */
};

/* After everybody else's translation at -100: theirs is decided by then. */
#define NAT_PRIORITY (-95)

static const struct nft_chain prerouting = {
	.table = &table,
	.name = "prerouting",
	.type = "nat",
	.hook = NF_INET_PRE_ROUTING,
	.priority = NAT_PRIORITY,
};

static const struct nft_chain output = {
	.table = &table,
	.name = "output",
	.type = "nat",
	.hook = NF_INET_LOCAL_OUT,
	.priority = NAT_PRIORITY,
};

static const struct nft_chain postrouting = {
	.table = &table,
	.name = "postrouting",
	.type = "nat",
	.hook = NF_INET_POST_ROUTING,
	.priority = 100, /* srcnat */
};

static const struct nft_chain hostports = { .table = &table,
					    .name = "hostports" };

const struct nft_chain portmap_near = { .table = &table, .name = "near" };

#define SET(n, ...) .n = { .table = &table, .name = #n, __VA_ARGS__ }
#define TO4         .data = { NFT_TYPE_IP4, NFT_TYPE_PORT }
#define TO6         .data = { NFT_TYPE_IP6, NFT_TYPE_PORT }

const struct portmap_sets portmap_sets = {
	SET(ports4, .key = { NFT_TYPE_PROTO, NFT_TYPE_PORT }, TO4),
	SET(ports6, .key = { NFT_TYPE_PROTO, NFT_TYPE_PORT }, TO6),
	SET(hosts4, .key = { NFT_TYPE_IP4, NFT_TYPE_PROTO, NFT_TYPE_PORT },
	    TO4),
	SET(hosts6, .key = { NFT_TYPE_IP6, NFT_TYPE_PROTO, NFT_TYPE_PORT },
	    TO6),
	SET(near4, .key = { NFT_TYPE_IP4, NFT_TYPE_IP4 }),
	SET(near6, .key = { NFT_TYPE_IP6, NFT_TYPE_IP6 }),
	SET(local4, .key = { NFT_TYPE_IP4 }),
	SET(all4, .key = { NFT_TYPE_IP4 }),
	SET(all6, .key = { NFT_TYPE_IP6 }),
};

#define SET_COUNT 9

static const struct nft_set *const sets[SET_COUNT] = {
	&portmap_sets.ports4, &portmap_sets.hosts4, &portmap_sets.ports6,
	&portmap_sets.hosts6, &portmap_sets.near4,  &portmap_sets.near6,
	&portmap_sets.local4, &portmap_sets.all4,   &portmap_sets.all6,
};

/* ---- The rules that are always the same ---- */

static void put_drop(struct nft_tx *tx, const struct cidr *cidr,
		     enum ip_end end)
{
	static const char lo[16] = "lo";

	nft_rule_open(tx, &table, guard.name);
	expr_meta(tx, NFT_META_IIFNAME, NFT_REG_1);
	expr_cmp(tx, NFT_CMP_NEQ, lo, sizeof(lo));
	match_cidr(tx, cidr, end, false);
	expr_verdict(tx, NF_DROP, NULL);
	nft_rule_close(tx, "loopback addresses are for this host alone");
}

static const struct cidr loopback4 = { .ip = { IP_V4, { 127 } }, .len = 8 };
static const struct cidr loopback6 = { .ip = { IP_V6, { [15] = 1 } },
				       .len = 128 };

/* With route_localnet the kernel would take them from, and for, anybody. */
static void put_guard(struct nft_tx *tx)
{
	put_drop(tx, &loopback4, IP_DESTINATION);
	put_drop(tx, &loopback6, IP_DESTINATION);
	put_drop(tx, &loopback4, IP_SOURCE);
	put_drop(tx, &loopback6, IP_SOURCE);
}

static void put_local(struct nft_tx *tx, const struct nft_chain *chain)
{
	nft_rule_open(tx, &table, chain->name);
	expr_fib_local(tx);
	expr_verdict(tx, NFT_JUMP, hostports.name);
	nft_rule_close(tx, NULL);
}

static void put_prerouting(struct nft_tx *tx)
{
	put_local(tx, &prerouting);
}

/*
 * [::1] cannot be translated: IPv6 has no route_localnet, and the answer would
 * be dropped. So whoever asks there is refused at once, and does not wait.
 */
static void put_output(struct nft_tx *tx)
{
	nft_rule_open(tx, &table, output.name);
	match_cidr(tx, &loopback6, IP_DESTINATION, false);
	expr_verdict(tx, NFT_RETURN, NULL);
	nft_rule_close(tx, NULL);
	put_local(tx, &output);
}

/*
 * Registers by their place in units of four bytes, named as the kernel names
 * them when it is asked: whole ones of 16 bytes by their own names.
 */
static uint32_t reg_at(uint32_t place)
{
	return place % 4 == 0 ? NFT_REG_1 + place / 4 : NFT_REG32_00 + place;
}

/* Load protocol and destination port to the registers from @place on. */
static void load_port(struct nft_tx *tx, uint32_t place)
{
	expr_meta(tx, NFT_META_L4PROTO, reg_at(place));
	expr_payload(tx, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, reg_at(place + 1));
}

static void put_dnat(struct nft_tx *tx, enum ip_family family,
		     const struct nft_set *map)
{
	const uint32_t behind = family == IP_V4 ? 1 : 4;

	nft_rule_open(tx, &table, hostports.name);
	match_family(tx, family);
	if (map == &portmap_sets.hosts4 || map == &portmap_sets.hosts6) {
		load_ip(tx, family, IP_DESTINATION, NFT_REG_1);
		load_port(tx, behind);
	} else {
		load_port(tx, 0);
	}
	expr_map(tx, map, NFT_REG_1);
	expr_nat(tx, NFT_NAT_DNAT,
		 family == IP_V4 ? NFPROTO_IPV4 : NFPROTO_IPV6, NFT_REG_1,
		 reg_at(behind));
	nft_rule_close(tx, NULL);
}

/* The mark on what we translate, on its way from here to postrouting. */
static void put_mark(struct nft_tx *tx, const char *chain, bool set)
{
	nft_rule_open(tx, &table, chain);
	if (set)
		expr_mark_or(tx, PORTMAP_MARK);
	else
		expr_mark_clear(tx, PORTMAP_MARK);
	nft_rule_close(tx, NULL);
}

/*
 * A mapping for one address of the host comes before one for any. Translating
 * ends the chain; what gets to its end is not ours.
 */
static void put_hostports(struct nft_tx *tx)
{
	put_mark(tx, hostports.name, true);
	put_dnat(tx, IP_V4, &portmap_sets.hosts4);
	put_dnat(tx, IP_V4, &portmap_sets.ports4);
	put_dnat(tx, IP_V6, &portmap_sets.hosts6);
	put_dnat(tx, IP_V6, &portmap_sets.ports6);
	put_mark(tx, hostports.name, false);
}

/* Only what was translated here: others' flows to the container are theirs. */
static void put_unmarked(struct nft_tx *tx)
{
	const uint32_t mark = PORTMAP_MARK, none = 0;

	nft_rule_open(tx, &table, postrouting.name);
	expr_meta(tx, NFT_META_MARK, NFT_REG_1);
	expr_mask(tx, &mark, sizeof(mark));
	expr_cmp(tx, NFT_CMP_EQ, &none, sizeof(none));
	expr_verdict(tx, NFT_RETURN, NULL);
	nft_rule_close(tx, NULL);
}

static void put_masquerade(struct nft_tx *tx, const struct nft_set *set,
			   const struct cidr *source)
{
	const enum ip_family family =
		set->key[0] == NFT_TYPE_IP4 ? IP_V4 : IP_V6;

	nft_rule_open(tx, &table, postrouting.name);
	if (source)
		match_cidr(tx, source, IP_SOURCE, false);
	else
		match_family(tx, family);
	load_ip(tx, family, IP_DESTINATION, NFT_REG_1);
	expr_lookup(tx, set, false);
	expr_masquerade(tx, false);
	nft_rule_close(tx, NULL);
}

static void put_postrouting(struct nft_tx *tx)
{
	put_unmarked(tx);
	put_mark(tx, postrouting.name, false);
	nft_rule_open(tx, &table, postrouting.name);
	expr_verdict(tx, NFT_JUMP, portmap_near.name);
	nft_rule_close(tx, NULL);
	put_masquerade(tx, &portmap_sets.local4, &loopback4);
	put_masquerade(tx, &portmap_sets.all4, NULL);
	put_masquerade(tx, &portmap_sets.all6, NULL);
}

void near_rule(struct nft_tx *tx, enum ip_family family, unsigned int len)
{
	uint8_t mask[16] = { 0 };

	for (unsigned int bit = 0; bit < len; bit++)
		mask[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	nft_rule_open(tx, &table, portmap_near.name);
	match_family(tx, family);
	load_ip(tx, family, IP_SOURCE, NFT_REG_1);
	expr_mask(tx, mask, ip_bits(family) / 8);
	load_ip(tx, family, IP_DESTINATION, reg_at(ip_bits(family) / 32));
	expr_lookup(tx,
		    family == IP_V4 ? &portmap_sets.near4 : &portmap_sets.near6,
		    false);
	expr_masquerade(tx, false);
	nft_rule_close(tx, NULL);
}

static const struct nft_layout_chain chains[] = {
	{ &hostports, put_hostports },     { &guard, put_guard },
	{ &prerouting, put_prerouting },   { &output, put_output },
	{ &postrouting, put_postrouting },
};

const struct nft_layout portmap_layout = {
	.table = &table,
	.set_count = SET_COUNT,
	.chain_count = sizeof(chains) / sizeof(*chains),
	.sets = sets,
	.chains = chains,
};

_Static_assert(1 + SET_COUNT + sizeof(chains) / sizeof(*chains) ==
		       PORTMAP_LAYOUT_USE,
	       "what the table has without attachments");
