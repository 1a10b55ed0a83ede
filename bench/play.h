/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An implementation at work on a scenario; and how each kind is played. */
#pragma once

#include "bench/bench.h"

enum taking { TAKE_NOTHING, TAKE_TIME, TAKE_RSS };

struct worker {
	const struct bench *bench;
	const struct scenario *scenario;
	const struct impl *impl;
	char path[PATH_MAX], conf[PATH_MAX];
	struct store store;
	unsigned int net;   /* the addresses are of 10.NET.0.0/16 */
	char name[32];      /* of the network */
	struct netns *pods; /* as many as the kind needs */
	void *state;        /* the kind's */
	struct series series[VERB_COUNT];
};

/* What is the same for all scenarios of a kind. */
struct kind {
	const char *ifname;
	bool has_store;
	bool no_rss; /* no rounds for the peak of memory */
	/* Beforehand, after the store was made; may be NULL. */
	void (*start)(struct worker *worker);
	/* Then: can this one do it at all? NULL: it can. */
	bool (*works)(struct worker *worker);
	/* One attachment, or what makes up a round; checks what it did. */
	void (*turn)(struct worker *worker, uint64_t id, enum taking taking);
	/* Afterwards: leave the machine as it was. May be NULL. */
	void (*finish)(struct worker *worker);
};

extern const struct kind idle_kind, loopback_kind, host_local_kind;
extern const struct kind bridge_kind, crowd_kind;
extern const struct kind portmap_kind, connect_kind;

/* ---- For the kinds ---- */

/* One call of a plugin. */
struct call {
	const char *plugin; /* of a chain; NULL: the scenario's */
	const char *verb, *id;
	const struct netns *pod;
	const char *conf;
	bool may_fail;
};

/* Ends the program if the plugin fails and may not. */
void play_call(const struct worker *worker, const struct call *call,
	       enum taking taking, struct outcome *out);

void play_keep(struct worker *worker, enum verb verb, enum taking taking,
	       const struct outcome *outcome);

/* The address that ADD's result on stdout gives, without its prefix length. */
void play_address(const struct worker *worker, const char *output,
		  char ip[static INET_ADDRSTRLEN]);

bool play_has_lease(const struct worker *worker);

/*
 * Until the kernel has freed what was deleted, whoever closes a socket of
 * netfilter waits for it. Between two rounds: as if there were always another
 * call in between.
 */
void play_settle(void);

#define FIRST_PORT 8000 /* of the host, the scenario's */

/* TCP ports of the host from @first on for port 80 of a container. */
struct mappings {
	unsigned int first, count;
	const char *keys, *prev_result;
};

/* portmap's configuration for them. */
#define PORTMAP_CONF 16384
void play_portmap_conf(const struct worker *worker,
		       const struct mappings *mappings,
		       char conf[static PORTMAP_CONF]);
