/* SPDX-License-Identifier: GPL-2.0-or-later */
/* runtime-glue commit: an image of a container's changes. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "runtime-glue/image/image.h"
#include "runtime-glue/tool/box.h"
#include "runtime-glue/tool/changes.h"

struct options {
	const char *message, *author;
	struct spec_strings change;
};

static const struct cli_option commit_options[] = {
	{ "message", 'm', CLI_TEXT, offsetof(struct options, message), "TEXT",
	  "a comment for the image's history" },
	{ "author", 'a', CLI_TEXT, offsetof(struct options, author), "NAME",
	  "who made it" },
	{ "change", 'c', CLI_LIST, offsetof(struct options, change),
	  "INSTRUCTION",
	  "CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, USER, VOLUME, WORKDIR or "
	  "STOPSIGNAL of a Dockerfile" },
	{ .name = NULL },
};

static int open_diff(const struct box *box, struct err *err)
{
	char path[PATH_MAX];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/vfs", box->path);
	if (access(path, F_OK) == 0) {
		err_sys(err, EOPNOTSUPP, "commit the changes of %s", box->id);
		err_hint(err, "its layers were copied, there is no list of "
			      "changes: use export and import");
		return -EOPNOTSUPP;
	}
	(void)snprintf(path, sizeof(path), "%s/diff", box->path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_sys(err, errno, "open %s", path) : fd;
}

static const char *text_of(struct json_object *json, const char *key)
{
	struct json_object *value = NULL;

	return json_object_object_get_ex(json, key, &value)
		       ? json_object_get_string(value)
		       : "";
}

static struct json_object *config_of(const struct image *image)
{
	struct json_object *config = NULL;

	(void)json_object_object_get_ex(image->config, "config", &config);
	return config;
}

static int add(const struct image_store *store, const struct image *base,
	       int diff, const struct json_object *changes,
	       const struct options *options, const char *name, struct err *err)
{
	const struct image_new what = {
		.base = base,
		.dir = diff,
		.tar = -1,
		.name = name,
		.author = options->author,
		.comment = options->message,
		.by = "runtime-glue commit",
		.config = changes,
	};
	char id[65];
	int r = image_add(store, &what, id, err);

	if (r < 0)
		return r;
	id[64] = '\n';
	return cli_print(id, 65, err);
}

static int run(const struct tool *tool, const void *opaque, int argc,
	       char **argv, struct err *err)
{
	const struct options *options = opaque;
	auto_box struct box box = BOX_NONE;
	auto_image_store struct image_store store = IMAGE_STORE_NONE;
	auto_image struct image base = IMAGE_NONE;
	auto_json struct json_object *changes = NULL;
	auto_fd int diff = -1;
	int r = box_open(tool, argv[0], false, &box, err);

	r = r ?: image_store_open(tool->root, &store, err);
	if (r < 0)
		return r;
	if (!*text_of(box.record, "imageId"))
		return err_set(err, CNI_E_FIELD,
			       "container \"%s\" has no image to add to",
			       argv[0]);
	r = image_find(&store, text_of(box.record, "imageId"), &base, err);
	r = r
		    ?: changes_read(&options->change, config_of(&base),
				    &changes, err);
	if (r < 0)
		return r;
	diff = open_diff(&box, err);
	if (diff < 0)
		return diff;
	return add(&store, &base, diff, changes, options,
		   argc > 1 ? argv[1] : NULL, err);
}

const struct tool_verb verb_commit = {
	.name = "commit",
	.arguments = "CONTAINER [IMAGE]",
	.help = "make an image of a container's image and its changes",
	.section = "Storage",
	.options = commit_options,
	.options_size = sizeof(struct options),
	.anywhere = true,
	.min_args = 1,
	.max_args = 2,
	.run = run,
};
