/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/cni/version.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void texts_and_versions_match(void **state)
{
	static const char *const texts[CNI_VERSIONS] = {
		"0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0",
	};

	(void)state;
	for (int i = 0; i < CNI_VERSIONS; i++) {
		enum cni_version version = CNI_VERSIONS;

		assert_string_equal(cni_version_text((enum cni_version)i),
				    texts[i]);
		assert_true(cni_version_known(texts[i], &version));
		assert_int_equal(version, i);
	}
}

static void other_texts_are_unknown(void **state)
{
	static const char *const texts[] = {
		"",       "1",      "1.1",   "1.1.0.0", "01.1.0",
		"1.1.0 ", "v1.1.0", "9.9.9", "0.3.2",   "1.1.00",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		enum cni_version version = CNI_V0_3_0;

		assert_false(cni_version_known(texts[i], &version));
		assert_int_equal(version, CNI_V0_3_0);
	}
}

static void each_version_has_a_family(void **state)
{
	static const enum cni_family families[CNI_VERSIONS] = {
		CNI_FAMILY_0_1, CNI_FAMILY_0_1, CNI_FAMILY_0_3, CNI_FAMILY_0_3,
		CNI_FAMILY_0_3, CNI_FAMILY_1_0, CNI_FAMILY_1_0,
	};

	(void)state;
	for (int i = 0; i < CNI_VERSIONS; i++)
		assert_int_equal(cni_version_family((enum cni_version)i),
				 families[i]);
}

static const struct {
	const char *text;
	enum cni_version least;
	bool want;
} order_cases[] = {
	{ "0.4.0", CNI_V0_4_0, true },
	{ "0.3.1", CNI_V0_4_0, false },
	{ "0.3.9", CNI_V0_3_1, true },
	{ "0.3", CNI_V0_3_0, true },
	{ "0.3", CNI_V0_3_1, false },
	{ "1.1", CNI_V1_1_0, true },
	{ "1", CNI_V1_0_0, true },
	{ "1", CNI_V1_1_0, false },
	{ "1.0.9", CNI_V1_1_0, false },
	{ "0.10.0", CNI_V0_4_0, true },
	{ "0.99.9", CNI_V1_0_0, false },
	{ "9.9.9", CNI_V1_1_0, true },
	{ "10.0.0", CNI_V1_1_0, true },
	{ "-1", CNI_V0_1_0, false },
	{ "+1", CNI_V1_0_0, true },
	{ "1.-2", CNI_V1_0_0, false },
	{ "01.01", CNI_V1_1_0, true },
	{ "2.0.-1", CNI_V1_1_0, true },
	{ "9223372036854775807", CNI_V1_1_0, true },
};

static void versions_are_ordered_by_their_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(order_cases); i++) {
		struct err err = { .code = CNI_OK };
		bool got = !order_cases[i].want;

		if (cni_version_at_least(order_cases[i].text,
					 order_cases[i].least, &got, &err) < 0)
			fail_msg("%s: %s", order_cases[i].text, err.msg);
		if (got != order_cases[i].want)
			fail_msg("%s and %s", order_cases[i].text,
				 cni_version_text(order_cases[i].least));
	}
}

static const struct {
	const char *text;
	bool want; /* newer than 1.0.0 */
} newer_cases[] = {
	{ "0.9.9", false }, { "1.0.0", false }, { "1", false },
	{ "1.0.1", true },  { "1.1", true },    { "2", true },
};

static void an_equal_version_is_not_newer(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(newer_cases); i++) {
		struct err err = { .code = CNI_OK };
		bool got = !newer_cases[i].want;

		assert_int_equal(cni_version_newer(newer_cases[i].text,
						   CNI_V1_0_0, &got, &err),
				 0);
		if (got != newer_cases[i].want)
			fail_msg("%s", newer_cases[i].text);
	}
}

#define PART "failed to convert "

static const struct {
	const char *text, *want;
} bad_cases[] = {
	{ "1.1.0.0", "invalid version \"1.1.0.0\": too many parts" },
	{ "a.b.c.d", "invalid version \"a.b.c.d\": too many parts" },
	{ "1.1.0.", "invalid version \"1.1.0.\": too many parts" },
	{ "abc", PART "major version part \"abc\": invalid syntax" },
	{ "abc.1", PART "major version part \"abc\": invalid syntax" },
	{ "", PART "major version part \"\": invalid syntax" },
	{ ".", PART "major version part \"\": invalid syntax" },
	{ "-", PART "major version part \"-\": invalid syntax" },
	{ "+-1", PART "major version part \"+-1\": invalid syntax" },
	{ " 1", PART "major version part \" 1\": invalid syntax" },
	{ "0x1", PART "major version part \"0x1\": invalid syntax" },
	{ "1_0", PART "major version part \"1_0\": invalid syntax" },
	{ "1.x", PART "minor version part \"x\": invalid syntax" },
	{ "1..0", PART "minor version part \"\": invalid syntax" },
	{ "1.1.0-rc1", PART "micro version part \"0-rc1\": invalid syntax" },
	{ "1.1.", PART "micro version part \"\": invalid syntax" },
	{ "1.20000000000000000000",
	  PART "minor version part \"20000000000000000000\": value out of "
	       "range" },
	{ "9223372036854775808",
	  PART "major version part \"9223372036854775808\": value out of "
	       "range" },
};

static void a_malformed_version_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad_cases); i++) {
		struct err err = { .code = CNI_OK };
		bool got;

		assert_int_equal(cni_version_at_least(bad_cases[i].text,
						      CNI_V0_4_0, &got, &err),
				 -EINVAL);
		assert_int_equal(err.code, CNI_E_DECODE);
		assert_string_equal(err.msg, bad_cases[i].want);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_and_versions_match),
		cmocka_unit_test(other_texts_are_unknown),
		cmocka_unit_test(each_version_has_a_family),
		cmocka_unit_test(versions_are_ordered_by_their_numbers),
		cmocka_unit_test(an_equal_version_is_not_newer),
		cmocka_unit_test(a_malformed_version_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
