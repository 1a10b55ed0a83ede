/* SPDX-License-Identifier: GPL-2.0-or-later */
/* runtime-glue export: a container's root file system as a tar archive. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "runtime-glue/image/tarw.h"
#include "runtime-glue/layers/layers.h"
#include "runtime-glue/tool/box_root.h"

struct options {
	const char *output;
};

static const struct cli_option export_options[] = {
	{ "output", 'o', CLI_TEXT, offsetof(struct options, output), "FILE",
	  "write to FILE instead of stdout" },
	{ .name = NULL },
};

static int write_fd(void *opaque, const void *bytes, size_t len,
		    struct err *err)
{
	int r = io_write_all(*(const int *)opaque, bytes, len);

	return r < 0 ? err_sys(err, -r, "write the archive") : 0;
}

static int open_output(const char *path, struct err *err)
{
	int fd;

	if (!path && isatty(STDOUT_FILENO))
		return err_set(err, CNI_E_FIELD,
			       "an archive is nothing for a terminal: use -o "
			       "FILE or redirect stdout");
	fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)
		  : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? err_sys(err, errno, "open %s", path ? path : "stdout")
		      : fd;
}

static int run(const struct tool *tool, const void *opaque, int argc,
	       char **argv, struct err *err)
{
	const struct options *options = opaque;
	auto_box_root struct box_root root = BOX_ROOT_NONE;
	auto_fd int out = -1;
	const struct tarw_sink sink = { write_fd, &out };
	int r = box_root_open(tool, argv[0], false, &root, err);

	(void)argc;
	if (r < 0)
		return r;
	out = open_output(options->output, err);
	if (out < 0)
		return out;
	return tarw_tree(root.fd, TARW_PLAIN, &sink, err);
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
