/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CHECK in two halves. Each finds the first thing that is missing or different
 * and says what was expected: CNI_E_CHECK.
 */
#pragma once

#include "plugins/bridge/attachment.h"

/*
 * Read prevResult into at->result, with this attachment's addresses only, which
 * are at->addrs, too. Errors: CNI_E_CONFIG without one.
 */
int check_prev(struct attachment *at, struct err *err) MUST_CHECK;

/* prevResult tells of this interface in this namespace. */
int check_sandbox(const struct attachment *at, struct err *err) MUST_CHECK;

/* The two ends are there, and are those of prevResult: at->eth, at->port. */
int check_eth(struct attachment *at, struct err *err) MUST_CHECK;
int check_peer(struct attachment *at, struct err *err) MUST_CHECK;

/*
 * The container's end: link, MAC, MTU, addresses, routes; fills in at->eth.
 * at->result is prevResult, with this attachment's addresses only.
 */
int check_pod(struct attachment *at, struct err *err) MUST_CHECK;

/* The host's end, the bridge, gateways, forwarding. */
int check_host(struct attachment *at, struct err *err) MUST_CHECK;

/* The entry of prevResult that is called @name, in a sandbox or not; or NULL.
 */
const struct cni_interface *check_entry(const struct cni_result *prev,
					const char *name, bool sandbox);

/* MAC and MTU of @link are what @entry (may be NULL) and @mtu (0: any) say. */
int check_link(const struct link_info *link, const struct cni_interface *entry,
	       uint32_t mtu, struct err *err) MUST_CHECK;
