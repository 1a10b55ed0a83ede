/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The default seccomp profile, and profiles in docker's format. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/arena.h"
#include "runtime-glue/process/parts.h"
#include "runtime-glue/spec/spec_parts.h"
#include "runtime-glue/tool/bundle.h"
#include "runtime-glue/tool/seccomp.h"
#include "tests/unit/bpf.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

#define ALLOW  SCMP_ACT_ALLOW
#define REFUSE SCMP_ACT_ERRNO(EPERM)
#define NOSYS  SCMP_ACT_ERRNO(ENOSYS)

#define DOCKER_CAPS                                                    \
	"['CAP_CHOWN','CAP_DAC_OVERRIDE','CAP_FOWNER','CAP_FSETID',"   \
	"'CAP_KILL','CAP_MKNOD','CAP_NET_BIND_SERVICE','CAP_NET_RAW'," \
	"'CAP_SETFCAP','CAP_SETGID','CAP_SETPCAP','CAP_SETUID',"       \
	"'CAP_SYS_CHROOT','CAP_AUDIT_WRITE']"

/* @text with ' for ". The caller's. */
static struct json_object *json(const char *text)
{
	struct json_object *value = NULL;
	struct err err = { .code = CNI_OK };
	char *copy = strdup(text);

	assert_non_null(copy);
	for (char *c = copy; *c; c++)
		if (*c == '\'')
			*c = '"';
	if (json_parse(copy, strlen(copy), "test", &value, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	free(copy);
	return value;
}

/* As the engine does with config.json. */
static void compile(struct json_object *seccomp, struct strbuf *code)
{
	auto_arena struct arena arena = { 0 };
	auto_json struct json_object *whole = json_object_new_object();
	struct err err = { .code = CNI_OK };
	struct spec_seccomp spec = { 0 };
	struct cfg root;

	json_object_object_add(whole, "seccomp", json_object_get(seccomp));
	root = cfg_root(whole);
	if (spec_seccomp_read(&root, &arena, &spec, &err) < 0 ||
	    filter_compile(&spec, code, &err) < 0)
		fail_msg("%s", err.msg);
}

static void compile_default(const char *caps, struct strbuf *code)
{
	auto_json struct json_object *names = json(caps);
	auto_json struct json_object *seccomp = NULL;
	struct err err = { .code = CNI_OK };

	if (bundle_seccomp(NULL, names, &seccomp, &err) < 0)
		fail_msg("%s", err.msg);
	compile(seccomp, code);
}

static uint32_t answer(const struct strbuf *code, uint32_t arch,
		       const char *name, uint64_t arg)
{
	const struct seccomp_data data = {
		.nr = seccomp_syscall_resolve_name_arch(arch, name),
		.arch = arch,
		.args = { arg, arch == SCMP_ARCH_S390X ? arg : 0 },
	};

	assert_int_not_equal(data.nr, __NR_SCMP_ERROR);
	return bpf_run(code, &data);
}

struct expect {
	const char *name;
	uint64_t arg;
	uint32_t want;
};

static void check(const struct strbuf *code, const char *caps,
		  const struct expect *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const uint32_t got = answer(code, seccomp_arch_native(),
					    list[i].name, list[i].arg);

		if (got != list[i].want)
			fail_msg("%s(%#llx) with %s: %#x, not %#x",
				 list[i].name, (unsigned long long)list[i].arg,
				 caps, got, list[i].want);
	}
}

/* ---- the default ---- */

static const struct expect usual[] = {
	{ "read", 0, ALLOW },
	{ "openat", 0, ALLOW },
	{ "openat2", 0, ALLOW },
	{ "execve", 0, ALLOW },
	{ "statx", 0, ALLOW },
	{ "futex", 0, ALLOW },
	{ "mknodat", 0, ALLOW },
	{ "seccomp", 0, ALLOW },
	{ "name_to_handle_at", 0, ALLOW },
	{ "io_submit", 0, ALLOW },
	{ "landlock_restrict_self", 0, ALLOW },
	{ "clone", SIGCHLD, ALLOW },
	{ "clone", CLONE_VM | CLONE_VFORK | SIGCHLD, ALLOW },
	{ "clone", CLONE_NEWUSER | SIGCHLD, REFUSE },
	{ "clone", CLONE_NEWNS, REFUSE },
	{ "clone", CLONE_NEWCGROUP, REFUSE },
	{ "clone", CLONE_NEWUTS, REFUSE },
	{ "clone", CLONE_NEWIPC, REFUSE },
	{ "clone", CLONE_NEWPID, REFUSE },
	{ "clone", CLONE_NEWNET, REFUSE },
	{ "clone3", 0, NOSYS },
	{ "unshare", CLONE_NEWUSER, REFUSE },
	{ "setns", 0, REFUSE },
	{ "socket", 1, ALLOW },
	{ "socket", 2, ALLOW },
	{ "socket", 10, ALLOW },
	{ "socket", 16, ALLOW },
	{ "socket", 17, ALLOW },
	{ "socket", 37, ALLOW },
	{ "socket", 38, REFUSE },
	{ "socket", 39, ALLOW },
	{ "socket", 40, REFUSE },
	{ "socket", 41, ALLOW },
	{ "socket", 44, ALLOW },
	/* The kernel does not look at the upper half. */
	{ "socket", 0x100000000 | 38, REFUSE },
	{ "socket", 0x100000000 | 40, REFUSE },
	{ "socket", 0xffffffff00000028, REFUSE },
	{ "personality", 0, ALLOW },
	{ "personality", 8, ALLOW },
	{ "personality", 0x20000, ALLOW },
	{ "personality", 0x20008, ALLOW },
	{ "personality", 0xffffffff, ALLOW },
	{ "personality", 0x0400000, REFUSE },
	{ "personality", 0x0040000, REFUSE },
	{ "mount", 0, REFUSE },
	{ "umount2", 0, REFUSE },
	{ "pivot_root", 0, REFUSE },
	{ "move_mount", 0, REFUSE },
	{ "fsopen", 0, REFUSE },
	{ "keyctl", 0, REFUSE },
	{ "add_key", 0, REFUSE },
	{ "request_key", 0, REFUSE },
	{ "bpf", 0, REFUSE },
	{ "perf_event_open", 0, REFUSE },
	{ "userfaultfd", 0, REFUSE },
	{ "io_uring_setup", 0, REFUSE },
	{ "io_uring_enter", 0, REFUSE },
	{ "io_uring_register", 0, REFUSE },
	{ "kexec_load", 0, REFUSE },
	{ "kexec_file_load", 0, REFUSE },
	{ "reboot", 0, REFUSE },
	{ "swapon", 0, REFUSE },
	{ "init_module", 0, REFUSE },
	{ "finit_module", 0, REFUSE },
	{ "delete_module", 0, REFUSE },
	{ "open_by_handle_at", 0, REFUSE },
	{ "acct", 0, REFUSE },
	{ "quotactl", 0, REFUSE },
	{ "settimeofday", 0, REFUSE },
	{ "clock_settime", 0, REFUSE },
	{ "syslog", 0, REFUSE },
	{ "sethostname", 0, REFUSE },
	{ "fanotify_init", 0, REFUSE },
	{ "kcmp", 0, REFUSE },
	{ "pidfd_getfd", 0, REFUSE },
	{ "process_madvise", 0, REFUSE },
	{ "mbind", 0, REFUSE },
	{ "move_pages", 0, REFUSE },
	{ "migrate_pages", 0, REFUSE },
	{ "vhangup", 0, REFUSE },
	{ "nfsservctl", 0, REFUSE },
	{ "lookup_dcookie", 0, REFUSE },
};

static void test_usual(void **state)
{
	auto_strbuf struct strbuf code = { 0 };
	static const struct expect chroot_[] = { { "chroot", 0, ALLOW } };

	(void)state;
	compile_default(DOCKER_CAPS, &code);
	check(&code, "docker's", usual, COUNT(usual));
	check(&code, "docker's", chroot_, COUNT(chroot_));
	print_message("the default filter has %zu instructions\n",
		      code.len / sizeof(struct sock_filter));
}

static void test_no_caps(void **state)
{
	auto_strbuf struct strbuf code = { 0 };
	static const struct expect chroot_[] = { { "chroot", 0, REFUSE } };

	(void)state;
	compile_default("[]", &code);
	check(&code, "none", usual, COUNT(usual));
	check(&code, "none", chroot_, COUNT(chroot_));
}

/* Each capability opens its own, and no other's. */
static void test_each_cap(void **state)
{
	static const struct {
		const char *cap, *calls[12];
	} list[] = {
		{ "CAP_SYS_ADMIN",
		  { "mount", "umount2", "setns", "unshare", "clone3", "bpf",
		    "perf_event_open", "sethostname", "fsopen", "fanotify_init",
		    "syslog" } },
		{ "CAP_BPF", { "bpf" } },
		{ "CAP_PERFMON", { "perf_event_open" } },
		{ "CAP_SYSLOG", { "syslog" } },
		{ "CAP_DAC_READ_SEARCH", { "open_by_handle_at" } },
		{ "CAP_SYS_PTRACE",
		  { "kcmp", "pidfd_getfd", "process_madvise", "ptrace" } },
		{ "CAP_SYS_NICE", { "mbind", "set_mempolicy" } },
		{ "CAP_SYS_TIME", { "settimeofday", "clock_settime" } },
		{ "CAP_SYS_CHROOT", { "chroot" } },
		{ "CAP_SYS_TTY_CONFIG", { "vhangup" } },
		{ "CAP_SYS_PACCT", { "acct" } },
		{ "CAP_SYS_RAWIO", { "iopl", "ioperm" } },
		{ "CAP_SYS_MODULE",
		  { "init_module", "finit_module", "delete_module" } },
		{ "CAP_SYS_BOOT", { "reboot" } },
		{ "CAP_NET_ADMIN", { "socket" } },
	};
	char caps[64];

	(void)state;
	for (size_t i = 0; i < COUNT(list); i++) {
		auto_strbuf struct strbuf code = { 0 };
		struct expect expect = { .want = ALLOW };

		(void)snprintf(caps, sizeof(caps), "['%s']", list[i].cap);
		compile_default(caps, &code);
		for (size_t j = 0; list[i].calls[j]; j++) {
			expect.name = list[i].calls[j];
			if (seccomp_syscall_resolve_name(expect.name) >= 0)
				check(&code, caps, &expect, 1);
		}
		for (size_t j = 0; j < COUNT(usual); j++) {
			bool opened = i == 0; /* SYS_ADMIN: above */

			for (size_t k = 0; list[i].calls[k]; k++)
				opened |= strcmp(list[i].calls[k],
						 usual[j].name) == 0;
			if (!opened)
				check(&code, caps, &usual[j], 1);
		}
	}
}

static void test_admin(void **state)
{
	static const struct expect list[] = {
		{ "clone", CLONE_NEWUSER, ALLOW }, { "clone", SIGCHLD, ALLOW },
		{ "keyctl", 0, REFUSE },           { "kexec_load", 0, REFUSE },
		{ "io_uring_setup", 0, REFUSE },   { "pivot_root", 0, REFUSE },
		{ "reboot", 0, REFUSE },           { "init_module", 0, REFUSE },
		{ "socket", 40, REFUSE },
	};
	auto_strbuf struct strbuf code = { 0 };

	(void)state;
	compile_default("['CAP_SYS_ADMIN']", &code);
	check(&code, "CAP_SYS_ADMIN", list, COUNT(list));
}

#ifdef __x86_64__
static void test_other_arches(void **state)
{
	auto_strbuf struct strbuf code = { 0 };
	const uint32_t x86 = SCMP_ARCH_X86;

	(void)state;
	compile_default(DOCKER_CAPS, &code);
	assert_int_equal(answer(&code, x86, "read", 0), ALLOW);
	assert_int_equal(answer(&code, x86, "chown32", 0), ALLOW);
	assert_int_equal(answer(&code, x86, "mount", 0), REFUSE);
	assert_int_equal(answer(&code, x86, "umount", 0), REFUSE);
	assert_int_equal(answer(&code, x86, "clone", SIGCHLD), ALLOW);
	assert_int_equal(answer(&code, x86, "clone", CLONE_NEWNS), REFUSE);
	{
		/* libseccomp's number of it stands for socketcall(2), too,
		 * whose family is in memory. */
		struct seccomp_data data = { .nr = 359,
					     .arch = x86,
					     .args = { AF_INET } };

		assert_int_equal(bpf_run(&code, &data), ALLOW);
		data.args[0] = AF_ALG;
		assert_int_equal(bpf_run(&code, &data), REFUSE);
		data.args[0] = AF_VSOCK;
		assert_int_equal(bpf_run(&code, &data), REFUSE);
		for (uint64_t call = 1; call <= 20; call++)
			assert_int_equal(answer(&code, x86, "socketcall", call),
					 NOSYS);
	}
	assert_int_equal(answer(&code, x86, "vm86", 0), REFUSE);
	assert_int_equal(answer(&code, x86, "stime", 0), REFUSE);
	/* x32's calls have a bit of their own. */
	{
		struct seccomp_data data = { .nr = 0x40000000,
					     .arch = SCMP_ARCH_X86_64 };

		assert_int_equal(bpf_run(&code, &data), ALLOW);
		data.nr |= seccomp_syscall_resolve_name("mount");
		assert_int_equal(bpf_run(&code, &data), REFUSE);
	}
}
#endif

/* A call that is newer than the list: C libraries fall back on ENOSYS only. */
static void test_newer(void **state)
{
	auto_strbuf struct strbuf code = { 0 };
	const struct seccomp_data data = { .nr = 5000,
					   .arch = seccomp_arch_native() };

	(void)state;
	compile_default(DOCKER_CAPS, &code);
	assert_int_equal(bpf_run(&code, &data), NOSYS);
}

/* A tracer is no way around the filter since 4.8 only. */
static void test_old_kernel(void **state)
{
	static const struct {
		unsigned int major, minor;
		const char *caps;
		uint32_t want;
	} list[] = {
		{ 4, 7, "[]", REFUSE },
		{ 4, 8, "[]", ALLOW },
		{ 6, 1, "[]", ALLOW },
		{ 0, 0, "[]", REFUSE },
		{ 3, 10, "['CAP_SYS_PTRACE']", ALLOW },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(list); i++) {
		auto_json struct json_object *caps = json(list[i].caps);
		auto_json struct json_object *seccomp = NULL;
		auto_strbuf struct strbuf code = { 0 };
		const struct profile_for box = { caps, list[i].major,
						 list[i].minor };
		struct err err = { .code = CNI_OK };

		assert_int_equal(profile_default(&box, &seccomp, &err), 0);
		compile(seccomp, &code);
		assert_int_equal(answer(&code, seccomp_arch_native(), "ptrace",
					0),
				 list[i].want);
	}
}

/* ---- profiles of others ---- */

static const struct profile_for *some_box(struct json_object **caps)
{
	static struct profile_for box = { .major = 5, .minor = 10 };

	*caps = json("['CAP_SYS_ADMIN','CAP_SYS_TIME']");
	box.caps = *caps;
	return &box;
}

static int read_profile(const char *text, struct json_object **out,
			struct err *err)
{
	auto_json struct json_object *caps = NULL;
	auto_json struct json_object *document = json(text);

	return profile_read(some_box(&caps), document, out, err);
}

#define ERRNO "{'defaultAction':'SCMP_ACT_ERRNO'"
#define RULE(rest)                                                            \
	ERRNO ",'syscalls':[{'names':['read'],'action':'SCMP_ACT_ALLOW'" rest \
	      "}]}"
#define KEPT    ERRNO ",'syscalls':[{'names':['read'],'action':'SCMP_ACT_ALLOW'}]}"
#define DROPPED ERRNO ",'syscalls':[]}"

struct profile_case {
	const char *text, *want;
};

static const struct profile_case good[] = {
	/* The specification's format goes through. */
	{ ERRNO "}", DROPPED },
	{ RULE(""), KEPT },
	{ "{'defaultAction':'SCMP_ACT_ALLOW','flags':['SECCOMP_FILTER_FLAG_LOG'"
	  "],'architectures':['SCMP_ARCH_X86'],'syscalls':null}",
	  "{'defaultAction':'SCMP_ACT_ALLOW','architectures':['SCMP_ARCH_X86'],"
	  "'flags':['SECCOMP_FILTER_FLAG_LOG'],'syscalls':[]}" },
	{ "{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':38}",
	  "{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':38,"
	  "'syscalls':[]}" },
	{ RULE(",'args':[{'index':0,'value':18446744073709551615,"
	       "'valueTwo':1,'op':'SCMP_CMP_MASKED_EQ'}]"),
	  ERRNO ",'syscalls':[{'names':['read'],'action':'SCMP_ACT_ALLOW',"
		"'args':[{'index':0,'value':18446744073709551615,"
		"'valueTwo':1,'op':'SCMP_CMP_MASKED_EQ'}]}]}" },
	/* Docker's older form, and what its files have besides. */
	{ ERRNO ",'syscalls':[{'name':'read','action':'SCMP_ACT_ALLOW',"
		"'args':[]}]}",
	  ERRNO ",'syscalls':[{'names':['read'],'action':'SCMP_ACT_ALLOW',"
		"'args':[]}]}" },
	{ RULE(",'comment':'why','includes':{},'excludes':{},'args':null"),
	  KEPT },
	/* Podman's names of errors; the number is the stronger one. */
	{ "{'defaultAction':'SCMP_ACT_ERRNO','defaultErrno':'ENOSYS'}",
	  "{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':38,"
	  "'syscalls':[]}" },
	{ ERRNO ",'syscalls':[{'names':['read'],'action':'SCMP_ACT_ERRNO',"
		"'errnoRet':5,'errno':'EPERM'}]}",
	  ERRNO ",'syscalls':[{'names':['read'],'action':'SCMP_ACT_ERRNO',"
		"'errnoRet':5}]}" },
	/* Capabilities: all of includes, none of excludes. */
	{ RULE(",'includes':{'caps':['CAP_SYS_ADMIN']}"), KEPT },
	{ RULE(",'includes':{'caps':['CAP_SYS_ADMIN','CAP_SYS_TIME']}"), KEPT },
	{ RULE(",'includes':{'caps':['CAP_SYS_ADMIN','CAP_KILL']}"), DROPPED },
	{ RULE(",'excludes':{'caps':['CAP_KILL']}"), KEPT },
	{ RULE(",'excludes':{'caps':['CAP_KILL','CAP_SYS_TIME']}"), DROPPED },
	{ RULE(",'includes':{'caps':['CAP_SYS_TIME']},"
	       "'excludes':{'caps':['CAP_SYS_ADMIN']}"),
	  DROPPED },
	{ RULE(",'excludes':{'caps':['SYS_ADMIN']}"), DROPPED },
	/* Kernels. */
	{ RULE(",'includes':{'minKernel':'4.8'}"), KEPT },
	{ RULE(",'includes':{'minKernel':'5.10'}"), KEPT },
	{ RULE(",'includes':{'minKernel':'5.11'}"), DROPPED },
	{ RULE(",'includes':{'minKernel':'6.0'}"), DROPPED },
	{ RULE(",'excludes':{'minKernel':'5.0'}"), DROPPED },
	{ RULE(",'excludes':{'minKernel':'6.0'}"), KEPT },
#ifdef __x86_64__
	/* Architectures: one of includes, none of excludes. */
	{ RULE(",'includes':{'arches':['arm64','amd64']}"), KEPT },
	{ RULE(",'includes':{'arches':['arm64','x32']}"), DROPPED },
	{ RULE(",'excludes':{'arches':['s390','s390x']}"), KEPT },
	{ RULE(",'excludes':{'arches':['s390','amd64']}"), DROPPED },
	{ ERRNO ",'archMap':[{'architecture':'SCMP_ARCH_AARCH64',"
		"'subArchitectures':['SCMP_ARCH_ARM']},{'architecture':"
		"'SCMP_ARCH_X86_64','subArchitectures':['SCMP_ARCH_X86']},"
		"{'architecture':'SCMP_ARCH_NEWER','subArchitectures':null}]}",
	  ERRNO ",'architectures':['SCMP_ARCH_X86_64','SCMP_ARCH_X86'],"
		"'syscalls':[]}" },
#endif
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		auto_json struct json_object *want = json(good[i].want);
		auto_json struct json_object *got = NULL;
		auto_strbuf struct strbuf code = { 0 };
		struct err err = { .code = CNI_OK };

		if (read_profile(good[i].text, &got, &err) < 0)
			fail_msg("%s: %s", good[i].text, err.msg);
		if (!json_object_equal(got, want))
			fail_msg("%s:\n got %s\nwant %s", good[i].text,
				 json_object_to_json_string(got), good[i].want);
		compile(got, &code);
	}
}

#define S "seccomp.syscalls[0]."

static const struct profile_case bad[] = {
	{ "[]", "seccomp: must be an object, not an array" },
	{ "{}", "seccomp.defaultAction: required but missing" },
	{ "{'defaultAction':'ALLOW'}",
	  "seccomp.defaultAction: \"ALLOW\" is no seccomp action" },
	{ ERRNO ",'defaultErrnoRet':'EPERM'}",
	  "seccomp.defaultErrnoRet: must be an integer, not a string" },
	{ ERRNO ",'defaultErrno':'EWHAT'}",
	  "seccomp.defaultErrno: \"EWHAT\" is no name of an error" },
	{ ERRNO ",'sysCall':[]}",
	  "seccomp.sysCall: is no key of a seccomp profile" },
	{ ERRNO ",'architectures':['SCMP_ARCH_VAX']}",
	  "seccomp.architectures[0]: \"SCMP_ARCH_VAX\" is no architecture" },
	{ ERRNO ",'architectures':['SCMP_ARCH_X86'],'archMap':["
		"{'architecture':'SCMP_ARCH_X86'}]}",
	  "seccomp.archMap: cannot be with `architectures`: use one of them" },
	{ ERRNO ",'archMap':[{'subArchitectures':null}]}",
	  "seccomp.archMap[0].architecture: required but missing" },
	{ ERRNO ",'archMap':[{'architecture':'SCMP_ARCH_ARM','sub':[]}]}",
	  "seccomp.archMap[0].sub: is no key of a seccomp profile" },
	{ ERRNO ",'flags':['FAST']}",
	  "seccomp.flags[0]: \"FAST\" is no seccomp flag" },
	{ ERRNO ",'syscalls':{}}",
	  "seccomp.syscalls: must be an array, not an object" },
	{ ERRNO ",'syscalls':['read']}",
	  "seccomp.syscalls[0]: must be an object, not a string" },
	{ ERRNO ",'syscalls':[{'action':'SCMP_ACT_ALLOW'}]}",
	  S "names: required but missing" },
	{ ERRNO ",'syscalls':[{'names':[],'action':'SCMP_ACT_ALLOW'}]}",
	  S "names: is empty" },
	{ ERRNO ",'syscalls':[{'names':['read']}]}",
	  S "action: required but missing" },
	{ RULE(",'name':'write'"),
	  S "name: cannot be with `names`: use one of them" },
	{ RULE(",'include':{}"), S "include: is no key of a seccomp profile" },
	{ RULE(",'includes':[]"),
	  S "includes: must be an object, not an array" },
	{ RULE(",'includes':{'cap':[]}"),
	  S "includes.cap: is no key of a seccomp profile" },
	{ RULE(",'excludes':{'caps':['CAP_ROOT']}"),
	  S "excludes.caps[0]: \"CAP_ROOT\" is no capability" },
	{ RULE(",'includes':{'arches':[1]}"),
	  S "includes.arches[0]: must be a string, not an integer" },
	{ RULE(",'includes':{'minKernel':'4'}"),
	  S "includes.minKernel: \"4\" is no version like \"4.8\"" },
	{ RULE(",'includes':{'minKernel':'4.8.1'}"),
	  S "includes.minKernel: \"4.8.1\" is no version like \"4.8\"" },
	{ RULE(",'includes':{'minKernel':'-4.8'}"),
	  S "includes.minKernel: \"-4.8\" is no version like \"4.8\"" },
	{ RULE(",'errnoRet':1"),
	  S "errnoRet: is for SCMP_ACT_ERRNO and SCMP_ACT_TRACE" },
	{ RULE(",'args':[{'index':6,'value':0,'op':'SCMP_CMP_EQ'}]"),
	  S "args[0].index: 6 is not in 0..5" },
	{ RULE(",'args':[{'index':0,'value':0,'op':'=='}]"),
	  S "args[0].op: \"==\" is no seccomp operator" },
	{ RULE(",'args':[{'index':0,'value':0,'value2':0}]"),
	  S "args[0].value2: is no key of a seccomp profile" },
	/* Also in what is not for this container. */
	{ RULE(",'includes':{'caps':['CAP_KILL']},'args':[{'index':0,"
	       "'value':0,'op':'EQ'}]"),
	  S "args[0].op: \"EQ\" is no seccomp operator" },
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		auto_json struct json_object *got = NULL;
		struct err err = { .code = CNI_OK };
		const int r = read_profile(bad[i].text, &got, &err);

		if (r != -EINVAL || strcmp(err.msg, bad[i].want) != 0)
			fail_msg("%s:\n got %s\nwant %s", bad[i].text,
				 r < 0 ? err.msg : "success", bad[i].want);
		assert_null(got);
	}
}

static void write_file(char *path, const char *text)
{
	const int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

static void test_file(void **state)
{
	char good_path[] = "/tmp/test_profile.XXXXXX";
	char bad_path[] = "/tmp/test_profile.XXXXXX";
	auto_json struct json_object *got = NULL;
	struct err err = { .code = CNI_OK };

	(void)state;
	write_file(good_path, "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}");
	assert_int_equal(bundle_seccomp(good_path, NULL, &got, &err), 0);
	assert_non_null(got);
	(void)unlink(good_path);
	json_object_put(take_ptr(got));

	write_file(bad_path, "{\"defaultAction\":\"SCMP_ACT_OPEN\"}");
	assert_true(bundle_seccomp(bad_path, NULL, &got, &err) < 0);
	assert_non_null(strstr(err.msg, bad_path));
	assert_non_null(strstr(err.msg, "seccomp.defaultAction"));
	(void)unlink(bad_path);

	err_clear(&err);
	assert_int_equal(bundle_seccomp(bad_path, NULL, &got, &err), -ENOENT);
	assert_non_null(strstr(err.msg, bad_path));
	assert_non_null(strstr(err.details, "unconfined"));
	assert_null(got);
}

static void test_words(void **state)
{
	auto_json struct json_object *caps = json(DOCKER_CAPS);
	auto_json struct json_object *by_name = NULL;
	auto_json struct json_object *by_default = NULL;
	struct json_object *none = caps;
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(bundle_seccomp("unconfined", caps, &none, &err), 0);
	assert_null(none);
	assert_int_equal(bundle_seccomp("builtin", caps, &by_name, &err), 0);
	assert_int_equal(bundle_seccomp(NULL, caps, &by_default, &err), 0);
	assert_true(json_object_equal(by_name, by_default));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usual),
		cmocka_unit_test(test_no_caps),
		cmocka_unit_test(test_each_cap),
		cmocka_unit_test(test_admin),
#ifdef __x86_64__
		cmocka_unit_test(test_other_arches),
#endif
		cmocka_unit_test(test_newer),
		cmocka_unit_test(test_old_kernel),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
