/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/strbuf.h"
#include "common/base/text.h"
#include "common/base/trace.h"
#include "runtime-glue/rootfs/inroot.h"
#include "runtime-glue/rootfs/parts.h"

/* fsconfig(2) takes strings of less than 256 bytes. */
#define VALUE_MAX 255

/* Flags of the file system, not of the mount. */
static const struct {
	unsigned long ms;
	const char *name;
} fs_flags[] = {
	{ MS_RDONLY, "ro" },         { MS_SYNCHRONOUS, "sync" },
	{ MS_DIRSYNC, "dirsync" },   { MS_MANDLOCK, "mand" },
	{ MS_LAZYTIME, "lazytime" }, { MS_I_VERSION, "iversion" },
	{ MS_POSIXACL, "acl" },
};

/*
 * One option's length: a comma ends it, but not behind a backslash (overlay's
 * lowerdir) or in quotes (SELinux's categories).
 */
static size_t option_len(const char *at)
{
	bool quoted = false;
	size_t i;

	for (i = 0; at[i] && (quoted || at[i] != ','); i++) {
		if (at[i] == '"')
			quoted = !quoted;
		else if (at[i] == '\\' && at[i + 1])
			i++;
	}
	return i;
}

bool fs_has_option(const char *data, const char *key)
{
	size_t len = strlen(key), n;

	for (const char *at = data; at && *at; at += n + (at[n] == ',')) {
		n = option_len(at);
		if (n > len && strncmp(at, key, len) == 0 && at[len] == '=')
			return true;
	}
	return false;
}

static int set_option(int fd, const char *text, size_t len)
{
	char option[2 * VALUE_MAX];
	char *value;
	size_t end;

	if (len >= sizeof(option))
		return -E2BIG;
	memcpy(option, text, len);
	option[len] = '\0';
	value = strchr(option, '=');
	if (!value)
		return fsconfig(fd, FSCONFIG_SET_FLAG, option, NULL, 0);
	*value++ = '\0';
	end = strlen(value);
	if (end >= 2 && value[0] == '"' && value[end - 1] == '"') {
		value[end - 1] = '\0';
		value++;
	}
	if (strlen(value) > VALUE_MAX)
		return -E2BIG;
	return fsconfig(fd, FSCONFIG_SET_STRING, option, value, 0);
}

/* The kernel's own words: "e tmpfs: Bad value for 'size'". */
static int fs_fail(int fd, int errnum, struct err *err, const char *type,
		   const char *option)
{
	char text[256];
	ssize_t n;

	if (option)
		(void)err_sys(err, errnum, "option \"%s\" of %s", option, type);
	else
		(void)err_sys(err, errnum, "mount %s", type);
	while ((n = read(fd, text, sizeof(text) - 1)) > 0) {
		text[n] = '\0';
		(void)err_hint(err, "kernel: %s",
			       n > 2 && text[1] == ' ' ? text + 2 : text);
	}
	return -errnum;
}

static int set_options(int fd, const struct fs *fs, struct err *err)
{
	char option[64];
	size_t n;
	int r;

	for (const char *at = fs->data; at && *at; at += n + (at[n] == ',')) {
		n = option_len(at);
		r = n > 0 ? set_option(fd, at, n) : 0;
		if (r == -E2BIG)
			return err_sys(err, E2BIG, "options of %s", fs->type);
		if (r < 0) {
			(void)text_format(option, sizeof(option), "%s", at);
			if (n < sizeof(option))
				option[n] = '\0';
			return fs_fail(fd, errno, err, fs->type, option);
		}
	}
	return 0;
}

static int set_string(int fd, const struct fs *fs, const char *key,
		      const char *value, struct err *err)
{
	if (!value || !*value)
		return 0;
	if (strlen(value) > VALUE_MAX)
		return err_sys(err, E2BIG, "options of %s", fs->type);
	if (fsconfig(fd, FSCONFIG_SET_STRING, key, value, 0) < 0)
		return fs_fail(fd, errno, err, fs->type, key);
	return 0;
}

static int set_flags(int fd, const struct fs *fs, struct err *err)
{
	for (size_t i = 0; i < sizeof(fs_flags) / sizeof(fs_flags[0]); i++)
		if (fs->flags & fs_flags[i].ms &&
		    fsconfig(fd, FSCONFIG_SET_FLAG, fs_flags[i].name, NULL, 0) <
			    0)
			return fs_fail(fd, errno, err, fs->type,
				       fs_flags[i].name);
	return 0;
}

static int fs_make(const struct fs *fs, struct err *err)
{
	auto_fd int fd = fsopen(fs->type, FSOPEN_CLOEXEC);
	int r, tree;

	if (fd < 0)
		return err_sys(err, errno, "mount type \"%s\"", fs->type);
	r = set_string(fd, fs, "source", fs->source, err);
	r = r ?: set_flags(fd, fs, err);
	r = r ?: set_options(fd, fs, err);
	r = r ?: set_string(fd, fs, "context", fs->label, err);
	if (r < 0)
		return r;
	if (fsconfig(fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fs_fail(fd, errno, err, fs->type, NULL);
	tree = fsmount(fd, FSMOUNT_CLOEXEC, (unsigned int)fs->attr);
	return tree < 0 ? fs_fail(fd, errno, err, fs->type, NULL) : tree;
}

int fs_new(const struct fs *fs, struct err *err)
{
	uint64_t start = trace_start();
	int r = fs_make(fs, err);

	trace_end(start, r, "mount", "fsmount %s (%s)", fs->type,
		  fs->data ? fs->data : "");
	return r;
}

/* Kinds that are one file system for all: the mount is read-only, not it. */
static bool is_shared(const char *type)
{
	static const char *const types[] = { "proc",   "sysfs",  "mqueue",
					     "devpts", "cgroup", "cgroup2",
					     "tmpfs" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

static bool takes_label(const char *type)
{
	return strcmp(type, "tmpfs") == 0 || strcmp(type, "devpts") == 0 ||
	       !is_shared(type);
}

/* mount(2) gets all in one string, of at most a page. */
static int fs_old(const struct fs *fs, struct source *source, struct err *err)
{
	auto_strbuf struct strbuf data = { 0 };

	strbuf_puts(&data, fs->data ? fs->data : "");
	if (fs->label)
		strbuf_printf(&data, "%scontext=\"%s\"", data.len ? "," : "",
			      fs->label);
	if (data.failed)
		return err_nomem(err);
	source->name = fs->source ? fs->source : fs->type;
	source->type = fs->type;
	source->flags = fs->flags;
	source->data = take_ptr(data.data);
	return 0;
}

int fs_source(const struct fs *fs, struct source *source, struct err *err)
{
	source->tree = fs_new(fs, err);
	if (source->tree == -ENOSYS || source->tree == -E2BIG) {
		err_clear(err);
		return fs_old(fs, source, err);
	}
	return source->tree < 0 ? source->tree : 0;
}

int fs_protect(const struct rootfs *rootfs, int sys)
{
	static const struct change change = { .set = MOUNT_ATTR_RDONLY,
					      .recursive = true };
	auto_fd int fd = inroot_open(sys, "fs/cgroup", O_PATH | O_DIRECTORY, 0);
	struct statfs st;

	if (fd < 0 || fstatfs(fd, &st) < 0 || st.f_type == SYSFS_MAGIC)
		return 0;
	return mount_change(rootfs, fd, &change);
}

/*
 * In a user namespace proc, sysfs and mqueue can be mounted only by who owns
 * the PID, network or IPC namespace, too. With the host's of these, the host's
 * mount is what a new one would show.
 */
static int fs_borrow(const struct rootfs *rootfs,
		     const struct spec_mount *mount, struct source *source)
{
	static const struct {
		const char *type, *path;
		enum spec_ns ns;
		bool joined; /* good enough for one that was joined, too */
	} kinds[] = {
		{ "proc", "/proc", SPEC_NS_PID, false },
		{ "sysfs", "/sys", SPEC_NS_NETWORK, true },
		{ "mqueue", "/dev/mqueue", SPEC_NS_IPC, false },
	};
	const struct spec_namespace *ns;
	int fd = -EPERM;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		ns = &rootfs->spec->linux_.ns[kinds[i].ns];
		if (strcmp(mount->type, kinds[i].type) == 0 &&
		    (!ns->used || (ns->path && kinds[i].joined)))
			fd = mount_clone(AT_FDCWD, kinds[i].path, CLONE_TREE);
	}
	source->tree = fd;
	return fd < 0 ? fd : 0;
}

/* POSIX message queues take no context=, but a label. */
static int label_root(int tree, const char *label, struct err *err)
{
	auto_fd int fd = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 ||
	    fsetxattr(fd, "security.selinux", label, strlen(label) + 1, 0) < 0)
		return err_sys(err, errno, "label mqueue \"%s\"", label);
	return 0;
}

int fs_open(const struct rootfs *rootfs, const struct spec_mount *mount,
	    struct source *source, struct err *err)
{
	const char *label = rootfs->spec->linux_.mount_label;
	struct fs fs = {
		.type = mount->type,
		.source = mount->source,
		.data = mount->data,
		.flags = mount->flags,
	};
	int r;

	if (label && *label && takes_label(fs.type))
		fs.label = label;
	if (is_shared(fs.type))
		fs.flags &= ~(unsigned long)MS_RDONLY;
	/* Here and not later: in a user namespace the kernel compares them
	 * with those of the host's mount. Where read-only has to wait, it is
	 * for rootfs_seal(). */
	fs.attr = change_of(mount).set;
	if (mount_waits(mount))
		fs.attr &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	source->name = mount->source ? mount->source : fs.type;
	r = fs_source(&fs, source, err);
	if (r == -EPERM && rootfs->userns &&
	    fs_borrow(rootfs, mount, source) == 0) {
		err_clear(err);
		return 0;
	}
	if (r == -EPERM && rootfs->userns && strcmp(fs.type, "proc") == 0)
		(void)err_hint(err,
			       "in a user namespace the kernel mounts proc "
			       "only where all of the host's /proc is "
			       "visible");
	source->done = source->tree >= 0;
	if (source->tree >= 0 && label && *label &&
	    strcmp(fs.type, "mqueue") == 0)
		r = label_root(source->tree, label, err);
	return r;
}
