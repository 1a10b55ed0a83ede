/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening a container's root file system. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "runtime-glue/layers/layers.h"
#include "runtime-glue/oci/state.h"
#include "runtime-glue/tool/box_root.h"

static bool runs(const struct state *state)
{
	enum status status = state_status(state);

	return status == STATUS_RUNNING || status == STATUS_PAUSED ||
	       status == STATUS_CREATED;
}

/* -ESRCH: it does not run. */
static int open_running(const struct tool *tool, const struct box *box,
			bool inside, struct err *err)
{
	auto_state struct state state = STATE_NONE;
	struct err why = { .code = CNI_OK };
	char path[PATH_MAX];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/oci", tool->run);
	if (state_open(path, box->id, false, &state, &why) < 0 || !runs(&state))
		return -ESRCH;
	if (inside)
		(void)snprintf(path, sizeof(path), "/proc/%d/root",
			       (int)state.pid);
	else
		(void)snprintf(path, sizeof(path), "%s/merged", box->path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ESRCH
			       ? -ESRCH
			       : err_sys(err, errno, "open %s", path);
	/* Still that process: its number was not another's meanwhile. */
	if (runs(&state))
		return fd;
	(void)close(fd);
	return -ESRCH;
}

static int open_stopped(struct box_root *root, struct err *err)
{
	const struct layers_options options = { .count = 0 };
	char path[PATH_MAX];
	int r = layers_mount(root->box.path, &options, err);

	if (r < 0)
		return r;
	root->mounted = true;
	(void)snprintf(path, sizeof(path), "%s/merged", root->box.path);
	root->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return root->fd < 0 ? err_sys(err, errno, "open %s", path) : 0;
}

int box_root_open(const struct tool *tool, const char *reference, bool inside,
		  struct box_root *out, struct err *err)
{
	int r = box_open(tool, reference, false, &out->box, err);
	int fd;

	if (r < 0)
		return r;
	fd = open_running(tool, &out->box, inside, err);
	if (fd != -ESRCH) {
		out->fd = fd < 0 ? -1 : fd;
		return fd < 0 ? fd : 0;
	}
	box_close(&out->box);
	out->box = BOX_NONE;
	r = box_open(tool, reference, true, &out->box, err);
	return r ?: open_stopped(out, err);
}

void box_root_close(struct box_root *root)
{
	struct err err = { .code = CNI_OK };

	auto_fd_release(&root->fd);
	root->fd = -1;
	if (root->mounted && layers_unmount(root->box.path, &err) < 0)
		log_warn("%s", err.msg);
	root->mounted = false;
	box_close(&root->box);
	root->box = BOX_NONE;
}
