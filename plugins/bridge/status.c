/* SPDX-License-Identifier: GPL-2.0-or-later */
/* STATUS: would an ADD with this configuration find what it needs? */
#include "common/net/br.h"
#include "plugins/bridge/attachment.h"
#include "plugins/bridge/bridge.h"

static int unavailable(const struct err *why, struct err *err)
{
	int r;

	if (why->code == CNI_E_UNAVAILABLE || why->code == CNI_E_LIMITED) {
		*err = *why;
		return -why->errnum;
	}
	r = err_set(err, CNI_E_UNAVAILABLE, "%s", why->msg);
	if (*why->details)
		(void)err_hint(err, "%s", why->details);
	return r;
}

static int check_kernel(struct net *host, const struct bridge_conf *conf,
			struct err *err)
{
	bool bridges, vlan_filtering;
	int r;

	r = br_support(host, &bridges, &vlan_filtering, err);
	if (r < 0)
		return r;
	if (!bridges)
		return err_set(err, CNI_E_UNAVAILABLE,
			       "this kernel has no bridges (CONFIG_BRIDGE)");
	if ((conf->vlan || conf->has_trunk) && !vlan_filtering)
		return err_set(err, CNI_E_UNAVAILABLE,
			       "%s: this kernel's bridges cannot filter VLANs "
			       "(CONFIG_BRIDGE_VLAN_FILTERING)",
			       conf->vlan ? "vlan" : "vlanTrunk");
	return 0;
}

/* What has the bridge's name must be one, and fit. */
static int look_at_host(const struct cni_request *req, struct attachment *at,
			struct err *err)
{
	int r;

	at->req = req;
	r = net_open(&at->host, -1, err);
	r = r ?: check_kernel(&at->host, &at->conf, err);
	r = r ?: device_look(at, err);
	return r ?: rules_status(&at->nft, &at->conf, err);
}

int bridge_status(const struct cni_request *req, struct cni_result *result,
		  struct err *err)
{
	auto_attachment struct attachment at = ATTACHMENT_NONE;
	struct err why = { .code = CNI_OK };
	int r;

	(void)result;
	r = bridge_conf_read(req, &at.conf, err);
	if (r < 0)
		return r;
	if (look_at_host(req, &at, &why) < 0)
		return unavailable(&why, err);
	if (!at.conf.ipam_type)
		return 0;
	return cni_delegate(req, CNI_STATUS, at.conf.ipam_type, err);
}
