/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ps: which containers there are. */
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/base/strbuf.h"
#include "runtime-glue/image/store.h"
#include "runtime-glue/tool/box_parts.h"

struct options {
	bool all, quiet, no_trunc;
	const char *format;
};

#define AT(member) offsetof(struct options, member)

static const struct cli_option option_table[] = {
	{ "all", 'a', CLI_FLAG, AT(all), NULL, "those that do not run, too" },
	{ "quiet", 'q', CLI_FLAG, AT(quiet), NULL, "ids only" },
	{ "no-trunc", 0, CLI_FLAG, AT(no_trunc), NULL, "ids as they are" },
	{ "format", 0, CLI_TEXT, AT(format), "json", "the records, as JSON" },
	{ .name = NULL },
};

static struct json_object *member(const struct box *box, const char *key,
				  json_type type)
{
	struct json_object *value = NULL;

	return json_object_object_get_ex(box->record, key, &value) &&
			       json_object_is_type(value, type)
		       ? value
		       : NULL;
}

static void put_status(const struct box *box, char *out, size_t size)
{
	struct json_object *code = member(box, "exitCode", json_type_int);

	if (box_is(box, "exited") && code)
		(void)snprintf(out, size, "exited (%d)",
			       json_object_get_int(code));
	else
		(void)snprintf(out, size, "%.40s", box_get(box, "status"));
}

static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	return json_object_object_get_ex(object, key, &value)
		       ? json_object_get_string(value) ?: ""
		       : "";
}

/* "0.0.0.0:8080->80/tcp, ..." */
static void put_ports(const struct box *box, struct strbuf *out)
{
	struct json_object *ports = member(box, "ports", json_type_array);
	size_t count = ports ? json_object_array_length(ports) : 0;

	for (size_t i = 0; i < count; i++) {
		struct json_object *port = json_object_array_get_idx(ports, i);
		const char *ip = text_of(port, "hostIP");

		strbuf_printf(out, "%s%s:%s->%s/%s", i ? ", " : "",
			      *ip ? ip : "*", text_of(port, "hostPort"),
			      text_of(port, "containerPort"),
			      text_of(port, "protocol"));
	}
}

static void put_command(const struct box *box, struct strbuf *out)
{
	struct json_object *words = member(box, "command", json_type_array);
	size_t count = words ? json_object_array_length(words) : 0;

	for (size_t i = 0; i < count && out->len < 40; i++)
		strbuf_printf(out, "%s%s", i ? " " : "",
			      json_object_get_string(
				      json_object_array_get_idx(words, i))
				      ?: "");
}

static void put_row(const struct box *box, bool whole, struct strbuf *out)
{
	auto_strbuf struct strbuf ports = { .len = 0 }, command = { .len = 0 };
	char age[64], status[64];

	tool_age(box_get(box, "created"), age, sizeof(age));
	put_status(box, status, sizeof(status));
	put_ports(box, &ports);
	put_command(box, &command);
	strbuf_printf(out, "%-*.*s  %-20.20s  %-20.20s  %-15s  %-12s  %s  %s\n",
		      whole ? BOX_ID_LEN : 12, whole ? BOX_ID_LEN : 12, box->id,
		      image_name_short(box_get(box, "image")),
		      strbuf_str(&command), age, status, box_get(box, "name"),
		      strbuf_str(&ports));
}

static void put_header(bool whole, struct strbuf *out)
{
	strbuf_printf(out, "%-*s  %-20s  %-20s  %-15s  %-12s  %s  %s\n",
		      whole ? BOX_ID_LEN : 12, "CONTAINER ID", "IMAGE",
		      "COMMAND", "CREATED", "STATUS", "NAME", "PORTS");
}

static int add_json(struct json_object *array, const struct box *box,
		    struct err *err)
{
	if (json_object_array_add(array, json_object_get(box->record)) == 0)
		return 0;
	json_object_put(box->record);
	return err_nomem(err);
}

struct listing {
	const struct options *options;
	struct json_object *array; /* of --format json, or NULL */
	struct strbuf text;
};

/* One that goes while we look is not there. */
static int list_one(const struct tool *tool, const char *id,
		    struct listing *listing, struct err *err)
{
	const struct options *options = listing->options;
	struct err why = { .code = CNI_OK };
	auto_box struct box box = BOX_NONE;
	int r = box_init(tool, id, &box, err);
	size_t start = listing->text.len;

	if (r < 0)
		return r;
	r = box_read(&box, &why);
	if (r < 0 && r != -ENOENT)
		log_warn("%s", why.msg);
	if (r < 0 || (!options->all && !box_is(&box, "running")))
		return 0;
	if (listing->array)
		return add_json(listing->array, &box, err);
	if (options->quiet)
		strbuf_printf(&listing->text, "%.*s\n",
			      options->no_trunc ? BOX_ID_LEN : 12, id);
	else
		put_row(&box, options->no_trunc, &listing->text);
	if (!listing->text.failed)
		log_printable(listing->text.data + start,
			      listing->text.len - start - 1);
	return 0;
}

static int print(struct listing *listing, struct err *err)
{
	if (listing->array) {
		strbuf_puts(&listing->text,
			    json_object_to_json_string_ext(
				    listing->array,
				    JSON_C_TO_STRING_PRETTY |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
		strbuf_putc(&listing->text, '\n');
	}
	if (listing->text.failed)
		return err_nomem(err);
	return cli_print(strbuf_str(&listing->text), listing->text.len, err);
}

static int ps(const struct tool *tool, const void *opaque, int argc,
	      char **argv, struct err *err)
{
	const struct options *options = opaque;
	auto_json struct json_object *array = NULL;
	struct listing listing = { .options = options };
	char **list = NULL;
	size_t count = 0;
	int r;

	(void)argc;
	(void)argv;
	if (options->format && strcmp(options->format, "json") != 0)
		return err_set(err, CNI_E_FIELD, "--format: \"%s\" is not json",
			       options->format);
	if (options->format) {
		array = json_object_new_array();
		if (!array)
			return err_nomem(err);
		listing.array = array;
	} else if (!options->quiet) {
		put_header(options->no_trunc, &listing.text);
	}
	box_sweep(tool);
	r = box_list(tool, &list, &count, err);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = list_one(tool, list[i], &listing, err);
	box_list_free(list, count);
	r = r ?: print(&listing, err);
	strbuf_free(&listing.text);
	return r;
}

const struct tool_verb verb_tool_ps = {
	.name = "ps",
	.arguments = "",
	.help = "list containers",
	.section = "Containers",
	.options = option_table,
	.options_size = sizeof(struct options),
	.anywhere = true,
	.run = ps,
};
