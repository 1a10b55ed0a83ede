/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "runtime-glue/process/parts.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define STRINGS(...)                                               \
	{                                                          \
		.count = COUNT(((const char *[]){ __VA_ARGS__ })), \
		.at = (const char *[])                             \
		{                                                  \
			__VA_ARGS__                                \
		}                                                  \
	}

static char dir[] = "/tmp/test_process.XXXXXX";

/* ---- Lists ---- */

static void test_list(void **state)
{
	static const struct {
		const char *text;
		int r;
		unsigned long low;
	} cases[] = {
		{ "0", 0, 0x1 },        { "0-3", 0, 0xf },
		{ "1,3,5-6", 0, 0x6a }, { "63", 0, 1UL << 63 },
		{ "2,2", 0, 0x4 },      { "127", 0, 0 },
		{ "128", -ERANGE, 0 },  { "99999999999999999999", -ERANGE, 0 },
		{ "", -EINVAL, 0 },     { ",1", -EINVAL, 0 },
		{ "1,", -EINVAL, 0 },   { "1-", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },   { "3-1", -EINVAL, 0 },
		{ "1 2", -EINVAL, 0 },  { " 1", -EINVAL, 0 },
		{ "0x1", -EINVAL, 0 },  { "+1", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		unsigned long bits[2] = { 7, 7 };

		assert_int_equal(process_list(cases[i].text, bits, 128),
				 cases[i].r);
		if (cases[i].r == 0)
			assert_int_equal(bits[0], cases[i].low);
	}
}

/* ---- Environment ---- */

static void test_home(void **state)
{
	static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
				     "# 5:x:5:5::/comment:\n"
				     "short:x:7:7:\n"
				     "many:x:8:8:a:/many:/bin/sh:more\n"
				     "hex:x:0x9:9::/hex:/bin/sh\n"
				     "sign:x:+9:9::/sign:/bin/sh\n"
				     ":x:10:10::/noname:/bin/sh\n"
				     "empty:x:11:11:::/bin/sh\n"
				     "first:x:12:12::/first:\n"
				     "second:x:12:12::/second:\n"
				     "big:x:4294967295:1::/big:/bin/sh\n"
				     "wrap:x:4294967308:1::/wrap:/bin/sh\n"
				     "last:x:13:13:a,b c:/home/last:/bin/sh";
	static const struct {
		uid_t uid;
		const char *home; /* NULL: none */
	} cases[] = {
		{ 0, "/root" },
		{ 5, NULL },
		{ 7, NULL },
		{ 8, NULL },
		{ 9, NULL },
		{ 10, NULL },
		{ 11, NULL },
		{ 12, "/first" },
		{ 13, "/home/last" },
		{ 14, NULL },
		{ 4294967295U, "/big" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_strbuf struct strbuf home = { 0 };
		const bool found = passwd_home(passwd, sizeof(passwd) - 1,
					       cases[i].uid, &home);

		assert_int_equal(found, cases[i].home != NULL);
		if (found)
			assert_string_equal(home.data, cases[i].home);
	}
}

static void test_home_nul(void **state)
{
	static const char passwd[] = "a:x:1:1::/a\0b:/bin/sh\nb:x:1:1::/b:/x\n";
	auto_strbuf struct strbuf home = { 0 };

	(void)state;
	assert_true(passwd_home(passwd, sizeof(passwd) - 1, 1, &home));
	assert_string_equal(home.data, "/b");
}

static void envp_free(char **envp)
{
	for (char **at = envp; *at; at++)
		free(*at);
	free(envp);
}

static void test_env(void **state)
{
	const struct spec_process spec = {
		.env = STRINGS("A=1", "AB=2", "B=", "A=3", "HOME=/h", "A=4",
			       "C=x=y", "B=5"),
	};
	static const char *const want[] = { "AB=2", "HOME=/h", "A=4", "C=x=y",
					    "B=5" };
	struct err err = { .code = CNI_OK };
	char **envp = NULL;
	size_t i;

	(void)state;
	assert_int_equal(env_make(&spec, &envp, &err), 0);
	for (i = 0; i < COUNT(want); i++)
		assert_string_equal(envp[i], want[i]);
	assert_null(envp[i]);
	assert_string_equal(env_get(envp, "A"), "4");
	assert_string_equal(env_get(envp, "C"), "x=y");
	assert_null(env_get(envp, "HOM"));
	envp_free(envp);
}

static void test_env_home(void **state)
{
	const struct spec_process spec = {
		.env = STRINGS("A=1"), .user.uid = 4000000000U, /* nobody */
	};
	const struct spec_process none = { .user.uid = 0 };
	struct err err = { .code = CNI_OK };
	char **envp = NULL;

	(void)state;
	assert_int_equal(env_make(&spec, &envp, &err), 0);
	assert_string_equal(env_get(envp, "HOME"), "/");
	envp_free(envp);
	assert_int_equal(env_make(&none, &envp, &err), 0);
	assert_string_equal(env_get(envp, "HOME"), "/root");
	envp_free(envp);
}

static void test_env_check(void **state)
{
	const struct spec_process name = { .env = STRINGS("A=1", "=x") };
	const struct spec_process sign = { .env = STRINGS("A=1", "B=", "C") };
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(env_check(&name, &err), -EINVAL);
	assert_string_equal(err.msg, "process.env[1]: \"=x\" has no name");
	err_clear(&err);
	assert_int_equal(env_check(&sign, &err), -EINVAL);
	assert_string_equal(err.msg, "process.env[2]: \"C\" has no \"=\"");
}

/* ---- The executable ---- */

static void make(const char *name, mode_t mode)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (S_ISDIR(mode)) {
		assert_int_equal(mkdir(path, 0755), 0);
	} else {
		auto_fd int fd =
			open(path, O_CREAT | O_WRONLY | O_CLOEXEC, mode);

		assert_true(fd >= 0);
	}
}

/* @text with the directory for each "@". */
static void expand(const char *text, char *out, size_t size)
{
	size_t len = 0;

	for (; *text; text++)
		if (*text == '@')
			len += (size_t)snprintf(out + len, size - len, "%s",
						dir);
		else
			out[len++] = *text;
	out[len] = '\0';
}

static void lookup_is(const char *name, const char *list, int r,
		      const char *want)
{
	char names[256], lists[512], wants[512];
	struct err err = { .code = CNI_OK };
	auto_free char *path = NULL;

	expand(name, names, sizeof(names));
	expand(list ? list : "", lists, sizeof(lists));
	expand(want, wants, sizeof(wants));
	assert_int_equal(lookup(names, list ? lists : NULL, &path, &err), r);
	assert_string_equal(r == 0 ? path : err.msg, wants);
}

static void test_lookup(void **state)
{
	(void)state;
	make("a", S_IFDIR);
	make("b", S_IFDIR);
	make("a/plain", 0644);
	make("b/plain", 0755);
	make("b/tool", 0755);
	make("a/tool", S_IFDIR);
	lookup_is("tool", "@/a:@/b", 0, "@/b/tool");
	lookup_is("plain", "@/a:@/b/", 0, "@/b/plain");
	lookup_is("plain", "@/a", -ENOENT,
		  "exec: \"plain\": executable file not found in $PATH");
	lookup_is("nope", "@/a:@/b", -ENOENT,
		  "exec: \"nope\": executable file not found in $PATH");
	lookup_is("tool", NULL, -ENOENT,
		  "exec: \"tool\": executable file not found in $PATH");
	lookup_is("tool", "", -ENOENT,
		  "exec: \"tool\": executable file not found in $PATH");
	lookup_is("", "@/a", -ENOENT,
		  "exec: \"\": executable file not found in $PATH");
	lookup_is("@/b/tool", NULL, 0, "@/b/tool");
	lookup_is("@/a/plain", NULL, -EACCES,
		  "exec: \"@/a/plain\": permission denied");
	lookup_is("@/a", NULL, -EISDIR, "exec: \"@/a\": is a directory");
	lookup_is("@/c", NULL, -ENOENT,
		  "exec: \"@/c\": stat @/c: no such file or directory");
	lookup_is("@/b/tool/x", NULL, -ENOTDIR,
		  "exec: \"@/b/tool/x\": stat @/b/tool/x: not a "
		  "directory");
	assert_int_equal(chdir(dir), 0);
	make("here", 0755);
	lookup_is("here", ":@/a", -EACCES,
		  "exec: \"here\": cannot run executable found relative to "
		  "current directory");
	lookup_is("./here", "", 0, "./here");
	assert_int_equal(chdir("/"), 0);
}

/* ---- Working directory ---- */

static void test_cwd(void **state)
{
	struct err err = { .code = CNI_OK };
	auto_fd int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char path[256], there[256];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/new//deep/dir/", dir);
	assert_int_equal(cwd_enter(path, false, &err), -ENOENT);
	err_clear(&err);
	assert_int_equal(cwd_enter(path, true, &err), 0);
	assert_int_equal(cwd_verify(path, &err), 0);
	(void)snprintf(path, sizeof(path), "%s/new/deep/dir", dir);
	assert_string_equal(getcwd(there, sizeof(there)), path);

	/* A descriptor's directory is not entered, and nothing made there. */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(cwd_enter(path, true, &err), -ELOOP);
	err_clear(&err);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/evil", fd);
	assert_int_equal(cwd_enter(path, true, &err), -ELOOP);
	err_clear(&err);
	assert_int_equal(faccessat(fd, "evil", F_OK, 0), -1);

	/* One that was removed is nowhere. */
	(void)snprintf(path, sizeof(path), "%s/gone", dir);
	assert_int_equal(cwd_enter(path, true, &err), 0);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(cwd_verify("/gone", &err), -EPERM);
	assert_string_equal(err.msg, "process.cwd: \"/gone\" is outside of the "
				     "container's root");
	assert_int_equal(chdir("/"), 0);
}

/* ---- Checks before anything is made ---- */

static void test_prepare(void **state)
{
	const struct spec container = { .oci_version = "1.2.0" };
	struct spec_rlimit low = { 7, "RLIMIT_NOFILE", 10, 5 };
	struct spec_process spec = { .env = STRINGS("A=1") };
	struct process process = { .spec = &spec, .container = &container };
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(process_prepare(&process, &err), -EINVAL);
	assert_string_equal(err.msg, "process.args: is empty");
	err_clear(&err);
	spec.args = (struct spec_strings)STRINGS("sh");
	assert_int_equal(process_prepare(&process, &err), 0);
	spec.rlimits = &low;
	spec.rlimit_count = 1;
	assert_int_equal(process_prepare(&process, &err), -EINVAL);
	assert_string_equal(err.msg, "process.rlimits[0]: soft limit 10 of "
				     "RLIMIT_NOFILE is above the hard limit 5");
	err_clear(&err);
	spec.rlimit_count = 0;
	spec.caps = (struct spec_caps){ .set = true, .effective = 1 };
	assert_int_equal(process_prepare(&process, &err), -EINVAL);
	assert_string_equal(err.msg, "process.capabilities.effective: "
				     "CAP_CHOWN is not permitted");
	process_free(&process);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char command[64];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command); /* NOLINT(cert-env33-c) */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_home),
		cmocka_unit_test(test_home_nul),
		cmocka_unit_test(test_env),
		cmocka_unit_test(test_env_home),
		cmocka_unit_test(test_env_check),
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_cwd),
		cmocka_unit_test(test_prepare),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
