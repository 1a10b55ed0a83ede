/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GC: what attachments of this network have left that the runtime does not
 * have any more. Their links are known by their aliases, and those without
 * one, of an ADD that was killed, by their names.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "plugins/bridge/attachment.h"
#include "plugins/bridge/bridge.h"

struct sweep {
	struct net *host;
	const char *network;
	const struct cni_attachments *valid;
	size_t count;
	struct link_info *stale;
	uint32_t group; /* a number that no link's group has; 0: none such */
};

/* "veth" and the network's four characters, before those of an attachment. */
#define NETWORK_PART 8U

/* The name is one that this network's attachments have, but no valid one's. */
static bool is_half_made(const struct sweep *sweep, const char *name)
{
	struct cni_owner owner = { sweep->network, "", "" };
	char other[OWNER_LINK];

	if (strlen(name) != OWNER_LINK - 1 ||
	    strncmp(name, cni_owner_link(&owner, 0, other), NETWORK_PART) != 0)
		return false;
	for (size_t i = 0; i < sweep->valid->count; i++) {
		owner.container = sweep->valid->at[i].container;
		owner.ifname = sweep->valid->at[i].ifname;
		if (strcmp(name, cni_owner_link(&owner, 0, other)) == 0)
			return false;
	}
	return true;
}

static bool is_stale(const struct sweep *sweep, const struct link_info *link)
{
	if (strcmp(link->kind, "veth") != 0)
		return false;
	if (*link->alias)
		return cni_owner_stale(link->alias, sweep->network,
				       sweep->valid);
	return is_half_made(sweep, link->name);
}

static int note_stale(const struct link_info *link, void *ctx, struct err *err)
{
	struct sweep *sweep = ctx;
	struct link_info *grown;

	if (link->group == sweep->group)
		sweep->group = 0;
	if (!is_stale(sweep, link))
		return 0;
	grown = reallocarray(sweep->stale, sweep->count + 1, sizeof(*grown));
	if (!grown)
		return err_nomem(err);
	sweep->stale = grown;
	grown[sweep->count++] = *link;
	return 0;
}

/* After an error it goes on: others are to be removed, too. */
static int delete_each(struct sweep *sweep, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < sweep->count; i++) {
		const struct link_info *link = &sweep->stale[i];
		struct err why = { .code = CNI_OK };

		if (link_del(sweep->host, link->index, link->name, &why) == 0)
			continue;
		r = first_of(-why.errnum, r);
		(void)err_set(err, why.code, "%s (%s)", why.msg, link->alias);
	}
	return r;
}

/*
 * For each deletion the kernel waits some 15 ms, but only once for a group. So
 * they are put into one together and deleted as that, with whatever else is in
 * it then: its number must not come to anybody's mind meanwhile, nor to that of
 * another GC. The next free one would; this is one of 2^31 (`ip` has them
 * signed). Killed in between, it leaves links in an odd group, known by their
 * aliases as before.
 */
static uint32_t choose_group(void)
{
	uint32_t group;

	if (getrandom(&group, sizeof(group), GRND_NONBLOCK) != sizeof(group))
		return 0;
	return group & INT32_MAX;
}

static int delete_all(struct sweep *sweep, struct err *err)
{
	auto_free int *index = calloc(sweep->count + 1, sizeof(*index));
	struct err why = { .code = CNI_OK };

	if (sweep->count < 2 || !index || sweep->group == 0)
		return delete_each(sweep, err);
	for (size_t i = 0; i < sweep->count; i++)
		index[i] = sweep->stale[i].index;
	if (link_del_group(sweep->host, sweep->group, index, sweep->count,
			   &why) < 0)
		return delete_each(sweep, err);
	return 0;
}

static void sweep_free(struct sweep *sweep)
{
	free(sweep->stale);
}

static int sweep_links(const char *network, const struct cni_attachments *valid,
		       struct err *err)
{
	auto_net struct net host = NET_CLOSED;
	AUTO(sweep_free)
	struct sweep sweep = { .host = &host,
			       .network = network,
			       .valid = valid,
			       .group = choose_group() };
	int r;

	r = net_open(&host, -1, err);
	r = r ?: link_each(&host, NULL, 0, note_stale, &sweep, err);
	return r ?: delete_all(&sweep, err);
}

int bridge_gc(const struct cni_request *req, struct cni_result *result,
	      struct err *err)
{
	auto_attachments struct cni_attachments valid = { .count = 0 };
	auto_bridge_conf struct bridge_conf conf = { .ip_masq = false };
	auto_nft struct nft nft = NFT_CLOSED;
	int r;

	(void)result;
	r = cni_attachments_read(&req->conf, &valid, err);
	if (r < 0)
		return r;
	bridge_conf_read_some(req, &conf);
	if (valid.present) {
		r = rules_gc(&nft, req->name, &valid, err);
		r = first_of(sweep_links(req->name, &valid, err), r);
	}
	if (conf.ipam_type)
		r = first_of(cni_delegate(req, CNI_GC, conf.ipam_type, err), r);
	return r;
}
