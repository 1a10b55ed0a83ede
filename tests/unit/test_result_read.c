/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "common/cni/result.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct json_object *parse(const char *text)
{
	struct json_object *doc = NULL;
	struct err err = { .code = CNI_OK };

	if (json_parse(text, strlen(text), "test", &doc, &err) < 0)
		fail_msg("%s", err.msg);
	return doc;
}

static int read_text(const char *text, enum cni_version version,
		     struct cni_result *out, struct err *err)
{
	auto_json struct json_object *doc = parse(text);
	struct cfg at = cfg_root_named(doc, "prevResult");

	return cni_result_read(&at, version, out, err);
}

static const struct {
	enum cni_version version;
	const char *text, *want; /* NULL: accepted */
} version_cases[] = {
	{ CNI_V0_1_0, "{}", NULL },
	{ CNI_V1_0_0, "{\"cniVersion\": \"\"}", NULL },
	{ CNI_V0_4_0, "{\"cniVersion\": null}", NULL },
	{ CNI_V0_1_0, "{\"cniVersion\": \"0.2.0\"}", NULL },
	{ CNI_V0_3_0, "{\"cniVersion\": \"0.4.0\"}", NULL },
	{ CNI_V0_4_0, "{\"CNIVersion\": \"0.3.1\"}", NULL },
	{ CNI_V1_1_0, "{\"cniVersion\": \"1.0.0\"}", NULL },
	{ CNI_V1_1_0, "null", NULL },
	{ CNI_V0_2_0, "{\"cniVersion\": \"0.3.0\"}",
	  "could not parse prevResult: result type supports [ 0.1.0 0.2.0] "
	  "but unmarshalled CNIVersion is \"0.3.0\"" },
	{ CNI_V0_3_0, "{\"cniVersion\": \"0.2.0\"}",
	  "could not parse prevResult: result type supports [0.3.0 0.3.1 "
	  "0.4.0] but unmarshalled CNIVersion is \"0.2.0\"" },
	{ CNI_V0_4_0, "{\"cniVersion\": \"1.0.0\"}",
	  "could not parse prevResult: result type supports [0.3.0 0.3.1 "
	  "0.4.0] but unmarshalled CNIVersion is \"1.0.0\"" },
	{ CNI_V1_1_0, "{\"cniVersion\": \"0.4.0\"}",
	  "could not parse prevResult: result type supports [1.0.0 1.1.0] "
	  "but unmarshalled CNIVersion is \"0.4.0\"" },
	{ CNI_V1_0_0, "{\"cniVersion\": \"1.1\"}",
	  "could not parse prevResult: result type supports [1.0.0 1.1.0] "
	  "but unmarshalled CNIVersion is \"1.1\"" },
	{ CNI_V1_0_0, "{\"cniVersion\": 1}",
	  "prevResult.cniVersion: must be a string, not an integer" },
	{ CNI_V1_0_0, "[]", "prevResult: must be an object" },
};

static void a_version_of_another_family_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(version_cases); i++) {
		auto_result struct cni_result result = { .ip_count = 0 };
		struct err err = { .code = CNI_OK };
		int r = read_text(version_cases[i].text,
				  version_cases[i].version, &result, &err);

		assert_int_equal(r, version_cases[i].want ? -EINVAL : 0);
		assert_string_equal(err.msg, version_cases[i].want ?: "");
		assert_int_equal(err.code,
				 version_cases[i].want ? CNI_E_CONFIG : CNI_OK);
	}
}

static const struct {
	enum cni_version version;
	const char *text, *want;
} bad_cases[] = {
	{ CNI_V1_1_0, "{\"ips\": [{\"address\": \"10.0.0.300/24\"}]}",
	  "ips[0].address: invalid CIDR address: 10.0.0.300/24" },
	{ CNI_V1_1_0, "{\"ips\": [{\"address\": \"::1/0\"}, {}]}",
	  "ips[1].address: required but missing" },
	{ CNI_V0_4_0, "{\"ips\": [{\"version\": \"4\", \"address\": \"\"}]}",
	  "ips[0].address: invalid CIDR address: " },
	{ CNI_V0_3_1,
	  "{\"ips\": [{\"address\": \"1.1.1.1/8\", "
	  "\"interface\": \"0\"}]}",
	  "ips[0].interface: must be an integer, not a string" },
	{ CNI_V1_0_0,
	  "{\"ips\": [{\"address\": \"1.1.1.1/8\", "
	  "\"interface\": 4294967296}]}",
	  "ips[0].interface: 4294967296 is not in -2147483648..2147483647" },
	{ CNI_V1_1_0,
	  "{\"ips\": [{\"address\": \"1.1.1.1/8\", "
	  "\"gateway\": \"1.1.1.1/8\"}]}",
	  "ips[0].gateway: invalid IP address: 1.1.1.1/8" },
	{ CNI_V0_4_0,
	  "{\"ips\": [{\"address\": \"1.1.1.1/8\", \"version\": 4}]}",
	  "ips[0].version: must be a string, not an integer" },
	{ CNI_V1_1_0, "{\"ips\": {}}", "ips: must be an array, not an object" },
	{ CNI_V1_1_0, "{\"ips\": [null]}", "ips[0]: required but missing" },
	{ CNI_V1_1_0, "{\"ips\": [[]]}",
	  "ips[0]: must be an object, not an array" },
	{ CNI_V0_4_0,
	  "{\"routes\": [{\"dst\": \"::/0\"}, "
	  "{\"dst\": \"::/0\", \"gw\": \"x\"}]}",
	  "routes[1].gw: invalid IP address: x" },
	{ CNI_V1_1_0, "{\"routes\": [{\"gw\": \"1.1.1.1\"}]}",
	  "routes[0].dst: required but missing" },
	{ CNI_V1_1_0, "{\"routes\": [{\"dst\": \"::/129\"}]}",
	  "routes[0].dst: invalid CIDR address: ::/129" },
	{ CNI_V1_1_0, "{\"routes\": [{\"dst\": \"::/0\", \"mtu\": 1e3}]}",
	  "routes[0].mtu: must be an integer, not a number with a fraction or "
	  "exponent" },
	{ CNI_V1_1_0, "{\"routes\": [{\"dst\": \"::/0\", \"advmss\": -1}]}",
	  "routes[0].advmss: -1 is not in 0..4294967295" },
	{ CNI_V1_1_0, "{\"routes\": [{\"dst\": \"::/0\", \"priority\": []}]}",
	  "routes[0].priority: must be an integer, not an array" },
	{ CNI_V1_1_0,
	  "{\"routes\": [{\"dst\": \"::/0\", \"table\": 4294967296}]}",
	  "routes[0].table: 4294967296 is not in 0..4294967295" },
	{ CNI_V1_1_0, "{\"routes\": [{\"dst\": \"::/0\", \"scope\": 256}]}",
	  "routes[0].scope: 256 is not in 0..255" },
	{ CNI_V0_4_0, "{\"interfaces\": [{\"name\": 1}]}",
	  "interfaces[0].name: must be a string, not an integer" },
	{ CNI_V0_4_0, "{\"interfaces\": [{\"mac\": {}}]}",
	  "interfaces[0].mac: must be a string, not an object" },
	{ CNI_V1_1_0, "{\"interfaces\": [{}, {\"sandbox\": true}]}",
	  "interfaces[1].sandbox: must be a string, not a boolean" },
	{ CNI_V1_1_0, "{\"interfaces\": [{\"socketPath\": 1}]}",
	  "interfaces[0].socketPath: must be a string, not an integer" },
	{ CNI_V1_1_0, "{\"interfaces\": [{\"pciID\": 1}]}",
	  "interfaces[0].pciID: must be a string, not an integer" },
	{ CNI_V1_1_0, "{\"interfaces\": [{\"mtu\": \"1500\"}]}",
	  "interfaces[0].mtu: must be an integer, not a string" },
	{ CNI_V1_1_0, "{\"interfaces\": [{\"name\": \"a\\u0000b\"}]}",
	  "interfaces[0].name: contains a NUL character" },
	{ CNI_V0_2_0, "{\"ip4\": []}", "ip4: must be an object, not an array" },
	{ CNI_V0_2_0, "{\"ip4\": {}}", "ip4.ip: required but missing" },
	{ CNI_V0_1_0, "{\"ip6\": {\"ip\": \"::1\"}}",
	  "ip6.ip: invalid CIDR address: ::1" },
	{ CNI_V0_1_0, "{\"ip6\": {\"ip\": \"::1/64\", \"gateway\": \"1\"}}",
	  "ip6.gateway: invalid IP address: 1" },
	{ CNI_V0_2_0, "{\"ip4\": {\"ip\": \"1.1.1.1/8\", \"routes\": [{}]}}",
	  "ip4.routes[0].dst: required but missing" },
	{ CNI_V0_2_0, "{\"dns\": []}", "dns: must be an object, not an array" },
	{ CNI_V1_1_0, "{\"dns\": {\"nameservers\": \"1.1.1.1\"}}",
	  "dns.nameservers: must be an array, not a string" },
	{ CNI_V1_1_0, "{\"dns\": {\"search\": [\"a\", 1]}}",
	  "dns.search[1]: must be a string, not an integer" },
	{ CNI_V1_1_0, "{\"dns\": {\"options\": [null]}}",
	  "dns.options[0]: required but missing" },
	{ CNI_V1_1_0, "{\"dns\": {\"domain\": [\"a\"]}}",
	  "dns.domain: must be a string, not an array" },
};

static void an_error_names_the_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad_cases); i++) {
		auto_result struct cni_result result = { .ip_count = 0 };
		struct err err = { .code = CNI_OK };

		assert_int_equal(read_text(bad_cases[i].text,
					   bad_cases[i].version, &result, &err),
				 -EINVAL);
		assert_int_equal(err.code, CNI_E_CONFIG);
		assert_memory_equal(err.msg, "prevResult.", 11);
		assert_string_equal(err.msg + 11, bad_cases[i].want);
		assert_null(result.arena.chunks);
	}
}

static void a_result_outlives_its_document(void **state)
{
	auto_result struct cni_result result = { .ip_count = 0 };
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(
		read_text("{\"interfaces\": [{\"name\": \"a\", \"mac\": \"b\","
			  " \"socketPath\": \"c\"}, {\"sandbox\": \"\"}],"
			  " \"dns\": {\"search\": [\"d\"]}}",
			  CNI_V1_1_0, &result, &err),
		0);
	assert_string_equal(result.interfaces[0].name, "a");
	assert_string_equal(result.interfaces[0].mac, "b");
	assert_string_equal(result.interfaces[0].socket_path, "c");
	assert_null(result.interfaces[0].pci_id);
	assert_string_equal(result.interfaces[1].name, "");
	assert_null(result.interfaces[1].mac);
	assert_null(result.interfaces[1].sandbox);
	assert_string_equal(result.dns.search.at[0], "d");
}

static const struct {
	const char *text;
	bool present;
} dns_cases[] = {
	{ "{}", false },
	{ "{\"domain\": \"\", \"search\": null}", false },
	{ "{\"nameservers\": []}", true },
	{ "{\"search\": []}", true },
	{ "{\"Options\": [\"a\"]}", true },
	{ "{\"domain\": \"a\"}", true },
};

static void an_empty_dns_list_counts_as_present(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(dns_cases); i++) {
		auto_json struct json_object *doc = parse(dns_cases[i].text);
		auto_arena struct arena arena = { .chunks = NULL };
		struct err err = { .code = CNI_OK };
		struct cfg at = cfg_root_named(doc, "dns");
		struct cni_dns dns;

		assert_int_equal(cni_dns_read(&at, &arena, &dns, &err), 0);
		assert_int_equal(cni_dns_present(&dns), dns_cases[i].present);
	}
}

/* Quadratic work on this many elements would meet the alarm. */
static void a_huge_list_takes_linear_time(void **state)
{
	auto_strbuf struct strbuf text = { .len = 0 }, out = { .len = 0 };
	auto_result struct cni_result result = { .ip_count = 0 };
	struct err err = { .code = CNI_OK };
	const size_t count = 200000;

	(void)state;
	(void)alarm(60);
	strbuf_puts(&text, "{\"routes\": [{\"dst\": \"::/0\"}");
	for (size_t i = 1; i < count; i++)
		strbuf_puts(&text, ",{\"dst\": \"::/0\"}");
	strbuf_puts(&text, "]}");
	assert_int_equal(
		read_text(strbuf_str(&text), CNI_V1_1_0, &result, &err), 0);
	assert_int_equal(result.route_count, count);
	assert_int_equal(cni_result_write(&result, CNI_V0_4_0, &out, &err), 0);
	(void)alarm(0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_version_of_another_family_is_refused),
		cmocka_unit_test(an_error_names_the_place),
		cmocka_unit_test(a_result_outlives_its_document),
		cmocka_unit_test(an_empty_dns_list_counts_as_present),
		cmocka_unit_test(a_huge_list_takes_linear_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
