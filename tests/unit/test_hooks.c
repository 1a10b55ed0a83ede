/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "runtime-glue/process/hooks.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define STRINGS(...)                                               \
	{                                                          \
		.count = COUNT(((const char *[]){ __VA_ARGS__ })), \
		.at = (const char *[])                             \
		{                                                  \
			__VA_ARGS__                                \
		}                                                  \
	}
#define SHELL(script)                                                  \
	{                                                              \
		.path = "/bin/sh", .args = STRINGS("sh", "-c", script) \
	}
#define SOME(list)                                 \
	{                                          \
		.count = COUNT(list), .at = (list) \
	}

/* Where hooks write: their working directory. */
static char dir[] = "/tmp/test_hooks.XXXXXX";

static const char *wrote(const char *name)
{
	static char text[4096];
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (io_read_small(AT_FDCWD, path, text, sizeof(text)) < 0)
		return "(nothing)";
	return text;
}

static void fails(struct spec_hook *hook, int r, const char *msg)
{
	const struct spec spec = { .hooks[SPEC_HOOK_PRESTART] = { 1, hook } };
	struct err err = { .code = CNI_OK };

	assert_int_equal(hooks_run(&spec, SPEC_HOOK_PRESTART, "{}", dir, false,
				   &err),
			 r);
	assert_string_equal(err.msg, msg);
}

static void test_run(void **state)
{
	struct spec_hook hooks[] = {
		SHELL("cat >state; pwd >cwd; echo $X >env; "
		      "ls /proc/self/fd >fds"),
		{ .path = "/bin/true" },
	};
	const struct spec spec = {
		.hooks[SPEC_HOOK_CREATE_RUNTIME] = SOME(hooks),
	};
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(setenv("X", "inherited", 1), 0);
	assert_int_equal(hooks_run(&spec, SPEC_HOOK_CREATE_RUNTIME,
				   "{\"id\":\"x\"}", dir, false, &err),
			 0);
	assert_string_equal(wrote("state"), "{\"id\":\"x\"}");
	assert_memory_equal(wrote("cwd"), dir, sizeof(dir) - 1);
	assert_string_equal(wrote("env"), "inherited\n");
	assert_string_equal(wrote("fds"), "0\n1\n2\n3\n");
	hooks[0].env = (struct spec_strings)STRINGS("X=own");
	assert_int_equal(hooks_run(&spec, SPEC_HOOK_CREATE_RUNTIME, "{}", dir,
				   false, &err),
			 0);
	assert_string_equal(wrote("env"), "own\n");
}

/* startContainer: in /, with the environment of the container's process. */
static void test_in_container(void **state)
{
	char script[128];
	struct spec_hook hook = SHELL(script);
	const struct spec spec = {
		.process.env = STRINGS("X=container"),
		.hooks[SPEC_HOOK_START_CONTAINER] = { 1, &hook },
	};
	struct err err = { .code = CNI_OK };

	(void)state;
	(void)snprintf(script, sizeof(script), "echo $PWD $X >%s/env", dir);
	assert_int_equal(hooks_run(&spec, SPEC_HOOK_START_CONTAINER, "{}", dir,
				   false, &err),
			 0);
	assert_string_equal(wrote("env"), "/ container\n");
}

/* More than a pipe takes, and nobody reads it. */
static void test_unread(void **state)
{
	struct spec_hook hooks[] = { { .path = "/bin/true" },
				     SHELL("exec <&-; sleep 0.05") };
	const struct spec spec = { .hooks[SPEC_HOOK_POSTSTOP] = SOME(hooks) };
	const size_t size = 1 << 20;
	auto_free char *big = malloc(size + 1);
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_non_null(big);
	memset(big, 'x', size);
	big[size] = '\0';
	assert_int_equal(
		hooks_run(&spec, SPEC_HOOK_POSTSTOP, big, "/", false, &err), 0);
}

static void test_failures(void **state)
{
	struct spec_hook status = SHELL("echo out; echo why >&2; exit 3");
	struct spec_hook quiet = SHELL("exit 1");
	struct spec_hook killed = SHELL("kill -9 $$");
	struct spec_hook missing = { .path = "/nonexistent" };
	struct spec_hook slow = SHELL("echo slow; sleep 60 & sleep 60");
	char msg[64];

	(void)state;
	fails(&status, -EIO,
	      "hooks.prestart[0]: /bin/sh: exit status 3: out why");
	fails(&quiet, -EIO, "hooks.prestart[0]: /bin/sh: exit status 1");
	fails(&killed, -EIO, "hooks.prestart[0]: /bin/sh: killed by signal 9");
	(void)snprintf(msg, sizeof(msg),
		       "hooks.prestart[0]: run /nonexistent: %s",
		       err_text(ENOENT));
	fails(&missing, -ENOENT, msg);
	slow.timeout = (struct spec_int){ true, 1 };
	fails(&slow, -ETIMEDOUT,
	      "hooks.prestart[0]: /bin/sh: killed after 1 s: slow");
}

/* Of much output the end is reported; what is left behind is not waited for. */
static void test_output(void **state)
{
	struct spec_hook much = SHELL("seq 1 20000; exit 2");
	struct spec_hook daemon = SHELL("sleep 20 & echo $! >pid; exit 0");
	const struct spec loud = { .hooks[SPEC_HOOK_PRESTART] = { 1, &much } };
	const struct spec left = { .hooks[SPEC_HOOK_PRESTART] = { 1,
								  &daemon } };
	struct err err = { .code = CNI_OK };
	const time_t start = time(NULL);

	(void)state;
	assert_int_equal(hooks_run(&loud, SPEC_HOOK_PRESTART, "{}", dir, false,
				   &err),
			 -EIO);
	assert_non_null(strstr(err.msg, " 19999 20000"));
	err_clear(&err);
	assert_int_equal(hooks_run(&left, SPEC_HOOK_PRESTART, "{}", dir, false,
				   &err),
			 0);
	assert_true(time(NULL) - start < 10);
	(void)kill((pid_t)strtol(wrote("pid"), NULL, 10), SIGKILL);
}

static void test_order(void **state)
{
	struct spec_hook hooks[] = { SHELL("echo 1 >order; exit 1"),
				     SHELL("echo 2 >>order") };
	const struct spec spec = { .hooks[SPEC_HOOK_POSTSTOP] = SOME(hooks) };
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(hooks_run(&spec, SPEC_HOOK_POSTSTOP, "{}", dir, false,
				   &err),
			 -EIO);
	assert_string_equal(wrote("order"), "1\n");
	err_clear(&err);
	assert_int_equal(
		hooks_run(&spec, SPEC_HOOK_POSTSTOP, "{}", dir, true, &err), 0);
	assert_string_equal(wrote("order"), "1\n2\n");
	assert_int_equal(err.code, CNI_OK);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char command[64];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command); /* NOLINT(cert-env33-c) */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_in_container),
		cmocka_unit_test(test_unread),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
