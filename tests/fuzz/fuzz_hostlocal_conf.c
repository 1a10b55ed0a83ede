/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first line is CNI_ARGS, the rest is the network configuration: either
 * it gives ranges that make sense, or an error that says why not.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/host-local-ipam/conf.h"

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's choice */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool truth)
{
	if (!truth)
		abort();
}

static void check_range(const struct range *range)
{
	demand(range->first <= range->last);
	demand(range->first >= cidr_first(&range->subnet));
	demand(range->last <= cidr_last(&range->subnet));
	demand(range->gateway.family == range->subnet.ip.family);
}

static void check_conf(const struct hostlocal_conf *conf)
{
	demand(conf->set_count > 0 && *conf->data_dir);
	for (size_t i = 0; i < conf->set_count; i++) {
		demand(conf->sets[i].count > 0);
		for (size_t j = 0; j < conf->sets[i].count; j++)
			check_range(&conf->sets[i].at[j]);
	}
	for (size_t i = 0; i < conf->request_count; i++)
		demand(conf->requests[i].family != IP_NONE);
}

static void read_conf(const struct cni_request *req)
{
	auto_hostlocal_conf struct hostlocal_conf conf;
	struct err err = { .code = CNI_OK };

	if (hostlocal_conf_read(req, &conf, &err) < 0)
		demand(err.code && *err.msg);
	else
		check_conf(&conf);
	/* Tolerant on DEL, but it says so on stderr: only when it is quiet. */
	if (err.code == CNI_OK)
		demand(hostlocal_conf_data_dir(req) == conf.data_dir);
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
