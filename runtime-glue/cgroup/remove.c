/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Removing groups, the deepest first, while their last processes die. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/trace.h"
#include "runtime-glue/cgroup/cgroup_parts.h"

#define DEPTH_MAX 64U

DEFINE_AUTO(dir, DIR *, closedir)
#define auto_dir AUTO(auto_dir_release)

/* Whether somebody is in the way (for a while), not whether something is. */
static bool is_busy(int r)
{
	return r == -EBUSY || r == -ENOTEMPTY;
}

static int remove_entry(int dir, const char *name, unsigned int depth);

static int remove_below(int dir, const char *name, unsigned int depth)
{
	auto_fd int fd = openat(
		dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	auto_dir DIR *list = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!list)
		return errno == ENOENT ? 0 : -errno;
	(void)take_fd(&fd);
	while ((entry = readdir(list)) != NULL) {
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			r = first_of(remove_entry(dirfd(list), entry->d_name,
						  depth + 1),
				     r);
	}
	return r;
}

/* 0 also when it is not there. -EBUSY: a process is in it, or below. */
static int remove_entry(int dir, const char *name, unsigned int depth)
{
	uint64_t start = trace_start();
	int r = unlinkat(dir, name, AT_REMOVEDIR) < 0 ? -errno : 0;

	if (is_busy(r) && depth < DEPTH_MAX) {
		r = remove_below(dir, name, depth);
		if (r == 0)
			r = unlinkat(dir, name, AT_REMOVEDIR) < 0 ? -errno : 0;
	}
	trace_end(start, r, "cgroup", "rmdir %s", name);
	return r == -ENOENT || r == -ENODEV ? 0 : r;
}

/* On v2 the event file tells when the last process is gone. */
static bool wait_a_bit(const struct cgroup_tree *tree, unsigned int *pause_ns,
		       int64_t until)
{
	auto_fd int fd = tree->v2 ? openat(tree->dir, "cgroup.events",
					   O_RDONLY | O_CLOEXEC)
				  : -1;
	struct pollfd at = { .fd = fd, .events = POLLPRI };
	char text[256];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0 || cgroup_now_ns() >= until)
		return cgroup_pause(pause_ns, until);
	text[n] = '\0';
	if (!strstr(text, "populated 1"))
		return cgroup_pause(pause_ns, until);
	(void)poll(&at, 1, (int)(RETRY_MAX_NS / 1000000U));
	return true;
}

static int remove_tree(struct cgroup_tree *tree, int64_t until, struct err *err)
{
	auto_strbuf struct strbuf full = { 0 };
	unsigned int pause_ns = RETRY_MIN_NS;
	int r;

	strbuf_puts(&full, tree->mount);
	strbuf_puts(&full, tree->path);
	if (full.failed)
		return err_nomem(err);
	do
		r = remove_entry(AT_FDCWD, strbuf_str(&full), 0);
	while (is_busy(r) && wait_a_bit(tree, &pause_ns, until));
	if (r < 0)
		return err_sys(err, -r, "remove cgroup %s", strbuf_str(&full));
	(void)close(tree->dir);
	tree->dir = -1;
	tree->made = false;
	return 0;
}

/* v2 goes first: when it is empty, the others are about to be. */
int cgroup_remove(struct cgroup *cgroup, struct err *err)
{
	int64_t until = cgroup_now_ns() + REMOVE_MAX_NS;
	int r = 0;

	for (int v2 = 1; v2 >= 0; v2--) {
		for (size_t i = 0; i < cgroup->count; i++) {
			struct cgroup_tree *tree = &cgroup->tree[i];

			if (tree->dir >= 0 && tree->v2 == (bool)v2)
				r = first_of(remove_tree(tree, until, err), r);
		}
	}
	return r;
}
