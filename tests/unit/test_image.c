/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images' names, and what index.json and manifests may not say. */
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
#include <unistd.h>

#include "common/base/cleanup.h"
#include "runtime-glue/image/load.h"
#include "runtime-glue/image/store_parts.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void test_names(void **state)
{
	static const struct {
		const char *name, *normal, *brief; /* NULL: refused */
	} cases[] = {
		{ "web", "docker.io/library/web:latest", "web:latest" },
		{ "web:1.2", "docker.io/library/web:1.2", "web:1.2" },
		{ "a/web", "docker.io/a/web:latest", "a/web:latest" },
		{ "index.docker.io/a/web", "docker.io/a/web:latest",
		  "a/web:latest" },
		{ "localhost/web", "localhost/web:latest",
		  "localhost/web:latest" },
		{ "host:5000/a/b:t", "host:5000/a/b:t", "host:5000/a/b:t" },
		{ "a__b-c---d.e", "docker.io/library/a__b-c---d.e:latest",
		  "a__b-c---d.e:latest" },
		{ "", NULL, NULL },
		{ "Web", NULL, NULL },
		{ "web:", NULL, NULL },
		{ "web:.x", NULL, NULL },
		{ "web:a/b", NULL, NULL },
		{ "../web", NULL, NULL },
		{ "a/../web", NULL, NULL },
		{ "/web", NULL, NULL },
		{ "web/", NULL, NULL },
		{ "a//b", NULL, NULL },
		{ "a___b", NULL, NULL },
		{ "web\n", NULL, NULL },
		{ "web%2f", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_free char *normal = NULL, *file = NULL, *back = NULL;
		struct err err = { .code = CNI_OK };
		int r = image_name_normal(cases[i].name, &normal, &err);

		if (!cases[i].normal) {
			assert_int_equal(r, -EINVAL);
			assert_non_null(strstr(err.msg, "is no image name"));
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal(normal, cases[i].normal);
		assert_string_equal(image_name_short(normal), cases[i].brief);
		assert_int_equal(image_name_to_file(normal, &file, &err), 0);
		assert_null(strchr(file, '/'));
		back = image_name_of_file(file);
		assert_string_equal(back, normal);
	}
}

static void test_long_name(void **state)
{
	auto_free char *normal = NULL;
	struct err err = { .code = CNI_OK };
	char name[400];

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(image_name_normal(name, &normal, &err), -EINVAL);
	assert_null(normal);
}

static void test_digests(void **state)
{
	static const char hex[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b"
				  "934ca495991b7852b855";
	char text[100];

	(void)state;
	(void)snprintf(text, sizeof(text), "sha256:%s", hex);
	assert_string_equal(digest_hex(text), hex);
	assert_null(digest_hex(hex));
	text[8] = 'G';
	assert_null(digest_hex(text));
	assert_null(digest_hex("sha256:"));
	assert_null(digest_hex("sha512:00"));
	assert_false(digest_is_hex("../../../../etc"));
}

/* index.json of a layout directory, and what the error says of it. */
static void test_indexes(void **state)
{
#define HEX64 "0000000000000000000000000000000000000000000000000000000000000000"
	static const struct {
		const char *index, *says;
	} cases[] = {
		{ "", "index.json" },
		{ "[]", "index" },
		{ "{}", "manifests" },
		{ "{\"manifests\":[]}", "no image for this machine" },
		{ "{\"manifests\":[1]}", "manifests" },
		{ "{\"manifests\":[{\"digest\":\"sha256:../../x\"}]}",
		  "no sha256 digest" },
		{ "{\"manifests\":[{\"digest\":\"sha256:" HEX64 "\"}]}",
		  HEX64 },
		{ "{\"manifests\":[{\"digest\":\"sha256:" HEX64 "\","
		  "\"platform\":{\"os\":null,\"architecture\":7}}]}",
		  "no image for this machine" },
	};
	char dir[] = "/tmp/test_image.XXXXXX", path[100], root[100];
	auto_image_store struct image_store store = IMAGE_STORE_NONE;
	const struct load_options options = { .name = NULL };
	struct err err = { .code = CNI_OK };
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(root, sizeof(root), "%s/store", dir);
	(void)snprintf(path, sizeof(path), "%s/index.json", dir);
	assert_int_equal(image_store_open(root, &store, &err), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		err = (struct err){ .code = CNI_OK };
		file = fopen(path, "we");
		assert_non_null(file);
		assert_true(fputs(cases[i].index, file) >= 0);
		assert_int_equal(fclose(file), 0);
		assert_true(image_load(&store, dir, &options, &err) < 0);
		assert_non_null(strstr(err.msg, cases[i].says));
	}
	assert_int_equal(image_scrap(AT_FDCWD, dir, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_digests),
		cmocka_unit_test(test_indexes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
