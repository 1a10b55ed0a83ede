/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fish: a line for each verb and option, with the condition it is for. */
#include "runtime-glue/tool/completion.h"

struct fish {
	struct strbuf *out;
	const char *program;
	const char *when; /* the condition, or NULL: always */
};

static void begin(const struct fish *fish)
{
	strbuf_printf(fish->out, "complete -c %s", fish->program);
	if (fish->when) {
		strbuf_puts(fish->out, " -n ");
		completion_quote(fish->when, true, fish->out);
	}
}

static void end(const struct fish *fish, const char *help)
{
	strbuf_puts(fish->out, " -d ");
	completion_quote(help, true, fish->out);
	strbuf_putc(fish->out, '\n');
}

static void put_options(const struct fish *fish,
			const struct cli_option *option)
{
	for (; option && option->name; option++) {
		if (!option->help)
			continue;
		begin(fish);
		strbuf_printf(fish->out, " -l %s", option->name);
		if (option->letter)
			strbuf_printf(fish->out, " -s %c", option->letter);
		switch (completion_value(option)) {
		case COMPLETION_NONE:
			break;
		case COMPLETION_FILE:
			strbuf_puts(fish->out, " -r -F");
			break;
		case COMPLETION_WORDS:
			strbuf_puts(fish->out, " -x -a '");
			completion_words(option->argument, fish->out);
			strbuf_puts(fish->out, "'");
			break;
		case COMPLETION_TEXT:
			strbuf_puts(fish->out, " -x");
			break;
		}
		end(fish, option->help);
	}
}

static void put_verbs(const struct fish *fish,
		      const struct tool_verb *const *verb)
{
	for (; *verb; verb++) {
		if (!(*verb)->help)
			continue;
		begin(fish);
		strbuf_printf(fish->out, " -f -a %s", (*verb)->name);
		end(fish, (*verb)->help);
	}
}

static void put_group(const struct completion *c, const struct tool_verb *group,
		      struct strbuf *out)
{
	auto_strbuf struct strbuf none = { .len = 0 };
	struct fish fish = { .out = out, .program = c->program };

	strbuf_printf(&none,
		      "__fish_seen_subcommand_from %s; "
		      "and not __fish_seen_subcommand_from",
		      group->name);
	for (const struct tool_verb *const *verb = group->verbs; *verb; verb++)
		strbuf_printf(&none, " %s", (*verb)->name);
	fish.when = strbuf_str(&none);
	put_verbs(&fish, group->verbs);
	for (const struct tool_verb *const *verb = group->verbs; *verb;
	     verb++) {
		auto_strbuf struct strbuf when = { .len = 0 };

		strbuf_printf(&when,
			      "__fish_seen_subcommand_from %s; "
			      "and __fish_seen_subcommand_from %s",
			      group->name, (*verb)->name);
		fish.when = strbuf_str(&when);
		put_options(&fish, (*verb)->options);
		out->failed = out->failed || when.failed;
	}
	out->failed = out->failed || none.failed;
}

void completion_fish(const struct completion *c, struct strbuf *out)
{
	struct fish fish = { .out = out,
			     .program = c->program,
			     .when = "__fish_use_subcommand" };

	strbuf_printf(out, "# fish completion for %s\n", c->program);
	put_options(&fish, c->options);
	put_verbs(&fish, c->verbs);
	for (const struct tool_verb *const *verb = c->verbs; *verb; verb++) {
		auto_strbuf struct strbuf when = { .len = 0 };

		if ((*verb)->verbs) {
			put_group(c, *verb, out);
			continue;
		}
		strbuf_printf(&when, "__fish_seen_subcommand_from %s",
			      (*verb)->name);
		fish.when = strbuf_str(&when);
		put_options(&fish, (*verb)->options);
		out->failed = out->failed || when.failed;
	}
}
