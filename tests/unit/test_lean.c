/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stand-ins of common/base/lean.c, under other names than the real ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <locale.h>
#include <stdlib.h>
#include <time.h>

size_t lean_strcspn(const char *s, const char *reject);
unsigned long long lean_strtoull(const char *nptr, char **endptr, int base);

/* NOLINTBEGIN(*-identifier-naming): the library's names */
#define newlocale  lean_newlocale
#define duplocale  lean_duplocale
#define uselocale  lean_uselocale
#define freelocale lean_freelocale
#define time       lean_time
#define strcspn    lean_strcspn
#define strtoull   lean_strtoull
/* NOLINTEND(*-identifier-naming) */
locale_t newlocale(int category_mask, const char *locale, locale_t base);
locale_t duplocale(locale_t dataset);
locale_t uselocale(locale_t dataset);
void freelocale(locale_t dataset);
time_t time(time_t *timer);
/* NOLINTNEXTLINE(bugprone-suspicious-include): its names are the library's */
#include "common/base/lean.c"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void test_strcspn(void **state)
{
	static const struct {
		const char *text, *reject;
		size_t want;
	} cases[] = {
		{ "", "", 0 },       { "", "a", 0 },     { "abc", "", 3 },
		{ "abc", "c", 2 },   { "abc", "ba", 0 }, { "abc", "cb", 1 },
		{ "abc", "xyz", 3 }, { "a:b", ":", 1 },  { "\xa0x", "\xa0", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(lean_strcspn(cases[i].text, cases[i].reject),
				 cases[i].want);
}

static void test_strtoull(void **state)
{
	static const struct {
		const char *text;
		int base;
		unsigned long long want;
		size_t used;
		int errnum;
	} cases[] = {
		{ "", 10, 0, 0, 0 },
		{ "-", 10, 0, 0, 0 },
		{ " \t\n\v\f\r", 10, 0, 0, 0 },
		{ "0", 10, 0, 1, 0 },
		{ "007", 10, 7, 3, 0 },
		{ " +12a", 10, 12, 4, 0 },
		{ "+-1", 10, 0, 0, 0 },
		{ "-1", 10, ULLONG_MAX, 2, 0 },
		{ "18446744073709551615", 10, ULLONG_MAX, 20, 0 },
		{ "18446744073709551616", 10, ULLONG_MAX, 20, ERANGE },
		{ "-18446744073709551616", 10, ULLONG_MAX, 21, ERANGE },
		{ "99999999999999999999999x", 10, ULLONG_MAX, 23, ERANGE },
		{ "12.5", 10, 12, 2, 0 },
		{ "1e3", 10, 1, 1, 0 },
		{ "fF", 16, 255, 2, 0 },
		{ "0x1g", 16, 1, 3, 0 },
		{ "0xg", 16, 0, 1, 0 },
		{ "0x", 16, 0, 1, 0 },
		{ "0x10", 10, 0, 1, 0 },
		{ "0x10", 0, 16, 4, 0 },
		{ "0X1F", 0, 31, 4, 0 },
		{ "010", 0, 8, 3, 0 },
		{ "08", 0, 0, 1, 0 },
		{ "10", 0, 10, 2, 0 },
		{ "0", 0, 0, 1, 0 },
		{ "z", 36, 35, 1, 0 },
		{ "12", 2, 1, 1, 0 },
		{ "\xb9", 10, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *end = NULL;

		errno = 0;
		assert_int_equal(lean_strtoull(cases[i].text, &end,
					       cases[i].base),
				 cases[i].want);
		assert_int_equal(errno, cases[i].errnum);
		assert_ptr_equal(end, cases[i].text + cases[i].used);
		errno = 0;
		assert_int_equal(lean_strtoull(cases[i].text, NULL,
					       cases[i].base),
				 cases[i].want);
	}
}

static void test_time(void **state)
{
	time_t now = 0;

	(void)state;
	assert_true(lean_time(&now) > 1600000000);
	assert_true(lean_time(NULL) - now <= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strcspn),
		cmocka_unit_test(test_strtoull),
		cmocka_unit_test(test_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
