/* SPDX-License-Identifier: GPL-2.0-or-later */
/* inspect: of containers and images, whatever has the name. */
#include <string.h>

#include "common/base/cleanup.h"
#include "runtime-glue/tool/image_show.h"

struct options {
	const char *type;
};

static const struct cli_option options[] = {
	{ "type", 0, CLI_TEXT, offsetof(struct options, type),
	  "container|image", "of these only (containers, then images)" },
	{ .name = NULL },
};

static int find(const struct tool *tool, const char *type, const char *name,
		struct json_object **out, struct err *err)
{
	int r;

	if (type && strcmp(type, "image") == 0)
		return inspect_image(tool, name, out, err);
	r = inspect_box(tool, name, out, err);
	if (r != -ENOENT || type)
		return r;
	err_clear(err);
	r = inspect_image(tool, name, out, err);
	if (r != -ENOENT)
		return r;
	err_clear(err);
	(void)err_set(err, CNI_E_FIELD,
		      "there is no container and no image \"%.200s\"", name);
	(void)err_hint(err, "runtime-glue ps -a and runtime-glue images show "
			    "what there is");
	return -ENOENT;
}

/* Each that there is, and the first failure is told. */
static int run(const struct tool *tool, const void *opaque, int argc,
	       char **argv, struct err *err)
{
	const struct options *o = opaque;
	auto_json struct json_object *list = json_object_new_array();
	int r = 0;

	if (!list)
		return err_nomem(err);
	if (o->type && strcmp(o->type, "image") != 0 &&
	    strcmp(o->type, "container") != 0)
		return err_set(err, CNI_E_FIELD,
			       "--type: \"%s\" is neither container nor image",
			       o->type);
	for (int i = 0; i < argc; i++) {
		struct err why = { .code = CNI_OK };
		struct json_object *one = NULL;

		if (find(tool, o->type, argv[i], &one, &why) < 0)
			r = first_of(err_take(err, &why), r);
		else if (json_object_array_add(list, one) < 0)
			r = first_of(err_nomem(err), r);
	}
	return first_of(image_print_json(list, err), r);
}

const struct tool_verb verb_inspect = {
	.name = "inspect",
	.arguments = "NAME...",
	.help = "print what is known of containers or images, as JSON",
	.section = "Containers",
	.options = options,
	.options_size = sizeof(struct options),
	.anywhere = true,
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
