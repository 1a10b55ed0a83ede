/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The root file system and the network are made side by side: the network in a
 * thread, that has a copy of the record for itself and starts plugins by
 * vfork(2), with a process of its own for whatever it does in a namespace. The
 * engine, which forks, comes when it has ended.
 */
#include <pthread.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/trace.h"
#include "runtime-glue/layers/layers.h"
#include "runtime-glue/tool/box_parts.h"
#include "runtime-glue/tool/run.h"

struct side {
	const struct tool *tool;
	struct box box; /* borrows all but the record */
	int result;
	struct err err;
	bool runs;
	pthread_t thread;
};

static void *bring_up(void *opaque)
{
	struct side *side = opaque;

	side->result = netplan_up(side->tool, &side->box, side->box.record,
				  &side->err);
	return NULL;
}

/* Worth a thread only if there are plugins to wait for. */
static int side_start(struct side *side, const struct run *run, struct err *err)
{
	struct json_object *networks = NULL;
	int r;

	side->tool = run->tool;
	side->box = run->box;
	side->box.record = NULL;
	if (json_object_deep_copy(run->box.record, &side->box.record, NULL) < 0)
		return err_nomem(err);
	if (!json_object_object_get_ex(side->box.record, "networks",
				       &networks) ||
	    !json_object_is_type(networks, json_type_array) ||
	    json_object_array_length(networks) == 0) {
		(void)bring_up(side);
		return err_take(err, &side->err);
	}
	(void)trace_start(); /* opens what is written to, once */
	r = pthread_create(&side->thread, NULL, bring_up, side);
	side->runs = r == 0;
	return r ? err_sys(err, r, "start a thread for the network") : 0;
}

/* What it has found out is in the record then, of a failure, too. */
static int side_join(struct side *side, struct json_object *record,
		     struct err *err)
{
	struct json_object *networks = NULL;

	if (side->runs)
		(void)pthread_join(side->thread, NULL);
	if (json_object_object_get_ex(side->box.record, "networks",
				      &networks) &&
	    json_object_object_add(record, "networks",
				   json_object_get(networks)) < 0)
		return err_nomem(err);
	json_object_put(take_ptr(side->box.record));
	return side->runs ? err_take(err, &side->err) : 0;
}

static int make_root(struct run *run, struct err *err)
{
	const struct layers_options layers = {
		.layers = (const char *const *)run->image.layers,
		.count = run->image.layer_count,
		.volatile_ok = run->options && run->options->remove,
	};
	int r = 0;

	if (run->has_image)
		r = layers_make(run->box.path, &layers, err);
	/* With --rootfs there is nothing to mount. */
	if (r == 0 && *box_get(&run->box, "imageId"))
		r = layers_mount(run->box.path, &layers, err);
	if (r == 0 && run->options)
		r = bundle_make(run->tool, run->options,
				run->has_image ? &run->image : NULL, &run->box,
				run->argc, run->argv, &run->config, err);
	return r;
}

int run_up(struct run *run, bool network, struct err *err)
{
	struct side side = { .tool = NULL };
	int r = 0, sig;

	if (network)
		r = side_start(&side, run, err);
	r = r ?: make_root(run, err);
	if (network)
		r = r ?: box_shm_mount(&run->box, err);
	if (network)
		r = first_of(side_join(&side, run->box.record, err), r);
	sig = run_pending_signal();
	if (r == 0 && sig) {
		run->failure = 128 + sig;
		return err_set(err, CNI_E_IO, "stopped by signal %d (%s)", sig,
			       sigabbrev_np(sig) ?: "?");
	}
	return r;
}
