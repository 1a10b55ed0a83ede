/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --security-opt seccomp=: which profile, and where it comes from. */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "common/base/io.h"
#include "runtime-glue/tool/bundle.h"
#include "runtime-glue/tool/seccomp.h"

static const struct profile_arch arches[] = {
	{ SCMP_ARCH_X86_64,
	  "SCMP_ARCH_X86_64",
	  "amd64",
	  { "SCMP_ARCH_X86", "SCMP_ARCH_X32" } },
	{ SCMP_ARCH_AARCH64,
	  "SCMP_ARCH_AARCH64",
	  "arm64",
	  { "SCMP_ARCH_ARM" } },
	{ SCMP_ARCH_S390X, "SCMP_ARCH_S390X", "s390x", { "SCMP_ARCH_S390" } },
	{ SCMP_ARCH_X86, "SCMP_ARCH_X86", "x86", { NULL } },
	{ SCMP_ARCH_ARM, "SCMP_ARCH_ARM", "arm", { NULL } },
	{ SCMP_ARCH_RISCV64, "SCMP_ARCH_RISCV64", "riscv64", { NULL } },
	{ SCMP_ARCH_PPC64LE, "SCMP_ARCH_PPC64LE", "ppc64le", { NULL } },
};

const struct profile_arch *profile_native(void)
{
	const unsigned int native = seccomp_arch_native();

	for (size_t i = 0; i < sizeof(arches) / sizeof(*arches); i++)
		if (arches[i].value == native)
			return &arches[i];
	return NULL;
}

bool profile_has_cap(const struct profile_for *box, const char *name)
{
	const size_t count =
		box->caps ? json_object_array_length(box->caps) : 0;

	for (size_t i = 0; i < count; i++) {
		const char *has = json_object_get_string(
			json_object_array_get_idx(box->caps, i));

		if (has && strcmp(has, name) == 0)
			return true;
	}
	return false;
}

bool profile_kernel_from(const struct profile_for *box, unsigned int major,
			 unsigned int minor)
{
	return box->major > major ||
	       (box->major == major && box->minor >= minor);
}

/* A pipe will do, too (<(...) of a shell): it is read to its end. */
static int read_file(const char *path, struct json_object **out,
		     struct err *err)
{
	auto_strbuf struct strbuf text = { 0 };
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0) {
		r = err_sys(err, errno, "open the seccomp profile %s", path);
		(void)err_hint(err, "--security-opt seccomp= takes a file, "
				    "\"builtin\" or \"unconfined\"");
		return r;
	}
	r = io_read_all(fd, JSON_MAX_BYTES, &text);
	if (r < 0 || text.failed)
		return err_sys(err, r < 0 ? -r : ENOMEM,
			       "read the seccomp profile %s", path);
	return json_parse(strbuf_str(&text), text.len, path, out, err);
}

int bundle_seccomp(const char *profile, const struct json_object *caps,
		   struct json_object **out, struct err *err)
{
	auto_json struct json_object *document = NULL;
	struct profile_for box = { .caps = caps };
	struct utsname name;
	int r;

	*out = NULL;
	if (profile && strcmp(profile, "unconfined") == 0)
		return 0;
	/* A kernel that tells no number is as old as can be. */
	if (uname(&name) == 0)
		(void)sscanf(name.release, "%u.%u", &box.major, &box.minor);
	if (!profile || strcmp(profile, "builtin") == 0)
		return profile_default(&box, out, err);
	r = read_file(profile, &document, err);
	if (r < 0)
		return r;
	r = profile_read(&box, document, out, err);
	if (r < 0)
		return err_in(err, "seccomp profile %s", profile);
	return 0;
}
