/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an attachment has in the maps of the table; see rules_nft.h. */
#pragma once

#include "common/nft/layout.h"
#include "plugins/portmap/rules.h"

extern const struct nft_layout portmap_layout;

/* Sets and chains of the layout: what a table without attachments has. */
#define PORTMAP_LAYOUT_USE 15U

/*
 * On packets that we translate, from there to postrouting. Not the bit of the
 * iptables backends (13): at the same priority chance decides whose postrouting
 * comes first, and that one would masquerade all of ours, or ours clear theirs.
 */
#define PORTMAP_MARK 0x1000U

#define POD_CHAIN 32

/* One element of one of our maps. */
struct claim {
	const struct nft_set *set;
	struct nft_value key;
	struct nft_value data; /* of a map of ports */
	size_t mapping;        /* which of the configuration's it is */
};

struct claims {
	size_t count, size;
	struct claim *at;
};

#define auto_claims AUTO(claims_free)
void claims_free(struct claims *claims);

/* Those that @conf asks for, in its order. -ENOMEM. */
int claims_of(const struct portmap_conf *conf, struct claims *out,
	      struct err *err) MUST_CHECK;

/*
 * The chain in which postrouting looks for sources in a container's own subnet.
 * It has a rule for each prefix length that some subnet has: the source cut to
 * that length, with the destination, is looked up in near4 or near6.
 */
extern const struct nft_chain portmap_near;
void near_rule(struct nft_tx *tx, enum ip_family family, unsigned int len);

/* Is that rule there? Returns 1 or 0. */
int near_has(struct nft *nft, enum ip_family family, unsigned int len,
	     struct err *err) MUST_CHECK;

/* The elements of the sets for its addresses. */
int claims_of_pods(const struct portmap_conf *conf, struct claims *out,
		   struct err *err) MUST_CHECK;

/* One more: a port, of one of the host's addresses (or IP_NONE: any). -ENOMEM.
 */
int claims_add_port(struct claims *out, enum ip_family family,
		    const struct ip *host, uint8_t protocol,
		    uint16_t port) MUST_CHECK;
/* What is masqueraded: from its subnet and loopback, or @all. -ENOMEM. */
int claims_add_pod(struct claims *out, const struct cidr *pod,
		   bool all) MUST_CHECK;

/* "pod-HASH", for an owner's text. */
char *pod_chain(const char *owner, char buf[static POD_CHAIN]);

/*
 * Put the rules of its chain into @tx, which nothing jumps to: the list of its
 * @count @ports and its addresses.
 */
void pod_rules(struct nft_tx *tx, const struct portmap_rules *rules,
	       const struct claim *ports, size_t count);

/*
 * What the chain lists: claims of ports, then all that its addresses may have;
 * data are empty. Nothing if there is no such chain. Returns 1 if there is, 0
 * if not.
 */
int claims_listed(struct nft *nft, const char *chain, struct claims *out,
		  struct err *err) MUST_CHECK;

/* "8080/tcp", "192.0.2.1:8080/tcp", "[::1]:8080/tcp" */
#define CLAIM_TEXT 80
char *claim_text(const struct claim *claim, char buf[static CLAIM_TEXT]);

/* What @listed says, into @conf where that says nothing. */
void claims_recall(const struct claims *listed, struct portmap_conf *conf);
