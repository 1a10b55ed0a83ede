/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Within runtime-glue/layers only, and for its tests. */
#pragma once

#include "common/base/cleanup.h"
#include "runtime-glue/layers/layers.h"

#define LAYERS_MAX 500 /* overlayfs' own limit */

/* BOX/lower, read. */
struct layers_list {
	char *text;      /* what @at points into */
	const char **at; /* lowest first */
	size_t count;
};
int layers_read(const char *box, struct layers_list *out,
		struct err *err) MUST_CHECK;
void layers_list_free(struct layers_list *list);
#define auto_layers_list AUTO(layers_list_free)

/* How overlayfs is told: a layer at a time (since Linux 6.7; -ENOSYS: it
 * cannot be told so), or in one page of text. */
int overlay_by_layer(const char *box, const struct layers_list *lower,
		     bool is_volatile, struct err *err) MUST_CHECK;
int overlay_by_page(const char *box, const struct layers_list *lower,
		    bool is_volatile, struct err *err) MUST_CHECK;
