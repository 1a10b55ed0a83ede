/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wrap: open read write */
/* A /proc/sys/net of one file. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <cmocka.h>

#include "common/net/sysctl.h"

static char path[300]; /* that was opened last */
static const char *value;
static char written[64];
static int open_errno, read_errno, write_open_errno, write_errno;
static unsigned int writes;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*,*-identifier-naming) */
int __real_open(const char *name, int flags, ...);
int __wrap_open(const char *name, int flags, ...);
int __wrap_open(const char *name, int flags, ...)
{
	const int failure = flags & O_WRONLY ? write_open_errno : open_errno;

	if (strncmp(name, "/proc/sys/net/", 14) != 0)
		return __real_open(name, flags, 0);
	assert_true(flags & O_CLOEXEC);
	assert_false(flags & (O_CREAT | O_TRUNC));
	assert_true(strlen(name) < sizeof(path));
	memcpy(path, name, strlen(name) + 1);
	if (failure) {
		errno = failure;
		return -1;
	}
	return __real_open("/dev/null", flags, 0);
}

ssize_t __wrap_read(int fd, void *buf, size_t size);
ssize_t __wrap_read(int fd, void *buf, size_t size)
{
	const size_t len = strlen(value) < size ? strlen(value) : size;

	(void)fd;
	if (read_errno) {
		errno = read_errno;
		return -1;
	}
	memcpy(buf, value, len);
	return (ssize_t)len;
}

ssize_t __real_write(int fd, const void *buf, size_t size);
ssize_t __wrap_write(int fd, const void *buf, size_t size);
ssize_t __wrap_write(int fd, const void *buf, size_t size)
{
	if (fd <= 2) /* cmocka's */
		return __real_write(fd, buf, size);
	writes++;
	if (write_errno) {
		errno = write_errno;
		return -1;
	}
	assert_true(size < sizeof(written));
	memcpy(written, buf, size);
	written[size] = '\0';
	return (ssize_t)size;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*,*-identifier-naming) */

static int start(void **state)
{
	(void)state;
	value = "0\n";
	open_errno = read_errno = write_open_errno = write_errno = 0;
	writes = 0;
	*written = '\0';
	return 0;
}

static void test_get(void **state)
{
	char buf[8];

	(void)state;
	value = "17\n";
	assert_int_equal(sysctl_get(buf, sizeof(buf), "ipv4/conf/%s/x", "a.b"),
			 2);
	assert_string_equal(buf, "17");
	assert_string_equal(path, "/proc/sys/net/ipv4/conf/a.b/x");
	value = "";
	assert_int_equal(sysctl_get(buf, sizeof(buf), "x"), 0);
	assert_string_equal(buf, "");
	value = "123456789\n";
	assert_int_equal(sysctl_get(buf, sizeof(buf), "x"), 7);
	assert_string_equal(buf, "1234567");
	read_errno = EIO;
	assert_int_equal(sysctl_get(buf, sizeof(buf), "x"), -EIO);
	open_errno = ENOENT;
	assert_int_equal(sysctl_get(buf, sizeof(buf), "x"), -ENOENT);
}

static void test_set(void **state)
{
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(sysctl_set("1", &err, "ipv6/conf/%s/accept_ra", "br"),
			 0);
	assert_int_equal(writes, 1);
	assert_string_equal(written, "1");
	assert_string_equal(path, "/proc/sys/net/ipv6/conf/br/accept_ra");
	value = "10\n";
	assert_int_equal(sysctl_set("1", &err, "x"), 0);
	assert_int_equal(writes, 2);
	assert_int_equal(err.code, CNI_OK);
}

/* What is right already is not written: /proc/sys may be read-only. */
static void test_set_already(void **state)
{
	struct err err = { .code = CNI_OK };

	(void)state;
	value = "1\n";
	write_open_errno = EROFS;
	assert_int_equal(sysctl_set("1", &err, "ipv4/ip_forward"), 0);
	assert_int_equal(writes, 0);
	assert_int_equal(err.code, CNI_OK);
	assert_int_equal(sysctl_set("0", &err, "ipv4/ip_forward"), -EROFS);
	assert_string_equal(err.msg, "set /proc/sys/net/ipv4/ip_forward to 0: "
				     "Read-only file system");
}

static void test_set_refused(void **state)
{
	struct err err = { .code = CNI_OK };

	(void)state;
	write_errno = EINVAL;
	assert_int_equal(sysctl_set("7", &err, "x"), -EINVAL);
	assert_string_equal(err.msg,
			    "set /proc/sys/net/x to 7: Invalid argument");
	err_clear(&err);
	open_errno = ENOENT;
	assert_int_equal(sysctl_set("7", &err, "x"), -ENOENT);
	assert_int_equal(writes, 1);
	err_clear(&err);
	/* That it cannot be read does not say that it cannot be written. */
	write_errno = 0;
	open_errno = EACCES;
	assert_int_equal(sysctl_set("7", &err, "x"), 0);
	assert_string_equal(written, "7");
	assert_int_equal(err.code, CNI_OK);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_get, start),
		cmocka_unit_test_setup(test_set, start),
		cmocka_unit_test_setup(test_set_already, start),
		cmocka_unit_test_setup(test_set_refused, start),
	};

	return cmocka_run_group_tests_name("sysctl", tests, NULL, NULL);
}
