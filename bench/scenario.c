/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/bench.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define INDEX_DIR "/run/ferrule" /* /run is ours: bench/run.sh */

#define LOOPBACK_CONF \
	"{\"cniVersion\":\"1.1.0\",\"name\":\"lo\",\"type\":\"loopback\"}"
#define HOST_LOCAL_CONF                                          \
	"{\"cniVersion\":\"1.1.0\",\"name\":\"bench\","          \
	"\"type\":\"bridge\",\"ipam\":{\"type\":\"host-local\"," \
	"\"dataDir\":\"%s\",\"ranges\":[[{\"subnet\":\"10.77.0.0/16\"}]]}}"

static const struct scenario floor_scenario = { .name = "start and exit",
						.plugin = "floor",
						.weight = 500 };

static const struct scenario scenarios[] = {
	{ "loopback", "loopback", 0, 500, false, false, 3, 4 },
	{ "host-local, empty", "host-local", 0, 500, false, false, 3, 4 },
	{ "host-local, empty, on disk", "host-local", 0, 250, false, true, 0,
	  0 },
	{ "host-local, 1,000", "host-local", 1000, 250, false, false, 10, 10 },
	{ "host-local, 10,000", "host-local", 10000, 100, false, false, 10,
	  10 },
	{ "host-local, 10,000, no index", "host-local", 10000, 100, true, false,
	  0, 0 },
	/* 65,533 can be leased, so ADD gets the last one. */
	{ "host-local, full /16 but one", "host-local", 65532, 75, false, false,
	  10, 10 },
};

/* An implementation at work on a scenario. */
struct worker {
	const struct scenario *scenario;
	const struct impl *impl;
	const char *netns;
	char path[PATH_MAX], conf[PATH_MAX];
	struct store store;
	struct series add, del;
};

enum taking { TAKE_NOTHING, TAKE_TIME, TAKE_RSS };

static bool is_host_local(const struct scenario *scenario)
{
	return strcmp(scenario->plugin, "host-local") == 0;
}

static void call(struct worker *worker, const char *verb, const char *id,
		 enum taking taking, struct outcome *out)
{
	char command[32], container[ID_TEXT + 16], netns[64], ifname[32];
	char path[] = "CNI_PATH=/opt/cni/bin";
	char *env[] = { command, container, netns, ifname, path, NULL };
	char *argv[] = { worker->path, NULL };
	struct command cmd = { argv, env, worker->conf };

	(void)snprintf(command, sizeof(command), "CNI_COMMAND=%s", verb);
	(void)snprintf(container, sizeof(container), "CNI_CONTAINERID=%s", id);
	(void)snprintf(netns, sizeof(netns), "CNI_NETNS=%s", worker->netns);
	(void)snprintf(ifname, sizeof(ifname), "CNI_IFNAME=%s",
		       is_host_local(worker->scenario) ? "eth0" : "lo");
	if (taking == TAKE_RSS)
		measure_rss(&cmd, out);
	else
		measure_time(&cmd, out);
	if (out->status != 0)
		errx(1, "%s: %s: %s ended with wait status %#x: %s",
		     worker->scenario->name, worker->path, verb,
		     (unsigned int)out->status, out->output);
}

static void keep(struct series *series, enum taking taking,
		 const struct outcome *outcome)
{
	if (taking == TAKE_TIME)
		series_add(series, outcome);
	if (taking == TAKE_RSS)
		series_add_rss(series, outcome);
}

/* The address that ADD's result on stdout gives, without its prefix length. */
static void read_address(const struct worker *worker, const char *output,
			 char ip[static INET_ADDRSTRLEN])
{
	const char *at = strstr(output, "\"address\"");
	struct in_addr addr;

	if (!at || sscanf(at, "\"address\" : \"%15[0-9.]/16\"", ip) != 1 ||
	    inet_pton(AF_INET, ip, &addr) != 1 || strncmp(ip, "10.77.", 6) != 0)
		errx(1, "%s: no address of 10.77.0.0/16 in ADD's result: %s",
		     worker->path, output);
}

/* Whatever ferrule keeps under /run. */
static void forget_index(void)
{
	DIR *dir = opendir(INDEX_DIR);
	struct dirent *ent;

	while (dir && (ent = readdir(dir)))
		if (*ent->d_name != '.' &&
		    unlinkat(dirfd(dir), ent->d_name, 0) < 0)
			err(1, INDEX_DIR "/%s", ent->d_name);
	if (dir)
		(void)closedir(dir);
}

static void host_local(struct worker *worker, const char *id,
		       enum taking taking)
{
	char ip[INET_ADDRSTRLEN];
	struct outcome out;

	if (worker->scenario->cold)
		forget_index();
	call(worker, "ADD", id, taking, &out);
	keep(&worker->add, taking, &out);
	read_address(worker, out.output, ip);
	store_expect(&worker->store, ip, id);
	call(worker, "DEL", id, taking, &out);
	if (!worker->scenario->cold)
		keep(&worker->del, taking, &out);
	store_expect(&worker->store, ip, NULL);
}

static void loopback(struct worker *worker, const char *id, enum taking taking)
{
	struct outcome out;

	call(worker, "ADD", id, taking, &out);
	keep(&worker->add, taking, &out);
	if (!strstr(out.output, "\"lo\"") || !netns_lo_is_up())
		errx(1, "%s: ADD did not bring lo up: %s", worker->path,
		     out.output);
	call(worker, "DEL", id, taking, &out);
	keep(&worker->del, taking, &out);
	if (netns_lo_is_up())
		errx(1, "%s: DEL left lo up", worker->path);
}

static void work(struct worker *worker, const char *id, enum taking taking)
{
	struct outcome out;

	if (worker->scenario == &floor_scenario) {
		call(worker, "run", id, taking, &out);
		keep(&worker->add, taking, &out);
	} else if (is_host_local(worker->scenario)) {
		host_local(worker, id, taking);
	} else {
		loopback(worker, id, taking);
	}
}

/*
 * Every worker once. The order is another in every round, so that nobody
 * always follows the same one: rotated, and every second time backwards.
 */
static void play_round(struct bench *bench, struct worker *workers,
		       size_t count, size_t round, enum taking taking)
{
	char id[ID_TEXT];

	for (size_t i = 0; i < count; i++) {
		size_t at = (round / 2 + (round % 2 ? count - i : i)) % count;

		id_make(id, bench->next_id++);
		work(&workers[at], id, taking);
	}
}

static void start(struct worker *worker, const struct bench *bench,
		  const struct scenario *scenario, const struct impl *impl)
{
	worker->scenario = scenario;
	worker->impl = impl;
	worker->netns = bench->netns;
	(void)snprintf(worker->path, sizeof(worker->path), "%s/%s", impl->dir,
		       scenario->plugin);
	(void)strcpy(worker->conf, LOOPBACK_CONF);
	if (!is_host_local(scenario))
		return;
	store_make(&worker->store, scenario->disk ? bench->disk : bench->store,
		   impl->name, scenario->leases);
	(void)snprintf(worker->conf, sizeof(worker->conf), HOST_LOCAL_CONF,
		       worker->store.data_dir);
}

static void add_result(struct bench *bench, const struct worker *worker,
		       const char *verb, struct series *series)
{
	struct result *result = &bench->results[bench->result_count];

	if (series->count == 0)
		return;
	if (bench->result_count++ == RESULT_MAX)
		errx(1, "RESULT_MAX is too low");
	result->scenario = worker->scenario;
	result->impl = worker->impl;
	result->verb = verb;
	result->summary = series_finish(series);
}

static void finish(struct bench *bench, struct worker *workers, size_t count)
{
	bool is_floor = workers->scenario == &floor_scenario;

	for (size_t i = 0; i < count; i++)
		add_result(bench, &workers[i], is_floor ? "run" : "ADD",
			   &workers[i].add);
	for (size_t i = 0; i < count; i++)
		add_result(bench, &workers[i], "DEL", &workers[i].del);
	for (size_t i = 0; i < count; i++) {
		if (!is_host_local(workers->scenario))
			continue;
		store_expect_count(&workers[i].store);
		store_delete(&workers[i].store);
	}
}

static void run(struct bench *bench, const struct scenario *scenario,
		const struct impls *impls)
{
	size_t rounds = bench->rounds * scenario->weight / 100;
	size_t count = impls->count;
	struct worker *workers;

	if (count == 0 || (bench->only && !strstr(scenario->name, bench->only)))
		return;
	(void)fprintf(stderr, "bench: %s: %zu rounds\n", scenario->name,
		      rounds);
	workers = calloc(count, sizeof(*workers));
	if (!workers)
		err(1, "workers");
	for (size_t i = 0; i < count; i++)
		start(&workers[i], bench, scenario, &impls->list[i]);
	play_round(bench, workers, count, 0, TAKE_NOTHING);
	for (size_t round = 0; round < rounds; round++)
		play_round(bench, workers, count, round, TAKE_TIME);
	for (size_t round = 0; round < bench->rss_rounds; round++)
		play_round(bench, workers, count, round, TAKE_RSS);
	finish(bench, workers, count);
	free(workers);
}

void bench_run(struct bench *bench)
{
	run(bench, &floor_scenario, &bench->floors);
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(*scenarios); i++)
		run(bench, &scenarios[i], &bench->impls);
}
