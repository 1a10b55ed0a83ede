/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests/tool: linux.seccomp as the tool makes it, on standard output.
 *
 *	profilectl PROFILE CAPS
 *
 * PROFILE is what --security-opt seccomp= takes; CAPS a JSON array of names.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "runtime-glue/tool/bundle.h"

int main(int argc, char **argv)
{
	auto_json struct json_object *caps = NULL;
	auto_json struct json_object *out = NULL;
	struct err err = { .code = CNI_OK };
	int r;

	if (argc != 3) {
		(void)fputs("usage: profilectl PROFILE CAPS\n", stderr);
		return 2;
	}
	r = json_parse(argv[2], strlen(argv[2]), "CAPS", &caps, &err);
	r = r ?: bundle_seccomp(argv[1], caps, &out, &err);
	if (r < 0) {
		(void)fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	(void)puts(json_object_to_json_string_ext(out, JSON_C_TO_STRING_PLAIN));
	return 0;
}
