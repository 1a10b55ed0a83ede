/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "common/base/strbuf.h"
#include "common/cni/attachments.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static int read_text(const char *text, size_t len, struct cni_attachments *out,
		     struct err *err)
{
	auto_json struct json_object *doc = NULL;
	struct cfg conf;

	assert_int_equal(json_parse(text, len, "test", &doc, err), 0);
	conf = cfg_root(doc);
	return cni_attachments_read(&conf, out, err);
}

#define ONE "{\"containerID\":\"c1\",\"ifname\":\"eth0\"}"
#define TWO "{\"containerID\":\"c2\",\"ifname\":\"eth0\"}"

static const struct {
	const char *conf;
	bool present;
	size_t count;
	const char *want; /* NULL: accepted */
} cases[] = {
	{ "{}", false, 0, NULL },
	{ "null", false, 0, NULL },
	{ "{\"cni.dev/valid-attachments\":null}", false, 0, NULL },
	{ "{\"cni.dev/valid-attachments\":[]}", true, 0, NULL },
	{ "{\"cni.dev/attachments\":[]}", true, 0, NULL },
	{ "{\"CNI.dev/Valid-Attachments\":[" ONE "]}", true, 1, NULL },
	{ "{\"cni.dev/attachments\":[" ONE "," TWO "]}", true, 2, NULL },
	{ "{\"cni.dev/valid-attachments\":[" ONE "],"
	  "\"cni.dev/attachments\":[" TWO "]}",
	  true, 2, NULL },
	{ "{\"cni.dev/valid-attachments\":[],"
	  "\"cni.dev/attachments\":[" TWO "]}",
	  true, 1, NULL },
	{ "{\"cni.dev/valid-attachments\":[" ONE "," ONE "]}", true, 2, NULL },
	{ "{\"cni.dev/valid-attachments\":"
	  "[{\"CONTAINERid\":\"c1\",\"IfName\":\"eth0\",\"more\":1}]}",
	  true, 1, NULL },
	{ "{\"cni.dev/valid-attachments\":{}}", true, 0,
	  "cni.dev/valid-attachments: must be an array, not an object" },
	{ "{\"cni.dev/valid-attachments\":[{\"ifname\":\"eth0\"}]}", true, 0,
	  "cni.dev/valid-attachments[0].containerID: required but missing" },
	{ "{\"cni.dev/valid-attachments\":[" ONE ",{\"containerID\":\"c\"}]}",
	  true, 0,
	  "cni.dev/valid-attachments[1].ifname: required but missing" },
	{ "{\"cni.dev/attachments\":[{\"containerID\":null}]}", true, 0,
	  "cni.dev/attachments[0].containerID: required but missing" },
	{ "{\"cni.dev/attachments\":[null]}", true, 0,
	  "cni.dev/attachments[0]: required but missing" },
	{ "{\"cni.dev/attachments\":[\"c1\"]}", true, 0,
	  "cni.dev/attachments[0]: must be an object, not a string" },
	{ "{\"cni.dev/attachments\":[{\"containerID\":7}]}", true, 0,
	  "cni.dev/attachments[0].containerID: must be a string, "
	  "not an integer" },
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_attachments struct cni_attachments list = { .count = 0 };
		struct err err = { .code = CNI_OK };
		int r;

		r = read_text(cases[i].conf, strlen(cases[i].conf), &list,
			      &err);
		assert_string_equal(err.msg, cases[i].want ?: "");
		assert_int_equal(r, cases[i].want ? -EINVAL : 0);
		assert_int_equal(err.code,
				 cases[i].want ? CNI_E_CONFIG : CNI_OK);
		if (cases[i].want)
			continue;
		assert_int_equal(list.present, cases[i].present);
		assert_int_equal(list.count, cases[i].count);
	}
}

static const struct {
	const char *container, *ifname;
	bool want;
} lookups[] = {
	{ "b", "eth0", true }, { "b", "eth1", true },   { "b", "eth2", false },
	{ "b", NULL, true },   { "a", "net1", true },   { "a", "eth0", false },
	{ "a", NULL, true },   { "c", "eth0", true },   { "C", "eth0", false },
	{ "d", NULL, false },  { "", NULL, false },     { "bb", NULL, false },
	{ "c", "eth", false }, { "c", "eth00", false }, { "c", "", false },
};

static void test_lookup(void **state)
{
	static const char conf[] =
		"{\"cni.dev/attachments\":["
		"{\"containerID\":\"c\",\"ifname\":\"eth0\"},"
		"{\"containerID\":\"b\",\"ifname\":\"eth1\"}],"
		"\"cni.dev/valid-attachments\":["
		"{\"containerID\":\"b\",\"ifname\":\"eth1\"},"
		"{\"containerID\":\"b\",\"ifname\":\"eth0\"},"
		"{\"containerID\":\"a\",\"ifname\":\"net1\"}]}";
	auto_attachments struct cni_attachments list = { .count = 0 };
	struct cni_attachments none = { .count = 0 };
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(read_text(conf, strlen(conf), &list, &err), 0);
	for (size_t i = 0; i < COUNT(lookups); i++)
		assert_int_equal(cni_attachments_have(&list,
						      lookups[i].container,
						      lookups[i].ifname),
				 lookups[i].want);
	assert_false(cni_attachments_have(&none, "a", "net1"));
	assert_false(cni_attachments_have(&none, "a", NULL));
}

/* A node's worth of attachments a hundred times over is still quick. */
static void test_many(void **state)
{
	enum { MANY = 100000 };
	auto_attachments struct cni_attachments list = { .count = 0 };
	auto_strbuf struct strbuf conf = { .len = 0 };
	struct err err = { .code = CNI_OK };
	struct timespec start, end;
	char id[16];

	(void)state;
	strbuf_puts(&conf, "{\"cni.dev/valid-attachments\":[");
	for (unsigned int i = 0; i < MANY; i++)
		strbuf_printf(&conf,
			      "%s{\"containerID\":\"%08x\",\"ifname\":\"e\"}",
			      i ? "," : "", i * 2654435761U);
	strbuf_puts(&conf, "]}");
	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	assert_int_equal(read_text(conf.data, conf.len, &list, &err), 0);
	assert_int_equal(list.count, MANY);
	for (unsigned int i = 0; i < MANY; i++) {
		(void)snprintf(id, sizeof(id), "%08x", i * 2654435761U);
		assert_true(cni_attachments_have(&list, id, "e"));
		assert_true(cni_attachments_have(&list, id, NULL));
		assert_false(cni_attachments_have(&list, id, "f"));
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true(end.tv_sec - start.tv_sec < 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
