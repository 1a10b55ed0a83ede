/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A delegate that runs while its caller works, and writing a result early. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/io.h"
#include "common/cni/delegate.h"
#include "common/cni/plugin.h"

static char dir[] = "/tmp/test_delegate_parts.XXXXXX";
static struct cni_request req = { .verb = CNI_ADD,
				  .command = "ADD",
				  .path = dir,
				  .version = CNI_V1_0_0 };

static void in_dir(const char *name, char path[200])
{
	(void)snprintf(path, 200, "%s/%s", dir, name);
}

static void put_plugin(const char *name, const char *script)
{
	char path[200], text[1024];
	int fd, n;

	in_dir(name, path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	assert_true(fd >= 0);
	n = snprintf(text, sizeof(text), "#!/bin/sh\nD=%s\n%s\n", dir, script);
	assert_int_equal(io_write_all(fd, text, (size_t)n), 0);
	(void)close(fd);
}

static const char *get_file(const char *name)
{
	static char text[4096];
	auto_fd int at = open(dir, O_PATH | O_CLOEXEC);

	return io_read_small(at, name, text, sizeof(text)) < 0 ? "" : text;
}

static void remove_file(const char *name)
{
	char path[200];

	in_dir(name, path);
	(void)unlink(path);
}

static int start_as(enum cni_verb verb, const char *script,
		    struct cni_delegate *out, struct err *err)
{
	remove_file("log");
	put_plugin("p", script);
	return cni_delegate_start(&req, verb, "p", out, err);
}

/* It answers only once we have done something after its start. */
static void test_meanwhile(void **state)
{
	auto_cni_delegate struct cni_delegate delegate = CNI_DELEGATE_NONE;
	auto_result struct cni_result result = { .ip_count = 0 };
	struct err err = { .code = CNI_OK };
	char fifo[200];
	int fd;

	(void)state;
	in_dir("fifo", fifo);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(
		start_as(CNI_ADD,
			 "read ip <$D/fifo\n"
			 "echo \"{\\\"cniVersion\\\":\\\"1.0.0\\\",\\\"ips\\\":"
			 "[{\\\"address\\\":\\\"$ip\\\"}]}\"",
			 &delegate, &err),
		0);
	assert_true(delegate.running);
	fd = open(fifo, O_WRONLY | O_CLOEXEC);
	assert_int_equal(io_write_all(fd, "10.0.0.9/24\n", 12), 0);
	(void)close(fd);
	assert_int_equal(cni_delegate_finish(&delegate, &result, &err), 0);
	assert_false(delegate.running);
	assert_int_equal(result.ip_count, 1);
	assert_int_equal(result.ips[0].address.ip.bytes[3], 9);
	/* Twice is once. */
	assert_int_equal(cni_delegate_finish(&delegate, &result, &err), 0);
	assert_int_equal(result.ip_count, 1);
}

/* Of a delegate that nobody waits for, nothing goes on. */
static void test_abandoned(void **state)
{
	struct cni_delegate delegate = CNI_DELEGATE_NONE;
	struct err err = { .code = CNI_OK };
	pid_t pid;

	(void)state;
	assert_int_equal(
		start_as(CNI_CHECK, "exec sleep 1000", &delegate, &err), 0);
	pid = delegate.call.child.pid;
	cni_delegate_free(&delegate);
	assert_false(delegate.running);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	assert_int_equal(cni_delegate_finish(&delegate, NULL, &err), 0);
}

static void test_nothing_started(void **state)
{
	auto_cni_delegate struct cni_delegate delegate = CNI_DELEGATE_NONE;
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(cni_delegate_finish(&delegate, NULL, &err), 0);
	remove_file("p");
	assert_true(cni_delegate_start(&req, CNI_DEL, "p", &delegate, &err) <
		    0);
	assert_int_equal(err.code, CNI_E_DELEGATE);
	assert_false(delegate.running);
	err_clear(&err);
	assert_int_equal(cni_delegate_finish(&delegate, NULL, &err), 0);
}

/* An ADD that fails is followed by its DEL; another verb is not. */
static void test_clean_up(void **state)
{
	static const char script[] =
		"printf '%s ' $CNI_COMMAND >>$D/log\n"
		"[ $CNI_COMMAND = DEL ] && exit 0\n"
		"echo '{\"code\":11,\"msg\":\"busy\"}'; exit 1";
	static const enum cni_verb verbs[] = { CNI_ADD, CNI_CHECK };
	static const char *const calls[] = { "ADD DEL ", "CHECK " };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		auto_cni_delegate struct cni_delegate delegate =
			CNI_DELEGATE_NONE;
		auto_result struct cni_result result = { .ip_count = 0 };
		struct err err = { .code = CNI_OK };

		assert_int_equal(start_as(verbs[i], script, &delegate, &err),
				 0);
		assert_true(cni_delegate_finish(&delegate, &result, &err) < 0);
		assert_int_equal(err.code, 11);
		assert_string_equal(err.msg, "busy");
		assert_string_equal(get_file("log"), calls[i]);
	}
}

/* A DEL goes on after a failure, and that failure is what it reports. */
static void test_after_a_failure(void **state)
{
	auto_cni_delegate struct cni_delegate delegate = CNI_DELEGATE_NONE;
	struct err err = { .code = CNI_OK };

	(void)state;
	(void)err_set(&err, CNI_E_IO, "the first");
	assert_int_equal(
		start_as(
			CNI_DEL,
			"echo '{\"code\":50,\"msg\":\"m\",\"details\":\"d\"}'\n"
			"exit 1",
			&delegate, &err),
		0);
	assert_true(cni_delegate_finish(&delegate, NULL, &err) < 0);
	assert_int_equal(err.code, CNI_E_IO);
	assert_string_equal(err.msg, "the first");
	assert_string_equal(err.details, "");
}

/* ---- cni_plugin_print() ---- */

/* Print @result with stdout opened as @path; returns what print did. */
static int print_to(const char *path, struct cni_result *result,
		    struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	int r;

	assert_true(fd >= 0 && saved >= 0);
	(void)fflush(stdout);
	assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
	r = cni_plugin_print(&req, result, err);
	assert_int_equal(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
	(void)close(saved);
	(void)close(fd);
	return r;
}

static void test_print(void **state)
{
	auto_result struct cni_result result = { .ip_count = 0 };
	struct err err = { .code = CNI_OK };
	char path[200];

	(void)state;
	in_dir("out", path);
	assert_int_equal(print_to(path, &result, &err), 0);
	assert_true(result.printed);
	assert_non_null(strstr(get_file("out"), "\"cniVersion\": \"1.0.0\""));
}

static void test_print_refused(void **state)
{
	auto_result struct cni_result result = { .ip_count = 0 };
	struct err err = { .code = CNI_OK };
	char path[200];

	(void)state;
	assert_int_equal(print_to("/dev/full", &result, &err), -ENOSPC);
	assert_false(result.printed);
	assert_int_equal(err.code, CNI_E_IO);
	assert_string_equal(err.msg,
			    "write to stdout: No space left on device");
	/* A version in which it cannot be said: not a byte is written. */
	err_clear(&err);
	req.version = CNI_V0_2_0;
	in_dir("out", path);
	assert_true(print_to(path, &result, &err) < 0);
	req.version = CNI_V1_0_0;
	assert_int_equal(err.code, CNI_E_CONFIG);
	assert_false(result.printed);
	assert_string_equal(get_file("out"), "");
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	static const char *const names[] = { "p", "log", "fifo", "out" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		remove_file(names[i]);
	return rmdir(dir);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meanwhile),
		cmocka_unit_test(test_abandoned),
		cmocka_unit_test(test_nothing_started),
		cmocka_unit_test(test_clean_up),
		cmocka_unit_test(test_after_a_failure),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_print_refused),
	};

	return cmocka_run_group_tests_name("delegate_parts", tests, set_up,
					   tear_down);
}
