/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run, and its two halves: create and start. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "runtime-glue/tool/run.h"

/*
 * Report, and undo what was made. Of a container that had a life before, what
 * it was stays.
 */
static int fail(struct run *run, bool keep, const struct err *why)
{
	struct err err = { .code = CNI_OK };
	int r = 0;

	tool_report(why);
	if (run->cidfile)
		(void)unlink(run->cidfile);
	if (run->box.lock >= 0 && keep)
		r = box_down(run->tool, &run->box, &err);
	else if (run->box.lock >= 0)
		r = box_remove(run->tool, &run->box, &err);
	if (r < 0)
		log_warn("undo: %s", err.msg);
	return run->failure;
}

/* @instead: the command that does it. */
static int no_detach(const char *what, const char *instead, struct err *err)
{
	(void)err_set(err, CNI_E_FIELD,
		      "%s: containers run in the foreground only", what);
	return err_hint(err,
			"have a service manager start it, or the shell: "
			"runtime-glue %s &",
			instead);
}

/* Its end is no failure of ours any more: warnings. */
static int end(struct run *run, bool away, int code)
{
	struct err err = { .code = CNI_OK };
	int r = away ? box_remove(run->tool, &run->box, &err)
		     : box_down(run->tool, &run->box, &err);

	if (r < 0)
		log_warn("clean up after container %.12s: %s", run->box.id,
			 err.msg);
	return code;
}

static int run(const struct tool *tool, const void *opaque, int argc,
	       char **argv, struct err *err)
{
	const struct run_options *options = opaque;
	auto_run struct run run = {
		.tool = tool,
		.options = options,
		.store = IMAGE_STORE_NONE,
		.box = BOX_NONE,
		.failure = RUN_FAILED,
	};
	int code = 0;
	int r = options->detach ? no_detach("--detach", "run ...", err) : 0;

	box_sweep(tool);
	r = r ?: run_hold_signals(err);
	r = r ?: run_prepare(&run, argc, argv, err);
	r = r ?: run_up(&run, true, err);
	r = r ?: netplan_files(tool, &options->net, &run.box, err);
	r = r ?: run_write(&run, err);
	r = r ?: netplan_relay_start(run.box.record, err);
	r = r ?: box_begin(tool, &run.box, err);
	r = r
		    ?: run_serve(&run, options->interactive || options->tty,
				 &code, err);
	if (r < 0)
		return fail(&run, false, err);
	return end(&run, options->remove, code);
}

static int create(const struct tool *tool, const void *opaque, int argc,
		  char **argv, struct err *err)
{
	const struct run_options *options = opaque;
	auto_run struct run run = {
		.tool = tool,
		.options = options,
		.store = IMAGE_STORE_NONE,
		.box = BOX_NONE,
		.failure = RUN_FAILED,
	};
	int r = options->detach
			? no_detach("--detach", "create without it", err)
			: 0;

	box_sweep(tool);
	r = r ?: run_hold_signals(err);
	r = r ?: run_prepare(&run, argc, argv, err);
	r = r ?: run_up(&run, false, err);
	r = r ?: run_write(&run, err);
	r = r ?: box_created(tool, &run.box, err);
	if (r < 0)
		return fail(&run, false, err);
	(void)printf("%s\n", run.box.id);
	return 0;
}

/* ---- start ---- */

struct start_options {
	bool attach, interactive;
};

static const struct cli_option start_options[] = {
	{ "attach", 'a', CLI_FLAG, offsetof(struct start_options, attach), NULL,
	  "stay in the foreground, as run does" },
	{ "interactive", 'i', CLI_FLAG,
	  offsetof(struct start_options, interactive), NULL,
	  "keep its stdin open; with --attach" },
	{ .name = NULL },
};

static int start_steps(struct run *run, bool input, int *code, struct err *err)
{
	AUTO(run_free_files) struct net_options files = { .ip = NULL };
	int r = run_kept_files(&run->box, &files, err);

	r = r ?: box_begin(run->tool, &run->box, err);
	r = r ?: run_up(run, true, err);
	r = r ?: netplan_files(run->tool, &files, &run->box, err);
	r = r ?: netplan_relay_start(run->box.record, err);
	r = r ?: box_save(&run->box, err);
	return r ?: run_serve(run, input, code, err);
}

static int start(const struct tool *tool, const void *opaque, int argc,
		 char **argv, struct err *err)
{
	const struct start_options *options = opaque;
	auto_run struct run run = {
		.tool = tool,
		.store = IMAGE_STORE_NONE,
		.box = BOX_NONE,
		.failure = RUN_FAILED,
	};
	int code = 0;
	int r = options->attach || options->interactive
			? 0
			: no_detach("start without --attach", "start -a ...",
				    err);

	(void)argc;
	box_sweep(tool);
	r = r ?: run_hold_signals(err);
	r = r ?: box_open(tool, argv[0], true, &run.box, err);
	if (r < 0)
		return r;
	r = start_steps(&run, options->interactive, &code, err);
	if (r < 0)
		return fail(&run, true, err);
	return end(&run, box_goes_away(&run.box), code);
}

const struct tool_verb verb_tool_run = {
	.name = "run",
	.arguments = "IMAGE [COMMAND [ARGUMENT...]]",
	.help = "run a command in a new container",
	.section = "Containers",
	.options = run_option_table,
	.options_size = sizeof(struct run_options),
	.enters = true,
	.failure = RUN_FAILED,
	.max_args = -1,
	.run = run,
};

const struct tool_verb verb_tool_create = {
	.name = "create",
	.arguments = "IMAGE [COMMAND [ARGUMENT...]]",
	.help = "make a container for start",
	.section = "Containers",
	.options = run_option_table,
	.options_size = sizeof(struct run_options),
	.failure = RUN_FAILED,
	.max_args = -1,
	.run = create,
};

const struct tool_verb verb_tool_start = {
	.name = "start",
	.arguments = "CONTAINER",
	.help = "run a container that was created, or has ended",
	.section = "Containers",
	.options = start_options,
	.options_size = sizeof(struct start_options),
	.anywhere = true,
	.enters = true,
	.failure = RUN_FAILED,
	.min_args = 1,
	.max_args = 1,
	.run = start,
};
