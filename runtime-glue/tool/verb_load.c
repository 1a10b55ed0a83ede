/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <unistd.h>

#include "runtime-glue/image/load.h"
#include "runtime-glue/tool/image_show.h"

struct options {
	const char *input, *name, *max_size;
	bool quiet;
};

static const struct cli_option options[] = {
	{ "input", 'i', CLI_TEXT, offsetof(struct options, input), "FILE",
	  "the archive or layout; - is standard input" },
	{ "name", 0, CLI_TEXT, offsetof(struct options, name), "NAME[:TAG]",
	  "the image's name (what the archive says)" },
	{ "max-size", 0, CLI_TEXT, offsetof(struct options, max_size), "SIZE",
	  "of a layer unpacked (64G)" },
	{ "quiet", 'q', CLI_FLAG, offsetof(struct options, quiet), NULL,
	  "only say what was loaded" },
	{ .name = NULL },
};

static void say_step(const char *what, const char *digest)
{
	(void)fprintf(stderr, "%s %.12s\n", what, digest);
}

/* Where a terminal is. */
static void draw_bar(uint64_t done, uint64_t total)
{
	static const char full[] = "##############################";
	const uint64_t wide = sizeof(full) - 1;
	uint64_t part;
	char a[16], b[16];

	if (total == 0 || done > total)
		return;
	part = done * 100 / total;
	image_put_size(done, a);
	image_put_size(total, b);
	(void)fprintf(stderr, "\r[%-*.*s] %3u%% %s/%s\x1b[K%s", (int)wide,
		      (int)(part * wide / 100), full, (unsigned int)part, a, b,
		      done == total ? "\r\x1b[K" : "");
}

static void say_loaded(const char *name, const char *id)
{
	if (name)
		(void)printf("Loaded image: %s\n", image_name_short(name));
	else
		(void)printf("Loaded image ID: sha256:%s\n", id);
}

static int run(const struct tool *tool, const void *opaque, int argc,
	       char **argv, struct err *err)
{
	const struct options *o = opaque;
	auto_image_store struct image_store store = IMAGE_STORE_NONE;
	struct load_options load = {
		.name = o->name,
		.step = o->quiet ? NULL : say_step,
		.progress =
			o->quiet || !isatty(STDERR_FILENO) ? NULL : draw_bar,
		.loaded = say_loaded,
	};
	int64_t max = 0;
	int r = 0;

	if (o->max_size)
		r = cli_size("--max-size", o->max_size, &max, err);
	load.layer_max = (uint64_t)max;
	r = r ?: image_store_open(tool->root, &store, err);
	return r ?: image_load(&store, argc ? argv[0] : o->input ?: "-", &load,
			       err);
}

const struct tool_verb verb_load = {
	.name = "load",
	.arguments = "[FILE|DIR|-]",
	.help = "take images from an archive or an OCI layout",
	.section = "Images",
	.options = options,
	.options_size = sizeof(struct options),
	.anywhere = true,
	.max_args = 1,
	.run = run,
};
