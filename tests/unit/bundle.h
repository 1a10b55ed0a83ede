/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of bundle_make() share: others' parts of it, which a test
 * names in its line "wrap:", and a root file system with users.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime-glue/tool/bundle_parts.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define MAX_WORDS    16
#define ID           "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char top[64];
static const char *user_mounts; /* what bundle_mounts() adds */
static const char *other_box;   /* the record that box_open() finds */
static char seccomp_profile[64], seccomp_caps[1024];

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*,*-identifier-naming) */
int __wrap_box_open(const struct tool *tool, const char *reference, bool locked,
		    struct box *out, struct err *err);
int __wrap_box_open(const struct tool *tool, const char *reference, bool locked,
		    struct box *out, struct err *err)
{
	(void)tool;
	assert_false(locked);
	if (!other_box)
		return err_set(err, CNI_E_FIELD, "no container \"%s\"",
			       reference);
	*out = (struct box){ .record = json_tokener_parse(other_box) };
	return 0;
}

int __wrap_box_pid(const struct tool *tool, const struct box *box, pid_t *out,
		   struct err *err);
int __wrap_box_pid(const struct tool *tool, const struct box *box, pid_t *out,
		   struct err *err)
{
	struct json_object *pid = NULL;

	(void)tool;
	(void)err;
	*out = 0;
	if (box_is(box, "running") &&
	    json_object_object_get_ex(box->record, "pid", &pid))
		*out = json_object_get_int(pid);
	return 0;
}

void __wrap_box_close(struct box *box);
void __wrap_box_close(struct box *box)
{
	json_object_put(box->record);
}

int __wrap_bundle_mounts(const struct tool *tool,
			 const struct run_options *options,
			 const struct json_object *image_config,
			 struct box *box, struct json_object *mounts,
			 struct err *err);
int __wrap_bundle_mounts(const struct tool *tool,
			 const struct run_options *options,
			 const struct json_object *image_config,
			 struct box *box, struct json_object *mounts,
			 struct err *err)
{
	struct json_object *list;

	(void)tool;
	(void)options;
	(void)image_config;
	(void)box;
	(void)err;
	if (!user_mounts)
		return 0;
	list = json_tokener_parse(user_mounts);
	for (size_t i = 0; i < json_object_array_length(list); i++)
		json_object_array_add(
			mounts,
			json_object_get(json_object_array_get_idx(list, i)));
	json_object_put(list);
	return 0;
}

int __wrap_bundle_seccomp(const char *profile, const struct json_object *caps,
			  struct json_object **out, struct err *err);
int __wrap_bundle_seccomp(const char *profile, const struct json_object *caps,
			  struct json_object **out, struct err *err)
{
	(void)err;
	(void)snprintf(seccomp_profile, sizeof(seccomp_profile), "%s",
		       profile ?: "default");
	(void)snprintf(seccomp_caps, sizeof(seccomp_caps), "%s",
		       json_object_to_json_string_ext(
			       (struct json_object *)(uintptr_t)caps,
			       JSON_C_TO_STRING_PLAIN));
	*out = json_tokener_parse("{\"defaultAction\":\"SCMP_ACT_ALLOW\"}");
	return 0;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*,*-identifier-naming) */

/* ---- the whole: words of a command line in, config.json out ---- */

struct made {
	struct json_object *spec, *record;
	struct err err;
	int r;
};

static inline void made_free(struct made *made)
{
	json_object_put(made->spec);
	json_object_put(made->record);
}

static inline struct made make(const char *image_text, const char *const *words)
{
	struct made made = { .err = { .code = CNI_OK } };
	const struct tool tool = { .cgroup_parent = "/runtime-glue" };
	struct image image = {
		.config = image_text ? json_tokener_parse(image_text) : NULL
	};
	struct box box = { .id = (char *)(uintptr_t)ID,
			   .path = top,
			   .lock = -1,
			   .record = json_tokener_parse(
				   "{\"mode\":\"bridge\",\"netns\":\"/n\"}") };
	struct run_options options = { .name = NULL };
	char copies[MAX_WORDS][128];
	char *argv[MAX_WORDS + 1] = { NULL };
	struct cli_words at = { .argv = argv, .letters = true };

	for (; words[at.argc]; at.argc++) {
		argv[at.argc] = copies[at.argc];
		(void)snprintf(copies[at.argc], 128, "%s", words[at.argc]);
	}
	assert_true(!image_text || image.config);
	made.r = cli_parse(run_option_table, false, &at, &options, &made.err);
	made.r = made.r
			 ?: bundle_make(&tool, &options,
					image_text ? &image : NULL, &box,
					at.argc - at.at, argv + at.at,
					&made.spec, &made.err);
	made.record = box.record;
	cli_release(run_option_table, &options);
	json_object_put(image.config);
	return made;
}

/* The value at "a.b.0.c", as plain JSON; "-" if there is none. */
static inline const char *value_at(struct json_object *json, const char *path)
{
	char name[64];

	while (*path && json) {
		size_t len = strcspn(path, ".");

		assert_true(len < sizeof(name));
		memcpy(name, path, len);
		name[len] = '\0';
		if (json_object_is_type(json, json_type_array))
			json = json_object_array_get_idx(
				json, strtoul(name, NULL, 10));
		else
			json = json_object_object_get(json, name);
		path += len + (path[len] == '.');
	}
	return json ? json_object_to_json_string_ext(
			      json, JSON_C_TO_STRING_PLAIN |
					    JSON_C_TO_STRING_NOSLASHESCAPE)
		    : "-";
}

/* What our own parser thinks of it. */
static inline void assert_accepted(struct json_object *spec)
{
	const char *text = json_object_to_json_string(spec);
	struct spec_doc doc = { .json = NULL };
	struct err err = { .code = CNI_OK };

	if (spec_parse(text, strlen(text), &doc, &err) < 0)
		fail_msg("%s: %s", err.msg, text);
	spec_doc_free(&doc);
}

#define WEB                                                                 \
	"{\"config\":{\"Env\":[\"PATH=/opt/bin\",\"A=image\",\"B=image\"]," \
	"\"Entrypoint\":[\"/enter\",\"-e\"],\"Cmd\":[\"serve\",\"-v\"],"    \
	"\"User\":\"web\",\"WorkingDir\":\"/srv/made\","                    \
	"\"StopSignal\":\"SIGQUIT\",\"Labels\":{\"x\":\"1\",\"y\":\"2\"}}}"
#define BARE "{\"config\":{\"Cmd\":[\"sh\"]}}"

static inline void write_file(const char *name, const char *text, size_t len)
{
	char path[128];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", top, name);
	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	(void)close(fd);
}

static inline void make_dir(const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", top, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

static inline int make_tree(void **state)
{
	static const char passwd[] = "root:x:0:0::/root:/bin/sh\n"
				     "web:x:33:34::/var/www:/bin/sh\n";
	static const char group[] = "root:x:0:\nweb:x:34:\nextra:x:50:web\n";
	char path[128];

	(void)state;
	(void)snprintf(top, sizeof(top), "/tmp/test_bundle.XXXXXX");
	assert_non_null(mkdtemp(top));
	make_dir("merged");
	make_dir("merged/etc");
	make_dir("users");
	make_dir("users/etc");
	write_file("merged/etc/passwd", passwd, sizeof(passwd) - 1);
	write_file("merged/etc/group", group, sizeof(group) - 1);
	(void)snprintf(path, sizeof(path), "%s/merged/out", top);
	assert_int_equal(symlink("/", path), 0);
	(void)setenv("BUNDLE_SET", "here", 1);
	(void)unsetenv("BUNDLE_UNSET");
	return 0;
}

static inline int remove_tree(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}
