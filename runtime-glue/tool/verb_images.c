/* SPDX-License-Identifier: GPL-2.0-or-later */
/* images: which there are. */
#include <string.h>

#include "common/base/cleanup.h"
#include "runtime-glue/tool/image_show.h"

struct options {
	bool quiet, whole;
	const char *format;
};

static const struct cli_option options[] = {
	{ "quiet", 'q', CLI_FLAG, offsetof(struct options, quiet), NULL,
	  "ids only" },
	{ "no-trunc", 0, CLI_FLAG, offsetof(struct options, whole), NULL,
	  "all digits of ids" },
	{ "format", 0, CLI_TEXT, offsetof(struct options, format), "table|json",
	  "what to print (table)" },
	{ .name = NULL },
};

struct listing {
	const struct options *options;
	size_t wide;               /* the longest name */
	struct json_object *array; /* of --format json, or NULL */
	struct strbuf text;
};

static void put_row(struct listing *listing, const char *name, const char *id,
		    const char *created, uint64_t size)
{
	struct strbuf *text = &listing->text;
	int digits = listing->options->whole ? DIGEST_HEX - 1 : 12;
	size_t start = text->len;
	char age[64], bytes[16];

	tool_age(created, age, sizeof(age));
	image_put_size(size, bytes);
	strbuf_printf(text, "%-*s  %.*s  %-15s  %s", (int)listing->wide, name,
		      digits, id, age, bytes);
	image_end_row(text, start);
}

static int add_json(struct listing *listing, const struct image_entry *entry,
		    const char *created, uint64_t size, struct err *err)
{
	struct json_object *json = json_object_new_object();
	struct json_object *names = json_object_new_array();
	auto_strbuf struct strbuf id = { .len = 0 }, digest = { .len = 0 };

	strbuf_printf(&id, "sha256:%s", entry->id);
	strbuf_printf(&digest, "sha256:%s", entry->manifest);
	for (size_t i = 0; names && i < entry->name_count; i++)
		(void)json_object_array_add(
			names, json_object_new_string(
				       image_name_short(entry->names[i])));
	(void)json_object_object_add(json, "id",
				     json_object_new_string(strbuf_str(&id)));
	(void)json_object_object_add(
		json, "digest", json_object_new_string(strbuf_str(&digest)));
	(void)json_object_object_add(json, "names", names);
	(void)json_object_object_add(json, "created",
				     json_object_new_string(created));
	(void)json_object_object_add(json, "size",
				     json_object_new_uint64(size));
	return json_object_array_add(listing->array, json) < 0 ? err_nomem(err)
							       : 0;
}

static int show(struct listing *listing, const struct image_store *store,
		const struct image_entry *entry, struct err *err)
{
	auto_json struct json_object *config = NULL;
	uint64_t size = 0;
	const char *created;
	int r;

	if (listing->options->quiet) {
		strbuf_printf(&listing->text, "%.*s\n",
			      listing->options->whole ? DIGEST_HEX - 1 : 12,
			      entry->id);
		return 0;
	}
	r = image_config(store, entry, &config, err);
	r = r ?: image_size(store, entry, NULL, &size, err);
	if (r < 0)
		return r;
	created = image_text(config, "created");
	if (listing->array)
		return add_json(listing, entry, created, size, err);
	for (size_t i = 0; i < entry->name_count; i++)
		put_row(listing, image_name_short(entry->names[i]), entry->id,
			created, size);
	if (entry->name_count == 0)
		put_row(listing, "<none>", entry->id, created, size);
	return 0;
}

static size_t widest(const struct image_list *list)
{
	size_t wide = strlen("<none>");

	for (size_t i = 0; i < list->count; i++)
		for (size_t j = 0; j < list->entries[i].name_count; j++) {
			size_t len = strlen(
				image_name_short(list->entries[i].names[j]));

			wide = len > wide ? len : wide;
		}
	return wide;
}

/* A damaged image hides no other. */
static int show_all(struct listing *listing, const struct image_store *store,
		    struct err *err)
{
	auto_image_list struct image_list list = { .entries = NULL };
	auto_json struct json_object *array = NULL;
	const struct options *o = listing->options;
	int r = image_list(store, &list, err), printed;

	if (r < 0)
		return r;
	listing->wide = widest(&list);
	if (o->format && strcmp(o->format, "json") == 0) {
		array = json_object_new_array();
		if (!array)
			return err_nomem(err);
		listing->array = array;
	} else if (!o->quiet) {
		strbuf_printf(&listing->text, "%-*s  %-*s  %-15s  %s\n",
			      (int)listing->wide, "NAME",
			      o->whole ? DIGEST_HEX - 1 : 12, "IMAGE ID",
			      "CREATED", "SIZE");
	}
	for (size_t i = 0; i < list.count; i++) {
		struct err why = { .code = CNI_OK };

		if (show(listing, store, &list.entries[i], &why) < 0)
			r = first_of(err_take(err, &why), r);
	}
	if (array)
		printed = image_print_json(array, err);
	else if (listing->text.failed)
		printed = err_nomem(err);
	else
		printed = cli_print(strbuf_str(&listing->text),
				    listing->text.len, err);
	return first_of(printed, r);
}

static int run(const struct tool *tool, const void *opaque, int argc,
	       char **argv, struct err *err)
{
	const struct options *o = opaque;
	auto_image_store struct image_store store = IMAGE_STORE_NONE;
	struct listing listing = { .options = o };
	int r;

	(void)argc;
	(void)argv;
	if (o->format && strcmp(o->format, "json") != 0 &&
	    strcmp(o->format, "table") != 0)
		return err_set(err, CNI_E_FIELD,
			       "--format: \"%s\" is neither table nor json",
			       o->format);
	r = image_store_open(tool->root, &store, err);
	r = r ?: show_all(&listing, &store, err);
	strbuf_free(&listing.text);
	return r;
}

const struct tool_verb verb_images = {
	.name = "images",
	.help = "list images",
	.section = "Images",
	.options = options,
	.options_size = sizeof(struct options),
	.anywhere = true,
	.run = run,
};
