/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wrap: pwrite futimens */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/text.h"
#include "plugins/host-local-ipam/boot.h"
#include "plugins/host-local-ipam/index.h"

#define RECS 6U

static char path[] = "/tmp/test_index.XXXXXX";
static char boot[BOOT_ID_TEXT] = "11111111-2222-3333-4444-555555555555";
static int dir = -1;

/* As when the file system fills up, or the process is killed in the middle. */
static bool cut_short;

/* As on ext4 with small inodes, or on vfat. */
static bool whole_seconds;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*,*-identifier-naming) */
ssize_t __real_pwrite(int fd, const void *bytes, size_t len, off_t at);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t len, off_t at);

ssize_t __wrap_pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	return __real_pwrite(fd, bytes, cut_short ? len / 2 : len, at);
}

int __real_futimens(int fd, const struct timespec times[2]);
int __wrap_futimens(int fd, const struct timespec times[2]);

int __wrap_futimens(int fd, const struct timespec times[2])
{
	struct timespec set[2] = { times[0], times[1] };

	if (whole_seconds)
		set[1].tv_nsec = 0;
	return __real_futimens(fd, set);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*,*-identifier-naming) */

static struct index_rec rec(unsigned int i)
{
	struct ip ip = { .family = IP_V4, .bytes = { 10, 1, 2, (uint8_t)i } };

	return index_rec_make(&ip, i + 1U);
}

/* Fill @index as a scan of the store does, in this or in the other order. */
static void fill(struct index *index, bool backwards)
{
	index_reset(index);
	for (unsigned int i = 0; i < RECS; i++)
		assert_true(
			index_append(index, rec(backwards ? RECS - 1 - i : i)));
}

static void save_new(void)
{
	struct index index;

	(void)index_open(&index, dir, boot);
	fill(&index, false);
	index_save(&index, dir, boot);
	index_close(&index);
}

static bool holds(void)
{
	struct index index;
	bool ok = index_open(&index, dir, boot);

	index_close(&index);
	return ok;
}

static int setup(void **state)
{
	(void)state;
	(void)text_put(path + sizeof(path) - 7, "XXXXXX");
	if (!mkdtemp(path))
		return -1;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cut_short = false;
	whole_seconds = false;
	return dir < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)close(dir);
	return rmdir(path);
}

static void test_a_hint_is_read_back(void **state)
{
	struct index index;

	(void)state;
	assert_false(holds());
	save_new();
	assert_true(index_open(&index, dir, boot));
	assert_int_equal(index.count, RECS);
	for (unsigned int i = 0; i < RECS; i++) {
		const struct index_rec want = rec(i);

		assert_memory_equal(&index.recs[i], &want, sizeof(want));
	}
	index_close(&index);
}

static void test_only_what_changed_is_written(void **state)
{
	const struct index_rec last = rec(RECS - 1), added = rec(77);
	struct index index;

	(void)state;
	save_new();
	assert_true(index_open(&index, dir, boot));
	index_remove(&index, 1);
	assert_true(index_append(&index, added));
	index_save(&index, dir, boot);
	index_close(&index);
	assert_true(index_open(&index, dir, boot));
	assert_int_equal(index.count, RECS);
	assert_memory_equal(&index.recs[1], &last, sizeof(last));
	assert_memory_equal(&index.recs[RECS - 1], &added, sizeof(added));
	index_close(&index);
}

static void test_a_change_by_others_shows(void **state)
{
	(void)state;
	save_new();
	assert_int_equal(mkdirat(dir, "x", 0700), 0);
	assert_int_equal(unlinkat(dir, "x", AT_REMOVEDIR), 0);
	assert_false(holds());
}

static void test_another_boot_shows(void **state)
{
	(void)state;
	save_new();
	boot[0] = '2';
	assert_false(holds());
	boot[0] = '1';
	assert_true(holds());
	boot[0] = '\0';
	assert_false(holds());
	boot[0] = '1';
}

/*
 * The leases were read anew although the hint held and nothing had changed,
 * as GC does it: the head in the file still fits the directory.
 */
static void test_half_a_hint_holds_for_nothing(void **state)
{
	struct index index;

	(void)state;
	save_new();
	assert_true(index_open(&index, dir, boot));
	fill(&index, true);
	cut_short = true;
	index_save(&index, dir, boot);
	cut_short = false;
	index_close(&index);
	assert_false(holds());
}

static void test_no_hint_where_times_are_rounded(void **state)
{
	(void)state;
	whole_seconds = true;
	save_new();
	assert_false(holds());
}

static void test_a_hint_that_others_can_write_is_not_used(void **state)
{
	char name[64] = "/run/ferrule/host-local-";
	struct stat st;
	char *at;

	(void)state;
	save_new();
	assert_int_equal(fstat(dir, &st), 0);
	at = text_hex(name + strlen(name), st.st_dev);
	*at++ = '-';
	(void)text_hex(at, st.st_ino);
	assert_int_equal(chmod(name, 0660), 0);
	assert_false(holds());
	assert_int_equal(chmod(name, 0600), 0);
	assert_true(holds());
	assert_int_equal(unlink(name), 0);
	assert_false(holds());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_hint_is_read_back),
		TEST(test_only_what_changed_is_written),
		TEST(test_a_change_by_others_shows),
		TEST(test_another_boot_shows),
		TEST(test_half_a_hint_holds_for_nothing),
		TEST(test_no_hint_where_times_are_rounded),
		TEST(test_a_hint_that_others_can_write_is_not_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
