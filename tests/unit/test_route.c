/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wrap: send recvmsg */
#include "tests/unit/forged.h"

#include <arpa/inet.h>

#include "common/net/route.h"

FORGE_SEND
FORGE_RECVMSG

#define OIF 7

static void parse_route(struct route *out, const char *dst, const char *gw)
{
	*out = (struct route){ .oif = OIF };
	assert_int_equal(cidr_parse(dst, &out->dst), 0);
	if (gw)
		assert_int_equal(ip_parse(gw, &out->gw), 0);
}

/* ---- Building ---- */

/* What route_put() makes of @route, in script.sent. */
static struct nlmsghdr *built(const struct route *route)
{
	auto_net struct net net = NET_CLOSED;
	auto_net_batch struct net_batch batch = { .count = 0 };
	struct err err = { .code = CNI_OK };

	memset(&script, 0, sizeof(script));
	assert_int_equal(net_open(&net, -1, &err), 0);
	route_put(&batch, route, "eth0");
	put_verdict(next_answer(), 1, 0, NULL);
	assert_int_equal(net_batch_send(&net, &batch, &err), 0);
	return (void *)script.sent.bytes;
}

static void assert_u32(struct nlmsghdr *hdr, int type, uint32_t want)
{
	struct nlattr *attr = nlmsg_find_attr(hdr, sizeof(struct rtmsg), type);

	if (!want) {
		assert_null(attr);
		return;
	}
	assert_non_null(attr);
	assert_int_equal(nla_get_u32(attr), want);
}

static void test_build(void **state)
{
	struct nlattr *attr, *inner;
	const struct rtmsg *info;
	struct nlmsghdr *hdr;
	struct route route;

	(void)state;
	parse_route(&route, "10.0.0.0/8", "10.1.0.1");
	route.priority = 50;
	route.mtu = 1400;
	route.advmss = 1360;
	hdr = built(&route);
	info = nlmsg_data(hdr);
	assert_int_equal(hdr->nlmsg_type, RTM_NEWROUTE);
	assert_int_equal(hdr->nlmsg_flags & (NLM_F_CREATE | NLM_F_EXCL |
					     NLM_F_REPLACE | NLM_F_APPEND),
			 NLM_F_CREATE);
	assert_int_equal(info->rtm_family, AF_INET);
	assert_int_equal(info->rtm_dst_len, 8);
	assert_int_equal(info->rtm_table, RT_TABLE_MAIN);
	assert_int_equal(info->rtm_scope, RT_SCOPE_UNIVERSE);
	assert_int_equal(info->rtm_type, RTN_UNICAST);
	assert_u32(hdr, RTA_OIF, OIF);
	assert_u32(hdr, RTA_PRIORITY, 50);
	assert_u32(hdr, RTA_TABLE, 0);
	assert_u32(hdr, RTA_DST, htonl(0x0a000000));
	assert_u32(hdr, RTA_GATEWAY, htonl(0x0a010001));
	attr = nlmsg_find_attr(hdr, sizeof(*info), RTA_METRICS);
	assert_non_null(attr);
	inner = nla_find(nla_data(attr), nla_len(attr), RTAX_MTU);
	assert_int_equal(nla_get_u32(inner), 1400);
	inner = nla_find(nla_data(attr), nla_len(attr), RTAX_ADVMSS);
	assert_int_equal(nla_get_u32(inner), 1360);
}

static void test_build_default(void **state)
{
	const struct rtmsg *info;
	struct nlmsghdr *hdr;
	struct route route;

	(void)state;
	parse_route(&route, "::/0", NULL);
	route.scope = RT_SCOPE_LINK;
	hdr = built(&route);
	info = nlmsg_data(hdr);
	assert_int_equal(info->rtm_family, AF_INET6);
	assert_int_equal(info->rtm_scope, RT_SCOPE_LINK);
	assert_null(nlmsg_find_attr(hdr, sizeof(*info), RTA_DST));
	assert_null(nlmsg_find_attr(hdr, sizeof(*info), RTA_GATEWAY));
	assert_null(nlmsg_find_attr(hdr, sizeof(*info), RTA_METRICS));
	assert_null(nlmsg_find_attr(hdr, sizeof(*info), RTA_PRIORITY));
}

static void test_build_tables(void **state)
{
	static const struct {
		uint32_t table, attr;
		uint8_t head;
	} cases[] = {
		{ 0, 0, RT_TABLE_MAIN },
		{ 1, 0, 1 },
		{ 255, 0, 255 },
		{ 256, 256, RT_TABLE_UNSPEC },
		{ 0x7fffffff, 0x7fffffff, RT_TABLE_UNSPEC },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct rtmsg *info;
		struct nlmsghdr *hdr;
		struct route route;

		parse_route(&route, "10.0.0.0/8", NULL);
		route.table = cases[i].table;
		hdr = built(&route);
		info = nlmsg_data(hdr);
		assert_int_equal(info->rtm_table, cases[i].head);
		assert_u32(hdr, RTA_TABLE, cases[i].attr);
	}
}

static void test_text(void **state)
{
	struct route route;
	char text[ROUTE_TEXT];

	(void)state;
	parse_route(&route, "10.0.0.0/8", NULL);
	assert_string_equal(route_text(&route, text), "10.0.0.0/8");
	route.table = RT_TABLE_MAIN;
	assert_string_equal(route_text(&route, text), "10.0.0.0/8");
	parse_route(&route, "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff/128",
		    "2001:db8:aaaa:bbbb:cccc:dddd:eeee:fffe");
	route.table = UINT32_MAX;
	route.priority = UINT32_MAX;
	assert_string_equal(
		route_text(&route, text),
		"2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff/128 via "
		"2001:db8:aaaa:bbbb:cccc:dddd:eeee:fffe table 4294967295 "
		"metric 4294967295");
}

/* ---- Reading ---- */

static struct nlmsghdr *put_route(struct packet *p, const char *dst,
				  uint8_t table, uint8_t type)
{
	struct rtmsg head = { .rtm_table = table, .rtm_type = type };
	struct nlmsghdr *hdr;
	struct cidr cidr;

	assert_int_equal(cidr_parse(dst, &cidr), 0);
	head.rtm_family = cidr.ip.family == IP_V4 ? AF_INET : AF_INET6;
	head.rtm_dst_len = (uint8_t)cidr.len;
	hdr = put_msg(p, RTM_NEWROUTE, &head, sizeof(head));
	hdr->nlmsg_flags = NLM_F_MULTI;
	if (cidr.len)
		(void)put_attr(p, hdr, RTA_DST, cidr.ip.bytes,
			       ip_bits(cidr.ip.family) / 8);
	return hdr;
}

static void put_ip(struct packet *p, struct nlmsghdr *hdr, int type,
		   const char *text)
{
	struct ip ip;

	assert_int_equal(ip_parse(text, &ip), 0);
	(void)put_attr(p, hdr, type, ip.bytes, ip_bits(ip.family) / 8);
}

static struct nlattr *put_hop(struct packet *p, struct nlmsghdr *hdr,
			      struct nlattr *hops, int oif, const char *gw)
{
	struct rtnexthop hop = { .rtnh_ifindex = oif };
	size_t at = p->len;

	memcpy(p->bytes + p->len, &hop, sizeof(hop));
	p->len += sizeof(hop);
	if (gw)
		put_ip(p, hdr, RTA_GATEWAY, gw);
	hop.rtnh_len = (uint16_t)(p->len - at);
	memcpy(p->bytes + at, &hop, sizeof(hop));
	nest_end(p, hops);
	hdr->nlmsg_len =
		(uint32_t)(p->len - (size_t)((unsigned char *)hdr - p->bytes));
	return hops;
}

static int list(enum ip_family family, struct route_list *out, struct err *err)
{
	auto_net struct net net = NET_CLOSED;

	assert_int_equal(net_open(&net, -1, err), 0);
	return route_list(&net, family, OIF, out, err);
}

static void assert_route(const struct route *got, const char *want)
{
	char text[ROUTE_TEXT];

	assert_string_equal(route_text(got, text), want);
}

static void put_plain(struct packet *p)
{
	struct nlmsghdr *hdr =
		put_route(p, "10.0.0.0/8", RT_TABLE_MAIN, RTN_UNICAST);
	struct nlattr *metrics;

	put_u32(p, hdr, RTA_OIF, OIF);
	put_ip(p, hdr, RTA_GATEWAY, "10.1.0.1");
	put_u32(p, hdr, RTA_PRIORITY, 9);
	metrics = nest(p, hdr, RTA_METRICS);
	put_u32(p, hdr, RTAX_ADVMSS, 1000);
	put_u32(p, hdr, RTAX_MTU, 1400);
	put_u8(p, hdr, RTAX_MTU, 1); /* too short: not there */
	nest_end(p, metrics);
}

static void test_read(void **state)
{
	auto_route_list struct route_list routes = { .count = 0 };
	struct err err = { .code = CNI_OK };
	struct nlmsghdr *hdr;
	struct packet *p;

	(void)state;
	memset(&script, 0, sizeof(script));
	p = next_answer();
	put_plain(p);
	/* In a table that its byte cannot hold. */
	hdr = put_route(p, "0.0.0.0/0", RT_TABLE_COMPAT, RTN_UNICAST);
	put_u32(p, hdr, RTA_TABLE, 1000);
	put_u32(p, hdr, RTA_OIF, OIF);
	/* Not asked for: another link, kind, or the table "local". */
	hdr = put_route(p, "10.2.0.0/16", RT_TABLE_MAIN, RTN_UNICAST);
	put_u32(p, hdr, RTA_OIF, OIF + 1);
	hdr = put_route(p, "10.3.0.0/16", RT_TABLE_MAIN, RTN_BROADCAST);
	put_u32(p, hdr, RTA_OIF, OIF);
	hdr = put_route(p, "10.4.0.0/16", RT_TABLE_LOCAL, RTN_UNICAST);
	put_u32(p, hdr, RTA_OIF, OIF);
	put_done(p);

	assert_int_equal(list(IP_V4, &routes, &err), 0);
	assert_int_equal(routes.count, 2);
	assert_route(&routes.at[0], "10.0.0.0/8 via 10.1.0.1 metric 9");
	assert_int_equal(routes.at[0].mtu, 1400);
	assert_int_equal(routes.at[0].advmss, 1000);
	assert_route(&routes.at[1], "0.0.0.0/0 table 1000");
}

static void test_read_multipath(void **state)
{
	auto_route_list struct route_list routes = { .count = 0 };
	struct err err = { .code = CNI_OK };
	struct nlmsghdr *hdr;
	struct nlattr *hops;
	struct packet *p;

	(void)state;
	memset(&script, 0, sizeof(script));
	p = next_answer();
	hdr = put_route(p, "::/0", RT_TABLE_MAIN, RTN_UNICAST);
	put_u32(p, hdr, RTA_PRIORITY, 1024);
	hops = nest(p, hdr, RTA_MULTIPATH);
	(void)put_hop(p, hdr, hops, OIF, "fd00::1");
	(void)put_hop(p, hdr, hops, OIF + 1, "fd00::2");
	(void)put_hop(p, hdr, hops, OIF, "fd00::3");
	(void)put_hop(p, hdr, hops, OIF, NULL);
	put_done(p);

	assert_int_equal(list(IP_V6, &routes, &err), 0);
	assert_int_equal(routes.count, 3);
	assert_route(&routes.at[0], "::/0 via fd00::1 metric 1024");
	assert_route(&routes.at[1], "::/0 via fd00::3 metric 1024");
	assert_route(&routes.at[2], "::/0 metric 1024");
}

/* A next hop that lies about its length ends the list of them. */
static void test_read_bad_hops(void **state)
{
	static const uint16_t lens[] = { 0, 7, 17, 4000, 65535 };

	(void)state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		auto_route_list struct route_list routes = { .count = 0 };
		struct err err = { .code = CNI_OK };
		struct rtnexthop *hop;
		struct nlmsghdr *hdr;
		struct nlattr *hops;
		struct packet *p;

		memset(&script, 0, sizeof(script));
		p = next_answer();
		hdr = put_route(p, "0.0.0.0/0", RT_TABLE_MAIN, RTN_UNICAST);
		hops = nest(p, hdr, RTA_MULTIPATH);
		(void)put_hop(p, hdr, hops, OIF, "10.0.0.1");
		hop = (void *)(p->bytes + p->len);
		(void)put_hop(p, hdr, hops, OIF, "10.0.0.2");
		hop->rtnh_len = lens[i];
		put_done(p);
		assert_int_equal(list(IP_V4, &routes, &err), 0);
		assert_int_equal(routes.count, 1);
		assert_route(&routes.at[0], "0.0.0.0/0 via 10.0.0.1");
	}
}

static void test_read_malformed(void **state)
{
	auto_route_list struct route_list routes = { .count = 0 };
	struct err err = { .code = CNI_OK };
	struct nlmsghdr *hdr;
	struct packet *p;

	(void)state;
	/* Addresses of a wrong size, numbers that are too short: absent. */
	memset(&script, 0, sizeof(script));
	p = next_answer();
	hdr = put_route(p, "0.0.0.0/0", RT_TABLE_MAIN, RTN_UNICAST);
	put_u32(p, hdr, RTA_OIF, OIF);
	put_ip(p, hdr, RTA_GATEWAY, "fd00::1");
	put_u16(p, hdr, RTA_PRIORITY, 5);
	(void)put_attr(p, hdr, RTA_METRICS, "abc", 3);
	put_done(p);
	assert_int_equal(list(IP_V4, &routes, &err), 0);
	assert_int_equal(routes.count, 1);
	assert_route(&routes.at[0], "0.0.0.0/0");
	route_list_free(&routes);

	/* A message without a header, one of another type. */
	for (int i = 0; i < 2; i++) {
		memset(&script, 0, sizeof(script));
		p = next_answer();
		put_plain(p);
		if (i)
			put_msg(p, RTM_NEWROUTE, "abcd", 4);
		else
			put_plain(p);
		if (!i)
			((struct nlmsghdr *)(void *)p->bytes)->nlmsg_type =
				RTM_NEWLINK;
		put_done(p);
		assert_int_equal(list(IP_V4, &routes, &err), -EBADMSG);
		assert_int_equal(routes.count, 0);
		assert_null(routes.at);
		err_clear(&err);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_build_default),
		cmocka_unit_test(test_build_tables),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_multipath),
		cmocka_unit_test(test_read_bad_hops),
		cmocka_unit_test(test_read_malformed),
	};

	return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
