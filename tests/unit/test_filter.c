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
#include "tests/unit/bpf.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define STRINGS(...)                                               \
	{                                                          \
		.count = COUNT(((const char *[]){ __VA_ARGS__ })), \
		.at = (const char *[])                             \
		{                                                  \
			__VA_ARGS__                                \
		}                                                  \
	}

static char dir[] = "/tmp/test_filter.XXXXXX";

static uint32_t answer(const struct strbuf *code, uint32_t arch, int nr,
		       uint64_t arg)
{
	const struct seccomp_data data = {
		.nr = nr,
		.arch = arch,
		.args = { arg },
	};

	return bpf_run(code, &data);
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
		cmocka_unit_test(test_seccomp),
		cmocka_unit_test(test_seccomp_newer),
#ifdef __x86_64__
		cmocka_unit_test(test_seccomp_arches),
#endif
		cmocka_unit_test(test_seccomp_describe),
		cmocka_unit_test(test_cache),
		cmocka_unit_test(test_message),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
