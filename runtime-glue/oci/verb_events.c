/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Figures at an interval, and kills for lack of memory, until the end. */
#include <limits.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "runtime-glue/oci/cli.h"

struct options {
	const char *interval;
	bool stats;
};

static const struct cli_option events_options[] = {
	{ "interval", 0, CLI_TEXT, offsetof(struct options, interval),
	  "DURATION", "between two lines of figures (5s)" },
	{ "stats", 0, CLI_FLAG, offsetof(struct options, stats), NULL,
	  "print the figures once, and that is all" },
	{ .name = NULL },
};

struct watch {
	struct state state;
	struct cgroup cgroup;
	int pidfd;
	int oom; /* or -1 */
	short oom_events;
	int oom_kills;
};

static void close_watch(struct watch *watch)
{
	if (watch->pidfd >= 0)
		(void)close(watch->pidfd);
	if (watch->oom >= 0)
		(void)close(watch->oom);
	cgroup_close(&watch->cgroup);
	state_close(&watch->state);
}

#define auto_watch AUTO(close_watch)

/* @data: taken. */
static int print_event(const char *type, const char *id,
		       struct json_object *data, struct err *err)
{
	auto_json struct json_object *event = json_object_new_object();
	auto_json struct json_object *owned = data;
	auto_strbuf struct strbuf line = { .len = 0 };
	const char *text;

	if (!event ||
	    json_object_object_add(event, "type",
				   json_object_new_string(type)) < 0 ||
	    json_object_object_add(event, "id", json_object_new_string(id)) < 0)
		return err_nomem(err);
	if (owned &&
	    json_object_object_add(event, "data", json_object_get(owned)) < 0)
		return err_nomem(err);
	text = json_object_to_json_string_ext(
		event, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	strbuf_puts(&line, text ?: "");
	strbuf_putc(&line, '\n');
	if (!text || line.failed)
		return err_nomem(err);
	return cli_print(line.data, line.len, err);
}

static int print_stats(const struct watch *watch, struct err *err)
{
	struct json_object *data = NULL;
	int r = cgroup_stats(&watch->cgroup, &data, err);

	if (r < 0) {
		json_object_put(data);
		return r;
	}
	return print_event("stats", watch->state.id, data, err);
}

/*
 * v1 has a counter of the times that it ran out, which comes before the kill
 * that follows; v2 has a file in which to count the kills. What goes, as the
 * group does, is told too, and is no such event.
 */
static int new_ooms(struct watch *watch)
{
	int kills = cgroup_oom_kills(&watch->cgroup);
	int before = watch->oom_kills;
	uint64_t times = 0;
	char bytes[4096];

	if (watch->oom_events == POLLIN) {
		if (read(watch->oom, &times, sizeof(times)) !=
		    (ssize_t)sizeof(times))
			return 0;
		return kills < 0 ? 0 : (int)(times < INT_MAX ? times : INT_MAX);
	}
	/* Reading makes it wait for the next change. */
	(void)lseek(watch->oom, 0, SEEK_SET);
	if (read(watch->oom, bytes, sizeof(bytes)) < 0 || kills < 0)
		return 0;
	watch->oom_kills = kills;
	return kills > before ? kills - before : 0;
}

static int print_ooms(struct watch *watch, struct err *err)
{
	int r = 0;

	for (int left = new_ooms(watch); r == 0 && left > 0; left--)
		r = print_event("oom", watch->state.id, NULL, err);
	return r;
}

static int64_t now_ms(void)
{
	struct timespec now = { .tv_sec = 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int wait_for(const struct watch *watch, int64_t until, struct pollfd *at)
{
	int64_t left = until - now_ms();
	int r;

	at[0] = (struct pollfd){ .fd = watch->pidfd, .events = POLLIN };
	at[1] = (struct pollfd){ .fd = watch->oom,
				 .events = watch->oom_events };
	if (left < 0)
		left = 0;
	r = poll(at, 2, left > INT32_MAX ? INT32_MAX : (int)left);
	return r < 0 && errno != EINTR ? -errno : 0;
}

static int follow(struct watch *watch, int64_t interval_ms, struct err *err)
{
	int64_t next = now_ms() + interval_ms;
	struct pollfd at[2];
	int r = 0;

	do {
		r = wait_for(watch, next, at);
		if (r < 0)
			return err_sys(err, -r, "wait for events");
		/* The end last: what killed it is told before. */
		if (at[1].revents)
			r = print_ooms(watch, err);
		if (at[1].revents & (POLLHUP | POLLNVAL))
			(void)close(take_fd(&watch->oom));
		if (at[0].revents)
			return r;
		if (r == 0 && now_ms() >= next) {
			r = print_stats(watch, err);
			next += interval_ms;
		}
	} while (r == 0);
	/* The cgroup goes a moment before its last process is reaped. */
	if (state_status(&watch->state) != STATUS_STOPPED)
		return r;
	err_clear(err);
	return 0;
}

static int open_watch(const struct runtime *runtime, const char *id,
		      struct watch *watch, struct err *err)
{
	int r = state_open(runtime->root, id, false, &watch->state, err);

	if (r < 0)
		return r;
	watch->pidfd = state_pidfd(&watch->state);
	if (watch->pidfd < 0)
		return err_set(err, CNI_E_CONTAINER,
			       "events of container \"%s\": container not "
			       "running",
			       id);
	r = state_cgroup(&watch->state, &watch->cgroup, err);
	if (r == 0 && watch->cgroup.count == 0)
		r = err_set(err, CNI_E_IO,
			    "container \"%s\" has no cgroup to ask", id);
	return r;
}

/* Without a memory controller there are still the figures. */
static void watch_oom(struct watch *watch)
{
	struct err err = { .code = CNI_OK };

	watch->oom = cgroup_oom_watch(&watch->cgroup, &watch->oom_events, &err);
	if (watch->oom < 0)
		log_warn("container \"%s\": no events for lack of memory: %s",
			 watch->state.id, err.msg);
	watch->oom_kills = cgroup_oom_kills(&watch->cgroup);
}

static int run(const struct runtime *runtime, const void *opaque, int argc,
	       char **argv, struct err *err)
{
	const struct options *options = opaque;
	auto_watch struct watch watch = { .state = STATE_NONE,
					  .pidfd = -1,
					  .oom = -1 };
	int64_t interval_ms = 5000;
	int r = 0;

	(void)argc;
	if (options->interval)
		r = cli_duration("--interval", options->interval, &interval_ms,
				 err);
	r = r ?: open_watch(runtime, argv[0], &watch, err);
	if (r < 0 || options->stats)
		return r ?: print_stats(&watch, err);
	watch_oom(&watch);
	return follow(&watch, interval_ms, err);
}

const struct cli_verb verb_events = {
	.name = "events",
	.arguments = "ID",
	.help = "print figures and events of a container as lines of JSON",
	.options = events_options,
	.anywhere = true,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
