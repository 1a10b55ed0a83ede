/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AppArmor profiles and SELinux labels, which take effect at execve(). They are
 * written to our own process's attributes in a procfs that is certainly one:
 * the container's /proc may be what its image makes of it (CVE-2019-16884,
 * CVE-2025-52881).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "common/base/io.h"
#include "common/base/trace.h"
#include "runtime-glue/process/parts.h"

static bool apparmor_enabled(void)
{
	char text[8];

	return io_read_small(AT_FDCWD,
			     "/sys/module/apparmor/parameters/enabled", text,
			     sizeof(text)) > 0 &&
	       text[0] == 'Y';
}

static bool selinux_enabled(void)
{
	struct statfs fs;

	return statfs("/sys/fs/selinux", &fs) == 0 &&
	       fs.f_type == SELINUX_MAGIC;
}

/* Without AppArmor everything is unconfined. */
static const char *profile_of(const struct spec_process *spec)
{
	if (!spec->apparmor || !*spec->apparmor)
		return NULL;
	return spec->apparmor;
}

static const char *label_of(const struct spec_process *spec)
{
	return spec->selinux && *spec->selinux ? spec->selinux : NULL;
}

int label_check(const struct spec_process *spec, struct err *err)
{
	const char *profile = profile_of(spec), *label = label_of(spec);

	if (profile && strcmp(profile, "unconfined") != 0 &&
	    !apparmor_enabled())
		return process_fail(err, ENOTSUP,
				    "process.apparmorProfile: \"%s\": AppArmor "
				    "is not enabled in this kernel",
				    profile);
	if (label && !selinux_enabled())
		return process_fail(err, ENOTSUP,
				    "process.selinuxLabel: \"%s\": SELinux is "
				    "not enabled in this kernel",
				    label);
	return 0;
}

static int apparmor_set(const char *profile, int proc, struct err *err)
{
	auto_strbuf struct strbuf text = { 0 };
	const uint64_t start = trace_start();
	int r;

	strbuf_printf(&text, "exec %s", profile);
	if (text.failed)
		return err_nomem(err);
	r = process_write_proc(proc, "self/attr/apparmor/exec", text.data);
	/* Before 5.1 there is one file for whichever LSM comes first. */
	if (r == -ENOENT)
		r = process_write_proc(proc, "self/attr/exec", text.data);
	trace_end(start, r, "label", "apparmor exec %s", profile);
	if ((r == -ENOENT || r == -EINVAL) &&
	    strcmp(profile, "unconfined") == 0 && !apparmor_enabled())
		return 0;
	if (r < 0)
		(void)err_sys(err, -r, "process.apparmorProfile: \"%s\"",
			      profile);
	if (r == -ENOENT)
		(void)err_hint(err, "no such profile is loaded");
	return r;
}

static int selinux_set(const char *label, int proc, struct err *err)
{
	const uint64_t start = trace_start();
	int r = process_write_proc(proc, "self/attr/exec", label);

	trace_end(start, r, "label", "selinux exec %s", label);
	if (r < 0)
		return err_sys(err, -r, "process.selinuxLabel: \"%s\"", label);
	return 0;
}

int label_set(const struct spec_process *spec, int proc, struct err *err)
{
	const char *profile = profile_of(spec), *label = label_of(spec);
	int r = 0;

	if (profile)
		r = apparmor_set(profile, proc, err);
	if (r == 0 && label)
		r = selinux_set(label, proc, err);
	return r;
}
