/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/base/io.h"
#include "runtime-glue/cni/base64.h"
#include "runtime-glue/cni/cache.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static char dir[] = "/tmp/test_cni_cache.XXXXXX";
static const struct chain_runtime runtime = { .bin_path = "",
					      .cache_dir = dir };
static const struct cache_key key = { "net", "c1", "eth0" };

static void test_base64(void **state)
{
	static const struct {
		const char *plain, *coded;
	} cases[] = {
		/* RFC 4648 section 10 */
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
		{ "\xff\xfe>?", "//4+Pw==" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_strbuf struct strbuf out = { .len = 0 };
		auto_strbuf struct strbuf back = { .len = 0 };

		base64_write(cases[i].plain, strlen(cases[i].plain), &out);
		assert_string_equal(strbuf_str(&out), cases[i].coded);
		assert_int_equal(base64_read(strbuf_str(&out), out.len, &back),
				 0);
		assert_string_equal(strbuf_str(&back), cases[i].plain);
	}
}

static void test_base64_refused(void **state)
{
	static const char *const cases[] = { "Z",        "Zg",   "Zg=",
					     "Z===",     "====", "Zg==Zg==",
					     "Zm9v Zg=", "Zm-v", "Zm9v\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_strbuf struct strbuf out = { .len = 0 };

		if (base64_read(cases[i], strlen(cases[i]), &out) != -EINVAL)
			fail_msg("%s", cases[i]);
	}
}

static void put(const char *name, const char *text)
{
	char path[200];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/results", dir);
	(void)mkdir(path, 0700);
	(void)snprintf(path, sizeof(path), "%s/results/%s", dir, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static char *get(const char *name)
{
	static char text[4096];
	char path[200];

	(void)snprintf(path, sizeof(path), "%s/results/%s", dir, name);
	assert_true(io_read_small(AT_FDCWD, path, text, sizeof(text)) > 0);
	return text;
}

#define LIST       "{\"name\":\"net\",\"plugins\":[{\"type\":\"a\"}]}"
#define LIST_CODED "eyJuYW1lIjoibmV0IiwicGx1Z2lucyI6W3sidHlwZSI6ImEifV19"

/* As libcni 1.3 writes it for the same attachment. */
#define ENTRY                                                                  \
	"{\"kind\":\"cniCacheV1\",\"containerId\":\"c1\",\"config\":"          \
	"\"" LIST_CODED "\",\"ifName\":\"eth0\",\"networkName\":\"net\","      \
	"\"netns\":\"/run/netns/x\",\"cniArgs\":[[\"K\",\"V\"],[\"L\",\"\"]]," \
	"\"capabilityArgs\":{\"mac\":\"02:00:00:00:00:01\"},"                  \
	"\"result\":{\"cniVersion\":\"1.0.0\",\"dns\":{}}}"

static void test_written_as_libcni_does(void **state)
{
	auto_netlist struct netlist list = NETLIST_NONE;
	auto_json struct json_object *caps =
		json_tokener_parse("{\"mac\":\"02:00:00:00:00:01\"}");
	auto_json struct json_object *result =
		json_tokener_parse("{\"cniVersion\":\"1.0.0\",\"dns\":{}}");
	const struct chain_attachment at = {
		.container_id = "c1",
		.netns = "/run/netns/x",
		.ifname = "eth0",
		.args = "K=V;L=",
		.caps = caps,
	};
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(
		netlist_parse(LIST, strlen(LIST), "t", NULL, &list, &err), 0);
	assert_int_equal(cache_write(&runtime, &list, &at, result, &err), 0);
	assert_string_equal(get("net-c1-eth0"), ENTRY);
	assert_int_equal(cache_remove(&runtime, &key, &err), 0);
	assert_int_equal(cache_remove(&runtime, &key, &err), 0);
}

static void test_read(void **state)
{
	auto_json struct json_object *entry = NULL;
	auto_netlist struct netlist list = NETLIST_NONE;
	auto_free char *args = NULL;
	struct err err = { .code = CNI_OK };

	(void)state;
	put("net-c1-eth0", ENTRY);
	assert_int_equal(cache_read(&runtime, &key, &entry, &err), 0);
	assert_string_equal(cache_text(entry, "netns"), "/run/netns/x");
	assert_int_equal(cache_config(entry, &list, &err), 0);
	assert_string_equal(list.bytes, LIST);
	assert_int_equal(cache_args(entry, &args, &err), 0);
	assert_string_equal(args, "K=V;L=");
	assert_non_null(cache_object(entry, "result"));
	assert_non_null(cache_object(entry, "capabilityArgs"));
	assert_int_equal(cache_remove(&runtime, &key, &err), 0);
}

static void test_old_form(void **state)
{
	auto_json struct json_object *entry = NULL;
	auto_netlist struct netlist list = NETLIST_NONE;
	struct err err = { .code = CNI_OK };

	(void)state;
	put("net-c1-eth0", "{\"cniVersion\":\"0.3.1\",\"ips\":[]}");
	assert_int_equal(cache_read(&runtime, &key, &entry, &err), 0);
	assert_string_equal(cache_text(entry, "containerId"), "c1");
	assert_string_equal(cache_text(cache_object(entry, "result"),
				       "cniVersion"),
			    "0.3.1");
	assert_true(cache_config(entry, &list, &err) < 0);
	assert_int_equal(cache_remove(&runtime, &key, &err), 0);
}

static void test_not_read(void **state)
{
	static const struct {
		const char *text;
		int r;
	} cases[] = {
		{ "", -EINVAL },
		{ "[]", -EINVAL },
		{ "{\"kind\":", -EINVAL },
		{ "{\"kind\":\"cniCacheV1\"}", -EEXIST },
		{ "{\"kind\":\"cniCacheV1\",\"networkName\":\"net-c1\","
		  "\"containerId\":\"c2\",\"ifName\":\"eth0\"}",
		  -EEXIST },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct json_object *entry = NULL;
		struct err err = { .code = CNI_OK };

		put("net-c1-eth0", cases[i].text);
		assert_int_equal(cache_read(&runtime, &key, &entry, &err),
				 cases[i].r);
		assert_null(entry);
		assert_true(*err.msg);
		err_clear(&err);
		assert_int_equal(cache_remove(&runtime, &key, &err), 0);
	}
}

static void test_names(void **state)
{
	static const struct cache_key keys[] = {
		{ "..", "c1", "eth0" },
		{ "a/b", "c1", "eth0" },
		{ "", "c1", "eth0" },
		{ "net", "../c", "eth0" },
		{ "net", "", "eth0" },
		{ "net", "c1", "" },
		{ "net", "c1", "a/b" },
		{ "net", "c1", ".." },
		{ "net", "c1", "a very long name" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		struct json_object *entry = NULL;
		struct err err = { .code = CNI_OK };

		assert_true(cache_read(&runtime, &keys[i], &entry, &err) < 0);
		err_clear(&err);
		assert_true(cache_remove(&runtime, &keys[i], &err) < 0);
	}
}

/* Others' files in the folder are passed over. */
static void test_listed(void **state)
{
	auto_json struct json_object *all = NULL;
	auto_json struct json_object *none = NULL;
	struct err err = { .code = CNI_OK };

	(void)state;
	put("net-c1-eth0", ENTRY);
	put("net-c2-eth0", "{\"cniVersion\":\"0.3.1\"}");
	put("net-c3-eth0", "{");
	put("net-c4-eth0", "{\"kind\":\"cniCacheV1\",\"networkName\":\"net\","
			   "\"containerId\":\"../c4\",\"ifName\":\"eth0\"}");
	put(".new-1-1", ENTRY);
	assert_int_equal(chain_cached(&runtime, "net", NULL, &all, &err), 0);
	assert_int_equal(json_object_array_length(all), 1);
	assert_int_equal(chain_cached(&runtime, NULL, "c9", &none, &err), 0);
	assert_int_equal(json_object_array_length(none), 0);
}

static void test_no_folder(void **state)
{
	static const struct chain_runtime nowhere = { .bin_path = "",
						      .cache_dir =
							      "/nonexistent" };
	auto_json struct json_object *all = NULL;
	struct json_object *entry = NULL;
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(chain_cached(&nowhere, NULL, NULL, &all, &err), 0);
	assert_int_equal(json_object_array_length(all), 0);
	assert_int_equal(cache_read(&nowhere, &key, &entry, &err), 0);
	assert_null(entry);
	assert_int_equal(cache_remove(&nowhere, &key, &err), 0);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **state)
{
	char command[100];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_base64_refused),
		cmocka_unit_test(test_written_as_libcni_does),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_old_form),
		cmocka_unit_test(test_not_read),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_listed),
		cmocka_unit_test(test_no_folder),
	};

	return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
