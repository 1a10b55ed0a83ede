/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host-local's configuration, typed and checked (cni-behaviour.md 2.3).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/cni/request.h"
#include "plugins/host-local-ipam/range.h"

#define HOSTLOCAL_DATA_DIR "/var/lib/cni/networks"

struct hostlocal_conf {
	struct arena arena;
	const char *data_dir;    /* the store is <data_dir>/<network>/ */
	const char *resolv_conf; /* "" if the key is absent */
	bool reclaim_on_boot;    /* reclaimOnBoot, default true */
	size_t set_count;
	struct range_set *sets; /* runtimeConfig.ipRanges, old form, ranges */
	size_t route_count;
	struct cni_route *routes;
	size_t request_count;
	/* CNI_ARGS IP, args.cni.ips, runtimeConfig.ips; each address once */
	struct ip *requests;
};

#define auto_hostlocal_conf AUTO(hostlocal_conf_free)
void hostlocal_conf_free(struct hostlocal_conf *conf);

/*
 * Read and check everything, for ADD, CHECK and STATUS. CNI_ARGS counts for
 * ADD only. Strings are borrowed from @req; the caller frees @out, also after
 * a failure. req->version must be set.
 * Errors: CNI_E_CONFIG with the key's path, CNI_E_ENV for CNI_ARGS.
 */
int hostlocal_conf_read(const struct cni_request *req,
			struct hostlocal_conf *out, struct err *err) MUST_CHECK;

/*
 * Where the leases are: all that DEL and GC need. Never fails for what the
 * configuration holds: a dataDir that is no string is reported on stderr and
 * the default is used. Borrowed from @req.
 */
const char *hostlocal_conf_data_dir(const struct cni_request *req);
