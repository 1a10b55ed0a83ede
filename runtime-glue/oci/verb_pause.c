/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pause and resume: the freezer. */
#include "runtime-glue/oci/cli.h"

#define FREEZE_MS 10000

static const struct cli_option no_options[] = { { .name = NULL } };

static int check(const struct state *state, bool paused, struct err *err)
{
	enum status status = state_status(state);

	if (paused && status != STATUS_RUNNING && status != STATUS_CREATED)
		return err_set(err, CNI_E_IO,
			       "pause container \"%s\": container not running: "
			       "%s",
			       state->id, status_name(status));
	if (!paused && status != STATUS_PAUSED)
		return err_set(err, CNI_E_IO,
			       "resume container \"%s\": container not paused: "
			       "%s",
			       state->id, status_name(status));
	return 0;
}

int container_pause(const struct runtime *runtime, const char *id, bool paused,
		    struct err *err)
{
	auto_state struct state state = STATE_NONE;
	auto_cgroup struct cgroup cgroup = { .count = 0 };
	int r = state_open(runtime->root, id, true, &state, err);

	r = r ?: check(&state, paused, err);
	r = r ?: state_cgroup(&state, &cgroup, err);
	if (r < 0)
		return r;
	r = cgroup_freeze(&cgroup, paused, FREEZE_MS, err);
	return r < 0 ? err_in(err, "%s container \"%s\"",
			      paused ? "pause" : "resume", id)
		     : 0;
}

static int pause_it(const struct runtime *runtime, const void *options,
		    int argc, char **argv, struct err *err)
{
	(void)options;
	(void)argc;
	return container_pause(runtime, argv[0], true, err);
}

static int resume_it(const struct runtime *runtime, const void *options,
		     int argc, char **argv, struct err *err)
{
	(void)options;
	(void)argc;
	return container_pause(runtime, argv[0], false, err);
}

const struct cli_verb verb_pause = {
	.name = "pause",
	.arguments = "ID",
	.help = "stop all processes of a container for a while",
	.options = no_options,
	.anywhere = true,
	.min_args = 1,
	.max_args = 1,
	.run = pause_it,
};

const struct cli_verb verb_resume = {
	.name = "resume",
	.arguments = "ID",
	.help = "let a paused container go on",
	.options = no_options,
	.anywhere = true,
	.min_args = 1,
	.max_args = 1,
	.run = resume_it,
};
