/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ADD. IPAM runs while the links are made: neither needs the other, and there
 * are two processors almost everywhere. Nothing can pass before the container's
 * end is up, so what is to protect or translate is in place before.
 */
#include <string.h>

#include "plugins/bridge/attachment.h"
#include "plugins/bridge/bridge.h"

static int undo_ipam(void *ctx, struct err *err)
{
	struct attachment *at = ctx;
	auto_result struct cni_result answer = { .ip_count = 0 };
	struct err why = { .code = CNI_OK };

	if (at->ipam.running)
		at->has_lease =
			cni_delegate_finish(&at->ipam, &answer, &why) == 0;
	if (!at->has_lease)
		return 0;
	return cni_delegate(at->req, CNI_DEL, at->conf.ipam_type, err);
}

static int ipam_start(struct attachment *at, struct undo *undo, struct err *err)
{
	int r;

	if (!at->conf.ipam_type)
		return 0;
	r = cni_delegate_start(at->req, CNI_ADD, at->conf.ipam_type, &at->ipam,
			       err);
	if (r == 0)
		undo_push(undo, undo_ipam, at);
	return r;
}

static int ipam_finish(struct attachment *at, struct err *err)
{
	int r = cni_delegate_finish(&at->ipam, at->result, err);

	at->has_lease = r == 0 && at->conf.ipam_type;
	return r;
}

static int undo_rules(void *ctx, struct err *err)
{
	struct attachment *at = ctx;

	return rules_del(&at->nft, &at->rules, err);
}

static int protect(struct attachment *at, struct undo *undo, struct err *err)
{
	if (at->rules.masq_count == 0 && !at->rules.spoof_check)
		return 0;
	/* First, so that it is taken back even if the answer is lost. */
	undo_push(undo, undo_rules, at);
	return rules_add(&at->nft, &at->rules, err);
}

/*
 * A bridge that was there before may take a port's MAC for its own, but not one
 * that is a gateway.
 */
static int report(struct attachment *at, struct err *err)
{
	struct link_info bridge = at->bridge;
	int r = 0;

	if (!at->made_bridge && !at->conf.is_gateway)
		r = link_get_index(&at->host, bridge.index, &bridge, err);
	if (r < 0)
		return r;
	at->bridge = bridge;
	return plan_interfaces(at, err);
}

int bridge_add(const struct cni_request *req, struct cni_result *result,
	       struct err *err)
{
	auto_attachment struct attachment at = ATTACHMENT_NONE;
	auto_undo struct undo undo = { .count = 0 };
	int r;

	at.result = result;
	r = attachment_open(&at, req, err);
	r = r ?: device_look(&at, err);
	r = r ?: pod_look(&at, err);
	r = r ?: port_look(&at, err);
	r = r ?: device_ensure(&at, &undo, err);
	r = r ?: ipam_start(&at, &undo, err);
	r = r ?: port_add(&at, &undo, err);
	r = r ?: ipam_finish(&at, err);
	r = r ?: plan_addresses(&at, err);
	r = r ?: protect(&at, &undo, err);
	r = r ?: gateway_ensure(&at, err);
	r = r ?: pod_configure(&at, err);
	r = r ?: pod_announce(&at, err);
	r = r ?: report(&at, err);
	r = r ?: cni_plugin_print(req, result, err);
	if (r == 0)
		undo_commit(&undo);
	return r;
}
