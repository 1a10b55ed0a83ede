/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading back what an attachment's chain lists: the matches of its rules. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/portmap/claims.h"

/* What a rule compares with what. */
struct matches {
	enum ip_family family;
	struct cidr source; /* host bits are zero */
	struct ip destination;
	uint8_t protocol;
	uint16_t port;
};

/* What register 1 holds, and how many bits of it. */
enum loaded { NOTHING, FAMILY, PROTOCOL, SOURCE, DESTINATION, PORT };

/* nft, too, loads no more bytes than a prefix has, if it ends on one. */
static unsigned int bits_of(const struct nft_expr_info *expr)
{
	struct attrs mask;
	unsigned int bits = 0;

	if (strcmp(expr->name, "payload") == 0)
		return 8 * attr_u32(expr->data, NFTA_PAYLOAD_LEN, 0);
	mask = attr_in(attr_in(expr->data, NFTA_BITWISE_MASK), NFTA_DATA_VALUE);
	for (size_t i = 0; i < mask.len; i++)
		bits += (unsigned int)__builtin_popcount(mask.data[i]);
	return bits;
}

static enum loaded loaded_by(const struct nft_expr_info *expr)
{
	const uint32_t offset = attr_u32(expr->data, NFTA_PAYLOAD_OFFSET, 0);
	const uint32_t base = attr_u32(expr->data, NFTA_PAYLOAD_BASE, 0);

	if (strcmp(expr->name, "meta") == 0) {
		const uint32_t key = attr_u32(expr->data, NFTA_META_KEY, 0);

		if (key == NFT_META_NFPROTO)
			return FAMILY;
		return key == NFT_META_L4PROTO ? PROTOCOL : NOTHING;
	}
	if (strcmp(expr->name, "payload") != 0)
		return NOTHING;
	if (base == NFT_PAYLOAD_TRANSPORT_HEADER)
		return offset == 2 ? PORT : NOTHING;
	return offset == 12 || offset == 8 ? SOURCE : DESTINATION;
}

static void take_ip(struct attrs bytes, struct ip *out)
{
	if (bytes.len != 4 && bytes.len != 16)
		return;
	out->family = bytes.len == 4 ? IP_V4 : IP_V6;
	memcpy(out->bytes, bytes.data, bytes.len);
}

static void take_prefix(struct attrs bytes, unsigned int bits,
			struct matches *out)
{
	if (bytes.len > sizeof(out->source.ip.bytes))
		return;
	out->source.ip.family = out->family;
	memcpy(out->source.ip.bytes, bytes.data, bytes.len);
	out->source.len = bits;
}

static void take_value(enum loaded what, unsigned int bits, struct attrs bytes,
		       struct matches *out)
{
	switch (what) {
	case FAMILY:
		if (bytes.len == 1)
			out->family =
				*bytes.data == NFPROTO_IPV4 ? IP_V4 : IP_V6;
		break;
	case PROTOCOL:
		if (bytes.len == 1)
			out->protocol = *bytes.data;
		break;
	case SOURCE:
		take_prefix(bytes, bits, out);
		break;
	case DESTINATION:
		take_ip(bytes, &out->destination);
		break;
	case PORT:
		if (bytes.len == 2)
			out->port =
				(uint16_t)(bytes.data[0] << 8 | bytes.data[1]);
		break;
	case NOTHING:
		break;
	}
}

static struct matches read_matches(struct attrs exprs)
{
	struct matches out = { .family = IP_NONE };
	enum loaded what = NOTHING;
	struct nft_expr_info expr;
	unsigned int bits = 0;

	while (nft_expr_next(&exprs, &expr)) {
		if (strcmp(expr.name, "bitwise") == 0 ||
		    strcmp(expr.name, "payload") == 0)
			bits = bits_of(&expr);
		if (strcmp(expr.name, "bitwise") == 0)
			continue;
		if (strcmp(expr.name, "cmp") == 0)
			take_value(what, bits,
				   attr_in(attr_in(expr.data, NFTA_CMP_DATA),
					   NFTA_DATA_VALUE),
				   &out);
		else
			what = loaded_by(&expr);
	}
	return out;
}

static int take_rule(const struct nft_rule_info *rule, void *ctx)
{
	struct claims *out = ctx;
	struct matches matches;
	struct cidr pod;
	int r;

	if (!rule) {
		out->count = 0;
		return 0;
	}
	matches = read_matches(rule->exprs);
	if (matches.family == IP_NONE)
		return 0;
	if (matches.port)
		return claims_add_port(out, matches.family,
				       &matches.destination, matches.protocol,
				       matches.port);
	pod = (struct cidr){ .ip = matches.destination,
			     .len = matches.source.len };
	r = claims_add_pod(out, &pod, false);
	return r ?: claims_add_pod(out, &pod, true);
}

int claims_listed(struct nft *nft, const char *chain, struct claims *out,
		  struct err *err)
{
	struct nft_chain_info info;
	int r;

	out->count = 0;
	r = nft_chain_get(nft, portmap_layout.table, chain, &info, err);
	if (r <= 0)
		return r;
	r = nft_rules(nft, portmap_layout.table, chain, take_rule, out, err);
	return r < 0 ? r : 1;
}

/* ---- The rules for subnets ---- */

struct near_search {
	enum ip_family family;
	unsigned int len;
	bool found;
};

static int is_near_rule(const struct nft_rule_info *rule, void *ctx)
{
	struct near_search *search = ctx;
	struct attrs rest = rule ? rule->exprs : (struct attrs){ NULL, 0 };
	const enum ip_family family = read_matches(rest).family;
	struct nft_expr_info expr;

	while (nft_expr_next(&rest, &expr))
		if (strcmp(expr.name, "bitwise") == 0 &&
		    family == search->family && bits_of(&expr) == search->len)
			search->found = true;
	return 0;
}

int near_has(struct nft *nft, enum ip_family family, unsigned int len,
	     struct err *err)
{
	struct near_search search = { .family = family, .len = len };
	int r = nft_rules(nft, portmap_near.table, portmap_near.name,
			  is_near_rule, &search, err);

	return r < 0 ? r : search.found;
}

/* ---- Back to what was asked for ---- */

static size_t host_len(const struct claim *claim)
{
	return claim->key.len - 6U;
}

static bool is_port(const struct claim *claim)
{
	return claim->set->data[0] != NFT_TYPE_NONE;
}

static struct portmap_mapping mapping_of(const struct claim *claim)
{
	const uint8_t *rest = claim->key.bytes + host_len(claim);
	struct portmap_mapping out = {
		.host_port = (uint16_t)(rest[4] << 8 | rest[5]),
		.protocol = *rest,
	};

	take_ip((struct attrs){ claim->key.bytes, host_len(claim) },
		&out.host_ip);
	return out;
}

/* Of all that an address may have, the sets by address alone say it. */
static void recall_pod(const struct claim *claim, struct portmap_conf *conf)
{
	struct cidr *pod = claim->key.len == 4 ? &conf->pod4 : &conf->pod6;

	if (claim->set->key[1] || pod->ip.family != IP_NONE)
		return;
	take_ip((struct attrs){ claim->key.bytes, claim->key.len }, &pod->ip);
	pod->len = ip_bits(pod->ip.family);
}

void claims_recall(const struct claims *listed, struct portmap_conf *conf)
{
	const bool all = conf->mapping_count == 0;

	if (all)
		conf->mappings = arena_array(&conf->arena, listed->count + 1,
					     sizeof(*conf->mappings));
	for (size_t i = 0; i < listed->count; i++) {
		if (!is_port(&listed->at[i]))
			recall_pod(&listed->at[i], conf);
		else if (all && conf->mappings)
			conf->mappings[conf->mapping_count++] =
				mapping_of(&listed->at[i]);
	}
}

/* ---- As text ---- */

static const char *protocol_text(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_SCTP:
		return "sctp";
	default:
		return "?";
	}
}

char *claim_text(const struct claim *claim, char buf[static CLAIM_TEXT])
{
	const struct portmap_mapping mapping = mapping_of(claim);
	const size_t len = host_len(claim);
	char ip[IP_TEXT];

	(void)snprintf(buf, CLAIM_TEXT, "%s%s%s%s%u/%s", len > 4 ? "[" : "",
		       ip_format(&mapping.host_ip, ip), len > 4 ? "]" : "",
		       len > 0 ? ":" : "", mapping.host_port,
		       protocol_text(mapping.protocol));
	return buf;
}

/* "cni:NETWORK/CONTAINER/IFNAME" in words. */
int claims_taken(const struct claim *claim, const char *holder, struct err *err)
{
	static const char prefix[] = "cni:";
	const size_t len = strncmp(holder, prefix, 4) == 0 ? 4 : 0;
	const char *network = holder + len;
	const char *container = strchr(network, '/');
	const char *ifname = container ? strchr(container + 1, '/') : NULL;
	char text[CLAIM_TEXT];

	(void)claim_text(claim, text);
	if (len == 0 || !ifname)
		return err_set(err, CNI_E_PORT_TAKEN,
			       "runtimeConfig.portMappings[%zu].hostPort: %s "
			       "is published by \"%s\"",
			       claim->mapping, text, holder);
	container++;
	ifname++;
	return err_set(err, CNI_E_PORT_TAKEN,
		       "runtimeConfig.portMappings[%zu].hostPort: %s is "
		       "published by container \"%.*s\" of network \"%.*s\""
		       "%s%s%s",
		       claim->mapping, text, (int)(ifname - container - 1),
		       container, (int)(container - network - 1), network,
		       *ifname ? ", interface \"" : "", ifname,
		       *ifname ? "\"" : "");
}
