/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shell completion, made from the tables that the command line is read by. */
#pragma once

#include "common/base/strbuf.h"
#include "runtime-glue/tool/tool.h"

struct completion {
	const char *program;
	const struct tool_verb *const *verbs; /* NULL at the end */
	const struct cli_option *options;     /* the global ones */
};

/* The script for @shell, "bash", "zsh" or "fish", appended to @out. */
int completion_print(const struct completion *completion, const char *shell,
		     struct strbuf *out, struct err *err) MUST_CHECK;

/* The parts, a shell each. */
void completion_bash(const struct completion *completion, struct strbuf *out);
void completion_zsh(const struct completion *completion, struct strbuf *out);
void completion_fish(const struct completion *completion, struct strbuf *out);

/* What the value of an option is. */
enum completion_value {
	COMPLETION_NONE,  /* it has none, or one in the same word only */
	COMPLETION_TEXT,  /* nothing to suggest */
	COMPLETION_FILE,  /* also a folder */
	COMPLETION_WORDS, /* of `argument`: "host|private" */
};
enum completion_value completion_value(const struct cli_option *option);

/* The words of "a|b|c", with spaces between. */
void completion_words(const char *choices, struct strbuf *out);
/* In single quotes, as sh (and with @fish, fish) reads them. */
void completion_quote(const char *text, bool fish, struct strbuf *out);
