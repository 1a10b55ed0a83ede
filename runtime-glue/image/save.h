/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images to files: an OCI layout, as a directory or an archive. With docker's
 * manifest.json beside it the archive is one for `docker load`, too, which is
 * how docker itself writes it nowadays.
 */
#pragma once

#include "runtime-glue/image/store.h"
#include "runtime-glue/image/tarw.h"

struct save_target {
	int dir; /* an empty directory, or -1: an archive to: */
	const struct tarw_sink *sink;
	bool docker; /* manifest.json, too */
};

/*
 * Those that @references name; under these names, with none if they are ids.
 * One that is named several times is there once, with several names.
 */
int image_save(const struct image_store *store, char *const *references,
	       size_t count, const struct save_target *target,
	       struct err *err) MUST_CHECK;
