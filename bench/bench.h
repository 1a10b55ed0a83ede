/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is measured, of whom, and what came out. */
#pragma once

#include <arpa/inet.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/measure.h"

#define IMPL_MAX   5
#define RESULT_MAX 256
#define ID_TEXT    65   /* 64 hexadecimal digits, as container runtimes use */
#define GO         "go" /* the implementation that others are compared with */
#define FLOOR      "floor" /* the one that nobody can be faster than */

/* One implementation: a directory with its plugins. */
struct impl {
	const char *name, *dir, *version;
};

struct impls {
	size_t count;
	struct impl list[IMPL_MAX];
};

/* What is timed. */
enum verb {
	VERB_RUN,
	VERB_ADD,
	VERB_DEL,
	VERB_BOTH,
	VERB_FIRST, /* a connection through the mapping that was made first */
	VERB_LAST,  /* and last */
	VERB_COUNT
};

/* What is to be, for a verb or all of them; 0: no target. */
struct wants {
	double go;        /* at least so many times as fast as Go */
	double go_static; /* the same for ferrule-static; 0: as @go */
	double floor;     /* at most so many times the floor's time */
	double own;       /* at most so many times its own; report.c: of what */
};

struct kind; /* play.h */

struct scenario {
	const char *name, *plugin;
	const struct kind *kind;
	long leases;         /* in the store beforehand */
	unsigned int weight; /* its rounds, in percent of what is asked for */
	bool cold;           /* without the index of /run; ADD only */
	bool disk;           /* the store is on disk, not in memory */
	const char *keys;    /* further keys of the configuration, or NULL */
	bool go_del_may_fail;
	bool beside;         /* another container is attached all along */
	bool ours;           /* for nobody but ferrule */
	unsigned int ports;  /* that are published */
	unsigned long there; /* mappings of others, all along */
	unsigned long flows; /* connections of the host, all along */
	const char *base;    /* the scenario that it is compared with */
	struct wants want[VERB_COUNT];
};

struct result {
	const struct scenario *scenario;
	enum verb verb;
	const struct impl *impl;
	struct summary summary;
};

struct bench {
	struct impls impls, idle; /* idle: programs that do nothing */
	size_t rounds, rss_rounds;
	const char *only; /* run the scenarios whose name has this in it */
	const char *store, *disk; /* directories for the stores */
	double load;              /* before it began */
	uint64_t next_id;         /* of a container */
	struct result results[RESULT_MAX];
	size_t result_count;
};

/* scenario.c: runs them all and fills in the results. */
void bench_run(struct bench *bench);
const char *verb_name(enum verb verb);

/* netns.c: a network namespace to run plugins for, as runtimes make them. */
struct netns {
	char path[64];
	int socket; /* in it */
};

void netns_make(struct netns *ns);
void netns_delete(struct netns *ns);
bool netns_lo_is_up(const struct netns *ns);
/* The IPv4 address of eth0 in it; false if there is no eth0. */
bool netns_address(const struct netns *ns, char ip[static INET_ADDRSTRLEN]);
/* The links of our own namespace. */
size_t netns_count_links(void);
/* A bridge "benchN" of our own namespace, with address 10.N.0.1/16, and up. */
void netns_bridge_make(unsigned int n);
void netns_bridge_delete(unsigned int n);
/* Does a rule of the packet filter, or its comment, have @text in it? */
bool netns_has_rule(const char *text);
/* The same of iptables alone, whichever flavour made it. */
bool netns_has_iptables_rule(const char *text);
/* Does one lead from TCP port @port to @ip, whoever made it? */
bool netns_has_mapping(unsigned int port, const char *ip);
/* Until netns_leave() the program, and what it starts, is in @ns. */
void netns_enter(const struct netns *ns);
void netns_leave(void);
/* Run a command line of the shell. */
__attribute__((format(printf, 1, 2))) void netns_shell(const char *format, ...);

/* store.c: host-local's store on disk, as the reference plugins write it. */
struct store {
	char data_dir[PATH_MAX / 2]; /* host-local's dataDir */
	char dir[PATH_MAX / 2 + 32]; /* the network's in it */
	long leases;
};

void store_make(struct store *store, const char *parent, const char *network,
		long leases);
/* End the program unless the lease of @ip is @id's, or (NULL) is not there. */
void store_expect(const struct store *store, const char *ip, const char *id);
/* End the program if the number of leases is not what it was at first. */
void store_expect_count(const struct store *store);
long store_count(const struct store *store);
void store_delete(const struct store *store);
void id_make(char id[static ID_TEXT], uint64_t seed);

/* report.c */
void report_table(const struct bench *bench, FILE *out);
/* The targets, met or not. */
void report_targets(const struct bench *bench, FILE *out);
void report_json(const struct bench *bench, FILE *out);
