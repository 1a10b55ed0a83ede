/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A container's network: what the options ask for, up, down, and its files. */
#pragma once

#include "runtime-glue/spec/spec.h" /* struct spec_strings */
#include "runtime-glue/tool/box.h"

struct net_options {
	struct spec_strings
		networks; /* bridge|none|host|container:X|ns:P|NAME */
	struct spec_strings
		publish;  /* [hostIP:]host[-end]:container[-end][/proto] */
	bool publish_all; /* -P: the image's exposed ports */
	const char *ip, *ip6, *mac, *hostname, *domainname;
	struct spec_strings dns, dns_search, dns_option, add_host;
};

/*
 * Check the options and put "mode", "netns", "networks" and "ports" into the
 * record, before anything is made. The default network (glue0) is written if
 * it is asked for and not there. @exposed: the image's ExposedPorts or NULL.
 */
int netplan_make(const struct tool *tool, const struct net_options *options,
		 const struct json_object *exposed, struct box *box,
		 struct err *err) MUST_CHECK;

/*
 * Make the namespace and attach it to its networks, as the record says; a
 * failure undoes it. Results go into @record's "networks", which the caller
 * saves. Runs beside the making of the root file system, in a process or
 * thread of its own: it must touch nothing else.
 */
int netplan_up(const struct tool *tool, const struct box *box,
	       struct json_object *record, struct err *err) MUST_CHECK;

/*
 * Start the relay of [::1], for published ports, if there are some: a child of
 * the calling thread, which must be the one that lives as long as `run` does
 * (the kernel kills the relay when that thread ends). Called after
 * netplan_up(); puts "relay" and "relayStart" into @record.
 */
int netplan_relay_start(struct json_object *record, struct err *err) MUST_CHECK;
/* End the record's relay, and forget it. netplan_down() does that, too. */
void netplan_relay_stop(struct json_object *record);

/* As far as it was up; repeatable. Goes on after errors. */
int netplan_down(const struct tool *tool, const struct box *box,
		 struct err *err) MUST_CHECK;

/* Write hosts, hostname and resolv.conf into the box's directory. */
int netplan_files(const struct tool *tool, const struct net_options *options,
		  const struct box *box, struct err *err) MUST_CHECK;
