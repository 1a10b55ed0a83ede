/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an attachment is to have in iptables. */
#include <netinet/in.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/text.h"
#include "plugins/portmap/rules_ipt.h"

/* As the reference cuts it; the kernel drops the last of the dots. */
#define COMMENT_MOST 255
#define COMMENT_CUT  253

void portmap_ipt_chain(const char *prefix, const char *network,
		       const char *container, char out[static IPT_CHAIN])
{
	const char *parts[] = { network, container };

	hash_hex(parts, 2, text_put(out, prefix), 21);
}

void portmap_ipt_comment(const char *network, const char *container,
			 char out[static IPT_COMMENT])
{
	const char *const words[] = { "dnat name: \"", network, "\" id: \"",
				      container, "\"" };
	size_t len = 0, n;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		len += strlen(words[i]);
	n = len > COMMENT_MOST ? COMMENT_CUT : len;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		size_t take = strlen(words[i]) < n ? strlen(words[i]) : n;

		out = text_putn(out, words[i], take);
		n -= take;
	}
	if (len > COMMENT_MOST)
		(void)text_put(out, "..");
}

const char *portmap_ipt_section(const struct ipt_rule *rule, const char *before)
{
	bool nothing = !*rule->target && !rule->accept && !rule->drop;

	return nothing && strncmp(rule->comment, "cni:", 4) == 0 ? rule->comment
								 : before;
}

const struct cidr *portmap_ipt_pod(const struct portmap_conf *conf,
				   enum ip_family family)
{
	return family == IP_V4 ? &conf->pod4 : &conf->pod6;
}

const struct cni_strings *portmap_ipt_conditions(
	const struct portmap_conf *conf, enum ip_family family)
{
	return family == IP_V4 ? &conf->conditions_v4 : &conf->conditions_v6;
}

static struct cidr subnet_of(const struct cidr *address)
{
	struct cidr out = *address;

	out.ip = ip_from_num(address->ip.family, cidr_first(address));
	if (address->len == 0) /* no match at all */
		out.ip.family = IP_NONE;
	return out;
}

static struct cidr host(const struct ip *ip)
{
	return (struct cidr){ .ip = *ip, .len = ip_bits(ip->family) };
}

static int add(struct ipt_list *out, const struct ipt_rule *base,
	       const struct cidr *source, const char *target)
{
	struct ipt_rule *rule = ipt_list_add(out);

	if (!rule)
		return -ENOMEM;
	*rule = *base;
	if (source)
		rule->source = *source;
	(void)text_putn(rule->target, target,
			strnlen(target, sizeof(rule->target) - 1));
	return 0;
}

/* Mark what is to be masqueraded: see put_masquerade() in claims.c. */
static int want_marks(const struct portmap_conf *conf, enum ip_family family,
		      const struct ipt_rule *base, struct ipt_list *out)
{
	static const struct cidr localhost = {
		.ip = { IP_V4, { 127, 0, 0, 1 } }, .len = 32
	};
	const struct cidr subnet = subnet_of(portmap_ipt_pod(conf, family));
	const char *target = conf->external_set_mark_chain ?: PORTMAP_SETMARK;
	int r;

	if (!conf->snat)
		return 0;
	r = add(out, base, conf->masq_all ? NULL : &subnet, target);
	if (r == 0 && family == IP_V4 && !conf->masq_all)
		r = add(out, base, &localhost, target);
	return r;
}

static int want_mapping(const struct portmap_conf *conf, enum ip_family family,
			const struct portmap_mapping *mapping,
			struct ipt_list *out)
{
	struct ipt_rule base = { .protocol = mapping->protocol,
				 .port = mapping->host_port };
	int r;

	if (mapping->host_ip.family != IP_NONE &&
	    mapping->host_ip.family != family)
		return 0;
	if (mapping->host_ip.family != IP_NONE && !mapping->any_of_family)
		base.destination = host(&mapping->host_ip);
	r = want_marks(conf, family, &base, out);
	base.to = portmap_ipt_pod(conf, family)->ip;
	base.to_port = mapping->container_port;
	return r ?: add(out, &base, NULL, "DNAT");
}

/*
 * [::1] cannot be translated: see put_output() in claims.c. Who asks there is
 * refused at once, and does not wait.
 */
int portmap_ipt_want(const struct portmap_rules *rules, enum ip_family family,
		     struct ipt_list *out, struct err *err)
{
	const struct portmap_conf *conf = rules->conf;
	const struct cidr loopback = { .ip = { IP_V6, { [15] = 1 } },
				       .len = 128 };
	struct ipt_rule section = { .handle = 0 };
	char owner[OWNER_TEXT];
	int r;

	(void)text_put(section.comment, cni_owner_text(&rules->owner, owner));
	if (family == IP_V6) {
		section.destination = loopback;
		section.back = true;
	}
	r = add(out, &section, NULL, "");
	for (size_t i = 0; r == 0 && i < conf->mapping_count; i++)
		r = want_mapping(conf, family, &conf->mappings[i], out);
	return r < 0 ? err_nomem(err) : 0;
}

/* As the reference has it, ports of the other family's addresses, too. */
static int want_protocol(const struct portmap_conf *conf, uint8_t protocol,
			 const struct ipt_rule *base, struct ipt_list *out)
{
	struct ipt_rule *entry = NULL;

	for (size_t i = 0; i < conf->mapping_count; i++) {
		if (conf->mappings[i].protocol != protocol)
			continue;
		if (!entry || entry->port_count == IPT_PORTS) {
			entry = ipt_list_add(out);
			if (!entry)
				return -ENOMEM;
			*entry = *base;
			entry->protocol = protocol;
		}
		entry->ports[entry->port_count++] = conf->mappings[i].host_port;
	}
	return 0;
}

int portmap_ipt_want_entries(const struct portmap_rules *rules,
			     enum ip_family family, struct ipt_list *out,
			     struct err *err)
{
	struct ipt_rule base = {
		.more = portmap_ipt_conditions(rules->conf, family)->count > 0
	};
	int r;

	portmap_ipt_comment(rules->owner.network, rules->owner.container,
			    base.comment);
	portmap_ipt_chain("CNI-DN-", rules->owner.network,
			  rules->owner.container, base.target);
	r = want_protocol(rules->conf, IPPROTO_SCTP, &base, out);
	r = r ?: want_protocol(rules->conf, IPPROTO_TCP, &base, out);
	r = r ?: want_protocol(rules->conf, IPPROTO_UDP, &base, out);
	return r < 0 ? err_nomem(err) : 0;
}

static bool same_cidr(const struct cidr *a, const struct cidr *b)
{
	if (a->ip.family == IP_NONE || b->ip.family == IP_NONE)
		return a->ip.family == b->ip.family;
	return a->len == b->len && ip_equal(&a->ip, &b->ip);
}

static bool same_ip(const struct ip *a, const struct ip *b)
{
	return a->family == b->family &&
	       (a->family == IP_NONE || ip_equal(a, b));
}

bool portmap_ipt_same(const struct ipt_rule *a, const struct ipt_rule *b)
{
	return a->protocol == b->protocol && a->port == b->port &&
	       a->port_count == b->port_count &&
	       memcmp(a->ports, b->ports, a->port_count * sizeof(*a->ports)) ==
		       0 &&
	       a->unless == b->unless && a->more == b->more &&
	       a->accept == b->accept && a->drop == b->drop &&
	       a->back == b->back && same_cidr(&a->source, &b->source) &&
	       same_cidr(&a->destination, &b->destination) &&
	       strcmp(a->target, b->target) == 0 && same_ip(&a->to, &b->to) &&
	       a->to_port == b->to_port && strcmp(a->comment, b->comment) == 0;
}

bool portmap_ipt_conditional(const struct ipt_rule *entry)
{
	return entry->more || entry->not_lo || entry->port ||
	       entry->source.ip.family != IP_NONE ||
	       entry->destination.ip.family != IP_NONE;
}

bool portmap_ipt_same_entry(const struct ipt_rule *a, const struct ipt_rule *b)
{
	return a->protocol == b->protocol && a->port_count == b->port_count &&
	       memcmp(a->ports, b->ports, a->port_count * sizeof(*a->ports)) ==
		       0 &&
	       strcmp(a->target, b->target) == 0 &&
	       strcmp(a->comment, b->comment) == 0 &&
	       portmap_ipt_conditional(a) == portmap_ipt_conditional(b);
}

bool portmap_ipt_leads(const struct ipt_rule *entry,
		       const struct ipt_rule *rule)
{
	if (entry->protocol != rule->protocol || rule->port == 0)
		return false;
	for (size_t i = 0; i < entry->port_count; i++)
		if (entry->ports[i] == rule->port)
			return true;
	return false;
}
