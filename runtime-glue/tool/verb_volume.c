/* SPDX-License-Identifier: GPL-2.0-or-later */
/* runtime-glue volume create, ls, inspect, rm, prune. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "runtime-glue/tool/tool.h"
#include "runtime-glue/tool/volume.h"

struct options {
	bool quiet, force, all;
	const char *format;
	struct spec_strings label;
};

static const struct cli_option create_options[] = {
	{ "label", 0, CLI_LIST, offsetof(struct options, label), "KEY=VALUE",
	  "a label for the volume" },
	{ .name = NULL },
};

static const struct cli_option ls_options[] = {
	{ "quiet", 'q', CLI_FLAG, offsetof(struct options, quiet), NULL,
	  "print the names only" },
	{ "format", 0, CLI_TEXT, offsetof(struct options, format), "table|json",
	  "what to print (table)" },
	{ .name = NULL },
};

static const struct cli_option rm_options[] = {
	{ "force", 'f', CLI_FLAG, offsetof(struct options, force), NULL,
	  "that there is no such volume is no error" },
	{ .name = NULL },
};

static const struct cli_option prune_options[] = {
	{ "all", 'a', CLI_FLAG, offsetof(struct options, all), NULL,
	  "those with a name, too" },
	{ "force", 'f', CLI_FLAG, offsetof(struct options, force), NULL,
	  "accepted; nothing is asked here" },
	{ .name = NULL },
};

static const struct cli_option no_options[] = { { .name = NULL } };

static int print(const struct strbuf *text, struct err *err)
{
	return text->failed ? err_nomem(err)
			    : cli_print(strbuf_str(text), text->len, err);
}

static int read_labels(const struct spec_strings *texts,
		       struct json_object *out, struct err *err)
{
	if (!out)
		return err_nomem(err);
	for (size_t i = 0; i < texts->count; i++) {
		const char *equals = strchrnul(texts->at[i], '=');
		auto_free char *key =
			strndup(texts->at[i], (size_t)(equals - texts->at[i]));

		if (!key)
			return err_nomem(err);
		json_object_object_add(
			out, key,
			json_object_new_string(*equals ? equals + 1 : ""));
	}
	return 0;
}

static int create(const struct tool *tool, const void *opaque, int argc,
		  char **argv, struct err *err)
{
	const struct options *options = opaque;
	auto_volumes struct volumes volumes = VOLUMES_NONE;
	auto_json struct json_object *labels = json_object_new_object();
	auto_strbuf struct strbuf text = { .len = 0 };
	char made[VOLUME_NAME_BYTES];
	const char *name = argc > 0 ? argv[0] : made;
	auto_fd int data = -1;
	int r = read_labels(&options->label, labels, err);

	if (r == 0)
		r = argc > 0 ? volume_check_name(name, err)
			     : volume_random_name(made, err);
	r = r ?: volumes_open(tool, &volumes, err);
	if (r < 0)
		return r;
	data = volume_ensure(&volumes, name, labels, argc == 0, err);
	if (data < 0)
		return data;
	strbuf_printf(&text, "%s\n", name);
	return print(&text, err);
}

/* The record, and where the volume is. */
static int describe(const struct volumes *volumes, const char *name,
		    struct json_object **out, struct err *err)
{
	auto_free char *path = NULL;
	int r = volume_read(volumes, name, out, err);

	if (r < 0)
		return r;
	if (asprintf(&path, "%s/%s/_data", volumes->path, name) < 0) {
		path = NULL;
		return err_nomem(err);
	}
	json_object_object_add(*out, "mountpoint",
			       json_object_new_string(path));
	return 0;
}

static int describe_all(const struct volumes *volumes, char *const *names,
			size_t count, struct json_object *out, struct err *err)
{
	int r = out ? 0 : err_nomem(err);

	for (size_t i = 0; r == 0 && i < count; i++) {
		struct json_object *one = NULL;

		r = describe(volumes, names[i], &one, err);
		if (r == 0)
			json_object_array_add(out, one);
		else
			json_object_put(one);
	}
	return r;
}

static int print_json(struct json_object *json, struct err *err)
{
	auto_strbuf struct strbuf text = { .len = 0 };

	strbuf_puts(&text,
		    json_object_to_json_string_ext(
			    json, JSON_C_TO_STRING_PRETTY |
					  JSON_C_TO_STRING_NOSLASHESCAPE));
	strbuf_putc(&text, '\n');
	return print(&text, err);
}

static const char *text_of(struct json_object *json, const char *key)
{
	struct json_object *value = NULL;

	return json_object_object_get_ex(json, key, &value)
		       ? json_object_get_string(value)
		       : "";
}

static int print_table(struct json_object *list, bool quiet, struct err *err)
{
	auto_strbuf struct strbuf text = { .len = 0 };

	if (!quiet)
		strbuf_printf(&text, "%-24s %-22s %s\n", "NAME", "CREATED",
			      "PATH");
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);

		if (quiet)
			strbuf_printf(&text, "%s\n", text_of(one, "name"));
		else
			strbuf_printf(&text, "%-24s %-22s %s\n",
				      text_of(one, "name"),
				      text_of(one, "created"),
				      text_of(one, "mountpoint"));
	}
	return print(&text, err);
}

static int ls(const struct tool *tool, const void *opaque, int argc,
	      char **argv, struct err *err)
{
	const struct options *options = opaque;
	auto_volumes struct volumes volumes = VOLUMES_NONE;
	auto_json struct json_object *list = json_object_new_array();
	char **names = NULL;
	size_t count = 0;
	bool json = options->format && strcmp(options->format, "json") == 0;
	int r;

	(void)argc;
	(void)argv;
	if (options->format && !json && strcmp(options->format, "table") != 0)
		return err_set(err, CNI_E_FIELD,
			       "--format: \"%s\" is neither table nor json",
			       options->format);
	r = volumes_open(tool, &volumes, err);
	r = r ?: volume_list(&volumes, &names, &count, err);
	r = r ?: describe_all(&volumes, names, count, list, err);
	volume_list_free(names, count);
	if (r < 0)
		return r;
	return json ? print_json(list, err)
		    : print_table(list, options->quiet, err);
}

static int inspect(const struct tool *tool, const void *opaque, int argc,
		   char **argv, struct err *err)
{
	auto_volumes struct volumes volumes = VOLUMES_NONE;
	auto_json struct json_object *list = json_object_new_array();
	int r = volumes_open(tool, &volumes, err);

	(void)opaque;
	for (int i = 0; r == 0 && i < argc; i++)
		r = volume_check_name(argv[i], err);
	r = r ?: describe_all(&volumes, argv, (size_t)argc, list, err);
	return r ?: print_json(list, err);
}

static int rm(const struct tool *tool, const void *opaque, int argc,
	      char **argv, struct err *err)
{
	const struct options *options = opaque;
	auto_volumes struct volumes volumes = VOLUMES_NONE;
	auto_strbuf struct strbuf text = { .len = 0 };
	int r = volumes_open(tool, &volumes, err);

	if (r < 0)
		return r;
	/* Each of them, and the first failure is told. */
	for (int i = 0; i < argc; i++) {
		struct err why = { .code = CNI_OK };
		int step = volume_remove(tool, &volumes, argv[i], &why);

		if (step == 0)
			strbuf_printf(&text, "%s\n", argv[i]);
		else if (step != -ENOENT || !options->force)
			r = first_of(err_take(err, &why), r);
	}
	return first_of(print(&text, err), r);
}

static int prune_one(const struct tool *tool, const struct volumes *volumes,
		     const char *name, bool all, struct strbuf *text,
		     struct err *err)
{
	auto_json struct json_object *record = NULL;
	struct json_object *anonymous = NULL;
	int r = volume_read(volumes, name, &record, err);

	if (r < 0)
		return r;
	if (!all &&
	    !(json_object_object_get_ex(record, "anonymous", &anonymous) &&
	      json_object_get_boolean(anonymous)))
		return 0;
	r = volume_remove(tool, volumes, name, err);
	if (r == -EBUSY) {
		err_clear(err);
		return 0;
	}
	if (r == 0)
		strbuf_printf(text, "%s\n", name);
	return r;
}

static int prune(const struct tool *tool, const void *opaque, int argc,
		 char **argv, struct err *err)
{
	const struct options *options = opaque;
	auto_volumes struct volumes volumes = VOLUMES_NONE;
	auto_strbuf struct strbuf text = { .len = 0 };
	char **names = NULL;
	size_t count = 0;
	int r = volumes_open(tool, &volumes, err);

	(void)argc;
	(void)argv;
	r = r ?: volume_list(&volumes, &names, &count, err);
	for (size_t i = 0; i < count; i++) {
		struct err why = { .code = CNI_OK };

		(void)prune_one(tool, &volumes, names[i], options->all, &text,
				&why);
		r = first_of(err_take(err, &why), r);
	}
	volume_list_free(names, count);
	return first_of(print(&text, err), r);
}

static const struct tool_verb verb_create_volume = {
	.name = "create",
	.arguments = "[NAME]",
	.help = "make a volume; without a name, an anonymous one",
	.options = create_options,
	.options_size = sizeof(struct options),
	.anywhere = true,
	.max_args = 1,
	.run = create,
};

static const struct tool_verb verb_ls_volume = {
	.name = "ls",
	.arguments = "",
	.help = "list the volumes",
	.options = ls_options,
	.options_size = sizeof(struct options),
	.anywhere = true,
	.run = ls,
};

static const struct tool_verb verb_inspect_volume = {
	.name = "inspect",
	.arguments = "NAME...",
	.help = "print what is known of volumes, as JSON",
	.options = no_options,
	.options_size = sizeof(struct options),
	.anywhere = true,
	.min_args = 1,
	.max_args = -1,
	.run = inspect,
};

static const struct tool_verb verb_rm_volume = {
	.name = "rm",
	.arguments = "NAME...",
	.help = "remove volumes that no container has, and what is in them",
	.options = rm_options,
	.options_size = sizeof(struct options),
	.anywhere = true,
	.min_args = 1,
	.max_args = -1,
	.run = rm,
};

static const struct tool_verb verb_prune_volume = {
	.name = "prune",
	.arguments = "",
	.help = "remove the anonymous volumes that no container has",
	.options = prune_options,
	.options_size = sizeof(struct options),
	.anywhere = true,
	.run = prune,
};

static const struct tool_verb *const verbs[] = {
	&verb_create_volume, &verb_ls_volume,    &verb_inspect_volume,
	&verb_rm_volume,     &verb_prune_volume, NULL,
};

const struct tool_verb group_volume = {
	.name = "volume",
	.arguments = "VERB",
	.help = "volumes: files that outlive containers",
	.section = "Storage",
	.verbs = verbs,
};
