/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/cni/args.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const struct {
	const char *args;
	const char *ip, *gateway;
	const char *want; /* NULL: accepted */
} cases[] = {
	{ "", "", "", NULL },
	{ "IP=10.1.2.3", "10.1.2.3", "", NULL },
	{ "IP=10.1.2.3;GATEWAY=10.1.2.1", "10.1.2.3", "10.1.2.1", NULL },
	{ "IP=", "", "", NULL },
	{ "IP=a;IP=b", "b", "", NULL },
	{ "IP=a;IP=", "", "", NULL },
	/* IgnoreUnknown, wherever it is and however it is spelled */
	{ "IgnoreUnknown=1;K8S_POD_NAME=x;IP=a", "a", "", NULL },
	{ "K8S_POD_NAME=x;IP=a;IgnoreUnknown=true", "a", "", NULL },
	{ "A=B;IgnoreUnknown=TrUe", "", "", NULL },
	{ "IgnoreUnknown=0;IP=a", "a", "", NULL },
	{ "IgnoreUnknown=FALSE;IP=a", "a", "", NULL },
	{ "IgnoreUnknown=0;A=B", "", "", "CNI_ARGS: unknown args [\"A=B\"]" },
	{ "IgnoreUnknown=1;A=B;IgnoreUnknown=false", "", "",
	  "CNI_ARGS: unknown args [\"A=B\"]" },
	{ "IgnoreUnknown=yes", "", "",
	  "CNI_ARGS: error parsing value of pair \"IgnoreUnknown=yes\": "
	  "boolean unmarshal error: invalid input yes" },
	{ "IgnoreUnknown=", "", "",
	  "CNI_ARGS: error parsing value of pair \"IgnoreUnknown=\": "
	  "boolean unmarshal error: invalid input " },
	/* keys are taken as they are */
	{ "ip=a", "", "", "CNI_ARGS: unknown args [\"ip=a\"]" },
	{ "I=a;IPP=b", "", "", "CNI_ARGS: unknown args [\"I=a\" \"IPP=b\"]" },
	{ "A=B;IP=x;C=D", "", "", "CNI_ARGS: unknown args [\"A=B\" \"C=D\"]" },
	{ "=B", "", "", "CNI_ARGS: unknown args [\"=B\"]" },
	{ " IP=a", "", "", "CNI_ARGS: unknown args [\" IP=a\"]" },
	/* exactly one '=' in each piece */
	{ "p", "", "", "CNI_ARGS: invalid pair \"p\"" },
	{ "IP=a;", "", "", "CNI_ARGS: invalid pair \"\"" },
	{ ";IP=a", "", "", "CNI_ARGS: invalid pair \"\"" },
	{ "IP=a;;GATEWAY=b", "", "", "CNI_ARGS: invalid pair \"\"" },
	{ ";", "", "", "CNI_ARGS: invalid pair \"\"" },
	{ "IP=a=b", "", "", "CNI_ARGS: invalid pair \"IP=a=b\"" },
	{ "IP==", "", "", "CNI_ARGS: invalid pair \"IP==\"" },
	{ "IgnoreUnknown=1;p", "", "", "CNI_ARGS: invalid pair \"p\"" },
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cni_arg known[] = {
			{ .key = "IP", .value = "left over" },
			{ .key = "GATEWAY", .value = "left over" },
		};
		struct err err = { .code = CNI_OK };
		int r;

		r = cni_args_read(cases[i].args, known, COUNT(known), &err);
		assert_string_equal(err.msg, cases[i].want ?: "");
		assert_int_equal(r, cases[i].want ? -EINVAL : 0);
		assert_int_equal(err.code, cases[i].want ? CNI_E_ENV : CNI_OK);
		if (cases[i].want)
			continue;
		assert_string_equal(known[0].value, cases[i].ip);
		assert_string_equal(known[1].value, cases[i].gateway);
	}
}

static void test_nothing_known(void **state)
{
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(cni_args_read("", NULL, 0, &err), 0);
	assert_int_equal(cni_args_read("A=B", NULL, 0, &err), -EINVAL);
	assert_string_equal(err.msg, "CNI_ARGS: unknown args [\"A=B\"]");
}

static void test_longest_value(void **state)
{
	struct cni_arg ip = { .key = "IP" };
	struct err err = { .code = CNI_OK };
	char args[300];

	(void)state;
	(void)snprintf(args, sizeof(args), "IP=%0255d", 7);
	assert_int_equal(cni_args_read(args, &ip, 1, &err), 0);
	assert_int_equal(strlen(ip.value), 255);
	assert_string_equal(ip.value, args + 3);

	(void)snprintf(args, sizeof(args), "IP=%0256d", 7);
	assert_int_equal(cni_args_read(args, &ip, 1, &err), -EINVAL);
	assert_int_equal(err.code, CNI_E_ENV);
	assert_string_equal(err.msg, "CNI_ARGS: value of \"IP\" is longer "
				     "than 255 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_nothing_known),
		cmocka_unit_test(test_longest_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
