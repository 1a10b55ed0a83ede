/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between cache.c, the files, and cache_entry.c, what is in them. */
#pragma once

#include "runtime-glue/cni/cache.h"

/* The folder of entries; *@out is -1 if it is not there and not to be made. */
int cache_open(const struct chain_runtime *runtime, bool make, int *out,
	       struct err *err) MUST_CHECK;

/* The object in a file of it, whatever it is; NULL: no such file. */
int cache_load(int dir, const char *name, struct json_object **out,
	       struct err *err) MUST_CHECK;

/* Takes @value. -ENOMEM, also for a @value of NULL. */
int cache_put(struct json_object *object, const char *key,
	      struct json_object *value) MUST_CHECK;

/* An entry in libcni's form, keys in its order. */
int cache_build(const struct netlist *list,
		const struct chain_attachment *attachment,
		struct json_object *result, struct json_object **out,
		struct err *err) MUST_CHECK;
