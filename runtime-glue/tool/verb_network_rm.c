/* SPDX-License-Identifier: GPL-2.0-or-later */
/* runtime-glue network rm, prune */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/net/link.h"
#include "runtime-glue/tool/box.h"
#include "runtime-glue/tool/netjson.h"
#include "runtime-glue/tool/verb_network.h"

static const struct cli_option none[] = { { .name = NULL } };

/* Files that host-local makes: leases, and what it remembers. */
static bool is_store_file(const char *name)
{
	struct ip ip;
	char text[IP_TEXT];

	if (strcmp(name, "lock") == 0 ||
	    strncmp(name, "last_reserved_ip.", 17) == 0)
		return true;
	/* ':' is written as '_' by some versions. */
	if (strlen(name) >= sizeof(text))
		return false;
	for (size_t i = 0; i <= strlen(name); i++)
		text[i] = name[i];
	for (char *at = text; *at; at++)
		if (*at == '_')
			*at = ':';
	return ip_parse(name, &ip) == 0 || ip_parse(text, &ip) == 0;
}

static void remove_store(const char *data_dir, const char *network)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	if (snprintf(path, sizeof(path), "%s/%s", data_dir, network) >=
	    (int)sizeof(path))
		return;
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (is_store_file(entry->d_name))
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	(void)closedir(dir);
	/* What else is in it is not ours: then it stays. */
	(void)rmdir(path);
}

struct ports {
	bool any;
};

static int see_port(const struct link_info *link, void *ctx, struct err *err)
{
	struct ports *ports = ctx;

	(void)link;
	(void)err;
	ports->any = true;
	return 0;
}

static int remove_bridge(const char *name, struct err *err)
{
	auto_net struct net net = NET_CLOSED;
	struct link_info link;
	struct ports ports = { .any = false };
	bool found = false;
	int r;

	if (!*name || strlen(name) >= LINK_NAME)
		return 0;
	r = net_open(&net, -1, err);
	r = r ?: link_find(&net, name, &link, &found, err);
	if (r < 0 || !found || strcmp(link.kind, "bridge") != 0)
		return r;
	r = link_each(&net, NULL, link.index, see_port, &ports, err);
	if (r < 0 || ports.any)
		return r;
	return link_del(&net, link.index, name, err);
}

/* Does another network use that bridge, too? */
static bool is_shared(const struct tool *tool, const char *network,
		      const char *bridge)
{
	struct err ignored = { .code = CNI_OK };
	struct netlist *lists = NULL;
	size_t count = 0;
	bool shared = false;

	if (netlist_all(tool->conf_dir, &lists, &count, &ignored) < 0)
		return true;
	for (size_t i = 0; i < count; i++)
		if (strcmp(lists[i].name, network) != 0 &&
		    strcmp(network_bridge(&lists[i]), bridge) == 0)
			shared = true;
	netlists_free(lists, count);
	return shared;
}

static int check_unused(const struct tool *tool, const char *name,
			struct err *err)
{
	auto_json struct json_object *users = NULL;
	const char *who;
	int r = network_users(tool, name, &users, err);

	if (r < 0 || netjson_len(users) == 0)
		return r;
	who = json_object_get_string(json_object_array_get_idx(users, 0));
	(void)err_sys(err, EBUSY,
		      "network \"%s\": used by container \"%s\" and %zu more",
		      name, who, netjson_len(users) - 1);
	(void)err_hint(err,
		       "remove them first (runtime-glue rm -f NAME), or what "
		       "another runtime left (runtime-glue cni del %s "
		       "--container-id ID)",
		       name);
	return -EBUSY;
}

/*
 * The file goes first: with it nobody can attach any more. What the plugins
 * keep of the network is theirs to remove, by GC.
 */
static int remove_locked(const struct tool *tool, const char *name,
			 struct err *err)
{
	auto_netlist struct netlist list = NETLIST_NONE;
	struct err why = { .code = CNI_OK };
	const struct json_object *ipam;
	const char *bridge, *store;
	int r = netlist_find(tool->conf_dir, name, &list, err);

	r = r ?: check_unused(tool, name, err);
	if (r < 0)
		return r;
	if (!list.path || unlink(list.path) < 0)
		return err_sys(err, list.path ? errno : ENOENT,
			       "remove the file of network \"%s\"", name);
	/* Its chains of the packet filter; a plugin that lacks is no matter. */
	if (chain_gc(&tool->cni, &list, NULL, &why) < 0)
		err_clear(&why);
	bridge = network_bridge(&list);
	if (*bridge && !is_shared(tool, name, bridge))
		r = remove_bridge(bridge, err);
	for (size_t i = 0; i < netjson_len(list.plugins); i++) {
		ipam = netjson_object(netjson_at(list.plugins, i), "ipam");
		store = netjson_string(ipam, "dataDir");
		if (strcmp(netjson_string(ipam, "type"), "host-local") == 0)
			remove_store(*store ? store : NETWORK_LEASES, name);
	}
	return r;
}

int network_remove(const struct tool *tool, const char *name, struct err *err)
{
	auto_fd int dir = -1;
	int r = network_check_name(name, err);

	r = r ?: network_lock(tool, &dir, err);
	return r ?: remove_locked(tool, name, err);
}

static int say(const char *name, struct err *err)
{
	int r = cli_print(name, strlen(name), err);

	return r ?: cli_print("\n", 1, err);
}

/* Every one is tried; the first failure is the one returned. */
static int run_rm(const struct tool *tool, const void *options, int argc,
		  char **argv, struct err *err)
{
	int r = 0;

	(void)options;
	box_sweep(tool);
	for (int i = 0; i < argc; i++) {
		int one = network_remove(tool, argv[i], err);

		if (one == 0)
			one = say(argv[i], err);
		r = first_of(one, r);
	}
	return r;
}

/* Is it one that `network create` has made? Others stay. */
static bool is_ours(const struct netlist *list)
{
	auto_json struct json_object *text = NULL;
	struct err ignored = { .code = CNI_OK };

	return list->path && list->bytes &&
	       json_parse(list->bytes, list->len, "network", &text, &ignored) ==
		       0 &&
	       strcmp(netjson_string(text, "createdBy"), NETWORK_CREATOR) == 0;
}

static int prune_one(const struct tool *tool, const struct netlist *list,
		     struct err *err)
{
	auto_json struct json_object *users = NULL;
	int r;

	if (!is_ours(list))
		return 0;
	r = network_users(tool, list->name, &users, err);
	if (r < 0 || netjson_len(users) > 0)
		return r;
	r = network_remove(tool, list->name, err);
	return r ?: say(list->name, err);
}

static int run_prune(const struct tool *tool, const void *options, int argc,
		     char **argv, struct err *err)
{
	struct netlist *lists = NULL;
	size_t count = 0;
	int r;

	(void)options;
	(void)argc;
	(void)argv;
	box_sweep(tool);
	r = netlist_all(tool->conf_dir, &lists, &count, err);
	if (r == -ENOENT) {
		err_clear(err);
		r = 0;
	}
	for (size_t i = 0; i < count; i++)
		r = first_of(prune_one(tool, &lists[i], err), r);
	netlists_free(lists, count);
	return r;
}

const struct tool_verb verb_network_rm = {
	.name = "rm",
	.arguments = "NAME...",
	.help = "remove networks that no container uses",
	.options = none,
	.min_args = 1,
	.max_args = -1,
	.run = run_rm,
};

const struct tool_verb verb_network_prune = {
	.name = "prune",
	.arguments = "",
	.help = "remove all of the tool's networks that no container uses",
	.options = none,
	.run = run_prune,
};
