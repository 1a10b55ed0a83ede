/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What there is, for who asks and for who mistypes. */
#include <stdio.h>
#include <string.h>

#include "runtime-glue/tool/tool_parts.h"

#define NAME_MAX_LEN 32

const struct tool_verb *tool_find(const struct tool_verb *const *verbs,
				  const char *name)
{
	for (; *verbs; verbs++)
		if (strcmp((*verbs)->name, name) == 0)
			return *verbs;
	return NULL;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How many letters to change, add, drop, or exchange with the next one. */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][NAME_MAX_LEN + 1];
	size_t la = strlen(a), lb = strlen(b);

	if (la > NAME_MAX_LEN || lb > NAME_MAX_LEN)
		return NAME_MAX_LEN;
	for (size_t j = 0; j <= lb; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i - 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			row[j] = least(above[j], row[j - 1]) + 1;
			row[j] = least(row[j],
				       above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				row[j] = least(row[j],
					       rows[(i - 2) % 3][j - 2] + 1);
		}
	}
	return rows[la % 3][lb];
}

const struct tool_verb *tool_guess(const struct tool_verb *const *verbs,
				   const char *name)
{
	const struct tool_verb *best = NULL;
	size_t nearest = strlen(name) > 3 ? 3 : 2;

	for (; *verbs; verbs++) {
		size_t far = distance(name, (*verbs)->name);

		if (far < nearest) {
			nearest = far;
			best = *verbs;
		}
	}
	return best;
}

const char *tool_instead(const char *name)
{
	static const struct {
		const char *name, *instead;
	} table[] = {
		{ "attach", "a container's output is that of its run" },
		{ "logs", "a container's output is that of its run" },
		{ "exec", "runtime-glue oci --root /run/runtime-glue/oci exec "
			  "ID COMMAND, with the whole id (ps --no-trunc)" },
		{ "kill", "runtime-glue stop -t 0 CONTAINER" },
		{ "pull", "have another tool write an archive, and load it: "
			  "skopeo copy docker://IMAGE docker-archive:FILE" },
		{ "push", "save it, and have another tool upload it: skopeo "
			  "copy docker-archive:FILE docker://IMAGE" },
		{ "build", "run the steps in a container, and commit it" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(table[i].name, name) == 0)
			return table[i].instead;
	return NULL;
}

static void print_verbs(const struct tool_verb *const *verbs)
{
	const char *section = "";

	for (; *verbs; verbs++) {
		const char *now = (*verbs)->section ?: "";

		if (!(*verbs)->help) /* hidden */
			continue;
		if (strcmp(section, now) != 0)
			(void)printf("\n%s:\n", now);
		section = now;
		(void)printf("   %-10s %s\n", (*verbs)->name, (*verbs)->help);
	}
}

void tool_help(void)
{
	(void)printf("runs containers: images, networks, and what goes with "
		     "them\n\n"
		     "usage: " TOOL_NAME " [OPTION...] COMMAND "
		     "[ARGUMENT...]\n");
	print_verbs(tool_verbs);
	(void)printf("\nOther:\n   %-10s %s\n\noptions:\n", "oci",
		     "runc's command line; see " TOOL_NAME " oci --help");
	cli_print_options(tool_options);
	(void)printf("\n" TOOL_NAME " COMMAND --help says more.\n");
}

void tool_help_group(const struct tool_verb *group)
{
	(void)printf("%s\n\nusage: " TOOL_NAME
		     " %s COMMAND [ARGUMENT...]\n\ncommands:\n",
		     group->help, group->name);
	for (size_t i = 0; group->verbs[i]; i++)
		(void)printf("   %-10s %s\n", group->verbs[i]->name,
			     group->verbs[i]->help);
	(void)printf("\n" TOOL_NAME " %s COMMAND --help says more.\n",
		     group->name);
}

void tool_help_verb(const struct tool_verb *group, const struct tool_verb *verb)
{
	if (verb->help)
		(void)printf("%s\n\n", verb->help);
	(void)printf("usage: " TOOL_NAME " %s%s%s [OPTION...] %s\n\noptions:\n",
		     group ? group->name : "", group ? " " : "", verb->name,
		     verb->arguments ?: "");
	cli_print_options(verb->options);
}
