/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files that load images share. */
#pragma once

#include "runtime-glue/image/load.h"

struct load {
	const struct load_options *options;
	const char *path;
	struct image_change *change;
	int dir;                    /* an OCI layout directory, or -1 */
	struct json_object *index;  /* index.json */
	struct json_object *docker; /* manifest.json */
	struct json_object *files;  /* of an archive: path -> hex digits */
	struct json_object *links;  /* path -> path; links to files */
	unsigned int found, nested;
	struct json_object *told; /* names and ids, for `loaded` */
};

/* Blob @hex is in the store or the change after this. */
int load_fetch(struct load *load, const char *hex, struct err *err) MUST_CHECK;
/* Read all of an archive. */
int load_archive(struct load *load, int fd, struct err *err) MUST_CHECK;
/* The image of manifest @hex, with @name (as the archive has it) or NULL. */
int load_manifest(struct load *load, const char *hex, const char *name,
		  struct err *err) MUST_CHECK;
int load_index(struct load *load, struct json_object *index, const char *name,
	       unsigned int depth, struct err *err) MUST_CHECK;
/* The file of the archive that @path is or is a link to; NULL: none. */
const char *load_file(const struct load *load, const char *path);
int load_docker(struct load *load, struct err *err) MUST_CHECK;
