/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/oci/cli.h"

struct options {
	bool force;
};

static const struct cli_option delete_options[] = {
	{ "force", 'f', CLI_FLAG, offsetof(struct options, force), NULL,
	  "kill it first if it runs; no error if there is none" },
	{ .name = NULL },
};

static int run(const struct runtime *runtime, const void *opaque, int argc,
	       char **argv, struct err *err)
{
	const struct options *options = opaque;

	(void)argc;
	return container_delete(runtime, argv[0], options->force, err);
}

const struct cli_verb verb_delete = {
	.name = "delete",
	.arguments = "ID",
	.help = "remove all that is left of a stopped container",
	.options = delete_options,
	.anywhere = true,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
