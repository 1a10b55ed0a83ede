/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The directory of a container: claimed, found, locked.
 *
 * Who locks looks afterwards whether the directory still has its name: a
 * delete may have been first.
 */
#include "runtime-glue/oci/state.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/base/io.h"
#include "common/base/trace.h"
#include "runtime-glue/oci/state_parts.h"

#define CLAIM_TRIES 16

int state_check_id(const char *id, struct err *err)
{
	if (state_is_id(id))
		return 0;
	return err_set(err, CNI_E_FIELD,
		       "container id \"%.80s\": must be 1 to 1023 of "
		       "A-Z a-z 0-9 _ + - .",
		       id);
}

/* ROOT, made if missing: itself for its owner only, parents for all. */
static int make_root(const char *root, struct err *err)
{
	char path[PATH_MAX];
	size_t len = strlen(root);

	if (len == 0 || len >= sizeof(path))
		return err_set(err, CNI_E_FIELD, "--root \"%.80s\": no path",
			       root);
	memcpy(path, root, len + 1);
	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
	for (char *at = path + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return err_sys(err, errno, "make directory \"%s\"",
				       path);
		*at = '/';
	}
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make directory \"%s\"", path);
	return 0;
}

static int take_lock(int fd)
{
	uint64_t start = trace_start();
	int r;

	do
		r = flock(fd, LOCK_EX);
	while (r < 0 && errno == EINTR);
	r = r < 0 ? -errno : 0;
	trace_end(start, r, "lock", "container");
	return r;
}

/* Whether ROOT/ID is still the directory that we have open. */
bool state_is_current(const struct state *state)
{
	struct stat ours, named;

	return fstatat(state->dir, "", &ours, AT_EMPTY_PATH) == 0 &&
	       fstatat(state->root, state->id, &named, AT_SYMLINK_NOFOLLOW) ==
		       0 &&
	       ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

/*
 * Open and lock the lock file; -ENOENT: the directory went away meanwhile.
 * @flags: O_EXCL for the creator, who must be the first in it.
 */
static int lock_dir(struct state *state, int flags, struct err *err)
{
	auto_fd int fd =
		openat(state->dir, "lock",
		       O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | flags, 0600);
	int r = fd < 0 ? -errno : take_lock(fd);

	if (r == 0 && !state_is_current(state))
		r = -ENOENT;
	if (r == -ENOENT || r == -EEXIST)
		return r;
	if (r < 0)
		return err_sys(err, -r, "lock container \"%s\"", state->id);
	state->lock = take_fd(&fd);
	return 0;
}

static int open_dir(struct state *state)
{
	state->dir = openat(state->root, state->id,
			    DIR_FLAGS | O_NOFOLLOW | O_CLOEXEC);
	return state->dir < 0 ? -errno : 0;
}

static int open_root(const char *root, const char *id, struct state *out,
		     struct err *err)
{
	*out = STATE_NONE;
	out->id = strdup(id);
	if (!out->id)
		return err_nomem(err);
	out->root = open(root, DIR_FLAGS | O_CLOEXEC);
	return out->root < 0 ? -errno : 0;
}

void state_close_dir(struct state *state)
{
	if (state->lock >= 0) {
		(void)flock(state->lock, LOCK_UN);
		(void)close(take_fd(&state->lock));
	}
	if (state->dir >= 0)
		(void)close(take_fd(&state->dir));
}

/* One try: -EAGAIN if somebody's delete came between. */
static int try_claim(struct state *state, struct err *err)
{
	uint64_t start = trace_start();
	int r = mkdirat(state->root, state->id, 0711) < 0 ? -errno : 0;

	trace_end(start, r, "file", "make state directory %s", state->id);
	if (r == -EEXIST) {
		(void)err_set(err, CNI_E_FIELD,
			      "container \"%s\" already exists", state->id);
		err->errnum = EEXIST;
		return -EEXIST;
	}
	if (r < 0)
		return err_sys(err, -r, "make state directory \"%s\"",
			       state->id);
	/* Whatever the umask. The container's user goes through it. */
	r = open_dir(state);
	if (r == 0 && fchmodat(state->root, state->id, 0711, 0) < 0)
		r = -errno;
	r = r ?: lock_dir(state, O_EXCL, err);
	if (r == -ENOENT || r == -EEXIST) {
		state_close_dir(state);
		return -EAGAIN;
	}
	return r < 0 && !err->code
		       ? err_sys(err, -r, "open state directory \"%s\"",
				 state->id)
		       : r;
}

int state_claim(const char *root, const char *id, struct state *out,
		struct err *err)
{
	int r;

	*out = STATE_NONE;
	r = state_check_id(id, err);
	r = r ?: make_root(root, err);
	if (r < 0)
		return r;
	r = open_root(root, id, out, err);
	if (r < 0)
		return err->code ? r : err_sys(err, -r, "open \"%s\"", root);
	r = -EAGAIN;
	for (int i = 0; r == -EAGAIN && i < CLAIM_TRIES; i++)
		r = try_claim(out, err);
	out->owner = geteuid();
	return r == -EAGAIN ? err_sys(err, EAGAIN, "claim container \"%s\"", id)
			    : r;
}

static int not_there(const char *id, struct err *err)
{
	(void)err_set(err, CNI_E_CONTAINER, "container \"%s\" does not exist",
		      id);
	err->errnum = ENOENT;
	return -ENOENT;
}

int state_open(const char *root, const char *id, bool lock, struct state *out,
	       struct err *err)
{
	int r;

	*out = STATE_NONE;
	r = state_check_id(id, err);
	if (r < 0)
		return r;
	r = open_root(root, id, out, err);
	r = r ?: open_dir(out);
	if (r == 0 && !state_is_ours(out->dir))
		r = -ENOENT;
	if (r == 0 && lock)
		r = lock_dir(out, 0, err);
	if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP)
		return not_there(id, err);
	if (r < 0)
		return err->code ? r
				 : err_sys(err, -r, "open \"%s/%s\"", root, id);
	(void)state_read(out);
	return 0;
}

void state_close(struct state *state)
{
	state_close_dir(state);
	if (state->root >= 0)
		(void)close(state->root);
	free(state->id);
	free(state->bundle);
	free(state->rootfs);
	free(state->oci_version);
	free(state->created);
	json_object_put(state->annotations);
	json_object_put(state->cgroups);
	*state = STATE_NONE;
}
