/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/base/log.h"
#include "runtime-glue/tool/map.h"

#define ROW     44 /* SVG: a node a row, children to the right */
#define INDENT  40
#define MARGIN  12
#define BOX     30
#define PER_CHR 8

void map_free(struct map *map)
{
	for (size_t i = 0; i < map->count; i++)
		free(map->at[i].label);
	free(map->at);
	*map = (struct map){ .count = 0 };
}

int map_add(struct map *map, size_t parent, const char *label, size_t *index,
	    struct err *err)
{
	struct map_node *grown =
		reallocarray(map->at, map->count + 1, sizeof(*grown));
	char *copy = strdup(label);

	if (grown)
		map->at = grown;
	if (!grown || !copy) {
		free(copy);
		return err_nomem(err);
	}
	log_printable(copy, strlen(copy));
	map->at[map->count] = (struct map_node){
		.depth = map->count ? map->at[parent].depth + 1 : 0,
		.parent = parent,
		.label = copy,
	};
	if (index)
		*index = map->count;
	map->count++;
	return 0;
}

void map_text(const struct map *map, struct strbuf *out)
{
	for (size_t i = 0; i < map->count; i++) {
		for (size_t d = 1; d < map->at[i].depth; d++)
			strbuf_puts(out, "   ");
		strbuf_printf(out, "%s%s\n", map->at[i].depth ? "+- " : "",
			      map->at[i].label);
	}
}

/* Names come from outside: they must not become markup. */
static void put_mermaid(struct strbuf *out, const char *text)
{
	for (; *text; text++)
		if (strchr("\"<>#&;`", *text))
			strbuf_printf(out, "#%d;", *text);
		else
			strbuf_putc(out, *text);
}

void map_mermaid(const struct map *map, struct strbuf *out)
{
	strbuf_puts(out, "flowchart LR\n");
	for (size_t i = 0; i < map->count; i++) {
		strbuf_printf(out, "    n%zu[\"", i);
		put_mermaid(out, map->at[i].label);
		strbuf_puts(out, "\"]\n");
	}
	for (size_t i = 1; i < map->count; i++)
		strbuf_printf(out, "    n%zu --- n%zu\n", map->at[i].parent, i);
}

static void put_xml(struct strbuf *out, const char *text)
{
	for (; *text; text++)
		if (strchr("\"<>&'", *text))
			strbuf_printf(out, "&#%d;", *text);
		else
			strbuf_putc(out, *text);
}

static void put_node(const struct map *map, size_t i, struct strbuf *out)
{
	const struct map_node *node = &map->at[i];
	const size_t x = MARGIN + node->depth * INDENT;
	const size_t y = MARGIN + i * ROW;
	const size_t from = MARGIN + node->parent * ROW + BOX;

	if (i > 0)
		strbuf_printf(out,
			      "<path d=\"M%zu %zu V%zu H%zu\" fill=\"none\" "
			      "stroke=\"#888\"/>\n",
			      x - INDENT / 2, from, y + BOX / 2, x);
	strbuf_printf(out,
		      "<rect x=\"%zu\" y=\"%zu\" width=\"%zu\" height=\"%d\" "
		      "rx=\"4\" fill=\"#eef\" stroke=\"#446\"/>\n"
		      "<text x=\"%zu\" y=\"%zu\">",
		      x, y, strlen(node->label) * PER_CHR + 16, BOX, x + 8,
		      y + 20);
	put_xml(out, node->label);
	strbuf_puts(out, "</text>\n");
}

void map_svg(const struct map *map, struct strbuf *out)
{
	size_t width = 0;

	for (size_t i = 0; i < map->count; i++) {
		const size_t right = map->at[i].depth * INDENT +
				     strlen(map->at[i].label) * PER_CHR;

		width = right > width ? right : width;
	}
	strbuf_printf(out,
		      "<svg xmlns=\"http://www.w3.org/2000/svg\" "
		      "width=\"%zu\" height=\"%zu\" font-family=\"monospace\" "
		      "font-size=\"13\">\n",
		      width + 3 * MARGIN, map->count * ROW + MARGIN);
	for (size_t i = 0; i < map->count; i++)
		put_node(map, i, out);
	strbuf_puts(out, "</svg>\n");
}
