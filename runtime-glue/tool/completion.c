/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/tool/completion.h"

#include <string.h>

int completion_print(const struct completion *completion, const char *shell,
		     struct strbuf *out, struct err *err)
{
	if (strcmp(shell, "bash") == 0)
		completion_bash(completion, out);
	else if (strcmp(shell, "zsh") == 0)
		completion_zsh(completion, out);
	else if (strcmp(shell, "fish") == 0)
		completion_fish(completion, out);
	else
		return err_set(err, CNI_E_FIELD,
			       "completion: \"%s\" is not bash, zsh or fish",
			       shell);
	return out->failed ? err_nomem(err) : 0;
}

/* Words in lower case: what is in capitals stands for something. */
static bool has_words(const char *argument)
{
	const char *at = argument;
	bool any = false;

	while (*at) {
		size_t len = strcspn(at, "|");

		any = any || (len > 0 && strspn(at, "abcdefghijklmnopqrstuvwxyz"
						    "0123456789-") == len);
		at += len + (at[len] == '|');
	}
	return any && !strpbrk(argument, " [");
}

enum completion_value completion_value(const struct cli_option *option)
{
	const char *argument = option->argument ?: "";

	if (option->kind == CLI_FLAG || option->kind == CLI_MAYBE)
		return COMPLETION_NONE;
	if (strncmp(argument, "FILE", 4) == 0 ||
	    strncmp(argument, "DIR", 3) == 0)
		return COMPLETION_FILE;
	return has_words(argument) ? COMPLETION_WORDS : COMPLETION_TEXT;
}

void completion_words(const char *choices, struct strbuf *out)
{
	const char *space = "";

	while (*choices) {
		size_t len = strcspn(choices, "|");
		size_t word = strspn(choices, "abcdefghijklmnopqrstuvwxyz"
					      "0123456789-=:");

		/* "container:X": up to where the user goes on. */
		if (word == len ||
		    (word > 0 && strchr(":=", choices[word - 1]))) {
			strbuf_puts(out, space);
			strbuf_add(out, choices, word);
			space = " ";
		}
		choices += len + (choices[len] == '|');
	}
}

void completion_quote(const char *text, bool fish, struct strbuf *out)
{
	strbuf_putc(out, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			strbuf_puts(out, fish ? "\\'" : "'\\''");
		else if (*text == '\\' && fish)
			strbuf_puts(out, "\\\\");
		else
			strbuf_putc(out, *text);
	}
	strbuf_putc(out, '\'');
}
