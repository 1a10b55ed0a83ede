/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing a result in the three shapes it has had. The order of the keys, and
 * that an empty `dns` disappears from 1.x only, are what the reference
 * plugins print; runtimes hash and compare these bytes.
 */
#include "common/cni/result.h"

static void write_ip(struct jsonw *w, const char *key, const struct ip *ip)
{
	char text[IP_TEXT];

	jsonw_string_opt(w, key, ip_format(ip, text));
}

static void write_cidr(struct jsonw *w, const char *key,
		       const struct cidr *cidr)
{
	char text[CIDR_TEXT];

	jsonw_string(w, key, cidr_format(cidr, text));
}

/* A number that is absent or given, for which 0 is a value. */
static void write_given(struct jsonw *w, const char *key, bool given,
			int64_t value)
{
	if (given)
		jsonw_int(w, key, value);
}

static void write_strings(struct jsonw *w, const char *key,
			  const struct cni_strings *strings)
{
	if (strings->count == 0)
		return;
	jsonw_open(w, key, '[');
	for (size_t i = 0; i < strings->count; i++)
		jsonw_string(w, NULL, strings->at[i]);
	jsonw_close(w, ']');
}

static void write_name(struct jsonw *w, const char *name)
{
	jsonw_string(w, "name", name ?: "");
}

/* 0.1.0 and 0.2.0: one address of a family, with the routes of that family. */

static const struct cni_ip *first_of_family(const struct cni_result *result,
					    enum ip_family family)
{
	for (size_t i = 0; i < result->ip_count; i++) {
		if (result->ips[i].address.ip.family == family)
			return &result->ips[i];
	}
	return NULL;
}

static void write_family_routes(struct jsonw *w,
				const struct cni_result *result,
				enum ip_family family)
{
	bool open = false;

	for (size_t i = 0; i < result->route_count; i++) {
		const struct cni_route *route = &result->routes[i];

		if (route->dst.ip.family != family)
			continue;
		if (!open)
			jsonw_open(w, "routes", '[');
		open = true;
		jsonw_open(w, NULL, '{');
		write_cidr(w, "dst", &route->dst);
		write_ip(w, "gw", &route->gw);
		jsonw_close(w, '}');
	}
	if (open)
		jsonw_close(w, ']');
}

static void write_ip_config(struct jsonw *w, const char *key,
			    const struct cni_result *result,
			    enum ip_family family)
{
	const struct cni_ip *ip = first_of_family(result, family);

	if (!ip)
		return;
	jsonw_open(w, key, '{');
	write_cidr(w, "ip", &ip->address);
	write_ip(w, "gateway", &ip->gateway);
	write_family_routes(w, result, family);
	jsonw_close(w, '}');
}

static void write_body_0_1(struct jsonw *w, const struct cni_result *result)
{
	write_ip_config(w, "ip4", result, IP_V4);
	write_ip_config(w, "ip6", result, IP_V6);
}

/* 0.3.0 to 0.4.0. */

static void write_interface_0_3(struct jsonw *w, const struct cni_interface *it)
{
	jsonw_open(w, NULL, '{');
	write_name(w, it->name);
	jsonw_string_opt(w, "mac", it->mac);
	jsonw_string_opt(w, "sandbox", it->sandbox);
	jsonw_close(w, '}');
}

static void write_ip_0_3(struct jsonw *w, const struct cni_ip *ip)
{
	bool v4 = ip->address.ip.family == IP_V4;

	jsonw_open(w, NULL, '{');
	jsonw_string(w, "version", v4 ? "4" : "6");
	write_given(w, "interface", ip->has_interface, ip->interface);
	write_cidr(w, "address", &ip->address);
	write_ip(w, "gateway", &ip->gateway);
	jsonw_close(w, '}');
}

static void write_route_0_3(struct jsonw *w, const struct cni_route *route)
{
	jsonw_open(w, NULL, '{');
	write_cidr(w, "dst", &route->dst);
	write_ip(w, "gw", &route->gw);
	jsonw_int_opt(w, "mtu", route->mtu);
	jsonw_int_opt(w, "advmss", route->advmss);
	jsonw_int_opt(w, "priority", route->priority);
	write_given(w, "table", route->has_table, route->table);
	write_given(w, "scope", route->has_scope, route->scope);
	jsonw_close(w, '}');
}

/* Before 1.0.0 `dns` was always there. */
static void write_dns_0_x(struct jsonw *w, const struct cni_dns *dns)
{
	jsonw_open(w, "dns", '{');
	write_strings(w, "nameservers", &dns->nameservers);
	jsonw_string_opt(w, "domain", dns->domain);
	write_strings(w, "search", &dns->search);
	write_strings(w, "options", &dns->options);
	jsonw_close(w, '}');
}

/* 1.0.0 and later: the keys are sorted. */

static void write_interface_1_0(struct jsonw *w, const struct cni_interface *it)
{
	jsonw_open(w, NULL, '{');
	jsonw_string_opt(w, "mac", it->mac);
	jsonw_int_opt(w, "mtu", it->mtu);
	write_name(w, it->name);
	jsonw_string_opt(w, "pciID", it->pci_id);
	jsonw_string_opt(w, "sandbox", it->sandbox);
	jsonw_string_opt(w, "socketPath", it->socket_path);
	jsonw_close(w, '}');
}

static void write_ip_1_0(struct jsonw *w, const struct cni_ip *ip)
{
	jsonw_open(w, NULL, '{');
	write_cidr(w, "address", &ip->address);
	write_ip(w, "gateway", &ip->gateway);
	write_given(w, "interface", ip->has_interface, ip->interface);
	jsonw_close(w, '}');
}

static void write_route_1_0(struct jsonw *w, const struct cni_route *route)
{
	jsonw_open(w, NULL, '{');
	jsonw_int_opt(w, "advmss", route->advmss);
	write_cidr(w, "dst", &route->dst);
	write_ip(w, "gw", &route->gw);
	jsonw_int_opt(w, "mtu", route->mtu);
	jsonw_int_opt(w, "priority", route->priority);
	write_given(w, "scope", route->has_scope, route->scope);
	write_given(w, "table", route->has_table, route->table);
	jsonw_close(w, '}');
}

static void write_dns_1_0(struct jsonw *w, const struct cni_dns *dns)
{
	bool domain = dns->domain && *dns->domain;

	if (!domain && dns->nameservers.count == 0 && dns->search.count == 0 &&
	    dns->options.count == 0)
		return;
	jsonw_open(w, "dns", '{');
	jsonw_string_opt(w, "domain", dns->domain);
	write_strings(w, "nameservers", &dns->nameservers);
	write_strings(w, "options", &dns->options);
	write_strings(w, "search", &dns->search);
	jsonw_close(w, '}');
}

static void write_interfaces(struct jsonw *w, const struct cni_result *result,
			     bool sorted)
{
	if (result->interface_count == 0)
		return;
	jsonw_open(w, "interfaces", '[');
	for (size_t i = 0; i < result->interface_count; i++) {
		if (sorted)
			write_interface_1_0(w, &result->interfaces[i]);
		else
			write_interface_0_3(w, &result->interfaces[i]);
	}
	jsonw_close(w, ']');
}

static void write_ips(struct jsonw *w, const struct cni_result *result,
		      bool sorted)
{
	if (result->ip_count == 0)
		return;
	jsonw_open(w, "ips", '[');
	for (size_t i = 0; i < result->ip_count; i++) {
		if (sorted)
			write_ip_1_0(w, &result->ips[i]);
		else
			write_ip_0_3(w, &result->ips[i]);
	}
	jsonw_close(w, ']');
}

static void write_routes(struct jsonw *w, const struct cni_result *result,
			 bool sorted)
{
	if (result->route_count == 0)
		return;
	jsonw_open(w, "routes", '[');
	for (size_t i = 0; i < result->route_count; i++) {
		if (sorted)
			write_route_1_0(w, &result->routes[i]);
		else
			write_route_0_3(w, &result->routes[i]);
	}
	jsonw_close(w, ']');
}

/* The lists of 0.3 and later come in the same order in both shapes. */
static void write_lists(struct jsonw *w, const struct cni_result *result,
			bool sorted)
{
	write_interfaces(w, result, sorted);
	write_ips(w, result, sorted);
	write_routes(w, result, sorted);
}

int cni_result_write(const struct cni_result *result, enum cni_version version,
		     struct strbuf *out, struct err *err)
{
	enum cni_family family = cni_version_family(version);
	struct jsonw w = { .out = out };

	if (family == CNI_FAMILY_0_1 && !first_of_family(result, IP_V4) &&
	    !first_of_family(result, IP_V6))
		return err_set(err, CNI_E_CONFIG,
			       "cannot convert: no valid IP addresses");
	if (!out)
		return 0;
	jsonw_open(&w, NULL, '{');
	jsonw_string(&w, "cniVersion", cni_version_text(version));
	if (family == CNI_FAMILY_1_0)
		write_dns_1_0(&w, &result->dns);
	if (family == CNI_FAMILY_0_1)
		write_body_0_1(&w, result);
	else
		write_lists(&w, result, family == CNI_FAMILY_1_0);
	if (family != CNI_FAMILY_1_0)
		write_dns_0_x(&w, &result->dns);
	jsonw_close(&w, '}');
	return out->failed ? err_nomem(err) : 0;
}
