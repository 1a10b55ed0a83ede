/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hint that spares reading every lease: which addresses a store holds, and
 * for which container IDs.
 *
 * It is a file of its own under /run, so the reference plugin never sees it.
 * The leases alone are the truth. The hint is used only while the store
 * directory's time stamp is the one that this plugin gave it after its last
 * change: anybody else's change moves the stamp, and the hint is forgotten.
 *
 * The stamp is a random part of a millisecond before the time that the kernel
 * gave the directory. So a change that follows within the same tick of the
 * kernel's coarse clock still shows: the kernel never sets a time before the
 * present tick. And two stamps of one tick, by plugins that do not share a
 * /run, differ.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/ip.h"

#define INDEX_DIRTY_MAX 16

struct index_rec {
	uint64_t owner;   /* lease_owner_hash(); 0: a file that is no lease */
	uint8_t addr[16]; /* IPv4 in the v4-mapped form */
};

struct index {
	int fd; /* the hint's file, -1 if there is none to be had */
	size_t count, size;
	struct index_rec *recs;
	/* Records that the file does not hold yet; too many: all of them. */
	size_t dirty_count, dirty[INDEX_DIRTY_MAX];
};

struct index_rec index_rec_make(const struct ip *ip, uint64_t owner);
struct ip index_rec_ip(const struct index_rec *rec);

/*
 * Open the hint for the store open as @dir; @boot_id binds it to this boot.
 * Returns true if it holds for the directory as it is now, with the records
 * loaded. False: the caller reads the leases and fills it by index_append().
 */
bool index_open(struct index *index, int dir, const char *boot_id);

/* Forget all records, before reading the leases anew. */
void index_reset(struct index *index);

/* Returns false when memory ran out. */
bool index_append(struct index *index, struct index_rec rec);

/* Remove the record at @at; the last one takes its place. */
void index_remove(struct index *index, size_t at);

/*
 * Stamp the directory and write what changed. To be called with the store
 * locked and after its last change. A hint that cannot be written is dropped.
 */
void index_save(struct index *index, int dir, const char *boot_id);

void index_close(struct index *index);
