/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the store share. */
#pragma once

#include "runtime-glue/image/store.h"

/* Remove what dead changes left in ROOT/tmp. */
void image_sweep(const struct image_store *store);

/* A name as a file's name: '/' is "%2f", '%' "%25"; and back. */
int image_name_to_file(const char *name, char **out,
		       struct err *err) MUST_CHECK;
char *image_name_of_file(const char *file);
