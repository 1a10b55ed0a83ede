/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "common/base/err.h"

/*
 * Write what tar archive @fd (plain, gzip or zstd) has to directory @dir, which
 * may be a running container's. Nothing gets outside of it, and nothing into
 * what is mounted below it. Files are replaced; a file in a directory's place,
 * or the reverse, is refused. @own: it belongs to the caller, not to whom the
 * archive says. What was written before an error stays.
 */
int image_extract(int fd, int dir, bool own, struct err *err) MUST_CHECK;
