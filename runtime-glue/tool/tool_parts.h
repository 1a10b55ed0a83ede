/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the command line share. */
#pragma once

#include "runtime-glue/tool/tool.h"

#define TOOL_NAME "runtime-glue"

/* Every verb and group, by sections; NULL at the end. */
extern const struct tool_verb *const tool_verbs[];
extern const struct cli_option tool_options[];

/* NULL: there is none of that name. */
const struct tool_verb *tool_find(const struct tool_verb *const *verbs,
				  const char *name);
/* The one that @name is most likely meant to be, or NULL. */
const struct tool_verb *tool_guess(const struct tool_verb *const *verbs,
				   const char *name);
/* What does the work of a docker's command that there is not, or NULL. */
const char *tool_instead(const char *name);

/* --help of the program, of a group, and of a verb; @group: its group or NULL.
 */
void tool_help(void);
void tool_help_group(const struct tool_verb *group);
void tool_help_verb(const struct tool_verb *group,
		    const struct tool_verb *verb);
