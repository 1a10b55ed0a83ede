/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wrap: box_save */
/* What -v, --mount and --tmpfs become. */
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime-glue/layers/tree.h"
#include "runtime-glue/tool/bundle.h"
#include "runtime-glue/tool/mounts.h"
#include "runtime-glue/tool/volume.h"

int __wrap_box_save(struct box *box, struct err *err);
int __wrap_box_save(struct box *box, struct err *err)
{
	(void)err;
	return box->record ? 0 : -EINVAL;
}

struct fixture {
	char root[64], source[128], merged[128];
	struct tool tool;
	struct box box;
	struct err err;
	struct json_object *mounts;
};

static int begin(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	(void)snprintf(f->root, sizeof(f->root), "/tmp/mounts.XXXXXX");
	assert_non_null(mkdtemp(f->root));
	(void)snprintf(f->merged, sizeof(f->merged), "%s/merged", f->root);
	(void)snprintf(f->source, sizeof(f->source), "%s/host/dir", f->root);
	assert_int_equal(mkdir(f->merged, 0755), 0);
	f->tool.root = f->root;
	f->box.path = f->root;
	f->box.record = json_object_new_object();
	f->mounts = json_object_new_array();
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;
	struct err err = { .code = CNI_OK };
	auto_fd int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(tree_remove(tmp, strrchr(f->root, '/') + 1, &err), 0);
	json_object_put(f->box.record);
	json_object_put(f->mounts);
	free(f);
	return 0;
}

static int make(struct fixture *f, const struct run_options *options,
		const char *image)
{
	struct json_object *json = image ? json_tokener_parse(image) : NULL;
	int r;

	memset(&f->err, 0, sizeof(f->err));
	r = bundle_mounts(&f->tool, options, json, &f->box, f->mounts, &f->err);
	json_object_put(json);
	return r;
}

static const char *made(const struct fixture *f)
{
	return json_object_to_json_string_ext(
		f->mounts,
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

#define LIST(...)                                                  \
	{                                                          \
		.count = sizeof((const char *[]){ __VA_ARGS__ }) / \
			 sizeof(const char *),                     \
		.at = (const char *[])                             \
		{                                                  \
			__VA_ARGS__                                \
		}                                                  \
	}

/* In @want, "@" is the fixture's folder. */
static void assert_mounts(const struct fixture *f, const char *want)
{
	const char *at = strchr(want, '@');
	char full[2048];

	if (at)
		(void)snprintf(full, sizeof(full), "%.*s%s%s", (int)(at - want),
			       want, f->root, at + 1);
	assert_string_equal(made(f), at ? full : want);
}

static void test_bind(void **state)
{
	struct fixture *f = *state;
	char text[256];
	struct stat st;
	const struct run_options options = { .volume = LIST(text) };

	(void)snprintf(text, sizeof(text), "%s:/data//x/../y/:ro,Z,rshared",
		       f->source);
	assert_int_equal(make(f, &options, NULL), 0);
	assert_mounts(f, "[{\"destination\":\"/data/y\",\"type\":\"bind\","
			 "\"source\":\"@/host/dir\",\"options\":[\"rbind\","
			 "\"rshared\",\"ro\"]}]");
	/* A folder that was missing is made. */
	assert_int_equal(stat(f->source, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
}

static void test_tmpfs(void **state)
{
	struct fixture *f = *state;
	const struct run_options options = {
		.tmpfs = LIST("/run:size=1m,exec"),
		.mount = LIST("type=tmpfs,dst=/cache,tmpfs-size=2k,"
			      "tmpfs-mode=1770,ro"),
	};

	assert_int_equal(make(f, &options, NULL), 0);
	assert_mounts(f,
		      "[{\"destination\":\"/cache\",\"type\":\"tmpfs\","
		      "\"source\":\"tmpfs\",\"options\":[\"ro\",\"size=2048\","
		      "\"mode=1770\",\"noexec\",\"nosuid\",\"nodev\"]},"
		      "{\"destination\":\"/run\",\"type\":\"tmpfs\","
		      "\"source\":\"tmpfs\",\"options\":[\"noexec\",\"nosuid\","
		      "\"nodev\",\"size=1m\",\"exec\"]}]");
}

static void put(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	(void)mkdir(dir, 0755);
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static bool has(const struct fixture *f, const char *path)
{
	char full[PATH_MAX];
	struct stat st;

	(void)snprintf(full, sizeof(full), "%s/%s", f->root, path);
	return stat(full, &st) == 0;
}

static void test_volume_is_filled_once(void **state)
{
	struct fixture *f = *state;
	const struct run_options options = {
		.volume = LIST("web:/www", "none:/empty:nocopy"),
	};
	char www[256], empty[256];

	(void)snprintf(www, sizeof(www), "%s/www", f->merged);
	(void)snprintf(empty, sizeof(empty), "%s/empty", f->merged);
	put(www, "index.html", "hello");
	put(empty, "file", "not this");
	assert_int_equal(chmod(www, 0751), 0);
	assert_int_equal(make(f, &options, NULL), 0);
	assert_true(has(f, "volumes/web/_data/index.html"));
	assert_true(has(f, "volumes/none/_data"));
	assert_false(has(f, "volumes/none/_data/file"));
	put(www, "later", "not in it");
	assert_int_equal(make(f, &options, NULL), 0);
	assert_false(has(f, "volumes/web/_data/later"));
	assert_string_equal(
		json_object_to_json_string_ext(f->box.record,
					       JSON_C_TO_STRING_PLAIN),
		"{\"volumes\":[\"web\",\"none\",\"web\",\"none\"]}");
}

/* The image's path may be a symlink out of the root. */
static void test_fill_stays_inside(void **state)
{
	struct fixture *f = *state;
	const struct run_options options = { .volume = LIST("v1:/link") };
	char outside[256], link[256];

	(void)snprintf(outside, sizeof(outside), "%s/outside", f->root);
	(void)snprintf(link, sizeof(link), "%s/link", f->merged);
	put(outside, "secret", "secret");
	assert_int_equal(symlink(outside, link), 0);
	assert_int_equal(make(f, &options, NULL), 0);
	assert_true(has(f, "volumes/v1/_data"));
	assert_false(has(f, "volumes/v1/_data/secret"));
}

static void test_half_filled_is_filled_anew(void **state)
{
	struct fixture *f = *state;
	const struct run_options options = { .volume = LIST("web:/www") };
	char www[256], volume[256], data[300];

	(void)snprintf(www, sizeof(www), "%s/www", f->merged);
	(void)snprintf(volume, sizeof(volume), "%s/volumes/web", f->root);
	(void)snprintf(data, sizeof(data), "%s/_data", volume);
	put(www, "one", "1");
	assert_int_equal(make(f, &options, NULL), 0);
	put(data, "junk", "left by a crash");
	put(volume, "filling", "");
	assert_int_equal(make(f, &options, NULL), 0);
	assert_true(has(f, "volumes/web/_data/one"));
	assert_false(has(f, "volumes/web/_data/junk"));
	assert_false(has(f, "volumes/web/filling"));
}

static void test_image_volumes(void **state)
{
	struct fixture *f = *state;
	const struct run_options options = { .volume = LIST("mine:/data") };
	struct json_object *list = NULL;

	assert_int_equal(
		make(f, &options,
		     "{\"config\":{\"Volumes\":{\"/data\":{},\"log/\":{}}}}"),
		0);
	assert_int_equal(json_object_array_length(f->mounts), 2);
	assert_non_null(strstr(made(f), "\"destination\":\"/log\""));
	assert_true(json_object_object_get_ex(f->box.record, "volumes", &list));
	assert_string_equal(
		json_object_get_string(json_object_array_get_idx(list, 0)),
		"mine");
	assert_int_equal(strlen(json_object_get_string(
				 json_object_array_get_idx(list, 1))),
			 64);
}

static void test_quoted_values(void **state)
{
	struct fixture *f = *state;
	auto_arena struct arena arena = { NULL };
	auto_mount_wish struct mount_wish wish;

	assert_int_equal(mount_parse_mount("type=bind,\"source=/a,b\","
					   "target=/c,readonly",
					   &arena, &wish, &f->err),
			 0);
	assert_string_equal(wish.source, "/a,b");
	assert_true(wish.read_only);
}

static void test_errors(void **state)
{
	static const struct {
		const char *volume, *mount, *tmpfs, *message;
	} cases[] = {
		{ "vol:b", NULL, NULL, "absolute" },
		{ "/x:/", NULL, NULL, "container's root" },
		{ "/x:/..", NULL, NULL, "container's root" },
		{ "/x:/y:ro:z", NULL, NULL, "too many" },
		{ "/x:/y:fast", NULL, NULL, "unknown option \"fast\"" },
		{ "na/me:/y", NULL, NULL, "no name of a volume" },
		{ "vol:/y:rshared", NULL, NULL, "folders of the host only" },
		{ NULL, "type=bind,src=x,dst=/y", NULL, "absolute path" },
		{ NULL, "type=bind,src=/none,dst=/y", NULL, "/none" },
		{ NULL, "type=npipe,dst=/y", NULL, "bind, volume and tmpfs" },
		{ NULL, "type=tmpfs,src=/x,dst=/y", NULL, "no source" },
		{ NULL, "src=vol", NULL, "target= is missing" },
		{ NULL, "dst=/y,colour=red", NULL, "unknown key \"colour\"" },
		{ NULL, "dst=/y,ro=maybe", NULL, "neither true nor false" },
		{ NULL, "type=tmpfs,dst=/y,tmpfs-mode=9", NULL, "octal" },
		{ NULL, "src=../../etc,dst=/y", NULL, "no name of a volume" },
		{ "vol:/y", NULL, "/y", "two mounts on \"/y\"" },
		{ NULL, NULL, "y", "absolute" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture *f = *state;
		const char *volume = cases[i].volume, *mount = cases[i].mount,
			   *tmpfs = cases[i].tmpfs;
		const struct run_options options = {
			.volume = { volume != NULL, &volume },
			.mount = { mount != NULL, &mount },
			.tmpfs = { tmpfs != NULL, &tmpfs },
		};

		assert_true(make(f, &options, NULL) < 0);
		if (!strstr(f->err.msg, cases[i].message))
			fail_msg("case %zu: %s", i, f->err.msg);
		assert_false(has(f, "volumes"));
	}
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		CASE(test_bind),
		CASE(test_tmpfs),
		CASE(test_volume_is_filled_once),
		CASE(test_fill_stays_inside),
		CASE(test_half_filled_is_filled_anew),
		CASE(test_image_volumes),
		CASE(test_quoted_values),
		CASE(test_errors),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
