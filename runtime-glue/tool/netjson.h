/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON objects, built and read in the words of the network part. */
#pragma once

#include <stdint.h>

#include "common/base/err.h"
#include "common/base/json.h"

/*
 * Put @value, which is taken over even on failure, at @key (NULL: at the end
 * of an array). A @value of NULL is one that memory ran out for.
 */
int netjson_put(struct json_object *at, const char *key,
		struct json_object *value, struct err *err) MUST_CHECK;
int netjson_text(struct json_object *at, const char *key, const char *text,
		 struct err *err) MUST_CHECK;
int netjson_int(struct json_object *at, const char *key, int64_t value,
		struct err *err) MUST_CHECK;

/* What is at @key: "" or NULL or 0 where it is absent or something else. */
const char *netjson_string(const struct json_object *at, const char *key);
struct json_object *netjson_array(const struct json_object *at,
				  const char *key);
struct json_object *netjson_object(const struct json_object *at,
				   const char *key);
int64_t netjson_number(const struct json_object *at, const char *key);

/* 0 for NULL; the object at @index, or NULL. */
size_t netjson_len(const struct json_object *array);
struct json_object *netjson_at(const struct json_object *array, size_t index);
