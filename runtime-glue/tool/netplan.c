/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netplan_make(): options to a record, all checked before anything is made. */
#include "runtime-glue/tool/netplan.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/net/netns.h"
#include "runtime-glue/tool/netjson.h"
#include "runtime-glue/tool/netplan_parts.h"
#include "runtime-glue/tool/network.h"

struct plan {
	const struct tool *tool;
	const struct net_options *options;
	struct json_object *record;
	struct json_object *networks; /* of the record */
};

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* ---- What the first network gets ---- */

static int list_subnets(const struct network_subnet *at, size_t count,
			struct err *err)
{
	auto_strbuf struct strbuf text = { .len = 0 };
	char cidr[CIDR_TEXT];

	for (size_t i = 0; i < count; i++)
		strbuf_printf(&text, "%s%s", i ? ", " : "",
			      cidr_format(&at[i].cidr, cidr));
	return err_hint(err, "its subnets: %s", strbuf_str(&text));
}

/* @text of option --@name goes to @ips, after a check. */
static int add_ip(const struct netlist *list, const char *name,
		  const char *text, enum ip_family family,
		  struct json_object *ips, struct err *err)
{
	struct network_subnet at[NETWORK_SUBNETS];
	size_t count = network_subnets(list, at, NETWORK_SUBNETS);
	char cidr[IP_TEXT + 8];
	struct ip ip;
	int r;

	if (!text)
		return 0;
	if (ip_parse(text, &ip) < 0 || ip.family != family)
		return err_set(err, CNI_E_FIELD,
			       "--%s %s: not an IPv%d address", name, text,
			       (int)family);
	if (!network_can(list, "ips"))
		return err_set(err, CNI_E_FIELD,
			       "--%s %s: network \"%s\" takes no addresses (no "
			       "plugin has the capability \"ips\")",
			       name, text, list->name);
	for (size_t i = 0; i < count; i++) {
		if (!cidr_contains(&at[i].cidr, &ip))
			continue;
		(void)snprintf(cidr, sizeof(cidr), "%s/%u", text,
			       at[i].cidr.len);
		return netjson_text(ips, NULL, cidr, err);
	}
	if (count == 0)
		return netjson_text(ips, NULL, text, err);
	r = err_set(err, CNI_E_FIELD, "--%s %s: in no subnet of network \"%s\"",
		    name, text, list->name);
	(void)list_subnets(at, count, err);
	return r;
}

static int add_ips(const struct plan *plan, const struct netlist *list,
		   struct json_object *caps, struct err *err)
{
	const struct net_options *o = plan->options;
	auto_json struct json_object *ips = json_object_new_array();
	int r = ips ? 0 : err_nomem(err);

	r = r ?: add_ip(list, "ip", o->ip, IP_V4, ips, err);
	r = r ?: add_ip(list, "ip6", o->ip6, IP_V6, ips, err);
	if (r < 0 || netjson_len(ips) == 0)
		return r;
	return netjson_put(caps, "ips", json_object_get(ips), err);
}

/* "xx:xx:xx:xx:xx:xx", of one interface: not multicast. */
static bool is_mac(const char *text)
{
	for (size_t i = 0; i < 17; i++)
		if (i % 3 == 2 ? text[i] != ':'
			       : !isxdigit((unsigned char)text[i]))
			return false;
	return text[17] == '\0' && !strchr("13579bBdDfF", text[1]);
}

static int add_mac(const struct plan *plan, const struct netlist *list,
		   struct json_object *caps, struct err *err)
{
	const char *text = plan->options->mac;

	if (!text)
		return 0;
	if (!is_mac(text))
		return err_set(err, CNI_E_FIELD,
			       "--mac-address %s: not a unicast MAC address",
			       text);
	if (!network_can(list, "mac"))
		return err_set(
			err, CNI_E_FIELD,
			"--mac-address %s: network \"%s\" takes none (no "
			"plugin has the capability \"mac\")",
			text, list->name);
	return netjson_text(caps, "mac", text, err);
}

/* The ports of the first network that can have some. */
static int add_ports(const struct plan *plan, const struct netlist *list,
		     bool *placed, struct json_object *caps, struct err *err)
{
	struct json_object *ports = netjson_array(plan->record, "ports");

	if (*placed || netjson_len(ports) == 0 ||
	    !network_can(list, "portMappings"))
		return 0;
	*placed = true;
	if (netplan_is_internal(list))
		log_warn("-p: network \"%s\" is internal: only this host "
			 "reaches "
			 "the ports",
			 list->name);
	return netjson_put(caps, "portMappings", json_object_get(ports), err);
}

/* ---- Networks ---- */

static int find_network(const struct plan *plan, const char *name,
			struct netlist *out, struct err *err)
{
	if (strcmp(name, "bridge") == 0 || strcmp(name, "default") == 0 ||
	    strcmp(name, NETWORK_DEFAULT) == 0)
		return network_default(plan->tool, out, err);
	if (netlist_find(plan->tool->conf_dir, name, out, err) == 0)
		return 0;
	return err_in(err, "--network %s", name);
}

static int add_network(const struct plan *plan, const char *name, bool *placed,
		       struct err *err)
{
	auto_netlist struct netlist list = NETLIST_NONE;
	auto_json struct json_object *entry = json_object_new_object();
	auto_json struct json_object *caps = json_object_new_object();
	const size_t nth = netjson_len(plan->networks);
	char ifname[16];
	int r = entry && caps ? 0 : err_nomem(err);

	r = r ?: find_network(plan, name, &list, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < nth; i++)
		if (strcmp(netjson_string(netjson_at(plan->networks, i),
					  "network")
				   ?: "",
			   list.name) == 0)
			return err_set(err, CNI_E_FIELD,
				       "--network %s: given twice", name);
	if (nth == 0) {
		r = add_ips(plan, &list, caps, err);
		r = r ?: add_mac(plan, &list, caps, err);
	}
	r = r ?: add_ports(plan, &list, placed, caps, err);
	(void)snprintf(ifname, sizeof(ifname), "eth%zu", nth);
	r = r ?: netjson_text(entry, "network", list.name, err);
	r = r ?: netjson_text(entry, "ifname", ifname, err);
	r = r ?: netjson_text(entry, "args", "", err);
	r = r ?: netjson_put(entry, "caps", json_object_get(caps), err);
	return r
		       ?: netjson_put(plan->networks, NULL,
				      json_object_get(entry), err);
}

static int add_networks(const struct plan *plan, struct err *err)
{
	static const char *const fallback[] = { "bridge" };
	const struct spec_strings *list = &plan->options->networks;
	const char *const *names = list->count ? list->at : fallback;
	const size_t count = list->count ?: 1;
	bool placed = false;
	int r = netjson_text(plan->record, "mode", "bridge", err);

	for (size_t i = 0; r == 0 && i < count; i++)
		r = add_network(plan, names[i], &placed, err);
	if (r == 0 && !placed &&
	    netjson_len(netjson_array(plan->record, "ports")) > 0)
		return err_set(err, CNI_E_FIELD,
			       "-p: none of the networks can publish ports (no "
			       "plugin has the capability \"portMappings\")");
	return r;
}

/* ---- Modes that are no network ---- */

static int join_container(const struct plan *plan, const char *reference,
			  struct err *err)
{
	auto_box struct box other = BOX_NONE;
	char mode[128];
	const char *netns;
	int r = box_open(plan->tool, reference, false, &other, err);

	if (r < 0)
		return err_in(err, "--network container:%s", reference);
	if (strcmp(netjson_string(other.record, "status"), "running") != 0) {
		r = err_set(err, CNI_E_FIELD,
			    "--network container:%s: it does not run",
			    reference);
		(void)err_hint(err, "start it first: runtime-glue start %s",
			       reference);
		return r;
	}
	netns = netjson_string(other.record, "netns");
	if (!*netns)
		return netjson_text(plan->record, "mode", "host", err);
	(void)snprintf(mode, sizeof(mode), "container:%.100s", other.id);
	r = netjson_text(plan->record, "mode", mode, err);
	return r ?: netjson_text(plan->record, "netns", netns, err);
}

static int join_path(const struct plan *plan, const char *mode,
		     const char *path, struct err *err)
{
	auto_fd int fd = -1;
	int r;

	if (*path != '/')
		return err_set(err, CNI_E_FIELD,
			       "--network %s: not an absolute path, as in "
			       "ns:/run/netns/NAME",
			       mode);
	r = netns_open(path, &fd, err);
	if (r < 0)
		return err_in(err, "--network %s", mode);
	r = netjson_text(plan->record, "mode", mode, err);
	return r ?: netjson_text(plan->record, "netns", path, err);
}

static bool is_alone(const char *name)
{
	return strcmp(name, "host") == 0 || strcmp(name, "none") == 0 ||
	       starts(name, "container:") || starts(name, "ns:");
}

static int check_alone(const struct net_options *o, const char *mode,
		       struct err *err)
{
	const struct {
		const char *name;
		bool given;
	} options[] = { { "ip", o->ip },
			{ "ip6", o->ip6 },
			{ "mac-address", o->mac } };

	if (o->networks.count > 1)
		return err_set(err, CNI_E_FIELD,
			       "--network %s: does not go with another "
			       "--network",
			       mode);
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (options[i].given)
			return err_set(err, CNI_E_FIELD,
				       "--%s: does not go with --network %s",
				       options[i].name, mode);
	if (o->publish.count == 0 && !o->publish_all)
		return 0;
	if (strcmp(mode, "host") != 0)
		return err_set(err, CNI_E_FIELD,
			       "-p: does not go with --network %s", mode);
	log_warn("-p is not needed with --network host: all ports are the "
		 "host's");
	return 0;
}

static int take_mode(const struct plan *plan, const char *mode, struct err *err)
{
	if (starts(mode, "container:"))
		return join_container(plan, mode + strlen("container:"), err);
	if (starts(mode, "ns:"))
		return join_path(plan, mode, mode + strlen("ns:"), err);
	return netjson_text(plan->record, "mode", mode, err);
}

/* The mode that is no network, or NULL. */
static const char *find_alone(const struct net_options *options)
{
	for (size_t i = 0; i < options->networks.count; i++)
		if (is_alone(options->networks.at[i]))
			return options->networks.at[i];
	return NULL;
}

/* ---- The whole ---- */

/* Each with its "holder", for who cannot have it. */
static int take_ports(struct json_object *ports, const char *name,
		      struct json_object *out, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < netjson_len(ports); i++) {
		struct json_object *port = netjson_at(ports, i);

		r = netjson_text(port, "holder", name, err);
		r = r ?: netjson_put(out, NULL, json_object_get(port), err);
	}
	return r;
}

/* Ports of all other containers; one that goes meanwhile has none. */
static int used_ports(const struct tool *tool, const char *self,
		      struct json_object *out, struct err *err)
{
	char **ids = NULL;
	size_t count = 0;
	int r = box_list(tool, &ids, &count, err);

	for (size_t i = 0; i < count; i++) {
		auto_box struct box box = BOX_NONE;
		struct err gone = { .code = CNI_OK };
		struct json_object *ports = NULL;

		if (r == 0 && strcmp(ids[i], self) != 0 &&
		    box_open(tool, ids[i], false, &box, &gone) == 0 &&
		    strcmp(netjson_string(box.record, "status"), "exited") != 0)
			ports = netjson_array(box.record, "ports");
		if (ports)
			r = take_ports(ports,
				       netjson_string(box.record, "name"), out,
				       err);
		free(ids[i]);
	}
	free(ids);
	return r;
}

static int make_ports(const struct plan *plan, const char *id,
		      const struct json_object *exposed, struct err *err)
{
	auto_json struct json_object *used = json_object_new_array();
	struct json_object *ports = NULL;
	int r = used ? 0 : err_nomem(err);

	if (plan->options->publish.count || plan->options->publish_all)
		r = r ?: used_ports(plan->tool, id, used, err);
	r = r ?: netplan_ports(plan->options, exposed, used, &ports, err);
	return r ?: netjson_put(plan->record, "ports", ports, err);
}

static int make_netns(const struct plan *plan, const char *id, struct err *err)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/netns/%s", plan->tool->run, id) >=
	    (int)sizeof(path))
		return err_set(err, CNI_E_FIELD, "--run: the path is too long");
	return netjson_text(plan->record, "netns", path, err);
}

int netplan_make(const struct tool *tool, const struct net_options *options,
		 const struct json_object *exposed, struct box *box,
		 struct err *err)
{
	const struct plan plan = { .tool = tool,
				   .options = options,
				   .record = box->record,
				   .networks = json_object_new_array() };
	const char *alone = find_alone(options);
	int r = netjson_put(box->record, "networks", plan.networks, err);

	json_object_object_del(box->record, "netns");
	r = r
		    ?: netjson_put(box->record, "ports",
				   json_object_new_array(), err);
	r = r ?: netplan_check_files(options, err);
	if (r == 0 && alone)
		r = check_alone(options, alone, err)
			    ?: take_mode(&plan, alone, err);
	else if (r == 0)
		r = make_ports(&plan, box->id, exposed, err)
			    ?: add_networks(&plan, err);
	if (r == 0 && (!alone || strcmp(alone, "none") == 0))
		r = make_netns(&plan, box->id, err);
	return r;
}
