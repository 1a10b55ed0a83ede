/* SPDX-License-Identifier: GPL-2.0-or-later */
/* start: the last packet of the start-up protocol. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "runtime-glue/oci/launch.h"
#include "runtime-glue/oci/notify.h"
#include "runtime-glue/oci/sync.h"
#include "runtime-glue/process/hooks.h"

static int dial(const struct state *state, int *out, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	text_format(address.sun_path, sizeof(address.sun_path),
		    "/proc/self/fd/%d/start", state->dir);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(err, errno, "socket for start");
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		(void)err_sys(err, errno,
			      "container \"%s\": reach its first process",
			      state->id);
		(void)close(fd);
		return -err->errnum;
	}
	*out = fd;
	return 0;
}

/*
 * The socket goes before the word does: whoever looks at the container from
 * then on does not take it for one that waits. Should we be killed in between,
 * the waiting side sees our end closed, and ends.
 */
static int let_go(struct state *state, struct err *err)
{
	auto_fd int fd = -1;
	enum sync_what what = SYNC_GO;
	int value;
	int r = dial(state, &fd, err);

	if (r < 0)
		return r;
	if (unlinkat(state->dir, "start", 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove the start socket of \"%s\"",
			       state->id);
	r = sync_send(fd, SYNC_GO, 0, err);
	if (r < 0)
		return r;
	/* execve() closes the other end; all that is ever said is a failure. */
	r = sync_next(fd, &what, &value, err);
	if (r == -EPIPE && !err->code)
		return 0;
	return r ?: err_set(err, CNI_E_IO, "an answer to start that is none");
}

/* As runc does, a failing poststart hook ends the container. */
static int run_hooks(struct state *state, struct err *err)
{
	auto_spec_doc struct spec_doc doc = { .json = NULL };
	auto_strbuf struct strbuf text = { .len = 0 };
	auto_fd int pidfd = -1;
	int r = state_load_spec(state, &doc, err);

	if (r < 0 || doc.spec.hooks[SPEC_HOOK_POSTSTART].count == 0)
		return r;
	state_print(state, STATUS_RUNNING, false, &text);
	r = hooks_run(&doc.spec, SPEC_HOOK_POSTSTART, strbuf_str(&text),
		      state->bundle, false, err);
	if (r == 0)
		return 0;
	pidfd = state_pidfd(state);
	if (pidfd >= 0)
		(void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	return r;
}

int launch_start(struct state *state, int *notify, struct err *err)
{
	int r = notify_open(state, notify, err);

	r = r ?: let_go(state, err);
	return r ?: run_hooks(state, err);
}

int container_start(const struct runtime *runtime, const char *id,
		    struct err *err)
{
	auto_state struct state state = STATE_NONE;
	auto_fd int notify = -1;
	enum status status;
	int r = state_open(runtime->root, id, true, &state, err);

	if (r < 0)
		return r;
	status = state_status(&state);
	if (status != STATUS_CREATED)
		return err_set(err, CNI_E_IO,
			       "cannot start container \"%s\", which is %s", id,
			       status_name(status));
	r = launch_start(&state, &notify, err);
	if (r == 0)
		notify_wait(&state, notify);
	return r;
}
