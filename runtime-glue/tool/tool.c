/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The standalone tool's command line as a whole: global options, a verb or a
 * group and its verb, options, arguments.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/build.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/strbuf.h"
#include "runtime-glue/oci/self.h"
#include "runtime-glue/tool/tool_parts.h"

#define USAGE_STATUS 2

/* A line each, in the order of --help. */
/* clang-format off */
const struct tool_verb *const tool_verbs[] = {
	&verb_tool_run,
	&verb_tool_create,
	&verb_tool_start,
	&verb_tool_stop,
	&verb_tool_rm,
	&verb_tool_ps,
	&verb_load,
	&verb_import,
	&verb_images,
	&verb_rmi,
	&verb_tag,
	&verb_inspect,
	&verb_history,
	&verb_prune,
	&verb_diff,
	&verb_export,
	&verb_commit,
	&verb_cp,
	&group_volume,
	&group_network,
	&group_cni,
	&verb_map,
	&verb_completion,
	NULL,
};
/* clang-format on */

struct globals {
	const char *root, *run, *conf_dir, *cni_path, *cni_cache;
	const char *trace; /* CLI_MAYBE */
	bool version;
};

#define AT(member) offsetof(struct globals, member)

const struct cli_option tool_options[] = {
	{ "root", 0, CLI_TEXT, AT(root), "DIR",
	  "images and containers (default: /var/lib/" TOOL_NAME ")" },
	{ "run", 0, CLI_TEXT, AT(run), "DIR",
	  "what does not outlive a boot (default: /run/" TOOL_NAME ")" },
	{ "conf-dir", 0, CLI_TEXT, AT(conf_dir), "DIR",
	  "networks (default: /etc/cni/net.d)" },
	{ "cni-path", 0, CLI_TEXT, AT(cni_path), "DIR[:DIR...]",
	  "network plugins" },
	{ "cni-cache", 0, CLI_TEXT, AT(cni_cache), "DIR",
	  "results of plugins (default: /var/lib/cni)" },
	{ "trace", 0, CLI_MAYBE, AT(trace), "FILE",
	  "print each step taken in the kernel (to stderr)" },
	{ "version", 'v', CLI_FLAG, AT(version), NULL, "print the version" },
	{ .name = NULL },
};

void tool_report(const struct err *err)
{
	char text[sizeof(err->msg) + sizeof(err->details) + 32];
	int n = snprintf(text, sizeof(text), TOOL_NAME ": %s%s%s", err->msg,
			 err->details[0] ? ": " : "", err->details);

	log_printable(text, (size_t)n);
	(void)fprintf(stderr, "%s\n", text);
}

/* ---- Global options ---- */

/* Strings that struct tool refers to. */
struct paths {
	char *root, *run, *conf_dir, *cni_path, *cni_cache, *cgroup;
};

static void paths_free(struct paths *paths)
{
	free(paths->root);
	free(paths->run);
	free(paths->conf_dir);
	free(paths->cni_path);
	free(paths->cni_cache);
	free(paths->cgroup);
}

/*
 * The option, the environment's, or the default; absolute, for there will be
 * other working directories.
 */
static int find_path(const char *option, const char *variable,
		     const char *usual, char **out, struct err *err)
{
	const char *path = option ?: secure_getenv(variable);
	auto_free char *here = NULL;

	if (!path || (!option && !*path))
		path = usual;
	if (!*path)
		return err_set(err, CNI_E_FIELD,
			       "a folder's name among the global options is "
			       "empty");
	if (*path != '/') {
		here = getcwd(NULL, 0);
		if (!here)
			return err_sys(err, errno, "find working directory");
	}
	if (asprintf(out, "%s%s%s", here ?: "", here ? "/" : "", path) < 0) {
		*out = NULL;
		return err_nomem(err);
	}
	return 0;
}

/*
 * Where plugins are, by default where runtimes look for them and beside us.
 * It goes into the environment: a sealed copy of ourselves (self_seal) has no
 * folder.
 */
static int find_plugins(const char *option, char **out, struct err *err)
{
	const char *path = option ?: secure_getenv("CNI_PATH");
	char self[4096];
	ssize_t n;
	int r;

	if (path && *path) {
		*out = strdup(path);
		return *out ? 0 : err_nomem(err);
	}
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[n < 0 ? 0 : n] = '\0';
	if (strrchr(self, '/'))
		*strrchr(self, '/') = '\0';
	r = asprintf(out, "/opt/cni/bin:/usr/lib/cni%s%s", *self ? ":" : "",
		     self);
	if (r < 0) {
		*out = NULL;
		return err_nomem(err);
	}
	return setenv("CNI_PATH", *out, 1) < 0 ? err_nomem(err) : 0;
}

static int find_paths(const struct globals *globals, struct paths *paths,
		      struct tool *tool, struct err *err)
{
	int r = find_path(globals->root, "RUNTIME_GLUE_ROOT",
			  "/var/lib/" TOOL_NAME, &paths->root, err);

	r = r
		    ?: find_path(globals->run, "RUNTIME_GLUE_RUN",
				 "/run/" TOOL_NAME, &paths->run, err);
	r = r
		    ?: find_path(globals->conf_dir, "NETCONFPATH",
				 "/etc/cni/net.d", &paths->conf_dir, err);
	r = r
		    ?: find_path(globals->cni_cache, "CNI_CACHE",
				 "/var/lib/cni", &paths->cni_cache, err);
	r = r
		    ?: find_path(NULL, "RUNTIME_GLUE_CGROUP", "/" TOOL_NAME,
				 &paths->cgroup, err);
	r = r ?: find_plugins(globals->cni_path, &paths->cni_path, err);
	*tool = (struct tool){
		.root = paths->root,
		.run = paths->run,
		.conf_dir = paths->conf_dir,
		.cni = { .bin_path = paths->cni_path,
			 .cache_dir = paths->cni_cache },
		.cgroup_parent = paths->cgroup,
	};
	return r;
}

/* The trace, ours and the plugins', reads it from there. */
static int turn_on_trace(const char *option, struct err *err)
{
	auto_free char *path = NULL;
	int r = 0;

	if (!option)
		return 0;
	if (*option && strcmp(option, "stderr") != 0)
		r = find_path(option, "", "", &path, err);
	if (r == 0 && setenv("FERRULE_TRACE", path ?: "stderr", 1) < 0)
		r = err_nomem(err);
	return r;
}

/* ---- Verbs ---- */

/* Which verb it is that @words asks for; @group: the one that it is of. */
struct chosen {
	const struct tool_verb *group, *verb;
};

static int unknown(const struct tool_verb *group, const char *name,
		   struct err *err)
{
	const struct tool_verb *const *verbs =
		group ? group->verbs : tool_verbs;
	const struct tool_verb *guess = tool_guess(verbs, name);
	const char *instead = group ? NULL : tool_instead(name);

	(void)err_set(err, CNI_E_FIELD, "no such command: \"%s%s%s\"",
		      group ? group->name : "", group ? " " : "", name);
	if (instead)
		return err_hint(err, "%s", instead);
	if (guess)
		return err_hint(err, "did you mean \"%s\"?", guess->name);
	return err_hint(err, "see " TOOL_NAME " %s%s--help",
			group ? group->name : "", group ? " " : "");
}

static bool asks_for_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ||
	       strcmp(word, "help") == 0;
}

/* Returns CLI_HELP for a group without a verb. */
static int choose(struct cli_words *words, struct chosen *out, struct err *err)
{
	const char *name = words->argv[words->at++];

	out->verb = tool_find(tool_verbs, name);
	if (!out->verb)
		return unknown(NULL, name, err);
	if (!out->verb->verbs)
		return 0;
	out->group = out->verb;
	out->verb = NULL;
	if (words->at >= words->argc || asks_for_help(words->argv[words->at]))
		return CLI_HELP;
	name = words->argv[words->at++];
	out->verb = tool_find(out->group->verbs, name);
	return out->verb ? 0 : unknown(out->group, name, err);
}

static void print_help(const struct chosen *chosen)
{
	if (chosen->verb)
		tool_help_verb(chosen->group, chosen->verb);
	else if (chosen->group)
		tool_help_group(chosen->group);
	else
		tool_help();
}

static int check_count(const struct chosen *chosen, int count, struct err *err)
{
	const struct tool_verb *verb = chosen->verb;
	bool less = count < verb->min_args;

	if (!less && (verb->max_args < 0 || count <= verb->max_args))
		return 0;
	(void)err_set(err, CNI_E_FIELD, "\"%s\": %s arguments", verb->name,
		      less ? "there are not enough" : "there are too many");
	return err_hint(err, "usage: " TOOL_NAME " %s%s%s [OPTION...] %s",
			chosen->group ? chosen->group->name : "",
			chosen->group ? " " : "", verb->name,
			verb->arguments ?: "");
}

static int run_verb(const struct chosen *chosen, const struct tool *tool,
		    char **main_argv, struct cli_words *words, struct err *err)
{
	const struct tool_verb *verb = chosen->verb;
	auto_free void *options = calloc(1, verb->options_size + 1);
	int r;

	if (!options)
		return err_nomem(err);
	r = cli_parse(verb->options, verb->anywhere, words, options, err);
	if (r < 0 && !err->details[0])
		(void)err_hint(err, "see " TOOL_NAME " %s%s%s --help",
			       chosen->group ? chosen->group->name : "",
			       chosen->group ? " " : "", verb->name);
	if (r == CLI_HELP)
		print_help(chosen);
	if (r == 0)
		r = check_count(chosen, words->argc - words->at, err);
	if (r == 0 && verb->enters)
		r = self_seal(main_argv, err);
	if (r == 0)
		r = verb->run(tool, options, words->argc - words->at,
			      &words->argv[words->at], err);
	else if (r == CLI_HELP)
		r = 0;
	cli_release(verb->options, options);
	if (r < 0 && !err->code) /* never without a word */
		(void)err_sys(err, -r, "%s", verb->name);
	if (r >= 0)
		return r;
	if (geteuid() != 0 && !err->details[0])
		(void)err_hint(err,
			       "it takes the rights of root: sudo " TOOL_NAME
			       " %s ...",
			       (chosen->group ?: verb)->name);
	tool_report(err);
	return verb->failure ?: 1;
}

static int dispatch(const struct globals *globals, char **main_argv,
		    struct cli_words *words, struct err *err)
{
	AUTO(paths_free) struct paths paths = { .root = NULL };
	struct chosen chosen = { .verb = NULL };
	struct tool tool;
	bool help = strcmp(words->argv[words->at], "help") == 0;
	int r = 0;

	words->at += help;
	if (!help || words->at < words->argc)
		r = choose(words, &chosen, err);
	if (r == CLI_HELP || (r == 0 && help)) {
		print_help(&chosen);
		return 0;
	}
	r = r ?: find_paths(globals, &paths, &tool, err);
	r = r ?: turn_on_trace(globals->trace, err);
	return r < 0 ? r : run_verb(&chosen, &tool, main_argv, words, err);
}

/*
 * Descriptors that are closed come back as /dev/null: a record that became
 * descriptor 1 would receive what is printed. Parsing moves words about, and
 * self_seal() wants them as they were: so it is done on a copy.
 */
int tool_main(int argc, char **argv)
{
	auto_free char **copy = calloc((size_t)argc + 1, sizeof(*copy));
	struct cli_words words = { .argc = argc, .argv = copy, .at = 1 };
	struct err err = { .code = CNI_OK };
	struct globals globals = { .root = NULL };
	int r;

	io_fill_stdio();
	/* Ignored, as a careless parent may have left it, nobody would be told
	 * of a child's end. */
	(void)signal(SIGCHLD, SIG_DFL);
	if (!copy)
		return 1;
	memcpy(copy, argv, (size_t)argc * sizeof(*copy));
	r = cli_parse(tool_options, false, &words, &globals, &err);
	if (r == CLI_HELP || (r == 0 && !globals.version && words.at >= argc)) {
		tool_help();
		return 0;
	}
	if (r == 0 && globals.version) {
		(void)printf(TOOL_NAME " %s\n", build_version());
		return 0;
	}
	r = r ?: dispatch(&globals, argv, &words, &err);
	if (r >= 0)
		return r;
	tool_report(&err);
	return USAGE_STATUS;
}
