/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processes of a container. runc has ps(1) list all of the machine's and
 * picks; the two lists that people ask for are made here, without it.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "runtime-glue/oci/cli.h"
#include "runtime-glue/oci/proc.h"

struct options {
	const char *format;
};

static const struct cli_option ps_options[] = {
	{ "format", 'f', CLI_TEXT, offsetof(struct options, format),
	  "table|json", "what to print (table)" },
	{ .name = NULL },
};

typedef void print_fn(const struct proc *proc, struct strbuf *out);

static int choose(int argc, char **argv, print_fn **out, struct err *err)
{
	*out = proc_print_ef;
	if (argc < 2)
		return 0;
	if (argc == 2 &&
	    (strcmp(argv[1], "aux") == 0 || strcmp(argv[1], "-aux") == 0)) {
		*out = proc_print_aux;
		return 0;
	}
	if (argc == 2 &&
	    (strcmp(argv[1], "-ef") == 0 || strcmp(argv[1], "-fe") == 0))
		return 0;
	return err_set(err, CNI_E_FIELD,
		       "ps: only -ef and aux can be had here; with --format "
		       "json, ps(1) can be given the pids");
}

static void print_json(const pid_t *pids, size_t count, struct strbuf *out)
{
	strbuf_putc(out, '[');
	for (size_t i = 0; i < count; i++)
		strbuf_printf(out, "%s%d", i ? "," : "", (int)pids[i]);
	strbuf_puts(out, "]\n");
}

static void print_table(const pid_t *pids, size_t count, print_fn *print,
			struct strbuf *out)
{
	struct proc proc;

	print(NULL, out);
	for (size_t i = 0; i < count; i++)
		if (proc_read(pids[i], &proc) == 0)
			print(&proc, out);
}

static int find_pids(const struct runtime *runtime, const char *id,
		     pid_t **pids, size_t *count, struct err *err)
{
	auto_state struct state state = STATE_NONE;
	auto_cgroup struct cgroup cgroup = { .count = 0 };
	int r = state_open(runtime->root, id, false, &state, err);

	r = r ?: state_cgroup(&state, &cgroup, err);
	if (r < 0)
		return r;
	if (cgroup.count > 0)
		return cgroup_pids(&cgroup, pids, count, err);
	/* Rootless without cgroups: of init we know. */
	if (state_status(&state) == STATUS_STOPPED)
		return 0;
	*pids = malloc(sizeof(**pids));
	if (!*pids)
		return err_nomem(err);
	**pids = state.pid;
	*count = state.pid > 0;
	return 0;
}

static int run(const struct runtime *runtime, const void *opaque, int argc,
	       char **argv, struct err *err)
{
	const struct options *options = opaque;
	auto_strbuf struct strbuf text = { .len = 0 };
	auto_free pid_t *pids = NULL;
	print_fn *print = NULL;
	size_t count = 0;
	bool json = options->format && strcmp(options->format, "json") == 0;
	int r;

	if (options->format && !json && strcmp(options->format, "table") != 0)
		return err_set(err, CNI_E_FIELD,
			       "--format: \"%s\" is neither table nor json",
			       options->format);
	r = choose(argc, argv, &print, err);
	r = r ?: find_pids(runtime, argv[0], &pids, &count, err);
	if (r < 0)
		return r;
	if (json)
		print_json(pids, count, &text);
	else
		print_table(pids, count, print, &text);
	return text.failed ? err_nomem(err)
			   : cli_print(text.data, text.len, err);
}

const struct cli_verb verb_ps = {
	.name = "ps",
	.arguments = "ID [-ef|aux]",
	.help = "list the processes of a container",
	.options = ps_options,
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
