/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A container's network up and down, as its record says. */
#include <string.h>

#include "common/base/log.h"
#include "runtime-glue/tool/netjson.h"
#include "runtime-glue/tool/netplan_parts.h"
#include "runtime-glue/tool/network.h"

/* Its namespace is one that we have made: not the host's or somebody's. */
static bool owns_netns(const struct json_object *record)
{
	const char *mode = netjson_string(record, "mode");

	return strcmp(mode, "bridge") == 0 || strcmp(mode, "none") == 0;
}

static struct chain_attachment attachment_of(const struct box *box,
					     const struct json_object *record,
					     const struct json_object *entry)
{
	const char *args = netjson_string(entry, "args");

	return (struct chain_attachment){
		.container_id = box->id,
		.netns = netjson_string(record, "netns"),
		.ifname = netjson_string(entry, "ifname"),
		.args = *args ? args : NULL,
		.caps = netjson_object(entry, "caps"),
	};
}

static int attach(const struct tool *tool, const struct box *box,
		  struct json_object *record, size_t nth, struct err *err)
{
	struct json_object *entry =
		netjson_at(netjson_array(record, "networks"), nth);
	const struct chain_attachment at = attachment_of(box, record, entry);
	auto_netlist struct netlist list = NETLIST_NONE;
	struct json_object *result = NULL;
	const char *name = netjson_string(entry, "network");
	int r = netplan_find_list(tool, record, nth, &list, err);

	r = r ?: chain_add(&tool->cni, &list, &at, &result, err);
	if (r < 0)
		return err_in(err, "network \"%s\"", name);
	return netjson_put(entry, "result", result, err);
}

/* By what the cache has of it: nothing to do if it has nothing. */
static int detach(const struct tool *tool, const struct box *box,
		  const struct json_object *record, struct json_object *entry,
		  struct err *err)
{
	const struct chain_attachment at = attachment_of(box, record, entry);
	int r = chain_del(&tool->cni, NULL, netjson_string(entry, "network"),
			  &at, err);

	if (r == 0)
		json_object_object_del(entry, "result");
	return r;
}

static int detach_all(const struct tool *tool, const struct box *box,
		      const struct json_object *record, size_t count,
		      struct err *err)
{
	struct json_object *networks = netjson_array(record, "networks");
	int r = 0;

	while (count-- > 0)
		r = first_of(detach(tool, box, record,
				    netjson_at(networks, count), err),
			     r);
	return r;
}

int netplan_up(const struct tool *tool, const struct box *box,
	       struct json_object *record, struct err *err)
{
	struct json_object *networks = netjson_array(record, "networks");
	struct err why = { .code = CNI_OK };
	size_t done = 0;
	int r;

	if (!owns_netns(record))
		return 0;
	r = netplan_ns_make(netjson_string(record, "netns"), err);
	if (r < 0)
		return r;
	while (r == 0 && done < netjson_len(networks)) {
		r = attach(tool, box, record, done, err);
		done++;
	}
	if (r == 0)
		return 0;
	/* The one that failed, too: its own undoing may have failed. */
	if (detach_all(tool, box, record, done, &why) < 0)
		log_warn("%s", why.msg);
	err_clear(&why);
	if (netplan_ns_drop(netjson_string(record, "netns"), &why) < 0)
		log_warn("%s", why.msg);
	return r;
}

int netplan_down(const struct tool *tool, const struct box *box,
		 struct err *err)
{
	const struct json_object *record = box->record;
	int r;

	netplan_relay_stop(box->record);
	if (!owns_netns(record) || !*netjson_string(record, "netns"))
		return 0;
	r = detach_all(tool, box, record,
		       netjson_len(netjson_array(record, "networks")), err);
	return first_of(netplan_ns_drop(netjson_string(record, "netns"), err),
			r);
}
