/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which process a container is: what the engine knows, never what we wrote. */
#include "common/base/cleanup.h"
#include "runtime-glue/oci/state.h"
#include "runtime-glue/tool/box_parts.h"

int box_pid(const struct tool *tool, const struct box *box, pid_t *out,
	    struct err *err)
{
	struct err why = { .code = CNI_OK };
	auto_state struct state state = STATE_NONE;
	auto_free char *root = NULL;
	struct runtime engine;
	enum status status;
	int r = box_engine(tool, &root, &engine, err);

	*out = 0;
	if (r < 0)
		return r;
	r = state_open(engine.root, box->id, false, &state, &why);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_take(err, &why);
	status = state_status(&state);
	if (status == STATUS_RUNNING || status == STATUS_PAUSED)
		*out = state.pid;
	return 0;
}
