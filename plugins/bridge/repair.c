/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * REPAIR: the attachment's rules again, as ADD made them, from prevResult. The
 * MAC address that it may send with is the one that ADD reported: the container
 * may have taken another since.
 */
#include "plugins/bridge/bridge.h"
#include "plugins/bridge/check.h"

int bridge_repair(const struct cni_request *req, struct cni_result *result,
		  struct err *err)
{
	auto_attachment struct attachment at = ATTACHMENT_NONE;
	int r;

	at.result = result;
	r = attachment_open(&at, req, err);
	if (r < 0 || (!at.conf.ip_masq && !at.conf.mac_spoof_chk))
		return r;
	r = check_prev(&at, err);
	r = r ?: check_sandbox(&at, err);
	if (r == 0 && at.conf.mac_spoof_chk) {
		r = check_eth(&at, err);
		r = r ?: check_peer(&at, err);
	}
	if (r < 0)
		return r;
	plan_rules(&at, at.addrs, result->ip_count);
	if (at.rules.masq_count == 0 && !at.rules.spoof_check)
		return 0;
	return rules_add(&at.nft, &at.rules, err);
}
