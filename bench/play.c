/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of scenario that are about one plugin alone. */
#include "bench/play.h"

#include <dirent.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define INDEX_DIR "/run/ferrule" /* /run is ours: bench/run.sh */

#define LOOPBACK_CONF \
	"{\"cniVersion\":\"1.1.0\",\"name\":\"lo\",\"type\":\"loopback\"}"
#define HOST_LOCAL_CONF                                          \
	"{\"cniVersion\":\"1.1.0\",\"name\":\"%s\","             \
	"\"type\":\"bridge\",\"ipam\":{\"type\":\"host-local\"," \
	"\"dataDir\":\"%s\",\"ranges\":[[{\"subnet\":\"10.%u.0.0/16\"}]]}}"

void play_call(const struct worker *worker, const struct call *call,
	       enum taking taking, struct outcome *out)
{
	char command[32], container[ID_TEXT + 16], netns[80], ifname[32];
	char cni_path[PATH_MAX];
	char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *env[] = {
		command, container, netns, ifname, cni_path, path, NULL
	};
	char plugin[PATH_MAX];
	char *argv[] = { plugin, NULL };
	struct command cmd = { argv, env, call->conf };

	(void)snprintf(plugin, sizeof(plugin), "%s/%s", worker->impl->dir,
		       call->plugin ? call->plugin : worker->scenario->plugin);
	(void)snprintf(command, sizeof(command), "CNI_COMMAND=%s", call->verb);
	(void)snprintf(container, sizeof(container), "CNI_CONTAINERID=%s",
		       call->id);
	(void)snprintf(netns, sizeof(netns), "CNI_NETNS=%s", call->pod->path);
	(void)snprintf(ifname, sizeof(ifname), "CNI_IFNAME=%s",
		       worker->scenario->kind->ifname);
	(void)snprintf(cni_path, sizeof(cni_path), "CNI_PATH=%s",
		       worker->impl->dir);
	if (taking == TAKE_RSS)
		measure_rss(&cmd, out);
	else
		measure_time(&cmd, out);
	if (out->status == 0 || (call->may_fail && WIFEXITED(out->status)))
		return;
	errx(1, "%s: %s: %s ended with wait status %#x: %s",
	     worker->scenario->name, plugin, call->verb,
	     (unsigned int)out->status, out->output);
}

void play_keep(struct worker *worker, enum verb verb, enum taking taking,
	       const struct outcome *outcome)
{
	if (taking == TAKE_TIME)
		series_add(&worker->series[verb], outcome);
	if (taking == TAKE_RSS)
		series_add_rss(&worker->series[verb], outcome);
}

void play_address(const struct worker *worker, const char *output,
		  char ip[static INET_ADDRSTRLEN])
{
	const char *at = strstr(output, "\"address\"");
	char net[16];
	struct in_addr addr;
	int n = snprintf(net, sizeof(net), "10.%u.", worker->net);

	if (!at || sscanf(at, "\"address\" : \"%15[0-9.]/16\"", ip) != 1 ||
	    inet_pton(AF_INET, ip, &addr) != 1 ||
	    strncmp(ip, net, (size_t)n) != 0)
		errx(1, "%s: no address of 10.%u.0.0/16 in ADD's result: %s",
		     worker->path, worker->net, output);
}

bool play_has_lease(const struct worker *worker)
{
	return strcmp(worker->impl->name, FLOOR) != 0;
}

static void one_pod(struct worker *worker)
{
	worker->pods = calloc(1, sizeof(*worker->pods));
	if (!worker->pods)
		err(1, "pods");
	netns_make(worker->pods);
}

static void no_pod(struct worker *worker)
{
	netns_delete(worker->pods);
	free(worker->pods);
}

/* ---- Nothing ---- */

static void idle_turn(struct worker *worker, uint64_t id, enum taking taking)
{
	const struct netns none = { "", -1 };
	const struct call call = { NULL, "run", "", &none, "", false };
	struct outcome out;

	(void)id;
	play_call(worker, &call, taking, &out);
	play_keep(worker, VERB_RUN, taking, &out);
}

const struct kind idle_kind = { .ifname = "", .turn = idle_turn };

/* ---- loopback ---- */

static void loopback_start(struct worker *worker)
{
	one_pod(worker);
	(void)strcpy(worker->conf, LOOPBACK_CONF);
}

static void loopback_turn(struct worker *worker, uint64_t id,
			  enum taking taking)
{
	char text[ID_TEXT];
	struct call call = { NULL,         "ADD",        text,
			     worker->pods, worker->conf, false };
	struct outcome out;

	id_make(text, id);
	play_call(worker, &call, taking, &out);
	play_keep(worker, VERB_ADD, taking, &out);
	if (!strstr(out.output, "\"lo\"") || !netns_lo_is_up(worker->pods))
		errx(1, "%s: ADD did not bring lo up: %s", worker->path,
		     out.output);
	call.verb = "DEL";
	play_call(worker, &call, taking, &out);
	play_keep(worker, VERB_DEL, taking, &out);
	if (netns_lo_is_up(worker->pods))
		errx(1, "%s: DEL left lo up", worker->path);
}

const struct kind loopback_kind = {
	.ifname = "lo",
	.start = loopback_start,
	.turn = loopback_turn,
	.finish = no_pod,
};

/* ---- host-local ---- */

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

static void host_local_start(struct worker *worker)
{
	one_pod(worker);
	(void)snprintf(worker->conf, sizeof(worker->conf), HOST_LOCAL_CONF,
		       worker->name, worker->store.data_dir, worker->net);
}

static void host_local_turn(struct worker *worker, uint64_t id,
			    enum taking taking)
{
	char text[ID_TEXT], ip[INET_ADDRSTRLEN];
	struct call call = { NULL,         "ADD",        text,
			     worker->pods, worker->conf, false };
	struct outcome out;

	id_make(text, id);
	if (worker->scenario->cold)
		forget_index();
	play_call(worker, &call, taking, &out);
	play_keep(worker, VERB_ADD, taking, &out);
	play_address(worker, out.output, ip);
	store_expect(&worker->store, ip, text);
	call.verb = "DEL";
	play_call(worker, &call, taking, &out);
	if (!worker->scenario->cold)
		play_keep(worker, VERB_DEL, taking, &out);
	store_expect(&worker->store, ip, NULL);
}

const struct kind host_local_kind = {
	.ifname = "eth0",
	.has_store = true,
	.start = host_local_start,
	.turn = host_local_turn,
	.finish = no_pod,
};

void play_settle(void)
{
	(void)usleep(50000);
}
