/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths inside a root that is not to be trusted. Symlinks are followed as if
 * @root were /; never out of it, never through /proc's magic links. On kernels
 * without openat2(2) (before 5.6) it walks by hand, a component at a time.
 */
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include "common/base/err.h"

/* Open @path; O_CLOEXEC is added. Returns the descriptor or -errno. */
int inroot_open(int root, const char *path, int flags, mode_t mode) MUST_CHECK;

/*
 * Make the directories of @path, those that are missing, and open the last
 * one, O_PATH. What a dangling symlink points to is made, too, inside the root
 * (images have /etc/resolv.conf -> ../run/... and nothing there).
 */
int inroot_mkdirs(int root, const char *path, mode_t mode) MUST_CHECK;

/*
 * Open @path, O_PATH; make it first (and its parents, 0755) if it is missing: a
 * directory or an empty file, as @mode's type (S_IFDIR, S_IFREG) says. One that
 * is there may be of any type.
 */
int inroot_make(int root, const char *path, mode_t mode) MUST_CHECK;

/*
 * The directory that @path's last component is in, made as needed; the
 * component goes to @name (borrowed from @path). For *at() calls. -EINVAL when
 * the path ends in "/", "." or "..".
 */
int inroot_parent(int root, const char *path, const char **name) MUST_CHECK;
