/* SPDX-License-Identifier: GPL-2.0-or-later */
/* portmap's configuration (cni-behaviour.md 2.4), read and checked. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/ip.h"
#include "common/cni/request.h"
#include "common/cni/result.h"

enum portmap_backend {
	PORTMAP_AUTO, /* not said: nf_tables if the kernel has it */
	PORTMAP_NFTABLES,
	PORTMAP_IPTABLES,
};

/* One entry of runtimeConfig.portMappings. */
struct portmap_mapping {
	uint16_t host_port, container_port; /* 1..65535 */
	uint8_t protocol;                   /* IPPROTO_TCP, _UDP, _SCTP */
	struct ip host_ip; /* IP_NONE: any address, of either family */
	/* host_ip is 0.0.0.0 or ::, that is any address of that family. */
	bool any_of_family;
};

struct portmap_conf {
	struct arena arena;
	enum portmap_backend backend;
	bool snat; /* true by default */
	bool masq_all;
	unsigned int mark_masq_bit;          /* 13 by default; iptables */
	const char *external_set_mark_chain; /* NULL: none; iptables */
	struct cni_strings conditions_v4, conditions_v6;
	size_t mapping_count;
	struct portmap_mapping *mappings;
	/* From prevResult; family IP_NONE: the container has none such. */
	struct cidr pod4, pod6;
};

#define auto_portmap_conf AUTO(portmap_conf_free)

/*
 * For ADD and CHECK: every key, every rule between keys; prevResult is in
 * @prev, and @out->pod4 and pod6 are the container's addresses in it: the first
 * of each family whose interface index is absent or out of range, or names
 * CNI_IFNAME with a sandbox. ADD without prevResult: "must be called as chained
 * plugin". Errors: CNI_E_CONFIG with the key's path
 * ("runtimeConfig.portMappings[2].hostPort: ...").
 */
int portmap_conf_read(const struct cni_request *req, struct cni_result *prev,
		      struct portmap_conf *out, struct err *err) MUST_CHECK;

/*
 * For DEL and GC, which an edited configuration must not stop: the mappings and
 * addresses that can be read (hints, no more), the backend; silence or
 * a warning for the rest.
 */
void portmap_conf_read_some(const struct cni_request *req,
			    struct cni_result *prev, struct portmap_conf *out);

void portmap_conf_free(struct portmap_conf *conf);
