/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading JSON text from outside, strictly and within bounds (RFC 8259).
 */
#pragma once

#include <json-c/json.h>
#include <stddef.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

#define JSON_MAX_BYTES (8U << 20)
#define JSON_MAX_DEPTH 64

DEFINE_AUTO(json, struct json_object *, json_object_put)
#define auto_json AUTO(auto_json_release)

/*
 * Parse @len bytes that hold one JSON value and nothing else but white space.
 * @what names the text in the error ("network config"). The caller owns *@out,
 * which is NULL for the value null.
 *
 * Refused with CNI_E_DECODE: bad syntax or UTF-8, NUL bytes, more than
 * JSON_MAX_BYTES, nesting over JSON_MAX_DEPTH (the innermost value counts,
 * even if it is a number), an empty text.
 */
int json_parse(const char *text, size_t len, const char *what,
	       struct json_object **out, struct err *err) MUST_CHECK;
