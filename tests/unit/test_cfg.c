/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/cfg.h"
#include "common/base/json.h"

static struct json_object *parse(const char *text)
{
	struct err err = { .code = CNI_OK };
	struct json_object *doc;

	if (json_parse(text, strlen(text), "test", &doc, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	return doc;
}

/* Read ipam.ranges[*][*].subnet the way host-local does. */
static int read_subnets(struct json_object *doc, struct err *err)
{
	struct cfg root = cfg_root(doc), ipam, sets, set, range;
	const char *subnet;
	int r;

	r = cfg_child(&root, "ipam", json_type_object, &ipam, err);
	r = r ?: cfg_child(&ipam, "ranges", json_type_array, &sets, err);
	for (size_t i = 0; r == 0 && i < cfg_len(&sets); i++) {
		r = cfg_at(&sets, i, json_type_array, &set, err);
		for (size_t j = 0; r == 0 && j < cfg_len(&set); j++) {
			r = cfg_at(&set, j, json_type_object, &range, err);
			r = r ?: cfg_string(&range, "subnet", &subnet, err);
		}
	}
	return r;
}

static const struct {
	const char *conf;
	const char *want; /* NULL: accepted */
} path_cases[] = {
	{ "{\"ipam\":{\"ranges\":[[{\"subnet\":\"10.0.0.0/8\"}]]}}", NULL },
	{ "{\"ipam\":{\"ranges\":[[{\"subnet\":\"\"},{\"subnet\":7}]]}}",
	  "ipam.ranges[0][1].subnet: must be a string, not an integer" },
	{ "{\"ipam\":{\"ranges\":[[],[{}]]}}",
	  "ipam.ranges[1][0].subnet: required but missing" },
	{ "{\"ipam\":{\"ranges\":[[{\"subnet\":null}]]}}",
	  "ipam.ranges[0][0].subnet: required but missing" },
	{ "{\"ipam\":{\"ranges\":[{}]}}",
	  "ipam.ranges[0]: must be an array, not an object" },
	{ "{\"ipam\":{\"ranges\":[[null]]}}",
	  "ipam.ranges[0][0]: required but missing" },
	{ "{\"ipam\":null}", "ipam: required but missing" },
	{ "{\"ipam\":false}", "ipam: must be an object, not a boolean" },
};

static void test_errors_name_the_exact_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(path_cases) / sizeof(*path_cases); i++) {
		auto_json struct json_object *doc = parse(path_cases[i].conf);
		struct err err = { .code = CNI_OK };

		assert_int_equal(read_subnets(doc, &err),
				 path_cases[i].want ? -EINVAL : 0);
		if (!path_cases[i].want)
			continue;
		assert_int_equal(err.code, CNI_E_CONFIG);
		assert_string_equal(err.msg, path_cases[i].want);
	}
}

static void test_named_root_starts_the_path(void **state)
{
	auto_json struct json_object *doc = parse("{\"ips\":[{}]}");
	struct cfg root = cfg_root_named(doc, "prevResult"), ips, ip;
	struct err err = { .code = CNI_OK };
	const char *text;

	(void)state;
	assert_int_equal(cfg_child(&root, "ips", json_type_array, &ips, &err),
			 0);
	assert_int_equal(cfg_at(&ips, 0, json_type_object, &ip, &err), 0);
	assert_int_equal(cfg_string(&ip, "address", &text, &err), -EINVAL);
	assert_string_equal(err.msg, "prevResult.ips[0].address: "
				     "required but missing");
}

static void test_fail_names_the_value_itself(void **state)
{
	auto_json struct json_object *doc = parse("{\"a\":[1]}");
	struct cfg root = cfg_root(doc), a, item;
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(cfg_child(&root, "a", json_type_array, &a, &err), 0);
	assert_int_equal(cfg_at(&a, 0, json_type_int, &item, &err), 0);
	assert_int_equal(cfg_fail(&err, &item, NULL, "is %s", "odd"), -EINVAL);
	assert_string_equal(err.msg, "a[0]: is odd");
	err_clear(&err);
	assert_int_equal(cfg_fail(&err, &root, NULL, "is odd"), -EINVAL);
	assert_string_equal(err.msg, "config: is odd");
}

static const struct {
	const char *conf;
	const char *want; /* NULL: absent */
} key_cases[] = {
	{ "{\"mastEr\":\"any case\"}", "any case" },
	{ "{\"MASTER\":\"1\",\"master\":\"2\"}", "2" },
	{ "{\"master\":\"1\",\"MASTER\":\"2\"}", "2" },
	{ "{\"master\":\"1\",\"other\":0,\"master\":\"2\"}", "2" },
	/* Go leaves what it had when a null comes. */
	{ "{\"master\":null}", NULL },
	{ "{\"masters\":\"1\",\"maste\":\"2\",\"\":\"3\"}", NULL },
	/* U+017F, the long s, and U+212A, the Kelvin sign, fold in Go. */
	{ "{\"ma\xc5\xbfter\":\"long s\"}", "long s" },
	{ "{\"m\xc3\xa4ster\":\"1\"}", NULL },
	{ "{}", NULL },
};

static void test_keys_match_as_in_go(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(key_cases) / sizeof(*key_cases); i++) {
		auto_json struct json_object *doc = parse(key_cases[i].conf);
		struct cfg root = cfg_root(doc);
		struct err err = { .code = CNI_OK };
		const char *got;

		assert_int_equal(
			cfg_string_or(&root, "master", NULL, &got, &err), 0);
		assert_int_equal(cfg_has(&root, "master"), got != NULL);
		if (key_cases[i].want)
			assert_string_equal(got, key_cases[i].want);
		else
			assert_null(got);
	}
}

static const struct {
	const char *conf;
	int64_t value;
	const char *want; /* NULL: accepted */
} int_cases[] = {
	{ "{\"mtu\":1300}", 1300, NULL },
	{ "{\"mtu\":0}", 0, NULL },
	{ "{\"mtu\":-0}", 0, NULL },
	{ "{\"mtu\":65535}", 65535, NULL },
	{ "{\"mtu\":null}", 7, NULL },
	{ "{}", 7, NULL },
	{ "{\"mtu\":65536}", 0, "mtu: 65536 is not in 0..65535" },
	{ "{\"mtu\":-1}", 0, "mtu: -1 is not in 0..65535" },
	{ "{\"mtu\":1300.0}", 0,
	  "mtu: must be an integer, not a number with a fraction or exponent" },
	{ "{\"mtu\":1e3}", 0,
	  "mtu: must be an integer, not a number with a fraction or exponent" },
	{ "{\"mtu\":\"1300\"}", 0, "mtu: must be an integer, not a string" },
	{ "{\"mtu\":true}", 0, "mtu: must be an integer, not a boolean" },
};

static void test_integers_are_integers_in_bounds(void **state)
{
	static const struct cfg_bounds mtu = { 0, 65535 };

	(void)state;
	for (size_t i = 0; i < sizeof(int_cases) / sizeof(*int_cases); i++) {
		auto_json struct json_object *doc = parse(int_cases[i].conf);
		struct cfg root = cfg_root(doc);
		struct err err = { .code = CNI_OK };
		int64_t got = -1;
		int r = cfg_int_or(&root, "mtu", 7, mtu, &got, &err);

		assert_int_equal(r, int_cases[i].want ? -EINVAL : 0);
		if (int_cases[i].want)
			assert_string_equal(err.msg, int_cases[i].want);
		else
			assert_int_equal(got, int_cases[i].value);
	}
}

/* Beyond int64_t: not quietly the nearest value that fits. */
static void test_huge_integers_do_not_saturate(void **state)
{
	static const char *const texts[] = {
		"{\"n\":9223372036854775808}",
		"{\"n\":18446744073709551615}",
		"{\"n\":18446744073709551616}",
		"{\"n\":99999999999999999999999}",
		"{\"n\":-9223372036854775809}",
		"{\"n\":-99999999999999999999999}",
	};
	static const struct cfg_bounds any = { INT64_MIN, INT64_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		auto_json struct json_object *doc = parse(texts[i]);
		struct cfg root = cfg_root(doc);
		struct err err = { .code = CNI_OK };
		int64_t got;

		assert_int_equal(cfg_int_or(&root, "n", 0, any, &got, &err),
				 -EINVAL);
		assert_int_equal(err.code, CNI_E_CONFIG);
	}
}

static const struct {
	const char *conf;
	uint64_t value;
	const char *want; /* NULL: accepted */
} uint_cases[] = {
	{ "{\"n\":0}", 0, NULL },
	{ "{\"n\":18446744073709551615}", UINT64_MAX, NULL },
	{ "{\"n\":9223372036854775808}", UINT64_C(1) << 63, NULL },
	{ "{\"n\":null}", 7, NULL },
	{ "{}", 7, NULL },
	{ "{\"n\":-1}", 0, "n: -1 is not in 0..18446744073709551615" },
	{ "{\"n\":-99999999999999999999}", 0,
	  "n: -9223372036854775808 is not in 0..18446744073709551615" },
	{ "{\"n\":1.0}", 0,
	  "n: must be an integer, not a number with a fraction or exponent" },
	{ "{\"n\":\"1\"}", 0, "n: must be an integer, not a string" },
};

static void test_integers_of_all_64_bits(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(uint_cases) / sizeof(*uint_cases); i++) {
		auto_json struct json_object *doc = parse(uint_cases[i].conf);
		struct cfg root = cfg_root(doc);
		struct err err = { .code = CNI_OK };
		uint64_t got = 1;
		int r = cfg_uint_or(&root, "n", 7, UINT64_MAX, &got, &err);

		assert_int_equal(r, uint_cases[i].want ? -EINVAL : 0);
		if (uint_cases[i].want)
			assert_string_equal(err.msg, uint_cases[i].want);
		else
			assert_true(got == uint_cases[i].value);
	}
}

static void test_the_greatest_signed_integer(void **state)
{
	static const struct cfg_bounds any = { INT64_MIN, INT64_MAX };
	auto_json struct json_object *doc =
		parse("{\"n\":9223372036854775807}");
	struct cfg root = cfg_root(doc);
	struct err err = { .code = CNI_OK };
	int64_t got;

	(void)state;
	assert_int_equal(cfg_int_or(&root, "n", 0, any, &got, &err), 0);
	assert_true(got == INT64_MAX);
}

static void test_members_of_a_map(void **state)
{
	auto_json struct json_object *doc =
		parse("{\"map\":{\"b\":null,\"B\":\"1\",\"a\":[],\"z\":null}}");
	struct cfg root = cfg_root(doc), map, value;
	struct err err = { .code = CNI_OK };
	struct lh_entry *place = NULL;
	const char *text;

	(void)state;
	assert_int_equal(cfg_child(&root, "map", json_type_object, &map, &err),
			 0);
	assert_true(cfg_next(&map, &place, &value));
	assert_string_equal(value.key, "B");
	assert_int_equal(cfg_string_self(&value, &text, &err), 0);
	assert_string_equal(text, "1");
	assert_true(cfg_next(&map, &place, &value));
	assert_int_equal(cfg_expect(&value, json_type_array, &err), 0);
	assert_int_equal(cfg_expect(&value, json_type_object, &err), -EINVAL);
	assert_string_equal(err.msg, "map.a: must be an object, not an array");
	assert_false(cfg_next(&map, &place, &value));

	place = NULL;
	assert_int_equal(
		cfg_child_or_none(&root, "x", json_type_object, &map, &err), 0);
	assert_false(cfg_next(&map, &place, &value));
}

static void test_booleans(void **state)
{
	auto_json struct json_object *doc =
		parse("{\"on\":true,\"off\":false,\"nul\":null,\"one\":1}");
	struct cfg root = cfg_root(doc);
	struct err err = { .code = CNI_OK };
	bool got;

	(void)state;
	assert_int_equal(cfg_bool_or(&root, "on", false, &got, &err), 0);
	assert_true(got);
	assert_int_equal(cfg_bool_or(&root, "off", true, &got, &err), 0);
	assert_false(got);
	assert_int_equal(cfg_bool_or(&root, "nul", true, &got, &err), 0);
	assert_true(got);
	assert_int_equal(cfg_bool_or(&root, "absent", true, &got, &err), 0);
	assert_true(got);
	assert_int_equal(cfg_bool_or(&root, "one", true, &got, &err), -EINVAL);
	assert_string_equal(err.msg, "one: must be a boolean, not an integer");
}

static void test_optional_containers(void **state)
{
	auto_json struct json_object *doc =
		parse("{\"list\":[\"a\",2],\"nul\":null,\"text\":\"\"}");
	struct cfg root = cfg_root(doc), got;
	struct err err = { .code = CNI_OK };
	const char *text;

	(void)state;
	assert_int_equal(cfg_child_or_none(&root, "none", json_type_object,
					   &got, &err),
			 0);
	assert_false(cfg_has(&got, "x"));
	assert_int_equal(cfg_child_or_none(&root, "nul", json_type_array, &got,
					   &err),
			 0);
	assert_int_equal(cfg_len(&got), 0);
	assert_int_equal(cfg_child_or_none(&root, "list", json_type_array, &got,
					   &err),
			 0);
	assert_int_equal(cfg_len(&got), 2);
	assert_int_equal(cfg_string_at(&got, 0, &text, &err), 0);
	assert_string_equal(text, "a");
	assert_int_equal(cfg_string_at(&got, 1, &text, &err), -EINVAL);
	assert_string_equal(err.msg,
			    "list[1]: must be a string, not an integer");
	err_clear(&err);
	assert_int_equal(cfg_child_or_none(&root, "text", json_type_array, &got,
					   &err),
			 -EINVAL);
	assert_string_equal(err.msg, "text: must be an array, not a string");
}

/* A C string would end there, and "a\0b" pass for "a". */
static void test_nul_inside_a_string_is_refused(void **state)
{
	auto_json struct json_object *doc = parse("{\"name\":\"a\\u0000b\"}");
	struct cfg root = cfg_root(doc);
	struct err err = { .code = CNI_OK };
	const char *got;

	(void)state;
	assert_int_equal(cfg_string(&root, "name", &got, &err), -EINVAL);
	assert_int_equal(err.code, CNI_E_CONFIG);
}

static void test_a_deep_path_is_cut_not_overrun(void **state)
{
	struct cfg level[JSON_MAX_DEPTH];
	struct err err = { .code = CNI_OK };

	(void)state;
	level[0] = cfg_root(NULL);
	for (size_t i = 1; i < JSON_MAX_DEPTH; i++)
		level[i] = (struct cfg){ .parent = &level[i - 1],
					 .key = "a-rather-long-key" };
	assert_int_equal(cfg_fail(&err, &level[JSON_MAX_DEPTH - 1], "x", "no"),
			 -EINVAL);
	assert_non_null(strstr(err.msg, ": no"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors_name_the_exact_place),
		cmocka_unit_test(test_named_root_starts_the_path),
		cmocka_unit_test(test_fail_names_the_value_itself),
		cmocka_unit_test(test_keys_match_as_in_go),
		cmocka_unit_test(test_integers_are_integers_in_bounds),
		cmocka_unit_test(test_huge_integers_do_not_saturate),
		cmocka_unit_test(test_integers_of_all_64_bits),
		cmocka_unit_test(test_the_greatest_signed_integer),
		cmocka_unit_test(test_members_of_a_map),
		cmocka_unit_test(test_booleans),
		cmocka_unit_test(test_optional_containers),
		cmocka_unit_test(test_nul_inside_a_string_is_refused),
		cmocka_unit_test(test_a_deep_path_is_cut_not_overrun),
	};

	return cmocka_run_group_tests_name("cfg", tests, NULL, NULL);
}
