/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is measured, of whom, and what came out. */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/measure.h"

#define IMPL_MAX   4
#define RESULT_MAX 128
#define ID_TEXT    65   /* 64 hexadecimal digits, as container runtimes use */
#define GO         "go" /* the implementation that others are compared with */

/* One implementation: a directory with its plugins. */
struct impl {
	const char *name, *dir, *version;
};

struct impls {
	size_t count;
	struct impl list[IMPL_MAX];
};

struct scenario {
	const char *name, *plugin;
	long leases;         /* in the store beforehand */
	unsigned int weight; /* its rounds, in percent of what is asked for */
	bool cold;           /* without the index of /run; ADD only */
	bool disk;           /* the store is on disk, not in memory */
	/* How many times as fast as Go it is to be; 0: no target. */
	double want, want_static;
};

struct result {
	const struct scenario *scenario;
	const char *verb;
	const struct impl *impl;
	struct summary summary;
};

struct bench {
	struct impls impls, floors; /* floors: programs that do nothing */
	size_t rounds, rss_rounds;
	const char *only; /* run the scenarios whose name has this in it */
	const char *store, *disk; /* directories for the stores */
	const char *netns;
	double load;      /* before it began */
	uint64_t next_id; /* of a container */
	struct result results[RESULT_MAX];
	size_t result_count;
};

/* scenario.c: runs them all and fills in the results. */
void bench_run(struct bench *bench);

/* netns.c: a network namespace to run loopback in; its path. */
const char *netns_make(void);
bool netns_lo_is_up(void);

/* store.c: host-local's store on disk, as the reference plugins write it. */
struct store {
	char data_dir[PATH_MAX / 2]; /* host-local's dataDir */
	char dir[PATH_MAX / 2 + 16]; /* the network's in it */
	long leases;
};

void store_make(struct store *store, const char *parent, const char *name,
		long leases);
/* End the program unless the lease of @ip is @id's, or (NULL) is not there. */
void store_expect(const struct store *store, const char *ip, const char *id);
/* End the program if the number of leases is not what it was at first. */
void store_expect_count(const struct store *store);
void store_delete(const struct store *store);
void id_make(char id[static ID_TEXT], uint64_t seed);

/* report.c */
void report_table(const struct bench *bench, FILE *out);
/* The targets, met or not. */
void report_targets(const struct bench *bench, FILE *out);
void report_json(const struct bench *bench, FILE *out);
