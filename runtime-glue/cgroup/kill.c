/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processes of a group and those below: listing and signalling them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/trace.h"
#include "runtime-glue/cgroup/cgroup_parts.h"

#define PROCS_MAX   (16U << 20)
#define FREEZE_MS   500U
#define DEPTH_MAX   64U
#define KILL_MAX_NS 2000000000LL

DEFINE_AUTO(dir, DIR *, closedir)
#define auto_dir AUTO(auto_dir_release)

struct pids {
	pid_t *at;
	size_t count, max;
};

static int pids_add(struct pids *pids, pid_t pid)
{
	if (pids->count == pids->max) {
		size_t max = pids->max ? 2 * pids->max : 64;
		void *more = reallocarray(pids->at, max, sizeof(pid_t));

		if (!more)
			return -ENOMEM;
		pids->at = more;
		pids->max = max;
	}
	pids->at[pids->count++] = pid;
	return 0;
}

/* 0 is a process that our PID namespace has no number for. */
static int add_line(char *line, void *ctx)
{
	long pid = strtol(line, NULL, 10);

	return pid > 0 ? pids_add(ctx, (pid_t)pid) : 0;
}

static int read_procs(int dir, const char *file, struct pids *pids)
{
	auto_fd int fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	auto_strbuf struct strbuf text = { 0 };
	int r = fd < 0 ? -errno : io_read_all(fd, PROCS_MAX, &text);

	if (r == 0 && text.len > 0)
		r = each_line(text.data, add_line, pids);
	return r;
}

static int walk(int dir, unsigned int depth, struct pids *pids);

static int walk_below(int dir, unsigned int depth, struct pids *pids)
{
	auto_fd int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *list = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!list)
		return -errno;
	(void)take_fd(&fd);
	while (r == 0 && (entry = readdir(list)) != NULL) {
		auto_fd int below = -1;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		below = openat(dir, entry->d_name,
			       O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (below >= 0)
			r = walk(below, depth + 1, pids);
	}
	return r;
}

/* A group that goes away meanwhile has no processes (ENOENT, ENODEV). */
static int walk(int dir, unsigned int depth, struct pids *pids)
{
	int r = read_procs(dir, "cgroup.procs", pids);

	if (r == -EOPNOTSUPP) /* a threaded group has threads only */
		r = read_procs(dir, "cgroup.threads", pids);
	if (r == 0 && depth < DEPTH_MAX)
		r = walk_below(dir, depth, pids);
	return r == -ENOENT || r == -ENODEV ? 0 : r;
}

static int compare(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Sorted, each once, without us. */
static void tidy(struct pids *pids)
{
	pid_t self = getpid();
	size_t kept = 0;

	if (pids->count > 0)
		qsort(pids->at, pids->count, sizeof(pid_t), compare);
	for (size_t i = 0; i < pids->count; i++) {
		if (pids->at[i] != self &&
		    (kept == 0 || pids->at[kept - 1] != pids->at[i]))
			pids->at[kept++] = pids->at[i];
	}
	pids->count = kept;
}

/* Of all hierarchies: a process may have been moved in one of them. */
int cgroup_pids(const struct cgroup *cgroup, pid_t **out, size_t *count,
		struct err *err)
{
	struct pids pids = { 0 };
	int r = 0;

	*out = NULL;
	*count = 0;
	for (size_t i = 0; i < cgroup->count; i++) {
		const struct cgroup_tree *tree = &cgroup->tree[i];

		if (tree->dir < 0)
			continue;
		r = walk(tree->dir, 0, &pids);
		if (r < 0) {
			free(pids.at);
			return err_sys(err, -r, "list processes of cgroup %s%s",
				       tree->mount, tree->path);
		}
	}
	tidy(&pids);
	*out = pids.at;
	*count = pids.count;
	return 0;
}

static int signal_all(const struct cgroup *cgroup, int sig, size_t *count,
		      struct err *err)
{
	auto_free pid_t *pids = NULL;
	int r = cgroup_pids(cgroup, &pids, count, err);

	for (size_t i = 0; r == 0 && i < *count; i++) {
		uint64_t start = trace_start();
		int done = kill(pids[i], sig) < 0 ? -errno : 0;

		trace_end(start, done, "cgroup", "signal %d to %d", sig,
			  (int)pids[i]);
		if (done < 0 && done != -ESRCH)
			r = err_sys(err, -done, "send signal %d to process %d",
				    sig, (int)pids[i]);
	}
	return r;
}

/* Frozen, no process can be born, nor die and leave its number to another. */
static bool try_freeze(const struct cgroup *cgroup, bool frozen)
{
	struct err ignored = { 0 };

	return cgroup_freeze(cgroup, frozen, FREEZE_MS, &ignored) == 0;
}

static int signal_once(const struct cgroup *cgroup, int sig, struct err *err)
{
	bool was_frozen = cgroup_is_frozen(cgroup);
	bool frozen = !was_frozen && try_freeze(cgroup, true);
	size_t count;
	int r = signal_all(cgroup, sig, &count, err);

	if (frozen)
		(void)try_freeze(cgroup, false);
	return r;
}

static int kill_until_none(const struct cgroup *cgroup, struct err *err)
{
	int64_t until = cgroup_now_ns() + KILL_MAX_NS;
	unsigned int pause_ns = RETRY_MIN_NS;
	size_t count = 0;
	int r;

	do {
		(void)try_freeze(cgroup, true);
		r = signal_all(cgroup, SIGKILL, &count, err);
		(void)try_freeze(cgroup, false);
		if (r < 0 || count == 0)
			return r;
	} while (cgroup_pause(&pause_ns, until));
	return err_sys(err, EBUSY, "kill: %zu processes do not die", count);
}

/*
 * Where v2 has cgroup.kill, that is all; but v1's freezer, if there is one,
 * holds even the dying, and members of v1's groups only are not reached.
 */
static int kill_at_once(const struct cgroup *cgroup, struct err *err)
{
	size_t count;
	int r;

	if (cgroup->mode == CGROUP_V2)
		return 0;
	r = signal_all(cgroup, SIGKILL, &count, err);
	if (cgroup_tree_of(cgroup, "freezer"))
		(void)try_freeze(cgroup, false);
	return r;
}

int cgroup_kill(const struct cgroup *cgroup, int sig, struct err *err)
{
	const struct cgroup_tree *v2 = cgroup_v2(cgroup);
	int r;

	if (sig != SIGKILL)
		return signal_once(cgroup, sig, err);
	if (!v2 || !group_has(v2, "cgroup.kill"))
		return kill_until_none(cgroup, err);
	r = group_put(v2, "cgroup.kill", "1");
	if (r == -EOPNOTSUPP) /* a threaded group */
		return kill_until_none(cgroup, err);
	if (r < 0)
		return err_sys(err, -r, "kill cgroup %s%s", v2->mount,
			       v2->path);
	return kill_at_once(cgroup, err);
}
