/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * runc's command line as a whole: options of the program, then a verb.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <seccomp.h>

#include "common/base/build.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/strbuf.h"
#include "runtime-glue/oci/cli.h"
#include "runtime-glue/oci/report.h"
#include "runtime-glue/oci/self.h"

#define NAME "runtime-glue-oci"

static const struct cli_verb *const verbs[] = {
	&verb_create, &verb_start,  &verb_run,      &verb_exec,
	&verb_kill,   &verb_delete, &verb_state,    &verb_list,
	&verb_ps,     &verb_pause,  &verb_resume,   &verb_update,
	&verb_events, &verb_spec,   &verb_features, NULL,
};

struct globals {
	const char *root, *log, *log_format, *log_level, *criu;
	const char *rootless, *trace; /* CLI_MAYBE */
	bool debug, systemd_cgroup, version;
};

#define AT(member) offsetof(struct globals, member)

static const struct cli_option global_options[] = {
	{ "root", 0, CLI_TEXT, AT(root), "DIR",
	  "where states are (default: /run/" NAME ")" },
	{ "log", 0, CLI_TEXT, AT(log), "FILE",
	  "where failures are logged, too (default: stderr only)" },
	{ "log-format", 0, CLI_TEXT, AT(log_format), "text|json", "and how" },
	{ "log-level", 0, CLI_TEXT, AT(log_level), "LEVEL",
	  "error, warning, info or debug" },
	{ "debug", 0, CLI_FLAG, AT(debug), NULL, "--log-level debug" },
	{ "systemd-cgroup", 0, CLI_FLAG, AT(systemd_cgroup), NULL,
	  "have systemd make the cgroups" },
	{ "rootless", 0, CLI_MAYBE, AT(rootless), "auto|true|false",
	  "do without cgroups that we may not write" },
	{ "trace", 0, CLI_MAYBE, AT(trace), "FILE",
	  "print each step taken in the kernel (to stderr)" },
	/* podman and others pass it; there is nothing to be done with it. */
	{ "criu", 0, CLI_TEXT, AT(criu), "FILE", NULL },
	{ "version", 'v', CLI_FLAG, AT(version), NULL, "print the version" },
	{ .name = NULL },
};

static void print_version(void)
{
	const struct scmp_version *seccomp = seccomp_version();

	(void)printf(NAME " version %s\nspec: %s\n", build_version(),
		     OCI_VERSION);
	if (seccomp)
		(void)printf("libseccomp: %u.%u.%u\n", seccomp->major,
			     seccomp->minor, seccomp->micro);
}

static void print_help(void)
{
	(void)printf("runs containers as the Open Container Initiative "
		     "specifies them\n\n"
		     "usage: " NAME " [OPTION...] COMMAND [ARGUMENT...]\n\n"
		     "commands:\n");
	for (size_t i = 0; verbs[i]; i++)
		(void)printf("   %-10s %s\n", verbs[i]->name, verbs[i]->help);
	(void)printf("\noptions:\n");
	cli_print_options(global_options);
	(void)printf("\n" NAME " COMMAND --help says more.\n");
}

static void print_verb_help(const struct cli_verb *verb)
{
	(void)printf("%s\n\nusage: " NAME " %s [OPTION...] %s\n\noptions:\n",
		     verb->help, verb->name, verb->arguments);
	cli_print_options(verb->options);
}

static const struct cli_verb *find_verb(const char *name)
{
	for (size_t i = 0; verbs[i]; i++)
		if (strcmp(verbs[i]->name, name) == 0)
			return verbs[i];
	return NULL;
}

/* Whether root is root: not the one of a user namespace below. */
static bool in_user_namespace(void)
{
	/* As the kernel prints it ("%10u %10u %10u") where all ids are real. */
	static const char identity[] = "         0          0 4294967295\n";
	char map[256];

	return io_read_small(AT_FDCWD, "/proc/self/uid_map", map,
			     sizeof(map)) >= 0 &&
	       strcmp(map, identity) != 0;
}

static int find_rootless(const char *option, bool systemd, bool *out,
			 struct err *err)
{
	if (!option || strcmp(option, "auto") == 0)
		*out = !systemd && (geteuid() != 0 || in_user_namespace());
	else if (!*option || strcmp(option, "true") == 0)
		*out = true;
	else if (strcmp(option, "false") == 0)
		*out = false;
	else
		return err_set(err, CNI_E_FIELD,
			       "--rootless: \"%s\" is not auto, true or false",
			       option);
	return 0;
}

/* @path from where we are now: there will be other working directories. */
static int absolute(const char *path, struct strbuf *out, struct err *err)
{
	if (*path != '/') {
		auto_free char *here = getcwd(NULL, 0);

		if (!here)
			return err_sys(err, errno, "find working directory");
		strbuf_printf(out, "%s/", here);
	}
	strbuf_puts(out, path);
	return out->failed ? err_nomem(err) : 0;
}

static int find_root(const char *option, struct strbuf *out, struct err *err)
{
	const char *user = secure_getenv("XDG_RUNTIME_DIR");

	if (option && !*option)
		return err_set(err, CNI_E_FIELD, "--root: must not be empty");
	if (option)
		return absolute(option, out, err);
	if (user && *user == '/' && (geteuid() != 0 || in_user_namespace()))
		strbuf_printf(out, "%s/" NAME, user);
	else
		strbuf_puts(out, "/run/" NAME);
	return out->failed ? err_nomem(err) : 0;
}

/* The trace reads it from where plugins find it. */
static int turn_on_trace(const char *option, struct err *err)
{
	auto_strbuf struct strbuf path = { .len = 0 };
	int r = 0;

	if (!option)
		return 0;
	if (*option && strcmp(option, "stderr") != 0)
		r = absolute(option, &path, err);
	if (r == 0 && setenv("FERRULE_TRACE",
			     path.len ? strbuf_str(&path) : "stderr", 1) < 0)
		r = err_sys(err, errno, "turn on trace");
	return r;
}

static int check_count(const struct cli_verb *verb, int count, struct err *err)
{
	if (count < verb->min_args)
		return err_set(err, CNI_E_FIELD,
			       "\"%s\" requires a minimum of %d argument(s): "
			       "%s %s",
			       verb->name, verb->min_args, verb->name,
			       verb->arguments);
	if (verb->max_args >= 0 && count > verb->max_args)
		return err_set(err, CNI_E_FIELD,
			       "\"%s\" takes at most %d argument(s): %s %s",
			       verb->name, verb->max_args, verb->name,
			       verb->arguments);
	return 0;
}

static int run_verb(const struct cli_verb *verb, const struct runtime *runtime,
		    char **main_argv, struct cli_words *words, struct err *err)
{
	_Alignas(max_align_t) char options[CLI_OPTIONS_BYTES] = "";
	int r = cli_parse(verb->options, verb->anywhere, words, options, err);

	if (r == CLI_HELP) {
		cli_release(verb->options, options);
		print_verb_help(verb);
		return 0;
	}
	r = r ?: check_count(verb, words->argc - words->at, err);
	if (r == 0 && verb->enters)
		r = self_seal(main_argv, err);
	r = r
		    ?: verb->run(runtime, options, words->argc - words->at,
				 &words->argv[words->at], err);
	cli_release(verb->options, options);
	return r;
}

static int dispatch(const struct globals *globals, char **main_argv,
		    struct cli_words *words, struct err *err)
{
	auto_strbuf struct strbuf root = { .len = 0 };
	struct runtime runtime = { .systemd_cgroup = globals->systemd_cgroup };
	const char *name = words->argv[words->at];
	const struct cli_verb *verb = find_verb(name);
	int r;

	if (!verb && (strcmp(name, "help") == 0 || strcmp(name, "h") == 0)) {
		name = words->argv[words->at + 1];
		verb = name ? find_verb(name) : NULL;
		if (verb)
			print_verb_help(verb);
		else
			print_help();
		return 0;
	}
	if (!verb)
		return err_set(err, CNI_E_FIELD, "no such command: \"%s\"",
			       name);
	words->at++;
	r = find_rootless(globals->rootless, globals->systemd_cgroup,
			  &runtime.rootless, err);
	r = r ?: find_root(globals->root, &root, err);
	r = r ?: turn_on_trace(globals->trace, err);
	runtime.root = strbuf_str(&root);
	return r ?: run_verb(verb, &runtime, main_argv, words, err);
}

static void report_debug(const struct report *report, char *const *argv, int r)
{
	auto_strbuf struct strbuf text = { .len = 0 };

	if (report->level < REPORT_DEBUG)
		return;
	for (; *argv; argv++) {
		strbuf_puts(&text, *argv);
		strbuf_putc(&text, ' ');
	}
	strbuf_printf(&text, "=> %d", r < 0 ? 1 : r);
	report_line(report, REPORT_DEBUG, strbuf_str(&text));
}

/*
 * Descriptors that are closed come back as /dev/null: a state file that became
 * descriptor 1 would receive what is printed. Parsing moves words about, and
 * self_seal() wants them as they were: so it is done on a copy.
 */
int oci_main(int argc, char **argv)
{
	auto_free char **copy = calloc((size_t)argc + 1, sizeof(*copy));
	struct cli_words words = { .argc = argc, .argv = copy, .at = 1 };
	struct err err = { .code = CNI_OK };
	struct report report = { .fd = -1 };
	struct globals globals = { .root = NULL };
	int r;

	io_fill_stdio();
	/* Ignored, as a careless parent may have left it, nobody would be told
	 * of a child's end. */
	(void)signal(SIGCHLD, SIG_DFL);
	if (!copy)
		return 1;
	memcpy(copy, argv, (size_t)argc * sizeof(*copy));
	r = cli_parse(global_options, false, &words, &globals, &err);
	if (r == CLI_HELP || (r == 0 && !globals.version && words.at >= argc)) {
		print_help();
		return 0;
	}
	if (r == 0 && globals.version) {
		print_version();
		return 0;
	}
	r = r
		    ?: report_open(&report, globals.log, globals.log_format,
				   globals.debug ? "debug" : globals.log_level,
				   &err);
	r = r ?: dispatch(&globals, argv, &words, &err);
	if (r < 0 && !err.code) /* never without a word */
		r = err_sys(&err, -r, "%s", argv[argc - 1]);
	if (r < 0)
		report_failure(&report, &err);
	report_debug(&report, argv, r);
	if (report.fd >= 0)
		(void)close(report.fd);
	return r < 0 ? 1 : r;
}
