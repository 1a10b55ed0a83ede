/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which subnets are in use, and one that is not. */
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/random.h>

#include "common/net/net.h"
#include "runtime-glue/tool/network.h"

void network_taken_free(struct network_taken *taken)
{
	for (size_t i = 0; i < taken->count; i++)
		free(taken->at[i].by);
	free(taken->at);
	*taken = (struct network_taken){ .count = 0 };
}

int network_taken_add(struct network_taken *taken, const struct cidr *cidr,
		      const char *by, struct err *err)
{
	struct network_range *grown =
		reallocarray(taken->at, taken->count + 1, sizeof(*grown));
	char *copy = strdup(by);

	if (grown)
		taken->at = grown;
	if (!grown || !copy) {
		free(copy);
		return err_nomem(err);
	}
	taken->at[taken->count++] =
		(struct network_range){ .cidr = *cidr, .by = copy };
	return 0;
}

const char *network_taken_by(const struct network_taken *taken,
			     const struct cidr *cidr)
{
	for (size_t i = 0; i < taken->count; i++) {
		const struct cidr *other = &taken->at[i].cidr;

		if (cidr_contains(other, &cidr->ip) ||
		    cidr_contains(cidr, &other->ip))
			return taken->at[i].by;
	}
	return NULL;
}

struct route_reader {
	struct network_taken *out;
	struct err *err;
};

/* A default route is no reason: it leads to what is nowhere else. */
static int take_route(struct nlmsghdr *hdr, void *ctx)
{
	struct route_reader *to = ctx;
	const struct rtmsg *info;
	struct cidr dst = { .len = 0 };
	struct nlattr *attr;
	char text[CIDR_TEXT], by[CIDR_TEXT + 32];
	int size;

	if (!hdr) {
		network_taken_free(to->out);
		return 0;
	}
	if (hdr->nlmsg_type != RTM_NEWROUTE ||
	    !nlmsg_valid_hdr(hdr, sizeof(*info)))
		return -EBADMSG;
	info = nlmsg_data(hdr);
	if ((info->rtm_family != AF_INET && info->rtm_family != AF_INET6) ||
	    info->rtm_dst_len == 0)
		return 0;
	size = info->rtm_family == AF_INET ? 4 : 16;
	attr = nlmsg_find_attr(hdr, sizeof(*info), RTA_DST);
	if (!attr || nla_len(attr) != size)
		return 0;
	dst.ip.family = size == 4 ? IP_V4 : IP_V6;
	dst.len = info->rtm_dst_len;
	memcpy(dst.ip.bytes, nla_data(attr), (size_t)size);
	(void)snprintf(by, sizeof(by), "this host's route to %s",
		       cidr_format(&dst, text));
	return network_taken_add(to->out, &dst, by, to->err);
}

static int find_routes(struct network_taken *out, struct err *err)
{
	auto_net struct net net = NET_CLOSED;
	struct rtmsg head = { .rtm_family = AF_UNSPEC };
	struct route_reader to = { .out = out, .err = err };
	auto_msg struct nl_msg *msg =
		net_msg(RTM_GETROUTE, 0, &head, sizeof(head));
	int r = net_open(&net, -1, err);

	if (r < 0)
		return r;
	if (!msg)
		return err_nomem(err);
	return net_dump(&net, msg, take_route, &to, err,
			"list this host's routes");
}

static int add_list(struct network_taken *out, const struct netlist *list,
		    struct err *err)
{
	struct network_subnet at[NETWORK_SUBNETS * 4];
	size_t n = network_subnets(list, at, sizeof(at) / sizeof(*at));
	char by[300];
	int r = 0;

	(void)snprintf(by, sizeof(by), "network \"%.256s\"", list->name);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = network_taken_add(out, &at[i].cidr, by, err);
	return r;
}

/* Networks come first: they are the better reason to tell. */
int network_taken_find(const char *conf_dir, struct network_taken *out,
		       struct err *err)
{
	struct network_taken routes = { .count = 0 };
	struct netlist *lists = NULL;
	size_t count = 0;
	int r = netlist_all(conf_dir, &lists, &count, err);

	if (r == -ENOENT) {
		err_clear(err);
		r = 0;
	}
	for (size_t i = 0; r == 0 && i < count; i++)
		r = add_list(out, &lists[i], err);
	netlists_free(lists, count);
	r = r ?: find_routes(&routes, err);
	for (size_t i = 0; r == 0 && i < routes.count; i++)
		r = network_taken_add(out, &routes.at[i].cidr, routes.at[i].by,
				      err);
	network_taken_free(&routes);
	return r;
}

static int choose_v4(const struct network_taken *taken, struct cidr *out,
		     struct err *err)
{
	static const struct {
		const char *first;
		unsigned int count; /* of /24 */
	} pools[] = {
		{ "10.90.0.0", 166 * 256 },
		{ "172.20.0.0", 12 * 256 },
		{ "192.168.0.0", 256 },
	};
	struct ip first;

	for (size_t i = 0; i < sizeof(pools) / sizeof(*pools); i++) {
		if (ip_parse(pools[i].first, &first) < 0)
			continue;
		for (unsigned int n = 0; n < pools[i].count; n++) {
			out->ip = ip_from_num(IP_V4, ip_to_num(&first) +
							     ((ip_num)n << 8));
			out->len = 24;
			if (!network_taken_by(taken, out))
				return 0;
		}
	}
	(void)err_set(err, CNI_E_CONFIG, "no private IPv4 subnet is free");
	return err_hint(err, "choose one yourself: network create --subnet");
}

static int choose_v6(const struct network_taken *taken, struct cidr *out,
		     struct err *err)
{
	*out = (struct cidr){ .ip = { .family = IP_V6 }, .len = 64 };
	for (int i = 0; i < 64; i++) {
		out->ip.bytes[0] = 0xfd;
		if (getrandom(out->ip.bytes + 1, 5, 0) != 5)
			return err_sys(err, errno, "getrandom");
		if (!network_taken_by(taken, out))
			return 0;
	}
	(void)err_set(err, CNI_E_CONFIG, "no unique local IPv6 subnet is free");
	return err_hint(err, "choose one yourself: network create --subnet");
}

int network_choose(const struct network_taken *taken, enum ip_family family,
		   struct cidr *out, struct err *err)
{
	*out = (struct cidr){ .len = 0 };
	return family == IP_V4 ? choose_v4(taken, out, err)
			       : choose_v6(taken, out, err);
}
