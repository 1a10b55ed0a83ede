/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An arena: many small allocations with one lifetime, freed together.
 */
#pragma once

#include <stddef.h>

#include "common/base/cleanup.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks;
};

#define auto_arena AUTO(arena_free)

/* @size zeroed bytes, aligned for any object; NULL when memory ran out. */
void *arena_alloc(struct arena *arena, size_t size);

/* An array of @count zeroed elements; NULL also when the size overflows. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* A copy of @text (which may be NULL: then NULL). */
char *arena_strdup(struct arena *arena, const char *text);

void arena_free(struct arena *arena);
