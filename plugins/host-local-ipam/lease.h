/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a lease file says: "<container ID>\r\n<ifname>", without a newline at
 * the end, in a file named by the address. The format is the reference's,
 * because nodes are upgraded and downgraded in place.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest content that is read; a longer file is no lease. */
#define LEASE_MAX 4096

enum lease_kind {
	LEASE_FULL,    /* container ID and interface */
	LEASE_LEGACY,  /* only an ID: written before interfaces were recorded */
	LEASE_TORN,    /* empty, blank or zeros: a writer died; nobody's */
	LEASE_FOREIGN, /* something else: somebody's, but not a lease */
};

struct lease {
	enum lease_kind kind;
	const char *container; /* FULL and LEGACY; else "" */
	const char *ifname;    /* FULL; else "" */
};

/*
 * Understand @len bytes of @text, which is changed (cut into strings) and
 * must have room for a NUL at text[len].
 */
struct lease lease_parse(char *text, size_t len);

/* FULL: same container and interface. LEGACY: same container. */
bool lease_owned_by(const struct lease *lease, const char *container,
		    const char *ifname);

/* A number for a container ID, never 0; equal IDs have equal numbers. */
uint64_t lease_owner_hash(const char *container);
