/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Links: find, change, delete. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/net/net.h"

#define LINK_NAME     16  /* IFNAMSIZ */
#define LINK_ALIAS    256 /* IFALIASZ */
#define LINK_MAC      6
#define LINK_MAC_TEXT 18

struct link_info {
	int index;
	unsigned int flags; /* IFF_* */
	uint32_t mtu;
	int master; /* index of the link that it is a port of; 0: none */
	int peer;   /* index of a veth's other end, in its namespace; 0: none */
	bool has_mac;
	uint8_t mac[LINK_MAC];
	uint8_t operstate; /* IF_OPER_* */
	uint32_t group;    /* 0: the default one */
	uint32_t promiscuity;
	char name[LINK_NAME];
	char kind[LINK_NAME]; /* "veth", "bridge"; "" for a device */
	char alias[LINK_ALIAS];
	struct {
		bool vlan_filtering;
		uint16_t default_pvid; /* 0: none */
	} bridge;                      /* of kind "bridge" */
	struct {
		bool hairpin, isolated;
	} port; /* of a bridge, with a master */
};

/*
 * What link @name, or the one with @index, is now. -ENODEV if there is none.
 * Of a name that some link has as an alternative name, that link.
 */
int link_get(struct net *net, const char *name, struct link_info *out,
	     struct err *err) MUST_CHECK;
int link_get_index(struct net *net, int index, struct link_info *out,
		   struct err *err) MUST_CHECK;

/* The same for who can do without: *@found, and no error for -ENODEV. */
int link_find(struct net *net, const char *name, struct link_info *out,
	      bool *found, struct err *err) MUST_CHECK;

/* What an RTM_NEWLINK message says. -EBADMSG if it is malformed. */
int link_read(struct nlmsghdr *hdr, struct link_info *out) MUST_CHECK;

/*
 * Call @each for every link of @kind (NULL: any) that is a port of the link
 * @master (0: any or none). The list is complete before the first call, so
 * @each may change links. It returns 0 or a negative errno, which ends this.
 */
typedef int link_each_fn(const struct link_info *link, void *ctx,
			 struct err *err);
int link_each(struct net *net, const char *kind, int master, link_each_fn *each,
	      void *ctx, struct err *err) MUST_CHECK;

/* Bring @name up or down. -ENODEV if there is none. Safe to repeat. */
int link_set_up(struct net *net, const char *name, bool up,
		struct err *err) MUST_CHECK;

/* Set flags of the link with @index: those of @mask become those of @flags. */
int link_set_flags(struct net *net, const struct link_info *link,
		   unsigned int flags, unsigned int mask,
		   struct err *err) MUST_CHECK;

/* Give it this MAC address, even if it has it: that is an event as well. */
int link_set_mac(struct net *net, const struct link_info *link,
		 const uint8_t mac[LINK_MAC], struct err *err) MUST_CHECK;

/*
 * Delete the link with @index, called @name; with @index 0 the one of that
 * name. Success if it is not there.
 */
int link_del(struct net *net, int index, const char *name,
	     struct err *err) MUST_CHECK;

/*
 * Delete the @count links with these indices, with one wait of the kernel for
 * all: they are put into @group, which no other link may be in, and deleted as
 * that. All of them or, after an error of the first step, none; call link_del()
 * for each then.
 */
int link_del_group(struct net *net, uint32_t group, const int *index,
		   size_t count, struct err *err) MUST_CHECK;

/* A random unicast address of those that anybody may give. */
int link_random_mac(uint8_t mac[LINK_MAC], struct err *err) MUST_CHECK;
char *link_mac_text(const uint8_t mac[LINK_MAC], char buf[LINK_MAC_TEXT]);

/* "UP", "DOWN", ... as `ip link` has them. */
const char *link_operstate_text(uint8_t operstate);
