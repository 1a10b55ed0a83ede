/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The result of ADD, after a digit: the version, 0 to 6, of one that does not
 * say its own. What can be read is written in all seven versions, and what
 * was written reads as what it was written from: writing it again gives the
 * same bytes.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "common/cni/result.h"

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's choice */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool truth)
{
	if (!truth)
		abort();
}

/* Success without an error, or a failure that says what and why. */
static int judge(int r, const struct err *err)
{
	if (r == 0)
		demand(err->code == CNI_OK && !*err->msg);
	else
		demand(err->code && *err->msg && r == -err->errnum);
	return r;
}

static int read_text(const char *text, size_t len, enum cni_version version,
		     struct cni_result *out)
{
	auto_json struct json_object *doc = NULL;
	struct err err = { .code = CNI_OK };
	struct cfg root;
	int r;

	r = judge(json_parse(text, len, "result", &doc, &err), &err);
	if (r < 0 || !json_object_is_type(doc, json_type_object))
		return -EINVAL;
	root = cfg_root(doc);
	return judge(cni_result_read(&root, version, out, &err), &err);
}

static int write_text(const struct cni_result *result, enum cni_version version,
		      struct strbuf *out)
{
	struct err err = { .code = CNI_OK };
	struct err dry = { .code = CNI_OK };
	int r = judge(cni_result_write(result, version, out, &err), &err);

	/* the dry run knows */
	demand(cni_result_write(result, version, NULL, &dry) == r);
	return r;
}

static void check_version(const struct cni_result *result,
			  enum cni_version version)
{
	auto_result struct cni_result again = { .ip_count = 0 };
	auto_strbuf struct strbuf first = { .data = NULL };
	auto_strbuf struct strbuf second = { .data = NULL };

	if (write_text(result, version, &first) < 0)
		return;
	demand(first.len > 0 && strlen(first.data) == first.len);
	demand(read_text(first.data, first.len, version, &again) == 0);
	demand(write_text(&again, version, &second) == 0);
	demand(first.len == second.len);
	demand(memcmp(first.data, second.data, first.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_result struct cni_result result = { .ip_count = 0 };
	int version = size > 0 ? *data - '0' : -1;

	if (version < 0 || version >= CNI_VERSIONS)
		return 0;
	if (read_text((const char *)data + 1, size - 1,
		      (enum cni_version)version, &result) < 0)
		return 0;
	for (int v = 0; v < CNI_VERSIONS; v++)
		check_version(&result, (enum cni_version)v);
	return 0;
}
