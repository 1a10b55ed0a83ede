/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of netplan.h share. */
#pragma once

#include <stdint.h>

#include "common/base/ip.h"
#include "runtime-glue/cni/netlist.h"
#include "runtime-glue/tool/netplan.h"

/* ---- netplan_ports.c: -p ---- */

enum port_protocol { PORT_TCP, PORT_UDP, PORT_SCTP };

/* "[hostIP:][host[-end]:]container[-end][/proto]", as it is written. */
struct port_spec_text {
	struct ip host_ip;       /* IP_NONE: all */
	uint16_t host, host_end; /* 0: a free one */
	uint16_t container, container_end;
	enum port_protocol protocol;
};

int netplan_port_parse(const char *text, struct port_spec_text *out,
		       struct err *err) MUST_CHECK;

/*
 * All of -p and -P as the record's "ports"; host ports that were left open are
 * free ones now. @used: the "ports" of other containers, an array; "holder" is
 * the name of such a container.
 */
int netplan_ports(const struct net_options *options,
		  const struct json_object *exposed,
		  const struct json_object *used, struct json_object **out,
		  struct err *err) MUST_CHECK;

/* ---- netplan_resolv.c, netplan_hosts.c ---- */

/*
 * The lines of @host (a resolv.conf), without nameservers at loopback, and with
 * those options that are given in place of the host's. *@fallback: none was
 * left, and public ones have been put in.
 */
int netplan_resolv(const char *host, const struct net_options *options,
		   struct strbuf *out, bool *fallback,
		   struct err *err) MUST_CHECK;

/* Are --dns and --add-host well-formed? */
int netplan_check_files(const struct net_options *options,
			struct err *err) MUST_CHECK;

/* ---- netplan_route.c ---- */

/*
 * The list of the @nth of the record's networks, without default routes of
 * families that one before it has one of. Those are attached, so have results.
 */
int netplan_find_list(const struct tool *tool, const struct json_object *record,
		      size_t nth, struct netlist *out,
		      struct err *err) MUST_CHECK;

/* Is it without a default route, so that answers come no further than here? */
bool netplan_is_internal(const struct netlist *list);

/* ---- netplan_ns.c ---- */

/* A new network namespace, kept at @path, its loopback up. */
int netplan_ns_make(const char *path, struct err *err) MUST_CHECK;
/* Success if there is none. */
int netplan_ns_drop(const char *path, struct err *err) MUST_CHECK;
