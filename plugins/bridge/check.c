/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/bridge/check.h"

#include <string.h>

#include "plugins/bridge/bridge.h"

const struct cni_interface *check_entry(const struct cni_result *prev,
					const char *name, bool sandbox)
{
	for (size_t i = 0; i < prev->interface_count; i++) {
		const struct cni_interface *entry = &prev->interfaces[i];
		const bool inside = entry->sandbox && *entry->sandbox;

		if (entry->name && inside == sandbox &&
		    strcmp(entry->name, name) == 0)
			return entry;
	}
	return NULL;
}

int check_link(const struct link_info *link, const struct cni_interface *entry,
	       uint32_t mtu, struct err *err)
{
	char mac[LINK_MAC_TEXT];

	(void)link_mac_text(link->mac, mac);
	if (entry && entry->mac && *entry->mac &&
	    strcasecmp(entry->mac, mac) != 0)
		return err_set(err, CNI_E_CHECK,
			       "\"%s\" has MAC address %s, expected %s",
			       link->name, mac, entry->mac);
	if (mtu && link->mtu != mtu)
		return err_set(err, CNI_E_CHECK,
			       "\"%s\" has MTU %u, expected %u", link->name,
			       link->mtu, mtu);
	return 0;
}

/* Addresses that another plugin of the list gave to another link. */
static bool is_elsewhere(const struct cni_result *prev, const struct cni_ip *ip,
			 const char *ifname)
{
	const struct cni_interface *entry;

	if (!ip->has_interface || ip->interface < 0 ||
	    (uint64_t)ip->interface >= prev->interface_count)
		return false;
	entry = &prev->interfaces[ip->interface];
	return !entry->name || strcmp(entry->name, ifname) != 0;
}

int check_prev(struct attachment *at, struct err *err)
{
	struct cni_result *prev = at->result;
	bool present = false;
	size_t kept = 0;
	int r;

	r = cni_prev_result(at->req, prev, &present, err);
	if (r == 0 && !present)
		return err_set(err, CNI_E_CONFIG,
			       "Required prevResult missing");
	if (r < 0)
		return r;
	at->addrs = arena_array(&prev->arena, prev->ip_count + 1,
				sizeof(*at->addrs));
	if (!at->addrs)
		return err_nomem(err);
	for (size_t i = 0; i < prev->ip_count; i++) {
		if (is_elsewhere(prev, &prev->ips[i], at->owner.ifname))
			continue;
		at->addrs[kept] = prev->ips[i].address;
		prev->ips[kept++] = prev->ips[i];
	}
	prev->ip_count = kept;
	return 0;
}

int check_sandbox(const struct attachment *at, struct err *err)
{
	const struct cni_interface *entry =
		check_entry(at->result, at->owner.ifname, true);

	if (!entry)
		return err_set(err, CNI_E_CHECK,
			       "prevResult.interfaces: no \"%s\" in a sandbox",
			       at->owner.ifname);
	if (strcmp(entry->sandbox, at->req->netns) != 0)
		return err_set(err, CNI_E_CHECK,
			       "prevResult.interfaces: \"%s\" is in sandbox "
			       "\"%s\", CNI_NETNS is \"%s\"",
			       at->owner.ifname, entry->sandbox,
			       at->req->netns);
	return 0;
}

static int check_rules(struct attachment *at, struct err *err)
{
	plan_rules(at, at->addrs, at->result->ip_count);
	if (at->rules.masq_count == 0 && !at->rules.spoof_check)
		return 0;
	return rules_check(&at->nft, &at->rules, err);
}

int bridge_check(const struct cni_request *req, struct cni_result *result,
		 struct err *err)
{
	auto_attachment struct attachment at = ATTACHMENT_NONE;
	int r;

	at.result = result;
	r = attachment_open(&at, req, err);
	r = r ?: check_prev(&at, err);
	if (r == 0 && at.conf.ipam_type)
		r = cni_delegate_start(req, CNI_CHECK, at.conf.ipam_type,
				       &at.ipam, err);
	r = r ?: check_sandbox(&at, err);
	r = r ?: check_pod(&at, err);
	r = r ?: check_host(&at, err);
	r = r ?: check_rules(&at, err);
	return r ?: cni_delegate_finish(&at.ipam, NULL, err);
}
