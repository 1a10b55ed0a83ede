/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/nft/local.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

void local_close(struct local *local)
{
	mnl_close(&local->mnl);
}

static int take_type(const struct nlmsghdr *hdr, void *type)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(hdr);

	if (hdr->nlmsg_type == RTM_NEWROUTE &&
	    mnl_nlmsg_get_payload_len(hdr) >= sizeof(*route))
		*(int *)type = route->rtm_type;
	return MNL_CB_OK;
}

/* What the kernel says where there is no route, or one that refuses. */
static bool no_route(int r)
{
	return r == -ENETUNREACH || r == -EHOSTUNREACH || r == -EACCES ||
	       r == -EINVAL;
}

static int ask_kernel(struct local *local, const struct ip *ip, bool *out,
		      struct err *err)
{
	char buf[128] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *hdr = mnl_nlmsg_put_header(buf);
	const unsigned int bits = ip_bits(ip->family);
	struct rtmsg *route;
	int type = RTN_UNSPEC;
	int r = mnl_open(&local->mnl, NETLINK_ROUTE, err);

	if (r < 0)
		return r;
	hdr->nlmsg_type = RTM_GETROUTE;
	hdr->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	route = mnl_nlmsg_put_extra_header(hdr, sizeof(*route));
	route->rtm_family = ip->family == IP_V4 ? AF_INET : AF_INET6;
	route->rtm_dst_len = (unsigned char)bits;
	mnl_attr_put(hdr, RTA_DST, bits / 8, ip->bytes);
	r = mnl_ask(&local->mnl, hdr, take_type, &type);
	*out = r == 0 && type == RTN_LOCAL;
	if (r == 0 || no_route(r))
		return 0;
	return err_sys(err, -r, "look up route to %s",
		       ip_format(ip, (char[IP_TEXT]){ "" }));
}

int local_ask(struct local *local, const struct ip *ip, bool *out,
	      struct err *err)
{
	int r;

	for (size_t i = 0; i < LOCAL_KNOWN; i++) {
		*out = local->known[i].local;
		if (ip_equal(&local->known[i].ip, ip))
			return 0;
	}
	r = ask_kernel(local, ip, out, err);
	if (r < 0)
		return r;
	local->known[local->next].ip = *ip;
	local->known[local->next].local = *out;
	local->next = (local->next + 1) % LOCAL_KNOWN;
	return 0;
}
