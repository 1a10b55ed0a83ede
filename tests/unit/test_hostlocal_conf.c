/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host-local's configuration: what is read, and what is said of bad ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "plugins/host-local-ipam/conf.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define A            "{'subnet':'10.0.0.0/24'}"
#define B            "{'subnet':'10.0.1.0/24'}"
#define SIX          "{'subnet':'fd00::/64'}"
#define OLD          "'ipam':{'subnet':'10.9.0.0/24'}"

/* A request with the configuration @text, in which ' stands for ". */
static struct cni_request make_request(const char *text, const char *args)
{
	struct cni_request req = {
		.verb = CNI_ADD,
		.args = args,
		.version_text = "1.0.0",
		.version = CNI_V1_0_0,
	};
	struct err err = { .code = CNI_OK };
	char *json = strdup(text);

	assert_non_null(json);
	for (char *c = json; *c; c++)
		if (*c == '\'')
			*c = '"';
	assert_int_equal(json_parse(json, strlen(json), "test", &req.doc, &err),
			 0);
	free(json);
	req.conf = cfg_root(req.doc);
	return req;
}

/* Everything but the ranges' gateways, in one line. */
static void show(const struct hostlocal_conf *conf, struct strbuf *out)
{
	char text[CIDR_TEXT];

	for (size_t i = 0; i < conf->set_count; i++) {
		strbuf_puts(out, i > 0 ? " | " : "");
		range_set_format(&conf->sets[i], out);
	}
	for (size_t i = 0; i < conf->route_count; i++)
		strbuf_printf(out, " to %s",
			      cidr_format(&conf->routes[i].dst, text));
	for (size_t i = 0; i < conf->request_count; i++)
		strbuf_printf(out, " want %s",
			      ip_format(&conf->requests[i], text));
}

static const struct {
	const char *conf, *args;
	const char *want;
} good_cases[] = {
	{ "{" OLD "}", "", "10.9.0.1-10.9.0.254" },
	{ "{'IPAM':{'SubNet':'10.9.0.0/24','RANGESTART':'10.9.0.7'}}", "",
	  "10.9.0.7-10.9.0.254" },
	{ "{'ipam':{'ranges':[[" A "," B "],[" SIX "]]}}", "",
	  "10.0.0.1-10.0.0.254,10.0.1.1-10.0.1.254 | "
	  "fd00::1-fd00::ffff:ffff:ffff:ffff" },
	/* The order of the three sources. */
	{ "{'ipam':{'ranges':[[" A "]],'subnet':'10.9.0.0/24'},"
	  "'runtimeConfig':{'ipRanges':[[" B "]]}}",
	  "",
	  "10.0.1.1-10.0.1.254 | 10.9.0.1-10.9.0.254 | 10.0.0.1-10.0.0.254" },
	{ "{'ipam':{},'runtimeConfig':{'ipRanges':[[" B "]]}}", "",
	  "10.0.1.1-10.0.1.254" },
	/* Without a subnet there is no old form. */
	{ "{'ipam':{'gateway':'10.0.0.7','ranges':[[" A "]]}}", "",
	  "10.0.0.1-10.0.0.254" },
	{ "{" OLD ",'runtimeConfig':null,'args':{'cni':null}}", "",
	  "10.9.0.1-10.9.0.254" },
	{ "{" OLD ",'args':{'labels':7,'cni':{'ips':null}}}", "",
	  "10.9.0.1-10.9.0.254" },
	{ "{'ipam':{'subnet':'10.9.0.0/24','routes':[{'dst':'10.1.1.1/8'},"
	  "{'dst':'::/0','gw':'fd00::1'}]}}",
	  "", "10.9.0.1-10.9.0.254 to 10.1.1.1/8 to ::/0" },
	/* Requested addresses: all sources, each address once. */
	{ "{" OLD ",'args':{'cni':{'ips':['10.9.0.8/24','fd00::8']}},"
	  "'runtimeConfig':{'ips':['10.9.0.9','::ffff:10.9.0.8','10.9.0.7']}}",
	  "IP=10.9.0.9/8",
	  "10.9.0.1-10.9.0.254 want 10.9.0.9 want 10.9.0.8 want fd00::8 want "
	  "10.9.0.7" },
	{ "{" OLD "}", "IP=", "10.9.0.1-10.9.0.254" },
	{ "{" OLD "}", "K=V;IgnoreUnknown=1;IP=::ffff:10.9.0.4",
	  "10.9.0.1-10.9.0.254 want 10.9.0.4" },
};

static void good_configurations(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good_cases); i++) {
		auto_hostlocal_conf struct hostlocal_conf conf;
		auto_strbuf struct strbuf got = { .data = NULL };
		struct err err = { .code = CNI_OK };
		struct cni_request req =
			make_request(good_cases[i].conf, good_cases[i].args);

		assert_int_equal(hostlocal_conf_read(&req, &conf, &err), 0);
		show(&conf, &got);
		assert_string_equal(strbuf_str(&got), good_cases[i].want);
		json_object_put(req.doc);
	}
}

static const struct {
	const char *conf, *args;
	const char *want;
	enum cni_code code; /* 0: CNI_E_CONFIG */
} bad_cases[] = {
	{ "{}", "", "IPAM config missing 'ipam' key", 0 },
	{ "{'ipam':null}", "", "IPAM config missing 'ipam' key", 0 },
	{ "{'ipam':7}", "", "ipam: must be an object, not an integer", 0 },
	{ "{'ipam':{}}", "", "no IP ranges specified", 0 },
	{ "{'ipam':{'ranges':[]}}", "", "no IP ranges specified", 0 },
	{ "{'ipam':{'ranges':[null]}}", "",
	  "ipam.ranges[0]: invalid range set 0: empty range set", 0 },
	{ "{'ipam':{'ranges':[[" A "],[]]}}", "",
	  "ipam.ranges[1]: invalid range set 1: empty range set", 0 },
	{ "{'ipam':{'ranges':[[" A ",null]]}}", "",
	  "ipam.ranges[0][1].subnet: invalid range set 0: IP <nil> not v4 nor "
	  "v6",
	  0 },
	{ "{'ipam':{'ranges':[" A "]}}", "",
	  "ipam.ranges[0]: must be an array, not an object", 0 },
	{ "{'ipam':{'ranges':" A "}}", "",
	  "ipam.ranges: must be an array, not an object", 0 },
	{ "{'ipam':{'ranges':[['10.0.0.0/24']]}}", "",
	  "ipam.ranges[0][0]: must be an object, not a string", 0 },
	{ "{'ipam':{'subnet':'10.0.0.0/99'}}", "",
	  "ipam.subnet: invalid CIDR address: 10.0.0.0/99", 0 },
	{ "{'ipam':{'subnet':'10.0.0.0/24','rangeStart':'foo'}}", "",
	  "ipam.rangeStart: invalid IP address: foo", 0 },
	{ "{'ipam':{'rangeStart':'foo','ranges':[[" A "]]}}", "",
	  "ipam.rangeStart: invalid IP address: foo", 0 },
	/* The number counts all sources, the path is the set's own. */
	{ "{'ipam':{'subnet':'10.9.0.0/24','ranges':[[" A "," B
	  "],[{'subnet':'10.8.0.0/24','rangeEnd':'10.7.0.0'}]]},"
	  "'runtimeConfig':{'ipRanges':[[" SIX "]]}}",
	  "",
	  "ipam.ranges[1][0].rangeEnd: invalid range set 3: RangeEnd 10.7.0.0 "
	  "not in network 10.8.0.0/24",
	  0 },
	{ "{" OLD ",'runtimeConfig':{'ipRanges':[[{'subnet':'10.0.0.1/8'}]]}}",
	  "",
	  "runtimeConfig.ipRanges[0][0].subnet: invalid range set 0: Network "
	  "has host bits set. For a subnet mask of length 8 the network "
	  "address is 10.0.0.0",
	  0 },
	{ "{'ipam':{'ranges':[[" A "],[" B "," SIX "]]}}", "",
	  "ipam.ranges[1]: invalid range set 1: mixed address families", 0 },
	{ "{'ipam':{'ranges':[[" A "," B "," A "]]}}", "",
	  "ipam.ranges[0]: invalid range set 0: subnets 10.0.0.1-10.0.0.254 "
	  "and 10.0.0.1-10.0.0.254 overlap",
	  0 },
	{ "{'ipam':{'ranges':[[" A "],[" B "],[" B "]]}}", "",
	  "range set 1 overlaps with 2", 0 },
	{ "{" OLD ",'runtimeConfig':7}", "",
	  "runtimeConfig: must be an object, not an integer", 0 },
	{ "{" OLD ",'runtimeConfig':{'ipRanges':{}}}", "",
	  "runtimeConfig.ipRanges: must be an array, not an object", 0 },
	{ "{" OLD ",'runtimeConfig':{'ips':['10.9.0.5','foo']}}", "",
	  "runtimeConfig.ips[1]: invalid IP address foo", 0 },
	{ "{" OLD ",'runtimeConfig':{'ips':['10.9.0.5/99']}}", "",
	  "runtimeConfig.ips[0]: invalid IP address 10.9.0.5/99", 0 },
	/* The reference panics. */
	{ "{" OLD ",'runtimeConfig':{'ips':[null]}}", "",
	  "runtimeConfig.ips[0]: required but missing", 0 },
	{ "{" OLD ",'runtimeConfig':{'ips':['']}}", "",
	  "runtimeConfig.ips[0]: cannot understand ip: IP <nil> not v4 nor v6",
	  0 },
	{ "{" OLD ",'args':7}", "", "args: must be an object, not an integer",
	  0 },
	{ "{" OLD ",'args':{'cni':[]}}", "",
	  "args.cni: must be an object, not an array", 0 },
	{ "{" OLD ",'args':{'cni':{'ips':['10.9.0.5/']}}}", "",
	  "args.cni.ips[0]: invalid IP address 10.9.0.5/", 0 },
	{ "{" OLD ",'args':{'cni':{'ips':[7]}}}", "",
	  "args.cni.ips[0]: must be a string, not an integer", 0 },
	{ "{" OLD "}", "IP=foo", "CNI_ARGS: IP: invalid IP address foo",
	  CNI_E_ENV },
	{ "{" OLD "}", "IP= 10.9.0.4",
	  "CNI_ARGS: IP: invalid IP address  10.9.0.4", CNI_E_ENV },
	{ "{" OLD "}", "ip=10.9.0.4",
	  "CNI_ARGS: unknown args [\"ip=10.9.0.4\"]", CNI_E_ENV },
	{ "{'ipam':{'subnet':'10.9.0.0/24','dataDir':7}}", "",
	  "ipam.dataDir: must be a string, not an integer", 0 },
	{ "{'ipam':{'subnet':'10.9.0.0/24','resolvConf':[]}}", "",
	  "ipam.resolvConf: must be a string, not an array", 0 },
	{ "{'ipam':{'subnet':'10.9.0.0/24','reclaimOnBoot':'yes'}}", "",
	  "ipam.reclaimOnBoot: must be a boolean, not a string", 0 },
	{ "{'ipam':{'subnet':'10.9.0.0/24','routes':{}}}", "",
	  "ipam.routes: must be an array, not an object", 0 },
	{ "{'ipam':{'subnet':'10.9.0.0/24','routes':[{'dst':'::/0'},"
	  "{'dst':'foo'}]}}",
	  "", "ipam.routes[1].dst: invalid CIDR address: foo", 0 },
};

static void bad_configurations(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad_cases); i++) {
		auto_hostlocal_conf struct hostlocal_conf conf;
		struct err err = { .code = CNI_OK };
		struct cni_request req =
			make_request(bad_cases[i].conf, bad_cases[i].args);

		assert_int_equal(hostlocal_conf_read(&req, &conf, &err),
				 -EINVAL);
		assert_string_equal(err.msg, bad_cases[i].want);
		assert_int_equal(err.code, bad_cases[i].code ?: CNI_E_CONFIG);
		json_object_put(req.doc);
	}
}

static void overlapping_sets_have_a_hint(void **state)
{
	auto_hostlocal_conf struct hostlocal_conf conf;
	struct err err = { .code = CNI_OK };
	struct cni_request req =
		make_request("{" OLD ",'runtimeConfig':{'ipRanges':[[{'subnet':"
			     "'10.9.0.0/16'}]]}}",
			     "");

	(void)state;
	assert_int_equal(hostlocal_conf_read(&req, &conf, &err), -EINVAL);
	assert_string_equal(err.msg, "range set 0 overlaps with 1");
	assert_string_equal(err.details,
			    "range sets are counted from 0: those of "
			    "runtimeConfig.ipRanges, ipam.subnet, those of "
			    "ipam.ranges");
	json_object_put(req.doc);
}

static const struct {
	const char *conf;
	bool good;
} old_version_cases[] = {
	{ "{'ipam':{'ranges':[[" A "],[" SIX "]]}}", true },
	{ "{'ipam':{'ranges':[[" A "," B "]]}}", true },
	{ "{'ipam':{'ranges':[[" A "],[" B "]]}}", false },
	{ "{'ipam':{'ranges':[[" SIX "],[{'subnet':'fd01::/64'}]]}}", false },
};

static void versions_without_room(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(old_version_cases); i++) {
		auto_hostlocal_conf struct hostlocal_conf conf;
		struct err err = { .code = CNI_OK };
		struct cni_request req =
			make_request(old_version_cases[i].conf, "");
		bool good = old_version_cases[i].good;

		req.version = CNI_V0_2_0;
		req.version_text = "0.2.0";
		assert_int_equal(hostlocal_conf_read(&req, &conf, &err),
				 good ? 0 : -EINVAL);
		assert_string_equal(err.msg, good ? ""
						  : "CNI version 0.2.0 does "
						    "not support more than 1 "
						    "address per family");
		json_object_put(req.doc);
	}
}

static void scalars_and_defaults(void **state)
{
	struct cni_request bare = make_request("{" OLD "}", "");
	struct cni_request full = make_request(
		"{'ipam':{'subnet':'10.9.0.0/24','dataDir':'/d','resolvConf':"
		"'/r','reclaimOnBoot':false}}",
		"");
	auto_hostlocal_conf struct hostlocal_conf defaults, given;
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(hostlocal_conf_read(&bare, &defaults, &err), 0);
	assert_string_equal(defaults.data_dir, "/var/lib/cni/networks");
	assert_string_equal(defaults.resolv_conf, "");
	assert_true(defaults.reclaim_on_boot);
	assert_int_equal(hostlocal_conf_read(&full, &given, &err), 0);
	assert_string_equal(given.data_dir, "/d");
	assert_string_equal(given.resolv_conf, "/r");
	assert_false(given.reclaim_on_boot);
	json_object_put(bare.doc);
	json_object_put(full.doc);
}

static void args_count_for_add_only(void **state)
{
	auto_hostlocal_conf struct hostlocal_conf conf;
	struct cni_request req = make_request("{" OLD "}", "IP=foo");
	struct err err = { .code = CNI_OK };

	(void)state;
	req.verb = CNI_CHECK;
	assert_int_equal(hostlocal_conf_read(&req, &conf, &err), 0);
	assert_int_equal(conf.request_count, 0);
	json_object_put(req.doc);
}

static const struct {
	const char *conf;
	const char *want;
} dir_cases[] = {
	{ "{'ipam':{'dataDir':'/d','ranges':7}}", "/d" },
	{ "{'ipam':{'DataDir':'rel'}}", "rel" },
	{ "{'ipam':{'dataDir':''}}", "/var/lib/cni/networks" },
	{ "{'ipam':{'dataDir':null}}", "/var/lib/cni/networks" },
	{ "{'ipam':{'dataDir':7}}", "/var/lib/cni/networks" },
	{ "{'ipam':{'dataDir':'a\\u0000b'}}", "/var/lib/cni/networks" },
	{ "{'ipam':7}", "/var/lib/cni/networks" },
	{ "{}", "/var/lib/cni/networks" },
	{ "[]", "/var/lib/cni/networks" },
};

static void data_dir_whatever_the_rest(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(dir_cases); i++) {
		struct cni_request req = make_request(dir_cases[i].conf, "");

		assert_string_equal(hostlocal_conf_data_dir(&req),
				    dir_cases[i].want);
		json_object_put(req.doc);
	}
}

/* Sizes that a configuration of 8 MiB can reach. */
static void large_configurations_are_quick(void **state)
{
	const size_t count = 100000;
	auto_hostlocal_conf struct hostlocal_conf conf;
	auto_strbuf struct strbuf text = { .data = NULL };
	struct err err = { .code = CNI_OK };
	clock_t start = clock();
	struct cni_request req;

	(void)state;
	strbuf_puts(&text, "{'ipam':{'ranges':[");
	for (size_t i = 0; i < count; i++)
		strbuf_printf(&text, "%s[{'subnet':'%zu.%zu.%zu.0/24'}]",
			      i > 0 ? "," : "", i >> 16, i >> 8 & 255, i & 255);
	strbuf_puts(&text, "]},'runtimeConfig':{'ips':['10.0.0.1'");
	for (size_t i = 0; i < count; i++)
		strbuf_puts(&text, ",'10.0.0.2'");
	strbuf_puts(&text, "]}}");
	req = make_request(strbuf_str(&text), "");
	assert_int_equal(hostlocal_conf_read(&req, &conf, &err), 0);
	assert_int_equal(conf.set_count, count);
	assert_int_equal(conf.request_count, 2);
	assert_true((clock() - start) / CLOCKS_PER_SEC < 10);
	json_object_put(req.doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_configurations),
		cmocka_unit_test(bad_configurations),
		cmocka_unit_test(overlapping_sets_have_a_hint),
		cmocka_unit_test(versions_without_room),
		cmocka_unit_test(scalars_and_defaults),
		cmocka_unit_test(args_count_for_add_only),
		cmocka_unit_test(data_dir_whatever_the_rest),
		cmocka_unit_test(large_configurations_are_quick),
	};

	return cmocka_run_group_tests_name("hostlocal_conf", tests, NULL, NULL);
}
