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
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
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

static void lookup_is(const char *name, const char *list, int r,
		      const char *want)
{
	char names[256], lists[512], wants[512];
	struct err err = { .code = CNI_OK };
	auto_free char *path = NULL;

	/* @ is the directory. */
	(void)snprintf(names, sizeof(names), "%s%s", *name == '@' ? dir : "",
		       *name == '@' ? name + 1 : name);
	(void)snprintf(lists, sizeof(lists), list ? list : "", dir, dir, dir);
	(void)snprintf(wants, sizeof(wants), want, dir, dir);
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
	lookup_is("tool", "%1$s/a:%1$s/b", 0, "%1$s/b/tool");
	lookup_is("plain", "%1$s/a:%1$s/b/", 0, "%1$s/b/plain");
	lookup_is("plain", "%1$s/a", -ENOENT,
		  "exec: \"plain\": executable file not found in $PATH");
	lookup_is("nope", "%1$s/a:%1$s/b", -ENOENT,
		  "exec: \"nope\": executable file not found in $PATH");
	lookup_is("tool", NULL, -ENOENT,
		  "exec: \"tool\": executable file not found in $PATH");
	lookup_is("tool", "", -ENOENT,
		  "exec: \"tool\": executable file not found in $PATH");
	lookup_is("", "%1$s/a", -ENOENT,
		  "exec: \"\": executable file not found in $PATH");
	lookup_is("@/b/tool", NULL, 0, "%1$s/b/tool");
	lookup_is("@/a/plain", NULL, -EACCES,
		  "exec: \"%1$s/a/plain\": permission denied");
	lookup_is("@/a", NULL, -EISDIR, "exec: \"%1$s/a\": is a directory");
	lookup_is("@/c", NULL, -ENOENT,
		  "exec: \"%1$s/c\": stat %1$s/c: no such file or directory");
	lookup_is("@/b/tool/x", NULL, -ENOTDIR,
		  "exec: \"%1$s/b/tool/x\": stat %1$s/b/tool/x: not a "
		  "directory");
	assert_int_equal(chdir(dir), 0);
	make("here", 0755);
	lookup_is("here", ":%1$s/a", -EACCES,
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

/* ---- Seccomp ---- */

/* What the kernel's machine does with what libseccomp and we write. */
static uint32_t run(const struct strbuf *code, const struct seccomp_data *data)
{
	const struct sock_filter *at = (const void *)code->data;
	const struct sock_filter *end = at + code->len / sizeof(*at);
	uint32_t a = 0;
	bool yes;

	for (; at < end; at++) {
		switch (at->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&a, (const char *)data + at->k, sizeof(a));
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= at->k;
			continue;
		case BPF_JMP | BPF_JA:
			at += at->k;
			continue;
		case BPF_RET | BPF_K:
			return at->k;
		case BPF_JMP | BPF_JEQ | BPF_K:
			yes = a == at->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			yes = a > at->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			yes = a >= at->k;
			break;
		default:
			fail_msg("instruction %#x", at->code);
			return 0;
		}
		at += yes ? at->jt : at->jf;
	}
	fail_msg("no return");
	return 0;
}

static uint32_t answer(const struct strbuf *code, uint32_t arch, int nr,
		       uint64_t arg)
{
	const struct seccomp_data data = {
		.nr = nr,
		.arch = arch,
		.args = { arg },
	};

	return run(code, &data);
}

/* Docker's default profile, cut short. */
static struct spec_seccomp_arg personality_8 = { 0, 8, 0, SCMP_CMP_EQ };
static struct spec_seccomp_arg clone_flags = { 0, 0x7e020000, 0,
					       SCMP_CMP_MASKED_EQ };
static struct spec_seccomp_arg socket_twice[] = {
	{ 0, 1, 0, SCMP_CMP_EQ },
	{ 0, 2, 0, SCMP_CMP_EQ },
};
static struct spec_seccomp_rule rules[] = {
	{ .names = STRINGS(
		  "accept", "accept4", "access", "bind", "brk", "capget",
		  "capset", "chdir", "close", "close_range", "connect", "dup",
		  "dup2", "dup3", "epoll_create1", "epoll_ctl", "epoll_wait",
		  "execve", "exit", "exit_group", "faccessat", "fcntl", "fstat",
		  "futex", "getdents64", "getpid", "ioctl", "mmap", "mprotect",
		  "munmap", "openat", "openat2", "pidfd_open", "prctl", "read",
		  "write", "writev", "not_a_system_call", "wait4"),
	  .action = SCMP_ACT_ALLOW },
	{ .names = STRINGS("personality"),
	  .action = SCMP_ACT_ALLOW,
	  .arg_count = 1,
	  .args = &personality_8 },
	{ .names = STRINGS("clone"),
	  .action = SCMP_ACT_ALLOW,
	  .arg_count = 1,
	  .args = &clone_flags },
	{ .names = STRINGS("socket"),
	  .action = SCMP_ACT_ALLOW,
	  .arg_count = 2,
	  .args = socket_twice },
	{ .names = STRINGS("mount", "umount2"),
	  .action = SCMP_ACT_ERRNO(EPERM) }, /* the default again */
	{ .names = STRINGS("reboot"), .action = SCMP_ACT_ERRNO(EIO) },
};

static struct spec_seccomp profile(void)
{
	return (struct spec_seccomp){
		.set = true,
		.default_action = SCMP_ACT_ERRNO(EPERM),
		.rule_count = COUNT(rules),
		.rules = rules,
	};
}

static void compile(const struct spec_seccomp *spec, struct strbuf *code)
{
	struct err err = { .code = CNI_OK };

	assert_int_equal(filter_compile(spec, code, &err), 0);
	assert_int_equal(code->len % sizeof(struct sock_filter), 0);
}

static int nr(const char *name)
{
	return seccomp_syscall_resolve_name(name);
}

static void test_seccomp(void **state)
{
	auto_strbuf struct strbuf code = { 0 };
	const struct spec_seccomp spec = profile();
	const uint32_t arch = seccomp_arch_native();
	const uint32_t no = SCMP_ACT_ERRNO(EPERM), yes = SCMP_ACT_ALLOW;

	(void)state;
	compile(&spec, &code);
	assert_int_equal(answer(&code, arch, nr("read"), 0), yes);
	assert_int_equal(answer(&code, arch, nr("openat2"), 0), yes);
	assert_int_equal(answer(&code, arch, nr("ptrace"), 0), no);
	assert_int_equal(answer(&code, arch, nr("mount"), 0), no);
	assert_int_equal(answer(&code, arch, nr("reboot"), 0),
			 SCMP_ACT_ERRNO(EIO));
	assert_int_equal(answer(&code, arch, nr("personality"), 8), yes);
	assert_int_equal(answer(&code, arch, nr("personality"), 9), no);
	assert_int_equal(answer(&code, arch, nr("personality"), 8ULL << 32),
			 no);
	assert_int_equal(answer(&code, arch, nr("clone"), 0x11), yes);
	assert_int_equal(answer(&code, arch, nr("clone"), 0x10000000), no);
	/* conditions on one argument are alternatives */
	assert_int_equal(answer(&code, arch, nr("socket"), 1), yes);
	assert_int_equal(answer(&code, arch, nr("socket"), 2), yes);
	assert_int_equal(answer(&code, arch, nr("socket"), 3), no);
}

/* The highest number that is named divides EPERM from ENOSYS. */
static void test_seccomp_newer(void **state)
{
	auto_strbuf struct strbuf code = { 0 };
	struct spec_seccomp spec = profile();
	const uint32_t arch = seccomp_arch_native();
	const int most = nr("openat2") > nr("close_range") ? nr("openat2")
							   : nr("close_range");
	const uint32_t none = SCMP_ACT_ERRNO(ENOSYS);

	(void)state;
	compile(&spec, &code);
	assert_int_equal(answer(&code, arch, most + 4, 0), none);
	assert_int_equal(answer(&code, arch, 100000, 0), none);
	strbuf_free(&code);

	/* Not where nothing is refused, or the profile says it itself. */
	spec.default_action = SCMP_ACT_LOG;
	compile(&spec, &code);
	assert_int_equal(answer(&code, arch, 100000, 0), SCMP_ACT_LOG);
	strbuf_free(&code);
	spec.default_action = SCMP_ACT_KILL_PROCESS;
	compile(&spec, &code);
	assert_int_equal(answer(&code, arch, 100000, 0), none);
	assert_int_equal(answer(&code, arch, nr("ptrace"), 0),
			 SCMP_ACT_KILL_PROCESS);
}

#ifdef __x86_64__
static int nr_of(uint32_t arch, const char *name)
{
	return seccomp_syscall_resolve_name_arch(arch, name);
}

static void test_seccomp_arches(void **state)
{
	static uint32_t arches[] = { SCMP_ARCH_X86_64, SCMP_ARCH_X86,
				     SCMP_ARCH_X32 };
	auto_strbuf struct strbuf code = { 0 };
	struct spec_seccomp spec = profile();
	const uint32_t a64 = SCMP_ARCH_X86_64, a32 = SCMP_ARCH_X86;
	const uint32_t no = SCMP_ACT_ERRNO(EPERM), yes = SCMP_ACT_ALLOW;
	const uint32_t none = SCMP_ACT_ERRNO(ENOSYS);
	const int x32_read = nr_of(SCMP_ARCH_X32, "read");

	(void)state;
	compile(&spec, &code);
	assert_int_equal(answer(&code, a32, nr_of(a32, "read"), 0),
			 SCMP_ACT_KILL);
	assert_int_equal(answer(&code, a64, x32_read, 0), SCMP_ACT_KILL);
	assert_int_equal(answer(&code, a64, 0x40000000 | 10000, 0),
			 SCMP_ACT_KILL);
	strbuf_free(&code);

	spec.arches = arches;
	spec.arch_count = COUNT(arches);
	compile(&spec, &code);
	assert_int_equal(answer(&code, a64, nr("read"), 0), yes);
	assert_int_equal(answer(&code, a64, nr("ptrace"), 0), no);
	assert_int_equal(answer(&code, a64, 10000, 0), none);
	assert_int_equal(answer(&code, a32, nr_of(a32, "read"), 0), yes);
	assert_int_equal(answer(&code, a32, nr_of(a32, "ptrace"), 0), no);
	assert_int_equal(answer(&code, a32, 10000, 0), none);
	assert_int_equal(answer(&code, a64, x32_read, 0), yes);
	assert_int_equal(answer(&code, a64, 0x40000000 | 101, 0), no);
	assert_int_equal(answer(&code, a64, 0x40000000 | 10000, 0), none);
	assert_int_equal(answer(&code, SCMP_ARCH_ARM, 3, 0), SCMP_ACT_KILL);
}
#endif

static void test_seccomp_describe(void **state)
{
	auto_strbuf struct strbuf one = { 0 }, two = { 0 };
	struct spec_seccomp spec = profile();

	(void)state;
	filter_describe(&spec, &one);
	personality_8.value_two = 1;
	filter_describe(&spec, &two);
	personality_8.value_two = 0;
	assert_string_not_equal(one.data, two.data);
}

static void test_cache(void **state)
{
	auto_strbuf struct strbuf code = { 0 }, back = { 0 };
	struct strbuf half = { 0 };
	const struct spec_seccomp spec = profile();
	char cache[256], file[300];

	(void)state;
	compile(&spec, &code);
	(void)snprintf(cache, sizeof(cache), "%s/cache", dir);
	(void)snprintf(file, sizeof(file), "%s/key", cache);
	assert_int_equal(filter_cache_load(cache, "key", &back), -ENOENT);
	filter_cache_store(cache, "key", &code);
	assert_int_equal(filter_cache_load(cache, "other", &back), -ENOENT);
	assert_int_equal(filter_cache_load(cache, "key", &back), 0);
	assert_int_equal(back.len, code.len);
	assert_memory_equal(back.data, code.data, code.len);

	/* Closed to others, or not used. */
	assert_int_equal(chmod(cache, 0755), 0);
	assert_int_equal(filter_cache_load(cache, "key", &half), -ENOENT);
	assert_int_equal(chmod(cache, 0700), 0);
	assert_int_equal(chmod(file, 0644), 0);
	assert_int_equal(filter_cache_load(cache, "key", &half), -ENOENT);
	assert_int_equal(chmod(file, 0600), 0);
	assert_int_equal(filter_cache_load(cache, "key", &half), 0);
	strbuf_free(&half);

	/* Not whole. */
	assert_int_equal(truncate(file, 100), 0);
	assert_int_equal(filter_cache_load(cache, "key", &half), -ENOENT);
	assert_int_equal(truncate(file, (off_t)(code.len + 16)), 0);
	assert_int_equal(filter_cache_load(cache, "key", &half), -ENOENT);
	filter_cache_store(cache, "key", &code);
	assert_int_equal(filter_cache_load(cache, "key", &half), 0);
	strbuf_free(&half);
}

static void test_message(void **state)
{
	const struct spec container = {
		.oci_version = "1.2.0",
		.linux_.seccomp.listener_metadata = "hi",
	};
	const struct process process = { .container = &container };
	const struct process named = { .container = &container, .pid = 9 };
	struct err err = { .code = CNI_OK };
	auto_strbuf struct strbuf out = { 0 }, more = { 0 };

	(void)state;
	assert_int_equal(listener_message(&process, "{\"id\":\"x\",\"pid\":7}",
					  &out, &err),
			 0);
	assert_string_equal(out.data,
			    "{\"ociVersion\":\"1.2.0\",\"fds\":"
			    "[\"seccompFd\"],\"pid\":7,\"metadata\":\"hi\","
			    "\"state\":{\"id\":\"x\",\"pid\":7}}");
	assert_int_equal(listener_message(&named, "{\"pid\":7}", &more, &err),
			 0);
	assert_non_null(strstr(more.data, ",\"pid\":9,"));
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
	return system(command);
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
		cmocka_unit_test(test_seccomp),
		cmocka_unit_test(test_seccomp_newer),
#ifdef __x86_64__
		cmocka_unit_test(test_seccomp_arches),
#endif
		cmocka_unit_test(test_seccomp_describe),
		cmocka_unit_test(test_cache),
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_prepare),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
