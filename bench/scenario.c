/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/play.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_NET 101 /* of 10.N.0.0/16, the first implementation's */

#define MASQ(backend) "\"ipMasq\":true,\"ipMasqBackend\":\"" backend "\","

static const struct scenario idle_scenario = {
	.name = "start and exit",
	.plugin = "idle",
	.kind = &idle_kind,
	.weight = 500,
};

#define BACKEND(name) "\"backend\":\"" name "\","

#define PORTMAP_ALONE(n, n_ports, add, del)                      \
	.name = (n), .plugin = "portmap", .kind = &portmap_kind, \
	.weight = 125, .ports = (n_ports),                       \
	.want = { [VERB_ADD] = { .go = (add) }, [VERB_DEL] = { .go = (del) } }

/* One more port, where others have mappings. */
#define PORTMAP_BESIDE(n, n_there, n_go, n_own)                                \
	.name = (n), .plugin = "portmap", .kind = &portmap_kind, .weight = 75, \
	.ports = 1, .there = (n_there),                                        \
	.want = { [VERB_ADD] = { .go = (n_go), .own = (n_own) },               \
		  [VERB_DEL] = { .go = (n_go), .own = (n_own) } }

#define ONE_THERE "portmap, 1 there"
#define STEADY    1.3

#define LIKE_GO(n, n_static)                                         \
	{                                                            \
		[VERB_ADD] = { .go = (n), .go_static = (n_static) }, \
		[VERB_DEL] = { .go = (n), .go_static = (n_static) }, \
	}

static const struct scenario scenarios[] = {
	{ .name = "loopback",
	  .plugin = "loopback",
	  .kind = &loopback_kind,
	  .weight = 500,
	  .want = LIKE_GO(3, 4) },
	{ .name = "host-local, empty",
	  .plugin = "host-local",
	  .kind = &host_local_kind,
	  .weight = 500,
	  .want = LIKE_GO(3, 4) },
	{ .name = "host-local, empty, on disk",
	  .plugin = "host-local",
	  .kind = &host_local_kind,
	  .weight = 250,
	  .disk = true },
	{ .name = "host-local, 1,000",
	  .plugin = "host-local",
	  .kind = &host_local_kind,
	  .weight = 250,
	  .leases = 1000,
	  .want = LIKE_GO(10, 0) },
	{ .name = "host-local, 10,000",
	  .plugin = "host-local",
	  .kind = &host_local_kind,
	  .weight = 100,
	  .leases = 10000,
	  .want = LIKE_GO(10, 0) },
	{ .name = "host-local, 10,000, no index",
	  .plugin = "host-local",
	  .kind = &host_local_kind,
	  .weight = 100,
	  .leases = 10000,
	  .cold = true },
	/* 65,533 can be leased, so ADD gets the last one. */
	{ .name = "host-local, full /16 but one",
	  .plugin = "host-local",
	  .kind = &host_local_kind,
	  .weight = 75,
	  .leases = 65532,
	  .want = LIKE_GO(10, 0) },
	{ .name = "bridge, no masquerade",
	  .plugin = "bridge",
	  .kind = &bridge_kind,
	  .weight = 125,
	  .want = { [VERB_ADD] = { .go = 4, .floor = 2 },
		    [VERB_DEL] = { .floor = 1.15 } } },
	{ .name = "bridge, ipMasq nftables",
	  .plugin = "bridge",
	  .kind = &bridge_kind,
	  .weight = 125,
	  .keys = MASQ("nftables"),
	  .go_del_may_fail = true,
	  .want = { [VERB_ADD] = { .go = 10 },
		    [VERB_DEL] = { .go = 4, .floor = 1.15 } } },
	{ .name = "bridge, nftables, neighbour",
	  .plugin = "bridge",
	  .kind = &bridge_kind,
	  .weight = 125,
	  .keys = MASQ("nftables"),
	  .go_del_may_fail = true,
	  .beside = true,
	  .want = { [VERB_ADD] = { .go = 10 },
		    [VERB_DEL] = { .go = 4, .floor = 1.15 } } },
	{ .name = "bridge, ipMasq iptables",
	  .plugin = "bridge",
	  .kind = &bridge_kind,
	  .weight = 125,
	  .keys = MASQ("iptables"),
	  .want = { [VERB_ADD] = { .go = 3 }, [VERB_DEL] = { .go = 4 } } },
	{ .name = "bridge, 50 by 8 workers",
	  .plugin = "bridge",
	  .kind = &crowd_kind,
	  .weight = 15,
	  .want = { [VERB_BOTH] = { .go = 3 } } },
	/* Without a backend it is iptables for Go, and nf_tables for us. */
	{ PORTMAP_ALONE("portmap, 1 port", 1, 10, 6) },
	{ PORTMAP_ALONE("portmap, 10 ports", 10, 10, 6) },
	{ PORTMAP_ALONE("portmap, 1 port, flows", 1, 10, 6), .flows = 100 },
	{ PORTMAP_ALONE("portmap, 10 ports, flows", 10, 10, 6), .flows = 100 },
	{ PORTMAP_ALONE("portmap, 1 port, nftables", 1, 0, 0),
	  .keys = BACKEND("nftables") },
	{ PORTMAP_ALONE("portmap, 10 ports, nftables", 10, 0, 0),
	  .keys = BACKEND("nftables") },
	{ PORTMAP_ALONE("portmap, 1 port, iptables", 1, 4, 4),
	  .keys = BACKEND("iptables") },
	{ PORTMAP_ALONE("portmap, 10 ports, iptables", 10, 4, 4),
	  .keys = BACKEND("iptables") },
	{ PORTMAP_BESIDE(ONE_THERE, 1, 0, 0), .ours = true },
	{ PORTMAP_BESIDE("portmap, 1,000 there", 1000, 20, STEADY),
	  .base = ONE_THERE },
	{ PORTMAP_BESIDE("portmap, 1,000 there, nft", 1000, 20, 0),
	  .keys = BACKEND("nftables") },
	{ PORTMAP_BESIDE("portmap, 10,000 there", 10000, 0, STEADY),
	  .ours = true, .base = ONE_THERE },
	{ .name = "portmap, connect by 10,000",
	  .plugin = "portmap",
	  .kind = &connect_kind,
	  .weight = 125,
	  .ours = true,
	  .there = 10000,
	  .want = { [VERB_LAST] = { .own = 1.2 } } },
	/* A list of both, each with its own idea of a backend. */
	{ .name = "list, 10 ports",
	  .plugin = "bridge",
	  .kind = &bridge_kind,
	  .weight = 125,
	  .keys = "\"ipMasq\":true,",
	  .ports = 10,
	  .want = { [VERB_ADD] = { .floor = 2.5 } } },
	{ .name = "list, 10 ports, neighbour",
	  .plugin = "bridge",
	  .kind = &bridge_kind,
	  .weight = 125,
	  .beside = true,
	  .keys = "\"ipMasq\":true,",
	  .ports = 10,
	  .want = { [VERB_ADD] = { .floor = 2.5 } } },
};

const char *verb_name(enum verb verb)
{
	static const char *const names[VERB_COUNT] = {
		[VERB_RUN] = "run",   [VERB_ADD] = "ADD",
		[VERB_DEL] = "DEL",   [VERB_BOTH] = "both",
		[VERB_FIRST] = "1st", [VERB_LAST] = "last",
	};

	return names[verb];
}

/*
 * Every worker once. The order is another in every round, so that nobody
 * always follows the same one: rotated, and every second time backwards.
 */
static void play_round(struct bench *bench, struct worker *workers,
		       size_t count, size_t round, enum taking taking)
{
	for (size_t i = 0; i < count; i++) {
		size_t at = (round / 2 + (round % 2 ? count - i : i)) % count;
		struct worker *worker = &workers[at];

		worker->scenario->kind->turn(worker, bench->next_id++, taking);
	}
}

static void start(struct worker *worker, const struct bench *bench)
{
	const struct scenario *scenario = worker->scenario;

	worker->bench = bench;
	(void)snprintf(worker->path, sizeof(worker->path), "%s/%s",
		       worker->impl->dir, scenario->plugin);
	(void)snprintf(worker->name, sizeof(worker->name), "bench-%u",
		       worker->net);
	if (scenario->kind->has_store)
		store_make(&worker->store,
			   scenario->disk ? bench->disk : bench->store,
			   worker->name, scenario->leases);
	if (scenario->kind->start)
		scenario->kind->start(worker);
}

static void add_result(struct bench *bench, struct worker *worker,
		       enum verb verb)
{
	struct result *result = &bench->results[bench->result_count];
	struct series *series = &worker->series[verb];

	if (series->count == 0)
		return;
	if (bench->result_count++ == RESULT_MAX)
		errx(1, "RESULT_MAX is too low");
	result->scenario = worker->scenario;
	result->impl = worker->impl;
	result->verb = verb;
	result->summary = series_finish(series);
}

static void finish(struct worker *worker)
{
	const struct kind *kind = worker->scenario->kind;

	if (kind->finish)
		kind->finish(worker);
	if (!kind->has_store)
		return;
	store_expect_count(&worker->store);
	store_delete(&worker->store);
}

/* Those of @count that can do it come first; returns how many. */
static size_t start_all(struct worker *workers, size_t count,
			const struct bench *bench)
{
	size_t able = 0;

	for (size_t i = 0; i < count; i++) {
		struct worker *worker = &workers[i];
		const struct kind *kind = worker->scenario->kind;

		start(worker, bench);
		if (!kind->works || kind->works(worker)) {
			workers[able++] = *worker;
			continue;
		}
		(void)printf("skipped: %s: %s does it by other means\n",
			     worker->scenario->name, worker->impl->name);
		finish(worker);
	}
	return able;
}

/* Those who have the plugin; the others are named. */
static size_t choose(struct worker *workers, const struct scenario *scenario,
		     const struct impls *impls)
{
	size_t count = 0;

	for (size_t i = 0; i < impls->count; i++) {
		const struct impl *impl = &impls->list[i];
		bool is_floor = strcmp(impl->name, FLOOR) == 0;
		char path[PATH_MAX];

		(void)snprintf(path, sizeof(path), "%s/%s", impl->dir,
			       scenario->plugin);
		if (is_floor && scenario->kind != &bridge_kind)
			continue;
		if (scenario->ours && strcmp(impl->name, GO) == 0)
			continue;
		if (access(path, X_OK) < 0) {
			(void)printf("skipped: %s: %s has no %s\n",
				     scenario->name, impl->name,
				     scenario->plugin);
			continue;
		}
		workers[count].scenario = scenario;
		workers[count].impl = impl;
		workers[count++].net = FIRST_NET + (unsigned int)i;
	}
	return count;
}

static void play(struct bench *bench, struct worker *workers, size_t count,
		 size_t rounds)
{
	const struct kind *kind = workers->scenario->kind;
	size_t rss_rounds = kind->no_rss ? 0 : bench->rss_rounds;

	play_round(bench, workers, count, 0, TAKE_NOTHING);
	for (size_t round = 0; round < rounds; round++)
		play_round(bench, workers, count, round, TAKE_TIME);
	for (size_t round = 0; round < rss_rounds; round++)
		play_round(bench, workers, count, round, TAKE_RSS);
}

static void run(struct bench *bench, const struct scenario *scenario,
		const struct impls *impls)
{
	size_t rounds = (bench->rounds * scenario->weight + 99) / 100;
	struct worker *workers;
	size_t count;

	if (bench->only && !strstr(scenario->name, bench->only))
		return;
	workers = calloc(IMPL_MAX, sizeof(*workers));
	if (!workers)
		err(1, "workers");
	count = choose(workers, scenario, impls);
	if (count > 0)
		(void)fprintf(stderr, "bench: %s: %zu rounds\n", scenario->name,
			      rounds);
	count = start_all(workers, count, bench);
	if (count > 0)
		play(bench, workers, count, rounds);
	for (enum verb verb = 0; verb < VERB_COUNT; verb++)
		for (size_t i = 0; i < count; i++)
			add_result(bench, &workers[i], verb);
	for (size_t i = 0; i < count; i++)
		finish(&workers[i]);
	free(workers);
}

void bench_run(struct bench *bench)
{
	run(bench, &idle_scenario, &bench->idle);
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(*scenarios); i++)
		run(bench, &scenarios[i], &bench->impls);
}
