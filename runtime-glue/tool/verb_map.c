/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/tool/map.h"

struct options {
	bool mermaid, svg;
};

static const struct cli_option map_options[] = {
	{ "mermaid", 0, CLI_FLAG, offsetof(struct options, mermaid), NULL,
	  "as a mermaid flowchart" },
	{ "svg", 0, CLI_FLAG, offsetof(struct options, svg), NULL,
	  "as an SVG picture" },
	{ .name = NULL },
};

static int run_map(const struct tool *tool, const void *opaque, int argc,
		   char **argv, struct err *err)
{
	const struct options *options = opaque;
	auto_map struct map map = { .count = 0 };
	auto_strbuf struct strbuf out = { .len = 0 };
	int r;

	(void)argc;
	(void)argv;
	if (options->mermaid && options->svg)
		return err_set(err, CNI_E_FIELD,
			       "--mermaid and --svg exclude each other");
	r = map_collect(tool, &map, err);
	if (r < 0)
		return r;
	if (options->mermaid)
		map_mermaid(&map, &out);
	else if (options->svg)
		map_svg(&map, &out);
	else
		map_text(&map, &out);
	if (out.failed)
		return err_nomem(err);
	return cli_print(strbuf_str(&out), out.len, err);
}

const struct tool_verb verb_map = {
	.name = "map",
	.arguments = "",
	.help = "draw links, bridges, containers, addresses and ports",
	.section = "Networks",
	.options = map_options,
	.options_size = sizeof(struct options),
	.run = run_map,
};
