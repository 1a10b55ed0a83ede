/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/measure.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A process's stdin, full already, and both ends of its stdout. */
struct pipes {
	int input, output, result;
};

static struct pipes pipes_open(const char *input)
{
	size_t len = strlen(input);
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		err(1, "pipe");
	if (write(in[1], input, len) != (ssize_t)len)
		err(1, "write to a pipe");
	(void)close(in[1]);
	return (struct pipes){ in[0], out[1], out[0] };
}

static void pipes_close(const struct pipes *pipes, struct outcome *out)
{
	size_t len = 0;
	ssize_t n;

	(void)close(pipes->input);
	(void)close(pipes->output);
	do {
		n = read(pipes->result, out->output + len,
			 sizeof(out->output) - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	out->output[len] = '\0';
	(void)close(pipes->result);
}

double now_ms(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t) < 0)
		err(1, "clock_gettime");
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double timeval_ms(const struct timeval *t)
{
	return (double)t->tv_sec * 1e3 + (double)t->tv_usec / 1e3;
}

void measure_time(const struct command *command, struct outcome *out)
{
	struct pipes pipes = pipes_open(command->input);
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	double start;
	pid_t pid;

	if (posix_spawn_file_actions_init(&actions) ||
	    posix_spawn_file_actions_adddup2(&actions, pipes.input, 0) ||
	    posix_spawn_file_actions_adddup2(&actions, pipes.output, 1))
		errx(1, "posix_spawn_file_actions: out of memory");
	start = now_ms();
	errno = posix_spawn(&pid, command->argv[0], &actions, NULL,
			    command->argv, command->env);
	if (errno)
		err(1, "%s", command->argv[0]);
	if (wait4(pid, &out->status, 0, &usage) < 0)
		err(1, "wait4");
	out->wall_ms = now_ms() - start;
	out->cpu_ms = timeval_ms(&usage.ru_utime) + timeval_ms(&usage.ru_stime);
	out->rss_kib = 0;
	(void)posix_spawn_file_actions_destroy(&actions);
	pipes_close(&pipes, out);
}

/* The highest resident memory so far of @pid, which is stopped. */
static long peak_kib(pid_t pid)
{
	char path[64], line[256];
	long kib = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	if (!file)
		err(1, "%s", path);
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, "VmHWM:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	(void)fclose(file);
	return kib;
}

/* Let @pid, and whatever it starts, run to the end. */
static void trace(pid_t pid, struct outcome *out)
{
	long peak;
	int status, sig;
	pid_t who;

	while ((who = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status)) {
			if (who == pid)
				out->status = status;
			continue;
		}
		sig = WSTOPSIG(status);
		/* Events; a child's first stop; the stop after execve. */
		if (status >> 16 || sig == SIGSTOP || sig == SIGTRAP)
			sig = 0;
		if (status >> 16 == PTRACE_EVENT_EXIT) {
			peak = peak_kib(who);
			if (peak > out->rss_kib)
				out->rss_kib = peak;
		}
		/* Fails for a thread that exit_group(2) has killed by now. */
		(void)ptrace(PTRACE_CONT, who, NULL, (intptr_t)sig);
	}
	if (errno != ECHILD)
		err(1, "waitpid");
}

void measure_rss(const struct command *command, struct outcome *out)
{
	struct pipes pipes = pipes_open(command->input);
	int options = PTRACE_O_TRACEEXIT | PTRACE_O_TRACECLONE |
		      PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
		      PTRACE_O_EXITKILL;
	pid_t pid = fork();
	int status;

	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		(void)dup2(pipes.input, 0);
		(void)dup2(pipes.output, 1);
		(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		(void)raise(SIGSTOP);
		(void)execve(command->argv[0], command->argv, command->env);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, NULL, (intptr_t)options) < 0)
		err(1, "trace %s", command->argv[0]);
	(void)ptrace(PTRACE_CONT, pid, NULL, NULL);
	out->wall_ms = out->cpu_ms = 0;
	out->rss_kib = 0;
	trace(pid, out);
	pipes_close(&pipes, out);
}

void series_add(struct series *series, const struct outcome *outcome)
{
	if (series->count == series->size) {
		series->size = series->size ? 2 * series->size : 64;
		series->wall_ms = reallocarray(series->wall_ms, series->size,
					       sizeof(*series->wall_ms));
		series->cpu_ms = reallocarray(series->cpu_ms, series->size,
					      sizeof(*series->cpu_ms));
		if (!series->wall_ms || !series->cpu_ms)
			err(1, "series");
	}
	series->wall_ms[series->count] = outcome->wall_ms;
	series->cpu_ms[series->count++] = outcome->cpu_ms;
}

void series_add_rss(struct series *series, const struct outcome *outcome)
{
	size_t room = sizeof(series->rss_kib) / sizeof(*series->rss_kib);

	if (outcome->rss_kib <= 0)
		errx(1, "no VmHWM seen");
	if (series->rss_count == room)
		errx(1, "at most %zu runs for the memory", room);
	series->rss_kib[series->rss_count++] = outcome->rss_kib;
}

static int by_time(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int by_size(const void *a, const void *b)
{
	const long *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double mean(const double *values, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += values[i];
	return sum / (double)count;
}

/* The value that @percent of the @count sorted ones do not exceed. */
static double percentile(const double *sorted, size_t count, size_t percent)
{
	size_t rank = (count * percent + 99) / 100;

	return sorted[rank ? rank - 1 : 0];
}

static double median(const double *sorted, size_t count)
{
	return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

struct summary series_finish(struct series *series)
{
	const double *wall = series->wall_ms;
	size_t n = series->count;
	struct summary sum = { .count = n };

	if (n > 0) {
		qsort(series->wall_ms, n, sizeof(*wall), by_time);
		sum.min = wall[0];
		sum.p25 = percentile(wall, n, 25);
		sum.median = median(wall, n);
		sum.p75 = percentile(wall, n, 75);
		sum.p99 = percentile(wall, n, 99);
		sum.max = wall[n - 1];
		sum.mean = mean(wall, n);
		sum.cpu_ms = mean(series->cpu_ms, n);
	}
	if (series->rss_count > 0) {
		qsort(series->rss_kib, series->rss_count, sizeof(long),
		      by_size);
		sum.rss_kib = series->rss_kib[series->rss_count / 2];
	}
	free(series->wall_ms);
	free(series->cpu_ms);
	*series = (struct series){ 0 };
	return sum;
}
