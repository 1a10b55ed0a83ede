/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/host-local-ipam/boot.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/text.h"

#define BOOT_XATTR "user.ferrule.boot_id"
#define MARKER_MAX 128

void boot_id_read(char id[static BOOT_ID_TEXT])
{
	char text[BOOT_ID_TEXT + 2];
	int n = io_read_small(AT_FDCWD, "/proc/sys/kernel/random/boot_id", text,
			      sizeof(text));

	if (n < BOOT_ID_TEXT - 1)
		text[0] = '\0';
	text[BOOT_ID_TEXT - 1] = '\0';
	memcpy(id, text, BOOT_ID_TEXT);
}

int boot_mark_file(int fd, const char *id)
{
	if (!*id)
		return 0;
	return fsetxattr(fd, BOOT_XATTR, id, strlen(id), 0) < 0 ? -ENOTSUP : 0;
}

/*
 * "<dataDir>/.ferrule/<network>/<name>" from the store's path
 * "<dataDir>/<network>". A leading dot keeps it apart from every network.
 * Returns false when it does not fit; @dir_len is the length up to the name.
 */
static bool marker_path(const char *path, const char *name,
			char out[static PATH_MAX], size_t *dir_len)
{
	const char *slash = strrchr(path, '/');
	size_t data_len = slash ? (size_t)(slash - path) : 0;
	char *at = out;

	if (!slash || strlen(path) + strlen(name) + 16 > PATH_MAX)
		return false;
	at = mempcpy(at, path, data_len);
	at = text_put(text_put(at, "/.ferrule"), slash);
	*at++ = '/';
	*dir_len = (size_t)(at - out);
	(void)text_put(at, name);
	return true;
}

static void make_marker_dirs(char *file, size_t dir_len)
{
	char *network;

	file[dir_len - 1] = '\0';
	network = strrchr(file, '/');
	*network = '\0';
	(void)mkdir(file, 0755);
	*network = '/';
	(void)mkdir(file, 0755);
	file[dir_len - 1] = '/';
}

/* What a marker says: the boot, and which file it is about. */
static bool marker_text(int dir, const char *name, const char *id,
			char out[static MARKER_MAX])
{
	struct stat st;
	int n;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	n = snprintf(out, MARKER_MAX, "%s %ju %jd.%09ld\n", id,
		     (uintmax_t)st.st_ino, (intmax_t)st.st_ctim.tv_sec,
		     st.st_ctim.tv_nsec);
	return n > 0 && n < MARKER_MAX;
}

void boot_mark_beside(int dir, const char *path, const char *name,
		      const char *id)
{
	char file[PATH_MAX], text[MARKER_MAX];
	auto_fd int fd = -1;
	size_t dir_len;

	if (!marker_path(path, name, file, &dir_len) ||
	    !marker_text(dir, name, id, text))
		return;
	make_marker_dirs(file, dir_len);
	fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	if (fd >= 0 && io_write_all(fd, text, strlen(text)) < 0)
		(void)unlink(file);
}

void boot_unmark_beside(const char *path, const char *name)
{
	char file[PATH_MAX];
	size_t dir_len;

	if (marker_path(path, name, file, &dir_len))
		(void)unlink(file);
}

static enum boot by_marker(int dir, const char *path, const char *name,
			   const char *id)
{
	char file[PATH_MAX], said[MARKER_MAX], want[MARKER_MAX];
	size_t dir_len;

	if (!marker_path(path, name, file, &dir_len) ||
	    io_read_small(AT_FDCWD, file, said, sizeof(said)) < BOOT_ID_TEXT ||
	    !marker_text(dir, name, id, want))
		return BOOT_UNKNOWN;
	if (strcmp(said + BOOT_ID_TEXT - 1, want + BOOT_ID_TEXT - 1) != 0)
		return BOOT_UNKNOWN; /* about another file of that name */
	return strcmp(said, want) == 0 ? BOOT_THIS : BOOT_EARLIER;
}

enum boot boot_of(int dir, const char *path, const char *name, const char *id)
{
	auto_fd int fd = openat(dir, name,
				O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char kept[BOOT_ID_TEXT];
	ssize_t n;

	if (fd < 0 || !*id)
		return BOOT_UNKNOWN;
	n = fgetxattr(fd, BOOT_XATTR, kept, sizeof(kept));
	if (n < 0)
		return by_marker(dir, path, name, id);
	if (n != BOOT_ID_TEXT - 1)
		return BOOT_UNKNOWN;
	return memcmp(kept, id, (size_t)n) == 0 ? BOOT_THIS : BOOT_EARLIER;
}
