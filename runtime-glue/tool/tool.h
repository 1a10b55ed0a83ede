/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The standalone face: `runtime-glue VERB ...`. One table a verb, with which
 * parsing, --help, the manual's synopsis and shell completion are made.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "runtime-glue/cni/chain.h"
#include "runtime-glue/oci/cli.h"

/* The global options. Environment in brackets. */
struct tool {
	const char
		*root;   /* --root [RUNTIME_GLUE_ROOT], /var/lib/runtime-glue */
	const char *run; /* --run [RUNTIME_GLUE_RUN], /run/runtime-glue */
	const char *conf_dir;     /* --conf-dir [NETCONFPATH], /etc/cni/net.d */
	struct chain_runtime cni; /* --cni-path [CNI_PATH], --cni-cache */
	const char *cgroup_parent; /* [RUNTIME_GLUE_CGROUP], "/runtime-glue" */
};

struct tool_verb {
	const char *name, *arguments, *help;
	const char *section; /* of --help: "Containers", "Images", ... */
	const struct cli_option *options;
	size_t options_size;
	bool anywhere; /* options may come behind arguments */
	bool enters;   /* a container: not from an executable it could write */
	int failure;   /* the exit status if @run fails; 0 means 1 */
	int min_args, max_args; /* max -1: any number */
	/* As of struct cli_verb. */
	int (*run)(const struct tool *tool, const void *options, int argc,
		   char **argv, struct err *err);
	const struct tool_verb *const *verbs; /* of a group; NULL at the end */
};

/* One line each in tool.c's table; a group has its verbs in its own file. */
extern const struct tool_verb verb_tool_run, verb_tool_create, verb_tool_start,
	verb_tool_stop, verb_tool_rm, verb_tool_ps;
extern const struct tool_verb group_cni, group_network, verb_map;
extern const struct tool_verb verb_load, verb_import, verb_save, verb_images,
	verb_rmi, verb_tag, verb_inspect, verb_history, verb_prune;
extern const struct tool_verb verb_diff, verb_export, verb_commit, verb_cp,
	group_volume;

/* "5 minutes ago" of an RFC 3339 time; "?" of anything else. */
void tool_age(const char *when, char *out, size_t size);

/* On stderr, with what can be done about it. */
void tool_report(const struct err *err);
extern const struct tool_verb verb_completion; /* hidden: help NULL */

int tool_main(int argc, char **argv);
