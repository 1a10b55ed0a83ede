/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading configuration out of JSON, with errors that name the exact place.
 *
 * A struct cfg is a borrowed JSON value plus the way to it: a chain of
 * parents in the callers' frames. The path is only spelled out when an error
 * needs it ("ipam.ranges[0][1].subnet: ..."), so reading costs nothing.
 *
 * As in the decoder that nodes' configurations were written for, keys match
 * whatever their case, the last of several matching keys wins, and a JSON
 * null reads as an absent key.
 */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct cfg {
	const struct cfg *parent; /* NULL at the root */
	const char *key;          /* NULL for an array element */
	size_t index;             /* position, for an array element */
	struct json_object *json; /* borrowed from the document */
};

/* A tree whose paths start with nothing, or with @name ("prevResult"). */
struct cfg cfg_root(struct json_object *document);
struct cfg cfg_root_named(struct json_object *document, const char *name);

/* @at is an object that holds @key with a value other than null. */
bool cfg_has(const struct cfg *at, const char *key);

/*
 * Containers. cfg_child() requires the key; with cfg_child_or_none() an absent
 * one gives a @out without members (cfg_has() false, cfg_len() 0).
 * Errors: CNI_E_CONFIG for a missing key or a value of another type.
 */
int cfg_child(const struct cfg *at, const char *key, enum json_type type,
	      struct cfg *out, struct err *err) MUST_CHECK;
int cfg_child_or_none(const struct cfg *at, const char *key,
		      enum json_type type, struct cfg *out,
		      struct err *err) MUST_CHECK;
size_t cfg_len(const struct cfg *array);
int cfg_at(const struct cfg *array, size_t index, enum json_type type,
	   struct cfg *out, struct err *err) MUST_CHECK;

/*
 * The members of an object that serves as a map, in the order of the text, null
 * ones left out: call with *@place NULL first, until it returns false. @out has
 * the member's own key, whose case counts, and its value, of any type:
 * cfg_expect() and cfg_string_self() check that.
 */
bool cfg_next(const struct cfg *object, struct lh_entry **place,
	      struct cfg *out);
int cfg_expect(const struct cfg *at, enum json_type type,
	       struct err *err) MUST_CHECK;

/*
 * Scalars, of a key, of an array element (cfg_string_at), or what @at is itself
 * (cfg_string_self). The plain form requires the key, the _or form has a
 * default. Strings are borrowed from the document. Integers must be written as
 * integers: 1300.0 and 1e3 are refused. cfg_uint_or() is for values of all 64
 * bits; json-c makes UINT64_MAX of anything beyond.
 */
int cfg_string(const struct cfg *at, const char *key, const char **out,
	       struct err *err) MUST_CHECK;
int cfg_string_or(const struct cfg *at, const char *key, const char *fallback,
		  const char **out, struct err *err) MUST_CHECK;
int cfg_string_at(const struct cfg *array, size_t index, const char **out,
		  struct err *err) MUST_CHECK;
int cfg_string_self(const struct cfg *at, const char **out,
		    struct err *err) MUST_CHECK;
struct cfg_bounds {
	int64_t min, max;
};
int cfg_int_or(const struct cfg *at, const char *key, int64_t fallback,
	       struct cfg_bounds bounds, int64_t *out,
	       struct err *err) MUST_CHECK;
int cfg_uint_or(const struct cfg *at, const char *key, uint64_t fallback,
		uint64_t max, uint64_t *out, struct err *err) MUST_CHECK;
int cfg_bool_or(const struct cfg *at, const char *key, bool fallback, bool *out,
		struct err *err) MUST_CHECK;

/* Reject what was read at @key (NULL: @at itself): "path.key: reason". */
int cfg_fail(struct err *err, const struct cfg *at, const char *key,
	     const char *fmt, ...) PRINTF(4, 5) COLD;
