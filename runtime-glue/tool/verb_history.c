/* SPDX-License-Identifier: GPL-2.0-or-later */
/* history, and inspect of an image: what its configuration says. */
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "runtime-glue/tool/image_show.h"

struct options {
	bool whole;
	const char *format;
};

static const struct cli_option options[] = {
	{ "no-trunc", 0, CLI_FLAG, offsetof(struct options, whole), NULL,
	  "all of the commands" },
	{ "format", 0, CLI_TEXT, offsetof(struct options, format), "table|json",
	  "what to print (table)" },
	{ .name = NULL },
};

/* An image with what is read of it. */
struct shown {
	struct image_store store;
	struct image_list list;
	const struct image_entry *entry;
	struct json_object *config, *sizes; /* of layers */
	uint64_t size;
};
#define SHOWN_NONE                         \
	(struct shown)                     \
	{                                  \
		.store = IMAGE_STORE_NONE, \
	}

static void shown_close(struct shown *shown)
{
	json_object_put(shown->config);
	json_object_put(shown->sizes);
	image_list_free(&shown->list);
	image_store_close(&shown->store);
}

static int shown_open(const struct tool *tool, const char *name,
		      struct shown *out, struct err *err)
{
	int r = image_store_open(tool->root, &out->store, err);

	r = r ?: image_list(&out->store, &out->list, err);
	r = r ?: image_list_find(&out->list, name, &out->entry, err);
	r = r ?: image_config(&out->store, out->entry, &out->config, err);
	if (r < 0)
		return r;
	out->sizes = json_object_new_array();
	return out->sizes ? image_size(&out->store, out->entry, out->sizes,
				       &out->size, err)
			  : err_nomem(err);
}

/* ---- inspect ---- */

static void put(struct json_object *out, const char *key,
		struct json_object *value)
{
	(void)json_object_object_add(out, key, value);
}

static void put_digest(struct json_object *out, const char *key,
		       const char *hex)
{
	char text[DIGEST_HEX + 8];

	(void)snprintf(text, sizeof(text), "sha256:%s", hex);
	put(out, key, json_object_new_string(text));
}

static void copy(struct json_object *out, const char *key,
		 const struct shown *shown, const char *from)
{
	struct json_object *value = NULL;

	if (json_object_object_get_ex(shown->config, from, &value))
		put(out, key, json_object_get(value));
}

int inspect_image(const struct tool *tool, const char *name,
		  struct json_object **out, struct err *err)
{
	AUTO(shown_close) struct shown shown = SHOWN_NONE;
	struct json_object *json, *names;
	int r = shown_open(tool, name, &shown, err);

	if (r < 0)
		return r;
	json = json_object_new_object();
	names = json_object_new_array();
	if (!json || !names)
		return err_nomem(err);
	for (size_t i = 0; i < shown.entry->name_count; i++)
		(void)json_object_array_add(
			names, json_object_new_string(image_name_short(
				       shown.entry->names[i])));
	put_digest(json, "Id", shown.entry->id);
	put_digest(json, "Digest", shown.entry->manifest);
	put(json, "RepoTags", names);
	copy(json, "Created", &shown, "created");
	copy(json, "Author", &shown, "author");
	copy(json, "Architecture", &shown, "architecture");
	copy(json, "Os", &shown, "os");
	put(json, "Size", json_object_new_uint64(shown.size));
	copy(json, "Config", &shown, "config");
	copy(json, "RootFS", &shown, "rootfs");
	copy(json, "History", &shown, "history");
	*out = json;
	return 0;
}

/* ---- history ---- */

static bool is_empty(struct json_object *step)
{
	return json_object_get_boolean(
		image_part(step, "empty_layer", json_type_boolean));
}

static void put_step(struct strbuf *text, struct json_object *step,
		     uint64_t size, bool whole)
{
	const char *by = image_text(step, "created_by");
	size_t start = text->len;
	char age[64], bytes[16];

	tool_age(image_text(step, "created"), age, sizeof(age));
	image_put_size(size, bytes);
	strbuf_printf(text, whole ? "%-15s  %s  %-8s" : "%-15s  %-45.45s  %-8s",
		      age, by, bytes);
	if (*image_text(step, "comment"))
		strbuf_printf(text, "  %s", image_text(step, "comment"));
	image_end_row(text, start);
}

/* The latest first, as docker has it. */
static int table(const struct shown *shown, bool whole, struct err *err)
{
	auto_strbuf struct strbuf text = { .len = 0 };
	struct json_object *steps =
		image_part(shown->config, "history", json_type_array);
	size_t count = steps ? json_object_array_length(steps) : 0;
	size_t layers = 0;

	for (size_t i = 0; i < count; i++)
		layers += !is_empty(json_object_array_get_idx(steps, i));
	strbuf_printf(&text,
		      whole ? "%-15s  %s  %-8s  %s\n"
			    : "%-15s  %-45s  %-8s  %s\n",
		      "CREATED", "CREATED BY", "SIZE", "COMMENT");
	for (size_t i = count; i-- > 0;) {
		struct json_object *step = json_object_array_get_idx(steps, i);
		uint64_t size = 0;

		/* There may be more of them than layers: a stranger's. */
		if (!is_empty(step))
			size = json_object_get_uint64(json_object_array_get_idx(
				shown->sizes, --layers));
		put_step(&text, step, size, whole);
	}
	return text.failed ? err_nomem(err)
			   : cli_print(strbuf_str(&text), text.len, err);
}

static int run(const struct tool *tool, const void *opaque, int argc,
	       char **argv, struct err *err)
{
	const struct options *o = opaque;
	AUTO(shown_close) struct shown shown = SHOWN_NONE;
	auto_json struct json_object *none = json_object_new_array();
	bool json = o->format && strcmp(o->format, "json") == 0;
	int r;

	(void)argc;
	if (o->format && !json && strcmp(o->format, "table") != 0)
		return err_set(err, CNI_E_FIELD,
			       "--format: \"%s\" is neither table nor json",
			       o->format);
	r = shown_open(tool, argv[0], &shown, err);
	if (r < 0)
		return r;
	if (!json)
		return table(&shown, o->whole, err);
	return image_print_json(
		image_part(shown.config, "history", json_type_array) ?: none,
		err);
}

const struct tool_verb verb_history = {
	.name = "history",
	.arguments = "IMAGE",
	.help = "print the steps an image was made by",
	.section = "Images",
	.options = options,
	.options_size = sizeof(struct options),
	.anywhere = true,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
