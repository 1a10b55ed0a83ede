/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/tool/box.h"
#include "runtime-glue/tool/image_show.h"

int inspect_box(const struct tool *tool, const char *name,
		struct json_object **out, struct err *err)
{
	auto_box struct box box = BOX_NONE;
	int r = box_open(tool, name, false, &box, err);

	if (r == 0)
		*out = json_object_get(box.record);
	return r;
}
