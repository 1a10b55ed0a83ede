/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One entry of a layer: a file, with all that is to know about it. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "runtime-glue/image/unpack.h"

struct entry {
	const struct lib_archive *lib;
	struct archive *archive;
	struct archive_entry *about;
	char path[PATH_MAX];
	int parent;
	const char *name;
	mode_t type;
};

static int fail(const struct entry *e, const char *what, struct err *err)
{
	return err_sys(err, errno, "entry \"%.200s\": %s", e->path, what);
}

static int refuse(const struct entry *e, const char *why, struct err *err)
{
	return err_set(err, CNI_E_DECODE, "entry \"%.200s\": %s", e->path, why);
}

static void times_of(const struct entry *e, struct timespec times[2])
{
	times[1].tv_sec = e->lib->archive_entry_mtime(e->about);
	times[1].tv_nsec = e->lib->archive_entry_mtime_nsec(e->about);
	times[0] = times[1];
	if (e->lib->archive_entry_atime_is_set(e->about)) {
		times[0].tv_sec = e->lib->archive_entry_atime(e->about);
		times[0].tv_nsec = e->lib->archive_entry_atime_nsec(e->about);
	}
}

/*
 * Something of that name is there: the later entry counts, as for tar.
 * Returns 1 if it was a whiteout.
 */
static int make_room(struct target *target, struct entry *e, struct err *err)
{
	struct stat st;
	int r;

	if (fstatat(e->parent, e->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(e, "look at what is there", err);
	if (target->shared && (S_ISDIR(st.st_mode) || e->type == AE_IFDIR))
		return refuse(e, "one of it and what is there is a directory",
			      err);
	r = image_scrap(e->parent, e->name, NULL);
	if (r < 0)
		return err_sys(err, -r, "entry \"%.200s\": replace another",
			       e->path);
	if (S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode)) {
		place_forget(target);
		e->parent = place_parent(target, e->path, &e->name, err);
		if (e->parent < 0)
			return e->parent;
	}
	return whiteout_is(&st);
}

static int write_data(struct target *target, const struct entry *e, int fd,
		      struct err *err)
{
	const void *bytes;
	la_int64_t at = 0, size = e->lib->archive_entry_size(e->about);
	size_t len;
	int r;

	if (size < 0 || (uint64_t)size > target->bytes_max)
		return refuse(e, "it is larger than --max-size allows", err);
	while ((r = e->lib->archive_read_data_block(e->archive, &bytes, &len,
						    &at)) == ARCHIVE_OK) {
		if (at < 0 || at > size || (la_int64_t)len > size - at)
			return refuse(e, "its data are behind its end", err);
		for (size_t n, done = 0; done < len; done += n) {
			ssize_t some = pwrite(fd, (const char *)bytes + done,
					      len - done, at + (off_t)done);

			if (some < 0 && errno != EINTR)
				return fail(e, "write", err);
			n = some > 0 ? (size_t)some : 0;
		}
	}
	if (r != ARCHIVE_EOF)
		return err_set(err, CNI_E_DECODE, "entry \"%.200s\": %s",
			       e->path,
			       e->lib->archive_error_string(e->archive)
				       ?: "it is damaged");
	if (ftruncate(fd, size) < 0) /* a hole at the end */
		return fail(e, "set its size", err);
	return 0;
}

/* ---- Owner, mode, attributes, times ---- */

/* Those that a layer may bring: not another layer's form, nor a policy's. */
static bool wanted_xattr(const char *name)
{
	return (strncmp(name, "user.", 5) == 0 &&
		strncmp(name, "user.overlay.", 13) != 0) ||
	       strcmp(name, "security.capability") == 0 ||
	       strncmp(name, "system.posix_acl_", 17) == 0;
}

static int set_xattrs(struct target *target, const struct entry *e,
		      struct err *err)
{
	char path[NAME_MAX + 64];
	const void *value;
	const char *name;
	size_t size;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", e->parent,
		       e->name);
	(void)e->lib->archive_entry_xattr_reset(e->about);
	while (e->lib->archive_entry_xattr_next(e->about, &name, &value,
						&size) == ARCHIVE_OK) {
		if (name && strncmp(name, "trusted.overlay.", 16) == 0)
			return refuse(e,
				      "overlayfs' own attributes are "
				      "refused",
				      err);
		if (!name || !wanted_xattr(name))
			continue;
		if (lsetxattr(path, name, value, size, 0) == 0)
			continue;
		if (errno != ENOTSUP || strncmp(name, "security.", 9) == 0)
			return err_sys(err, errno,
				       "entry \"%.200s\": set attribute %s",
				       e->path, name);
		if (!target->told_xattr)
			log_warn("this file system has no attributes as %s: "
				 "they are left out",
				 name);
		target->told_xattr = true;
	}
	return 0;
}

static int remember_times(struct target *target, const struct entry *e,
			  struct err *err)
{
	size_t size = target->dir_size ? target->dir_size * 2 : 64;
	struct dir_time *dirs = target->dirs;

	if (target->dir_count == target->dir_size) {
		dirs = reallocarray(dirs, size, sizeof(*dirs));
		if (!dirs)
			return err_nomem(err);
		target->dirs = dirs;
		target->dir_size = size;
	}
	dirs += target->dir_count;
	dirs->path = strdup(e->path);
	if (!dirs->path)
		return err_nomem(err);
	times_of(e, dirs->times);
	target->dir_count++;
	return 0;
}

static int set_all(struct target *target, const struct entry *e,
		   struct err *err)
{
	la_int64_t uid =
		target->own ? geteuid() : e->lib->archive_entry_uid(e->about);
	la_int64_t gid =
		target->own ? getegid() : e->lib->archive_entry_gid(e->about);
	int nofollow = target->shared ? AT_SYMLINK_NOFOLLOW : 0;
	mode_t mode = e->lib->archive_entry_perm(e->about) & 07777;
	struct timespec times[2];
	int r;

	if (target->own) {
		uid = geteuid();
		gid = getegid();
	}
	if (uid < 0 || gid < 0 || uid >= UINT32_MAX || gid >= UINT32_MAX)
		return refuse(e, "its owner is out of range", err);
	if (fchownat(e->parent, e->name, (uid_t)uid, (gid_t)gid,
		     AT_SYMLINK_NOFOLLOW) < 0) {
		(void)fail(e, "set its owner", err);
		return errno == EPERM ? err_hint(err, "load images as root")
				      : -err->errnum;
	}
	if (e->type != AE_IFLNK &&
	    fchmodat(e->parent, e->name, mode, nofollow) < 0)
		return fail(e, "set its mode", err);
	r = set_xattrs(target, e, err);
	if (r < 0 || e->type == AE_IFDIR)
		return r ?: remember_times(target, e, err);
	times_of(e, times);
	if (utimensat(e->parent, e->name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(e, "set its times", err);
	return 0;
}

/* ---- By types ---- */

static int open_new(const struct entry *e)
{
	return openat(e->parent, e->name,
		      O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

static int make_file(struct target *target, struct entry *e, struct err *err)
{
	auto_fd int fd = open_new(e);
	int r;

	if (fd < 0 && errno == EEXIST) {
		r = make_room(target, e, err);
		if (r < 0)
			return r;
		fd = open_new(e);
	}
	if (fd < 0)
		return fail(e, "make the file", err);
	return write_data(target, e, fd, err);
}

static int make_directory(struct target *target, struct entry *e,
			  struct err *err)
{
	struct stat st;
	int r;

	if (mkdirat(e->parent, e->name, 0700) == 0)
		return 0;
	if (errno != EEXIST)
		return fail(e, "make the directory", err);
	if (fstatat(e->parent, e->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st.st_mode))
		return 0;
	r = make_room(target, e, err);
	if (r < 0)
		return r;
	if (mkdirat(e->parent, e->name, 0700) < 0)
		return fail(e, "make the directory", err);
	return r > 0 ? whiteout_opaque(e->parent, e->name, err) : 0;
}

static int make_special(const struct entry *e, struct err *err)
{
	dev_t device = 0;
	const char *to;

	if (e->type == AE_IFLNK) {
		to = e->lib->archive_entry_symlink(e->about);
		if (!to || !*to)
			return refuse(e, "a symlink to nothing", err);
		return symlinkat(to, e->parent, e->name) < 0 ? -errno : 0;
	}
	if (e->type != AE_IFIFO) {
		device = makedev(
			(unsigned int)e->lib->archive_entry_rdevmajor(e->about),
			(unsigned int)e->lib->archive_entry_rdevminor(
				e->about));
		if (e->type == AE_IFCHR && device == makedev(0, 0))
			return refuse(e,
				      "a whiteout in the disguise of a "
				      "device",
				      err);
	}
	return mknodat(e->parent, e->name, e->type | 0600, device) < 0 ? -errno
								       : 0;
}

static int make_other(struct target *target, struct entry *e, struct err *err)
{
	int r = make_special(e, err);

	if (r == -EEXIST) {
		r = make_room(target, e, err);
		r = r < 0 ? r : make_special(e, err);
	}
	if (r == 0 || err->code)
		return r;
	errno = -r;
	return fail(e, "make it", err);
}

/* The other name is looked for in this layer and nowhere else. */
static int make_link(struct target *target, struct entry *e, const char *to,
		     struct err *err)
{
	char path[PATH_MAX];
	const char *name;
	struct stat st;
	auto_fd int from = -1;
	int r = place_clean(to, path, err);

	if (r < 0)
		return err_in(err, "entry \"%.200s\": hard link", e->path);
	r = place_parent(target, path, &name, err);
	if (r < 0)
		return r;
	from = fcntl(r, F_DUPFD_CLOEXEC, 3);
	if (from < 0 || fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(e, "find what it is a hard link to", err);
	if (S_ISDIR(st.st_mode) || whiteout_is(&st))
		return refuse(e, "a hard link to no file", err);
	e->parent = place_parent(target, e->path, &e->name, err);
	if (e->parent < 0)
		return e->parent;
	if (strcmp(path, e->path) == 0 ||
	    linkat(from, name, e->parent, e->name, 0) == 0)
		return 0;
	if (errno != EEXIST)
		return fail(e, "make a hard link", err);
	r = make_room(target, e, err);
	if (r < 0)
		return r;
	return linkat(from, name, e->parent, e->name, 0) < 0
		       ? fail(e, "make a hard link", err)
		       : 0;
}

/* The archive's "./": the layer's own top directory. */
static int set_root(struct target *target, struct entry *e, struct err *err)
{
	if (e->type != AE_IFDIR)
		return refuse(e, "the root is no directory", err);
	if (target->shared)
		return 0;
	e->parent = target->root;
	e->name = ".";
	return set_all(target, e, err);
}

int entry_write(struct target *target, struct archive *archive,
		struct archive_entry *about, struct err *err)
{
	const struct lib_archive *lib = lib_archive(err);
	struct entry e = { .lib = lib, .archive = archive, .about = about };
	const char *path = lib ? lib->archive_entry_pathname(about) : NULL;
	const char *link = lib ? lib->archive_entry_hardlink(about) : NULL;
	int r;

	if (!lib || !path)
		return err_set(err, CNI_E_DECODE, "an entry without a name");
	e.type = lib->archive_entry_filetype(about);
	r = place_clean(path, e.path, err);
	if (r == 0 && !*e.path)
		return set_root(target, &e, err);
	if (r == 0 && !target->shared)
		r = whiteout_write(target, e.path, err);
	if (r != 0)
		return r < 0 ? r : 0;
	e.parent = place_parent(target, e.path, &e.name, err);
	if (e.parent < 0)
		return e.parent;
	if (link)
		return make_link(target, &e, link, err);
	if (e.type == AE_IFREG)
		r = make_file(target, &e, err);
	else if (e.type == AE_IFDIR)
		r = make_directory(target, &e, err);
	else if (e.type == AE_IFLNK || e.type == AE_IFCHR ||
		 e.type == AE_IFBLK || e.type == AE_IFIFO)
		r = make_other(target, &e, err);
	else
		r = refuse(&e, "a file of unknown type", err);
	return r ?: set_all(target, &e, err);
}
