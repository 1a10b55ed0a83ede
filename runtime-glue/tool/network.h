/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Networks as the tool writes them: NAME.conflist in the folder of networks,
 * an ordinary list that any CNI runtime can use. The folder itself is locked
 * (flock(2)) by who adds or removes one.
 */
#pragma once

#include "common/base/ip.h"
#include "runtime-glue/cni/netlist.h"
#include "runtime-glue/tool/tool.h"

#define NETWORK_DEFAULT "glue0" /* what "bridge" means */
#define NETWORK_SUBNETS 8
/* At the list's "createdBy": what `network prune` may remove. */
#define NETWORK_CREATOR "runtime-glue"
#define NETWORK_LEASES  "/var/lib/cni/networks" /* of host-local */

struct network_spec {
	const char *name;
	char bridge[16]; /* IFNAMSIZ */
	size_t count;
	struct cidr subnets[NETWORK_SUBNETS];
	struct ip gateways[NETWORK_SUBNETS]; /* IP_NONE: the first address */
	bool want4, want6; /* choose one, if there is none of that family */
	int64_t mtu;       /* 0: the kernel's choice */
	bool internal, isolated;
};

/* Ranges that are in use, and what by ("network \"x\"", "a route"). */
struct network_taken {
	size_t count;
	struct network_range {
		struct cidr cidr;
		char *by;
	} * at;
};
#define auto_network_taken AUTO(network_taken_free)
void network_taken_free(struct network_taken *taken);
int network_taken_add(struct network_taken *taken, const struct cidr *cidr,
		      const char *by, struct err *err) MUST_CHECK;
/* What overlaps with @cidr, or NULL. */
const char *network_taken_by(const struct network_taken *taken,
			     const struct cidr *cidr);
/* By the routes of this host and the networks of @conf_dir. */
int network_taken_find(const char *conf_dir, struct network_taken *out,
		       struct err *err) MUST_CHECK;

/*
 * A subnet of @family that overlaps with none: of IPv4 the first free /24 of
 * 10.90.0.0 to 10.255.0.0, 172.20.0.0 to 172.31.0.0 and 192.168.0.0; of IPv6
 * a random unique local /64.
 */
int network_choose(const struct network_taken *taken, enum ip_family family,
		   struct cidr *out, struct err *err) MUST_CHECK;

/* The list's text, with a newline at the end. */
int network_text(const struct network_spec *spec, struct strbuf *out,
		 struct err *err) MUST_CHECK;

/* May a network have that name? */
int network_check_name(const char *name, struct err *err) MUST_CHECK;

/* Held until the descriptor is closed; the folder is made if need be. */
int network_lock(const struct tool *tool, int *fd, struct err *err) MUST_CHECK;

/*
 * Choose what @spec leaves open, and write it. -EEXIST: the name is taken;
 * a subnet that overlaps is refused.
 */
int network_create(const struct tool *tool, struct network_spec *spec,
		   struct err *err) MUST_CHECK;

/* The default network, made if it is not there. */
int network_default(const struct tool *tool, struct netlist *out,
		    struct err *err) MUST_CHECK;

/* ---- what a list says ---- */

/* The ranges of its plugins' ipam: at most @max; returns how many. */
struct network_subnet {
	struct cidr cidr;
	struct ip gateway; /* IP_NONE: not said */
};
size_t network_subnets(const struct netlist *list, struct network_subnet *out,
		       size_t max);
/* Its first plugin of @type, or NULL. */
struct json_object *network_plugin(const struct netlist *list,
				   const char *type);
/* The bridge's name, or "". */
const char *network_bridge(const struct netlist *list);
/* Has one of its plugins the capability? */
bool network_can(const struct netlist *list, const char *capability);
