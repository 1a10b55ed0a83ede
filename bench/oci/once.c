// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * once PROGRAM ARGUMENT..: run it once, its output to /dev/null, and print
 * microseconds, the peak memory (KiB) and the microseconds of processor time of
 * it and what it waited for, and the exit status. It is small, because a
 * child's peak begins with its parent's.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000LL + ts.tv_nsec / 1000;
}

static long long time_us(struct timeval time)
{
	return time.tv_sec * 1000000LL + time.tv_usec;
}

int main(int argc, char **argv)
{
	posix_spawn_file_actions_t files;
	struct rusage usage;
	long long start;
	int status, r;
	pid_t pid;

	if (argc < 2)
		return 2;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	start = now_us();
	r = posix_spawn(&pid, argv[1], &files, NULL, argv + 1, environ);
	if (r) {
		(void)fprintf(stderr, "once: %s: %s\n", argv[1],
			      strerrordesc_np(r));
		return 1;
	}
	if (wait4(pid, &status, 0, &usage) < 0)
		return 1;
	printf("%lld %ld %lld %d\n", now_us() - start, usage.ru_maxrss,
	       time_us(usage.ru_utime) + time_us(usage.ru_stime),
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128);
	return 0;
}
