/* SPDX-License-Identifier: GPL-2.0-or-later */
/* portmap's configuration: runtimeConfig.portMappings. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "plugins/portmap/conf_parts.h"

static const struct protocol {
	const char *name;
	uint8_t number;
} protocols[] = {
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
	{ "sctp", IPPROTO_SCTP },
};

#define PROTOCOLS (sizeof(protocols) / sizeof(*protocols))

/* The reference hands the name to iptables, which takes it in any case. */
static const struct protocol *find_protocol(const char *name)
{
	for (size_t i = 0; i < PROTOCOLS; i++)
		if (strcasecmp(name, protocols[i].name) == 0)
			return &protocols[i];
	return NULL;
}

static const char *protocol_name(uint8_t number)
{
	for (size_t i = 0; i < PROTOCOLS; i++)
		if (protocols[i].number == number)
			return protocols[i].name;
	return "";
}

/* @whose: "host" or "container". */
static int read_port(const struct cfg *at, const char *key, const char *whose,
		     uint16_t *out, struct err *err)
{
	static const struct cfg_bounds any = { INT64_MIN, INT64_MAX };
	int64_t port;
	int r = cfg_int_or(at, key, 0, any, &port, err);

	if (r < 0)
		return r;
	if (port < 1 || port > UINT16_MAX)
		return cfg_fail(err, at, key,
				"Invalid %s port number: %jd (must be between "
				"1 and 65535)",
				whose, (intmax_t)port);
	*out = (uint16_t)port;
	return 0;
}

static int read_protocol(const struct cfg *at, uint8_t *out, struct err *err)
{
	const struct protocol *protocol;
	const char *name;
	int r = cfg_string(at, "protocol", &name, err);

	if (r < 0)
		return r;
	protocol = find_protocol(name);
	if (!protocol)
		return cfg_fail(err, at, "protocol",
				"\"%s\" is not tcp, udp or sctp", name);
	*out = protocol->number;
	return 0;
}

static int read_host_ip(const struct cfg *at, struct portmap_mapping *out,
			struct err *err)
{
	const char *text;
	int r = cfg_string_or(at, "hostIP", "", &text, err);

	if (r < 0 || !*text)
		return r;
	if (ip_parse(text, &out->host_ip) < 0)
		return cfg_fail(err, at, "hostIP",
				"\"%s\" is not an IP address", text);
	out->any_of_family = ip_unspecified(&out->host_ip);
	return 0;
}

static int read_mapping(const struct cfg *list, size_t index,
			struct portmap_mapping *out, struct err *err)
{
	struct cfg at;
	int r;

	*out = (struct portmap_mapping){ .host_port = 0 };
	r = cfg_at(list, index, json_type_object, &at, err);
	r = r
		    ?: read_port(&at, "containerPort", "container",
				 &out->container_port, err);
	r = r ?: read_port(&at, "hostPort", "host", &out->host_port, err);
	r = r ?: read_protocol(&at, &out->protocol, err);
	return r ?: read_host_ip(&at, out, err);
}

/* No address, then 0.0.0.0, then ::, then all others. */
static int rank(const struct portmap_mapping *map)
{
	if (map->host_ip.family == IP_NONE)
		return 0;
	if (!map->any_of_family)
		return 3;
	return map->host_ip.family == IP_V4 ? 1 : 2;
}

static int compare_host(const struct portmap_mapping *a,
			const struct portmap_mapping *b)
{
	if (a->protocol != b->protocol)
		return a->protocol < b->protocol ? -1 : 1;
	if (a->host_port != b->host_port)
		return a->host_port < b->host_port ? -1 : 1;
	if (rank(a) != rank(b))
		return rank(a) < rank(b) ? -1 : 1;
	if (a->host_ip.family != b->host_ip.family)
		return a->host_ip.family < b->host_ip.family ? -1 : 1;
	return memcmp(a->host_ip.bytes, b->host_ip.bytes,
		      sizeof(a->host_ip.bytes));
}

struct sorted {
	const struct portmap_mapping *map;
	size_t index;
};

/* Of what is the same, the earlier comes first. */
static int by_host(const void *left, const void *right)
{
	const struct sorted *a = left, *b = right;
	int order = compare_host(a->map, b->map);

	return order ?: (a->index > b->index) - (a->index < b->index);
}

/*
 * Of two neighbours in that order: are they the same to a packet? No address
 * is any address, 0.0.0.0 and :: together.
 */
static bool same_host(const struct portmap_mapping *a,
		      const struct portmap_mapping *b)
{
	if (a->protocol != b->protocol || a->host_port != b->host_port)
		return false;
	return compare_host(a, b) == 0 || (rank(a) == 0 && rank(b) < 3);
}

/* Two mappings, by index: the earlier and the later. */
struct pair {
	size_t first, second;
};

/* Of all pairs that are the same, the one that is complete first. */
static bool find_same(const struct sorted *all, size_t count, struct pair *out)
{
	bool found = false;

	for (size_t i = 1; i < count; i++) {
		size_t a = all[i - 1].index, b = all[i].index;
		struct pair pair = { a < b ? a : b, a < b ? b : a };

		if (!same_host(all[i - 1].map, all[i].map))
			continue;
		if (!found || pair.second < out->second)
			*out = pair;
		found = true;
	}
	return found;
}

static int fail_same(const struct cfg *list, const struct portmap_mapping *all,
		     struct pair same, struct err *err)
{
	const struct cfg at = { .parent = list, .index = same.second };
	const struct portmap_mapping *map = &all[same.second];
	char host[IP_TEXT];

	ip_format(&map->host_ip, host);
	return cfg_fail(err, &at, NULL,
			"port %u/%s of %s is mapped by portMappings[%zu] "
			"already",
			map->host_port, protocol_name(map->protocol),
			*host ? host : "any address", same.first);
}

static int check_same(const struct cfg *list, struct portmap_conf *conf,
		      struct err *err)
{
	const size_t count = conf->mapping_count;
	struct sorted *sorted;
	struct pair same;

	if (count < 2)
		return 0;
	sorted = arena_array(&conf->arena, count, sizeof(*sorted));
	if (!sorted)
		return err_nomem(err);
	for (size_t i = 0; i < count; i++)
		sorted[i] = (struct sorted){ &conf->mappings[i], i };
	qsort(sorted, count, sizeof(*sorted), by_host);
	if (!find_same(sorted, count, &same))
		return 0;
	return fail_same(list, conf->mappings, same, err);
}

/* The list, and room for all that is in it. */
static int open_list(const struct cfg *conf, struct cfg *runtime,
		     struct cfg *list, struct portmap_conf *out,
		     struct err *err)
{
	int r;

	r = cfg_child_or_none(conf, "runtimeConfig", json_type_object, runtime,
			      err);
	r = r
		    ?: cfg_child_or_none(runtime, "portMappings",
					 json_type_array, list, err);
	if (r < 0 || cfg_len(list) == 0)
		return r;
	out->mappings =
		arena_array(&out->arena, cfg_len(list), sizeof(*out->mappings));
	return out->mappings ? 0 : err_nomem(err);
}

int portmap_conf_read_mappings(const struct cfg *conf, struct portmap_conf *out,
			       struct err *err)
{
	struct cfg runtime, list;
	int r = open_list(conf, &runtime, &list, out, err);

	for (size_t i = 0; r == 0 && i < cfg_len(&list); i++) {
		r = read_mapping(&list, i, &out->mappings[i], err);
		out->mapping_count += r == 0;
	}
	return r ?: check_same(&list, out, err);
}

void portmap_conf_read_some_mappings(const struct cfg *conf,
				     struct portmap_conf *out)
{
	struct err err = { .code = CNI_OK };
	struct cfg runtime, list;

	if (open_list(conf, &runtime, &list, out, &err) < 0)
		return;
	for (size_t i = 0; i < cfg_len(&list); i++) {
		struct portmap_mapping *next =
			&out->mappings[out->mapping_count];

		if (read_mapping(&list, i, next, &err) == 0)
			out->mapping_count++;
		err_clear(&err);
	}
}
