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
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "runtime-glue/process/console.h"

static char dir[] = "/tmp/test_console.XXXXXX";

static void test_open(void **state)
{
	const struct spec_process process = {
		.console_height = { true, 33 },
		.console_width = { true, 99 },
	};
	struct err err = { .code = CNI_OK };
	auto_fd int master = -1;
	auto_fd int slave = -1;
	struct winsize size;

	(void)state;
	assert_int_equal(console_open(&process, &master, &slave, &err), 0);
	assert_true(isatty(slave));
	assert_int_equal(ioctl(slave, TIOCGWINSZ, &size), 0);
	assert_int_equal(size.ws_row, 33);
	assert_int_equal(size.ws_col, 99);
	assert_true(fcntl(master, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(slave, F_GETFD) & FD_CLOEXEC);
}

/* A socket whose path is longer than an address has room for. */
static void test_send(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX,
				    .sun_path = "listener" };
	auto_fd int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	auto_fd int client = -1, peer = -1, got = -1;
	struct err err = { .code = CNI_OK };
	char path[400], name[64] = "";
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { name, sizeof(name) - 1 };
	struct cmsghdr *at;
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/%0200d", dir, 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chdir(path), 0);
	assert_int_equal(bind(server, (struct sockaddr *)&addr, sizeof(addr)),
			 0);
	assert_int_equal(listen(server, 1), 0);
	assert_int_equal(chdir("/"), 0);
	(void)snprintf(path, sizeof(path), "%s/%0200d/listener", dir, 0);
	assert_int_equal(console_connect(path, &client, &err), 0);
	peer = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	assert_int_equal(console_send(client, server, &err), 0);
	assert_int_equal(recvmsg(peer, &msg, MSG_CMSG_CLOEXEC), 9);
	assert_string_equal(name, "/dev/ptmx");
	at = CMSG_FIRSTHDR(&msg);
	assert_non_null(at);
	if (at)
		memcpy(&got, CMSG_DATA(at), sizeof(got));
	assert_true(got > 2);

	(void)snprintf(path, sizeof(path), "%s/nobody", dir);
	assert_int_equal(console_connect(path, &got, &err), -ENOENT);
}

/* In the role of the runtime in the foreground: stdin and stdout are pipes. */
static int foreground(const char *script, int in, int out)
{
	const struct spec_process process = { .terminal = true };
	struct console_pump *pump = NULL;
	struct err err = { .code = CNI_OK };
	struct pollfd at[CONSOLE_FDS];
	int master, slave, r, status;
	pid_t pid;

	(void)signal(SIGPIPE, SIG_IGN);
	if (dup3(in, 0, 0) < 0 || dup3(out, 1, 0) < 0 ||
	    console_open(&process, &master, &slave, &err) < 0)
		return 101;
	pid = fork();
	if (pid == 0) {
		if (console_take(slave, &err) == 0)
			(void)execl("/bin/sh", "sh", "-c", script, NULL);
		_exit(102);
	}
	(void)close(slave);
	r = console_pump_new(master, &pump, &err);
	while (r == 0) {
		console_poll(pump, at);
		if (poll(at, CONSOLE_FDS, -1) >= 0)
			r = console_step(pump, at, &err);
	}
	if (r == 1)
		r = console_drain(pump, 100, &err);
	console_pump_free(pump);
	(void)close(master);
	if (r != 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return 103;
	return WEXITSTATUS(status);
}

static int converse(const char *script, const char *input, struct strbuf *out)
{
	int in[2], from[2], status;
	pid_t pid;

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		(void)close(in[1]);
		(void)close(from[0]);
		_exit(foreground(script, in[0], from[1]));
	}
	(void)close(in[0]);
	(void)close(from[1]);
	assert_int_equal(io_write_all(in[1], input, strlen(input)), 0);
	if (out)
		assert_int_equal(io_read_all(from[0], 1 << 20, out), 0);
	else
		(void)close(from[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	(void)close(in[1]);
	if (out)
		(void)close(from[0]);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_output(void **state)
{
	auto_strbuf struct strbuf out = { 0 };
	size_t lines = 0;

	(void)state;
	assert_int_equal(converse("seq 1 20000; exit 7", "", &out), 7);
	for (size_t i = 0; i < out.len; i++)
		lines += out.data[i] == '\n';
	assert_int_equal(lines, 20000);
	assert_null(memchr(out.data, '\r', out.len));
	assert_string_equal(out.data + out.len - 12, "19999\n20000\n");
}

static void test_input(void **state)
{
	auto_strbuf struct strbuf out = { 0 };

	(void)state;
	assert_int_equal(converse("stty -echo; tty >/dev/null && read a && "
				  "echo got $a",
				  "hello\n", &out),
			 0);
	assert_non_null(strstr(strbuf_str(&out), "got hello\n"));
}

/* Nobody reads our output: the container goes on all the same. */
static void test_unread(void **state)
{
	(void)state;
	assert_int_equal(converse("seq 1 20000; exit 5", "", NULL), 5);
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
		cmocka_unit_test(test_open),   cmocka_unit_test(test_send),
		cmocka_unit_test(test_output), cmocka_unit_test(test_input),
		cmocka_unit_test(test_unread),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
