/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/bridge/attachment.h"

#include <string.h>

#include "common/net/netns.h"

int attachment_open(struct attachment *at, const struct cni_request *req,
		    struct err *err)
{
	int r;

	at->req = req;
	at->owner = cni_owner_of(req);
	(void)cni_owner_text(&at->owner, at->alias);
	r = bridge_conf_read(req, &at->conf, err);
	r = r ?: netns_open(req->netns, &at->ns, err);
	r = r ?: net_open(&at->host, -1, err);
	if (r < 0)
		return r;
	r = net_open(&at->pod, at->ns, err);
	return r < 0 ? err_in(err, "CNI_NETNS \"%s\"", req->netns) : 0;
}

void attachment_close(struct attachment *at)
{
	cni_delegate_free(&at->ipam);
	net_close(&at->pod);
	net_close(&at->host);
	nft_close(&at->nft);
	auto_fd_release(&at->ns);
	auto_fd_release(&at->lock);
	addr_list_free(&at->had);
	bridge_conf_free(&at->conf);
}

int attachment_recall(struct attachment *at, const char *name,
		      const uint8_t mac[LINK_MAC], struct link_info *out,
		      struct err *err)
{
	static const uint8_t none[LINK_MAC];
	struct link_info link;
	bool found;
	int r;

	if (memcmp(mac, none, LINK_MAC) == 0)
		return 0;
	r = link_find(&at->host, name, &link, &found, err);
	if (r == 0 && found && memcmp(link.mac, mac, LINK_MAC) == 0)
		*out = link;
	return r;
}
