/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the iptables backend of portmap writes for iptables-restore. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/portmap/rules_ipt.h"

#define CHAIN "CNI-DN-7be53730afe4dc6eb2178"

static void quoted(void **state)
{
	static const struct {
		const char *word, *want;
	} cases[] = {
		{ "-s", "-s" },
		{ "!", "!" },
		{ "10.0.0.0/8", "10.0.0.0/8" },
		{ "fd00::1", "fd00::1" },
		{ "", "\"\"" },
		{ "a b", "\"a b\"" },
		{ "a\"b", "\"a\\\"b\"" },
		{ "a\\b", "\"a\\\\b\"" },
		{ "x\" -j ACCEPT \"", "\"x\\\" -j ACCEPT \\\"\"" },
		{ "#", "\"#\"" },
		{ "$(x)`'", "\"$(x)`'\"" },
		{ "\xc3\xa4", "\"\xc3\xa4\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_strbuf struct strbuf out = { .data = NULL };

		ipt_put_quoted(&out, cases[i].word);
		assert_string_equal(strbuf_str(&out), cases[i].want);
	}
}

static void names(void **state)
{
	char chain[IPT_CHAIN], comment[IPT_COMMENT], id[256];

	(void)state;
	portmap_ipt_chain("CNI-DN-", "n1", "c1", chain);
	assert_string_equal(chain, CHAIN);
	portmap_ipt_comment("n1", "c1", comment);
	assert_string_equal(comment, "dnat name: \"n1\" id: \"c1\"");
	/* `dnat name: "n1" id: "` are 21; the longest that is whole: */
	memset(id, 'c', sizeof(id));
	id[255 - 22] = '\0';
	portmap_ipt_comment("n1", id, comment);
	assert_int_equal(strlen(comment), 255);
	assert_int_equal(comment[254], '"');
	id[255 - 22] = 'c';
	id[255 - 21] = '\0';
	portmap_ipt_comment("n1", id, comment);
	assert_int_equal(strlen(comment), 255);
	assert_string_equal(comment + 252, "c..");
}

/* One line for each rule of @list. */
static void lines(const struct ipt_list *list, const char *chain,
		  struct strbuf *out)
{
	for (size_t i = 0; i < list->count; i++) {
		ipt_put_rule(out, chain, &list->at[i], NULL);
		strbuf_putc(out, '\n');
	}
}

static const struct cidr pod4 = { .ip = { IP_V4, { 10, 1, 0, 2 } }, .len = 24 };
static const struct cidr pod6 = { .ip = { IP_V6, { 0xfd, [15] = 2 } },
				  .len = 64 };

static void expect(const struct portmap_conf *conf, enum ip_family family,
		   const char *want)
{
	const struct portmap_rules rules = { { "n1", "c1", "eth0" }, conf };
	auto_ipt_list struct ipt_list list = { .count = 0 };
	auto_strbuf struct strbuf out = { .data = NULL };
	struct err err = { .code = CNI_OK };

	assert_int_equal(portmap_ipt_want(&rules, family, &list, &err), 0);
	lines(&list, "X", &out);
	assert_string_equal(strbuf_str(&out), want);
}

#define MARK4 "-A X -m comment --comment cni:n1/c1/eth0\n"
#define MARK6                                                     \
	"-A X -m comment --comment cni:n1/c1/eth0 -d ::1/128 -j " \
	"RETURN\n"

static void chain_rules(void **state)
{
	struct portmap_mapping mappings[] = {
		{ 8080, 80, IPPROTO_TCP, { IP_NONE, { 0 } }, false },
		{ 53, 53, IPPROTO_UDP, { IP_V4, { 192, 0, 2, 1 } }, false },
		{ 54, 53, IPPROTO_SCTP, { IP_V6, { 0 } }, true },
	};
	struct portmap_conf conf = { .mapping_count = 3,
				     .mappings = mappings,
				     .pod4 = pod4,
				     .pod6 = pod6 };

	(void)state;
	expect(&conf, IP_V4,
	       MARK4 "-A X -p tcp --dport 8080 -j DNAT "
		     "--to-destination 10.1.0.2:80\n"
		     "-A X -p udp --dport 53 -d 192.0.2.1/32 -j DNAT "
		     "--to-destination 10.1.0.2:53\n");
	conf.snat = true;
	expect(&conf, IP_V6,
	       MARK6 "-A X -p tcp --dport 8080 -s fd00::/64 "
		     "-j CNI-HOSTPORT-SETMARK\n"
		     "-A X -p tcp --dport 8080 -j DNAT "
		     "--to-destination [fd00::2]:80\n"
		     "-A X -p sctp --dport 54 -s fd00::/64 "
		     "-j CNI-HOSTPORT-SETMARK\n"
		     "-A X -p sctp --dport 54 -j DNAT "
		     "--to-destination [fd00::2]:53\n");
	conf.mapping_count = 1;
	conf.external_set_mark_chain = "KUBE-MARK-MASQ";
	expect(&conf, IP_V4,
	       MARK4
	       "-A X -p tcp --dport 8080 -s 10.1.0.0/24 -j KUBE-MARK-MASQ\n"
	       "-A X -p tcp --dport 8080 -s 127.0.0.1/32 -j KUBE-MARK-MASQ\n"
	       "-A X -p tcp --dport 8080 -j DNAT "
	       "--to-destination 10.1.0.2:80\n");
	conf.external_set_mark_chain = NULL;
	conf.masq_all = true;
	expect(&conf, IP_V4,
	       MARK4 "-A X -p tcp --dport 8080 -j CNI-HOSTPORT-SETMARK\n"
		     "-A X -p tcp --dport 8080 -j DNAT "
		     "--to-destination 10.1.0.2:80\n");
}

/* 16 TCP ports are two entries; protocols are in the order of their names. */
static void entries(void **state)
{
	struct portmap_mapping mappings[18];
	const struct portmap_conf conf = { .mapping_count = 18,
					   .mappings = mappings,
					   .pod4 = pod4 };
	const struct portmap_rules rules = { { "n1", "c1", "eth0" }, &conf };
	auto_ipt_list struct ipt_list list = { .count = 0 };
	auto_strbuf struct strbuf out = { .data = NULL };
	struct err err = { .code = CNI_OK };

	(void)state;
	for (uint16_t i = 0; i < 18; i++)
		mappings[i] = (struct portmap_mapping){
			.host_port = i + 1U,
			.container_port = 80,
			.protocol = i == 0   ? IPPROTO_UDP
				    : i == 1 ? IPPROTO_SCTP
					     : IPPROTO_TCP,
		};
	assert_int_equal(portmap_ipt_want_entries(&rules, IP_V4, &list, &err),
			 0);
	lines(&list, PORTMAP_DNAT, &out);
#define ENTRY                                                     \
	"-A CNI-HOSTPORT-DNAT -m comment --comment \"dnat name: " \
	"\\\"n1\\\" id: \\\"c1\\\"\" -m multiport -p "
	assert_string_equal(strbuf_str(&out), ENTRY
			    "sctp --destination-ports 2 -j " CHAIN "\n" ENTRY
			    "tcp --destination-ports "
			    "3,4,5,6,7,8,9,10,11,12,13,14,15,16,17 -j " CHAIN
			    "\n" ENTRY "tcp --destination-ports 18 -j " CHAIN
			    "\n" ENTRY "udp --destination-ports 1 -j " CHAIN
			    "\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quoted),
		cmocka_unit_test(names),
		cmocka_unit_test(chain_rules),
		cmocka_unit_test(entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
