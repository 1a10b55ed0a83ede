/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/portmap/claims.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/text.h"
#include "common/nft/expr.h"

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

#define MAP(n, ...)                                     \
	{                                               \
		.table = &table, .name = n, __VA_ARGS__ \
	}
#define TO4 .data = { NFT_TYPE_IP4, NFT_TYPE_PORT }
#define TO6 .data = { NFT_TYPE_IP6, NFT_TYPE_PORT }

static const struct nft_set ports4 =
	MAP("ports4", .key = { NFT_TYPE_PROTO, NFT_TYPE_PORT }, TO4);
static const struct nft_set ports6 =
	MAP("ports6", .key = { NFT_TYPE_PROTO, NFT_TYPE_PORT }, TO6);
static const struct nft_set hosts4 = MAP(
	"hosts4", .key = { NFT_TYPE_IP4, NFT_TYPE_PROTO, NFT_TYPE_PORT }, TO4);
static const struct nft_set hosts6 = MAP(
	"hosts6", .key = { NFT_TYPE_IP6, NFT_TYPE_PROTO, NFT_TYPE_PORT }, TO6);
/* What is masqueraded on its way to a container: from its own subnet, */
static const struct nft_set near4 =
	MAP("near4", .key = { NFT_TYPE_IP4, NFT_TYPE_IP4 });
static const struct nft_set near6 =
	MAP("near6", .key = { NFT_TYPE_IP6, NFT_TYPE_IP6 });
/* what is from a loopback address, */
static const struct nft_set local4 = MAP("local4", .key = { NFT_TYPE_IP4 });
/* everything. */
static const struct nft_set all4 = MAP("all4", .key = { NFT_TYPE_IP4 });
static const struct nft_set all6 = MAP("all6", .key = { NFT_TYPE_IP6 });

static const struct nft_set *const sets[] = {
	&ports4, &hosts4, &ports6, &hosts6, &near4,
	&near6,  &local4, &all4,   &all6,
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
	if (map == &hosts4 || map == &hosts6) {
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
	put_dnat(tx, IP_V4, &hosts4);
	put_dnat(tx, IP_V4, &ports4);
	put_dnat(tx, IP_V6, &hosts6);
	put_dnat(tx, IP_V6, &ports6);
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
	put_masquerade(tx, &local4, &loopback4);
	put_masquerade(tx, &all4, NULL);
	put_masquerade(tx, &all6, NULL);
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
	expr_lookup(tx, family == IP_V4 ? &near4 : &near6, false);
	expr_masquerade(tx, false);
	nft_rule_close(tx, NULL);
}

static const struct nft_layout_chain chains[] = {
	{ &hostports, put_hostports },     { &guard, put_guard },
	{ &prerouting, put_prerouting },   { &output, put_output },
	{ &postrouting, put_postrouting },
};

/* NOLINTBEGIN(bugprone-sizeof-expression): an array of pointers it is */
const struct nft_layout portmap_layout = {
	.table = &table,
	.set_count = sizeof(sets) / sizeof(*sets),
	.chain_count = sizeof(chains) / sizeof(*chains),
	.sets = sets,
	.chains = chains,
};

_Static_assert(1 + sizeof(sets) / sizeof(*sets) +
			       sizeof(chains) / sizeof(*chains) ==
		       PORTMAP_LAYOUT_USE,
	       "what the table has without attachments");
/* NOLINTEND(bugprone-sizeof-expression) */

/* ---- Claims ---- */

static struct claim *claims_add(struct claims *claims)
{
	size_t size = claims->size ? 2 * claims->size : 16;
	struct claim *grown;

	if (claims->count == claims->size) {
		grown = reallocarray(claims->at, size, sizeof(*grown));
		if (!grown)
			return NULL;
		claims->at = grown;
		claims->size = size;
	}
	grown = &claims->at[claims->count++];
	*grown = (struct claim){ .set = NULL };
	return grown;
}

void claims_free(struct claims *claims)
{
	free(claims->at);
	*claims = (struct claims){ .count = 0 };
}

int claims_add_port(struct claims *out, enum ip_family family,
		    const struct ip *host, uint8_t protocol, uint16_t port)
{
	struct claim *claim = claims_add(out);

	if (!claim)
		return -ENOMEM;
	if (host->family != IP_NONE) {
		claim->set = family == IP_V4 ? &hosts4 : &hosts6;
		nft_value_ip(&claim->key, host);
	} else {
		claim->set = family == IP_V4 ? &ports4 : &ports6;
	}
	nft_value_add(&claim->key, &protocol, 1);
	nft_value_port(&claim->key, port);
	return 0;
}

/* A mapping without an address of the host is one of each family. */
static bool is_for(const struct portmap_mapping *mapping, enum ip_family family)
{
	return mapping->host_ip.family == IP_NONE ||
	       mapping->host_ip.family == family;
}

static int claims_of_family(const struct portmap_conf *conf,
			    const struct cidr *pod, struct claims *out)
{
	static const struct ip any = { .family = IP_NONE };
	int r = 0;

	for (size_t i = 0; r == 0 && i < conf->mapping_count; i++) {
		const struct portmap_mapping *mapping = &conf->mappings[i];
		struct claim *claim;

		if (pod->ip.family == IP_NONE ||
		    !is_for(mapping, pod->ip.family))
			continue;
		r = claims_add_port(out, pod->ip.family,
				    mapping->any_of_family ? &any
							   : &mapping->host_ip,
				    mapping->protocol, mapping->host_port);
		if (r < 0)
			return r;
		claim = &out->at[out->count - 1];
		claim->mapping = i;
		nft_value_ip(&claim->data, &pod->ip);
		nft_value_port(&claim->data, mapping->container_port);
	}
	return 0;
}

int claims_of(const struct portmap_conf *conf, struct claims *out,
	      struct err *err)
{
	int r;

	r = claims_of_family(conf, &conf->pod4, out);
	r = r ?: claims_of_family(conf, &conf->pod6, out);
	return r < 0 ? err_nomem(err) : 0;
}

static int claim_address(struct claims *out, const struct nft_set *set,
			 const struct ip *subnet, const struct ip *ip)
{
	struct claim *claim = claims_add(out);

	if (!claim)
		return -ENOMEM;
	claim->set = set;
	if (subnet)
		nft_value_ip(&claim->key, subnet);
	nft_value_ip(&claim->key, ip);
	return 0;
}

int claims_add_pod(struct claims *out, const struct cidr *pod, bool all)
{
	const bool v4 = pod->ip.family == IP_V4;
	struct ip subnet;
	int r;

	if (pod->ip.family == IP_NONE)
		return 0;
	if (all)
		return claim_address(out, v4 ? &all4 : &all6, NULL, &pod->ip);
	subnet = ip_from_num(pod->ip.family, cidr_first(pod));
	r = claim_address(out, v4 ? &near4 : &near6, &subnet, &pod->ip);
	if (v4)
		r = r ?: claim_address(out, &local4, NULL, &pod->ip);
	return r;
}

int claims_of_pods(const struct portmap_conf *conf, struct claims *out,
		   struct err *err)
{
	int r;

	if (!conf->snat)
		return 0;
	r = claims_add_pod(out, &conf->pod4, conf->masq_all);
	r = r ?: claims_add_pod(out, &conf->pod6, conf->masq_all);
	return r < 0 ? err_nomem(err) : 0;
}

/* ---- The chain of an attachment ---- */

char *pod_chain(const char *owner, char buf[static POD_CHAIN])
{
	hash_hex(&owner, 1, text_put(buf, "pod-"), 16);
	return buf;
}

struct writer {
	struct nft_tx *tx;
	const char *chain, *comment;
};

static void put_return(const struct writer *w)
{
	expr_verdict(w->tx, NFT_RETURN, NULL);
	nft_rule_close(w->tx, w->comment);
}

/* Keys have their parts at multiples of four bytes. */
static void list_port(const struct writer *w, const struct claim *claim)
{
	const bool v4 = claim->set == &ports4 || claim->set == &hosts4;
	const uint8_t *at = claim->key.bytes;
	struct cidr host = { .ip.family = v4 ? IP_V4 : IP_V6,
			     .len = v4 ? 32 : 128 };
	const size_t len = v4 ? 4 : 16;

	nft_rule_open(w->tx, &table, w->chain);
	if (claim->set == &hosts4 || claim->set == &hosts6) {
		memcpy(host.ip.bytes, at, len);
		match_cidr(w->tx, &host, IP_DESTINATION, false);
		at += len;
	} else {
		match_family(w->tx, host.ip.family);
	}
	expr_meta(w->tx, NFT_META_L4PROTO, NFT_REG_1);
	expr_cmp(w->tx, NFT_CMP_EQ, at, 1);
	expr_payload(w->tx, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, NFT_REG_1);
	expr_cmp(w->tx, NFT_CMP_EQ, at + 4, 2);
	put_return(w);
}

/* Its subnet, and its address. */
static void list_pod(const struct writer *w, const struct cidr *pod)
{
	const enum ip_family family = pod->ip.family;

	if (family == IP_NONE)
		return;
	nft_rule_open(w->tx, &table, w->chain);
	match_cidr(w->tx, pod, IP_SOURCE, false);
	load_ip(w->tx, family, IP_DESTINATION, NFT_REG_1);
	expr_cmp(w->tx, NFT_CMP_EQ, pod->ip.bytes, ip_bits(family) / 8);
	put_return(w);
}

void pod_rules(struct nft_tx *tx, const struct portmap_rules *rules,
	       const struct claim *ports, size_t count)
{
	char chain[POD_CHAIN], owner[OWNER_TEXT];
	const struct writer w = { tx, chain, owner };

	(void)cni_owner_text(&rules->owner, owner);
	(void)pod_chain(owner, chain);
	for (size_t i = 0; i < count; i++)
		list_port(&w, &ports[i]);
	list_pod(&w, &rules->conf->pod4);
	list_pod(&w, &rules->conf->pod6);
}
