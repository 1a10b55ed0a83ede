/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run: create, start and, in the foreground, stay until the end. */
#include <errno.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "runtime-glue/oci/front.h"
#include "runtime-glue/oci/launch.h"
#include "runtime-glue/oci/notify.h"

static int finish(const struct runtime *runtime, const char *id, bool keep)
{
	struct err why = { .code = CNI_OK };

	if (keep)
		return 0;
	if (container_delete(runtime, id, true, &why) < 0)
		log_warn("%s", why.msg);
	return -why.errnum;
}

static int serve(struct launch *launch, struct front *front, bool detach,
		 int *code, struct err *err)
{
	const pid_t pid = launch->state.pid;
	auto_fd int notify = -1;
	int r = launch_start(&launch->state, &notify, err);

	if (r == 0 && detach)
		notify_wait(&launch->state, notify);
	if (r < 0 || detach)
		return r;
	front->notify = take_fd(&notify);
	/* Others may kill it, look at it, delete it from now on. */
	state_close(&launch->state);
	launch->state = STATE_NONE;
	/* What init inherited stays open as long as we hold it. */
	if (launch->console >= 0)
		(void)close(take_fd(&launch->console));
	if (launch->terminal >= 0) {
		r = front_terminal(front, launch->terminal, err);
		if (r < 0)
			return r;
	}
	return front_serve(front, pid, launch->pidfd, code, err);
}

int container_run(const struct runtime *runtime,
		  const struct create_options *options, struct run_how how,
		  int *code, struct err *err)
{
	auto_launch struct launch launch = LAUNCH_NONE;
	auto_front struct front front = FRONT_NONE;
	int r = 0;

	launch.runtime = runtime;
	launch.options = options;
	*code = 0;
	if (!how.detach) {
		if (how.subreaper)
			(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
		r = front_open(&front, err);
	}
	r = r ?: launch_create(&launch, !how.detach, err);
	if (r < 0)
		return r;
	r = serve(&launch, &front, how.detach, code, err);
	/* The lock, before delete asks for it. */
	launch_close(&launch);
	launch = LAUNCH_NONE;
	if (r < 0 || !how.detach)
		(void)finish(runtime, options->id, r == 0 && how.keep);
	return r;
}
