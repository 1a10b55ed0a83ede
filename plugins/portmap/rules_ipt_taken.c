/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose is a port in iptables? The first rule that matches decides, and nothing
 * keeps a second from being added, which then never sees a packet. So what is
 * there is read first, under the lock.
 *
 * Conditions of another network may tell its packets from ours; what they mean
 * is not understood here. Those of one network are the same.
 */
#include <stdio.h>
#include <string.h>

#include "common/base/text.h"
#include "plugins/portmap/rules_ipt.h"

/* Does what @there publishes leave nothing of @want? */
static bool covers(const struct ipt_rule *there, const struct ipt_rule *want)
{
	const struct ip *a = &there->destination.ip, *b = &want->destination.ip;

	return there->to.family != IP_NONE && want->to.family != IP_NONE &&
	       there->protocol == want->protocol && there->port == want->port &&
	       !there->more &&
	       (a->family == IP_NONE ||
		(b->family != IP_NONE && ip_equal(a, b)));
}

struct search {
	const struct portmap_rules *rules;
	const struct ipt_list *want;
	const char *own; /* the owner's text */
	bool check;      /* the words of CHECK, not of ADD */
};

static size_t mapping_of(const struct portmap_conf *conf,
			 const struct ipt_rule *want)
{
	for (size_t i = 0; i < conf->mapping_count; i++) {
		const struct portmap_mapping *mapping = &conf->mappings[i];
		bool any = mapping->any_of_family ||
			   mapping->host_ip.family == IP_NONE;

		if (mapping->host_port == want->port &&
		    mapping->protocol == want->protocol &&
		    any == (want->destination.ip.family == IP_NONE) &&
		    (any || ip_equal(&mapping->host_ip, &want->destination.ip)))
			return i;
	}
	return 0;
}

/* `dnat name: "NETWORK" id: "CONTAINER"` as an owner's text. */
static const char *holder_of(const char *comment, char *buf, size_t size)
{
	const char *network = comment, *id, *end = NULL;

	if (strncmp(comment, "dnat name: \"", 12) != 0)
		return comment;
	network += 12;
	id = strstr(network, "\" id: \"");
	end = id ? strchr(id + 7, '"') : NULL;
	if (!end)
		return comment;
	(void)snprintf(buf, size, "cni:%.*s/%.*s/", (int)(id - network),
		       network, (int)(end - id - 7), id + 7);
	return buf;
}

static int taken(const struct search *search, const struct ipt_rule *want,
		 const char *holder, struct err *err)
{
	auto_claims struct claims claims = { .count = 0 };
	char buf[IPT_COMMENT], text[CLAIM_TEXT];

	if (claims_add_port(&claims, want->to.family, &want->destination.ip,
			    want->protocol, want->port) < 0)
		return err_nomem(err);
	claims.at->mapping = mapping_of(search->rules->conf, want);
	holder = holder_of(holder, buf, sizeof(buf));
	if (search->check)
		return err_set(err, CNI_E_CHECK,
			       "host port %s is held by \"%s\"",
			       claim_text(claims.at, text), holder);
	return claims_taken(claims.at, holder, err);
}

/* @holder: of what is in front of the first section. */
static int look_in(const struct search *search, const struct ipt_list *chain,
		   const char *holder, struct err *err)
{
	const struct ipt_list *want = search->want;

	for (size_t i = 0; i < chain->count; i++) {
		holder = portmap_ipt_section(&chain->at[i], holder);
		if (strcmp(holder, search->own) == 0)
			continue;
		for (size_t j = 0; j < want->count; j++)
			if (covers(&chain->at[i], &want->at[j]))
				return taken(search, &want->at[j], holder, err);
	}
	return 0;
}

/* Of the same network: its conditions are the same. */
static bool is_of_network(const char *comment, const char *network)
{
	size_t len = strlen(network);

	return strncmp(comment, "dnat name: \"", 12) == 0 &&
	       strncmp(comment + 12, network, len) == 0 &&
	       comment[12 + len] == '"';
}

static bool is_rival(const struct ipt_rule *entry,
		     const struct portmap_rules *rules,
		     const struct ipt_list *want)
{
	const enum ip_family family = want->at[want->count - 1].to.family;

	if (strncmp(entry->target, "CNI-DN-", 7) != 0)
		return false;
	if ((portmap_ipt_conditional(entry) ||
	     portmap_ipt_conditions(rules->conf, family)->count > 0) &&
	    !is_of_network(entry->comment, rules->owner.network))
		return false;
	for (size_t i = 0; i < want->count; i++)
		if (portmap_ipt_leads(entry, &want->at[i]))
			return true;
	return false;
}

int portmap_ipt_taken(const struct portmap_ipt *ipt,
		      const struct portmap_rules *rules,
		      const struct ipt_list *want, bool check, struct err *err)
{
	char chain[IPT_CHAIN], own[OWNER_TEXT];
	const struct search search = { rules, want, own, check };
	int r;

	portmap_ipt_chain("CNI-DN-", rules->owner.network,
			  rules->owner.container, chain);
	(void)cni_owner_text(&rules->owner, own);
	r = look_in(&search, &ipt->chain, own, err);
	for (size_t i = 0; r == 0 && i < ipt->entries.count; i++) {
		const struct ipt_rule *entry = &ipt->entries.at[i];
		auto_ipt_list struct ipt_list theirs = { .count = 0 };

		if (strcmp(entry->target, chain) == 0 ||
		    !is_rival(entry, rules, want))
			continue;
		r = ipt_list_read(&ipt->nat, entry->target, &theirs, err);
		r = r ?: look_in(&search, &theirs, entry->comment, err);
	}
	return r;
}

static int look_at_family(struct nft *nft, const struct portmap_rules *rules,
			  enum ip_family family, struct err *err)
{
	auto_portmap_ipt struct portmap_ipt ipt = { .has_chain = false };
	auto_ipt_list struct ipt_list want = { .count = 0 };
	char chain[IPT_CHAIN];
	int r;

	portmap_ipt_chain("CNI-DN-", rules->owner.network,
			  rules->owner.container, chain);
	r = portmap_ipt_open(&ipt, family, nft, err);
	r = r ?: ipt_chain(&ipt.nat, PORTMAP_DNAT, err);
	if (r <= 0)
		return r;
	r = portmap_ipt_look(&ipt, chain, err);
	r = r ?: portmap_ipt_look_entries(&ipt, err);
	r = r ?: portmap_ipt_want(rules, family, &want, err);
	return r ?: portmap_ipt_taken(&ipt, rules, &want, false, err);
}

int portmap_ipt_holds(struct nft *nft, const struct portmap_rules *rules,
		      struct err *err)
{
	int r = 0;

	if (rules->conf->pod4.ip.family != IP_NONE)
		r = look_at_family(nft, rules, IP_V4, err);
	if (r == 0 && rules->conf->pod6.ip.family != IP_NONE)
		r = look_at_family(nft, rules, IP_V6, err);
	return r;
}
