/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A container's root file system from an image's layers: copy-on-write by
 * overlayfs, laid out as docker's overlay2 is (BOX/lower, diff, work, merged),
 * or a copy where overlayfs is refused ("vfs").
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

struct layers_options {
	const char *const *layers; /* lowest first; absolute */
	size_t count;
	bool volatile_ok; /* the container goes with --rm: no sync needed */
	bool vfs;         /* asked for; otherwise only where overlay fails */
};

/*
 * Make BOX/diff, BOX/work, BOX/merged and BOX/lower (the layers, a line each)
 * in directory @box (absolute), nothing mounted yet. Up to 500 layers.
 */
int layers_make(const char *box, const struct layers_options *options,
		struct err *err) MUST_CHECK;

/*
 * Mount BOX/merged, from what BOX/lower says; no error if it is mounted
 * already. Through fsopen(2), layer by layer (lowerdir+) where the kernel has
 * it, else through one option string with short names (openat'ed symlinks),
 * so that 500 layers do not exceed a page.
 */
int layers_mount(const char *box, const struct layers_options *options,
		 struct err *err) MUST_CHECK;

/* Not mounted is no error. */
int layers_unmount(const char *box, struct err *err) MUST_CHECK;

/* Remove all that layers_make() made. Unmounts first. */
int layers_remove(const char *box, struct err *err) MUST_CHECK;

/*
 * How a container differs from its image: @tell gets 'A' (added), 'C' (changed)
 * or 'D' (deleted) and the path, as `docker diff` prints them, in the order of
 * the walk; a negative errno from it ends the walk. Not of a box whose layers
 * were copied: -EOPNOTSUPP.
 */
struct layers_listener {
	int (*tell)(void *opaque, char kind, const char *path, struct err *err);
	void *opaque;
};
int layers_diff(const char *box, const struct layers_listener *listener,
		struct err *err) MUST_CHECK;
