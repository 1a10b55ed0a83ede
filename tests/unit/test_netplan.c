/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "runtime-glue/tool/netplan_parts.h"
#include "runtime-glue/tool/network.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* IP host-end container-end protocol; or what the message has in it. */
static const struct {
	const char *text, *want;
} ports[] = {
	{ "80", " 0-0 80-80 0" },
	{ "8080:80", " 8080-8080 80-80 0" },
	{ "8080:80/UDP", " 8080-8080 80-80 1" },
	{ ":80", " 0-0 80-80 0" },
	{ "0:80/sctp", " 0-0 80-80 2" },
	{ "192.0.2.1:8080:80", "192.0.2.1 8080-8080 80-80 0" },
	{ "192.0.2.1::80", "192.0.2.1 0-0 80-80 0" },
	{ "[::1]:8080:80", "::1 8080-8080 80-80 0" },
	{ "[::1]::80", "::1 0-0 80-80 0" },
	{ "8000-8002:80-82", " 8000-8002 80-82 0" },
	{ "8000-8010:80", " 8000-8010 80-80 0" },
	{ "80-82", " 0-0 80-82 0" },
	{ "", "container's port" },
	{ "0", "container's port" },
	{ "65536", "container's port" },
	{ "-1:80", "host's port" },
	{ "82-80", "container's port" },
	{ "80/icmp", "protocol" },
	{ "8080:80x", "container's port" },
	{ "1-2:80-82", "same length" },
	{ "::1:8080:80", "in brackets" },
	{ "[::1:8080:80", "bracket" },
	{ "300.0.0.1:1:2", "not an IP address" },
	{ "0-9:80-89", "host's port" },
};

static void test_ports(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ports); i++) {
		struct err err = { .code = CNI_OK };
		struct port_spec_text out;
		char got[128], ip[IP_TEXT];
		int r = netplan_port_parse(ports[i].text, &out, &err);

		if (r < 0) {
			if (!strstr(err.msg, ports[i].want))
				fail_msg("%s: %s", ports[i].text, err.msg);
			continue;
		}
		(void)snprintf(got, sizeof(got), "%s %u-%u %u-%u %d",
			       ip_format(&out.host_ip, ip), out.host,
			       out.host_end, out.container, out.container_end,
			       (int)out.protocol);
		assert_string_equal(got, ports[i].want);
	}
}

static void resolv(const char *host, const struct net_options *options,
		   const char *want, bool want_fallback)
{
	auto_strbuf struct strbuf out = { .len = 0 };
	struct err err = { .code = CNI_OK };
	bool fallback = false;

	assert_int_equal(netplan_resolv(host, options, &out, &fallback, &err),
			 0);
	assert_string_equal(strbuf_str(&out), want);
	assert_int_equal(fallback, want_fallback);
}

static void test_resolv(void **state)
{
	const char *servers[] = { "192.0.2.9" }, *none[] = { "." };
	const struct net_options plain = { .publish_all = false };
	const struct net_options own = { .dns = { 1, servers },
					 .dns_search = { 1, none } };

	(void)state;
	resolv("# c\nnameserver 127.0.0.53\nnameserver 192.0.2.1\n"
	       "nameserver ::1\nnameserver fe80::1%eth0\nsearch a b\n"
	       "options edns0",
	       &plain, "nameserver 192.0.2.1\nsearch a b\noptions edns0\n",
	       false);
	resolv("nameserver 127.0.0.1\n", &plain,
	       "nameserver 8.8.8.8\nnameserver 8.8.4.4\n", true);
	resolv("nameserver 192.0.2.1\nsearch a\n", &own,
	       "nameserver 192.0.2.9\nsearch .\n", false);
}

static void test_choose(void **state)
{
	auto_network_taken struct network_taken taken = { .count = 0 };
	struct err err = { .code = CNI_OK };
	struct cidr cidr;
	char text[CIDR_TEXT];

	(void)state;
	assert_int_equal(cidr_parse("10.90.0.0/23", &cidr), 0);
	assert_int_equal(network_taken_add(&taken, &cidr, "a route", &err), 0);
	assert_int_equal(network_choose(&taken, IP_V4, &cidr, &err), 0);
	assert_string_equal(cidr_format(&cidr, text), "10.90.2.0/24");
	assert_int_equal(network_choose(&taken, IP_V6, &cidr, &err), 0);
	assert_int_equal(cidr.len, 64);
	assert_int_equal(cidr.ip.bytes[0], 0xfd);
	assert_int_equal(cidr_parse("0.0.0.0/1", &cidr), 0);
	assert_string_equal(network_taken_by(&taken, &cidr), "a route");
	assert_int_equal(network_taken_add(&taken, &cidr, "all", &err), 0);
	assert_int_equal(cidr_parse("128.0.0.0/1", &cidr), 0);
	assert_int_equal(network_taken_add(&taken, &cidr, "all", &err), 0);
	assert_true(network_choose(&taken, IP_V4, &cidr, &err) < 0);
	assert_string_equal(err.msg, "no private IPv4 subnet is free");
}

/* What is written is read back as it was meant. */
static void test_text(void **state)
{
	struct network_spec spec = { .name = "web",
				     .bridge = "web",
				     .count = 1,
				     .mtu = 1400,
				     .internal = true };
	auto_strbuf struct strbuf out = { .len = 0 };
	auto_netlist struct netlist list = NETLIST_NONE;
	struct network_subnet subnet;
	struct err err = { .code = CNI_OK };
	char text[CIDR_TEXT];

	(void)state;
	assert_int_equal(cidr_parse("10.1.0.0/24", &spec.subnets[0]), 0);
	assert_int_equal(ip_parse("10.1.0.9", &spec.gateways[0]), 0);
	assert_int_equal(network_text(&spec, &out, &err), 0);
	assert_int_equal(
		netlist_parse(out.data, out.len, "text", NULL, &list, &err), 0);
	assert_string_equal(network_bridge(&list), "web");
	assert_int_equal(network_subnets(&list, &subnet, 1), 1);
	assert_string_equal(cidr_format(&subnet.cidr, text), "10.1.0.0/24");
	assert_string_equal(ip_format(&subnet.gateway, text), "10.1.0.9");
	assert_true(network_can(&list, "ips"));
	assert_true(network_can(&list, "portMappings"));
	assert_false(network_can(&list, "bandwidth"));
	assert_null(strstr(out.data, "ipMasq"));
	assert_null(strstr(out.data, "routes"));
	assert_non_null(strstr(out.data, "\"mtu\": 1400"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_resolv),
		cmocka_unit_test(test_choose),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
