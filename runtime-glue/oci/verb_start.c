/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/oci/cli.h"

static const struct cli_option no_options[] = { { .name = NULL } };

static int run(const struct runtime *runtime, const void *options, int argc,
	       char **argv, struct err *err)
{
	(void)options;
	(void)argc;
	return container_start(runtime, argv[0], err);
}

const struct cli_verb verb_start = {
	.name = "start",
	.arguments = "ID",
	.help = "let a created container run",
	.options = no_options,
	.anywhere = true,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
