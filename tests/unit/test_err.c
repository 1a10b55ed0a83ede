/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/err.h"

static void test_message_grows_outwards(void **state)
{
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(err_sys(&err, ENODEV, "find link \"%s\"", "eth0"),
			 -ENODEV);
	assert_int_equal(err_in(&err, "network \"%s\"", "web"), -ENODEV);
	assert_int_equal(err_hint(&err, "kernel: %s", "gone"), -ENODEV);
	assert_int_equal(err_hint(&err, "retry"), -ENODEV);
	assert_int_equal(err.code, CNI_E_IO);
	assert_string_equal(err.msg, "network \"web\": find link \"eth0\": "
				     "No such device");
	assert_string_equal(err.details, "kernel: gone; retry");
}

static void test_first_failure_wins(void **state)
{
	struct err err = { .code = CNI_OK };

	(void)state;
	(void)err_set(&err, CNI_E_CONFIG, "first");
	assert_int_equal(err_sys(&err, EIO, "second"), -EIO);
	assert_int_equal(err_nomem(&err), -ENOMEM);
	assert_int_equal(err.code, CNI_E_CONFIG);
	assert_int_equal(err.errnum, EINVAL);
	assert_string_equal(err.msg, "first");
}

static void test_lost_errno_is_still_a_failure(void **state)
{
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(err_sys(&err, 0, "x"), -EIO);
	assert_string_equal(err.msg, "x: Input/output error");
}

static void test_kind_can_change_and_be_forgotten(void **state)
{
	struct err err = { .code = CNI_OK };

	(void)state;
	(void)err_sys(&err, EBUSY, "lock");
	assert_int_equal(err_code(&err, CNI_E_AGAIN), -EBUSY);
	assert_int_equal(err.code, CNI_E_AGAIN);
	assert_string_equal(err.msg, "lock: Device or resource busy");
	err_clear(&err);
	assert_int_equal(err.code, CNI_OK);
	assert_string_equal(err.msg, "");
	assert_int_equal(err_set(&err, CNI_E_ENV, "again"), -EINVAL);
	assert_string_equal(err.msg, "again");
}

static void test_errno_has_text_and_name(void **state)
{
	(void)state;
	assert_string_equal(err_text(ENODEV), "No such device");
	assert_string_equal(err_name(ENODEV), "ENODEV");
	assert_non_null(err_text(99999));
	assert_non_null(err_name(-1));
}

static void test_long_text_is_cut_not_overrun(void **state)
{
	struct err err = { .code = CNI_OK };
	char big[3000];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	(void)err_set(&err, CNI_E_CONFIG, "%s", big);
	(void)err_in(&err, "%s", big);
	for (int i = 0; i < 3; i++)
		(void)err_hint(&err, "%s", big);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	assert_int_equal(strlen(err.details), sizeof(err.details) - 1);
}

static void test_reason_survives_a_long_object_name(void **state)
{
	struct err err = { .code = CNI_OK };
	char big[3000];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	(void)err_sys(&err, ENOENT, "open %s", big);
	assert_non_null(strstr(err.msg, "x: No such file or directory"));
}

/* Whether @text ends with a whole UTF-8 character. */
static int ends_whole(const char *text)
{
	size_t len = strlen(text), tail = 0;
	unsigned char lead;

	while (tail < 4 && ((unsigned char)text[len - 1 - tail] & 0xc0) == 0x80)
		tail++;
	lead = (unsigned char)text[len - 1 - tail];
	if (lead < 0x80)
		return tail == 0;
	if (lead >= 0xf0)
		return tail == 3;
	return tail == (lead >= 0xe0 ? 2 : 1);
}

/* Whatever the length of the text before them, characters stay whole. */
static void test_cut_text_is_still_utf8(void **state)
{
	static const char *const chars[] = { "\xc3\xa9", "\xe2\x82\xac",
					     "\xf0\x9f\x90\x9f" };
	char big[2048];

	(void)state;
	for (size_t c = 0; c < sizeof(chars) / sizeof(*chars); c++) {
		for (size_t pad = 0; pad < 8; pad++) {
			size_t n = pad, step = strlen(chars[c]);
			struct err err = { .code = CNI_OK };

			memset(big, 'x', pad);
			for (; n + step < sizeof(big); n += step)
				memcpy(big + n, chars[c], step);
			big[n] = '\0';
			(void)err_set(&err, CNI_E_CONFIG, "%s", big);
			assert_true(ends_whole(err.msg));
			/* Full, but for the part that was cut. */
			assert_true(strlen(err.msg) >= sizeof(err.msg) - step);
			(void)err_in(&err, "%s", "read");
			assert_true(ends_whole(err.msg));
			(void)err_hint(&err, "%s", big);
			assert_true(ends_whole(err.details));
		}
	}
}

/* What fits exactly is not cut, even if it ends in a long character. */
static void test_text_that_fits_is_kept_whole(void **state)
{
	struct err err = { .code = CNI_OK };
	char text[sizeof(err.msg)];

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text + sizeof(text) - 4, "\xe2\x82\xac", 4);
	(void)err_set(&err, CNI_E_CONFIG, "%s", text);
	assert_string_equal(err.msg, text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message_grows_outwards),
		cmocka_unit_test(test_first_failure_wins),
		cmocka_unit_test(test_lost_errno_is_still_a_failure),
		cmocka_unit_test(test_kind_can_change_and_be_forgotten),
		cmocka_unit_test(test_errno_has_text_and_name),
		cmocka_unit_test(test_long_text_is_cut_not_overrun),
		cmocka_unit_test(test_reason_survives_a_long_object_name),
		cmocka_unit_test(test_cut_text_is_still_utf8),
		cmocka_unit_test(test_text_that_fits_is_kept_whole),
	};

	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
