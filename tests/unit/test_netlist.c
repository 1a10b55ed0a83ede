/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <stdlib.h>
#include <sys/stat.h>

#include "runtime-glue/cni/netlist.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static char dir[] = "/tmp/test_netlist.XXXXXX";

static void put(const char *name, const char *text)
{
	char path[200];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void drop(const char *name)
{
	char path[200];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(remove(path), 0);
}

static const char *type_at(const struct netlist *list, size_t index)
{
	return json_object_get_string(json_object_object_get(
		json_object_array_get_idx(list->plugins, index), "type"));
}

#define PLUGINS "\"plugins\":[{\"type\":\"a\"}]"

static void test_versions(void **state)
{
	static const struct {
		const char *keys, *version; /* NULL: refused */
	} cases[] = {
		{ "", "0.1.0" },
		{ "\"cniVersion\":\"\",", "0.1.0" },
		{ "\"cniVersion\":\"0.4.0\",", "0.4.0" },
		{ "\"cniVersion\":\"0.3.1\",\"cniVersions\":[\"1.0.0\"],",
		  "1.0.0" },
		{ "\"cniVersions\":[\"0.2.0\",\"1.1.0\",\"1.0.0\"],", "1.1.0" },
		{ "\"cniVersion\":\"1.1.0\",\"cniVersions\":[\"0.4.0\"],",
		  "1.1.0" },
		{ "\"cniVersions\":[\"1.0.0\",\"1.2.0\",\"9\"],", "1.0.0" },
		{ "\"cniVersions\":[],", "0.1.0" },
		{ "\"cniVersion\":\"2.0.0\",", NULL },
		{ "\"cniVersion\":\"0.9.0\",", NULL },
		{ "\"cniVersion\":\"new\",", NULL },
		{ "\"cniVersion\":1,", NULL },
		{ "\"cniVersions\":\"1.0.0\",", NULL },
		{ "\"cniVersions\":[1],", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_netlist struct netlist list = NETLIST_NONE;
		struct err err = { .code = CNI_OK };
		char text[200];
		int r;

		(void)snprintf(text, sizeof(text),
			       "{\"name\":\"n\",%s" PLUGINS "}", cases[i].keys);
		r = netlist_parse(text, strlen(text), "t", NULL, &list, &err);
		if (!cases[i].version) {
			assert_true(r < 0);
			assert_non_null(strstr(err.msg, "ersion"));
			assert_null(list.plugins);
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal(list.version, cases[i].version);
		assert_string_equal(list.bytes, text);
		assert_int_equal(list.len, strlen(text));
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", "t: " },
		{ "[]", "must be an object" },
		{ "{" PLUGINS "}", "missing network name" },
		{ "{\"name\":\"../n\"," PLUGINS "}", "invalid characters" },
		{ "{\"name\":7," PLUGINS "}", "name" },
		{ "{\"name\":\"n\"}", "has no plugins" },
		{ "{\"name\":\"n\",\"plugins\":{}}", "plugins" },
		{ "{\"name\":\"n\",\"plugins\":[]}", "has no plugins" },
		{ "{\"name\":\"n\",\"plugins\":[7]}", "plugins[0]" },
		{ "{\"name\":\"n\",\"plugins\":[null]}", "plugins[0]" },
		{ "{\"name\":\"n\",\"plugins\":[{}]}", "plugins[0].type" },
		{ "{\"name\":\"n\",\"plugins\":[{\"type\":\"\"}]}",
		  "plugins[0].type" },
		{ "{\"name\":\"n\",\"plugins\":[{\"type\":\"..\"}]}",
		  "plugins[0].type" },
		{ "{\"name\":\"n\",\"plugins\":[{\"type\":\"a/b\"}]}",
		  "plugins[0].type" },
		{ "{\"name\":\"n\",\"disableGC\":\"yes\"," PLUGINS "}",
		  "disableGC" },
		{ "{\"name\":\"n\",\"disableGC\":1," PLUGINS "}", "disableGC" },
		{ "{\"name\":\"n\",\"loadOnlyInlinedPlugins\":true}",
		  "loadOnlyInlinedPlugins" },
		{ "{\"name\":\"n\",\"type\":\"a/b\"}", "type" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_netlist struct netlist list = NETLIST_NONE;
		struct err err = { .code = CNI_OK };

		assert_true(netlist_parse(cases[i].text, strlen(cases[i].text),
					  "t", NULL, &list, &err) < 0);
		assert_true(err.code != CNI_OK);
		if (!strstr(err.msg, cases[i].says))
			fail_msg("%s: %s", cases[i].text, err.msg);
		assert_null(list.name);
	}
}

static void test_flags(void **state)
{
	static const char text[] =
		"{\"name\":\"n\",\"disableCheck\":\"TRUE\",\"disableGC\":true,"
		"\"loadOnlyInlinedPlugins\":\"False\"," PLUGINS "}";
	auto_netlist struct netlist list = NETLIST_NONE;
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(
		netlist_parse(text, strlen(text), "t", NULL, &list, &err), 0);
	assert_true(list.disable_check);
	assert_true(list.disable_gc);
}

/* What is not a list in one text is written as one, for the cache. */
static void test_bytes_are_a_list(void **state)
{
	static const char single[] =
		"{\"name\":\"n\",\"cniVersion\":\"0.4.0\",\"type\":\"a\"}";
	auto_netlist struct netlist list = NETLIST_NONE;
	auto_netlist struct netlist again = NETLIST_NONE;
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(netlist_parse(single, strlen(single), "t", NULL, &list,
				       &err),
			 0);
	assert_int_equal(netlist_parse(list.bytes, list.len, "t", NULL, &again,
				       &err),
			 0);
	assert_string_equal(again.name, "n");
	assert_string_equal(again.version, "0.4.0");
	assert_int_equal(json_object_array_length(again.plugins), 1);
	assert_string_equal(type_at(&again, 0), "a");
	assert_string_equal(again.bytes, list.bytes);
}

/* One of two with a name, a folder, and a file that is none. */
static void test_order_of_files(void **state)
{
	auto_netlist struct netlist list = NETLIST_NONE;
	struct netlist *all;
	struct err err = { .code = CNI_OK };
	char path[200];
	size_t count;

	(void)state;
	put("10-x.conf", "{\"name\":\"n\",\"type\":\"conf\"}");
	put("20-b.conflist",
	    "{\"name\":\"n\",\"plugins\":[{\"type\":\"second\"}]}");
	put("20-a.conflist",
	    "{\"name\":\"n\",\"plugins\":[{\"type\":\"first\"}]}");
	put("05-m.json", "{\"name\":\"m\",\"type\":\"json\"}");
	put("00-bad.conflist", "{\"name\":");
	put("n.txt", "{\"name\":\"t\",\"type\":\"t\"}");
	(void)snprintf(path, sizeof(path), "%s/30-dir.conflist", dir);
	assert_int_equal(mkdir(path, 0700), 0);

	assert_int_equal(netlist_find(dir, "n", &list, &err), 0);
	assert_string_equal(type_at(&list, 0), "first");
	(void)snprintf(path, sizeof(path), "%s/20-a.conflist", dir);
	assert_string_equal(list.path, path);

	assert_int_equal(netlist_all(dir, &all, &count, &err), 0);
	assert_int_equal(count, 2);
	assert_string_equal(all[0].name, "n");
	assert_string_equal(all[1].name, "m");
	netlists_free(all, count);

	netlist_free(&list);
	assert_int_equal(netlist_find(dir, "t", &list, &err), -ENOENT);
	assert_non_null(strstr(err.details, "there are: n, n, m, n"));
	assert_non_null(strstr(err.details, "00-bad.conflist"));
	drop("10-x.conf");
	drop("20-a.conflist");
	drop("20-b.conflist");
	drop("30-dir.conflist");
	drop("05-m.json");
	drop("00-bad.conflist");
	drop("n.txt");
}

static void test_folder_of_plugins(void **state)
{
	static const char text[] = "{\"name\":\"n\"}";
	auto_netlist struct netlist list = NETLIST_NONE;
	auto_netlist struct netlist again = NETLIST_NONE;
	struct err err = { .code = CNI_OK };
	char path[200];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/n", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	put("n/2.conf", "{\"type\":\"two\"}");
	put("n/1.conf", "{\"type\":\"one\"}");
	put("n/0.conflist", "{\"type\":\"zero\"}");
	assert_int_equal(
		netlist_parse(text, strlen(text), "t", dir, &list, &err), 0);
	assert_int_equal(json_object_array_length(list.plugins), 2);
	assert_string_equal(type_at(&list, 0), "one");
	assert_string_equal(type_at(&list, 1), "two");
	/* The cache's bytes need no folder. */
	assert_int_equal(
		netlist_parse(list.bytes, list.len, "t", dir, &again, &err), 0);
	assert_int_equal(json_object_array_length(again.plugins), 2);

	put("n/3.conf", "{\"type\":\"../three\"}");
	netlist_free(&list);
	assert_true(netlist_parse(text, strlen(text), "t", dir, &list, &err) <
		    0);
	assert_non_null(strstr(err.msg, "n/3.conf: type"));
	drop("n/0.conflist");
	drop("n/1.conf");
	drop("n/2.conf");
	drop("n/3.conf");
	drop("n");
}

static void test_no_folder(void **state)
{
	auto_netlist struct netlist list = NETLIST_NONE;
	struct netlist *all;
	struct err err = { .code = CNI_OK };
	size_t count;

	(void)state;
	assert_int_equal(netlist_all("/nonexistent", &all, &count, &err), 0);
	assert_int_equal(count, 0);
	netlists_free(all, count);
	assert_int_equal(netlist_find("/nonexistent", "n", &list, &err),
			 -ENOENT);
	assert_non_null(strstr(err.details, "network create"));
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_bytes_are_a_list),
		cmocka_unit_test(test_order_of_files),
		cmocka_unit_test(test_folder_of_plugins),
		cmocka_unit_test(test_no_folder),
	};

	return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
