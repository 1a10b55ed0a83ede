/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layers of a box, step by step:
 *
 *	layers make BOX LAYER...
 *	layers mount|page|vfs|unmount|remove BOX
 *	layers copy FROM TO
 *	layers diff BOX
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "runtime-glue/layers/parts.h"
#include "runtime-glue/layers/tree.h"

static int by_page(const char *box, struct err *err)
{
	auto_layers_list struct layers_list lower = { .count = 0 };
	int r = layers_read(box, &lower, err);

	return r ?: overlay_by_page(box, &lower, true, err);
}

static int copy(const char *from, const char *to, struct err *err)
{
	auto_fd int in = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_fd int out = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return tree_copy(in, out, TREE_PLAIN, err);
}

static int tell(void *opaque, char kind, const char *path, struct err *err)
{
	(void)opaque;
	(void)err;
	(void)printf("%c %s\n", kind, path);
	return 0;
}

static int run(int argc, char **argv, struct err *err)
{
	struct layers_options options = {
		.layers = (const char *const *)(argv + 3),
		.count = (size_t)(argc - 3),
	};
	const char *verb = argv[1], *box = argv[2];

	if (strcmp(verb, "make") == 0)
		return layers_make(box, &options, err);
	if (strcmp(verb, "page") == 0)
		return by_page(box, err);
	if (strcmp(verb, "copy") == 0 && argc == 4)
		return copy(box, argv[3], err);
	if (strcmp(verb, "unmount") == 0)
		return layers_unmount(box, err);
	if (strcmp(verb, "remove") == 0)
		return layers_remove(box, err);
	if (strcmp(verb, "diff") == 0)
		return layers_diff(
			box, &(struct layers_listener){ .tell = tell }, err);
	options.vfs = strcmp(verb, "vfs") == 0;
	return layers_mount(box, &options, err);
}

int main(int argc, char **argv)
{
	struct err err = { .code = CNI_OK };
	int r = argc < 3 ? -EINVAL : run(argc, argv, &err);

	if (r < 0)
		(void)fprintf(stderr, "%s\n%s\n", err.msg, err.details);
	return r < 0;
}
