/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/oci/cli.h"

static const struct cli_option no_options[] = { { .name = NULL } };

static int run(const struct runtime *runtime, const void *options, int argc,
	       char **argv, struct err *err)
{
	auto_state struct state state = STATE_NONE;
	auto_strbuf struct strbuf text = { .len = 0 };
	int r = state_open(runtime->root, argv[0], false, &state, err);

	(void)options;
	(void)argc;
	if (r < 0)
		return r;
	state_print(&state, state_status(&state), true, &text);
	strbuf_putc(&text, '\n');
	return text.failed ? err_nomem(err)
			   : cli_print(text.data, text.len, err);
}

const struct cli_verb verb_state = {
	.name = "state",
	.arguments = "ID",
	.help = "print the state of a container",
	.options = no_options,
	.anywhere = true,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
