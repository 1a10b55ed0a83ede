/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kinds of scenario that attach containers to a bridge: bridge with
 * host-local, one container at a time and many at once. As for a runtime's
 * plugins, both are found by CNI_PATH, and DEL gets ADD's result.
 */
#include "bench/play.h"

#include <err.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CROWD   50 /* attachments */
#define WORKERS 8

#define NEIGHBOUR_ID   500000 /* nobody else's */
#define NEIGHBOUR_PORT 9000

#define BRIDGE_CONF                                                      \
	"{\"cniVersion\":\"1.1.0\",\"name\":\"%s\",\"type\":\"bridge\"," \
	"\"bridge\":\"bench%u\",\"isDefaultGateway\":true,%s\"ipam\":{"  \
	"\"type\":\"host-local\",\"dataDir\":\"%s\",\"ranges\":[[{"      \
	"\"subnet\":\"10.%u.0.0/16\"}]]}}"

static void start(struct worker *worker, size_t pods)
{
	const char *keys = worker->scenario->keys;

	worker->pods = calloc(pods, sizeof(*worker->pods));
	if (!worker->pods)
		err(1, "pods");
	for (size_t i = 0; i < pods; i++)
		netns_make(&worker->pods[i]);
	(void)snprintf(worker->conf, sizeof(worker->conf), BRIDGE_CONF,
		       worker->name, worker->net, keys ? keys : "",
		       worker->store.data_dir, worker->net);
	netns_bridge_make(worker->net);
}

static bool may_leave_rules(const struct worker *worker)
{
	return worker->scenario->go_del_may_fail &&
	       strcmp(worker->impl->name, GO) == 0;
}

static void finish(struct worker *worker, size_t pods)
{
	if (!may_leave_rules(worker) && netns_has_rule(worker->name))
		errx(1, "%s: DEL left rules behind", worker->path);
	for (size_t i = 0; i < pods; i++)
		netns_delete(&worker->pods[i]);
	free(worker->pods);
	netns_bridge_delete(worker->net);
}

/* One attachment, while it lasts. */
struct attached {
	const struct netns *pod;
	char id[ID_TEXT], ip[INET_ADDRSTRLEN];
	char result[sizeof((struct outcome){ 0 }.output)];
};

static void add(const struct worker *worker, struct attached *at,
		enum taking taking, struct outcome *out)
{
	const struct call call = { NULL,    "ADD",        at->id,
				   at->pod, worker->conf, false };
	char ip[INET_ADDRSTRLEN];

	play_call(worker, &call, taking, out);
	play_address(worker, out->output, at->ip);
	memcpy(at->result, out->output, sizeof(at->result));
	if (!netns_address(at->pod, ip) || strcmp(ip, at->ip) != 0)
		errx(1, "%s: the container has address \"%s\", not %s",
		     worker->path, ip, at->ip);
	if (play_has_lease(worker))
		store_expect(&worker->store, at->ip, at->id);
}

static void del(const struct worker *worker, const struct attached *at,
		enum taking taking, struct outcome *out)
{
	char conf[sizeof(worker->conf) + sizeof(at->result) + 32];
	const struct call call = { NULL,    "DEL", at->id,
				   at->pod, conf,  may_leave_rules(worker) };
	char ip[INET_ADDRSTRLEN];

	(void)snprintf(conf, sizeof(conf), "{\"prevResult\":%s,%s", at->result,
		       worker->conf + 1);
	play_call(worker, &call, taking, out);
	if (netns_address(at->pod, ip))
		errx(1, "%s: DEL left the container's eth0", worker->path);
	if (play_has_lease(worker))
		store_expect(&worker->store, at->ip, NULL);
}

static void sum_up(struct outcome *sum, const struct outcome *more)
{
	sum->wall_ms += more->wall_ms;
	sum->cpu_ms += more->cpu_ms;
	if (sum->rss_kib < more->rss_kib)
		sum->rss_kib = more->rss_kib;
}

/* The neighbours are there at once, and a port of the host is one's only. */
static unsigned int first_port(const struct worker *worker,
			       const struct attached *at)
{
	return at->pod == worker->pods
		       ? FIRST_PORT
		       : NEIGHBOUR_PORT + worker->net * worker->scenario->ports;
}

/*
 * What portmap takes, as the next of the list, is added to what bridge has
 * taken. The floor publishes nothing.
 */
static void chain(const struct worker *worker, const char *verb,
		  const struct attached *at, enum taking taking,
		  struct outcome *out)
{
	const struct mappings mappings = { first_port(worker, at),
					   worker->scenario->ports, NULL,
					   at->result };
	char conf[PORTMAP_CONF];
	const struct call call = {
		"portmap", verb, at->id, at->pod, conf, false
	};
	struct outcome more;

	if (mappings.count == 0 || !play_has_lease(worker))
		return;
	play_portmap_conf(worker, &mappings, conf);
	play_call(worker, &call, taking, &more);
	sum_up(out, &more);
}

/* It takes long, so once is enough. */
static void check_rules(const struct worker *worker, const struct attached *at)
{
	const unsigned int ports = worker->scenario->ports;

	if (!play_has_lease(worker))
		return;
	if (worker->scenario->keys && !netns_has_rule(worker->name))
		errx(1, "%s: ADD made no rule for the network", worker->path);
	if (ports > 0 && !netns_has_mapping(FIRST_PORT + ports - 1, at->ip))
		errx(1, "%s: ADD did not publish the ports", worker->path);
}

/* ---- One at a time ---- */

/* Whether another container is to be there; the floor can have but one. */
static bool has_neighbour(const struct worker *worker)
{
	return worker->scenario->beside && play_has_lease(worker);
}

static void bridge_start(struct worker *worker)
{
	struct attached *at = calloc(1, sizeof(*at));
	struct outcome out;

	if (!at)
		err(1, "neighbour");
	start(worker, 2);
	worker->state = at;
	at->pod = &worker->pods[1];
	id_make(at->id, NEIGHBOUR_ID);
	if (!has_neighbour(worker))
		return;
	add(worker, at, TAKE_NOTHING, &out);
	chain(worker, "ADD", at, TAKE_NOTHING, &out);
}

static void bridge_turn(struct worker *worker, uint64_t id, enum taking taking)
{
	struct attached at = { .pod = worker->pods };
	size_t links = netns_count_links();
	struct outcome out, deleted = { .wall_ms = 0 };

	id_make(at.id, id);
	add(worker, &at, taking, &out);
	chain(worker, "ADD", &at, taking, &out);
	play_keep(worker, VERB_ADD, taking, &out);
	if (taking == TAKE_NOTHING)
		check_rules(worker, &at);
	/* Backwards, as runtimes do it. */
	chain(worker, "DEL", &at, taking, &deleted);
	del(worker, &at, taking, &out);
	sum_up(&out, &deleted);
	play_keep(worker, VERB_DEL, taking, &out);
	if (netns_count_links() != links)
		errx(1, "%s: DEL left a link on the host", worker->path);
	if (worker->scenario->ports > 0)
		play_settle();
}

static void bridge_finish(struct worker *worker)
{
	struct outcome out = { .wall_ms = 0 };

	if (has_neighbour(worker)) {
		chain(worker, "DEL", worker->state, TAKE_NOTHING, &out);
		del(worker, worker->state, TAKE_NOTHING, &out);
	}
	free(worker->state);
	finish(worker, 2);
}

const struct kind bridge_kind = {
	.ifname = "eth0",
	.has_store = true,
	.start = bridge_start,
	.turn = bridge_turn,
	.finish = bridge_finish,
};

/* ---- Many at once ---- */

struct crowd {
	const struct worker *worker;
	void (*act)(const struct worker *worker, struct attached *at,
		    struct outcome *out);
	struct attached all[CROWD];
	struct outcome outcomes[CROWD];
	atomic_size_t next;
};

static void act_add(const struct worker *worker, struct attached *at,
		    struct outcome *out)
{
	add(worker, at, TAKE_TIME, out);
}

static void act_del(const struct worker *worker, struct attached *at,
		    struct outcome *out)
{
	del(worker, at, TAKE_TIME, out);
}

static void *work(void *arg)
{
	struct crowd *crowd = arg;
	size_t i;

	while ((i = atomic_fetch_add(&crowd->next, 1)) < CROWD)
		crowd->act(crowd->worker, &crowd->all[i], &crowd->outcomes[i]);
	return NULL;
}

/* All of them by WORKERS threads; @out has the time for all. */
static void do_all(struct crowd *crowd, struct outcome *out)
{
	pthread_t threads[WORKERS];
	double begin = now_ms();

	atomic_store(&crowd->next, 0);
	for (size_t i = 0; i < WORKERS; i++)
		if (pthread_create(&threads[i], NULL, work, crowd) != 0)
			errx(1, "threads");
	for (size_t i = 0; i < WORKERS; i++)
		(void)pthread_join(threads[i], NULL);
	out->wall_ms = now_ms() - begin;
	out->cpu_ms = 0;
	for (size_t i = 0; i < CROWD; i++)
		out->cpu_ms += crowd->outcomes[i].cpu_ms;
}

static void expect_no_address_twice(const struct crowd *crowd)
{
	for (size_t i = 0; i < CROWD; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(crowd->all[i].ip, crowd->all[j].ip) == 0)
				errx(1, "%s: %s was given out twice",
				     crowd->worker->path, crowd->all[i].ip);
}

static void crowd_start(struct worker *worker)
{
	start(worker, CROWD);
}

static void crowd_turn(struct worker *worker, uint64_t id, enum taking taking)
{
	struct crowd *crowd = calloc(1, sizeof(*crowd));
	size_t links = netns_count_links();
	struct outcome added = { 0 }, deleted = { 0 }, both = { 0 };

	if (!crowd)
		err(1, "crowd");
	crowd->worker = worker;
	for (size_t i = 0; i < CROWD; i++) {
		crowd->all[i].pod = &worker->pods[i];
		id_make(crowd->all[i].id, id * CROWD + i);
	}
	crowd->act = act_add;
	do_all(crowd, &added);
	expect_no_address_twice(crowd);
	if (store_count(&worker->store) != CROWD)
		errx(1, "%s: not %d leases", worker->path, CROWD);
	crowd->act = act_del;
	do_all(crowd, &deleted);
	if (netns_count_links() != links)
		errx(1, "%s: DEL left links on the host", worker->path);
	free(crowd);
	if (taking != TAKE_TIME)
		return;
	both.wall_ms = added.wall_ms + deleted.wall_ms;
	both.cpu_ms = added.cpu_ms + deleted.cpu_ms;
	play_keep(worker, VERB_ADD, taking, &added);
	play_keep(worker, VERB_DEL, taking, &deleted);
	play_keep(worker, VERB_BOTH, taking, &both);
}

static void crowd_finish(struct worker *worker)
{
	finish(worker, CROWD);
}

const struct kind crowd_kind = {
	.ifname = "eth0",
	.has_store = true,
	.no_rss = true,
	.start = crowd_start,
	.turn = crowd_turn,
	.finish = crowd_finish,
};
