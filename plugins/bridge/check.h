/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CHECK in two halves. Each finds the first thing that is missing or different
 * and says what was expected: CNI_E_CHECK.
 */
#pragma once

#include "plugins/bridge/attachment.h"

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
