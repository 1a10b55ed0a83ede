/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Completion scripts: bash's is asked, the others are read. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/io.h"
#include "runtime-glue/tool/completion.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const struct cli_option global[] = {
	{ "root", 0, CLI_TEXT, 0, "DIR", "where it's kept" },
	{ "version", 'v', CLI_FLAG, 0, NULL, "print: the version" },
	{ .name = NULL },
};

static const struct cli_option run_options[] = {
	{ "env", 'e', CLI_LIST, 0, "NAME[=VALUE]", "a variable" },
	{ "env-file", 0, CLI_LIST, 0, "FILE", "variables" },
	{ "ipc", 0, CLI_TEXT, 0, "private|host|container:X", "whose" },
	{ "net", 0, CLI_TEXT, 0, "NETWORK", NULL },
	{ .name = NULL },
};

static const struct cli_option no_options[] = { { .name = NULL } };

static const struct tool_verb
	run = { .name = "run", .help = "run it", .options = run_options },
	add = { .name = "add", .help = "attach", .options = no_options },
	hidden = { .name = "hidden", .options = no_options };
static const struct tool_verb *const cni_verbs[] = { &add, NULL };
static const struct tool_verb cni = { .name = "cni",
				      .help = "plugins",
				      .verbs = cni_verbs };
static const struct tool_verb *const verbs[] = { &run, &cni, &hidden, NULL };
static const struct completion completion = { .program = "glue",
					      .verbs = verbs,
					      .options = global };

static void print(const char *shell, struct strbuf *out)
{
	struct err err = { .code = CNI_OK };

	assert_int_equal(completion_print(&completion, shell, out, &err), 0);
}

/* What bash suggests for @words, the last of which the cursor is in. */
static void ask_bash(const char *words, char *out, size_t size)
{
	auto_strbuf struct strbuf script = { .len = 0 };
	char path[] = "/tmp/test_completion.XXXXXX";
	auto_fd int fd = mkostemp(path, O_CLOEXEC);
	char command[128];
	FILE *pipe;
	size_t n;

	assert_true(fd >= 0);
	print("bash", &script);
	strbuf_printf(&script,
		      "COMP_WORDS=(%s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
		      "_complete_runtime_glue\necho -n \"${COMPREPLY[*]}\"\n",
		      words);
	assert_int_equal(io_write_all(fd, script.data, script.len), 0);
	(void)snprintf(command, sizeof(command), "bash %s 2>&1", path);
	pipe = popen(command, "re");
	assert_non_null(pipe);
	n = fread(out, 1, size - 1, pipe);
	out[n] = '\0';
	assert_int_equal(pclose(pipe), 0);
	(void)unlink(path);
}

static void test_bash(void **state)
{
	static const struct {
		const char *words, *want;
	} cases[] = {
		{ "glue ''", "run cni" },
		{ "glue r", "run" },
		{ "glue -", "--root --version -v --help" },
		{ "glue --root /dev/nul", "/dev/null" },
		{ "glue --root /x ru", "run" },
		{ "glue run --e", "--env --env-file" },
		{ "glue run --n", "" },
		{ "glue run -e x", "" },
		{ "glue run --env-file /dev/nul", "/dev/null" },
		{ "glue run --ipc ''", "private host container:" },
		{ "glue run --ipc p", "private" },
		{ "glue cni ''", "add" },
		{ "glue cni add -", "--help" },
		{ "glue cni run --e", "" },
	};
	char got[512];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		ask_bash(cases[i].words, got, sizeof(got));
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: \"%s\", not \"%s\"", cases[i].words, got,
				 cases[i].want);
	}
}

static void assert_has(const char *shell, const char *part)
{
	auto_strbuf struct strbuf got = { .len = 0 };

	print(shell, &got);
	if (!strstr(got.data, part))
		fail_msg("%s: no %s in\n%s", shell, part, got.data);
}

static void test_others(void **state)
{
	(void)state;
	assert_has("fish", "complete -c glue -n '__fish_use_subcommand' "
			   "-l root -r -F -d 'where it\\'s kept'\n");
	assert_has("fish", "complete -c glue -n '__fish_use_subcommand' "
			   "-f -a run -d 'run it'\n");
	assert_has("fish",
		   "complete -c glue -n '__fish_seen_subcommand_from run' "
		   "-l env -s e -x -d 'a variable'\n");
	assert_has("fish", "-l ipc -x -a 'private host container:'");
	assert_has("zsh", "#compdef glue\n");
	assert_has("zsh", "'--root:where it'\\''s kept'");
	assert_has("zsh", "'--version:print\\: the version'");
	assert_has("zsh", "'run --ipc') compadd -- private host container:; ");
}

static void test_unknown_shell(void **state)
{
	auto_strbuf struct strbuf out = { .len = 0 };
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(completion_print(&completion, "csh", &out, &err),
			 -EINVAL);
	assert_string_equal(err.msg,
			    "completion: \"csh\" is not bash, zsh or fish");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bash),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_unknown_shell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
