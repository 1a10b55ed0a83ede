/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/io.h"
#include "common/base/json.h"
#include "common/cni/result.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* The text of a file of tests/unit/golden. */
static void load(const char *name, struct strbuf *out)
{
	auto_fd int fd = -1;
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/tests/unit/golden/%s",
		       getenv("TOP") ?: ".", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail_msg("open %s: %m", path);
	assert_int_equal(io_read_all(fd, 1 << 20, out), 0);
}

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

static const char *const family_names[] = {
	[CNI_FAMILY_0_1] = "0.2",
	[CNI_FAMILY_0_3] = "0.4",
	[CNI_FAMILY_1_0] = "1.1",
};

/* Read golden file @name as written by a plugin of @version. */
static void read_golden(const char *name, enum cni_version version,
			struct cni_result *out)
{
	auto_strbuf struct strbuf text = { .len = 0 }, stamped = { .len = 0 };
	struct err err = { .code = CNI_OK };
	const char *mark;
	char file[128];

	(void)snprintf(file, sizeof(file), "%s.from-%s.json", name,
		       family_names[cni_version_family(version)]);
	load(file, &text);
	mark = strstr(strbuf_str(&text), "VERSION\"");
	assert_non_null(mark);
	strbuf_add(&stamped, text.data, (size_t)(mark - text.data));
	strbuf_puts(&stamped, cni_version_text(version));
	strbuf_puts(&stamped, mark + strlen("VERSION"));
	if (read_text(strbuf_str(&stamped), version, out, &err) < 0)
		fail_msg("%s: %s", file, err.msg);
}

static void check_pair(const char *name, enum cni_version from,
		       enum cni_version to)
{
	auto_strbuf struct strbuf want = { .len = 0 }, got = { .len = 0 };
	auto_result struct cni_result result = { .ip_count = 0 };
	struct err err = { .code = CNI_OK };
	char file[128];

	read_golden(name, from, &result);
	(void)snprintf(file, sizeof(file), "%s.from-%s.to-%s.json", name,
		       family_names[cni_version_family(from)],
		       cni_version_text(to));
	load(file, &want);
	assert_int_equal(cni_result_write(&result, to, NULL, &err), 0);
	assert_int_equal(cni_result_write(&result, to, &got, &err), 0);
	if (strcmp(strbuf_str(&got), strbuf_str(&want)) != 0)
		fail_msg("%s (from %s): got\n%s", file, cni_version_text(from),
			 strbuf_str(&got));
}

static void all_49_pairs_are_as_the_reference_prints_them(void **state)
{
	static const char *const names[] = { "full", "odd" };

	(void)state;
	for (size_t i = 0; i < COUNT(names) * CNI_VERSIONS * CNI_VERSIONS; i++)
		check_pair(names[i / CNI_VERSIONS / CNI_VERSIONS],
			   (enum cni_version)(i / CNI_VERSIONS % CNI_VERSIONS),
			   (enum cni_version)(i % CNI_VERSIONS));
}

static const struct {
	enum cni_version version;
	const char *text, *want;
} stray_cases[] = {
	{ CNI_V0_4_0,
	  "{\"ips\": [{\"version\": \"6\", \"address\": \"10.0.0.1/8\"}]}",
	  "{\n    \"cniVersion\": \"0.4.0\",\n    \"ips\": [\n        {\n"
	  "            \"version\": \"4\",\n"
	  "            \"address\": \"10.0.0.1/8\"\n"
	  "        }\n    ],\n    \"dns\": {}\n}" },
	{ CNI_V0_2_0,
	  "{\"ip6\": {\"ip\": \"fd00::1/8\", \"routes\": [{\"dst\": \"::/0\", "
	  "\"mtu\": 1400}, {\"dst\": \"10.0.0.0/8\"}]}}",
	  "{\n    \"cniVersion\": \"0.2.0\",\n    \"ip6\": {\n"
	  "        \"ip\": \"fd00::1/8\",\n        \"routes\": [\n"
	  "            {\n                \"dst\": \"::/0\"\n"
	  "            }\n        ]\n    },\n    \"dns\": {}\n}" },
	{ CNI_V0_1_0, "{\"ip4\": {\"ip\": \"fd00::1/8\"}}",
	  "{\n    \"cniVersion\": \"0.1.0\",\n    \"ip6\": {\n"
	  "        \"ip\": \"fd00::1/8\"\n    },\n    \"dns\": {}\n}" },
};

/* A reference plugin that only passes it on would repeat the contradiction. */
static void what_contradicts_an_address_is_put_right(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(stray_cases); i++) {
		auto_result struct cni_result result = { .ip_count = 0 };
		auto_strbuf struct strbuf out = { .len = 0 };
		enum cni_version version = stray_cases[i].version;
		struct err err = { .code = CNI_OK };

		assert_int_equal(read_text(stray_cases[i].text, version,
					   &result, &err),
				 0);
		assert_int_equal(cni_result_write(&result, version, &out, &err),
				 0);
		assert_string_equal(strbuf_str(&out), stray_cases[i].want);
	}
}

static const struct {
	const char *text; /* a 1.1.0 result */
	enum cni_version version;
} unaddressed_cases[] = {
	{ "{}", CNI_V0_1_0 },
	{ "{}", CNI_V0_2_0 },
	{ "{\"interfaces\": [{\"name\": \"eth0\"}]}", CNI_V0_2_0 },
	{ "{\"routes\": [{\"dst\": \"::/0\"}]}", CNI_V0_1_0 },
};

static void the_old_shape_needs_an_address(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(unaddressed_cases); i++) {
		auto_result struct cni_result result = { .ip_count = 0 };
		auto_strbuf struct strbuf out = { .len = 0 };
		struct err err = { .code = CNI_OK }, dry = { .code = CNI_OK };
		enum cni_version version = unaddressed_cases[i].version;

		assert_int_equal(read_text(unaddressed_cases[i].text,
					   CNI_V1_1_0, &result, &err),
				 0);
		assert_int_equal(cni_result_write(&result, version, &out, &err),
				 -EINVAL);
		assert_int_equal(err.code, CNI_E_CONFIG);
		assert_string_equal(err.msg,
				    "cannot convert: no valid IP addresses");
		assert_int_equal(out.len, 0);
		assert_int_equal(cni_result_write(&result, version, NULL, &dry),
				 -EINVAL);
		assert_int_equal(dry.code, CNI_E_CONFIG);
	}
}

static void an_empty_result_has_dns_only_before_1_0_0(void **state)
{
	struct cni_result result = { .ip_count = 0 };
	struct err err = { .code = CNI_OK };

	(void)state;
	for (int i = CNI_V0_3_0; i < CNI_VERSIONS; i++) {
		auto_strbuf struct strbuf out = { .len = 0 };
		enum cni_version version = (enum cni_version)i;
		char want[128];

		(void)snprintf(want, sizeof(want),
			       "{\n    \"cniVersion\": \"%s\"%s\n}",
			       cni_version_text(version),
			       i < CNI_V1_0_0 ? ",\n    \"dns\": {}" : "");
		assert_int_equal(cni_result_write(&result, version, &out, &err),
				 0);
		assert_string_equal(strbuf_str(&out), want);
	}
}

static void a_lost_allocation_is_an_error(void **state)
{
	struct strbuf out = { .failed = true };
	struct cni_result result = { .ip_count = 0 };
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(cni_result_write(&result, CNI_V1_1_0, &out, &err),
			 -ENOMEM);
	assert_int_equal(err.code, CNI_E_IO);
}

static void entries_survive_growth_and_start_zeroed(void **state)
{
	auto_result struct cni_result result = { .ip_count = 0 };
	static const struct cni_interface no_interface;
	static const struct cni_route no_route;
	static const struct cni_ip no_ip;

	(void)state;
	for (int64_t i = 1; i <= 1000; i++) {
		struct cni_interface *it = cni_result_add_interface(&result);
		struct cni_route *route = cni_result_add_route(&result);
		struct cni_ip *ip = cni_result_add_ip(&result);

		assert_memory_equal(it, &no_interface, sizeof(*it));
		assert_memory_equal(route, &no_route, sizeof(*route));
		assert_memory_equal(ip, &no_ip, sizeof(*ip));
		it->mtu = route->mtu = ip->interface = i;
	}
	for (int64_t i = 1; i <= 1000; i++) {
		assert_int_equal(result.interfaces[i - 1].mtu, i);
		assert_int_equal(result.routes[i - 1].mtu, i);
		assert_int_equal(result.ips[i - 1].interface, i);
	}
	result.ip_count = 3; /* a caller dropped entries */
	assert_memory_equal(cni_result_add_ip(&result), &no_ip, sizeof(no_ip));
	cni_result_free(&result);
	assert_int_equal(result.ip_count, 0);
	assert_null(result.ips);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_49_pairs_are_as_the_reference_prints_them),
		cmocka_unit_test(what_contradicts_an_address_is_put_right),
		cmocka_unit_test(the_old_shape_needs_an_address),
		cmocka_unit_test(an_empty_result_has_dns_only_before_1_0_0),
		cmocka_unit_test(a_lost_allocation_is_an_error),
		cmocka_unit_test(entries_survive_growth_and_start_zeroed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
