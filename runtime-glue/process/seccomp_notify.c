/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SCMP_ACT_NOTIFY: the listener is told of the container and given the fd. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/cfg.h"
#include "common/base/json.h"
#include "common/base/jsonw.h"
#include "common/base/trace.h"
#include "runtime-glue/process/parts.h"

/* How often the thread looks for its order. */
#define LOOK_NS 50000L

#define NO_FD  (-1)
#define CANCEL (-2)

struct sender {
	atomic_int fd;
	atomic_int done;
	int socket, result;
	bool thread;
	pthread_t id;
	struct strbuf message;
};

int listener_connect(const char *path, int *fd, struct err *err)
{
	int r = process_connect(path);

	if (r < 0)
		return err_sys(err, -r,
			       "linux.seccomp.listenerPath: connect to \"%s\"",
			       path);
	*fd = r;
	return 0;
}

static int state_read(const char *state_json, int64_t *pid, struct err *err)
{
	const struct cfg_bounds bounds = { 0, INT32_MAX };
	auto_json struct json_object *json = NULL;
	struct cfg state;
	int r;

	r = json_parse(state_json, strlen(state_json), "state", &json, err);
	if (r < 0)
		return r;
	state = cfg_root_named(json, "state");
	return cfg_int_or(&state, "pid", 0, bounds, pid, err);
}

int listener_message(const struct process *process, const char *state_json,
		     struct strbuf *out, struct err *err)
{
	struct jsonw w = { .out = out, .compact = true };
	const char *version = process->container->oci_version;
	const char *metadata =
		process->container->linux_.seccomp.listener_metadata;
	int64_t pid = 0;
	int r;

	if (!state_json)
		return err_set(err, CNI_E_CONFIG,
			       "linux.seccomp.listenerPath: no state to send");
	r = state_read(state_json, &pid, err);
	if (r < 0)
		return r;
	jsonw_open(&w, NULL, '{');
	jsonw_string(&w, "ociVersion", version ? version : "1.2.0");
	jsonw_open(&w, "fds", '[');
	jsonw_string(&w, NULL, "seccompFd");
	jsonw_close(&w, ']');
	jsonw_int(&w, "pid", process->pid ? process->pid : pid);
	jsonw_string_opt(&w, "metadata", metadata);
	strbuf_puts(out, ",\"state\":");
	strbuf_puts(out, state_json);
	jsonw_close(&w, '}');
	return out->failed ? err_nomem(err) : 0;
}

static void *sender_main(void *arg)
{
	const struct timespec pause = { .tv_nsec = LOOK_NS };
	struct sender *sender = arg;
	int fd;

	for (;;) {
		fd = atomic_load(&sender->fd);
		if (fd != NO_FD)
			break;
		(void)nanosleep(&pause, NULL);
	}
	if (fd != CANCEL)
		sender->result = process_send_fd(sender->socket, fd,
						 sender->message.data,
						 sender->message.len);
	atomic_store(&sender->done, 1);
	return NULL;
}

int sender_start(int socket, struct strbuf *message, struct sender **out,
		 struct err *err)
{
	struct sender *sender = calloc(1, sizeof(*sender));
	sigset_t all, before;

	if (!sender)
		return err_nomem(err);
	atomic_init(&sender->fd, NO_FD);
	atomic_init(&sender->done, 0);
	sender->socket = socket;
	sender->message = *message;
	*message = (struct strbuf){ 0 };
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	/*
	 * A pids.max of 1 allows no thread, and under SCHED_FIFO it would never
	 * get the processor from who waits for it: then it is done without.
	 */
	sender->thread =
		sched_getscheduler(0) != SCHED_FIFO &&
		pthread_create(&sender->id, NULL, sender_main, sender) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	*out = sender;
	return 0;
}

int sender_send(struct sender *sender, int fd)
{
	if (!sender->thread)
		return process_send_fd(sender->socket, fd, sender->message.data,
				       sender->message.len);
	atomic_store(&sender->fd, fd);
	while (!atomic_load(&sender->done))
		__asm__ volatile("" ::: "memory");
	return sender->result;
}

void sender_free(struct sender *sender)
{
	if (!sender)
		return;
	atomic_store(&sender->fd, CANCEL);
	if (sender->thread)
		(void)pthread_join(sender->id, NULL);
	strbuf_free(&sender->message);
	free(sender);
}
