/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wrap: syscall */
/*
 * Each case by openat2(2) and by the walk for kernels that lack it. The tree
 * is TOP/out (what must never be reached) and TOP/root.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "runtime-glue/rootfs/inroot.h"

#define NONE (-1)

static char top[64];
static int top_fd = NONE, root = NONE;
static bool old_kernel;
static int busy; /* times that openat2() says EAGAIN */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*,*-identifier-naming) */
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
	long a[6];
	va_list ap;

	va_start(ap, number);
	for (size_t i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_openat2 && (old_kernel || busy > 0)) {
		errno = old_kernel ? ENOSYS : EAGAIN;
		busy--;
		return -1;
	}
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*,*-identifier-naming) */

static void add_dir(const char *name)
{
	assert_return_code(mkdirat(top_fd, name, 0755), errno);
}

static void add_file(const char *name)
{
	auto_fd int fd =
		openat(top_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_return_code(fd, errno);
	assert_int_equal(write(fd, name, strlen(name)), strlen(name));
}

static void add_link(const char *name, const char *to)
{
	assert_return_code(symlinkat(to, top_fd, name), errno);
}

static int make_tree(void **state)
{
	(void)state;
	(void)snprintf(top, sizeof(top), "/tmp/test_inroot.XXXXXX");
	assert_non_null(mkdtemp(top));
	top_fd = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	add_dir("out");
	add_file("out/secret");
	add_dir("root");
	add_dir("root/a");
	add_dir("root/a/b");
	add_dir("root/out");
	add_file("root/out/inner");
	add_file("root/a/b/file");
	add_link("root/abs", "/a/b");
	add_link("root/absfile", "/a/b/file");
	add_link("root/a/up", "../../../../../a/b");
	add_link("root/a/same", "b/./");
	add_link("root/escape", "../out/secret");
	add_link("root/escapedir", "../out");
	add_link("root/dangling", "made/deep/file");
	add_link("root/danglingabs", "/made/abs");
	add_link("root/loop", "loop");
	add_link("root/pair1", "pair2");
	add_link("root/pair2", "/pair1");
	add_link("root/chain1", "chain2");
	add_link("root/chain2", "a/chain3");
	add_link("root/a/chain3", "../abs/file");
	root = openat(top_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_return_code(root, errno);
	return 0;
}

static int remove_tree(void **state)
{
	char command[96];

	(void)state;
	auto_fd_release(&root);
	auto_fd_release(&top_fd);
	(void)snprintf(command, sizeof(command), "rm -rf %s", top);
	/* NOLINTNEXTLINE(cert-env33-c) */
	return system(command);
}

static int make_tree_old(void **state)
{
	old_kernel = true;
	return make_tree(state);
}

static int remove_tree_old(void **state)
{
	old_kernel = false;
	return remove_tree(state);
}

/* @fd is what is at @name in TOP, and closes on exec. */
static void assert_is(int fd, const char *name)
{
	struct stat is, wanted;

	assert_return_code(fd, -fd);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_return_code(fstat(fd, &is), errno);
	assert_return_code(fstatat(top_fd, name, &wanted, AT_SYMLINK_NOFOLLOW),
			   errno);
	assert_int_equal(is.st_ino, wanted.st_ino);
	assert_int_equal(is.st_dev, wanted.st_dev);
	(void)close(fd);
}

static const struct {
	const char *path;
	int flags;
	const char *is; /* in TOP; NULL: */
	int error;
} opened[] = {
	{ "/", O_PATH, "root", 0 },
	{ "", O_PATH, "root", 0 },
	{ ".", O_PATH, "root", 0 },
	{ "..", O_PATH, "root", 0 },
	{ "/../../..", O_PATH, "root", 0 },
	{ "a", O_PATH, "root/a", 0 },
	{ "//a///b//", O_PATH, "root/a/b", 0 },
	{ "a/b/file", O_RDONLY, "root/a/b/file", 0 },
	{ "a/b/../b/./file", O_RDONLY, "root/a/b/file", 0 },
	{ "a/b/..", O_PATH, "root/a", 0 },
	{ "a/b/file/", O_PATH, NULL, ENOTDIR },
	{ "a/b/file/..", O_PATH, NULL, ENOTDIR },
	{ "a/b/file", O_PATH | O_DIRECTORY, NULL, ENOTDIR },
	{ "a/none", O_PATH, NULL, ENOENT },
	{ "none/a", O_PATH, NULL, ENOENT },
	{ "none/../a", O_PATH, NULL, ENOENT },
	{ "abs", O_PATH, "root/a/b", 0 },
	{ "abs/file", O_RDONLY, "root/a/b/file", 0 },
	{ "absfile", O_RDONLY, "root/a/b/file", 0 },
	{ "a/up", O_PATH, "root/a/b", 0 },
	{ "a/up/../b/file", O_RDONLY, "root/a/b/file", 0 },
	{ "a/same/file", O_RDONLY, "root/a/b/file", 0 },
	{ "chain1", O_RDONLY, "root/a/b/file", 0 },
	{ "abs", O_PATH | O_NOFOLLOW, "root/abs", 0 },
	{ "abs/", O_PATH | O_NOFOLLOW, "root/a/b", 0 },
	{ "absfile", O_RDONLY | O_NOFOLLOW, NULL, ELOOP },
	{ "escape", O_RDONLY, NULL, ENOENT },
	{ "escapedir", O_PATH, "root/out", 0 },
	{ "escapedir/secret", O_RDONLY, NULL, ENOENT },
	{ "../out/secret", O_RDONLY, NULL, ENOENT },
	{ "a/../../out/inner", O_RDONLY, "root/out/inner", 0 },
	{ "dangling", O_PATH, NULL, ENOENT },
	{ "loop", O_PATH, NULL, ELOOP },
	{ "loop/x", O_PATH, NULL, ELOOP },
	{ "pair1", O_PATH, NULL, ELOOP },
	{ "loop", O_PATH | O_NOFOLLOW, "root/loop", 0 },
};

static void test_open(void **state)
{
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof(opened) / sizeof(opened[0]); i++) {
		fd = inroot_open(root, opened[i].path, opened[i].flags, 0);
		print_message("open %s: %d\n", opened[i].path, fd);
		if (opened[i].is)
			assert_is(fd, opened[i].is);
		else
			assert_int_equal(fd, -opened[i].error);
	}
}

static void test_long_names(void **state)
{
	char path[5000];

	(void)state;
	memset(path, 'x', sizeof(path));
	path[300] = '\0';
	assert_int_equal(inroot_open(root, path, O_PATH, 0), -ENAMETOOLONG);
	path[300] = '/';
	path[4999] = '\0';
	assert_int_equal(inroot_open(root, path, O_PATH, 0), -ENAMETOOLONG);
	assert_int_equal(inroot_mkdirs(root, path, 0755), -ENAMETOOLONG);
}

static void test_open_makes_files(void **state)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL;

	(void)state;
	assert_is(inroot_open(root, "abs/new", flags, 0600), "root/a/b/new");
	assert_int_equal(inroot_open(root, "abs/new", flags, 0600), -EEXIST);
	assert_int_equal(inroot_open(root, "no/new", flags, 0600), -ENOENT);
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	assert_return_code(fstatat(top_fd, name, &st, AT_SYMLINK_NOFOLLOW),
			   errno);
	return st.st_mode;
}

static void test_mkdirs(void **state)
{
	(void)state;
	assert_is(inroot_mkdirs(root, "/", 0755), "root");
	assert_is(inroot_mkdirs(root, "a/b", 0700), "root/a/b");
	assert_is(inroot_mkdirs(root, "/n1/n2/n3", 0711), "root/n1/n2/n3");
	assert_int_equal(mode_of("root/n1"), S_IFDIR | 0711);
	assert_int_equal(mode_of("root/n1/n2/n3"), S_IFDIR | 0711);
	assert_is(inroot_mkdirs(root, "abs/m/", 0755), "root/a/b/m");
	assert_is(inroot_mkdirs(root, "../../u", 0755), "root/u");
	assert_is(inroot_mkdirs(root, "escapedir/x", 0755), "root/out/x");
	assert_is(inroot_mkdirs(root, "danglingabs", 0755), "root/made/abs");
	assert_is(inroot_mkdirs(root, "dangling/y", 0755),
		  "root/made/deep/file/y");
	assert_is(inroot_mkdirs(root, "q/../r", 0755), "root/r");
	assert_int_equal(inroot_mkdirs(root, "loop/x", 0755), -ELOOP);
	assert_int_equal(inroot_mkdirs(root, "absfile", 0755), -ENOTDIR);
	assert_int_equal(inroot_mkdirs(root, "absfile/x", 0755), -ENOTDIR);
	assert_int_equal(faccessat(top_fd, "out/x", F_OK, 0), -1);
}

static void test_make(void **state)
{
	(void)state;
	assert_is(inroot_make(root, "a/b", S_IFDIR | 0755), "root/a/b");
	assert_is(inroot_make(root, "absfile", S_IFREG | 0644),
		  "root/a/b/file");
	/* What is there stays what it is. */
	assert_is(inroot_make(root, "a/b", S_IFREG | 0644), "root/a/b");
	assert_is(inroot_make(root, "f1/f2/f", S_IFREG | 0640), "root/f1/f2/f");
	assert_int_equal(mode_of("root/f1/f2"), S_IFDIR | 0755);
	assert_int_equal(mode_of("root/f1/f2/f"), S_IFREG | 0640);
	assert_is(inroot_make(root, "dangling", S_IFREG | 0644),
		  "root/made/deep/file");
	assert_is(inroot_make(root, "escape", S_IFREG | 0644),
		  "root/out/secret");
	assert_int_equal(inroot_make(root, "loop", S_IFREG | 0644), -ELOOP);
	assert_int_equal(inroot_make(root, "absfile/x", S_IFREG | 0644),
			 -ENOTDIR);
	assert_is(inroot_make(root, "d1/d2", S_IFDIR | 0700), "root/d1/d2");
}

static void test_parent(void **state)
{
	const char *name = NULL;

	(void)state;
	assert_is(inroot_parent(root, "/x", &name), "root");
	assert_string_equal(name, "x");
	assert_is(inroot_parent(root, "x", &name), "root");
	assert_string_equal(name, "x");
	assert_is(inroot_parent(root, "abs/x", &name), "root/a/b");
	assert_string_equal(name, "x");
	assert_is(inroot_parent(root, "/p/q/x", &name), "root/p/q");
	assert_int_equal(inroot_parent(root, "a/..", &name), -EINVAL);
	assert_int_equal(inroot_parent(root, "a/.", &name), -EINVAL);
	assert_int_equal(inroot_parent(root, "a/", &name), -EINVAL);
	assert_int_equal(inroot_parent(root, "", &name), -EINVAL);
}

/* Neither way follows what only looks like a symlink. */
static void test_magic_links(void **state)
{
	auto_fd int proc = open("/proc/self", O_PATH | O_CLOEXEC);
	char path[32];
	int fd;

	(void)state;
	(void)snprintf(path, sizeof(path), "fd/%d/secret", root);
	fd = inroot_open(proc, "root/etc", O_PATH, 0);
	assert_true(fd == -ELOOP || fd == -ENOENT);
	fd = inroot_open(proc, path, O_PATH, 0);
	assert_true(fd == -ELOOP || fd == -ENOENT);
}

static void test_busy(void **state)
{
	(void)state;
	busy = 5;
	assert_is(inroot_open(root, "abs", O_PATH, 0), "root/a/b");
	busy = 1000;
	assert_int_equal(inroot_open(root, "abs", O_PATH, 0), -EAGAIN);
	busy = 0;
}

static void test_deep(void **state)
{
	char path[2001];

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		memcpy(path + 2 * i, "d/", 3);
	assert_int_equal(inroot_mkdirs(root, path, 0755), -ENAMETOOLONG);
}

#define TREE(test) cmocka_unit_test_setup_teardown(test, make_tree, remove_tree)
#define OLD(test)                                                            \
	{                                                                    \
#test " by hand", test, make_tree_old, remove_tree_old, NULL \
	}
#define BOTH(test) TREE(test), OLD(test)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_open),        BOTH(test_long_names),
		BOTH(test_mkdirs),      BOTH(test_open_makes_files),
		BOTH(test_make),        BOTH(test_parent),
		BOTH(test_magic_links), TREE(test_busy),
		OLD(test_deep),
	};

	(void)umask(0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
