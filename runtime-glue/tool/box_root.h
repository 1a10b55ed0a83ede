/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A container's root file system, opened whether it runs or not. */
#pragma once

#include "common/base/cleanup.h"
#include "runtime-glue/tool/box.h"

struct box_root {
	struct box box;
	int fd;       /* its "/" */
	bool mounted; /* by us: to be unmounted */
};
#define BOX_ROOT_NONE                    \
	(struct box_root)                \
	{                                \
		.box.lock = -1, .fd = -1 \
	}

/*
 * Of a container that runs, what its init sees (@inside: volumes too) or only
 * BOX/merged; of one that does not, BOX/merged, which is mounted for as long
 * as the root is open, with the box locked.
 */
int box_root_open(const struct tool *tool, const char *reference, bool inside,
		  struct box_root *out, struct err *err) MUST_CHECK;
void box_root_close(struct box_root *root);
#define auto_box_root AUTO(box_root_close)
