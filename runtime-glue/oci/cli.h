/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line, in runc's form: options of the program, a verb, its
 * options, arguments. One table a verb says what there is; parsing, --help and
 * (later) shell completion come from it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "runtime-glue/oci/container.h"

/* The newest runtime-spec whose fields are all known here, and the oldest. */
#define OCI_VERSION     "1.3.0"
#define OCI_VERSION_MIN "1.0.0"

enum cli_kind {
	CLI_FLAG,   /* bool: --x, --x=true, --x=false */
	CLI_TEXT,   /* const char *: --x VALUE, --x=VALUE */
	CLI_MAYBE,  /* const char *: --x ("" then), --x=VALUE; and --x WORD for
		     * the words of `argument` ("auto|true|false") */
	CLI_NUMBER, /* int64_t, decimal */
	CLI_LIST,   /* struct spec_strings, repeatable */
};

struct cli_option {
	const char *name; /* without dashes */
	char letter;      /* 0: none */
	enum cli_kind kind;
	size_t offset;               /* in the verb's options struct */
	const char *argument, *help; /* help NULL: not shown */
};

/* The largest options struct of a verb. */
#define CLI_OPTIONS_BYTES 512

struct cli_verb {
	const char *name, *arguments, *help;
	const struct cli_option *options; /* ends with name NULL */
	bool enters;   /* a container: not from an executable it could write */
	bool anywhere; /* options may come behind arguments */
	int min_args, max_args; /* max -1: any number */
	/*
	 * @options: the struct that the table describes, all zero where an
	 * option was not given. @argv: the arguments, NULL at the end. Returns
	 * the exit status or, with @err filled, a negative errno.
	 */
	int (*run)(const struct runtime *runtime, const void *options, int argc,
		   char **argv, struct err *err);
};

/* cli_parse() has met --help or -h, which every verb has. */
#define CLI_HELP 1

/*
 * Read options from argv[*@at] on into @out (zeroed by the caller), up to the
 * first word that is none or behind "--"; *@at is then the first argument's.
 * With @anywhere options are found behind arguments too (words move, the
 * arguments end up together). Of an option given twice the last counts.
 * Letters may be joined: "-it", "-p8080:80". Returns 0, CLI_HELP or -EINVAL.
 * cli_release() frees the lists.
 */
struct cli_words {
	int argc;
	char **argv;
	int at;
	bool letters; /* one dash is for letters alone, as with docker */
};
int cli_parse(const struct cli_option *options, bool anywhere,
	      struct cli_words *words, void *out, struct err *err) MUST_CHECK;
void cli_release(const struct cli_option *options, void *out);

/* The table as text for --help, on stdout. */
void cli_print_options(const struct cli_option *options);

/* ---- values (cli_value.c) ---- */

/* Decimal, all of @text, within @min..@max; @what names it in the error. */
int cli_number(const char *what, const char *text, int64_t min, int64_t max,
	       int64_t *out, struct err *err) MUST_CHECK;

/* Bytes: "1048576", "512k", "1.5G", "10MiB" (all powers of 1024). */
int cli_size(const char *what, const char *text, int64_t *out,
	     struct err *err) MUST_CHECK;

/* Milliseconds of "5s", "1m30s", "100ms"; more than 0. */
int cli_duration(const char *what, const char *text, int64_t *out_ms,
		 struct err *err) MUST_CHECK;

/* "9", "KILL", "SIGKILL", "sigrtmin+1". */
int cli_signal(const char *text, int *out, struct err *err) MUST_CHECK;

/* "UID" or "UID:GID", nothing else: a wrong guess is another user's rights. */
int cli_user(const char *text, struct err *err) MUST_CHECK;

/* Write to stdout, all of it. */
int cli_print(const char *text, size_t len, struct err *err) MUST_CHECK;

/* ---- the whole ---- */

extern const struct cli_verb verb_create, verb_delete, verb_events, verb_exec,
	verb_features, verb_kill, verb_list, verb_pause, verb_ps, verb_resume,
	verb_run, verb_spec, verb_start, verb_state, verb_update;

/* runc's command line, whole. Returns the exit status of the program. */
int oci_main(int argc, char **argv);
