/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kinds of scenario that are about portmap alone. Each implementation has a
 * network namespace of its own as its host, with a bridge, so that nobody's
 * rules are in the way of others.
 */
#include "bench/play.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH       100   /* ports of one of the others, at most */
#define THERE_PORT  20000 /* of the host, the first one of the others */
#define THERE_ID    600000
#define CONNECTIONS 10                          /* in a round */
#define IPTABLES    "\"backend\":\"iptables\"," /* among a scenario's keys */

#define CONF                                                              \
	"{\"cniVersion\":\"1.1.0\",\"name\":\"%s\",\"type\":\"portmap\"," \
	"%s\"prevResult\":%s,\"capabilities\":{\"portMappings\":true},"   \
	"\"runtimeConfig\":{\"portMappings\":["
#define CONF_PORT \
	"%s{\"hostPort\":%u,\"containerPort\":80,\"protocol\":\"tcp\"}"
#define CONF_END "]}}"

/* As bridge answers. */
#define PREV_RESULT                                                        \
	"{\"cniVersion\":\"1.1.0\",\"interfaces\":[{\"name\":\"eth0\","    \
	"\"sandbox\":\"%s\"}],\"ips\":[{\"interface\":0,\"address\":\"%s/" \
	"16\",\"gateway\":\"10.%u.0.1\"}]}"

void play_portmap_conf(const struct worker *worker,
		       const struct mappings *mappings,
		       char conf[static PORTMAP_CONF])
{
	const char *keys = mappings->keys ? mappings->keys : "";
	FILE *out = fmemopen(conf, PORTMAP_CONF, "w");

	if (!out)
		err(1, "configuration");
	(void)fprintf(out, CONF, worker->name, keys, mappings->prev_result);
	for (unsigned int i = 0; i < mappings->count; i++)
		(void)fprintf(out, CONF_PORT, i ? "," : "",
			      mappings->first + i);
	(void)fputs(CONF_END, out);
	if (fclose(out) != 0 || strlen(conf) + 1 >= PORTMAP_CONF)
		errx(1, "a configuration is too long");
}

/* One attachment. */
struct published {
	char id[ID_TEXT], ip[INET_ADDRSTRLEN];
	unsigned int first, count;
};

static const struct netns *host_of(const struct worker *worker)
{
	return &worker->pods[1];
}

static void call(const struct worker *worker, const char *verb,
		 const struct published *pub, enum taking taking,
		 struct outcome *out)
{
	char prev_result[256], conf[PORTMAP_CONF];
	const struct mappings mappings = { pub->first, pub->count,
					   worker->scenario->keys,
					   prev_result };
	const struct call call = { NULL,         verb, pub->id,
				   worker->pods, conf, false };

	(void)snprintf(prev_result, sizeof(prev_result), PREV_RESULT,
		       worker->pods->path, pub->ip, worker->net);
	play_portmap_conf(worker, &mappings, conf);
	play_call(worker, &call, taking, out);
}

/* ---- The others' mappings ---- */

static bool is_go_iptables(const struct worker *worker)
{
	const char *keys = worker->scenario->keys;

	return strcmp(worker->impl->name, GO) == 0 &&
	       (!keys || strstr(keys, "nftables") == NULL);
}

/*
 * The reference runs iptables for each rule, which reads all of them: a minute
 * for 1,000. So its rules for the first BATCH are made by itself, and then
 * again, for other ports, under other names.
 */
static void copy_iptables(unsigned long batches)
{
	for (unsigned long i = 1; i < batches; i++)
		netns_shell(
			"{ echo '*nat'; iptables-save -t nat | grep CNI-DN | "
			"grep -v '[-]copy' | "
			"sed -E -e 's/(CNI-DN-[0-9a-f]{8})[0-9a-f]*/"
			"\\1-copy%lu/g; s/\\b200([0-9]{2})\\b/2%02lu\\1/g' "
			"-e 's/^:([^ ]*) .*/:\\1 - [0:0]/'; "
			"echo COMMIT; } | iptables-restore --noflush",
			i, i);
}

static void fill(const struct worker *worker)
{
	const unsigned long there = worker->scenario->there;
	const unsigned long each = there < BATCH ? there : BATCH;
	struct published pub = { .count = (unsigned int)each };
	struct outcome out;

	for (unsigned long i = 0; i * each < there; i++) {
		id_make(pub.id, THERE_ID + i);
		(void)snprintf(pub.ip, sizeof(pub.ip), "10.%u.1.%lu",
			       worker->net, i + 1);
		pub.first = (unsigned int)(THERE_PORT + i * each);
		call(worker, "ADD", &pub, TAKE_NOTHING, &out);
		if (!is_go_iptables(worker))
			continue;
		copy_iptables(there / each);
		break;
	}
	if (there > 0 &&
	    !netns_has_mapping((unsigned int)(THERE_PORT + there - 1), "10."))
		errx(1, "%s: the others have no mappings", worker->path);
}

/* Nobody's here: what matters is that there are some. */
static void make_flows(unsigned long flows)
{
	if (flows > 0)
		netns_shell("for i in $(seq %lu); do echo -I -p tcp "
			    "-s 192.0.2.2 -d 192.0.2.1 --sport $i --dport 9 "
			    "-t 100000 --state ESTABLISHED; done | "
			    "conntrack -R - >/dev/null",
			    flows);
}

static void start(struct worker *worker)
{
	worker->pods = calloc(2, sizeof(*worker->pods));
	if (!worker->pods)
		err(1, "pods");
	netns_make(&worker->pods[0]);
	netns_make(&worker->pods[1]);
	netns_enter(host_of(worker));
	netns_shell("ip link set lo up");
	netns_bridge_make(worker->net);
	fill(worker);
	make_flows(worker->scenario->flows);
	netns_leave();
}

/* What is left of the others goes with the namespace. */
static void finish(struct worker *worker)
{
	netns_delete(&worker->pods[0]);
	netns_delete(&worker->pods[1]);
	free(worker->pods);
}

/* ---- ADD and DEL ---- */

static struct published one(const struct worker *worker, uint64_t id)
{
	struct published pub = { .first = FIRST_PORT,
				 .count = worker->scenario->ports };

	id_make(pub.id, id);
	(void)snprintf(pub.ip, sizeof(pub.ip), "10.%u.0.2", worker->net);
	return pub;
}

/* It takes long, so it is not done in the rounds that count. */
static void check_rules(const struct worker *worker,
			const struct published *pub, bool there)
{
	if (there && (!netns_has_mapping(pub->first, pub->ip) ||
		      !netns_has_mapping(pub->first + pub->count - 1, pub->ip)))
		errx(1, "%s: ADD did not publish the ports", worker->path);
	if (!there && (netns_has_rule(pub->id) || netns_has_rule(pub->ip)))
		errx(1, "%s: DEL left rules behind", worker->path);
}

static void portmap_turn(struct worker *worker, uint64_t id, enum taking taking)
{
	const struct published pub = one(worker, id);
	struct outcome out;

	netns_enter(host_of(worker));
	call(worker, "ADD", &pub, taking, &out);
	play_keep(worker, VERB_ADD, taking, &out);
	if (!strstr(out.output, pub.ip))
		errx(1, "%s: ADD does not pass prevResult on: %s", worker->path,
		     out.output);
	if (taking != TAKE_TIME)
		check_rules(worker, &pub, true);
	call(worker, "DEL", &pub, taking, &out);
	play_keep(worker, VERB_DEL, taking, &out);
	if (taking != TAKE_TIME)
		check_rules(worker, &pub, false);
	netns_leave();
	play_settle();
}

/* Does it use iptables, where it is told to? */
static bool portmap_works(struct worker *worker)
{
	const char *keys = worker->scenario->keys;
	const struct published pub = one(worker, THERE_ID - 1);
	struct outcome out;
	bool works;

	if (!keys || !strstr(keys, IPTABLES))
		return true;
	netns_enter(host_of(worker));
	call(worker, "ADD", &pub, TAKE_NOTHING, &out);
	works = netns_has_iptables_rule(pub.ip);
	call(worker, "DEL", &pub, TAKE_NOTHING, &out);
	netns_leave();
	return works;
}

const struct kind portmap_kind = {
	.ifname = "eth0",
	.start = start,
	.works = portmap_works,
	.turn = portmap_turn,
	.finish = finish,
};

/* ---- Connections ---- */

/* The container has the addresses of the first and the last of the others. */
static void connect_start(struct worker *worker)
{
	const unsigned int n = worker->net;
	const unsigned long last = worker->scenario->there / BATCH;
	const struct sockaddr_in addr = { .sin_family = AF_INET,
					  .sin_port = htons(80) };
	int *listener = calloc(1, sizeof(*listener));

	start(worker);
	netns_enter(host_of(worker));
	netns_shell("ip link add pod up master bench%u type veth "
		    "peer name eth0 netns %s",
		    n, worker->pods->path);
	netns_leave();
	netns_enter(worker->pods);
	netns_shell("ip link set eth0 up && ip addr add 10.%u.1.1/16 dev eth0 "
		    "&& ip addr add 10.%u.1.%lu/16 dev eth0",
		    n, n, last);
	if (!listener)
		err(1, "listener");
	*listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*listener < 0 ||
	    bind(*listener, (const void *)&addr, sizeof(addr)) < 0 ||
	    listen(*listener, 16) < 0)
		err(1, "listen in the container");
	netns_leave();
	worker->state = listener;
}

/* Without a farewell, so that nothing of it stays. */
static void hang_up(int fd)
{
	const struct linger linger = { .l_onoff = 1 };

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) < 0)
		err(1, "connection");
	(void)close(fd);
}

static void try_port(struct worker *worker, unsigned int port, enum verb verb,
		     enum taking taking)
{
	const int listener = *(int *)worker->state;
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_port = htons((uint16_t)port) };
	struct outcome out = { .wall_ms = 0 };
	char host[INET_ADDRSTRLEN];
	double begin;

	(void)snprintf(host, sizeof(host), "10.%u.0.1", worker->net);
	(void)inet_pton(AF_INET, host, &addr.sin_addr);
	begin = now_ms();
	if (fd < 0 || connect(fd, (const void *)&addr, sizeof(addr)) < 0)
		err(1, "%s: connect to %s:%u", worker->path, host, port);
	out.wall_ms = now_ms() - begin;
	hang_up(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
	hang_up(fd);
	play_keep(worker, verb, taking, &out);
}

static void connect_turn(struct worker *worker, uint64_t id, enum taking taking)
{
	const unsigned int first = THERE_PORT;
	const unsigned int last =
		(unsigned int)(THERE_PORT + worker->scenario->there - 1);

	(void)id;
	netns_enter(host_of(worker));
	for (int i = 0; i < CONNECTIONS; i++) {
		try_port(worker, first, VERB_FIRST, taking);
		try_port(worker, last, VERB_LAST, taking);
	}
	netns_leave();
}

static void connect_finish(struct worker *worker)
{
	(void)close(*(int *)worker->state);
	free(worker->state);
	finish(worker);
}

const struct kind connect_kind = {
	.ifname = "eth0",
	.no_rss = true,
	.start = connect_start,
	.turn = connect_turn,
	.finish = connect_finish,
};
