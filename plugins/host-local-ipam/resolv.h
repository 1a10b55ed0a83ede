/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a resolv.conf into a result's `dns` (cni-behaviour.md 2.3). */
#pragma once

#include <stddef.h>

#include "common/cni/result.h"

/* Parse @len bytes of @text. Errors: -EINVAL for a line over 64 KiB. */
int resolv_parse(const char *text, size_t len, struct arena *arena,
		 struct cni_dns *out, struct err *err) MUST_CHECK;

/* Read and parse the file @path, at most 8 MiB. */
int resolv_read(const char *path, struct arena *arena, struct cni_dns *out,
		struct err *err) MUST_CHECK;
