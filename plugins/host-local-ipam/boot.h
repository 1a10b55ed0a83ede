/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which boot of the machine a lease is from.
 *
 * The kernel's boot id is kept with the lease: in an extended attribute of
 * the lease file, or, where the file system has none, in a marker under
 * <dataDir>/.ferrule/<network>/, which names the inode it speaks of, so that
 * it says nothing about a file that somebody else puts in the lease's place.
 * The clock is never asked: it jumps on machines without a battery.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

#define BOOT_ID_TEXT 37

enum boot {
	BOOT_UNKNOWN, /* not recorded: a lease of the reference plugin */
	BOOT_THIS,
	BOOT_EARLIER,
};

/* The kernel's id of this boot into @id; "" if it cannot be had. */
void boot_id_read(char id[static BOOT_ID_TEXT]);

/*
 * Record on the open file @fd, which is to become a lease, that it is from
 * the boot @id. Returns 0, or -ENOTSUP where a marker is needed.
 */
int boot_mark_file(int fd, const char *id);

/*
 * The same by a marker, for the lease @name in the store open as @dir, which
 * lies at @path. Failure only means that the lease's boot is unknown.
 */
void boot_mark_beside(int dir, const char *path, const char *name,
		      const char *id);

/* Remove the marker of the lease @name, if there is one. */
void boot_unmark_beside(const char *path, const char *name);

/* Whether the lease @name is from the boot @id. */
enum boot boot_of(int dir, const char *path, const char *name, const char *id);
