/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of this folder share: readers of the kinds of member that
 * config.json has, and the parts of the document.
 *
 * A reader fills what its member sets and leaves the rest as it is: zero, NULL,
 * not set. Every one returns 0 or, with the member's path in @err, -EINVAL
 * (-ENOMEM: memory ran out).
 */
#pragma once

#include "common/base/cfg.h"
#include "runtime-glue/spec/spec.h"

#define SPEC_ID_MAX 4294967294U /* -1 is "no change" to the kernel */

/* Words and what they stand for; the last one is NULL. */
struct spec_word {
	const char *word;
	uint64_t value;
};

/* Objects, one after another, of an array or a map. */
struct spec_items {
	size_t size; /* of a struct */
	int (*read)(const struct cfg *item, struct arena *arena, void *out,
		    struct err *err);
	size_t count; /* out */
	void *at;     /* out: @count structs, in the arena */
};

/* spec_read.c */
int spec_read_int(const struct cfg *at, const char *key,
		  struct cfg_bounds bounds, struct spec_int *out,
		  struct err *err) MUST_CHECK;
int spec_read_uint(const struct cfg *at, const char *key, uint64_t max,
		   struct spec_uint *out, struct err *err) MUST_CHECK;
/* 0 if it is missing. */
int spec_read_u32(const struct cfg *at, const char *key, uint32_t max,
		  uint32_t *out, struct err *err) MUST_CHECK;
/* The key must be there. */
int spec_need_u32(const struct cfg *at, const char *key, uint32_t max,
		  uint32_t *out, struct err *err) MUST_CHECK;
int spec_need_u64(const struct cfg *at, const char *key, uint64_t *out,
		  struct err *err) MUST_CHECK;
/* What @at is itself. */
int spec_self_u32(const struct cfg *at, uint32_t max, uint32_t *out,
		  struct err *err) MUST_CHECK;
/* NULL if it is missing or empty. */
int spec_read_text(const struct cfg *at, const char *key, const char **out,
		   struct err *err) MUST_CHECK;
/* Must be there and not be empty. */
int spec_need_text(const struct cfg *at, const char *key, const char **out,
		   struct err *err) MUST_CHECK;
int spec_need_path(const struct cfg *at, const char *key, const char **out,
		   struct err *err) MUST_CHECK;
int spec_read_strings(const struct cfg *at, const char *key,
		      struct arena *arena, struct spec_strings *out,
		      struct err *err) MUST_CHECK;
/* Each "NAME=value". */
int spec_read_env(const struct cfg *at, const char *key, struct arena *arena,
		  struct spec_strings *out, struct err *err) MUST_CHECK;
/* Each an absolute path. */
int spec_read_paths(const struct cfg *at, const char *key, struct arena *arena,
		    struct spec_strings *out, struct err *err) MUST_CHECK;
int spec_read_pairs(const struct cfg *at, const char *key, struct arena *arena,
		    struct spec_pairs *out, struct err *err) MUST_CHECK;
int spec_read_array(const struct cfg *at, const char *key, struct arena *arena,
		    struct spec_items *items, struct err *err) MUST_CHECK;
int spec_read_map(const struct cfg *at, const char *key, struct arena *arena,
		  struct spec_items *items, struct err *err) MUST_CHECK;

/* `"x" is no @what`. Returns NULL for a word that is not in the table. */
const struct spec_word *spec_word_find(const struct spec_word *words,
				       const char *word);
int spec_need_word(const struct cfg *at, const char *key,
		   const struct spec_word *words, const char *what,
		   uint64_t *out, struct err *err) MUST_CHECK;
/* An array of them, their values or'ed. */
int spec_read_flags(const struct cfg *at, const char *key,
		    const struct spec_word *words, const char *what,
		    uint64_t *out, struct err *err) MUST_CHECK;
/* "0-3,7"; NULL if it is missing or empty. */
int spec_read_ranges(const struct cfg *at, const char *key, const char **out,
		     struct err *err) MUST_CHECK;
/* Can a network device have this name? */
bool spec_is_ifname(const char *name);

/* The parts. @at is the object, or one without members if it is missing. */
int spec_process_read(const struct cfg *at, struct arena *arena,
		      struct spec_process *out, struct err *err) MUST_CHECK;
int spec_scheduler_read(const struct cfg *process, struct spec_process *out,
			struct err *err) MUST_CHECK;
int spec_mounts_read(const struct cfg *root, struct arena *arena,
		     struct spec *out, struct err *err) MUST_CHECK;
int spec_idmap_option(const struct cfg *at, const char *maps,
		      struct arena *arena, struct spec_mount *out,
		      struct err *err) MUST_CHECK;
int spec_id_maps_read(const struct cfg *at, const char *key,
		      struct arena *arena, struct spec_id_maps *out,
		      struct err *err) MUST_CHECK;
int spec_linux_read(const struct cfg *at, struct arena *arena,
		    struct spec_linux *out, struct err *err) MUST_CHECK;
int spec_policy_read(const struct cfg *at, struct arena *arena,
		     struct spec_linux *out, struct err *err) MUST_CHECK;
int spec_devices_read(const struct cfg *at, struct arena *arena,
		      struct spec_linux *out, struct err *err) MUST_CHECK;
int spec_device_rules_read(const struct cfg *at, struct arena *arena,
			   struct spec_resources *out,
			   struct err *err) MUST_CHECK;
int spec_resources_read(const struct cfg *at, struct arena *arena,
			struct spec_resources *out, struct err *err) MUST_CHECK;
int spec_block_io_read(const struct cfg *at, struct arena *arena,
		       struct spec_block_io *out, struct err *err) MUST_CHECK;
int spec_seccomp_read(const struct cfg *at, struct arena *arena,
		      struct spec_seccomp *out, struct err *err) MUST_CHECK;
int spec_hooks_read(const struct cfg *root, struct arena *arena,
		    struct spec_hooks *out, struct err *err) MUST_CHECK;

/* What only several members together tell. */
int spec_check(const struct spec *spec, struct err *err) MUST_CHECK;
int spec_check_sysctls(const struct spec *spec, const struct cfg *at,
		       struct err *err) MUST_CHECK;
