/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network configuration: either every mapping can be made, no two are the
 * same and nothing breaks a line of iptables-restore; or an error says why not.
 * What ADD accepts, DEL sees with the same eyes.
 */
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/portmap/conf.h"

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's choice */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool truth)
{
	if (!truth)
		abort();
}

static void check_line(const char *text)
{
	for (; *text; text++)
		demand((unsigned char)*text >= ' ' && *text != '\x7f');
}

static void check_conditions(const struct cni_strings *conditions)
{
	demand(conditions->present || conditions->count == 0);
	for (size_t i = 0; i < conditions->count; i++)
		check_line(conditions->at[i]);
}

static void check_mapping(const struct portmap_mapping *map)
{
	demand(map->host_port > 0 && map->container_port > 0);
	demand(map->protocol == IPPROTO_TCP || map->protocol == IPPROTO_UDP ||
	       map->protocol == IPPROTO_SCTP);
	demand(map->any_of_family == (map->host_ip.family != IP_NONE &&
				      ip_unspecified(&map->host_ip)));
}

static bool is_any(const struct portmap_mapping *map)
{
	return map->host_ip.family == IP_NONE || map->any_of_family;
}

/* Could one packet be meant by both? One address is, before any. */
static bool same_packet(const struct portmap_mapping *a,
			const struct portmap_mapping *b)
{
	if (a->protocol != b->protocol || a->host_port != b->host_port ||
	    is_any(a) != is_any(b))
		return false;
	if (a->host_ip.family == IP_NONE || b->host_ip.family == IP_NONE)
		return true;
	return ip_equal(&a->host_ip, &b->host_ip);
}

static void check_mappings(const struct portmap_conf *conf)
{
	for (size_t i = 0; i < conf->mapping_count; i++) {
		check_mapping(&conf->mappings[i]);
		for (size_t j = 0; j < i; j++)
			demand(!same_packet(&conf->mappings[j],
					    &conf->mappings[i]));
	}
}

static void check_conf(const struct portmap_conf *conf)
{
	check_mappings(conf);
	check_conditions(&conf->conditions_v4);
	check_conditions(&conf->conditions_v6);
	if (conf->external_set_mark_chain)
		check_line(conf->external_set_mark_chain);
	demand(conf->mark_masq_bit < 32);
	demand(conf->backend != PORTMAP_NFTABLES ||
	       (!conf->external_set_mark_chain && !conf->conditions_v4.count &&
		!conf->conditions_v6.count));
	demand(conf->pod4.ip.family != IP_V6 && conf->pod6.ip.family != IP_V4);
}

static void check_same(const struct portmap_conf *some,
		       const struct portmap_conf *all)
{
	demand(some->backend == all->backend);
	demand(some->snat == all->snat);
	demand(some->masq_all == all->masq_all);
	demand(some->mapping_count == all->mapping_count);
	demand(some->conditions_v4.count == all->conditions_v4.count);
	demand(some->conditions_v6.count == all->conditions_v6.count);
	demand(some->external_set_mark_chain == all->external_set_mark_chain);
	demand(ip_equal(&some->pod4.ip, &all->pod4.ip));
	demand(ip_equal(&some->pod6.ip, &all->pod6.ip));
}

static void read_conf(const struct cni_request *req)
{
	auto_portmap_conf struct portmap_conf conf, some;
	auto_result struct cni_result prev = { .ip_count = 0 };
	auto_result struct cni_result again = { .ip_count = 0 };
	struct err err = { .code = CNI_OK };

	if (portmap_conf_read(req, &prev, &conf, &err) < 0)
		demand(err.code && *err.msg);
	else
		check_conf(&conf);
	portmap_conf_read_some(req, &again, &some);
	for (size_t i = 0; i < some.mapping_count; i++)
		check_mapping(&some.mappings[i]);
	if (some.external_set_mark_chain)
		check_line(some.external_set_mark_chain);
	if (err.code == CNI_OK)
		check_same(&some, &conf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cni_request req = {
		.verb = CNI_ADD,
		.ifname = "eth0",
		.args = "",
		.version_text = "1.1.0",
		.version = CNI_V1_1_0,
	};
	struct err err = { .code = CNI_OK };

	if (json_parse((const char *)data, size, "network config", &req.doc,
		       &err) < 0)
		return 0;
	req.conf = cfg_root(req.doc);
	read_conf(&req);
	json_object_put(req.doc);
	return 0;
}
