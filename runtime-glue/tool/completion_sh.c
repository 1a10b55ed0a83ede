/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bash and zsh: a function that finds out which verb the line is about ($at,
 * "run", "cni/add"), and then looks up what may stand at the cursor.
 */
#include <string.h>

#include "runtime-glue/tool/completion.h"

struct sh {
	struct strbuf *out;
	bool zsh;
};

/* One entry of a list: "name", for zsh with its help. */
static void put_entry(const struct sh *sh, const char *dashes, const char *name,
		      const char *help)
{
	auto_strbuf struct strbuf text = { .len = 0 };

	strbuf_printf(&text, "%s%s", dashes, name);
	if (sh->zsh && help)
		strbuf_putc(&text, ':');
	/* Behind the first colon, _describe takes others as they are escaped.
	 */
	for (; sh->zsh && help && *help; help++) {
		if (*help == ':')
			strbuf_putc(&text, '\\');
		strbuf_putc(&text, *help);
	}
	strbuf_putc(sh->out, ' ');
	if (sh->zsh)
		completion_quote(strbuf_str(&text), false, sh->out);
	else
		strbuf_puts(sh->out, strbuf_str(&text));
	sh->out->failed = sh->out->failed || text.failed;
}

static void put_options(const struct sh *sh, const struct cli_option *option)
{
	char letter[2] = "";

	strbuf_puts(sh->out, sh->zsh ? "options=(" : "options='");
	for (; option && option->name; option++) {
		if (!option->help)
			continue;
		put_entry(sh, "--", option->name, option->help);
		letter[0] = option->letter;
		if (letter[0])
			put_entry(sh, "-", letter, option->help);
	}
	put_entry(sh, "--", "help", "show help");
	strbuf_puts(sh->out, sh->zsh ? " )" : "'");
}

static void put_verbs(const struct sh *sh, const struct tool_verb *const *verb)
{
	strbuf_puts(sh->out, sh->zsh ? " verbs=(" : " verbs='");
	for (; verb && *verb; verb++)
		if ((*verb)->help)
			put_entry(sh, "", (*verb)->name, (*verb)->help);
	strbuf_puts(sh->out, sh->zsh ? " )" : "'");
}

/* What may stand here: "AT) options=... verbs=... ;;" */
static void put_case(const struct sh *sh, const char *at,
		     const struct cli_option *options,
		     const struct tool_verb *const *verbs)
{
	strbuf_puts(sh->out, "\t");
	completion_quote(at, false, sh->out);
	strbuf_puts(sh->out, ") ");
	put_options(sh, options);
	put_verbs(sh, verbs);
	strbuf_puts(sh->out, " ;;\n");
}

static void put_value(const struct sh *sh, const char *at,
		      const struct cli_option *option)
{
	enum completion_value value = completion_value(option);

	if (value == COMPLETION_NONE || !option->help)
		return;
	strbuf_printf(sh->out, "\t'%s --%s'", at, option->name);
	if (option->letter)
		strbuf_printf(sh->out, "|'%s -%c'", at, option->letter);
	strbuf_puts(sh->out, ") ");
	if (value == COMPLETION_FILE) {
		strbuf_puts(
			sh->out,
			sh->zsh ? "_files; "
				: "COMPREPLY=($(compgen -f -- \"$cur\")); ");
	} else if (value == COMPLETION_WORDS) {
		strbuf_puts(sh->out, sh->zsh ? "compadd -- "
					     : "COMPREPLY=($(compgen -W '");
		completion_words(option->argument, sh->out);
		strbuf_puts(sh->out, sh->zsh ? "; " : "' -- \"$cur\")); ");
	}
	strbuf_puts(sh->out, "return ;;\n");
}

static void put_values(const struct sh *sh, const char *at,
		       const struct cli_option *option)
{
	for (; option && option->name; option++)
		put_value(sh, at, option);
}

/* Call @put for the program, each verb, and each of a group's. */
static void each(const struct completion *c, const struct sh *sh,
		 void (*put)(const struct sh *sh, const char *at,
			     const struct tool_verb *verb,
			     const struct tool_verb *const *verbs))
{
	for (const struct tool_verb *const *verb = c->verbs; *verb; verb++) {
		put(sh, (*verb)->name, *verb, (*verb)->verbs);
		for (const struct tool_verb *const *sub = (*verb)->verbs;
		     sub && *sub; sub++) {
			auto_strbuf struct strbuf at = { .len = 0 };

			strbuf_printf(&at, "%s/%s", (*verb)->name,
				      (*sub)->name);
			put(sh, strbuf_str(&at), *sub, NULL);
		}
	}
}

/* "run" is a verb behind nothing, "cni/add" is "add" behind "cni". */
static void put_step(const struct sh *sh, const char *at,
		     const struct tool_verb *verb,
		     const struct tool_verb *const *verbs)
{
	const char *slash = strchr(at, '/');
	int group = slash ? (int)(slash - at) : 0;

	(void)verbs;
	strbuf_printf(sh->out, "\t\t'%.*s %s') at='%s' ;;\n", group, at,
		      verb->name, at);
}

static void put_one_case(const struct sh *sh, const char *at,
			 const struct tool_verb *verb,
			 const struct tool_verb *const *verbs)
{
	put_case(sh, at, verb->options, verbs);
}

static void put_one_values(const struct sh *sh, const char *at,
			   const struct tool_verb *verb,
			   const struct tool_verb *const *verbs)
{
	(void)verbs;
	put_values(sh, at, verb->options);
}

static void put_body(const struct completion *c, const struct sh *sh)
{
	strbuf_puts(sh->out, "\t\tcase \"$at $word\" in\n");
	each(c, sh, put_step);
	strbuf_puts(sh->out, "\t\tesac\n\tdone\n\tcase \"$at $prev\" in\n");
	put_values(sh, "", c->options);
	each(c, sh, put_one_values);
	strbuf_puts(sh->out, "\tesac\n\tcase \"$at\" in\n");
	put_case(sh, "", c->options, c->verbs);
	each(c, sh, put_one_case);
	strbuf_puts(sh->out, "\tesac\n");
}

void completion_bash(const struct completion *c, struct strbuf *out)
{
	const struct sh sh = { .out = out };

	strbuf_printf(out,
		      "# bash completion for %s\n"
		      "_complete_runtime_glue()\n{\n"
		      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} "
		      "prev=${COMP_WORDS[COMP_CWORD-1]}\n"
		      "\tlocal at='' word options='' verbs=''\n"
		      "\tfor word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n",
		      c->program);
	put_body(c, &sh);
	strbuf_printf(out,
		      "\tif [[ $cur == -* ]]; then\n"
		      "\t\tCOMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
		      "\telif [[ $verbs ]]; then\n"
		      "\t\tCOMPREPLY=($(compgen -W \"$verbs\" -- \"$cur\"))\n"
		      "\telse\n"
		      "\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
		      "\tfi\n}\n"
		      "complete -o filenames -F _complete_runtime_glue %s\n",
		      c->program);
}

/* There, `path` and `words` are the shell's own. */
void completion_zsh(const struct completion *c, struct strbuf *out)
{
	const struct sh sh = { .out = out, .zsh = true };

	strbuf_printf(out,
		      "#compdef %s\n"
		      "_complete_runtime_glue()\n{\n"
		      "\tlocal prev=$words[CURRENT-1] at='' word\n"
		      "\tlocal -a options verbs\n"
		      "\tfor word in \"${(@)words[2,CURRENT-1]}\"; do\n",
		      c->program);
	put_body(c, &sh);
	strbuf_printf(out,
		      "\tif [[ $words[CURRENT] == -* ]]; then\n"
		      "\t\t_describe -o option options\n"
		      "\telif (( $#verbs )); then\n"
		      "\t\t_describe command verbs\n"
		      "\telse\n"
		      "\t\t_files\n"
		      "\tfi\n}\n"
		      "compdef _complete_runtime_glue %s\n",
		      c->program);
}
