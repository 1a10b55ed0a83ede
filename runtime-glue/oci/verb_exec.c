/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "runtime-glue/oci/cli.h"

struct options {
	const char *process, *console_socket, *pid_file, *cgroup;
	const char *cwd, *user, *apparmor, *selinux;
	struct spec_strings env, caps, gids;
	int64_t preserve_fds;
	bool detach, tty, no_new_privs, ignore_paused;
};

#define AT(member) offsetof(struct options, member)

static const struct cli_option exec_options[] = {
	{ "process", 'p', CLI_TEXT, AT(process), "FILE",
	  "the process as JSON; COMMAND and options about it are not for "
	  "then" },
	{ "cwd", 0, CLI_TEXT, AT(cwd), "DIR", "working directory" },
	{ "env", 'e', CLI_LIST, AT(env), "NAME=VALUE",
	  "one more variable (repeatable)" },
	{ "tty", 't', CLI_FLAG, AT(tty), NULL, "with a terminal" },
	{ "user", 'u', CLI_TEXT, AT(user), "UID[:GID]", "who to be" },
	{ "additional-gids", 'g', CLI_LIST, AT(gids), "GID",
	  "one more group (repeatable)" },
	{ "cap", 'c', CLI_LIST, AT(caps), "NAME",
	  "one more capability (repeatable)" },
	{ "no-new-privs", 0, CLI_FLAG, AT(no_new_privs), NULL,
	  "no privileges by execve(2)" },
	{ "apparmor", 0, CLI_TEXT, AT(apparmor), "PROFILE",
	  "AppArmor profile" },
	{ "process-label", 0, CLI_TEXT, AT(selinux), "LABEL", "SELinux label" },
	{ "cgroup", 0, CLI_TEXT, AT(cgroup), "[CONTROLLER:]PATH",
	  "the sub-cgroup to run in" },
	{ "detach", 'd', CLI_FLAG, AT(detach), NULL,
	  "return when the process runs" },
	{ "console-socket", 0, CLI_TEXT, AT(console_socket), "SOCKET",
	  "where the terminal's descriptor is sent" },
	{ "pid-file", 0, CLI_TEXT, AT(pid_file), "FILE",
	  "where to write the process id" },
	{ "preserve-fds", 0, CLI_NUMBER, AT(preserve_fds), "N",
	  "pass N more descriptors, from 3 + $LISTEN_FDS on" },
	{ "ignore-paused", 0, CLI_FLAG, AT(ignore_paused), NULL,
	  "in a paused container, too (it runs once resumed)" },
	{ .name = NULL },
};

static int read_gids(const struct spec_strings *texts, gid_t **out,
		     struct err *err)
{
	int64_t value = 0;
	int r = 0;

	if (texts->count == 0)
		return 0;
	*out = calloc(texts->count, sizeof(**out));
	if (!*out)
		return err_nomem(err);
	for (size_t i = 0; r == 0 && i < texts->count; i++) {
		/* The last number is -1, no group for the kernel. */
		r = cli_number("--additional-gids", texts->at[i], 0,
			       (int64_t)UINT32_MAX - 1, &value, err);
		(*out)[i] = (gid_t)value;
	}
	return r;
}

static int check(const struct options *options, int argc, struct err *err)
{
	if (!options->process && argc < 2)
		return err_set(err, CNI_E_FIELD,
			       "exec: neither a command nor --process is "
			       "given");
	if (options->process && argc > 1)
		return err_set(err, CNI_E_FIELD,
			       "exec: a command and --process exclude each "
			       "other");
	if (options->preserve_fds < 0 || options->preserve_fds > INT_MAX - 1024)
		return err_set(err, CNI_E_FIELD,
			       "--preserve-fds: %jd is no "
			       "number of descriptors",
			       (intmax_t)options->preserve_fds);
	return options->user ? cli_user(options->user, err) : 0;
}

static int run(const struct runtime *runtime, const void *opaque, int argc,
	       char **argv, struct err *err)
{
	const struct options *options = opaque;
	auto_free gid_t *gids = NULL;
	struct exec_options exec;
	int code = 0;
	int r;

	/* "ID -- COMMAND", as people write it; no command is called so. */
	if (argc > 1 && strcmp(argv[1], "--") == 0) {
		argv[1] = argv[0];
		argv++;
		argc--;
	}
	r = check(options, argc, err);
	r = r ?: read_gids(&options->gids, &gids, err);
	exec = (struct exec_options){
		.id = argv[0],
		.process_file = options->process,
		.console_socket = options->console_socket,
		.pid_file = options->pid_file,
		.cgroup = options->cgroup,
		.preserve_fds = (int)options->preserve_fds,
		.detach = options->detach,
		.tty = options->tty,
		.ignore_paused = options->ignore_paused,
		.args = argv + 1,
		.cwd = options->cwd,
		.user = options->user,
		.apparmor = options->apparmor,
		.selinux = options->selinux,
		.env = options->env,
		.caps = options->caps,
		.gid_count = options->gids.count,
		.gids = gids,
		.no_new_privs = options->no_new_privs,
	};
	r = r ?: container_exec(runtime, &exec, &code, err);
	return r < 0 ? r : code;
}

const struct cli_verb verb_exec = {
	.name = "exec",
	.arguments = "ID COMMAND [ARGUMENT...]",
	.help = "run one more process in a container",
	.options = exec_options,
	.enters = true,
	/* What follows ID is the process's. */
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
