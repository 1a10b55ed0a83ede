/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which containers have a volume, and the end of those that none has. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "common/base/trace.h"
#include "runtime-glue/layers/tree.h"
#include "runtime-glue/tool/volume.h"

static bool has_volume(const struct json_object *record, const char *name)
{
	struct json_object *list = NULL;

	if (!json_object_object_get_ex(record, "volumes", &list) ||
	    !json_object_is_type(list, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const char *text = json_object_get_string(
			json_object_array_get_idx(list, i));

		if (text && strcmp(text, name) == 0)
			return true;
	}
	return false;
}

int volume_users(const struct tool *tool, const char *name, char **out,
		 struct err *err)
{
	auto_strbuf struct strbuf text = { .len = 0 };
	char **ids = NULL;
	size_t count = 0;
	int r = box_list(tool, &ids, &count, err);

	for (size_t i = 0; i < count; i++) {
		auto_box struct box box = BOX_NONE;
		struct json_object *called = NULL;

		if (r == 0)
			r = box_open(tool, ids[i], false, &box, err);
		if (r == -ENOENT) { /* removed meanwhile */
			err_clear(err);
			r = 0;
		} else if (r == 0 && has_volume(box.record, name)) {
			(void)json_object_object_get_ex(box.record, "name",
							&called);
			strbuf_printf(&text, "%s%s", text.len ? ", " : "",
				      called ? json_object_get_string(called)
					     : ids[i]);
		}
		free(ids[i]);
	}
	free(ids);
	strbuf_puts(&text, "");
	if (r == 0 && text.failed)
		r = err_nomem(err);
	if (r == 0)
		*out = take_ptr(text.data);
	return r;
}

int volume_remove(const struct tool *tool, const struct volumes *volumes,
		  const char *name, struct err *err)
{
	auto_json struct json_object *record = NULL;
	auto_free char *users = NULL;
	uint64_t start = trace_start();
	int r = volume_check_name(name, err);

	r = r ?: volume_read(volumes, name, &record, err);
	r = r ?: volume_users(tool, name, &users, err);
	if (r < 0)
		return r;
	if (*users) {
		err_set(err, CNI_E_FIELD, "volume \"%s\" is used by %s", name,
			users);
		err_hint(err, "remove the container first: runtime-glue rm %s",
			 users);
		return -EBUSY;
	}
	r = tree_remove(volumes->dir, ".old", err);
	if (r == 0 && renameat(volumes->dir, name, volumes->dir, ".old") < 0)
		r = err_sys(err, errno, "remove volume \"%s\"", name);
	r = r ?: tree_remove(volumes->dir, ".old", err);
	trace_end(start, r, "file", "remove volume %s/%s", volumes->path, name);
	return r;
}

int volume_drop_anonymous(const struct tool *tool,
			  const struct json_object *record, struct err *err)
{
	auto_volumes struct volumes volumes = VOLUMES_NONE;
	struct json_object *list = NULL;
	int r;

	if (!json_object_object_get_ex(record, "volumes", &list) ||
	    !json_object_is_type(list, json_type_array) ||
	    json_object_array_length(list) == 0)
		return 0;
	r = volumes_open(tool, &volumes, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		auto_json struct json_object *volume = NULL;
		struct json_object *anonymous = NULL;
		const char *name = json_object_get_string(
			json_object_array_get_idx(list, i));
		struct err why = { .code = CNI_OK };
		int step = name ? volume_read(&volumes, name, &volume, &why)
				: -ENOENT;

		if (step == 0 &&
		    json_object_object_get_ex(volume, "anonymous",
					      &anonymous) &&
		    json_object_get_boolean(anonymous))
			step = volume_remove(tool, &volumes, name, &why);
		/* Gone already, or another container has it, too. */
		if (step < 0 && step != -ENOENT && step != -EBUSY)
			r = first_of(err_take(err, &why), r);
	}
	return r;
}
