/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this build knows (features.md, features-linux.md). Names are those that
 * config.json may use, whether this kernel has the thing or not; only seccomp's
 * supportedFlags, and the annotations, are about kernel and libraries.
 */
#include <ctype.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <seccomp.h>

#include "common/base/build.h"
#include "common/base/cleanup.h"
#include "common/base/json.h"
#include "runtime-glue/oci/cli.h"
#include "runtime-glue/spec/options.h"

/* Since Linux 5.19. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

static const struct cli_option no_options[] = { { .name = NULL } };

/* A document in the making: what failed is asked about once, at the end. */
struct doc {
	struct json_object *json;
	bool failed;
};

static struct json_object *add(struct doc *doc, struct json_object *at,
			       const char *key, struct json_object *value)
{
	int r = -1;

	if (at && value)
		r = key ? json_object_object_add(at, key, value)
			: json_object_array_add(at, value);
	if (r == 0)
		return value;
	json_object_put(value);
	doc->failed = true;
	return NULL;
}

static struct json_object *add_object(struct doc *doc, struct json_object *at,
				      const char *key)
{
	return add(doc, at, key, json_object_new_object());
}

static struct json_object *add_array(struct doc *doc, struct json_object *at,
				     const char *key)
{
	return add(doc, at, key, json_object_new_array());
}

static void add_text(struct doc *doc, struct json_object *at, const char *key,
		     const char *text)
{
	(void)add(doc, at, key, json_object_new_string(text));
}

static void add_bool(struct doc *doc, struct json_object *at, const char *key,
		     bool value)
{
	(void)add(doc, at, key, json_object_new_boolean(value));
}

static void add_words(struct doc *doc, struct json_object *at, const char *key,
		      const char *const *words)
{
	struct json_object *array = add_array(doc, at, key);

	for (; *words; words++)
		add_text(doc, array, NULL, *words);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_mount_options(struct doc *doc)
{
	auto_free const char **words =
		calloc(option_word_count + 1, sizeof(*words));

	if (!words) {
		doc->failed = true;
		return;
	}
	for (size_t i = 0; i < option_word_count; i++)
		words[i] = option_words[i].word;
	qsort(words, option_word_count, sizeof(*words), by_name);
	add_words(doc, doc->json, "mountOptions", words);
}

static void add_names(struct doc *doc, struct json_object *section)
{
	struct json_object *array = add_array(doc, section, "namespaces");

	for (size_t i = 0; i < SPEC_NS_COUNT; i++)
		add_text(doc, array, NULL, spec_ns_kinds[i].name);
	array = add_array(doc, section, "capabilities");
	for (int i = 0; spec_cap_name(i); i++)
		add_text(doc, array, NULL, spec_cap_name(i));
}

/* The architectures that the library, and so the parser, has a number for. */
static void add_arches(struct doc *doc, struct json_object *seccomp)
{
	static const char *const names[] = {
		"aarch64",  "arm",         "loongarch64", "m68k",
		"mips",     "mips64",      "mips64n32",   "mipsel",
		"mipsel64", "mipsel64n32", "parisc",      "parisc64",
		"ppc",      "ppc64",       "ppc64le",     "riscv64",
		"s390",     "s390x",       "sh",          "sheb",
		"x32",      "x86",         "x86_64",
	};
	struct json_object *array = add_array(doc, seccomp, "archs");

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char upper[32] = "SCMP_ARCH_";
		size_t n = strlen(upper);

		if (seccomp_arch_resolve_name(names[i]) == 0)
			continue;
		for (const char *c = names[i]; *c; c++)
			upper[n++] = (char)toupper((unsigned char)*c);
		add_text(doc, array, NULL, upper);
	}
}

/*
 * The kernel looks at the flags before it looks for the filter, which is not
 * there: EFAULT says that it knows them.
 */
static bool kernel_has_flag(unsigned long flag)
{
	if (flag == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
		flag |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flag, NULL) < 0 &&
	       errno == EFAULT;
}

static void add_flags(struct doc *doc, struct json_object *seccomp)
{
	static const struct {
		const char *name;
		unsigned long flag;
	} flags[] = {
		{ "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
		{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
		  SECCOMP_FILTER_FLAG_SPEC_ALLOW },
		{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
		{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
		  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
	};
	struct json_object *known = add_array(doc, seccomp, "knownFlags");
	struct json_object *have = add_array(doc, seccomp, "supportedFlags");

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		add_text(doc, known, NULL, flags[i].name);
		if (kernel_has_flag(flags[i].flag))
			add_text(doc, have, NULL, flags[i].name);
	}
}

static void add_seccomp(struct doc *doc, struct json_object *section)
{
	static const char *const actions[] = {
		"SCMP_ACT_ALLOW",       "SCMP_ACT_ERRNO",
		"SCMP_ACT_KILL",        "SCMP_ACT_KILL_PROCESS",
		"SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG",
		"SCMP_ACT_NOTIFY",      "SCMP_ACT_TRACE",
		"SCMP_ACT_TRAP",        NULL,
	};
	static const char *const operators[] = {
		"SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT",
		"SCMP_CMP_LE", "SCMP_CMP_LT", "SCMP_CMP_MASKED_EQ",
		"SCMP_CMP_NE", NULL,
	};
	struct json_object *seccomp = add_object(doc, section, "seccomp");

	add_bool(doc, seccomp, "enabled", true);
	add_words(doc, seccomp, "actions", actions);
	add_words(doc, seccomp, "operators", operators);
	add_arches(doc, seccomp);
	add_flags(doc, seccomp);
}

static void add_enabled(struct doc *doc, struct json_object *at,
			const char *key, bool enabled)
{
	add_bool(doc, add_object(doc, at, key), "enabled", enabled);
}

static void add_memory_policy(struct doc *doc, struct json_object *section)
{
	static const char *const modes[] = {
		"MPOL_DEFAULT",    "MPOL_BIND",
		"MPOL_INTERLEAVE", "MPOL_WEIGHTED_INTERLEAVE",
		"MPOL_PREFERRED",  "MPOL_PREFERRED_MANY",
		"MPOL_LOCAL",      NULL,
	};
	static const char *const flags[] = {
		"MPOL_F_NUMA_BALANCING",
		"MPOL_F_RELATIVE_NODES",
		"MPOL_F_STATIC_NODES",
		NULL,
	};
	struct json_object *part = add_object(doc, section, "memoryPolicy");

	add_words(doc, part, "modes", modes);
	add_words(doc, part, "flags", flags);
}

static void add_linux(struct doc *doc)
{
	struct json_object *section = add_object(doc, doc->json, "linux");
	struct json_object *part;

	add_names(doc, section);
	part = add_object(doc, section, "cgroup");
	add_bool(doc, part, "v1", true);
	add_bool(doc, part, "v2", true);
	add_bool(doc, part, "systemd", false);
	add_bool(doc, part, "systemdUser", false);
	add_bool(doc, part, "rdma", true);
	add_seccomp(doc, section);
	add_enabled(doc, section, "apparmor", true);
	add_enabled(doc, section, "selinux", true);
	part = add_object(doc, section, "intelRdt");
	add_bool(doc, part, "enabled", true);
	add_bool(doc, part, "schemata", true);
	part = add_object(doc, section, "mountExtensions");
	add_enabled(doc, part, "idmap", true);
	add_enabled(doc, section, "netDevices", true);
	add_memory_policy(doc, section);
}

static bool file_says(const char *path, char yes)
{
	FILE *file = fopen(path, "re");
	int c = file ? fgetc(file) : EOF;

	if (file)
		(void)fclose(file);
	return c == yes;
}

/* Whether this host can do what may fail here and not elsewhere. */
static void add_annotations(struct doc *doc)
{
	struct json_object *notes = add_object(doc, doc->json, "annotations");
	const struct scmp_version *seccomp = seccomp_version();
	bool apparmor =
		file_says("/sys/module/apparmor/parameters/enabled", 'Y');
	bool selinux = access("/sys/fs/selinux/enforce", F_OK) == 0;
	bool resctrl = access("/sys/fs/resctrl/schemata", F_OK) == 0;
	char text[64];

	if (seccomp) {
		(void)snprintf(text, sizeof(text), "%u.%u.%u", seccomp->major,
			       seccomp->minor, seccomp->micro);
		add_text(doc, notes, "io.github.seccomp.libseccomp.version",
			 text);
	}
	add_text(doc, notes, "org.opencontainers.runc.checkpoint.enabled",
		 "false");
	add_text(doc, notes, "runtime-glue.version", build_version());
	add_text(doc, notes, "runtime-glue.host.apparmor",
		 apparmor ? "true" : "false");
	add_text(doc, notes, "runtime-glue.host.selinux",
		 selinux ? "true" : "false");
	add_text(doc, notes, "runtime-glue.host.resctrl",
		 resctrl ? "true" : "false");
}

static int run(const struct runtime *runtime, const void *options, int argc,
	       char **argv, struct err *err)
{
	auto_json struct json_object *json = json_object_new_object();
	struct doc doc = { .json = json };
	struct json_object *hooks;
	const char *text;
	int r;

	(void)runtime;
	(void)options;
	(void)argc;
	(void)argv;
	add_text(&doc, json, "ociVersionMin", OCI_VERSION_MIN);
	add_text(&doc, json, "ociVersionMax", OCI_VERSION);
	hooks = add_array(&doc, json, "hooks");
	for (size_t i = 0; i < SPEC_HOOK_COUNT; i++)
		add_text(&doc, hooks, NULL, spec_hook_names[i]);
	add_mount_options(&doc);
	add_linux(&doc);
	add_annotations(&doc);
	text = json_object_to_json_string_ext(
		json, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
			      JSON_C_TO_STRING_NOSLASHESCAPE);
	if (doc.failed || !text)
		return err_nomem(err);
	r = cli_print(text, strlen(text), err);
	return r ?: cli_print("\n", 1, err);
}

const struct cli_verb verb_features = {
	.name = "features",
	.arguments = "",
	.help = "print what this program can do, as JSON",
	.options = no_options,
	.anywhere = true,
	.run = run,
};
