/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bridge itself: shared by all its containers, made by the first, removed
 * by nobody but a first ADD that fails.
 *
 * Such an ADD must not pull the bridge from under another that has found it in
 * the meantime. So each ADD holds a shared lock from before it looks until it
 * ends, and the undo removes something only if it gets the lock exclusively.
 * It waits for the others a while, as they may all fail, and none of them has
 * made the bridge. What is locked is our own network namespace's file, which is
 * there as long as the bridge could be, and needs no place on a disk. Anybody
 * can lock that, so no wait is long, and going on without it is possible.
 */
#include <fcntl.h>
#include <linux/if.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "common/base/log.h"
#include "common/net/br.h"
#include "common/net/sysctl.h"
#include "plugins/bridge/attachment.h"

/* How often another may make the bridge, or delete it, while we look. */
#define RACES_MAX 8

/* An undo is done in less, other ADDs mostly are. */
#define SHARED_TRIES 10
#define ALONE_TRIES  100
#define TRY_NS       10000000L

/* Returns 0 or -errno, -EWOULDBLOCK when it could not be had. */
static int lock(const struct attachment *at, int how, int tries)
{
	const struct timespec pause = { .tv_nsec = TRY_NS };

	for (;;) {
		if (flock(at->lock, how | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK || --tries == 0)
			return -errno;
		(void)nanosleep(&pause, NULL);
	}
}

static int take_lock(struct attachment *at, struct err *err)
{
	int r;

	at->lock = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (at->lock < 0)
		return err_sys(err, errno, "open /proc/self/ns/net");
	r = lock(at, LOCK_SH, SHARED_TRIES);
	if (r < 0 && r != -EWOULDBLOCK)
		return err_sys(err, -r, "lock /proc/self/ns/net");
	return 0;
}

static int check_device(const struct attachment *at, struct err *err)
{
	const struct bridge_conf *conf = &at->conf;
	int r;

	if (strcmp(at->bridge.kind, "bridge") != 0)
		return err_set(err, CNI_E_CONFIG,
			       "bridge: \"%s\" already exists but is not a "
			       "bridge",
			       conf->bridge);
	if (!(conf->vlan || conf->has_trunk) ||
	    at->bridge.bridge.vlan_filtering)
		return 0;
	r = err_set(err, CNI_E_CONFIG,
		    "%s: bridge \"%s\" already exists and does not filter "
		    "VLANs",
		    conf->vlan ? "vlan" : "vlanTrunk", conf->bridge);
	(void)err_hint(err, "ip link set %s type bridge vlan_filtering 1",
		       conf->bridge);
	return r;
}

static int look(struct attachment *at, struct err *err)
{
	bool found;
	int r;

	r = link_find(&at->host, at->conf.bridge, &at->bridge, &found, err);
	if (r < 0 || !found)
		return r;
	return check_device(at, err);
}

int device_look(struct attachment *at, struct err *err)
{
	const struct bridge_conf *conf = &at->conf;
	char name[LINK_NAME];
	int r;

	if (conf->vlan && conf->is_gateway && !*gateway_vlan_name(conf, name))
		return err_set(err, CNI_E_CONFIG,
			       "vlan: \"%s.%u\" is longer than the name of "
			       "a link can be",
			       conf->bridge, conf->vlan);
	r = take_lock(at, err);
	return r ?: look(at, err);
}

struct ports {
	size_t all;
	size_t containers; /* of whatever network */
};

static int note_port(const struct link_info *link, void *ctx, struct err *err)
{
	struct ports *ports = ctx;

	(void)err;
	ports->all++;
	if (strncmp(link->alias, "cni:", 4) == 0)
		ports->containers++;
	return 0;
}

/* As it was before: up or down, promiscuous or not, and its MAC address. */
static int restore(struct attachment *at, const struct link_info *now,
		   struct err *err)
{
	static const uint8_t none[LINK_MAC];
	const unsigned int flags = IFF_UP | IFF_PROMISC;
	int r = 0;

	if ((at->before.flags ^ now->flags) & flags)
		r = link_set_flags(&at->host, now, at->before.flags, flags,
				   err);
	if (memcmp(at->before.mac, none, LINK_MAC) != 0 &&
	    memcmp(at->before.mac, now->mac, LINK_MAC) != 0)
		r = r ?: link_set_mac(&at->host, now, at->before.mac, err);
	return r;
}

static int undo_device(void *ctx, struct err *err)
{
	struct attachment *at = ctx;
	struct link_info now;
	struct ports ports = { .all = 0 };
	bool found;
	int r;

	if (lock(at, LOCK_EX, ALONE_TRIES) < 0)
		return 0;
	r = link_find(&at->host, at->conf.bridge, &now, &found, err);
	if (r < 0 || !found)
		return r;
	at->bridge = now;
	r = gateway_undo(at, err);
	r = r ?: link_each(&at->host, NULL, now.index, note_port, &ports, err);
	if (r < 0 || ports.containers > 0)
		return r;
	if (at->before.index)
		return restore(at, &now, err);
	if (ports.all > 0 || memcmp(now.mac, at->bridge_mac, LINK_MAC) != 0)
		return 0; /* another's, made at the same time */
	return link_del(&at->host, now.index, now.name, err);
}

/* Routers that containers pretend to be are none to the host. */
static void refuse_routers(const char *name)
{
	struct err err = { .code = CNI_OK };
	int r = sysctl_set("0", &err, "ipv6/conf/%s/accept_ra", name);

	if (r < 0 && r != -ENOENT)
		log_warn("%s", err.msg);
}

static int make(struct attachment *at, struct err *err)
{
	const struct br_spec spec = {
		.name = at->conf.bridge,
		.mac = at->bridge_mac,
		.mtu = at->conf.mtu,
		.vlan_filtering = at->conf.vlan || at->conf.has_trunk,
		.promisc = at->conf.promisc,
	};
	struct err why = { .code = CNI_OK };
	int r;

	r = link_random_mac(at->bridge_mac, err);
	if (r < 0)
		return r;
	r = br_add(&at->host, &spec, &why);
	at->made_bridge = at->made_bridge || r == 0;
	if (r == 0 || r == -EEXIST)
		return 0;
	*err = why;
	if (r == -EOPNOTSUPP)
		(void)err_hint(err, "needs a kernel with CONFIG_BRIDGE%s",
			       spec.vlan_filtering
				       ? " and CONFIG_BRIDGE_VLAN_FILTERING"
				       : "");
	return r;
}

static int bring_up(struct attachment *at, struct err *err)
{
	const unsigned int want =
		IFF_UP | (at->conf.promisc ? IFF_PROMISC : 0U);

	if ((at->bridge.flags & want) == want)
		return 0;
	return link_set_flags(&at->host, &at->bridge, want, want, err);
}

int device_ensure(struct attachment *at, struct undo *undo, struct err *err)
{
	int r = 0;

	at->before = at->bridge;
	undo_push(undo, undo_device, at);
	for (int i = 0; r == 0 && !at->bridge.index && i < RACES_MAX; i++) {
		r = make(at, err);
		r = r ?: look(at, err);
	}
	if (r == 0 && !at->bridge.index)
		return err_set(err, CNI_E_AGAIN,
			       "bridge \"%s\" vanishes as often as it is made",
			       at->conf.bridge);
	if (r < 0)
		return err_in(err, "failed to create bridge \"%s\"",
			      at->conf.bridge);
	refuse_routers(at->bridge.name);
	return bring_up(at, err);
}
