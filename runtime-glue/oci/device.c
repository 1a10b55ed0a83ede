/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/oci/device.h"

#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/net/addr.h"
#include "common/net/link.h"
#include "common/net/net.h"

static int send_over(struct net *host, const struct link_info *link, int ns,
		     const char *name, struct err *err)
{
	const struct ifinfomsg head = { .ifi_family = AF_UNSPEC,
					.ifi_index = link->index };
	auto_msg struct nl_msg *msg =
		net_msg(RTM_NEWLINK, 0, &head, sizeof(head));

	if (!msg || nla_put_u32(msg, IFLA_NET_NS_FD, (uint32_t)ns) < 0 ||
	    nla_put_string(msg, IFLA_IFNAME, name) < 0)
		return err_nomem(err);
	return net_request(host, msg, err,
			   "move link \"%s\" into the container as \"%s\"",
			   link->name, name);
}

static int is_link_local(const struct cidr *addr)
{
	return addr->ip.family == AF_INET6 && addr->ip.bytes[0] == 0xfe &&
	       (addr->ip.bytes[1] & 0xc0) == 0x80;
}

static int set_up(int ns, const char *name, const struct addr_list *addrs,
		  struct err *err)
{
	auto_net struct net pod = NET_CLOSED;
	struct link_info link;
	int r = net_open(&pod, ns, err);

	r = r ?: link_get(&pod, name, &link, err);
	for (size_t i = 0; r == 0 && i < addrs->count; i++)
		if (!is_link_local(&addrs->at[i]))
			r = addr_add(&pod, link.index, name, &addrs->at[i],
				     false, err);
	return r ?: link_set_up(&pod, name, true, err);
}

static int move(struct net *host, int ns, const struct spec_net_device *device,
		struct err *err)
{
	auto_addr_list struct addr_list addrs = { .count = 0 };
	const char *name = device->name ?: device->host_name;
	struct link_info link;
	int r = link_get(host, device->host_name, &link, err);

	r = r ?: addr_list(host, link.index, &addrs, err);
	r = r ?: send_over(host, &link, ns, name, err);
	r = r ?: set_up(ns, name, &addrs, err);
	return r < 0 ? err_in(err, "linux.netDevices.%s", device->host_name)
		     : 0;
}

int device_move(const struct spec *spec, pid_t pid, struct err *err)
{
	auto_net struct net host = NET_CLOSED;
	auto_fd int ns = -1;
	char path[64];
	int r;

	if (spec->linux_.net_device_count == 0)
		return 0;
	text_format(path, sizeof(path), "/proc/%d/ns/net", pid);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		return err_sys(err, errno, "open %s", path);
	r = net_open(&host, -1, err);
	for (size_t i = 0; r == 0 && i < spec->linux_.net_device_count; i++)
		r = move(&host, ns, &spec->linux_.net_devices[i], err);
	return r;
}
