/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stop and rm. A container that runs has somebody who waits for its end and
 * then cleans up (run, start): so these two send signals, and wait for its lock
 * to become free.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/base/cleanup.h"
#include "runtime-glue/oci/container.h"
#include "runtime-glue/tool/box_parts.h"

#define STOP_SECONDS 10
#define KILL_MS      10000

struct stop_options {
	const char *time;
};

static const struct cli_option stop_option_table[] = {
	{ "time", 't', CLI_TEXT, offsetof(struct stop_options, time), "SECONDS",
	  "how long to wait before it is killed (default: 10)" },
	{ .name = NULL },
};

/* @box is gone, or nobody holds it: *@out. */
static int is_free(const struct box *box, bool *out, struct err *err)
{
	struct err why = { .code = CNI_OK };
	auto_fd int lock = -1;
	int r = box_try_lock(box->path, &lock, &why);

	*out = lock >= 0 || r == -ENOENT || r == -ENOTDIR;
	return *out ? 0 : err_take(err, &why);
}

/* Up to @ms milliseconds. *@out: has it ended? */
static int wait_for_end(const struct box *box, int64_t ms, bool *out,
			struct err *err)
{
	static const struct timespec pause = { .tv_nsec = 10000000 };
	int r = is_free(box, out, err);

	for (; r == 0 && !*out && ms > 0; ms -= 10) {
		(void)nanosleep(&pause, NULL);
		r = is_free(box, out, err);
	}
	return r;
}

/* One that has just ended is no error. */
static int send(const struct tool *tool, const struct box *box, int sig,
		struct err *err)
{
	struct err why = { .code = CNI_OK };
	auto_free char *root = NULL;
	struct runtime engine;
	int r = box_engine(tool, &root, &engine, err);

	if (r < 0)
		return r;
	r = container_kill(&engine, box->id, sig, false, &why);
	return r == -ESRCH || r == -ENOENT ? 0 : err_take(err, &why);
}

/* @sig, then if it must be SIGKILL. */
static int end_box(const struct tool *tool, const struct box *box, int sig,
		   int64_t ms, struct err *err)
{
	bool ended = false;
	int r = send(tool, box, sig, err);

	r = r ?: wait_for_end(box, ms, &ended, err);
	if (r == 0 && !ended && sig != SIGKILL) {
		r = send(tool, box, SIGKILL, err);
		r = r ?: wait_for_end(box, KILL_MS, &ended, err);
	}
	if (r < 0 || ended)
		return r;
	(void)err_sys(err, ETIMEDOUT,
		      "container \"%s\" was killed, but is still in use",
		      box_get(box, "name"));
	return err_hint(err, "see what its run is doing: ps -ef");
}

static int stop_one(const struct tool *tool, const char *name, int64_t seconds,
		    struct err *err)
{
	auto_box struct box box = BOX_NONE;
	const char *signal;
	int sig = SIGTERM;
	int r = box_open(tool, name, false, &box, err);

	if (r < 0)
		return r;
	signal = box_get(&box, "stopSignal");
	if (*signal)
		r = cli_signal(signal, &sig, err);
	if (r == 0 && (box_is(&box, "running") || box_is(&box, "creating")))
		r = end_box(tool, &box, sig, seconds * 1000, err);
	if (r == 0)
		(void)printf("%s\n", name);
	return r;
}

static int stop(const struct tool *tool, const void *opaque, int argc,
		char **argv, struct err *err)
{
	const struct stop_options *options = opaque;
	int64_t seconds = STOP_SECONDS;
	int r = 0, first = 0;

	if (options->time)
		r = cli_number("--time", options->time, 0, 1000000, &seconds,
			       err);
	if (r < 0)
		return r;
	box_sweep(tool);
	for (int i = 0; i < argc; i++) {
		r = stop_one(tool, argv[i], seconds, err);
		first = first_of(r, first);
	}
	return first;
}

/* ---- rm ---- */

struct rm_options {
	bool force, volumes;
};

static const struct cli_option rm_option_table[] = {
	{ "force", 'f', CLI_FLAG, offsetof(struct rm_options, force), NULL,
	  "kill it first if it runs; no error if there is none" },
	{ "volumes", 'v', CLI_FLAG, offsetof(struct rm_options, volumes), NULL,
	  "and its volumes that have no name" },
	{ .name = NULL },
};

static int is_running(const char *name, struct err *err)
{
	(void)err_set(err, CNI_E_IO, "container \"%s\" is running", name);
	return err_hint(err,
			"stop it first with runtime-glue stop %s, or use "
			"rm --force",
			name);
}

/* With --rm, its own run has removed it. */
static int remove_box(const struct tool *tool, const char *id, bool volumes,
		      struct err *err)
{
	struct err why = { .code = CNI_OK };
	auto_box struct box box = BOX_NONE;
	int r = box_open(tool, id, true, &box, &why);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_take(err, &why);
	/* As if it had been started so. */
	if (volumes &&
	    json_object_object_add(box.record, "remove",
				   json_object_new_boolean(true)) < 0)
		return err_nomem(err);
	return box_remove(tool, &box, err);
}

static int rm_one(const struct tool *tool, const char *name,
		  const struct rm_options *options, struct err *err)
{
	struct err why = { .code = CNI_OK };
	auto_box struct box box = BOX_NONE;
	int r = box_open(tool, name, false, &box, &why);

	if (r == -ENOENT && options->force)
		return 0;
	if (r < 0)
		return err_take(err, &why);
	if (box_is(&box, "running") && !options->force)
		return is_running(name, err);
	if (box_is(&box, "running"))
		r = end_box(tool, &box, SIGKILL, KILL_MS, err);
	r = r ?: remove_box(tool, box.id, options->volumes, err);
	if (r == 0)
		(void)printf("%s\n", name);
	return r;
}

static int rm(const struct tool *tool, const void *opaque, int argc,
	      char **argv, struct err *err)
{
	const struct rm_options *options = opaque;
	int r = 0;

	box_sweep(tool);
	for (int i = 0; i < argc; i++)
		r = first_of(rm_one(tool, argv[i], options, err), r);
	return r;
}

const struct tool_verb verb_tool_stop = {
	.name = "stop",
	.arguments = "CONTAINER...",
	.help = "end containers: their stop signal, later SIGKILL",
	.section = "Containers",
	.options = stop_option_table,
	.options_size = sizeof(struct stop_options),
	.anywhere = true,
	.min_args = 1,
	.max_args = -1,
	.run = stop,
};

const struct tool_verb verb_tool_rm = {
	.name = "rm",
	.arguments = "CONTAINER...",
	.help = "remove containers",
	.section = "Containers",
	.options = rm_option_table,
	.options_size = sizeof(struct rm_options),
	.anywhere = true,
	.min_args = 1,
	.max_args = -1,
	.run = rm,
};
