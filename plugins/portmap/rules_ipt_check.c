/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CHECK of the iptables backend, and what its rules say. */
#include <string.h>

#include "plugins/portmap/flows.h"
#include "plugins/portmap/rules_ipt.h"

static const enum ip_family families[] = { IP_V4, IP_V6 };

static const char *six(const struct portmap_ipt *ipt)
{
	return ipt->family == IP_V4 ? "" : "6";
}

/* The rule in iptables' words, as far as it is there. */
static int missing(const struct portmap_ipt *ipt, const char *chain,
		   const struct ipt_rule *rule, struct err *err)
{
	auto_strbuf struct strbuf text = { .data = NULL };

	ipt_put_rule(&text, chain, rule, NULL);
	return err_set(err, CNI_E_CHECK, "ip%stables table nat has no rule %s",
		       six(ipt), strbuf_str(&text));
}

/* Do both translate the same packets? */
static bool is_for_same(const struct ipt_rule *a, const struct ipt_rule *b)
{
	struct ipt_rule other = *b;

	other.to = a->to;
	other.to_port = a->to_port;
	return portmap_ipt_same(a, &other);
}

/* The first that translates decides. */
static int check_rule(const struct portmap_ipt *ipt, const char *chain,
		      const struct ipt_rule *want, struct err *err)
{
	for (size_t i = 0; i < ipt->chain.count; i++) {
		const struct ipt_rule *rule = &ipt->chain.at[i];

		if (portmap_ipt_same(rule, want))
			return 0;
		if (want->to.family != IP_NONE && is_for_same(rule, want)) {
			char there[IP_TEXT], here[IP_TEXT];

			return err_set(err, CNI_E_CHECK,
				       "ip%stables chain %s: host port %u goes "
				       "to %s port %u, expected %s port %u",
				       six(ipt), chain, want->port,
				       ip_format(&rule->to, there),
				       rule->to_port,
				       ip_format(&want->to, here),
				       want->to_port);
		}
	}
	return missing(ipt, chain, want, err);
}

static int check_entry(const struct portmap_ipt *ipt,
		       const struct ipt_rule *want, struct err *err)
{
	for (size_t i = 0; i < ipt->entries.count; i++)
		if (portmap_ipt_same_entry(&ipt->entries.at[i], want))
			return 0;
	return missing(ipt, PORTMAP_DNAT, want, err);
}

/* What the reference has made has no section, and no guard. */
static bool has_section(const struct ipt_list *chain, const char *own)
{
	for (size_t i = 0; i < chain->count; i++) {
		const char *section = portmap_ipt_section(&chain->at[i], NULL);

		if (section && strcmp(section, own) == 0)
			return true;
	}
	return false;
}

static int check_in(const struct portmap_ipt *ipt, const char *chain,
		    const struct portmap_rules *rules, struct err *err)
{
	auto_ipt_list struct ipt_list want = { .count = 0 };
	auto_ipt_list struct ipt_list entries = { .count = 0 };
	int r = portmap_ipt_want(rules, ipt->family, &want, err);

	r = r ?: portmap_ipt_want_entries(rules, ipt->family, &entries, err);
	r = r ?: portmap_ipt_taken(ipt, rules, &want, true, err);
	if (r == 0 && !ipt->has_chain)
		return err_set(err, CNI_E_CHECK,
			       "chain %s is missing from ip%stables' table nat",
			       chain, six(ipt));
	/* The first begins the section. */
	for (size_t i = 1; r == 0 && i < want.count; i++)
		r = check_rule(ipt, chain, &want.at[i], err);
	for (size_t i = 0; r == 0 && i < entries.count; i++)
		r = check_entry(ipt, &entries.at[i], err);
	if (r == 0)
		r = portmap_ipt_check_shared(
			ipt, has_section(&ipt->chain, want.at->comment), err);
	return r;
}

/* Where the chain is; in nf_tables if it is nowhere. */
static int find(struct portmap_ipt *ipt, enum ip_family family, struct nft *nft,
		const char *chain, struct err *err)
{
	struct err no_nft = { .code = CNI_OK };
	int r = portmap_ipt_open(ipt, family, nft, &no_nft), nowhere;

	r = r ?: portmap_ipt_look(ipt, chain, &no_nft);
	if (r == 0 && ipt->has_chain)
		return 0;
	nowhere = r;
	r = portmap_ipt_open(ipt, family, NULL, err);
	r = r ?: portmap_ipt_look(ipt, chain, err);
	if (r == 0 && !ipt->has_chain && nowhere == 0)
		r = portmap_ipt_open(ipt, family, nft, err);
	return r;
}

int portmap_ipt_check(struct nft *nft, const struct portmap_rules *rules,
		      struct err *err)
{
	char chain[IPT_CHAIN];
	int r = 0;

	portmap_ipt_chain("CNI-DN-", rules->owner.network,
			  rules->owner.container, chain);
	for (size_t i = 0; r == 0 && i < 2; i++) {
		auto_portmap_ipt struct portmap_ipt ipt = { .has_chain = 0 };

		if (portmap_ipt_pod(rules->conf, families[i])->ip.family ==
		    IP_NONE)
			continue;
		r = find(&ipt, families[i], nft, chain, err);
		r = r ?: portmap_ipt_look_entries(&ipt, err);
		r = r ?: portmap_ipt_look_shared(&ipt, rules->conf, err);
		r = r ?: check_in(&ipt, chain, rules, err);
	}
	return r;
}

static int recall(const struct portmap_ipt *ipt, const char *own,
		  struct claims *out)
{
	const char *section = own;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ipt->chain.count; i++) {
		const struct ipt_rule *rule = &ipt->chain.at[i];
		const struct cidr pod = { .ip = rule->to,
					  .len = ip_bits(ipt->family) };

		section = portmap_ipt_section(rule, section);
		if (rule->to.family == IP_NONE || strcmp(section, own) != 0)
			continue;
		r = claims_add_port(out, ipt->family, &rule->destination.ip,
				    rule->protocol, rule->port);
		/* By the address alone, which is all that is known. */
		r = r ?: claims_add_pod(out, &pod, true);
	}
	return r;
}

void portmap_ipt_recall(struct nft *nft, const struct portmap_rules *rules,
			struct claims *out)
{
	char chain[IPT_CHAIN], own[OWNER_TEXT];
	struct err ignored = { .code = CNI_OK };

	portmap_ipt_chain("CNI-DN-", rules->owner.network,
			  rules->owner.container, chain);
	(void)cni_owner_text(&rules->owner, own);
	for (size_t i = 0; i < 2; i++) {
		auto_portmap_ipt struct portmap_ipt ipt = { .has_chain = 0 };

		if (find(&ipt, families[i], nft, chain, &ignored) == 0 &&
		    recall(&ipt, own, out) < 0)
			return;
	}
}

bool portmap_ipt_there(struct nft *nft, const struct portmap_rules *rules)
{
	char chain[IPT_CHAIN];
	struct err ignored = { .code = CNI_OK };
	bool there = false;

	portmap_ipt_chain("CNI-DN-", rules->owner.network,
			  rules->owner.container, chain);
	for (size_t i = 0; !there && i < 2; i++) {
		auto_portmap_ipt struct portmap_ipt ipt = { .has_chain = 0 };

		there = find(&ipt, families[i], nft, chain, &ignored) == 0 &&
			ipt.has_chain;
	}
	return there;
}

/* Those to the address of the @first, which are one after the other. */
static size_t forget_run(struct nft *nft, const struct ipt_list *gone,
			 size_t first)
{
	auto_portmap_conf struct portmap_conf conf = { .mapping_count = 0 };
	auto_claims struct claims claims = { .count = 0 };
	const struct ip *to = &gone->at[first].to;
	const struct cidr pod = { .ip = *to, .len = ip_bits(to->family) };
	size_t i = first;

	if (claims_add_pod(&claims, &pod, true) < 0)
		return gone->count;
	for (; i < gone->count; i++) {
		const struct ipt_rule *rule = &gone->at[i];

		if (rule->to.family == IP_NONE)
			continue;
		if (rule->to.family != to->family || !ip_equal(&rule->to, to))
			break;
		if (claims_add_port(&claims, to->family, &rule->destination.ip,
				    rule->protocol, rule->port) < 0)
			return gone->count;
	}
	claims_recall(&claims, &conf);
	flows_forget(nft, &conf);
	return i;
}

void portmap_ipt_forget_flows(struct nft *nft, const struct ipt_list *gone)
{
	for (size_t i = 0; i < gone->count;)
		i = gone->at[i].to.family == IP_NONE ? i + 1
						     : forget_run(nft, gone, i);
}
