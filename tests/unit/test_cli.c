/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "runtime-glue/oci/cli.h"
#include "runtime-glue/oci/patch.h"
#include "runtime-glue/oci/report.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define MAX_WORDS    16

struct options {
	const char *dir, *mode;
	struct spec_strings env;
	int64_t fds;
	bool detach;
};

static const struct cli_option table[] = {
	{ "dir", 'b', CLI_TEXT, offsetof(struct options, dir), "DIR", "a" },
	{ "mode", 0, CLI_MAYBE, offsetof(struct options, mode), "auto|on",
	  "b" },
	{ "env", 'e', CLI_LIST, offsetof(struct options, env), "E", "c" },
	{ "fds", 0, CLI_NUMBER, offsetof(struct options, fds), "N", "d" },
	{ "detach", 'd', CLI_FLAG, offsetof(struct options, detach), NULL,
	  "e" },
	{ .name = NULL },
};

/*
 * What was read: dir, mode, env, fds, detach and, behind "|", the arguments; or
 * the message.
 */
static const struct {
	bool anywhere;
	const char *words[MAX_WORDS];
	const char *want;
} cases[] = {
	{ false, { NULL }, "- - 0 0 |" },
	{ false, { "a", "-d", "--x" }, "- - 0 0 | a -d --x" },
	{ false, { "-d", "a" }, "- - 0 1 | a" },
	{ false, { "--detach=false", "a" }, "- - 0 0 | a" },
	{ false, { "--detach", "--detach=0" }, "- - 0 0 |" },
	{ false, { "-d=T" }, "- - 0 1 |" },
	{ false,
	  { "--detach=yes" },
	  "option --detach=yes: \"yes\" is neither true nor false" },
	{ false, { "-b", "x" }, "x - 0 0 |" },
	{ false, { "--b=x", "-dir=y" }, "y - 0 0 |" },
	{ false, { "--dir=", "a" }, " - 0 0 | a" },
	{ false, { "--dir", "--detach" }, "--detach - 0 0 |" },
	{ false, { "--dir" }, "option --dir needs a value" },
	{ false, { "-b=a=b" }, "a=b - 0 0 |" },
	{ false, { "--fds", "-3" }, "- - -3 0 |" },
	{ false, { "--fds=3x" }, "--fds=3x: \"3x\" is not a whole number" },
	{ false, { "--fds=" }, "--fds=: \"\" is not a whole number" },
	{ false, { "-e", "A=1", "--env=B", "-e=C" }, "- - A=1 B C 0 0 |" },
	{ false, { "--mode", "auto", "a" }, "- auto 0 0 | a" },
	{ false, { "--mode", "off", "a" }, "-  0 0 | off a" },
	{ false, { "--mode=off", "a" }, "- off 0 0 | a" },
	{ false, { "--mode" }, "-  0 0 |" },
	{ false, { "--", "-d" }, "- - 0 0 | -d" },
	{ false, { "-d", "--", "-d", "--" }, "- - 0 1 | -d --" },
	{ false, { "-" }, "- - 0 0 | -" },
	{ false, { "--nope" }, "option provided but not defined: --nope" },
	{ false, { "-x=1" }, "option provided but not defined: -x=1" },
	{ false, { "---d" }, "option provided but not defined: ---d" },
	{ false, { "--" }, "- - 0 0 |" },
	{ false, { "-d", "--help", "--nope" }, "help" },
	{ false, { "a", "--help" }, "- - 0 0 | a --help" },
	{ false, { "-h" }, "help" },
	{ true, { "a", "--help" }, "help" },
	{ true, { "a", "-d", "b", "-b", "x", "c" }, "x - 0 1 | a b c" },
	{ true, { "-b", "x", "a", "--fds", "7" }, "x - 7 0 | a" },
	{ true, { "a", "-d", "--", "-b", "b" }, "- - 0 1 | a -b b" },
	{ true, { "a", "b", "--", "c", "--", "-d" }, "- - 0 0 | a b c -- -d" },
	{ true, { "--", "a", "-d" }, "- - 0 0 | a -d" },
	{ true, { "a", "--dir" }, "option --dir needs a value" },
	{ true,
	  { "a", "--nope", "b" },
	  "option provided but not defined: --nope" },
};

/* One dash, several letters. */
static const struct {
	bool letters;
	const char *words[MAX_WORDS];
	const char *want;
} joined[] = {
	{ false, { "-bx" }, "x - 0 0 |" },
	{ false, { "-db", "x", "a" }, "x - 0 1 | a" },
	{ false, { "-dbx", "a" }, "x - 0 1 | a" },
	{ false, { "-db=x" }, "x - 0 1 |" },
	{ false, { "-eA=1", "-eB" }, "- - A=1 B 0 0 |" },
	{ false, { "-deA=1" }, "- - A=1 0 1 |" },
	{ false,
	  { "-d8080:80" },
	  "option provided but not defined: -8 in -d8080:80" },
	{ false, { "-db" }, "option -db needs a value" },
	{ false, { "-dd=false" }, "- - 0 0 |" },
	{ false, { "-dh" }, "help" },
	{ false, { "-dir", "x" }, "x - 0 0 |" },
	{ true,
	  { "-dir", "x" },
	  "option provided but not defined: -i in -dir" },
	{ true, { "-env", "x" }, "- - nv 0 0 | x" },
	{ true, { "--env", "x", "-e", "y" }, "- - x y 0 0 |" },
	{ true, { "-fds=1" }, "option provided but not defined: -fds=1" },
	{ true, { "-", "-d" }, "- - 0 0 | - -d" },
};

static void put(struct strbuf *out, const struct options *options,
		const struct cli_words *words)
{
	strbuf_printf(out, "%s %s ", options->dir ?: "-", options->mode ?: "-");
	for (size_t i = 0; i < options->env.count; i++)
		strbuf_printf(out, "%s ", options->env.at[i]);
	strbuf_printf(out, "%jd %d |", (intmax_t)options->fds, options->detach);
	for (int i = words->at; i < words->argc; i++)
		strbuf_printf(out, " %s", words->argv[i]);
}

static void try_words(bool anywhere, bool letters, const char *const *given,
		      const char *want)
{
	auto_strbuf struct strbuf got = { .len = 0 };
	struct options options = { .dir = NULL };
	struct err err = { .code = CNI_OK };
	char copies[MAX_WORDS][64];
	char *argv[MAX_WORDS + 1] = { NULL };
	struct cli_words words = { .argv = argv, .letters = letters };
	int r;

	for (; given[words.argc]; words.argc++) {
		argv[words.argc] = copies[words.argc];
		(void)snprintf(copies[words.argc], 64, "%s", given[words.argc]);
	}
	r = cli_parse(table, anywhere, &words, &options, &err);
	if (r == 0)
		put(&got, &options, &words);
	else
		strbuf_puts(&got, r == CLI_HELP ? "help" : err.msg);
	assert_string_equal(strbuf_str(&got), want);
	assert_true(r >= 0 || (r == -EINVAL && err.code));
	assert_null(argv[words.argc]);
	cli_release(table, &options);
}

static void test_options(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		try_words(cases[i].anywhere, false, cases[i].words,
			  cases[i].want);
	for (size_t i = 0; i < COUNT(joined); i++)
		try_words(false, joined[i].letters, joined[i].words,
			  joined[i].want);
}

static const struct {
	const char *text;
	int64_t want; /* -1: refused */
} sizes[] = {
	{ "0", 0 },
	{ "4096", 4096 },
	{ "1k", 1024 },
	{ "1K", 1024 },
	{ "1kb", 1024 },
	{ "1KiB", 1024 },
	{ "10MiB", 10 << 20 },
	{ "512m", 512 << 20 },
	{ "1.5g", 1536 << 20 },
	{ "0.5k", 512 },
	{ "1.25 MB", 1310720 },
	{ "2t", INT64_C(2) << 40 },
	{ "1p", INT64_C(1) << 50 },
	{ "7b", 7 },
	{ "8191p", INT64_C(8191) << 50 },
	{ "8192p", -1 },
	{ "9223372036854775807", INT64_MAX },
	{ "9223372036854775808", -1 },
	{ "99999999999999999999", -1 },
	{ "", -1 },
	{ "-1", -1 },
	{ "k", -1 },
	{ "1.", -1 },
	{ ".5k", -1 },
	{ "1x", -1 },
	{ "1ki", -1 },
	{ "1kk", -1 },
	{ "1 2", -1 },
	{ "0x10", -1 },
	{ " 1", -1 },
};

static void test_sizes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct err err = { .code = CNI_OK };
		int64_t got = -1;
		int r = cli_size("--memory", sizes[i].text, &got, &err);

		if ((r == 0) != (sizes[i].want >= 0) || got != sizes[i].want)
			fail_msg("\"%s\": %d, %jd", sizes[i].text, r,
				 (intmax_t)got);
		assert_int_equal(r < 0, err.code != CNI_OK);
	}
}

static const struct {
	const char *text;
	int64_t want; /* ms; -1: refused */
} durations[] = {
	{ "5s", 5000 },    { "100ms", 100 },    { "1m30s", 90000 },
	{ "1h", 3600000 }, { "1us", 1 },        { "1500us", 2 },
	{ "0s", -1 },      { "", -1 },          { "5", -1 },
	{ "s", -1 },       { "-5s", -1 },       { "5s ", -1 },
	{ "1d", -1 },      { "99999999h", -1 }, { "18446744073709551615h", -1 },
};

static void test_durations(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(durations); i++) {
		struct err err = { .code = CNI_OK };
		int64_t got = -1;
		int r = cli_duration("--interval", durations[i].text, &got,
				     &err);

		if ((r == 0) != (durations[i].want >= 0) ||
		    got != durations[i].want)
			fail_msg("\"%s\": %d, %jd", durations[i].text, r,
				 (intmax_t)got);
	}
}

static void test_signals(void **state)
{
	static const struct {
		const char *text;
		int want; /* -1: refused */
	} signals[] = {
		{ "9", 9 },
		{ "KILL", SIGKILL },
		{ "SIGKILL", SIGKILL },
		{ "sigterm", 15 },
		{ "usr1", SIGUSR1 },
		{ "0", 0 },
		{ "64", 64 },
		{ "65", -1 },
		{ "", -1 },
		{ "SIG", -1 },
		{ "SIGSIGKILL", -1 },
		{ "-9", -1 },
		{ "9 ", -1 },
		{ "iot", SIGABRT },
		{ "IO", SIGIO },
		{ "CLD", SIGCHLD },
		{ "POLL", SIGPOLL },
		{ "SYS", SIGSYS },
		{ "WINCH", SIGWINCH },
		{ "RTMAX+1", -1 },
		{ "RTMIN-1", -1 },
		{ "RTMIN+99", -1 },
		{ "RTMIN+", -1 },
		{ "nope", -1 },
	};
	struct err err = { .code = CNI_OK };
	int got;

	(void)state;
	for (size_t i = 0; i < COUNT(signals); i++) {
		int r;

		err_clear(&err);
		got = -1;
		r = cli_signal(signals[i].text, &got, &err);
		if ((r == 0) != (signals[i].want >= 0) ||
		    (r == 0 && got != signals[i].want))
			fail_msg("\"%s\": %d, %d", signals[i].text, r, got);
	}
	err_clear(&err);
	assert_int_equal(cli_signal("SIGRTMIN+2", &got, &err), 0);
	assert_int_equal(got, SIGRTMIN + 2);
	assert_int_equal(cli_signal("rtmax", &got, &err), 0);
	assert_int_equal(got, SIGRTMAX);
}

static void test_users(void **state)
{
	static const char *const good[] = { "0", "1000", "1:2", "4294967294" };
	static const char *const bad[] = {
		"",           ":",   "1:",           ":1",
		"root",       "1:x", "1x",           "1:2:3",
		"4294967295", "-1",  "+1",           " 1",
		"1 ",         "0x1", "1:4294967295", "18446744073709551616",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct err err = { .code = CNI_OK };

		assert_int_equal(cli_user(good[i], &err), 0);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct err err = { .code = CNI_OK };

		if (cli_user(bad[i], &err) == 0)
			fail_msg("\"%s\" is taken for a user", bad[i]);
	}
}

/* ---- patches ---- */

static struct json_object *parse(const char *text)
{
	struct err err = { .code = CNI_OK };
	struct json_object *json = NULL;

	if (json_parse(text, strlen(text), "test", &json, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	return json;
}

static const struct {
	const char *patch, *now;
	const char *tidy, *complete; /* what becomes of it */
} patches[] = {
	{ "{}", "{\"memory\":{\"limit\":1}}", "{}", "{}" },
	{ "{\"memory\":{\"limit\":5}}",
	  "{\"memory\":{\"limit\":1,\"swap\":9,\"reservation\":3}}",
	  "{\"memory\":{\"limit\":5}}",
	  "{\"memory\":{\"limit\":5,\"swap\":9}}" },
	{ "{\"memory\":{\"limit\":-1}}", "{\"memory\":{\"swap\":9}}",
	  "{\"memory\":{\"limit\":-1,\"swap\":-1}}",
	  "{\"memory\":{\"limit\":-1,\"swap\":-1}}" },
	{ "{\"memory\":{\"limit\":0,\"reservation\":0,\"swap\":null},"
	  "\"cpu\":{\"cpus\":\"\",\"shares\":0,\"burst\":0,\"idle\":0},"
	  "\"blockIO\":{\"weight\":0},\"pids\":null}",
	  "{}",
	  "{\"memory\":{},\"cpu\":{\"burst\":0,\"idle\":0},\"blockIO\":{}}",
	  "{\"memory\":{},\"cpu\":{\"burst\":0,\"idle\":0},\"blockIO\":{}}" },
	{ "{\"cpu\":{\"quota\":7}}",
	  "{\"cpu\":{\"period\":9,\"shares\":2,\"realtimePeriod\":4}}",
	  "{\"cpu\":{\"quota\":7}}", "{\"cpu\":{\"quota\":7,\"period\":9}}" },
	{ "{\"cpu\":{\"realtimeRuntime\":7}}",
	  "{\"cpu\":{\"period\":9,\"realtimePeriod\":4}}",
	  "{\"cpu\":{\"realtimeRuntime\":7}}",
	  "{\"cpu\":{\"realtimeRuntime\":7,\"realtimePeriod\":4}}" },
	{ "{\"memory\":7}", "{\"memory\":7}", "{\"memory\":7}",
	  "{\"memory\":7}" },
	{ "{\"memory\":{\"limit\":\"x\"}}", "{\"memory\":[]}",
	  "{\"memory\":{\"limit\":\"x\"}}", "{\"memory\":{\"limit\":\"x\"}}" },
};

static void assert_json(struct json_object *json, const char *want)
{
	assert_string_equal(
		json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN),
		want);
}

static void test_patches(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(patches); i++) {
		auto_json struct json_object *patch = parse(patches[i].patch);
		auto_json struct json_object *now = parse(patches[i].now);
		struct err err = { .code = CNI_OK };

		assert_int_equal(patch_tidy(patch, &err), 0);
		assert_json(patch, patches[i].tidy);
		assert_int_equal(patch_complete(patch, now, &err), 0);
		assert_json(patch, patches[i].complete);
		assert_int_equal(patch_complete(patch, NULL, &err), 0);
	}
}

static void test_patches_are_set_and_merged(void **state)
{
	auto_json struct json_object *patch = parse("{}");
	auto_json struct json_object *into = parse(
		"{\"memory\":{\"swap\":5},\"cpu\":null,\"devices\":[1,2]}");
	auto_json struct json_object *more = parse("{\"devices\":[3]}");
	struct err err = { .code = CNI_OK };
	int r;

	(void)state;
	r = patch_set(patch, "memory.limit", PATCH_SIZE, "-m", "1k", &err);
	r = r ?: patch_set(patch, "memory.swap", PATCH_SIZE, "-s", "-1", &err);
	r = r ?: patch_set(patch, "cpu.cpus", PATCH_TEXT, "-c", "0-1", &err);
	r = r ?: patch_set(patch, "cpu.quota", PATCH_NUMBER, "-q", "-1", &err);
	assert_int_equal(r, 0);
	assert_json(patch, "{\"memory\":{\"limit\":1024,\"swap\":-1},"
			   "\"cpu\":{\"cpus\":\"0-1\",\"quota\":-1}}");
	r = patch_merge(into, patch, &err);
	r = r ?: patch_merge(into, more, &err);
	assert_int_equal(r, 0);
	assert_json(into, "{\"memory\":{\"swap\":-1,\"limit\":1024},"
			  "\"cpu\":{\"cpus\":\"0-1\",\"quota\":-1},"
			  "\"devices\":[3]}");
	r = patch_set(patch, "cpu.shares", PATCH_UNSIGNED, "--cpu-shares", "-2",
		      &err);
	assert_int_equal(r, -EINVAL);
	assert_non_null(strstr(err.msg, "--cpu-shares: -2 is not in 0.."));
}

/* ---- what shims read ---- */

static void read_back(const char *path, char *out, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t n;

	assert_non_null(file);
	n = fread(out, 1, size - 1, file);
	out[n] = '\0';
	(void)fclose(file);
	(void)unlink(path);
}

static void log_one(const char *format, const char *level, char *out,
		    size_t size)
{
	char path[] = "/tmp/test_cli.XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);
	struct err err = { .code = CNI_OK };
	struct report report;

	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(report_open(&report, path, format, level, &err), 0);
	(void)err_set(&err, CNI_E_IO, "open \"a\\b\": <no>\nline");
	(void)err_hint(&err, "see there");
	report_line(&report, REPORT_DEBUG, "detail");
	report_failure(&report, &err);
	(void)close(report.fd);
	read_back(path, out, size);
}

static void test_log(void **state)
{
	auto_json struct json_object *json = NULL;
	char text[4096];

	(void)state;
	log_one("json", NULL, text, sizeof(text));
	json = parse(text);
	assert_int_equal(json_object_object_length(json), 3);
	assert_string_equal(
		json_object_get_string(json_object_object_get(json, "level")),
		"error");
	assert_string_equal(
		json_object_get_string(json_object_object_get(json, "msg")),
		"open \"a\\b\": <no>\nline; see there");
	log_one(NULL, "debug", text, sizeof(text));
	assert_non_null(strstr(text, " level=debug msg=\"detail\"\n"));
	assert_non_null(strstr(text, "Z\" level=error msg=\"open \\\"a\\\\b\\\""
				     ": <no>\\nline; see there\"\n"));
	assert_memory_equal(text, "time=\"20", 8);
}

static void test_log_options_are_checked(void **state)
{
	struct report report;
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(report_open(&report, NULL, "xml", NULL, &err),
			 -EINVAL);
	err_clear(&err);
	assert_int_equal(report_open(&report, NULL, NULL, "loud", &err),
			 -EINVAL);
	err_clear(&err);
	assert_int_equal(report_open(&report, "/nonexistent/x", NULL, NULL,
				     &err),
			 -ENOENT);
	err_clear(&err);
	assert_int_equal(report_open(&report, "/dev/stderr", NULL, NULL, &err),
			 0);
	assert_int_equal(report.fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_patches),
		cmocka_unit_test(test_patches_are_set_and_merged),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_log_options_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
