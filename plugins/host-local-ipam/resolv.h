/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a resolv.conf into a result's `dns` (cni-behaviour.md 2.3). */
#pragma once

#include <stddef.h>

#include "common/cni/result.h"

/*
 * Parse @len bytes of @text; what @out points at is in @arena.
 * Errors: CNI_E_CONFIG for a line of 64 KiB or more, or a NUL character.
 */
int resolv_parse(const char *text, size_t len, struct arena *arena,
		 struct cni_dns *out, struct err *err) MUST_CHECK;

/*
 * Read and parse the file @path, at most 8 MiB; never waits for a FIFO.
 * Errors: CNI_E_IO, or as above; both name ipam.resolvConf and the path.
 */
int resolv_read(const char *path, struct arena *arena, struct cni_dns *out,
		struct err *err) MUST_CHECK;
