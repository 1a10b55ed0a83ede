/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a result. What another plugin wrote is as foreign as any other
 * input: everything is checked here, once, and an error names its place.
 */
#include "common/cni/result.h"

/* What the kernel has room for. */
static const struct cfg_bounds number_bounds = { 0, UINT32_MAX };
static const struct cfg_bounds scope_bounds = { 0, UINT8_MAX };

/* Old plugins meant "none" by interface -1: any index is for its user. */
static const struct cfg_bounds index_bounds = { INT32_MIN, INT32_MAX };

/* A copy of the string at @key; NULL when it is absent or empty. */
static int read_text(const struct cfg *at, const char *key, struct arena *arena,
		     const char **out, struct err *err)
{
	const char *text;
	int r;

	*out = NULL;
	r = cfg_string_or(at, key, "", &text, err);
	if (r < 0 || !*text)
		return r;
	*out = arena_strdup(arena, text);
	return *out ? 0 : err_nomem(err);
}

static int read_ip(const struct cfg *at, const char *key, struct ip *out,
		   struct err *err)
{
	const char *text;
	int r;

	*out = (struct ip){ .family = IP_NONE };
	r = cfg_string_or(at, key, "", &text, err);
	if (r < 0 || !*text)
		return r;
	r = ip_parse(text, out);
	if (r < 0)
		return cfg_fail(err, at, key, "invalid IP address: %s", text);
	return 0;
}

static int read_cidr(const struct cfg *at, const char *key, struct cidr *out,
		     struct err *err)
{
	const char *text;
	int r;

	r = cfg_string(at, key, &text, err);
	if (r < 0)
		return r;
	r = cidr_parse(text, out);
	if (r < 0)
		return cfg_fail(err, at, key, "invalid CIDR address: %s", text);
	return 0;
}

static int read_strings(const struct cfg *at, const char *key,
			struct arena *arena, struct cni_strings *out,
			struct err *err)
{
	struct cfg list;
	const char *text;
	int r;

	*out = (struct cni_strings){ .present = cfg_has(at, key) };
	r = cfg_child_or_none(at, key, json_type_array, &list, err);
	if (r < 0 || cfg_len(&list) == 0)
		return r;
	out->at = arena_array(arena, cfg_len(&list), sizeof(*out->at));
	if (!out->at)
		return err_nomem(err);
	for (size_t i = 0; i < cfg_len(&list); i++) {
		r = cfg_string_at(&list, i, &text, err);
		if (r < 0)
			return r;
		out->at[i] = arena_strdup(arena, text);
		if (!out->at[i])
			return err_nomem(err);
		out->count = i + 1;
	}
	return 0;
}

int cni_dns_read(const struct cfg *at, struct arena *arena, struct cni_dns *out,
		 struct err *err)
{
	int r;

	*out = (struct cni_dns){ .domain = NULL };
	r = read_strings(at, "nameservers", arena, &out->nameservers, err);
	r = r ?: read_text(at, "domain", arena, &out->domain, err);
	r = r ?: read_strings(at, "search", arena, &out->search, err);
	return r ?: read_strings(at, "options", arena, &out->options, err);
}

int cni_route_read(const struct cfg *at, struct cni_route *out, struct err *err)
{
	int r;

	*out = (struct cni_route){
		.has_table = cfg_has(at, "table"),
		.has_scope = cfg_has(at, "scope"),
	};
	r = read_cidr(at, "dst", &out->dst, err);
	r = r ?: read_ip(at, "gw", &out->gw, err);
	r = r ?: cfg_int_or(at, "mtu", 0, number_bounds, &out->mtu, err);
	r = r ?: cfg_int_or(at, "advmss", 0, number_bounds, &out->advmss, err);
	r = r
		    ?: cfg_int_or(at, "priority", 0, number_bounds,
				  &out->priority, err);
	r = r ?: cfg_int_or(at, "table", 0, number_bounds, &out->table, err);
	return r ?: cfg_int_or(at, "scope", 0, scope_bounds, &out->scope, err);
}

/* One element of an array; @out grows by it. */
typedef int item_fn(const struct cfg *at, struct cni_result *out,
		    struct err *err);

static int read_list(const struct cfg *at, const char *key, item_fn *read_item,
		     struct cni_result *out, struct err *err)
{
	struct cfg list, item;
	int r;

	r = cfg_child_or_none(at, key, json_type_array, &list, err);
	for (size_t i = 0; r == 0 && i < cfg_len(&list); i++) {
		r = cfg_at(&list, i, json_type_object, &item, err);
		r = r ?: read_item(&item, out, err);
	}
	return r;
}

static int read_route(const struct cfg *at, struct cni_result *out,
		      struct err *err)
{
	struct cni_route *route = cni_result_add_route(out);

	return route ? cni_route_read(at, route, err) : err_nomem(err);
}

static int read_interface_0_3(const struct cfg *at, struct cni_result *out,
			      struct err *err)
{
	struct cni_interface *it = cni_result_add_interface(out);
	int r;

	if (!it)
		return err_nomem(err);
	r = read_text(at, "name", &out->arena, &it->name, err);
	r = r ?: read_text(at, "mac", &out->arena, &it->mac, err);
	r = r ?: read_text(at, "sandbox", &out->arena, &it->sandbox, err);
	if (!it->name) /* the one key that is always written */
		it->name = "";
	return r;
}

static int read_interface_1_0(const struct cfg *at, struct cni_result *out,
			      struct err *err)
{
	int r = read_interface_0_3(at, out, err);
	struct cni_interface *it;

	if (r < 0)
		return r;
	it = &out->interfaces[out->interface_count - 1];
	r = read_text(at, "socketPath", &out->arena, &it->socket_path, err);
	r = r ?: read_text(at, "pciID", &out->arena, &it->pci_id, err);
	return r ?: cfg_int_or(at, "mtu", 0, number_bounds, &it->mtu, err);
}

static int read_address_1_0(const struct cfg *at, struct cni_result *out,
			    struct err *err)
{
	struct cni_ip *ip = cni_result_add_ip(out);
	int r;

	if (!ip)
		return err_nomem(err);
	ip->has_interface = cfg_has(at, "interface");
	r = cfg_int_or(at, "interface", 0, index_bounds, &ip->interface, err);
	r = r ?: read_cidr(at, "address", &ip->address, err);
	return r ?: read_ip(at, "gateway", &ip->gateway, err);
}

/* `version` of 0.3 and 0.4 says nothing that the address does not. */
static int read_address_0_3(const struct cfg *at, struct cni_result *out,
			    struct err *err)
{
	const char *version;
	int r;

	r = cfg_string_or(at, "version", "", &version, err);
	return r ?: read_address_1_0(at, out, err);
}

/* `ip4` or `ip6` of 0.1 and 0.2. */
static int read_ip_config(const struct cfg *at, const char *key,
			  struct cni_result *out, struct err *err)
{
	struct cni_ip *ip;
	struct cfg conf;
	int r;

	r = cfg_child_or_none(at, key, json_type_object, &conf, err);
	if (r < 0 || !conf.json)
		return r;
	ip = cni_result_add_ip(out);
	if (!ip)
		return err_nomem(err);
	r = read_cidr(&conf, "ip", &ip->address, err);
	r = r ?: read_ip(&conf, "gateway", &ip->gateway, err);
	return r ?: read_list(&conf, "routes", read_route, out, err);
}

/* As the reference's error prints them; it lists "" with the oldest. */
static const char *family_members(enum cni_family family)
{
	switch (family) {
	case CNI_FAMILY_0_1:
		return " 0.1.0 0.2.0";
	case CNI_FAMILY_0_3:
		return "0.3.0 0.3.1 0.4.0";
	case CNI_FAMILY_1_0:
		return "1.0.0 1.1.0";
	}
	return "";
}

static int check_version(const struct cfg *at, enum cni_family family,
			 struct err *err)
{
	enum cni_version version;
	const char *text;
	int r;

	r = cfg_string_or(at, "cniVersion", "", &text, err);
	if (r < 0 || !*text)
		return r;
	if (cni_version_known(text, &version) &&
	    cni_version_family(version) == family)
		return 0;
	return err_set(err, CNI_E_CONFIG,
		       "could not parse prevResult: result type supports [%s] "
		       "but unmarshalled CNIVersion is \"%s\"",
		       family_members(family), text);
}

static int read_body_0_1(const struct cfg *at, struct cni_result *out,
			 struct err *err)
{
	int r;

	r = read_ip_config(at, "ip4", out, err);
	return r ?: read_ip_config(at, "ip6", out, err);
}

static int read_body_0_3(const struct cfg *at, struct cni_result *out,
			 struct err *err)
{
	int r;

	r = read_list(at, "interfaces", read_interface_0_3, out, err);
	r = r ?: read_list(at, "ips", read_address_0_3, out, err);
	return r ?: read_list(at, "routes", read_route, out, err);
}

static int read_body_1_0(const struct cfg *at, struct cni_result *out,
			 struct err *err)
{
	int r;

	r = read_list(at, "interfaces", read_interface_1_0, out, err);
	r = r ?: read_list(at, "ips", read_address_1_0, out, err);
	return r ?: read_list(at, "routes", read_route, out, err);
}

static int read_body(const struct cfg *at, enum cni_family family,
		     struct cni_result *out, struct err *err)
{
	switch (family) {
	case CNI_FAMILY_0_1:
		return read_body_0_1(at, out, err);
	case CNI_FAMILY_0_3:
		return read_body_0_3(at, out, err);
	case CNI_FAMILY_1_0:
		break;
	}
	return read_body_1_0(at, out, err);
}

static int read_dns(const struct cfg *at, struct cni_result *out,
		    struct err *err)
{
	struct cfg dns;
	int r;

	r = cfg_child_or_none(at, "dns", json_type_object, &dns, err);
	return r ?: cni_dns_read(&dns, &out->arena, &out->dns, err);
}

int cni_result_read(const struct cfg *at, enum cni_version fallback,
		    struct cni_result *out, struct err *err)
{
	enum cni_family family = cni_version_family(fallback);
	int r;

	*out = (struct cni_result){ .interface_count = 0 };
	if (at->json && !json_object_is_type(at->json, json_type_object))
		return cfg_fail(err, at, NULL, "must be an object");
	r = check_version(at, family, err);
	r = r ?: read_body(at, family, out, err);
	r = r ?: read_dns(at, out, err);
	if (r < 0)
		cni_result_free(out);
	return r;
}
