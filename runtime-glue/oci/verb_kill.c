/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>

#include "runtime-glue/oci/cli.h"

struct options {
	bool all;
};

static const struct cli_option kill_options[] = {
	{ "all", 'a', CLI_FLAG, offsetof(struct options, all), NULL,
	  "to all processes; also of a container that has stopped" },
	{ .name = NULL },
};

static int run(const struct runtime *runtime, const void *opaque, int argc,
	       char **argv, struct err *err)
{
	const struct options *options = opaque;
	int sig = SIGTERM;
	int r = argc > 1 ? cli_signal(argv[1], &sig, err) : 0;

	return r ?: container_kill(runtime, argv[0], sig, options->all, err);
}

const struct cli_verb verb_kill = {
	.name = "kill",
	.arguments = "ID [SIGNAL]",
	.help = "send a signal (TERM) to the container's first process",
	.options = kill_options,
	.anywhere = true,
	.min_args = 1,
	.max_args = 2,
	.run = run,
};
