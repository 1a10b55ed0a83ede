/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bridge's configuration (cni-behaviour.md 2.2), read and checked. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/cni/request.h"
#include "common/cni/result.h"

#define MAC_LEN 6

enum masq_backend {
	MASQ_AUTO, /* not said: nf_tables if the kernel has it */
	MASQ_NFTABLES,
	MASQ_IPTABLES,
};

struct bridge_conf {
	struct arena arena;
	const char *bridge; /* "cni0" */
	bool is_gateway;    /* also set by isDefaultGateway */
	bool is_default_gateway;
	bool force_address;
	bool ip_masq;
	bool masq_random_fully; /* ours */
	enum masq_backend masq_backend;
	uint32_t mtu; /* bytes; 0: the kernel's choice */
	bool hairpin, promisc;
	uint16_t vlan; /* 0: none */
	bool preserve_default_vlan;
	bool has_trunk; /* vlanTrunk is there, even if empty */
	size_t trunk_count;
	uint16_t *trunk; /* sorted, each once */
	bool mac_spoof_chk;
	bool enable_dad;
	bool disable_container_interface;
	bool port_isolation;
	bool has_mac; /* from runtimeConfig, args.cni or CNI_ARGS */
	uint8_t mac[MAC_LEN];
	const char *ipam_type; /* NULL: no addresses, layer 2 only */
	struct cni_dns dns;
};

#define auto_bridge_conf AUTO(bridge_conf_free)

/*
 * For ADD and CHECK: every key, every rule between keys. Strings are borrowed
 * from @req; the caller frees @out, also after a failure.
 * Errors: CNI_E_CONFIG with the key's path, CNI_E_ENV for CNI_ARGS.
 */
int bridge_conf_read(const struct cni_request *req, struct bridge_conf *out,
		     struct err *err) MUST_CHECK;

/*
 * For DEL and GC, which an edited configuration must not stop: all that can be
 * read, and the defaults for what cannot. What is wrong is a warning, what is
 * not needed is not looked at: mtu, vlanTrunk, dns, MAC addresses, CNI_ARGS.
 */
void bridge_conf_read_some(const struct cni_request *req,
			   struct bridge_conf *out);

void bridge_conf_free(struct bridge_conf *conf);
