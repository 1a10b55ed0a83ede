/* SPDX-License-Identifier: GPL-2.0-or-later */
/* completion bash|zsh|fish: not in --help; the build calls it. */
#include "runtime-glue/tool/completion.h"

/* Of tool.c. */
extern const struct tool_verb *const tool_verbs[];
extern const struct cli_option tool_options[];

static const struct cli_option options[] = {
	{ .name = NULL },
};

static int run(const struct tool *tool, const void *opaque, int argc,
	       char **argv, struct err *err)
{
	const struct completion completion = { .program = "runtime-glue",
					       .verbs = tool_verbs,
					       .options = tool_options };
	auto_strbuf struct strbuf out = { .len = 0 };
	int r = completion_print(&completion, argv[0], &out, err);

	(void)tool;
	(void)opaque;
	(void)argc;
	return r ?: cli_print(out.data, out.len, err);
}

const struct tool_verb verb_completion = {
	.name = "completion",
	.arguments = "bash|zsh|fish",
	.options = options,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
