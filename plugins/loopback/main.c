/* SPDX-License-Identifier: GPL-2.0-or-later */
/* loopback: bring "lo" up in the container, and report its addresses. */
#include <net/if.h>

#include "common/base/undo.h"
#include "common/cni/plugin.h"
#include "common/net/addr.h"
#include "common/net/link.h"
#include "common/net/netns.h"

static int enter(const struct cni_request *req, int ns, struct net *net,
		 struct err *err)
{
	int r = net_open(net, ns, err);

	return r < 0 ? err_in(err, "CNI_NETNS \"%s\"", req->netns) : 0;
}

static int open_container(const struct cni_request *req, struct net *net,
			  struct err *err)
{
	auto_fd int ns = -1;
	int r;

	r = netns_open(req->netns, &ns, err);
	return r ?: enter(req, ns, net, err);
}

static int undo_up(void *net, struct err *err)
{
	return link_set_up(net, "lo", false, err);
}

/* Only what this call changed is taken back: lo may have been up before. */
static int lo_up(struct net *net, struct link_info *lo, struct undo *undo,
		 struct err *err)
{
	int r;

	r = link_get(net, "lo", lo, err);
	if (r < 0 || lo->flags & IFF_UP)
		return r;
	r = link_set_up(net, "lo", true, err);
	if (r == 0)
		undo_push(undo, undo_up, net);
	return r;
}

static int check_addresses(const struct addr_list *addrs, struct err *err)
{
	char text[IP_TEXT];

	for (size_t i = 0; i < addrs->count; i++)
		if (!ip_loopback(&addrs->at[i].ip))
			return err_set(err, CNI_E_CHECK,
				       "loopback interface found with "
				       "non-loopback address \"%s\"",
				       ip_format(&addrs->at[i].ip, text));
	return 0;
}

static int report(const struct cni_request *req, const struct addr_list *addrs,
		  struct cni_result *out, struct err *err)
{
	struct cni_interface *lo = cni_result_add_interface(out);
	enum ip_family last = IP_NONE;
	struct cni_ip *ip;

	if (!lo)
		return err_nomem(err);
	lo->name = "lo";
	lo->mac = "00:00:00:00:00:00";
	lo->sandbox = req->netns;
	/* The first address of each family. */
	for (size_t i = 0; i < addrs->count; i++) {
		if (addrs->at[i].ip.family == last)
			continue;
		last = addrs->at[i].ip.family;
		ip = cni_result_add_ip(out);
		if (!ip)
			return err_nomem(err);
		ip->address = addrs->at[i];
		ip->has_interface = true;
	}
	return 0;
}

static int loopback_add(const struct cni_request *req, struct cni_result *out,
			struct err *err)
{
	auto_net struct net net = NET_CLOSED;
	auto_addr_list struct addr_list addrs = { .count = 0 };
	auto_undo struct undo undo = { .count = 0 };
	struct link_info lo;
	bool chained;
	int r;

	r = cni_prev_result(req, out, &chained, err);
	r = r ?: open_container(req, &net, err);
	r = r ?: lo_up(&net, &lo, &undo, err);
	r = r ?: addr_list(&net, lo.index, &addrs, err);
	r = r ?: check_addresses(&addrs, err);
	if (r == 0 && !chained)
		r = report(req, &addrs, out, err);
	if (r == 0)
		undo_commit(&undo);
	return r;
}

static int loopback_del(const struct cni_request *req, struct cni_result *out,
			struct err *err)
{
	auto_net struct net net = NET_CLOSED;
	auto_fd int ns = -1;
	int r;

	(void)out;
	r = netns_open_or_none(req->netns, &ns, err);
	if (r < 0 || ns < 0)
		return r;
	r = enter(req, ns, &net, err);
	return r ?: link_set_up(&net, "lo", false, err);
}

static int loopback_check(const struct cni_request *req, struct cni_result *out,
			  struct err *err)
{
	auto_net struct net net = NET_CLOSED;
	struct link_info lo;
	int r;

	(void)out;
	r = open_container(req, &net, err);
	r = r ?: link_get(&net, "lo", &lo, err);
	if (r == 0 && !(lo.flags & IFF_UP))
		return err_set(err, CNI_E_CHECK, "loopback interface is down");
	return r;
}

int main(void)
{
	static const struct cni_plugin loopback = {
		.name = "loopback",
		.oldest = CNI_V0_1_0,
		.add = loopback_add,
		.del = loopback_del,
		.check = loopback_check,
	};

	return cni_plugin_main(&loopback);
}
