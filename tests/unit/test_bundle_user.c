/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wrap: box_open box_pid box_close bundle_mounts bundle_seccomp */
/* Users in files of an image, which are not to be trusted. */
#include "tests/unit/bundle.h"

#define USERS                             \
	"root:x:0:0:root:/root:/bin/sh\n" \
	"# comment:x:1:1:::\n"            \
	"bad:x:-1:0:::\n"                 \
	"bad:x:4294967295:0:::\n"         \
	"bad:x:4294967296:0:::\n"         \
	"bad:x:0x0:0:::\n"                \
	"bad:x: 0:0:::\n"                 \
	"bad:x::0:::\n"                   \
	"bad:x:0\n"                       \
	":x:0:0::/:\n"                    \
	"7:x:8:8::/seven:\n"              \
	"nohome:x:9:9:::\n"               \
	"\n"                              \
	"last:x:10:11::/last:/bin/sh"
#define GROUPS                        \
	"root:x:0:\n"                 \
	"bad:x:-5:last\n"             \
	"many:x:20:a,last,b\n"        \
	"part:x:21:xlast,lastx,las\n" \
	"11:x:22:last\n"              \
	"own:x:11:last\n"             \
	"end:x:23:last"

static const struct {
	const char *user;
	const char *want; /* uid gid home groups; NULL: refused */
} users[] = {
	{ "", "0 0 /root [0]" },
	{ "root", "0 0 /root [0]" },
	{ "0", "0 0 /root [0]" },
	{ "12", "12 0 / [0]" },
	{ "12:13", "12 13 / [13]" },
	{ "7", "8 8 /seven [8]" }, /* a name wins over a number */
	{ "8", "8 8 /seven [8]" },
	{ "nohome", "9 9 / [9]" },
	{ "last", "10 11 /last [11,20,22,23]" },
	{ "10", "10 11 /last [11,20,22,23]" },
	{ "last:", "10 11 /last [11,20,22,23]" },
	{ "last:many", "10 20 /last [20]" },
	{ "last:11", "10 22 /last [22]" },
	{ ":many", "0 20 /root [20]" },
	{ "bad", NULL },
	{ "-1", NULL },
	{ "4294967295", NULL },
	{ "4294967294", "4294967294 0 / [0]" },
	{ "00", "0 0 /root [0]" },
	{ "last:bad", NULL },
	{ "a:b:c", NULL },
	{ "x", NULL },
};

static int find_user(const char *user, struct strbuf *out, struct err *err)
{
	const struct spec_strings none = { .count = 0 };
	AUTO(bundle_ids_free) struct bundle_ids ids = { .home = NULL };
	auto_arena struct arena arena = { .chunks = NULL };
	char path[128];
	int root, r;

	(void)snprintf(path, sizeof(path), "%s/users", top);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(root >= 0);
	r = bundle_find_user(root, user, &none, &arena, &ids, err);
	(void)close(root);
	if (r == 0)
		strbuf_printf(out, "%u %u %s %s", ids.uid, ids.gid, ids.home,
			      json_object_to_json_string_ext(
				      ids.groups, JSON_C_TO_STRING_PLAIN));
	return r;
}

static void assert_user(const char *user, const char *want)
{
	auto_strbuf struct strbuf got = { .len = 0 };
	struct err err = { .code = CNI_OK };
	int r = find_user(user, &got, &err);

	if ((r == 0) != (want != NULL) ||
	    (want && strcmp(strbuf_str(&got), want) != 0))
		fail_msg("\"%s\": %s%s, not %s", user, strbuf_str(&got),
			 err.msg, want ?: "refused");
}

static void test_users(void **state)
{
	(void)state;
	write_file("users/etc/passwd", USERS, strlen(USERS));
	write_file("users/etc/group", GROUPS, strlen(GROUPS));
	for (size_t i = 0; i < COUNT(users); i++)
		assert_user(users[i].user, users[i].want);
}

static void test_hostile_passwd(void **state)
{
	static const char nul[] = "evil\0:x:0:0::/:\nok:x:5:5::/:\n";
	const size_t huge = (4U << 20) + 1;
	char path[128];
	char *text = malloc(huge);

	(void)state;
	write_file("users/etc/group", "", 0);
	write_file("users/etc/passwd", nul, sizeof(nul) - 1);
	assert_user("evil", NULL);
	assert_user("ok", "5 5 / [5]");
	(void)snprintf(path, sizeof(path), "%s/users/etc/passwd", top);

	assert_non_null(text);
	memset(text, 'a', huge);
	write_file("users/etc/passwd", text, huge);
	assert_user("0", NULL);
	write_file("users/etc/passwd", text, huge - 1);
	assert_user("0", "0 0 / [0]");
	memset(text, ':', huge);
	write_file("users/etc/passwd", text, huge - 1);
	assert_user("0", "0 0 / [0]");
	free(text);

	/* A symlink stays inside: there is no such file here. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/etc/shadow", path), 0);
	assert_user("0", "0 0 / [0]");
	assert_user("root", NULL);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("passwd", path), 0);
	assert_user("0", NULL);
	/* Opening a FIFO would wait. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0644), 0);
	assert_user("0", NULL);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_user("0", NULL);
	assert_int_equal(rmdir(path), 0);
	assert_user("0", "0 0 / [0]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_hostile_passwd),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
