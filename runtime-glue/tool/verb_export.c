/* SPDX-License-Identifier: GPL-2.0-or-later */
/* runtime-glue export: a container's root file system as a tar archive. */
#include "runtime-glue/tool/box_root.h"
#include "runtime-glue/tool/output.h"

struct options {
	const char *output;
};

static const struct cli_option export_options[] = {
	{ "output", 'o', CLI_TEXT, offsetof(struct options, output), "FILE",
	  "write to FILE instead of stdout" },
	{ .name = NULL },
};

static int run(const struct tool *tool, const void *opaque, int argc,
	       char **argv, struct err *err)
{
	const struct options *options = opaque;
	auto_box_root struct box_root root = BOX_ROOT_NONE;
	struct output out;
	int r = box_root_open(tool, argv[0], false, &root, err);

	(void)argc;
	if (r < 0)
		return r;
	r = output_open(options->output, &out, err);
	r = r ?: tarw_tree(root.fd, TARW_PLAIN, &out.sink, err);
	return output_close(&out, r);
}

const struct tool_verb verb_export = {
	.name = "export",
	.arguments = "CONTAINER",
	.help = "write a container's files as a tar archive, without volumes",
	.section = "Storage",
	.options = export_options,
	.options_size = sizeof(struct options),
	.anywhere = true,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
