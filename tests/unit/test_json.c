/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/json.h"

/* Parse a copy without a NUL, so that ASan sees a read past the end. */
static int parse(const char *text, size_t len, struct json_object **doc,
		 struct err *err)
{
	auto_free char *copy = malloc(len ?: 1);

	assert_non_null(copy);
	memcpy(copy, text, len);
	return json_parse(copy, len, "network config", doc, err);
}

static const char *const good[] = {
	"[0,-0,0.05,100,-1005,1e05,-1E-00,1e+00]",
	"{}",
	" \t\r\n{} \t\r\n",
	"[]",
	"null",
	"true",
	"12",
	"12 ",
	"-1.5e3",
	"\"\"",
	"\"\xc3\xa9 \\u00e9 \\ud83d\\ude00\"",
	"{\"a\":[1,2,{\"b\":null}]}",
	"{\"a\":1}\n",
};

static void test_one_value_and_white_space(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		auto_json struct json_object *doc = NULL;
		struct err err = { .code = CNI_OK };

		if (parse(good[i], strlen(good[i]), &doc, &err) != 0)
			fail_msg("%s: %s", good[i], err.msg);
		assert_int_equal(err.code, CNI_OK);
	}
}

static const char *const bad[] = {
	"",
	" ",
	"\n",
	"{",
	"[",
	"\"",
	"{}x",
	"{} {}",
	"{}]",
	"12 3",
	"null null",
	"nul",
	"truely",
	"True",
	"NULL",
	"\"\xc0\x96\"",     /* overlong */
	"\"\xed\xa0\x80\"", /* a surrogate */
	"\"\xf5\x80\x80\x80\"",
	"\"\xe2\x82",
	"NaN",
	"Infinity",
	"-Infinity",
	"[NaN]",
	"-",
	"[-]",
	"01",
	"-01",
	"00",
	"[-00]",
	"[1,-012]",
	"1.",
	"[1.]",
	".5",
	"+1",
	"1e",
	"[1e]",
	"[1e+]",
	"0x10",
	"[1,]",
	"[,1]",
	"{\"a\":1,}",
	"{\"a\"}",
	"{\"a\":}",
	"{a:1}",
	"{'a':1}",
	"'a'",
	"/* c */ {}",
	"{} // c",
	"\"\x01\"",
	"\"\t\"",
	"\"\n\"",
	"\"\\x\"",
	"\"\\u12\"",
	"\"\\u12g4\"",
	"\"\xff\"",
	"\"\xc3\"",
	"nan",
	"-infinity",
	"[\"a\\\"\", NaN]",
	"\xef\xbb\xbf{}",
	"{}\xc2\xa0",
	"{}\f",
};

static void test_anything_else_is_refused(void **state)
{
	unsigned int accepted = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct json_object *doc = NULL;
		struct err err = { .code = CNI_OK };

		if (parse(bad[i], strlen(bad[i]), &doc, &err) == 0) {
			print_error("accepted: %s\n", bad[i]);
			accepted++;
			json_object_put(doc);
			continue;
		}
		assert_null(doc);
		assert_int_equal(err.code, CNI_E_DECODE);
		assert_ptr_equal(strstr(err.msg,
					"error unmarshall network config: "),
				 err.msg);
	}
	assert_int_equal(accepted, 0);
}

static void test_nul_bytes_are_refused(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} cases[] = {
		{ "{}\0", 3 }, { "\0{}", 3 }, { "{\"a\":\"\0\"}", 9 },
		{ "12\0", 3 }, { "{\0}", 3 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct json_object *doc = NULL;
		struct err err = { .code = CNI_OK };

		assert_int_equal(parse(cases[i].text, cases[i].len, &doc, &err),
				 -EINVAL);
		assert_int_equal(err.code, CNI_E_DECODE);
		assert_non_null(strstr(err.msg, "NUL byte at byte "));
	}
}

static int parse_nested(size_t depth, const char *open, const char *close,
			struct err *err)
{
	char text[4 * (JSON_MAX_DEPTH + 1) * 4] = "";
	struct json_object *doc = NULL;
	int r;

	for (size_t i = 1; i < depth; i++)
		strncat(text, open, sizeof(text) - strlen(text) - 1);
	strncat(text, "[]", sizeof(text) - strlen(text) - 1);
	for (size_t i = 1; i < depth; i++)
		strncat(text, close, sizeof(text) - strlen(text) - 1);
	r = parse(text, strlen(text), &doc, err);
	json_object_put(doc);
	return r;
}

static void test_depth_is_bounded(void **state)
{
	struct err err = { .code = CNI_OK };

	(void)state;
	if (parse_nested(JSON_MAX_DEPTH, "[", "]", &err) != 0)
		fail_msg("%s", err.msg);
	if (parse_nested(JSON_MAX_DEPTH, "{\"a\":", "}", &err) != 0)
		fail_msg("%s", err.msg);
	assert_int_equal(parse_nested(JSON_MAX_DEPTH + 1, "[", "]", &err),
			 -EINVAL);
	assert_int_equal(err.code, CNI_E_DECODE);
	err_clear(&err);
	assert_int_equal(parse_nested(JSON_MAX_DEPTH + 1, "{\"a\":", "}", &err),
			 -EINVAL);
}

/* A number inside counts as a level. */
static void test_depth_counts_every_value(void **state)
{
	(void)state;
	for (size_t depth = JSON_MAX_DEPTH - 1; depth <= JSON_MAX_DEPTH;
	     depth++) {
		struct json_object *doc = NULL;
		struct err err = { .code = CNI_OK };
		char text[2 * JSON_MAX_DEPTH + 1];

		memset(text, '[', depth);
		text[depth] = '1';
		memset(text + depth + 1, ']', depth);
		assert_int_equal(parse(text, 2 * depth + 1, &doc, &err),
				 depth < JSON_MAX_DEPTH ? 0 : -EINVAL);
		json_object_put(doc);
	}
}

static void test_size_is_bounded(void **state)
{
	auto_json struct json_object *doc = NULL, *none = NULL;
	auto_free char *text = malloc(JSON_MAX_BYTES + 1);
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_non_null(text);
	memset(text, ' ', JSON_MAX_BYTES + 1);
	text[0] = '{';
	text[1] = '}';
	assert_int_equal(parse(text, JSON_MAX_BYTES, &doc, &err), 0);
	assert_int_equal(parse(text, JSON_MAX_BYTES + 1, &none, &err), -EINVAL);
	assert_int_equal(err.code, CNI_E_DECODE);
	assert_string_equal(err.msg, "error unmarshall network config: "
				     "more than 8388608 bytes");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_value_and_white_space),
		cmocka_unit_test(test_anything_else_is_refused),
		cmocka_unit_test(test_nul_bytes_are_refused),
		cmocka_unit_test(test_depth_is_bounded),
		cmocka_unit_test(test_depth_counts_every_value),
		cmocka_unit_test(test_size_is_bounded),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
