/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "runtime-glue/oci/cli.h"

struct options {
	const char *format;
	bool quiet;
};

static const struct cli_option list_options[] = {
	{ "format", 'f', CLI_TEXT, offsetof(struct options, format),
	  "table|json", "what to print (table)" },
	{ "quiet", 'q', CLI_FLAG, offsetof(struct options, quiet), NULL,
	  "ids only" },
	{ .name = NULL },
};

#define COLUMNS 6

struct row {
	char *cell[COLUMNS];
};

struct table {
	size_t count;
	struct row *rows;
};

static void free_row(struct row *row)
{
	for (size_t i = 0; i < COLUMNS; i++)
		free(row->cell[i]);
}

static void free_table(struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free_row(&table->rows[i]);
	free(table->rows);
}

static int add_row(struct table *table, const char *const cells[COLUMNS],
		   struct err *err)
{
	struct row *more =
		reallocarray(table->rows, table->count + 1, sizeof(*more));
	struct row row = { .cell = { NULL } };
	bool failed = !more;

	if (more)
		table->rows = more;
	for (size_t i = 0; i < COLUMNS; i++) {
		row.cell[i] = strdup(cells[i] ?: "");
		failed = failed || !row.cell[i];
	}
	if (failed) {
		free_row(&row);
		return err_nomem(err);
	}
	table->rows[table->count++] = row;
	return 0;
}

static int add_container(struct table *table, const struct state *state,
			 struct err *err)
{
	enum status status = state_status(state);
	char pid[16], owner[256];
	const char *const cells[COLUMNS] = {
		state->id,      pid,   status_name(status), state->bundle,
		state->created, owner,
	};

	(void)snprintf(pid, sizeof(pid), "%d",
		       status == STATUS_STOPPED ? 0 : (int)state->pid);
	state_user(state->owner, owner, sizeof(owner));
	return add_row(table, cells, err);
}

/* Columns of 12 at least and 3 between them, as runc's; the last is ragged. */
static void print_table(const struct table *table, struct strbuf *out)
{
	for (size_t i = 0; i < table->count; i++) {
		for (size_t k = 0; k < COLUMNS; k++) {
			size_t width = 9, len = strlen(table->rows[i].cell[k]);

			for (size_t j = 0; j < table->count; j++)
				if (strlen(table->rows[j].cell[k]) > width)
					width = strlen(table->rows[j].cell[k]);
			strbuf_puts(out, table->rows[i].cell[k]);
			for (; k + 1 < COLUMNS && len < width + 3; len++)
				strbuf_putc(out, ' ');
		}
		strbuf_putc(out, '\n');
	}
}

struct output {
	enum { OUTPUT_IDS, OUTPUT_TABLE, OUTPUT_JSON } form;
	struct table table;
	struct strbuf text;
};

static int add(struct output *out, const struct runtime *runtime,
	       const char *name, struct err *err)
{
	auto_state struct state state = STATE_NONE;
	int r;

	if (out->form == OUTPUT_IDS) {
		strbuf_printf(&out->text, "%s\n", name);
		return 0;
	}
	r = state_open(runtime->root, name, false, &state, err);
	if (r == -ENOENT) { /* deleted since we looked */
		err_clear(err);
		return 0;
	}
	if (r < 0)
		return r;
	if (out->form == OUTPUT_TABLE)
		return add_container(&out->table, &state, err);
	if (out->text.len > 1)
		strbuf_putc(&out->text, ',');
	state_print(&state, state_status(&state), true, &out->text);
	return 0;
}

static int choose(const struct options *options, struct output *out,
		  struct err *err)
{
	static const char *const head[COLUMNS] = {
		"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER",
	};

	if (options->quiet) {
		out->form = OUTPUT_IDS;
		return 0;
	}
	if (!options->format || strcmp(options->format, "table") == 0) {
		out->form = OUTPUT_TABLE;
		return add_row(&out->table, head, err);
	}
	if (strcmp(options->format, "json") != 0)
		return err_set(err, CNI_E_FIELD,
			       "--format: \"%s\" is neither table nor json",
			       options->format);
	out->form = OUTPUT_JSON;
	strbuf_putc(&out->text, '[');
	return 0;
}

static int finish(struct output *out, struct err *err)
{
	if (out->form == OUTPUT_TABLE)
		print_table(&out->table, &out->text);
	if (out->form == OUTPUT_JSON)
		strbuf_puts(&out->text, "]\n");
	return out->text.failed
		       ? err_nomem(err)
		       : cli_print(strbuf_str(&out->text), out->text.len, err);
}

static int run(const struct runtime *runtime, const void *options, int argc,
	       char **argv, struct err *err)
{
	struct output out = { .table = { .count = 0 } };
	char **names = NULL;
	size_t count = 0;
	int r;

	(void)argc;
	(void)argv;
	r = choose(options, &out, err);
	r = r ?: state_list(runtime->root, &names, &count, err);
	for (size_t i = 0; i < count; i++) {
		r = r ?: add(&out, runtime, names[i], err);
		free(names[i]);
	}
	free(names);
	r = r ?: finish(&out, err);
	free_table(&out.table);
	strbuf_free(&out.text);
	return r;
}

const struct cli_verb verb_list = {
	.name = "list",
	.arguments = "",
	.help = "list the containers",
	.options = list_options,
	.anywhere = true,
	.run = run,
};
