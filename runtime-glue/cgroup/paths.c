/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which hierarchy has a controller; groups as the state remembers them. */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "runtime-glue/cgroup/cgroup_parts.h"

/* v2 has these in every group without being asked; no file lists them. */
static bool is_implicit(const char *controller)
{
	return strcmp(controller, "devices") == 0 ||
	       strcmp(controller, "freezer") == 0;
}

const struct cgroup_tree *cgroup_v2(const struct cgroup *cgroup)
{
	for (size_t i = 0; i < cgroup->count; i++) {
		if (cgroup->tree[i].v2 && cgroup->tree[i].dir >= 0)
			return &cgroup->tree[i];
	}
	return NULL;
}

const struct cgroup_tree *cgroup_tree_of(const struct cgroup *cgroup,
					 const char *controller)
{
	size_t len = strlen(controller);
	const struct cgroup_tree *v2 = cgroup_v2(cgroup);
	char list[256];

	for (size_t i = 0; i < cgroup->count; i++) {
		const struct cgroup_tree *tree = &cgroup->tree[i];

		if (tree->v2 ||
		    !word_in(tree->controllers, controller, len, ','))
			continue;
		return tree->dir >= 0 ? tree : NULL;
	}
	if (!v2 || is_implicit(controller))
		return v2;
	if (strcmp(controller, "blkio") == 0)
		return cgroup_tree_of(cgroup, "io");
	if (group_line(v2, "cgroup.controllers", list, sizeof(list)) < 0)
		return NULL;
	return word_in(list, controller, len, ' ') ? v2 : NULL;
}

int cgroup_clone_fd(const struct cgroup *cgroup)
{
	const struct cgroup_tree *v2 = cgroup_v2(cgroup);

	return v2 ? v2->dir : -1;
}

struct json_object *cgroup_to_json(const struct cgroup *cgroup)
{
	struct json_object *json = json_object_new_object();

	for (size_t i = 0; json && i < cgroup->count; i++) {
		const struct cgroup_tree *tree = &cgroup->tree[i];
		auto_strbuf struct strbuf full = { 0 };

		strbuf_puts(&full, tree->mount);
		strbuf_puts(&full, tree->path);
		if (full.failed ||
		    json_object_object_add(
			    json, tree->controllers,
			    json_object_new_string(strbuf_str(&full))) < 0) {
			json_object_put(json);
			return NULL;
		}
	}
	return json;
}

/*
 * Whatever is remembered, only a group is opened: nothing else will be removed
 * or written to.
 */
static int open_group(struct cgroup_tree *tree, struct err *err)
{
	struct statfs fs;
	bool is_group;

	tree->dir = open(tree->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (tree->dir < 0)
		return errno == ENOENT
			       ? 0
			       : err_sys(err, errno, "open \"%s\"", tree->path);
	if (fstatfs(tree->dir, &fs) < 0)
		return err_sys(err, errno, "statfs \"%s\"", tree->path);
	is_group = fs.f_type == (tree->v2 ? (long)CGROUP2_SUPER_MAGIC
					  : (long)CGROUP_SUPER_MAGIC);
	if (is_group)
		return 0;
	/* The hierarchy was unmounted, and the place is some directory. */
	(void)close(tree->dir);
	tree->dir = -1;
	return 0;
}

static int remember(struct cgroup *out, const char *controllers,
		    struct json_object *value, struct err *err)
{
	struct cgroup_tree *tree = &out->tree[out->count];
	const char *path = json_object_get_string(value);

	if (out->count == CGROUP_MAX ||
	    !json_object_is_type(value, json_type_string) || *path != '/' ||
	    strlen(path) != (size_t)json_object_get_string_len(value))
		return err_set(err, CNI_E_DECODE,
			       "state: cgroups: \"%s\": must be a path",
			       controllers);
	*tree = (struct cgroup_tree){ .dir = -1, .v2 = !*controllers };
	tree->controllers = arena_strdup(&out->arena, controllers);
	tree->mount = arena_strdup(&out->arena, "");
	tree->path = arena_strdup(&out->arena, path);
	if (!tree->controllers || !tree->mount || !tree->path)
		return err_nomem(err);
	out->count++;
	return open_group(tree, err);
}

int cgroup_from_json(struct json_object *json, struct cgroup *out,
		     struct err *err)
{
	size_t v2 = 0;
	int r = 0;

	*out = (struct cgroup){ .mode = CGROUP_NONE };
	if (!json_object_is_type(json, json_type_object))
		return json ? err_set(err, CNI_E_DECODE,
				      "state: cgroups: must be an object")
			    : 0;
	json_object_object_foreach(json, key, value)
	{
		r = r ?: remember(out, key, value, err);
		v2 += !*key;
	}
	if (out->count > 0 && v2 == 0)
		out->mode = CGROUP_V1;
	else if (out->count > 0)
		out->mode = v2 == out->count ? CGROUP_V2 : CGROUP_HYBRID;
	return r;
}

void cgroup_close(struct cgroup *cgroup)
{
	for (size_t i = 0; i < cgroup->count; i++) {
		if (cgroup->tree[i].dir >= 0)
			(void)close(cgroup->tree[i].dir);
		cgroup->tree[i].dir = -1;
	}
	arena_free(&cgroup->arena);
	*cgroup = (struct cgroup){ .mode = CGROUP_NONE };
}
