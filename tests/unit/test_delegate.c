/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/base/io.h"
#include "common/cni/delegate.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static char dir[] = "/tmp/test_delegate.XXXXXX";
static char cni_path[200]; /* a directory that is not there, and @dir */

static void put_file(const char *name, const char *text, mode_t mode)
{
	char path[200];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode);
	assert_true(fd >= 0);
	assert_int_equal(io_write_all(fd, text, strlen(text)), 0);
	(void)close(fd);
}

/* A delegate: a shell script that knows @dir as $D. */
static void put_plugin(const char *name, const char *script)
{
	char text[4096];

	(void)snprintf(text, sizeof(text), "#!/bin/sh\nD=%s\n%s\n", dir,
		       script);
	put_file(name, text, 0700);
}

static const char *get_file(const char *name)
{
	static char text[65536];
	auto_fd int at = open(dir, O_PATH | O_CLOEXEC);

	if (io_read_small(at, name, text, sizeof(text)) < 0)
		return "";
	return text;
}

static void clear_files(void)
{
	put_file("log", "", 0600);
	put_file("stderr", "", 0600);
}

static struct cni_request request(const char *stdin_text)
{
	struct cni_request req = {
		.verb = CNI_ADD,
		.command = "ADD",
		.path = cni_path,
		.version = CNI_V1_0_0,
	};

	strbuf_puts(&req.raw, stdin_text);
	return req;
}

/* Send our stderr to a file; back to @saved. */
static int stderr_to_file(void)
{
	char path[200];
	int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	int fd;

	(void)snprintf(path, sizeof(path), "%s/stderr", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(saved >= 0 && fd >= 0);
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	(void)close(fd);
	return saved;
}

static void stderr_back(int saved)
{
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	(void)close(saved);
}

static int add(const char *type, struct cni_result *out, struct err *err)
{
	struct cni_request req = request("{\"some\": \"conf\"}");
	int saved = stderr_to_file();
	int r = cni_delegate_add(&req, type, out, err);

	stderr_back(saved);
	strbuf_free(&req.raw);
	return r;
}

/* How each way of answering ADD ends, and whether DEL follows. */
static const struct {
	const char *script;
	int code; /* 0: it succeeds */
	const char *msg, *details;
	const char *stderr_text;
	const char *calls;
} answers[] = {
	/* success */
	{ "echo '{}'", 0, "", "", "", "ADD " },
	{ "echo null", 0, "", "", "", "ADD " },
	{ "echo '{\"cniVersion\":\"\"}'; echo hm >&2", 0, "", "", "hm\n",
	  "ADD " },
	{ "echo '{\"cniVersion\":\"0.2.0\",\"ip4\":{\"ip\":\"10.0.0.2/8\"}}'",
	  0, "", "", "", "ADD " },
	{ "echo '{\"cniVersion\":\"0.4.0\"}'", 0, "", "", "", "ADD " },
	/* its error is ours */
	{ "echo '{\"code\":50,\"msg\":\"m\",\"details\":\"d\"}'; exit 1", 50,
	  "m", "d", "", "ADD DEL " },
	{ "echo '{\"cniVersion\":\"1.0.0\",\"code\":999,\"msg\":\"m\"}'; exit "
	  "1",
	  999, "m", "", "", "ADD DEL " },
	{ "printf %s '{\"CODE\":11,\"Msg\":\"a\\n<b>\"}'; echo hm >&2; exit 77",
	  11, "a\n<b>", "", "hm\n", "ADD DEL " },
	{ "echo '{\"code\":2147483647,\"msg\":\"m\"}'; exit 1", 2147483647, "m",
	  "", "", "ADD DEL " },
	{ "echo '{\"code\":0,\"msg\":\"m\"}'; exit 1", CNI_E_DELEGATE, "m", "",
	  "", "ADD DEL " },
	{ "echo '{\"msg\":\"m\"}'; exit 1", CNI_E_DELEGATE, "m", "", "",
	  "ADD DEL " },
	/* another ADD of this attachment holds the address that DEL frees */
	{ "echo '{\"code\":103,\"msg\":\"m\"}'; exit 1", CNI_E_DUPLICATE, "m",
	  "", "", "ADD " },
	/* no error object */
	{ "exit 3", CNI_E_DELEGATE,
	  "netplugin failed with no error message: exit status 3",
	  "plugin \"p\"", "", "ADD DEL " },
	{ "kill -KILL $$", CNI_E_DELEGATE,
	  "netplugin failed with no error message: signal: killed",
	  "plugin \"p\"", "", "ADD DEL " },
	{ "printf 'a\"b\\n\\001' >&2; exit 3", CNI_E_DELEGATE,
	  "netplugin failed: \"a\\\"b\\n\\x01\"", "exit status 3; plugin \"p\"",
	  "a\"b\n\001", "ADD DEL " },
	{ "echo null; exit 3", CNI_E_DELEGATE,
	  "netplugin failed with no error message: exit status 3",
	  "plugin \"p\"", "", "ADD DEL " },
	{ "echo '{\"code\":7}'; exit 3", 7,
	  "netplugin failed with no error message: exit status 3",
	  "plugin \"p\"", "", "ADD DEL " },
	{ "echo out; exit 1", CNI_E_DELEGATE,
	  "netplugin failed but error parsing its diagnostic message "
	  "\"out\\n\": error unmarshall error object: ",
	  "plugin \"p\"", "", "ADD DEL " },
	{ "echo '{\"code\":-1,\"msg\":\"m\"}'; exit 1", CNI_E_DELEGATE,
	  "netplugin failed but error parsing its diagnostic message "
	  "\"{\\\"code\\\":-1,\\\"msg\\\":\\\"m\\\"}\\n\": code: -1 is not in ",
	  "plugin \"p\"", "", "ADD DEL " },
	{ "echo '[]'; exit 1", CNI_E_DELEGATE,
	  "netplugin failed but error parsing its diagnostic message "
	  "\"[]\\n\": config: must be an object",
	  "plugin \"p\"", "", "ADD DEL " },
	/* results that are none */
	{ ":", CNI_E_DELEGATE,
	  "failed to unmarshal raw result of plugin \"p\": error unmarshall "
	  "result: ",
	  "", "", "ADD DEL " },
	{ "echo '{\"ips\":7}'", CNI_E_DELEGATE,
	  "failed to unmarshal raw result of plugin \"p\": ips: must be an "
	  "array, not an integer",
	  "", "", "ADD DEL " },
	{ "echo '\"x\"'", CNI_E_DELEGATE,
	  "failed to unmarshal raw result of plugin \"p\": config: must be an "
	  "object",
	  "", "", "ADD DEL " },
	{ "echo '{\"cniVersion\":\"9.9.9\"}'", CNI_E_DELEGATE,
	  "failed to unmarshal raw result of plugin \"p\": unsupported CNI "
	  "result version \"9.9.9\"",
	  "", "", "ADD DEL " },
	{ "cat /dev/zero", CNI_E_DELEGATE, "run \"", "", "", "ADD DEL " },
};

static void test_answers(void **state)
{
	char script[1024];

	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		auto_result struct cni_result out = { .ip_count = 0 };
		struct err err = { .code = CNI_OK };
		int r;

		(void)snprintf(script, sizeof(script),
			       "printf '%%s ' $CNI_COMMAND >>$D/log\n"
			       "[ $CNI_COMMAND = ADD ] || exit 0\n%s",
			       answers[i].script);
		put_plugin("p", script);
		clear_files();
		r = add("p", &out, &err);
		assert_int_equal((int)err.code, answers[i].code);
		assert_int_equal(r < 0, answers[i].code != 0);
		assert_int_equal(strncmp(err.msg, answers[i].msg,
					 strlen(answers[i].msg)),
				 0);
		assert_string_equal(err.details, answers[i].details);
		assert_string_equal(get_file("stderr"), answers[i].stderr_text);
		assert_string_equal(get_file("log"), answers[i].calls);
	}
}

/* Results are read in the version they are in, ours if they do not say. */
static void test_result(void **state)
{
	auto_result struct cni_result v1 = { .ip_count = 0 };
	auto_result struct cni_result v02 = { .ip_count = 0 };
	struct err err = { .code = CNI_OK };
	char text[CIDR_TEXT];

	(void)state;
	put_plugin("p", "echo '{\"ips\":[{\"address\":\"10.0.0.3/8\"}]}'");
	assert_int_equal(add("p", &v1, &err), 0);
	assert_int_equal(v1.ip_count, 1);
	assert_string_equal(cidr_format(&v1.ips[0].address, text),
			    "10.0.0.3/8");
	put_plugin("p", "echo '{\"cniVersion\":\"0.2.0\",\"ip4\":"
			"{\"ip\":\"10.0.0.2/8\"}}'");
	assert_int_equal(add("p", &v02, &err), 0);
	assert_int_equal(v02.ip_count, 1);
	assert_string_equal(cidr_format(&v02.ips[0].address, text),
			    "10.0.0.2/8");
}

static const struct {
	const char *path, *type, *want;
} lost[] = {
	{ "/a:/b", "", "no plugin name provided" },
	{ "/a:/b", "../x", "invalid plugin name: ../x" },
	{ "/a:/b", "/bin/true", "invalid plugin name: /bin/true" },
	{ "", "x", "no paths provided" },
	{ "/a:/b", "nosuch",
	  "failed to find plugin \"nosuch\" in path [/a /b]" },
	{ "/a", "nosuch", "failed to find plugin \"nosuch\" in path [/a]" },
	{ "/", "tmp", "failed to find plugin \"tmp\" in path [/]" },
	{ ":", "nosuch", "failed to find plugin \"nosuch\" in path [ ]" },
	{ "/", "..", "failed to find plugin \"..\" in path [/]" },
};

static void test_lost(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lost); i++) {
		struct cni_request req = { .path = lost[i].path };
		auto_result struct cni_result out = { .ip_count = 0 };
		struct err add_err = { .code = CNI_OK };
		struct err del_err = { .code = CNI_OK };

		assert_int_equal(cni_delegate_add(&req, lost[i].type, &out,
						  &add_err),
				 -EINVAL);
		assert_int_equal(cni_delegate(&req, CNI_DEL, lost[i].type,
					      &del_err),
				 -EINVAL);
		assert_string_equal(add_err.msg, lost[i].want);
		assert_string_equal(del_err.msg, lost[i].want);
		assert_int_equal(add_err.code, CNI_E_DELEGATE);
	}
}

/* The first of the path wins; what is not a regular file is passed over. */
static void test_search(void **state)
{
	struct cni_request req = request("{}");
	struct err err = { .code = CNI_OK };
	char path[300];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/one/p", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	put_plugin("two/p", "echo two >>$D/log");
	put_plugin("p", "echo three >>$D/log");
	clear_files();
	(void)snprintf(path, sizeof(path), "%s/one:%s/two/:%s", dir, dir, dir);
	req.path = path;
	assert_int_equal(cni_delegate(&req, CNI_STATUS, "p", &err), 0);
	assert_string_equal(get_file("log"), "two\n");

	strbuf_free(&req.raw);
}

/* Under valgrind vfork() forks, and cannot tell that exec failed. */
static void skip_under_valgrind(void)
{
	if (strstr(getenv("LD_PRELOAD") ?: "", "vgpreload"))
		skip();
}

/* An empty element: seen in the working directory, run by $PATH. */
static void test_bare_name(void **state)
{
	struct cni_request req = { .path = ":/nonexistent" };
	struct err err = { .code = CNI_OK };
	char cwd[200];

	(void)state;
	skip_under_valgrind();
	put_plugin("p", ":");
	put_plugin("true", "echo wrong >>$D/log");
	clear_files();
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(cni_delegate(&req, CNI_STATUS, "true", &err), 0);
	assert_int_equal(cni_delegate(&req, CNI_STATUS, "p", &err), -ENOENT);
	assert_int_equal(chdir(cwd), 0);
	assert_string_equal(get_file("log"), "");
	assert_string_equal(err.msg, "run \"p\": No such file or directory");
	assert_string_equal(err.details, "");
	assert_int_equal(err.code, CNI_E_DELEGATE);
}

static void test_cannot_run(void **state)
{
	struct err err = { .code = CNI_OK };
	struct err denied = { .code = CNI_OK };
	auto_result struct cni_result out = { .ip_count = 0 };
	char want[400];

	(void)state;
	skip_under_valgrind();
	put_file("p", "#!/nonexistent/sh\n", 0700);
	assert_int_equal(add("p", &out, &err), -ENOENT);
	assert_int_equal(err.code, CNI_E_DELEGATE);
	(void)snprintf(want, sizeof(want),
		       "the interpreter that \"%s/p\" names, or its dynamic "
		       "linker, may be missing",
		       dir);
	assert_string_equal(err.details, want);

	put_file("p", "#!/bin/sh\n", 0600);
	assert_int_equal(add("p", &out, &denied), -EACCES);
	assert_int_equal(denied.code, CNI_E_DELEGATE);
	(void)snprintf(want, sizeof(want), "run \"%s/p\": Permission denied",
		       dir);
	assert_string_equal(denied.msg, want);
}

static const struct {
	enum cni_verb verb;
	const char *text;
} verbs[] = {
	{ CNI_DEL, "DEL\n" },
	{ CNI_CHECK, "CHECK\n" },
	{ CNI_GC, "GC\n" },
	{ CNI_STATUS, "STATUS\n" },
};

static void test_verbs(void **state)
{
	struct cni_request req = request("{}");

	(void)state;
	/* without ADD, what is on stdout does not matter */
	put_plugin("p", "echo $CNI_COMMAND >>$D/log; echo garbage");
	for (size_t i = 0; i < COUNT(verbs); i++) {
		struct err err = { .code = CNI_OK };

		clear_files();
		assert_int_equal(cni_delegate(&req, verbs[i].verb, "p", &err),
				 0);
		assert_string_equal(get_file("log"), verbs[i].text);
	}
	put_plugin("p", "echo '{\"code\":50,\"msg\":\"m\"}'; exit 1");
	for (size_t i = 0; i < COUNT(verbs); i++) {
		struct err err = { .code = CNI_OK };

		assert_true(cni_delegate(&req, verbs[i].verb, "p", &err) < 0);
		assert_int_equal(err.code, CNI_E_UNAVAILABLE);
		assert_string_equal(err.msg, "m");
	}
	strbuf_free(&req.raw);
}

/* The same bytes, spaces and all; the environment but for CNI_COMMAND. */
static void test_what_it_gets(void **state)
{
	static const char conf[] = "\n {\"a\" : 1,\t\"name\":\"\\u00e9\"}\n\n";
	char *env[] = {
		(char[]){ "PATH=/usr/bin:/bin" },
		(char[]){ "CNI_COMMAND=ADD" },
		(char[]){ "TWICE=first" },
		(char[]){ "CNI_COMMAND_2=kept" },
		(char[]){ "TWICE=second" },
		(char[]){ "EMPTY=" },
		(char[]){ "CNI_COMMAND=CHECK" },
		NULL,
	};
	struct cni_request req = request(conf);
	struct err err = { .code = CNI_OK };
	char **saved = environ;
	int r;

	(void)state;
	put_plugin("p", "cat >$D/stdin; tr '\\0' '\\n' </proc/$$/environ "
			">$D/env");
	environ = env;
	r = cni_delegate(&req, CNI_GC, "p", &err);
	environ = saved;
	assert_int_equal(r, 0);
	assert_string_equal(get_file("stdin"), conf);
	assert_string_equal(get_file("env"),
			    "CNI_COMMAND=GC\nPATH=/usr/bin:/bin\nTWICE=first\n"
			    "CNI_COMMAND_2=kept\nEMPTY=\n");
	strbuf_free(&req.raw);
}

/* DEL's failure is told, but it is ADD's that is returned. */
static void test_failed_del(void **state)
{
	auto_result struct cni_result out = { .ip_count = 0 };
	struct err err = { .code = CNI_OK };

	(void)state;
	put_plugin("p", "echo '{\"code\":12,\"msg\":\"'$CNI_COMMAND'\"}'\n"
			"exit 1");
	assert_true(add("p", &out, &err) < 0);
	assert_int_equal((int)err.code, 12);
	assert_string_equal(err.msg, "ADD");
	assert_non_null(strstr(get_file("stderr"),
			       ": DEL by plugin \"p\" after its failed ADD: "
			       "DEL\n"));
}

/* A failure recorded before stays what it was. */
static void test_first_error(void **state)
{
	struct cni_request req = request("{}");
	struct err err = { .code = CNI_OK };
	int saved;

	(void)state;
	put_plugin("p", "echo '{\"code\":50,\"msg\":\"m\",\"details\":\"d\"}'\n"
			"exit 1");
	(void)err_set(&err, CNI_E_CONFIG, "first");
	(void)err_hint(&err, "its details");
	saved = stderr_to_file();
	assert_true(cni_delegate(&req, CNI_DEL, "p", &err) < 0);
	stderr_back(saved);
	assert_int_equal(err.code, CNI_E_CONFIG);
	assert_string_equal(err.msg, "first");
	assert_string_equal(err.details, "its details");
	assert_non_null(strstr(get_file("stderr"), "after \"first\": m\n"));
	strbuf_free(&req.raw);
}

/* Much output is quoted in part, so that the reason is still to be seen. */
static void test_long_garbage(void **state)
{
	auto_result struct cni_result out = { .ip_count = 0 };
	struct err err = { .code = CNI_OK };

	(void)state;
	put_plugin("p", "head -c 100000 /dev/zero | tr '\\0' x; exit 1");
	assert_true(add("p", &out, &err) < 0);
	assert_non_null(strstr(err.msg, "xxx...\": error unmarshall error "
					"object: "));
}

static void test_big_config(void **state)
{
	auto_result struct cni_result out = { .ip_count = 0 };
	struct cni_request req = request("");
	struct err err = { .code = CNI_OK };

	(void)state;
	while (req.raw.len < JSON_MAX_BYTES)
		strbuf_add(&req.raw, "0123456789abcdef", 16);
	put_plugin("p", "head -c 8000000 /dev/zero | tr '\\0' ' '\n"
			"echo '{\"ips\":[]}'; [ $(wc -c) = 8388608 ]");
	assert_int_equal(cni_delegate_add(&req, "p", &out, &err), 0);
	strbuf_free(&req.raw);
}

static int set_up(void **state)
{
	char path[200];

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(cni_path, sizeof(cni_path), "/nonexistent:%s", dir);
	(void)snprintf(path, sizeof(path), "%s/one", dir);
	if (mkdir(path, 0700) < 0)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/two", dir);
	return mkdir(path, 0700);
}

static int tear_down(void **state)
{
	static const char *const names[] = { "p",      "two/p", "true", "log",
					     "stderr", "stdin", "env" };
	static const char *const dirs[] = { "one/p", "one", "two" };
	auto_fd int at = open(dir, O_PATH | O_CLOEXEC);

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		(void)unlinkat(at, names[i], 0);
	for (size_t i = 0; i < COUNT(dirs); i++)
		(void)unlinkat(at, dirs[i], AT_REMOVEDIR);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_result),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_bare_name),
		cmocka_unit_test(test_cannot_run),
		cmocka_unit_test(test_verbs),
		cmocka_unit_test(test_what_it_gets),
		cmocka_unit_test(test_failed_del),
		cmocka_unit_test(test_first_error),
		cmocka_unit_test(test_long_garbage),
		cmocka_unit_test(test_big_config),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
