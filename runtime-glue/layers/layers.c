/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A box's directories and what is mounted there. The file BOX/vfs says that
 * BOX/diff is a complete copy of the layers; it is written once the copy is
 * whole, so that one that was interrupted is made again.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/strbuf.h"
#include "common/base/trace.h"
#include "runtime-glue/layers/parts.h"
#include "runtime-glue/layers/tree.h"

DEFINE_AUTO(dir, DIR *, (void)closedir)
#define auto_dir AUTO(auto_dir_release)

#define LOWER_MAX_BYTES ((size_t)LAYERS_MAX * PATH_MAX)

static int open_box(const char *box, struct err *err)
{
	int fd = open(box, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, errno, "open %s", box) : fd;
}

static int check_layers(const struct layers_options *options, struct err *err)
{
	if (options->count > LAYERS_MAX)
		return err_set(err, CNI_E_CONFIG,
			       "the image has %zu layers, overlayfs takes at "
			       "most %d: flatten it with export and import",
			       options->count, LAYERS_MAX);
	for (size_t i = 0; i < options->count; i++)
		if (options->layers[i][0] != '/' ||
		    strchr(options->layers[i], '\n') ||
		    strlen(options->layers[i]) >= PATH_MAX)
			return err_set(err, CNI_E_CONFIG,
				       "layer \"%s\" is not an absolute path",
				       options->layers[i]);
	return 0;
}

static int write_file(int dir, const char *name, const struct strbuf *text,
		      struct err *err)
{
	auto_fd int fd =
		openat(dir, ".new",
		       O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		       0600);
	int r = fd < 0 ? -errno : io_write_all(fd, text->data, text->len);

	if (r == 0 && renameat(dir, ".new", dir, name) < 0)
		r = -errno;
	return r < 0 ? err_sys(err, -r, "write \"%s\"", name) : 0;
}

static int make_dirs(int dir, const char *box, struct err *err)
{
	static const struct {
		const char *name;
		mode_t mode;
	} dirs[] = {
		{ "empty", 0755 },
		{ "diff", 0755 },
		{ "work", 0700 },
		{ "merged", 0755 },
	};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		if (mkdirat(dir, dirs[i].name, dirs[i].mode) < 0 &&
		    errno != EEXIST)
			return err_sys(err, errno, "make %s/%s", box,
				       dirs[i].name);
		/* Whatever the umask: it is the container's "/". */
		if (fchmodat(dir, dirs[i].name, dirs[i].mode, 0) < 0)
			return err_sys(err, errno, "set the mode of %s/%s", box,
				       dirs[i].name);
	}
	return 0;
}

/* The container's "/" is BOX/diff: owner and mode are to be the image's. */
static int adopt_root(int dir, const char *top, struct err *err)
{
	auto_fd int diff =
		openat(dir, "diff", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (diff < 0)
		return err_sys(err, errno, "open \"diff\"");
	if (stat(top, &st) < 0)
		return err_sys(err, errno, "look at layer %s", top);
	if (fchown(diff, st.st_uid, st.st_gid) < 0 ||
	    fchmod(diff, st.st_mode & 07777) < 0)
		return err_sys(err, errno, "set owner and mode of \"diff\"");
	return 0;
}

int layers_make(const char *box, const struct layers_options *options,
		struct err *err)
{
	auto_strbuf struct strbuf text = { .len = 0 };
	auto_fd int dir = -1;
	int r = check_layers(options, err);

	if (r < 0)
		return r;
	dir = open_box(box, err);
	if (dir < 0)
		return dir;
	for (size_t i = 0; i < options->count; i++)
		strbuf_printf(&text, "%s\n", options->layers[i]);
	/* An image without any layer still needs something below. */
	if (options->count == 0)
		strbuf_printf(&text, "%s/empty\n", box);
	if (text.failed)
		return err_nomem(err);
	r = make_dirs(dir, box, err);
	if (r == 0 && options->count > 0)
		r = adopt_root(dir, options->layers[options->count - 1], err);
	return r ?: write_file(dir, "lower", &text, err);
}

void layers_list_free(struct layers_list *list)
{
	free(list->text);
	free(list->at);
}

static int split_lines(char *text, struct layers_list *out, struct err *err)
{
	size_t lines = 1;

	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	out->at = calloc(lines, sizeof(*out->at));
	if (!out->at)
		return err_nomem(err);
	for (char *end; (end = strchr(text, '\n')); text = end + 1) {
		*end = '\0';
		if (*text != '/')
			return err_set(err, CNI_E_DECODE,
				       "\"lower\" has \"%s\", which is no path",
				       text);
		out->at[out->count++] = text;
	}
	return 0;
}

int layers_read(const char *box, struct layers_list *out, struct err *err)
{
	auto_strbuf struct strbuf text = { .len = 0 };
	auto_fd int dir = open_box(box, err);
	auto_fd int fd = -1;
	int r;

	if (dir < 0)
		return dir;
	fd = openat(dir, "lower", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	r = fd < 0 ? -errno : io_read_all(fd, LOWER_MAX_BYTES, &text);
	if (r < 0)
		return err_sys(err, -r, "read %s/lower", box);
	strbuf_puts(&text, "");
	if (text.failed)
		return err_nomem(err);
	out->text = take_ptr(text.data);
	r = split_lines(out->text, out, err);
	return r < 0 ? err_in(err, "%s", box) : 0;
}

/* ---- mounting ---- */

static bool is_mounted(int dir)
{
	struct statx box, merged;

	return statx(dir, "", AT_EMPTY_PATH, STATX_MNT_ID, &box) == 0 &&
	       statx(dir, "merged", AT_SYMLINK_NOFOLLOW, STATX_MNT_ID,
		     &merged) == 0 &&
	       box.stx_mnt_id != merged.stx_mnt_id;
}

/* What an earlier copy left half done may go, a container's files may not. */
static int begin_copy(int dir, int diff, struct err *err)
{
	const struct strbuf nothing = { .len = 0 };
	auto_dir DIR *dir_stream = NULL;
	struct dirent *entry;
	bool found = false;
	int fd;

	if (faccessat(dir, "vfs-part", F_OK, 0) == 0)
		return 0;
	fd = openat(diff, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir_stream = fd < 0 ? NULL : fdopendir(fd);
	if (!dir_stream) {
		auto_fd_release(&fd);
		return err_sys(err, EIO, "read \"diff\"");
	}
	while ((entry = readdir(dir_stream)))
		found |= strcmp(entry->d_name, ".") != 0 &&
			 strcmp(entry->d_name, "..") != 0;
	if (found)
		return err_set(err, CNI_E_CONFIG,
			       "copy the layers to \"diff\": the files of an "
			       "earlier overlay are there");
	return write_file(dir, "vfs-part", &nothing, err);
}

static int copy_layers(int dir, const struct layers_list *lower,
		       struct err *err)
{
	auto_fd int diff =
		openat(dir, "diff", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct strbuf nothing = { .len = 0 };
	int r;

	if (diff < 0)
		return err_sys(err, errno, "open \"diff\"");
	r = begin_copy(dir, diff, err);
	r = r ?: tree_empty(diff, "diff", err);
	for (size_t i = 0; r == 0 && i < lower->count; i++) {
		auto_fd int layer =
			open(lower->at[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		r = layer < 0 ? err_sys(err, errno, "open %s", lower->at[i])
			      : tree_copy(layer, diff, TREE_LAYER, err);
	}
	r = r ?: write_file(dir, "vfs", &nothing, err);
	return r ?: tree_remove(dir, "vfs-part", err);
}

static int bind_copy(const char *box, struct err *err)
{
	char diff[PATH_MAX], merged[PATH_MAX];
	uint64_t start = trace_start();
	int r = 0;

	(void)snprintf(diff, sizeof(diff), "%s/diff", box);
	(void)snprintf(merged, sizeof(merged), "%s/merged", box);
	if (mount(diff, merged, NULL, MS_BIND, NULL) < 0)
		r = err_sys(err, errno, "bind %s to %s", diff, merged);
	trace_end(start, r, "mount", "bind %s on %s", diff, merged);
	return r;
}

/* What says "not on this file system", not "something is broken". */
static bool is_refusal(int r)
{
	return r == -EINVAL || r == -EOPNOTSUPP || r == -ENODEV ||
	       r == -ENOSYS || r == -EREMOTE;
}

static int mount_overlay(int dir, const char *box,
			 const struct layers_list *lower, bool is_volatile,
			 struct err *err)
{
	struct err why = { .code = CNI_OK };
	int r;

	/* A crash with "volatile" leaves a mark there that refuses a mount. */
	r = tree_remove(dir, "work", err);
	if (r == 0 && mkdirat(dir, "work", 0700) < 0)
		r = err_sys(err, errno, "make %s/work", box);
	if (r < 0)
		return r;
	r = overlay_by_layer(box, lower, is_volatile, &why);
	if (r == -ENOSYS) {
		err_clear(&why);
		r = overlay_by_page(box, lower, is_volatile, &why);
	}
	return r < 0 ? (err_take(err, &why), r) : 0;
}

static int mount_some(int dir, const char *box,
		      const struct layers_options *options, struct err *err)
{
	auto_layers_list struct layers_list lower = { .count = 0 };
	struct err why = { .code = CNI_OK };
	int r = layers_read(box, &lower, err);

	if (r < 0)
		return r;
	if (faccessat(dir, "vfs", F_OK, 0) == 0)
		return bind_copy(box, err);
	if (!options->vfs) {
		r = mount_overlay(dir, box, &lower, options->volatile_ok, &why);
		if (!is_refusal(r))
			return r < 0 ? (err_take(err, &why), r) : 0;
		log_warn("%s; the layers are copied instead", why.msg);
	}
	r = copy_layers(dir, &lower, err);
	return r ?: bind_copy(box, err);
}

int layers_mount(const char *box, const struct layers_options *options,
		 struct err *err)
{
	auto_fd int dir = open_box(box, err);
	char merged[PATH_MAX];
	int r;

	if (dir < 0)
		return dir;
	if (is_mounted(dir))
		return 0;
	r = mount_some(dir, box, options, err);
	if (r < 0)
		return r;
	(void)snprintf(merged, sizeof(merged), "%s/merged", box);
	if (mount(NULL, merged, NULL, MS_PRIVATE, NULL) < 0)
		return err_sys(err, errno, "make %s private", merged);
	return 0;
}

/* ---- and away ---- */

int layers_unmount(const char *box, struct err *err)
{
	char merged[PATH_MAX];
	uint64_t start = trace_start();

	(void)snprintf(merged, sizeof(merged), "%s/merged", box);
	for (;;) {
		int r = umount2(merged, UMOUNT_NOFOLLOW) < 0 ? -errno : 0;

		/* Who still has a file open there keeps it until he ends. */
		if (r == -EBUSY)
			r = umount2(merged, UMOUNT_NOFOLLOW | MNT_DETACH) < 0
				    ? -errno
				    : 0;
		if (r == -EINVAL || r == -ENOENT)
			return 0;
		trace_end(start, r, "mount", "unmount %s", merged);
		if (r < 0)
			return err_sys(err, -r, "unmount %s", merged);
	}
}

int layers_remove(const char *box, struct err *err)
{
	static const char *const names[] = { "merged",   "work", "diff",
					     "empty",    "l",    "vfs",
					     "vfs-part", "lower" };
	auto_fd int dir = -1;
	int r = layers_unmount(box, err);

	if (r < 0)
		return r;
	dir = open(box, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT ? 0
				       : err_sys(err, errno, "open %s", box);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		r = first_of(tree_remove(dir, names[i], err), r);
	return r < 0 ? err_in(err, "%s", box) : 0;
}
