/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/portmap/claims.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/text.h"
#include "common/nft/expr.h"
#include "plugins/portmap/claims_parts.h"

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
		claim->set = family == IP_V4 ? &portmap_sets.hosts4
					     : &portmap_sets.hosts6;
		nft_value_ip(&claim->key, host);
	} else {
		claim->set = family == IP_V4 ? &portmap_sets.ports4
					     : &portmap_sets.ports6;
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
		return claim_address(
			out, v4 ? &portmap_sets.all4 : &portmap_sets.all6, NULL,
			&pod->ip);
	subnet = ip_from_num(pod->ip.family, cidr_first(pod));
	r = claim_address(out, v4 ? &portmap_sets.near4 : &portmap_sets.near6,
			  &subnet, &pod->ip);
	if (v4)
		r = r
			    ?: claim_address(out, &portmap_sets.local4, NULL,
					     &pod->ip);
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
	const bool v4 = claim->set == &portmap_sets.ports4 ||
			claim->set == &portmap_sets.hosts4;
	const uint8_t *at = claim->key.bytes;
	struct cidr host = { .ip.family = v4 ? IP_V4 : IP_V6,
			     .len = v4 ? 32 : 128 };
	const size_t len = v4 ? 4 : 16;

	nft_rule_open(w->tx, portmap_layout.table, w->chain);
	if (claim->set == &portmap_sets.hosts4 ||
	    claim->set == &portmap_sets.hosts6) {
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
	nft_rule_open(w->tx, portmap_layout.table, w->chain);
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
