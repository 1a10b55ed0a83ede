/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The freezer. v2 tells by an event when the last process stands still. v1 has
 * to be asked, and asked to try again: a process that was just being born when
 * the others froze is only found by writing anew
 * (admin-guide/cgroup-v1/freezer-subsystem.rst).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "runtime-glue/cgroup/cgroup_parts.h"

#define STATE_FILE "freezer.state"
#define THAW_EVERY 32U /* tries: lets a process that hangs go on a bit */
#define NS_OF_MS   1000000LL

static const struct cgroup_tree *freezer(const struct cgroup *cgroup)
{
	const struct cgroup_tree *tree = cgroup_tree_of(cgroup, "freezer");

	if (tree && tree->v2 && !group_has(tree, "cgroup.freeze"))
		return NULL; /* before Linux 5.2 */
	return tree;
}

static void put_back(const struct cgroup_tree *tree, const char *file,
		     const char *value)
{
	int r = group_put(tree, file, value);

	(void)r; /* the failure that led here is the one to report */
}

static int state_is(const struct cgroup_tree *tree, const char *state)
{
	char now[32];
	int r = group_line(tree, STATE_FILE, now, sizeof(now));

	return r < 0 ? r : strcmp(now, state) == 0;
}

static int freeze_v1(const struct cgroup_tree *tree, bool frozen, int64_t until)
{
	const char *want = frozen ? "FROZEN" : "THAWED";
	unsigned int pause_ns = RETRY_MIN_NS;
	int r, done = 0;

	for (unsigned int tries = 1;; tries++) {
		r = group_put(tree, STATE_FILE, want);
		done = r < 0 ? r : state_is(tree, want);
		if (done != 0)
			break;
		if (frozen && tries % THAW_EVERY == 0)
			put_back(tree, STATE_FILE, "THAWED");
		if (!cgroup_pause(&pause_ns, until))
			break;
	}
	if (done > 0)
		return 0;
	/* Half a freeze is none that anybody asked for. */
	if (frozen)
		put_back(tree, STATE_FILE, "THAWED");
	return done < 0 ? done : -ETIMEDOUT;
}

/* Has the group's event file come to say that @frozen? */
static int event_is(int fd, bool frozen)
{
	char text[256];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	return strstr(text, frozen ? "frozen 1" : "frozen 0") != NULL;
}

static int wait_event(const struct cgroup_tree *tree, bool frozen,
		      int64_t until)
{
	auto_fd int fd = openat(tree->dir, "cgroup.events",
				O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct pollfd at = { .fd = fd, .events = POLLPRI };
	int r;

	if (fd < 0)
		return -errno;
	for (;;) {
		int64_t left = (until - cgroup_now_ns()) / NS_OF_MS;

		r = event_is(fd, frozen);
		if (r != 0)
			return r < 0 ? r : 0;
		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&at, 1, left > INT32_MAX ? INT32_MAX : (int)left) <
			    0 &&
		    errno != EINTR)
			return -errno;
	}
}

static int freeze_v2(const struct cgroup_tree *tree, bool frozen, int64_t until)
{
	int r = group_put(tree, "cgroup.freeze", frozen ? "1" : "0");

	r = r < 0 ? r : wait_event(tree, frozen, until);
	if (r < 0 && frozen)
		put_back(tree, "cgroup.freeze", "0");
	return r;
}

int cgroup_freeze(const struct cgroup *cgroup, bool frozen,
		  unsigned int deadline_ms, struct err *err)
{
	const struct cgroup_tree *tree = freezer(cgroup);
	int64_t until = cgroup_now_ns() + deadline_ms * NS_OF_MS;
	const char *what = frozen ? "freeze" : "thaw";
	int r;

	if (!tree)
		return err_sys(err, EOPNOTSUPP,
			       "%s: there is no cgroup with controller "
			       "\"freezer\" that we may use",
			       what);
	r = tree->v2 ? freeze_v2(tree, frozen, until)
		     : freeze_v1(tree, frozen, until);
	if (r < 0)
		return err_sys(err, -r, "%s cgroup %s%s", what, tree->mount,
			       tree->path);
	return 0;
}

bool cgroup_is_frozen(const struct cgroup *cgroup)
{
	const struct cgroup_tree *tree = freezer(cgroup);
	uint64_t frozen;

	if (!tree)
		return false;
	if (!tree->v2)
		return state_is(tree, "FROZEN") > 0;
	return group_field(tree, "cgroup.events", "frozen", &frozen) == 0 &&
	       frozen == 1;
}
