/* SPDX-License-Identifier: GPL-2.0-or-later */
/* runtime-glue import: an image of one layer, from a root file system. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "runtime-glue/image/image.h"
#include "runtime-glue/tool/changes.h"
#include "runtime-glue/tool/tool.h"

struct options {
	const char *message;
	struct spec_strings change;
};

static const struct cli_option import_options[] = {
	{ "message", 'm', CLI_TEXT, offsetof(struct options, message), "TEXT",
	  "a comment for the image's history" },
	{ "change", 'c', CLI_LIST, offsetof(struct options, change),
	  "INSTRUCTION",
	  "CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, USER, VOLUME, WORKDIR or "
	  "STOPSIGNAL of a Dockerfile" },
	{ .name = NULL },
};

/* To @what's dir or tar. */
static int open_source(const char *path, struct image_new *what,
		       struct err *err)
{
	bool input = strcmp(path, "-") == 0;
	struct stat st;
	int fd = input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
		       : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, errno, "open %s",
			       input ? "standard input" : path);
	what->tar = fd; /* closed by the caller, whatever it is */
	if (io_fstat(fd, &st) < 0)
		return err_sys(err, errno, "look at %s", path);
	if (S_ISDIR(st.st_mode)) {
		what->dir = fd;
		what->tar = -1;
	}
	return 0;
}

static int run(const struct tool *tool, const void *opaque, int argc,
	       char **argv, struct err *err)
{
	const struct options *options = opaque;
	auto_image_store struct image_store store = IMAGE_STORE_NONE;
	auto_json struct json_object *changes = NULL;
	struct image_new what = {
		.dir = -1,
		.tar = -1,
		.name = argc > 1 ? argv[1] : NULL,
		.comment = options->message,
		.by = "runtime-glue import",
	};
	char id[65];
	int r = changes_read(&options->change, NULL, &changes, err);

	what.config = changes;
	r = r ?: image_store_open(tool->root, &store, err);
	r = r ?: open_source(argv[0], &what, err);
	r = r ?: image_add(&store, &what, id, err);
	auto_fd_release(&what.dir);
	auto_fd_release(&what.tar);
	if (r < 0)
		return err_in(err, "import %s", argv[0]);
	id[64] = '\n';
	return cli_print(id, 65, err);
}

const struct tool_verb verb_import = {
	.name = "import",
	.arguments = "ROOTFS.tar|DIR|- [NAME]",
	.help = "make an image of a root file system",
	.section = "Images",
	.options = import_options,
	.options_size = sizeof(struct options),
	.anywhere = true,
	.min_args = 1,
	.max_args = 2,
	.run = run,
};
