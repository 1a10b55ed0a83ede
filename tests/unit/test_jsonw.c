/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/jsonw.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void write_sample(struct jsonw *w)
{
	jsonw_open(w, NULL, '{');
	jsonw_string(w, "text", "a");
	jsonw_string_opt(w, "none", NULL);
	jsonw_string_opt(w, "empty", "");
	jsonw_string_opt(w, "given", "b");
	jsonw_int(w, "zero", 0);
	jsonw_int_opt(w, "left out", 0);
	jsonw_int_opt(w, "low", INT64_MIN);
	jsonw_open(w, "list", '[');
	jsonw_int(w, NULL, INT64_MAX);
	jsonw_open(w, NULL, '[');
	jsonw_close(w, ']');
	jsonw_open(w, NULL, '{');
	jsonw_string(w, "k", "");
	jsonw_close(w, '}');
	jsonw_close(w, ']');
	jsonw_open(w, "dns", '{');
	jsonw_close(w, '}');
	jsonw_close(w, '}');
}

static void the_layout_is_that_of_cni_plugins(void **state)
{
	auto_strbuf struct strbuf out = { .len = 0 };
	struct jsonw w = { .out = &out };

	(void)state;
	write_sample(&w);
	assert_string_equal(strbuf_str(&out),
			    "{\n"
			    "    \"text\": \"a\",\n"
			    "    \"given\": \"b\",\n"
			    "    \"zero\": 0,\n"
			    "    \"low\": -9223372036854775808,\n"
			    "    \"list\": [\n"
			    "        9223372036854775807,\n"
			    "        [],\n"
			    "        {\n"
			    "            \"k\": \"\"\n"
			    "        }\n"
			    "    ],\n"
			    "    \"dns\": {}\n"
			    "}");
}

static void compact_is_one_line_without_spaces(void **state)
{
	auto_strbuf struct strbuf out = { .len = 0 };
	struct jsonw w = { .out = &out, .compact = true };

	(void)state;
	write_sample(&w);
	assert_string_equal(strbuf_str(&out),
			    "{\"text\":\"a\",\"given\":\"b\",\"zero\":0,"
			    "\"low\":-9223372036854775808,\"list\":"
			    "[9223372036854775807,[],{\"k\":\"\"}],"
			    "\"dns\":{}}");
}

#define BAD "\\ufffd"

static const struct {
	const char *text, *want; /* without the quotes */
} string_cases[] = {
	{ "", "" },
	{ "plain ~ / '", "plain ~ / '" },
	{ "\"\\\b\f\n\r\t", "\\\"\\\\\\b\\f\\n\\r\\t" },
	{ "\x01\x1f\x7f", "\\u0001\\u001f\x7f" },
	{ "<a>&", "\\u003ca\\u003e\\u0026" },
	{ "\xc2\x80\xdf\xbf", "\xc2\x80\xdf\xbf" },
	{ "\xe0\xa0\x80\xef\xbf\xbf", "\xe0\xa0\x80\xef\xbf\xbf" },
	{ "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
	  "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf" },
	{ "\xed\x9f\xbf\xee\x80\x80", "\xed\x9f\xbf\xee\x80\x80" },
	{ "\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa",
	  "\xe2\x80\xa7\\u2028\\u2029\xe2\x80\xaa" },
	/* not UTF-8: one replacement for each byte that starts nothing */
	{ "\x80", BAD },
	{ "a\xff"
	  "b",
	  "a" BAD "b" },
	{ "\xc0\x80", BAD BAD }, /* overlong */
	{ "\xc1\xbf", BAD BAD },
	{ "\xe0\x9f\xbf", BAD BAD BAD },
	{ "\xf0\x8f\xbf\xbf", BAD BAD BAD BAD },
	{ "\xed\xa0\x80", BAD BAD BAD },         /* surrogate */
	{ "\xf4\x90\x80\x80", BAD BAD BAD BAD }, /* too high */
	{ "\xf5\x80\x80\x80", BAD BAD BAD BAD },
	{ "\xc3", BAD }, /* cut short */
	{ "\xe2\x82", BAD BAD },
	{ "\xf0\x9f\x98", BAD BAD BAD },
	{ "\xe2\x28\xa1", BAD "(" BAD },
};

static void strings_are_escaped(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(string_cases); i++) {
		auto_strbuf struct strbuf out = { .len = 0 };
		struct jsonw w = { .out = &out };
		auto_strbuf struct strbuf want = { .len = 0 };

		strbuf_printf(&want, "\"%s\"", string_cases[i].want);
		jsonw_string(&w, NULL, string_cases[i].text);
		assert_string_equal(strbuf_str(&out), strbuf_str(&want));
	}
}

static void keys_are_escaped_too(void **state)
{
	auto_strbuf struct strbuf out = { .len = 0 };
	struct jsonw w = { .out = &out, .compact = true };

	(void)state;
	jsonw_open(&w, NULL, '{');
	jsonw_int(&w, "a\"<\xff", 1);
	jsonw_close(&w, '}');
	assert_string_equal(strbuf_str(&out), "{\"a\\\"\\u003c\\ufffd\":1}");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_layout_is_that_of_cni_plugins),
		cmocka_unit_test(compact_is_one_line_without_spaces),
		cmocka_unit_test(strings_are_escaped),
		cmocka_unit_test(keys_are_escaped_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
