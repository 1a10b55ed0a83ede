/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A child that runs while its parent does something else. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/spawn.h"

/* Ours, as a careless parent may have left them. */
static void handler(int sig)
{
	(void)sig;
}

static void (*handler_of(int sig))(int)
{
	struct sigaction now;

	assert_int_equal(sigaction(sig, NULL, &now), 0);
	return now.sa_handler;
}

static void careless_signals(void)
{
	(void)signal(SIGPIPE, handler);
	(void)signal(SIGCHLD, SIG_IGN);
}

static void assert_careless_signals(void)
{
	assert_ptr_equal(handler_of(SIGPIPE), handler);
	assert_ptr_equal(handler_of(SIGCHLD), SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL);
}

static int start(const char *script, const char *input,
		 struct spawn_child *child)
{
	char *const argv[] = { (char[]){ "sh" }, (char[]){ "-c" },
			       strdup(script), NULL };
	const struct spawn spawn = {
		.path = "/bin/sh",
		.argv = argv,
		.envp = environ,
		.input = input,
		.input_len = input ? strlen(input) : 0,
	};
	struct err err = { .code = CNI_OK };
	int r = spawn_start(&spawn, child, &err);

	free(argv[2]);
	return r;
}

/* Neither a child nor a descriptor of it is left. */
static void assert_nothing_left(int lowest_free)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(fd, lowest_free);
	(void)close(fd);
}

static int lowest_free_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)close(fd);
	return fd;
}

/* It runs before anybody waits, and its input is there at once. */
static void test_runs_meanwhile(void **state)
{
	auto_spawn_child struct spawn_child child = SPAWN_NONE;
	auto_spawn_result struct spawn_result ran = { .status = 0 };
	struct err err = { .code = CNI_OK };
	const int free_fd = lowest_free_fd();
	int ready[2];
	char script[100], byte;

	(void)state;
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	(void)snprintf(script, sizeof(script),
		       "read line; echo x >/proc/%d/fd/%d; echo \"$line\"; "
		       "exit 3",
		       (int)getpid(), ready[1]);
	careless_signals();
	assert_int_equal(start(script, "hello\n", &child), 0);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_ptr_equal(handler_of(SIGPIPE), SIG_IGN);
	assert_ptr_equal(handler_of(SIGCHLD), SIG_DFL);
	assert_int_equal(spawn_finish(&child, &ran, &err), 0);
	assert_int_equal(WEXITSTATUS(ran.status), 3);
	assert_string_equal(strbuf_str(&ran.out), "hello\n");
	assert_careless_signals();
	(void)close(ready[0]);
	(void)close(ready[1]);
	assert_nothing_left(free_fd);
}

/* More input than a pipe takes: the rest goes while it is being finished. */
static void test_long_input(void **state)
{
	static char input[300001];
	auto_spawn_child struct spawn_child child = SPAWN_NONE;
	auto_spawn_result struct spawn_result ran = { .status = 0 };
	struct err err = { .code = CNI_OK };

	(void)state;
	memset(input, 'x', sizeof(input) - 1);
	assert_int_equal(start("cat", input, &child), 0);
	assert_int_equal(spawn_finish(&child, &ran, &err), 0);
	assert_int_equal(ran.status, 0);
	assert_int_equal(ran.out.len, sizeof(input) - 1);
	assert_memory_equal(ran.out.data, input, ran.out.len);
}

static void test_kill(void **state)
{
	struct spawn_child child = SPAWN_NONE;
	const int free_fd = lowest_free_fd();
	pid_t pid;

	(void)state;
	careless_signals();
	assert_int_equal(start("exec sleep 1000", NULL, &child), 0);
	pid = child.pid;
	assert_true(pid > 0);
	spawn_kill(&child);
	assert_int_equal(child.pid, 0);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	assert_careless_signals();
	assert_nothing_left(free_fd);
	/* Once more, and one that has never been: nothing happens. */
	(void)signal(SIGPIPE, SIG_DFL);
	spawn_kill(&child);
	assert_ptr_equal(handler_of(SIGPIPE), SIG_DFL);
	child = SPAWN_NONE;
	spawn_kill(&child);
	assert_nothing_left(free_fd);
}

static void test_kill_after_finish(void **state)
{
	struct spawn_child child = SPAWN_NONE;
	auto_spawn_result struct spawn_result ran = { .status = 0 };
	struct err err = { .code = CNI_OK };
	const int free_fd = lowest_free_fd();

	(void)state;
	assert_int_equal(start(":", NULL, &child), 0);
	assert_int_equal(spawn_finish(&child, &ran, &err), 0);
	spawn_kill(&child);
	assert_nothing_left(free_fd);
}

static void test_cannot_start(void **state)
{
	char *const argv[] = { (char[]){ "x" }, NULL };
	const struct spawn spawn = { .path = "/nonexistent/x",
				     .argv = argv,
				     .envp = environ };
	struct spawn_child child = SPAWN_NONE;
	struct err err = { .code = CNI_OK };
	const int free_fd = lowest_free_fd();

	(void)state;
	careless_signals();
	assert_int_equal(spawn_start(&spawn, &child, &err), -ENOENT);
	assert_string_equal(err.msg, "run \"/nonexistent/x\": No such file or "
				     "directory");
	assert_int_equal(child.pid, 0);
	assert_careless_signals();
	assert_nothing_left(free_fd);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs_meanwhile),
		cmocka_unit_test(test_long_input),
		cmocka_unit_test(test_kill),
		cmocka_unit_test(test_kill_after_finish),
		cmocka_unit_test(test_cannot_start),
	};

	return cmocka_run_group_tests_name("spawn_parts", tests, NULL, NULL);
}
