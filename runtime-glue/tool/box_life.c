/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of a box, in order or after a crash. Every step can be repeated; the
 * mark (RUN/live/ID) goes last, so that whatever is interrupted is done again.
 */
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/base/strbuf.h"
#include "common/base/text.h"
#include "runtime-glue/layers/layers.h"
#include "runtime-glue/oci/container.h"
#include "runtime-glue/tool/box_parts.h"
#include "runtime-glue/tool/netplan.h"
#include "runtime-glue/tool/volume.h"

#define KILLED 137

int box_engine(const struct tool *tool, char **root, struct runtime *out,
	       struct err *err)
{
	*out = (struct runtime){ .rootless = false };
	if (asprintf(root, "%s/oci", tool->run) < 0) {
		*root = NULL;
		return err_nomem(err);
	}
	out->root = *root;
	return 0;
}

int box_begin(const struct tool *tool, struct box *box, struct err *err)
{
	int r = box_mark(tool, box->id, err);

	r = r ?: box_set(box, "status", "running", err);
	return r ?: box_save(box, err);
}

static int delete_engine(const struct tool *tool, const struct box *box,
			 struct err *err)
{
	auto_free char *root = NULL;
	struct runtime engine;
	int r = box_engine(tool, &root, &engine, err);

	return r ?: container_delete(&engine, box->id, true, err);
}

bool box_goes_away(const struct box *box)
{
	struct json_object *value = NULL;

	return json_object_object_get_ex(box->record, "remove", &value) &&
	       json_object_get_boolean(value);
}

/* The image's volumes and the user's names were looked up: it was mounted. */
int box_created(const struct tool *tool, struct box *box, struct err *err)
{
	int r = layers_unmount(box->path, err);

	r = r ?: box_set(box, "status", "created", err);
	r = r ?: box_save(box, err);
	/* With --rm, too: it goes at the end of its first run. */
	if (r == 0)
		box_unmark(tool, box->id);
	return r;
}

/* Its processes first: they use the rest. */
int box_down(const struct tool *tool, struct box *box, struct err *err)
{
	int r = delete_engine(tool, box, err);

	r = first_of(netplan_down(tool, box, err), r);
	r = first_of(layers_unmount(box->path, err), r);
	r = first_of(box_shm_unmount(box, err), r);
	if (r == 0 && box_is(box, "running"))
		r = box_set(box, "status", "exited", err) ?: box_save(box, err);
	if (r == 0 && !box_is(box, "creating") && !box_goes_away(box))
		box_unmark(tool, box->id);
	return r;
}

static int remove_dir(const struct tool *tool, struct box *box, struct err *err)
{
	char path[BOX_ID_LEN + 8];
	auto_fd int names = -1;
	int r = box_open_names(tool, &names, err);

	if (r < 0)
		return r;
	text_format(path, sizeof(path), "../%s", box->id);
	box_drop_name(names, box_get(box, "name"), box->id);
	r = box_remove_tree(names, path, err);
	return r;
}

/* Its volumes last: as long as it is there, it uses them. */
int box_remove(const struct tool *tool, struct box *box, struct err *err)
{
	bool volumes = box_goes_away(box) || box_is(box, "creating");
	int r = box_down(tool, box, err);

	r = r ?: layers_remove(box->path, err);
	r = r ?: remove_dir(tool, box, err);
	if (r < 0)
		return r;
	box_unmark(tool, box->id);
	return volumes ? volume_drop_anonymous(tool, box->record, err) : 0;
}

/* ---- After a crash ---- */

/*
 * The lock that a box's maker has is taken under the one on names: so whoever
 * gets it there has no maker in the middle of its first steps before him.
 */
static int take_dead(const struct tool *tool, const char *id, struct box *out,
		     struct err *err)
{
	auto_strbuf struct strbuf path = { .len = 0 };
	auto_fd int names = -1, lock = -1;
	int r;

	strbuf_printf(&path, "%s/containers/%s", tool->root, id);
	if (path.failed)
		return err_nomem(err);
	r = box_open_names(tool, &names, err);
	if (r < 0)
		return r;
	if (access(path.data, F_OK) < 0 && errno == ENOENT) {
		box_unmark(tool, id);
		return 0;
	}
	r = box_try_lock(path.data, &lock, err);
	if (r < 0 || lock < 0)
		return r;
	r = box_load(tool, id, out, err);
	out->lock = take_fd(&lock);
	return r;
}

static int bury(const struct tool *tool, struct box *box, struct err *err)
{
	int r = 0;

	box_end_plugins(box->id);
	if (box_is(box, "creating") || box_goes_away(box))
		return box_remove(tool, box, err);
	if (box_is(box, "running"))
		r = box_set_int(box, "exitCode", KILLED, err);
	return r ?: box_down(tool, box, err);
}

static void sweep_one(const struct tool *tool, const char *id)
{
	auto_box struct box box = BOX_NONE;
	struct err err = { .code = CNI_OK };
	int r = take_dead(tool, id, &box, &err);

	if (r == 0 && box.lock >= 0)
		r = bury(tool, &box, &err);
	if (r < 0 && r != -ENOENT)
		log_warn("clean up after container %.12s: %s", id, err.msg);
}

/*
 * No directory of marks: the first command since the machine was booted. All
 * boxes are looked at then; what was running is not any more.
 */
void box_sweep(const struct tool *tool)
{
	struct err err = { .code = CNI_OK };
	char **list = NULL;
	size_t count = 0;
	int r = box_list_dir(tool->run, "live", &list, &count, &err);
	bool booted = r == -ENOENT && !err.code;

	if (booted)
		r = box_list(tool, &list, &count, &err);
	for (size_t i = 0; r == 0 && i < count; i++)
		sweep_one(tool, list[i]);
	box_list_free(list, count);
	if (r < 0)
		log_warn("look for what crashes left: %s", err.msg);
}
