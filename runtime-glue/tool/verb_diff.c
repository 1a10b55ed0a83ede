/* SPDX-License-Identifier: GPL-2.0-or-later */
/* runtime-glue diff: how a container differs from its image. */
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/base/strbuf.h"
#include "runtime-glue/layers/layers.h"
#include "runtime-glue/tool/box.h"

static const struct cli_option no_options[] = { { .name = NULL } };

static int tell(void *opaque, char kind, const char *path, struct err *err)
{
	struct strbuf *text = opaque;
	size_t start;

	strbuf_printf(text, "%c ", kind);
	start = text->len;
	strbuf_puts(text, path);
	if (text->failed)
		return err_nomem(err);
	/* Names are a container's: no escape codes to the terminal. */
	log_printable(text->data + start, text->len - start);
	strbuf_putc(text, '\n');
	return 0;
}

static int run(const struct tool *tool, const void *options, int argc,
	       char **argv, struct err *err)
{
	auto_box struct box box = BOX_NONE;
	auto_strbuf struct strbuf text = { .len = 0 };
	const struct layers_listener listener = { tell, &text };
	int r = box_open(tool, argv[0], false, &box, err);

	(void)options;
	(void)argc;
	r = r ?: layers_diff(box.path, &listener, err);
	if (r < 0)
		return r;
	return text.failed ? err_nomem(err)
			   : cli_print(strbuf_str(&text), text.len, err);
}

const struct tool_verb verb_diff = {
	.name = "diff",
	.arguments = "CONTAINER",
	.help = "list what a container added (A), changed (C) and deleted (D)",
	.section = "Storage",
	.options = no_options,
	.anywhere = true,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
