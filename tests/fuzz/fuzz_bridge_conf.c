/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first line is CNI_ARGS, the rest is the network configuration: either
 * the kernel can do what it asks for, or an error says why not. What ADD
 * accepts, DEL sees with the same eyes.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/bridge/conf.h"

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's choice */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool truth)
{
	if (!truth)
		abort();
}

static void check_name(const char *name)
{
	demand(*name && strlen(name) < 16 && !strpbrk(name, "/:% \n\xa0"));
}

static void check_mac(const struct bridge_conf *conf)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < MAC_LEN; i++)
		sum |= conf->mac[i];
	demand(conf->has_mac == (sum != 0));
	demand(!(conf->mac[0] & 1));
}

static void check_conf(const struct bridge_conf *conf)
{
	check_name(conf->bridge);
	check_mac(conf);
	demand(conf->mtu == 0 || (conf->mtu >= 68 && conf->mtu <= 65535));
	demand(conf->vlan <= 4094);
	demand(conf->has_trunk || conf->trunk_count == 0);
	for (size_t i = 0; i < conf->trunk_count; i++) {
		demand(conf->trunk[i] >= 1 && conf->trunk[i] <= 4094);
		demand(i == 0 || conf->trunk[i] > conf->trunk[i - 1]);
	}
	demand(!(conf->hairpin && conf->promisc));
	demand(conf->is_gateway || !conf->is_default_gateway);
	demand(!conf->ipam_type || !conf->disable_container_interface);
	demand(!conf->ipam_type ||
	       (*conf->ipam_type && !strchr(conf->ipam_type, '/')));
}

static void check_same(const struct bridge_conf *some,
		       const struct bridge_conf *all)
{
	demand(some->bridge == all->bridge ||
	       strcmp(some->bridge, all->bridge) == 0);
	demand(some->ipam_type == all->ipam_type);
	demand(some->vlan == all->vlan);
	demand(some->is_gateway == all->is_gateway);
	demand(some->ip_masq == all->ip_masq);
	demand(some->masq_backend == all->masq_backend);
	demand(some->mac_spoof_chk == all->mac_spoof_chk);
}

static void read_conf(const struct cni_request *req)
{
	auto_bridge_conf struct bridge_conf conf, some;
	struct err err = { .code = CNI_OK };

	if (bridge_conf_read(req, &conf, &err) < 0)
		demand(err.code && *err.msg);
	else
		check_conf(&conf);
	bridge_conf_read_some(req, &some);
	check_name(some.bridge);
	if (err.code == CNI_OK)
		check_same(&some, &conf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *line = size > 0 ? memchr(text, '\n', size) : NULL;
	size_t skip = line ? (size_t)(line - text) + 1 : 0;
	auto_strbuf struct strbuf args = { .data = NULL };
	struct cni_request req = {
		.verb = CNI_ADD,
		.version_text = "1.1.0",
		.version = CNI_V1_1_0,
	};
	struct err err = { .code = CNI_OK };

	strbuf_add(&args, text, skip > 0 ? skip - 1 : 0);
	req.args = strbuf_str(&args);
	if (json_parse(text + skip, size - skip, "network config", &req.doc,
		       &err) < 0)
		return 0;
	req.conf = cfg_root(req.doc);
	read_conf(&req);
	json_object_put(req.doc);
	return 0;
}
