/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is run, and where: entrypoint and command, the working directory. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime-glue/rootfs/inroot.h"
#include "runtime-glue/tool/bundle_parts.h"

/* The image's array @key onto @args. */
static int push_image(struct bundle *b, const char *key,
		      struct json_object *args, struct err *err)
{
	struct cfg root, config, list;
	const char *text = NULL;
	int r = bundle_image_config(b, &root, &config, err);

	r = r ?: cfg_child_or_none(&config, key, json_type_array, &list, err);
	for (size_t i = 0; r == 0 && i < cfg_len(&list); i++) {
		r = cfg_string_at(&list, i, &text, err);
		r = r ?: bundle_push_text(args, text, err);
	}
	return r;
}

/*
 * docker's rules: words behind the image stand in for its Cmd alone,
 * --entrypoint for both.
 */
static int push_args(struct bundle *b, struct json_object *args,
		     struct err *err)
{
	const char *entrypoint = b->options->entrypoint;
	int r = 0;

	if (!entrypoint)
		r = push_image(b, "Entrypoint", args, err);
	else if (*entrypoint)
		r = bundle_push_text(args, entrypoint, err);
	if (r == 0 && b->argc == 0 && !entrypoint)
		r = push_image(b, "Cmd", args, err);
	for (int i = 0; r == 0 && i < b->argc; i++)
		r = bundle_push_text(args, b->argv[i], err);
	return r;
}

int bundle_args(struct bundle *b, struct err *err)
{
	struct json_object *args, *command = json_object_new_array();
	int r = bundle_put(b->box->record, "command", command, err);

	r = r ?: push_args(b, command, err);
	if (r < 0)
		return r;
	if (json_object_array_length(command) == 0) {
		(void)err_set(err, CNI_E_FIELD, "there is no command to run");
		return err_hint(err, "the image has none: give one behind the "
				     "image, or with --entrypoint");
	}
	r = bundle_array(b->process, "args", &args, err);
	if (r == 0 && b->options->init) {
		r = bundle_push_text(args, BUNDLE_INIT, err);
		r = r ?: bundle_push_text(args, "--", err);
	}
	for (size_t i = 0; r == 0 && i < json_object_array_length(command); i++)
		r = bundle_push(
			args,
			json_object_get(json_object_array_get_idx(command, i)),
			err);
	return r;
}

int bundle_cwd(struct bundle *b, struct err *err)
{
	const char *cwd = b->options->workdir, *what = "--workdir";
	struct cfg root, config;
	int fd, r = bundle_image_config(b, &root, &config, err);

	if (r == 0 && !cwd) {
		what = "the image's WorkingDir";
		r = cfg_string_or(&config, "WorkingDir", "/", &cwd, err);
	}
	if (r < 0)
		return r;
	if (!*cwd)
		cwd = "/";
	if (*cwd != '/')
		return err_set(err, CNI_E_FIELD,
			       "%s: \"%s\" is no absolute path", what, cwd);
	fd = inroot_mkdirs(b->root, cwd, 0755);
	if (fd < 0)
		return err_sys(err, -fd, "%s: make \"%s\" in the container",
			       what, cwd);
	(void)close(fd);
	return bundle_put_text(b->process, "cwd", cwd, err);
}
