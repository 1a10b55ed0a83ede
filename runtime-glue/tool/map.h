/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The picture of `map`: a tree of what there is, and three ways to draw it. */
#pragma once

#include "runtime-glue/tool/tool.h"

struct map_node {
	size_t depth; /* 0: the host */
	size_t parent;
	char *label; /* one line */
};

/* In the order of the tree: each behind its parent. */
struct map {
	size_t count;
	struct map_node *at;
};
#define auto_map AUTO(map_free)
void map_free(struct map *map);
/* @label is printable from then on. *@index may be NULL. */
int map_add(struct map *map, size_t parent, const char *label, size_t *index,
	    struct err *err) MUST_CHECK;

/* What there is now. */
int map_collect(const struct tool *tool, struct map *out,
		struct err *err) MUST_CHECK;

void map_text(const struct map *map, struct strbuf *out);
void map_mermaid(const struct map *map, struct strbuf *out);
void map_svg(const struct map *map, struct strbuf *out);
