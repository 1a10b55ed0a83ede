/* SPDX-License-Identifier: GPL-2.0-or-later */
/* runtime-glue save: images as an archive or a directory. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "runtime-glue/image/save.h"
#include "runtime-glue/layers/tree.h"
#include "runtime-glue/tool/output.h"
#include "runtime-glue/tool/tool.h"

struct options {
	const char *output, *format;
};

static const struct cli_option save_options[] = {
	{ "output", 'o', CLI_TEXT, offsetof(struct options, output), "FILE",
	  "write to FILE instead of stdout; a new directory for oci-dir" },
	{ "format", 0, CLI_TEXT, offsetof(struct options, format), "FORMAT",
	  "docker-archive (default), oci-archive or oci-dir" },
	{ .name = NULL },
};

static int save_dir(const struct image_store *store, const char *path,
		    char *const *references, size_t count, struct err *err)
{
	struct save_target target = { .dir = -1 };
	struct err why = { .code = CNI_OK };
	int r;

	if (!path)
		return err_set(err, CNI_E_FIELD,
			       "--format oci-dir: name a new directory with "
			       "-o");
	if (mkdir(path, 0755) < 0) {
		(void)err_sys(err, errno, "make directory %s", path);
		return err->errnum == EEXIST
			       ? err_hint(err, "it must be a new one")
			       : -err->errnum;
	}
	target.dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (target.dir < 0)
		r = err_sys(err, errno, "open %s", path);
	else
		r = image_save(store, references, count, &target, err);
	auto_fd_release(&target.dir);
	if (r < 0 && tree_remove(AT_FDCWD, path, &why) < 0)
		(void)err_hint(err, "remove what is in %s", path);
	return r;
}

static int save_archive(const struct image_store *store, const char *path,
			bool docker, char *const *references, size_t count,
			struct err *err)
{
	struct output out;
	const struct save_target target = { .dir = -1,
					    .sink = &out.sink,
					    .docker = docker };
	int r = output_open(path, &out, err);

	r = r ?: image_save(store, references, count, &target, err);
	return output_close(&out, r);
}

static int check_all(const struct image_store *store, char *const *references,
		     size_t count, struct err *err)
{
	auto_image_list struct image_list list = { .entries = NULL };
	const struct image_entry *entry;
	int r = image_list(store, &list, err);

	for (size_t i = 0; r == 0 && i < count; i++)
		r = image_list_find(&list, references[i], &entry, err);
	return r;
}

static int run(const struct tool *tool, const void *opaque, int argc,
	       char **argv, struct err *err)
{
	const struct options *options = opaque;
	const char *format = options->format ?: "docker-archive";
	bool docker = strcmp(format, "docker-archive") == 0;
	bool dir = strcmp(format, "oci-dir") == 0;
	auto_image_store struct image_store store = IMAGE_STORE_NONE;
	size_t count = (size_t)argc;
	int r;

	if (!docker && !dir && strcmp(format, "oci-archive") != 0)
		return err_set(err, CNI_E_FIELD,
			       "--format %s: there are docker-archive, "
			       "oci-archive and oci-dir",
			       format);
	r = image_store_open(tool->root, &store, err);
	/* Before a file that is there already is made empty. */
	r = r ?: check_all(&store, argv, count, err);
	if (r < 0)
		return r;
	return dir ? save_dir(&store, options->output, argv, count, err)
		   : save_archive(&store, options->output, docker, argv, count,
				  err);
}

const struct tool_verb verb_save = {
	.name = "save",
	.arguments = "IMAGE...",
	.help = "write images to an archive or a directory",
	.section = "Images",
	.options = save_options,
	.options_size = sizeof(struct options),
	.anywhere = true,
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
