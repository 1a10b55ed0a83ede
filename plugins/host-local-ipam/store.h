/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store: <dataDir>/<network>/, one lease file for each address, the file
 * `lock` that every implementation of host-local takes with flock(2), and
 * last_reserved_ip.<set>, where round robin goes on.
 *
 * A lease comes into being whole: written to a file without a name and then
 * linked, which also refuses a name that exists. A plugin killed at any
 * instant leaves either no lease or a complete one. No fsync: a machine that
 * loses power loses the lease's container as well, and an empty or torn lease
 * file counts as free.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/base/ip.h"
#include "common/base/strbuf.h"
#include "plugins/host-local-ipam/boot.h"
#include "plugins/host-local-ipam/index.h"
#include "plugins/host-local-ipam/lease.h"

enum store_mode {
	STORE_CREATE, /* ADD: make the directory if need be; exclusive lock */
	STORE_CHANGE, /* DEL, GC: exclusive lock */
	STORE_READ,   /* CHECK, STATUS: shared lock, nothing is written */
};

struct store {
	enum store_mode mode;
	struct strbuf path; /* the directory, for messages */
	int dir, lock;
	char boot_id[BOOT_ID_TEXT];
	bool scanned; /* the leases were read, the index is no hint */
	bool unsure;  /* some could not be read: no hint is to be kept */
	bool changed; /* since the index was saved */
	struct index index;
};

#define STORE_INIT                                          \
	{                                                   \
		.dir = -1, .lock = -1, .index = {.fd = -1 } \
	}
#define auto_store AUTO(store_close)

/*
 * Open and lock the store of @network under @data_dir and learn what is
 * leased. Errors: -ENOENT when there is none (not with STORE_CREATE);
 * CNI_E_IO with the path for everything else.
 */
int store_open(struct store *store, const char *data_dir, const char *network,
	       enum store_mode mode, struct err *err) MUST_CHECK;

/* Read every lease anew, whatever the hint said. */
int store_scan(struct store *store, struct err *err) MUST_CHECK;

/*
 * The lease of @ip, with @text as the room for its words. Returns 0, -ENOENT
 * (no such file), or another -errno when it cannot be read, and then @out is
 * LEASE_FOREIGN; nothing is put into an err.
 */
int store_read_lease(const struct store *store, const struct ip *ip,
		     char text[static LEASE_MAX], struct lease *out);

/*
 * The next record at or after *@at that belongs to the attachment; of
 * @kind only (LEASE_FULL, LEASE_LEGACY), each checked against its file.
 */
bool store_find(const struct store *store, const char *container,
		const char *ifname, enum lease_kind kind, size_t *at);

/*
 * Lease @ip to the attachment. Errors: -EEXIST if a file of that name is
 * there (nothing is recorded in @err then); CNI_E_IO.
 */
int store_add(struct store *store, const struct ip *ip, const char *container,
	      const char *ifname, struct err *err) MUST_CHECK;

/* Remove the lease of record @at, or of @ip. One that is gone is no error. */
int store_remove(struct store *store, size_t at, struct err *err) MUST_CHECK;
int store_remove_ip(struct store *store, const struct ip *ip,
		    struct err *err) MUST_CHECK;

/* Whether the lease of @ip is from this boot of the machine. */
enum boot store_boot_of(const struct store *store, const struct ip *ip);

/* last_reserved_ip.<set>: IP_NONE if there is none or it makes no sense. */
struct ip store_last_reserved(const struct store *store, size_t set);
int store_set_last_reserved(struct store *store, size_t set,
			    const struct ip *ip, struct err *err) MUST_CHECK;

/* Unlock; saves the hint if anything changed. */
void store_close(struct store *store);
