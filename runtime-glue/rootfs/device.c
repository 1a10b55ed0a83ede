/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /dev is opened one time, wherever in the root a symlink may lead it; nodes
 * and links are then made in that directory, whatever /dev becomes.
 */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/trace.h"
#include "runtime-glue/rootfs/inroot.h"
#include "runtime-glue/rootfs/parts.h"

#define MODE_DEFAULT 0666

/* config-linux.md, "Default Devices" */
static const struct spec_device defaults[] = {
	{ .path = "/dev/null", .type = 'c', .major = 1, .minor = 3 },
	{ .path = "/dev/zero", .type = 'c', .major = 1, .minor = 5 },
	{ .path = "/dev/full", .type = 'c', .major = 1, .minor = 7 },
	{ .path = "/dev/random", .type = 'c', .major = 1, .minor = 8 },
	{ .path = "/dev/urandom", .type = 'c', .major = 1, .minor = 9 },
	{ .path = "/dev/tty", .type = 'c', .major = 5, .minor = 0 },
};

static const struct {
	const char *name, *to;
} links[] = {
	{ "fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static mode_t type_of(const struct spec_device *device)
{
	switch (device->type) {
	case 'b':
		return S_IFBLK;
	case 'p':
		return S_IFIFO;
	default:
		return S_IFCHR;
	}
}

static bool is_device(const struct spec_device *device, int fd)
{
	mode_t type = type_of(device);
	struct stat st;

	if (io_fstat(fd, &st) < 0 || (st.st_mode & S_IFMT) != type)
		return false;
	return type == S_IFIFO ||
	       st.st_rdev == makedev(device->major, device->minor);
}

static int make_node(int dir, const char *name,
		     const struct spec_device *device)
{
	mode_t mode = device->mode.set ? (mode_t)device->mode.value & 07777U
				       : MODE_DEFAULT;
	auto_fd int there = -1;

	/* The umask is 0 by now. */
	if (mknodat(dir, name, type_of(device) | mode,
		    makedev(device->major, device->minor)) < 0) {
		if (errno != EEXIST)
			return -errno;
		there = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (there < 0)
			return -errno;
		return is_device(device, there) ? 0 : -EEXIST;
	}
	if (fchownat(dir, name, device->uid, device->gid, AT_SYMLINK_NOFOLLOW) <
	    0)
		return -errno;
	return 0;
}

/* A file to bind a device on: made, or what is there but no symlink. */
static int open_file(int dir, const char *name)
{
	int flags = O_PATH | O_NOFOLLOW;
	auto_fd int fd = openat(dir, name, flags | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT) {
		if (mknodat(dir, name, S_IFREG | 0644, 0) < 0)
			return -errno;
		fd = openat(dir, name, flags | O_CLOEXEC);
	}
	if (fd < 0 || io_fstat(fd, &st) < 0)
		return -errno;
	return S_ISLNK(st.st_mode) ? -ELOOP : take_fd(&fd);
}

/* Where nodes may not be made: the host's, if it is the one that is meant. */
static int bind_node(const struct rootfs *rootfs, int dir, const char *name,
		     const struct spec_device *device)
{
	auto_source struct source source = SOURCE_NONE;
	auto_fd int dest = open_file(dir, name);

	if (dest < 0)
		return dest;
	if (is_device(device, dest))
		return 0;
	source.name = device->path;
	source.tree = mount_clone(AT_FDCWD, device->path, CLONE_NOFOLLOW);
	if (source.tree == -ENOSYS) {
		source.file =
			open(device->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		source.flags = MS_BIND;
	} else if (source.tree < 0) {
		return source.tree;
	}
	if (!is_device(device, source.tree >= 0 ? source.tree : source.file))
		return -ENODEV;
	return source.tree >= 0 ? mount_attach(source.tree, dest, device->path)
				: mount_old(rootfs, &source, dest);
}

/* Its name in the directory @dir, which is /dev or one that was opened. */
static int find_dir(const struct rootfs *rootfs, const char *path,
		    const char **name, int *opened)
{
	if (strncmp(path, "/dev/", 5) != 0) {
		*opened = inroot_parent(rootfs->root, path, name);
		return *opened;
	}
	path += 5 + strspn(path + 5, "/");
	if (!strchr(path, '/') && *path && path[0] != '.') {
		*name = path;
		return rootfs->dev;
	}
	*opened = inroot_parent(rootfs->dev, path, name);
	return *opened;
}

static int add_device(const struct rootfs *rootfs,
		      const struct spec_device *device, struct err *err)
{
	bool fifo = device->type == 'p';
	uint64_t start = trace_start();
	auto_fd int opened = -1;
	const char *name;
	int dir = find_dir(rootfs, device->path, &name, &opened);
	int r = -EPERM;

	if (dir < 0)
		return err_sys(err, -dir, "directory of device \"%s\"",
			       device->path);
	if (!rootfs->userns || fifo)
		r = make_node(dir, name, device);
	trace_end(start, r, "file", "mknod \"%s\" %c %u:%u", device->path,
		  device->type, device->major, device->minor);
	if (r == -EPERM && !fifo && rootfs->mountns)
		r = bind_node(rootfs, dir, name, device);
	if (r == -EEXIST || r == -ENODEV)
		return err_sys(err, -r, "device \"%s\": not the %s %u:%u",
			       device->path,
			       device->type == 'b' ? "block device"
			       : fifo              ? "fifo"
						   : "character device",
			       device->major, device->minor);
	return r < 0 ? err_sys(err, -r, "make device \"%s\"", device->path) : 0;
}

static bool is_configured(const struct spec *spec, const char *path)
{
	for (size_t i = 0; i < spec->linux_.device_count; i++)
		if (strcmp(spec->linux_.devices[i].path, path) == 0)
			return true;
	return false;
}

static int add_link(int dir, const char *name, const char *to, struct err *err)
{
	if (symlinkat(to, dir, name) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make link \"/dev/%s\"", name);
	return 0;
}

/* Of the container's own devpts, whatever the image has there. */
static int add_ptmx(int dir, struct err *err)
{
	static const char to[] = "pts/ptmx";
	char there[sizeof(to)];
	ssize_t len = readlinkat(dir, "ptmx", there, sizeof(there));

	if (len == (ssize_t)sizeof(to) - 1 &&
	    memcmp(there, to, sizeof(to) - 1) == 0)
		return 0;
	if (unlinkat(dir, "ptmx", 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove \"/dev/ptmx\"");
	return add_link(dir, "ptmx", to, err);
}

static bool dev_is_bound(const struct spec *spec)
{
	for (size_t i = 0; i < spec->mount_count; i++) {
		const char *at = spec->mounts[i].destination;

		at += strspn(at, "/");
		if (is_bind(&spec->mounts[i]) && strncmp(at, "dev", 3) == 0 &&
		    at[3 + strspn(at + 3, "/")] == '\0')
			return true;
	}
	return false;
}

int device_dir(struct rootfs *rootfs, struct err *err)
{
	if (rootfs->dev < 0)
		rootfs->dev = inroot_mkdirs(rootfs->root, "dev", 0755);
	if (rootfs->dev < 0)
		return err_sys(err, -rootfs->dev, "open \"/dev\" in \"%s\"",
			       rootfs->path);
	return 0;
}

static int add_links(const struct rootfs *rootfs, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < COUNT(links) && r == 0; i++)
		r = add_link(rootfs->dev, links[i].name, links[i].to, err);
	if (r == 0 && faccessat(rootfs->proc, "kcore", F_OK, 0) == 0)
		r = add_link(rootfs->dev, "core", "/proc/kcore", err);
	return r ?: add_ptmx(rootfs->dev, err);
}

int device_setup(struct rootfs *rootfs, struct err *err)
{
	const struct spec *spec = rootfs->spec;
	const struct spec_device *device;
	int r;

	if (dev_is_bound(spec))
		return 0;
	r = device_dir(rootfs, err);
	for (size_t i = 0; i < COUNT(defaults) && r == 0; i++)
		if (!is_configured(spec, defaults[i].path))
			r = add_device(rootfs, &defaults[i], err);
	for (size_t i = 0; i < spec->linux_.device_count && r == 0; i++) {
		device = &spec->linux_.devices[i];
		r = add_device(rootfs, device, err);
		if (r < 0)
			return err_in(err, "linux.devices[%zu]", i);
	}
	return r ?: add_links(rootfs, err);
}

int rootfs_console(struct rootfs *rootfs, int pty, struct err *err)
{
	auto_source struct source source = SOURCE_NONE;
	auto_fd int dest = -1;
	int r = device_dir(rootfs, err);

	if (r < 0)
		return r;
	dest = open_file(rootfs->dev, "console");
	if (dest < 0)
		return err_sys(err, -dest, "open \"/dev/console\"");
	source.name = "terminal";
	source.tree = mount_clone(pty, "", 0);
	if (source.tree == -ENOSYS) {
		source.flags = MS_BIND;
		source.file = fcntl(pty, F_DUPFD_CLOEXEC, 0);
		r = source.file < 0 ? -errno : mount_old(rootfs, &source, dest);
	} else {
		r = source.tree < 0
			    ? source.tree
			    : mount_attach(source.tree, dest, "/dev/console");
	}
	if (r < 0)
		return err_sys(err, -r,
			       "bind the terminal on \"/dev/console\"");
	return 0;
}
