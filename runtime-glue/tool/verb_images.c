/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "runtime-glue/image/store.h"
#include "runtime-glue/tool/tool.h"

struct options {
	bool quiet, whole;
};

static const struct cli_option options[] = {
	{ "quiet", 'q', CLI_FLAG, offsetof(struct options, quiet), NULL,
	  "ids only" },
	{ "no-trunc", 0, CLI_FLAG, offsetof(struct options, whole), NULL,
	  "all digits of ids" },
	{ .name = NULL },
};

static int run(const struct tool *tool, const void *opaque, int argc,
	       char **argv, struct err *err)
{
	const struct options *o = opaque;
	auto_image_store struct image_store store = IMAGE_STORE_NONE;
	auto_image_list struct image_list list = { .entries = NULL };
	int r = image_store_open(tool->root, &store, err);

	(void)argc;
	(void)argv;
	r = r ?: image_list(&store, &list, err);
	for (size_t i = 0; r == 0 && i < list.count; i++) {
		const struct image_entry *entry = &list.entries[i];
		int digits = o->whole ? DIGEST_HEX - 1 : 12;

		for (size_t j = 0;
		     j == 0 || (!o->quiet && j < entry->name_count); j++)
			(void)printf("%.*s%s%s\n", digits, entry->id,
				     o->quiet ? "" : "  ",
				     o->quiet ? ""
				     : entry->name_count
					     ? image_name_short(entry->names[j])
					     : "<none>");
	}
	return r;
}

const struct tool_verb verb_images = {
	.name = "images",
	.help = "list images",
	.section = "Images",
	.options = options,
	.options_size = sizeof(struct options),
	.run = run,
};
