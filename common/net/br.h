/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bridges and their ports. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/net/link.h"

struct br_spec {
	const char *name;
	const uint8_t *mac; /* set by us, so that its ports do not change it */
	uint32_t mtu;       /* bytes; 0: the kernel's choice */
	bool vlan_filtering;
	bool promisc;
};

/* Make a bridge that is up. -EEXIST if anything has that name. */
int br_add(struct net *net, const struct br_spec *spec,
	   struct err *err) MUST_CHECK;

/*
 * Can this kernel make bridges, and can they filter VLANs? Found out by two
 * requests that the kernel is bound to refuse, the one way or the other. That
 * we may not make any, or that memory ran out, is a failure.
 */
int br_support(struct net *net, bool *bridges, bool *vlan_filtering,
	       struct err *err) MUST_CHECK;

struct port_spec {
	const char *alias;
	bool hairpin, isolated;
};

/* Set the port @link up, with its alias and options, by one request. */
int port_set(struct net *net, const struct link_info *link,
	     const struct port_spec *spec, struct err *err) MUST_CHECK;

/* VLANs of a port, or of a range of them: `bridge vlan add/del`. */
#define VLAN_MAX 4094

struct vlan_set {
	uint16_t pvid;      /* untagged, both ways; 0: none */
	size_t count;       /* tagged: */
	const uint16_t *at; /* sorted, each once */
};

int port_vlan_add(struct net *net, const struct link_info *link,
		  const struct vlan_set *set, struct err *err) MUST_CHECK;
int port_vlan_del(struct net *net, const struct link_info *link, uint16_t vid,
		  struct err *err) MUST_CHECK;

/* Which VLANs port @link has: a bit for each, and the one that is its PVID. */
struct vlan_map {
	uint16_t pvid;
	bool pvid_untagged;
	uint64_t has[64];
};

int port_vlan_get(struct net *net, const struct link_info *link,
		  struct vlan_map *out, struct err *err) MUST_CHECK;
