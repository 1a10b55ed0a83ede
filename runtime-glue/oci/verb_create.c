/* SPDX-License-Identifier: GPL-2.0-or-later */
/* create and run: the same options, but for how long we stay. */
#include "runtime-glue/oci/cli.h"

#include <limits.h>

struct options {
	const char *bundle, *config, *console_socket, *pid_file;
	int64_t preserve_fds;
	bool no_pivot, no_new_keyring;
	bool detach, keep, no_subreaper; /* run */
};

#define AT(member) offsetof(struct options, member)
#define COMMON                                                                     \
	{                                                                          \
		"bundle", 'b',                                                     \
		CLI_TEXT, AT(bundle),                                              \
		"DIR",    "the bundle, where config.json is (default: here)"       \
	},                                                                         \
		{ "config",                                                        \
		  'f',                                                             \
		  CLI_TEXT,                                                        \
		  AT(config),                                                      \
		  "FILE",                                                          \
		  "the configuration, if not config.json in the bundle" },         \
		{ "console-socket", 0,                                             \
		  CLI_TEXT,         AT(console_socket),                            \
		  "SOCKET",         "where the terminal's descriptor is sent" },   \
		{ "pid-file",   0,      CLI_TEXT,                                  \
		  AT(pid_file), "FILE", "where to write the process id" },         \
		{ "no-pivot", 0,                                                   \
		  CLI_FLAG,   AT(no_pivot),                                        \
		  NULL,       "no pivot_root(2), for a rootfs on a ramdisk" },     \
		{ "no-new-keyring",   0,    CLI_FLAG,                              \
		  AT(no_new_keyring), NULL, "keep the caller's session keyring" }, \
	{                                                                          \
		"preserve-fds", 0, CLI_NUMBER, AT(preserve_fds), "N",              \
			"pass N more descriptors, from 3 + $LISTEN_FDS on"         \
	}

static const struct cli_option create_options[] = { COMMON, { .name = NULL } };

static const struct cli_option run_options[] = {
	COMMON,
	{ "detach", 'd', CLI_FLAG, AT(detach), NULL,
	  "return when the container runs" },
	{ "keep", 0, CLI_FLAG, AT(keep), NULL,
	  "do not delete the container when it ends" },
	{ "no-subreaper", 0, CLI_FLAG, AT(no_subreaper), NULL,
	  "do not reap the container's orphans" },
	{ .name = NULL },
};

static int to_create(const struct options *options, const char *id,
		     struct create_options *out, struct err *err)
{
	if (options->preserve_fds < 0 || options->preserve_fds > INT_MAX - 1024)
		return err_set(err, CNI_E_FIELD,
			       "--preserve-fds: %jd is no "
			       "number of descriptors",
			       (intmax_t)options->preserve_fds);
	*out = (struct create_options){
		.id = id,
		.bundle = options->bundle ?: ".",
		.config = options->config,
		.console_socket = options->console_socket,
		.pid_file = options->pid_file,
		.preserve_fds = (int)options->preserve_fds,
		.no_pivot = options->no_pivot,
		.no_new_keyring = options->no_new_keyring,
	};
	return 0;
}

static int create(const struct runtime *runtime, const void *opaque, int argc,
		  char **argv, struct err *err)
{
	struct create_options create;
	int r = to_create(opaque, argv[0], &create, err);

	(void)argc;
	return r ?: container_create(runtime, &create, err);
}

static int run(const struct runtime *runtime, const void *opaque, int argc,
	       char **argv, struct err *err)
{
	const struct options *options = opaque;
	const struct run_how how = { .detach = options->detach,
				     .keep = options->keep,
				     .subreaper = !options->no_subreaper };
	struct create_options create;
	int code = 0;
	int r = to_create(options, argv[0], &create, err);

	(void)argc;
	r = r ?: container_run(runtime, &create, how, &code, err);
	return r < 0 ? r : code;
}

const struct cli_verb verb_create = {
	.name = "create",
	.arguments = "ID",
	.help = "set up a container, which then waits for start",
	.options = create_options,
	.enters = true,
	.anywhere = true,
	.min_args = 1,
	.max_args = 1,
	.run = create,
};

const struct cli_verb verb_run = {
	.name = "run",
	.arguments = "ID",
	.help = "create and start a container",
	.options = run_options,
	.enters = true,
	.anywhere = true,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
