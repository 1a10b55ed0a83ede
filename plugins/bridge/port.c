/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pair of links. The host's end has a name that DEL can derive, and an
 * alias that says whose it is. It is set up with its alias, its options and its
 * VLANs before the container's end is: nothing can pass before that.
 */
#include "common/net/br.h"

#include <linux/if.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/text.h"
#include "common/net/event.h"
#include "common/net/sysctl.h"
#include "common/net/veth.h"
#include "plugins/bridge/attachment.h"

/* Names to try before we believe that something else is wrong. */
#define PROBES 4U

/* The kernel's own work queue needs a processor for it, no more. */
#define UP_TIMEOUT_MS 500U

/*
 * A link of the name that we derive, without an alias, is what an ADD has left
 * that was killed between its two requests.
 */
static bool is_ours(const struct link_info *link, const char *alias)
{
	return strcmp(link->kind, "veth") == 0 &&
	       (!*link->alias || strcmp(link->alias, alias) == 0);
}

int port_find(struct net *host, const struct cni_owner *owner,
	      struct link_info *out, bool *found, struct err *err)
{
	char alias[OWNER_TEXT], name[OWNER_LINK];
	int r;

	(void)cni_owner_text(owner, alias);
	for (unsigned int i = 0; i < PROBES; i++) {
		(void)cni_owner_link(owner, i, name);
		r = link_find(host, name, out, found, err);
		if (r < 0)
			return r;
		*found = *found && is_ours(out, alias);
		if (*found)
			return 0;
	}
	*out = (struct link_info){ .index = 0 };
	return 0;
}

static int already_attached(const struct attachment *at, const char *name,
			    struct err *err)
{
	int r = err_set(err, CNI_E_DUPLICATE,
			"container \"%s\" is attached to network \"%s\" as "
			"\"%s\" already",
			at->owner.container, at->owner.network,
			at->owner.ifname);

	(void)err_hint(err, "link \"%s\" is there; DEL removes it", name);
	return r;
}

/* ADD takes the first name that is free, so no further ones are looked at. */
int port_look(struct attachment *at, struct err *err)
{
	struct link_info link;
	char name[OWNER_LINK];
	bool found = true;
	int r = 0;

	for (unsigned int i = 0; r == 0 && found && i < PROBES; i++) {
		(void)cni_owner_link(&at->owner, i, name);
		r = link_find(&at->host, name, &link, &found, err);
		if (r == 0 && found && is_ours(&link, at->alias))
			return already_attached(at, name, err);
	}
	return r;
}

/* -EEXIST: the name is somebody else's, try the next. */
static int make_pair(struct attachment *at, const char *name, struct err *err)
{
	const struct veth_spec spec = {
		.name = name,
		.mac = at->port_mac,
		.master = at->bridge.index,
		.mtu = at->conf.mtu,
		.txqlen = 0,
		.peer = at->owner.ifname,
		.peer_mac = at->eth.mac,
		.peer_ns = at->ns,
	};
	struct err why = { .code = CNI_OK };
	struct link_info other;
	bool found;
	int r;

	r = veth_add(&at->host, &spec, &why);
	if (r != -EEXIST) {
		if (r < 0)
			*err = why;
		return r;
	}
	r = link_find(&at->host, name, &other, &found, err);
	if (r < 0)
		return r;
	if (found && is_ours(&other, at->alias))
		return already_attached(at, name, err);
	if (found)
		return -EEXIST;
	/* Then it is the container's name that has been taken meanwhile. */
	*err = why;
	return -EINVAL;
}

/* The name alone is not enough: another ADD may have it by now. */
static int undo_pair(void *ctx, struct err *err)
{
	struct attachment *at = ctx;
	struct link_info now;
	bool found;
	int r;

	r = link_find(&at->host, at->port_name, &now, &found, err);
	if (r < 0 || !found || memcmp(now.mac, at->port_mac, LINK_MAC) != 0)
		return r;
	return link_del(&at->host, now.index, now.name, err);
}

static int make_named_pair(struct attachment *at, struct undo *undo,
			   struct err *err)
{
	char *name = at->port_name;
	int r = -EEXIST;

	undo_push(undo, undo_pair, at);
	for (unsigned int i = 0; r == -EEXIST && i < PROBES; i++)
		r = make_pair(at, cni_owner_link(&at->owner, i, name), err);
	if (r == -EEXIST)
		return err_set(err, CNI_E_AGAIN,
			       "all names for the host's link are taken, the "
			       "last is \"%s\"",
			       name);
	return r ?: link_get(&at->host, name, &at->port, err);
}

/*
 * Before the port is up. The PVID that the bridge gives to every port goes,
 * unless preserveDefaultVlan says no.
 */
static int set_vlans(struct attachment *at, struct err *err)
{
	const struct bridge_conf *conf = &at->conf;
	const uint16_t given = at->bridge.bridge.default_pvid;
	const struct vlan_set set = {
		.pvid = conf->vlan ?: (conf->trunk_count > 0 ? 1 : 0),
		.count = conf->trunk_count,
		.at = conf->trunk,
	};
	int r = 0;

	if (!set.pvid)
		return 0;
	if (!conf->preserve_default_vlan && given)
		r = port_vlan_del(&at->host, &at->port, given, err);
	return r ?: port_vlan_add(&at->host, &at->port, &set, err);
}

int port_add(struct attachment *at, struct undo *undo, struct err *err)
{
	const struct port_spec spec = {
		.alias = at->alias,
		.hairpin = at->conf.hairpin,
		.isolated = at->conf.port_isolation,
	};
	struct err ignored = { .code = CNI_OK };
	int r;

	r = link_random_mac(at->port_mac, err);
	if (at->conf.has_mac)
		memcpy(at->eth.mac, at->conf.mac, LINK_MAC);
	else
		r = r ?: link_random_mac(at->eth.mac, err);
	r = r ?: make_named_pair(at, undo, err);
	if (r < 0)
		return r;
	at->eth.index = at->port.peer;
	(void)text_put(at->eth.name, at->owner.ifname);
	at->eth.mtu = at->port.mtu;
	/* Frames of a port go to the bridge; this is for when it is none. */
	(void)!sysctl_set("0", &ignored, "ipv6/conf/%s/accept_ra",
			  at->port.name);
	r = set_vlans(at, err);
	return r ?: port_set(&at->host, &at->port, &spec, err);
}

/* ---- Until it forwards ---- */

static int is_port_up(struct nlmsghdr *hdr, void *ctx)
{
	const struct attachment *at = ctx;
	struct link_info link;

	if (link_read(hdr, &link) < 0 || link.index != at->port.index)
		return 0;
	return link.operstate == IF_OPER_UP;
}

static int refresh(struct attachment *at, struct err *err)
{
	int r = link_get_index(&at->host, at->port.index, &at->port, err);

	if (r == 0 && at->port.master != at->bridge.index)
		return err_set(err, CNI_E_AGAIN,
			       "\"%s\" is no port of bridge \"%s\" any more",
			       at->port.name, at->bridge.name);
	return r;
}

int port_wait(struct attachment *at, struct net *events, struct err *err)
{
	int r;

	r = refresh(at, err);
	if (r < 0 || at->port.operstate == IF_OPER_UP)
		return r;
	if (net_wait(events, is_port_up, at, UP_TIMEOUT_MS) < 0)
		log_warn("waited for \"%s\" to come up", at->port.name);
	r = refresh(at, err);
	if (r < 0 || at->port.operstate == IF_OPER_UP)
		return r;
	if (!(at->port.flags & IFF_LOWER_UP))
		return err_set(err, CNI_E_IO, "bridge port in error state: %s",
			       link_operstate_text(at->port.operstate));
	log_warn("bridge port \"%s\" is still %s, it should be UP soon",
		 at->port.name, link_operstate_text(at->port.operstate));
	return 0;
}
