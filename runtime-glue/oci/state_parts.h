/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of the state's module. */
#pragma once

#include <fcntl.h>

#include "runtime-glue/oci/state.h"

#define DIR_FLAGS (O_PATH | O_DIRECTORY)

/* Read state.json into @out, whose dir is open; false: it is not readable. */
bool state_read(struct state *out);

bool state_is_id(const char *id);

/*
 * Whether a directory under ROOT is a container's. An empty one is: its create
 * was killed between the first two system calls.
 */
bool state_is_ours(int dir);

/* Whether ROOT/ID is still the directory that we have open. */
bool state_is_current(const struct state *state);

/* Unlock, and close the directory. */
void state_close_dir(struct state *state);
