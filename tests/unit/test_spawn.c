/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wrap: syscall clock_nanosleep */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/spawn.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static char dir[] = "/tmp/test_spawn.XXXXXX";
static bool no_pidfd;

/* Sleep only in the books. */
static bool no_sleep;
static long slept_ms;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*,*-identifier-naming) */
long __real_syscall(long number, long a, long b);
long __wrap_syscall(long number, long a, long b);

long __wrap_syscall(long number, long a, long b)
{
	if (number == SYS_pidfd_open && no_pidfd) {
		errno = ENOSYS;
		return -1;
	}
	return __real_syscall(number, a, b);
}

int __real_clock_nanosleep(clockid_t clock, int flags,
			   const struct timespec *want, struct timespec *left);
int __wrap_clock_nanosleep(clockid_t clock, int flags,
			   const struct timespec *want, struct timespec *left);

int __wrap_clock_nanosleep(clockid_t clock, int flags,
			   const struct timespec *want, struct timespec *left)
{
	slept_ms += want->tv_sec * 1000 + want->tv_nsec / 1000000;
	return no_sleep ? 0 : __real_clock_nanosleep(clock, flags, want, left);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*,*-identifier-naming) */

static int run_as(const char *path, const char *script, struct strbuf *input,
		  struct spawn_result *result, struct err *err)
{
	char *const argv[] = { (char[]){ "sh" }, (char[]){ "-c" },
			       strdup(script), NULL };
	const struct spawn spawn = {
		.path = path,
		.argv = argv,
		.envp = environ,
		.input = input ? input->data : NULL,
		.input_len = input ? input->len : 0,
	};
	int r = spawn_run(&spawn, result, err);

	free(argv[2]);
	return r;
}

static int run(const char *script, struct strbuf *input,
	       struct spawn_result *result)
{
	struct err err = { .code = CNI_OK };
	int r = run_as("/bin/sh", script, input, result, &err);

	assert_int_equal(err.code, r < 0 ? CNI_E_IO : CNI_OK);
	assert_int_equal(err.errnum, -r);
	return r;
}

static long now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* @len bytes in which no 4096 are like the next. */
static void fill(struct strbuf *buf, size_t len)
{
	char line[65];

	for (size_t i = 0; buf->len + 64 <= len; i++) {
		(void)snprintf(line, sizeof(line), "%064zu", i);
		strbuf_add(buf, line, 64);
	}
	while (buf->len < len)
		strbuf_putc(buf, '.');
}

static const struct {
	const char *script;
	const char *in; /* NULL: 8 MiB */
	const char *out, *err;
	int exit, sig;
} cases[] = {
	{ "true", "", "", "", 0, 0 },
	{ "cat", "", "", "", 0, 0 },
	{ "cat", "hello", "hello", "", 0, 0 },
	{ "cat >&2", "hello", "", "hello", 0, 0 },
	{ "echo a; echo b >&2; exit 3", "ignored", "a\n", "b\n", 3, 0 },
	{ "echo a; kill -9 $$", "", "a\n", "", 0, SIGKILL },
	{ "printf 'a\\0b' | wc -c", "", "3\n", "", 0, 0 },
	/* input that is not read, and pipes that are closed early */
	{ "echo a", NULL, "a\n", "", 0, 0 },
	{ "exec <&-; sleep 0.05; echo a", NULL, "a\n", "", 0, 0 },
	{ "head -c 5; exit 2", NULL, "00000", "", 2, 0 },
	{ "exec >&- 2>&-; sleep 0.05; exit 4", "", "", "", 4, 0 },
	{ "exec >&- 2>&-; cat >/dev/null; exit 4", NULL, "", "", 4, 0 },
	{ "wc -c", NULL, "8388608\n", "", 0, 0 },
};

static void check_cases(void)
{
	auto_strbuf struct strbuf big = { .len = 0 };

	fill(&big, SPAWN_OUTPUT_MAX);
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_spawn_result struct spawn_result result = { .status = 0 };
		auto_strbuf struct strbuf in = { .len = 0 };

		strbuf_puts(&in, cases[i].in ?: "");
		assert_int_equal(run(cases[i].script, cases[i].in ? &in : &big,
				     &result),
				 0);
		assert_string_equal(strbuf_str(&result.out), cases[i].out);
		assert_string_equal(strbuf_str(&result.err), cases[i].err);
		if (cases[i].sig) {
			assert_true(WIFSIGNALED(result.status));
			assert_int_equal(WTERMSIG(result.status), cases[i].sig);
		} else {
			assert_true(WIFEXITED(result.status));
			assert_int_equal(WEXITSTATUS(result.status),
					 cases[i].exit);
		}
	}
}

static void test_cases(void **state)
{
	(void)state;
	check_cases();
}

static void test_without_pidfd(void **state)
{
	(void)state;
	no_pidfd = true;
	check_cases();
	no_pidfd = false;
}

/* Every order in which much can be read and written. */
static const struct {
	const char *script;
	size_t out, err;
} heavy[] = {
	{ "cat", SPAWN_OUTPUT_MAX, 0 },
	{ "cat >&2", 0, SPAWN_OUTPUT_MAX },
	{ "tee /dev/stderr", SPAWN_OUTPUT_MAX, SPAWN_OUTPUT_MAX },
	{ "head -c 8388608 /dev/zero; cat >&2", SPAWN_OUTPUT_MAX,
	  SPAWN_OUTPUT_MAX },
	{ "head -c 8388608 /dev/zero >&2; cat", SPAWN_OUTPUT_MAX,
	  SPAWN_OUTPUT_MAX },
	/* stderr is cut */
	{ "head -c 9000000 /dev/zero >&2; cat", SPAWN_OUTPUT_MAX,
	  SPAWN_OUTPUT_MAX },
};

static void test_heavy(void **state)
{
	auto_strbuf struct strbuf in = { .len = 0 };

	(void)state;
	fill(&in, SPAWN_OUTPUT_MAX);
	for (size_t i = 0; i < COUNT(heavy); i++) {
		auto_spawn_result struct spawn_result result = { .status = 0 };

		assert_int_equal(run(heavy[i].script, &in, &result), 0);
		assert_int_equal(result.status, 0);
		assert_int_equal(result.out.len, heavy[i].out);
		assert_int_equal(result.err.len, heavy[i].err);
		if (strcmp(heavy[i].script, "cat") == 0)
			assert_memory_equal(result.out.data, in.data, in.len);
	}
}

static void test_too_much(void **state)
{
	static const char *const scripts[] = {
		"head -c 8388609 /dev/zero",
		"cat /dev/zero",
		"echo $$ >&2; trap '' TERM; while :; do cat /dev/zero; done",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(scripts); i++) {
		auto_spawn_result struct spawn_result result = { .status = 0 };
		struct err err = { .code = CNI_OK };

		assert_int_equal(run_as("/bin/sh", scripts[i], NULL, &result,
					&err),
				 -EFBIG);
		assert_string_equal(err.msg,
				    "run \"/bin/sh\": more than 8388608 bytes: "
				    "File too large");
		if (result.err.len) /* not even a zombie is left */
			assert_int_equal(
				kill((pid_t)strtol(result.err.data, NULL, 10),
				     0),
				-1);
	}
}

/* A daemon that holds our pipes, silent or not, is not waited for. */
static void check_daemon(void)
{
	auto_spawn_result struct spawn_result silent = { .status = 0 };
	auto_spawn_result struct spawn_result noisy = { .status = 0 };
	const long start = now_ms();

	assert_int_equal(run("sleep 60 & echo $!; exit 5", NULL, &silent), 0);
	assert_int_equal(WEXITSTATUS(silent.status), 5);
	assert_int_equal(kill((pid_t)strtol(strbuf_str(&silent.out), NULL, 10),
			      SIGKILL),
			 0);
	assert_int_equal(run("yes >&2 & echo a", NULL, &noisy), 0);
	assert_string_equal(strbuf_str(&noisy.out), "a\n");
	assert_true(now_ms() - start < 30000);
}

static void test_daemon(void **state)
{
	(void)state;
	check_daemon();
	no_pidfd = true;
	check_daemon();
	no_pidfd = false;
}

/* Under valgrind vfork() forks, and cannot tell that exec failed. */
static void skip_under_valgrind(void)
{
	if (strstr(getenv("LD_PRELOAD") ?: "", "vgpreload"))
		skip();
}

static void test_errors(void **state)
{
	static const struct {
		const char *path;
		int errnum;
	} bad[] = {
		{ "/nonexistent/x", ENOENT },
		{ "nonexistent-x", ENOENT },
		{ "/", EACCES },
		{ "/etc/passwd", EACCES },
		{ "/etc/passwd/x", ENOTDIR },
	};
	char want[200];

	(void)state;
	skip_under_valgrind();
	for (size_t i = 0; i < COUNT(bad); i++) {
		auto_spawn_result struct spawn_result result = { .status = 0 };
		struct err err = { .code = CNI_OK };

		assert_int_equal(run_as(bad[i].path, "", NULL, &result, &err),
				 -bad[i].errnum);
		(void)snprintf(want, sizeof(want), "run \"%s\": %s",
			       bad[i].path, err_text(bad[i].errnum));
		assert_string_equal(err.msg, want);
		assert_int_equal(err.code, CNI_E_IO);
	}
	/* of our children there is none left */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void test_path_search(void **state)
{
	auto_spawn_result struct spawn_result result = { .status = 0 };
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(run_as("sh", "echo a", NULL, &result, &err), 0);
	assert_string_equal(strbuf_str(&result.out), "a\n");
}

static void test_clean_child(void **state)
{
	auto_spawn_result struct spawn_result fds = { .status = 0 };
	auto_spawn_result struct spawn_result sigs = { .status = 0 };
	auto_fd int stray = fcntl(STDIN_FILENO, F_DUPFD, 50); /* no CLOEXEC */
	sigset_t mask, old;
	char *ignored;

	(void)state;
	assert_true(stray >= 50);
	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGUSR2);
	(void)sigprocmask(SIG_BLOCK, &mask, &old);
	(void)signal(SIGUSR1, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(run("ls /proc/$$/fd; true", NULL, &fds), 0);
	assert_int_equal(run("sed -n 's/Sig[BI].*:.//p' /proc/self/status",
			     NULL, &sigs),
			 0);
	assert_string_equal(strbuf_str(&fds.out), "0\n1\n2\n");
	assert_int_equal(strtoull(strbuf_str(&sigs.out), &ignored, 16), 0);
	/* 32 and 33 are the C library's own, which it leaves ignored */
	assert_int_equal(strtoull(ignored, NULL, 16) & ~(3ULL << 31), 0);
	(void)signal(SIGUSR1, SIG_DFL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
}

/* SIGCHLD may have been left ignored, and comes back as it was. */
static void test_our_signals(void **state)
{
	auto_spawn_result struct spawn_result result = { .status = 0 };

	(void)state;
	(void)signal(SIGCHLD, SIG_IGN);
	assert_int_equal(run("exit 3", NULL, &result), 0);
	assert_int_equal(WEXITSTATUS(result.status), 3);
	assert_ptr_equal(signal(SIGCHLD, SIG_DFL), SIG_IGN);
	assert_ptr_equal(signal(SIGPIPE, SIG_DFL), SIG_DFL);
}

static volatile sig_atomic_t alarms;

static void on_alarm(int sig)
{
	(void)sig;
	alarms++;
}

static void test_interrupted(void **state)
{
	const struct sigaction action = { .sa_handler = on_alarm };
	const struct itimerval fast = { { 0, 5000 }, { 0, 5000 } };
	const struct itimerval off = { { 0, 0 }, { 0, 0 } };
	auto_spawn_result struct spawn_result result = { .status = 0 };
	auto_strbuf struct strbuf in = { .len = 0 };

	(void)state;
	fill(&in, SPAWN_OUTPUT_MAX);
	(void)sigaction(SIGALRM, &action, NULL); /* without SA_RESTART */
	(void)setitimer(ITIMER_REAL, &fast, NULL);
	assert_int_equal(run("sleep 0.1; cat; sleep 0.1", &in, &result), 0);
	(void)setitimer(ITIMER_REAL, &off, NULL);
	(void)signal(SIGALRM, SIG_DFL);
	assert_true(alarms > 10);
	assert_int_equal(result.out.len, in.len);
	assert_memory_equal(result.out.data, in.data, in.len);
}

static void copy_true(const char *path)
{
	auto_fd int from = open("/bin/true", O_RDONLY | O_CLOEXEC);
	auto_fd int to = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	auto_strbuf struct strbuf bytes = { .len = 0 };

	assert_true(from >= 0 && to >= 0);
	assert_int_equal(io_read_all(from, 64U << 20, &bytes), 0);
	assert_int_equal(io_write_all(to, bytes.data, bytes.len), 0);
}

/* Keep @path open for writing for @ms; returns once it is. */
static pid_t hold_open(const char *path, unsigned int ms)
{
	int fd[2];
	char go;
	pid_t pid;

	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		(void)!open(path, O_WRONLY | O_CLOEXEC);
		(void)!write(fd[1], "", 1);
		(void)usleep(ms * 1000);
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(read(fd[0], &go, 1), 1);
	(void)close(fd[0]);
	(void)close(fd[1]);
	return pid;
}

static void test_busy(void **state)
{
	auto_spawn_result struct spawn_result result = { .status = 0 };
	struct err err = { .code = CNI_OK };
	char path[100];
	long start;
	pid_t pid;

	(void)state;
	skip_under_valgrind();
	(void)snprintf(path, sizeof(path), "%s/busy", dir);
	copy_true(path);
	start = now_ms();
	pid = hold_open(path, 100);
	assert_int_equal(run_as(path, "", NULL, &result, &err), 0);
	assert_int_equal(result.status, 0);
	assert_true(now_ms() - start >= 95);
	assert_true(now_ms() - start < 3000);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* A file that stays busy is given up on after six seconds. */
static void test_busy_for_good(void **state)
{
	auto_spawn_result struct spawn_result result = { .status = 0 };
	struct err err = { .code = CNI_OK };
	char path[100];

	(void)state;
	skip_under_valgrind();
	(void)snprintf(path, sizeof(path), "%s/busy2", dir);
	copy_true(path);
	auto_fd const int writer = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(writer >= 0);
	slept_ms = 0;
	no_sleep = true;
	assert_int_equal(run_as(path, "", NULL, &result, &err), -ETXTBSY);
	no_sleep = false;
	assert_int_equal(slept_ms, 6000);
}

static unsigned int open_fds(void)
{
	unsigned int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void test_few_descriptors(void **state)
{
	const unsigned int before = open_fds();
	struct rlimit limit, low;
	unsigned int failed = 0;

	(void)state;
	skip_under_valgrind();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	low = limit;
	for (low.rlim_cur = 3; low.rlim_cur < before + 12; low.rlim_cur++) {
		auto_spawn_result struct spawn_result result = { .status = 0 };
		struct err err = { .code = CNI_OK };
		int r;

		(void)setrlimit(RLIMIT_NOFILE, &low);
		r = run_as("/bin/sh", "exit 3", NULL, &result, &err);
		(void)setrlimit(RLIMIT_NOFILE, &limit);
		assert_true(r == 0 || r == -EMFILE || r == -EINVAL);
		if (r == 0)
			assert_int_equal(WEXITSTATUS(result.status), 3);
		failed += r < 0;
		assert_int_equal(open_fds(), before);
	}
	assert_true(failed > 0 && failed < before + 9);
}

/* Whichever of our own 0, 1 and 2 are closed, the child's are right. */
static void test_closed_stdio(void **state)
{
	(void)state;
	for (unsigned int closed = 1; closed < 8; closed++) {
		auto_strbuf struct strbuf in = { .len = 0 };
		int status;
		pid_t pid;

		strbuf_puts(&in, "hello");
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			struct spawn_result result = { .status = 0 };
			struct err err = { .code = CNI_OK };
			int r;

			for (int fd = 0; fd < 3; fd++)
				if (closed & 1U << fd)
					(void)close(fd);
			r = run_as("/bin/sh", "cat; echo bye >&2", &in, &result,
				   &err);
			_exit(r == 0 && result.status == 0 &&
					      strcmp(strbuf_str(&result.out),
						     "hello") == 0 &&
					      strcmp(strbuf_str(&result.err),
						     "bye\n") == 0
				      ? 0
				      : 1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

static void test_trace(void **state)
{
	static char text[65536];
	int at = open(dir, O_PATH | O_CLOEXEC);
	int len = io_read_small(at, "trace", text, sizeof(text));

	(void)state;
	(void)close(at); /* not auto_fd: skipping the rest is a longjmp() */
	assert_true(len > 0);
	assert_non_null(strstr(text, " exec /bin/sh, status 3 = ok ("));
	assert_non_null(strstr(text, " exec /bin/sh, status 137 = ok ("));
	skip_under_valgrind();
	assert_non_null(strstr(text, " exec /nonexistent/x"));
	assert_non_null(strstr(text, " = ENOENT ("));
}

static int set_up(void **state)
{
	static char sink[100];

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(sink, sizeof(sink), "%s/trace", dir);
	return setenv("FERRULE_TRACE", sink, 1);
}

static int tear_down(void **state)
{
	static const char *const names[] = { "trace", "busy", "busy2" };
	auto_fd int at = open(dir, O_PATH | O_CLOEXEC);

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		(void)unlinkat(at, names[i], 0);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_without_pidfd),
		cmocka_unit_test(test_heavy),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_daemon),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_path_search),
		cmocka_unit_test(test_clean_child),
		cmocka_unit_test(test_our_signals),
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_busy_for_good),
		cmocka_unit_test(test_few_descriptors),
		cmocka_unit_test(test_closed_stdio),
		cmocka_unit_test(test_trace),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
