/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line, in runc's form: options of the program, a verb, its
 * options, arguments. One table a verb says what there is; parsing, --help and
 * (later) shell completion come from it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "runtime-glue/oci/container.h"

enum cli_kind {
	CLI_FLAG,   /* bool: --x, --x=true, --x=false */
	CLI_TEXT,   /* const char *: --x VALUE, --x=VALUE */
	CLI_NUMBER, /* int64_t, decimal */
	CLI_LIST,   /* struct spec_strings, repeatable */
};

struct cli_option {
	const char *name; /* without dashes */
	char letter;      /* 0: none */
	enum cli_kind kind;
	size_t offset;    /* in the verb's options struct */
	const char *argument, *help;
};

struct cli_verb {
	const char *name, *arguments, *help;
	const struct cli_option *options; /* ends with name NULL */
	/* @argv: what follows the verb. Returns the exit status. */
	int (*run)(const struct runtime *runtime, int argc, char **argv,
		   struct err *err);
};

/*
 * Read options from argv[*@at] on into @out, up to the first word that is none
 * (or all, with @anywhere: words that are no options are collected in front).
 */
int cli_parse(const struct cli_option *options, int argc, char **argv, int *at,
	      void *out, struct err *err) MUST_CHECK;

/* runc's command line, whole. Returns the exit status of the program. */
int oci_main(int argc, char **argv);
