/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running one process and measuring it. This is a tool for developers and a
 * wrong measurement is worse than none, so here and in the rest of bench/
 * whatever fails ends the program, by err(3).
 */
#pragma once

#include <stddef.h>

struct command {
	char *const *argv; /* argv[0] is the program's path */
	char *const *env;
	const char *input; /* for stdin; less than a pipe holds */
};

struct outcome {
	int status; /* wait(2)'s */
	double wall_ms, cpu_ms;
	long rss_kib;      /* only from measure_rss(); its largest process */
	char output[4096]; /* stdout, cut off if it is longer */
};

double now_ms(void);

/* Run it and take the time from before it exists until it is reaped. */
void measure_time(const struct command *command, struct outcome *out);

/*
 * Run it under ptrace(2) for the peak of its resident memory. (ru_maxrss does
 * not do: it never falls below the resident memory of whoever called execve.)
 */
void measure_rss(const struct command *command, struct outcome *out);

/* What the runs of one thing took. */
struct series {
	size_t count, size;
	double *wall_ms, *cpu_ms;
	size_t rss_count;
	long rss_kib[16];
};

struct summary {
	size_t count;
	double min, p25, median, p75, p99, max, mean; /* of the wall time, ms */
	double cpu_ms;                                /* mean */
	long rss_kib;                                 /* median */
};

void series_add(struct series *series, const struct outcome *outcome);
void series_add_rss(struct series *series, const struct outcome *outcome);

/* Sorts the series; it is empty afterwards. */
struct summary series_finish(struct series *series);
