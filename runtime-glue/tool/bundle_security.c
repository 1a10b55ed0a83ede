/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --security-opt and what --privileged lifts. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime-glue/tool/bundle_parts.h"

/* As docker's: what tells of the host, or lets change it. */
static const char *const masked[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/interrupts",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/sched_debug",
	"/proc/scsi",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/sys/devices/virtual/powercap",
	"/sys/firmware",
	NULL,
};

static const char *const readonly_paths[] = {
	"/proc/bus",           "/proc/fs", "/proc/irq", "/proc/sys",
	"/proc/sysrq-trigger", NULL,
};

static int refuse(const char *text, const char *why, struct err *err)
{
	return err_set(err, CNI_E_FIELD, "--security-opt: \"%s\" %s", text,
		       why);
}

static int read_label(struct bundle_security *out, const char *text,
		      const char *value, struct err *err)
{
	static const char *const parts[] = { "user:", "role:", "type:",
					     "level:" };

	if (strcmp(value, "disable") == 0) {
		out->label_off = true;
		return 0;
	}
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (!bundle_starts(value, parts[i]))
			continue;
		if (access("/sys/fs/selinux/enforce", F_OK) < 0)
			return refuse(text, "needs a kernel with SELinux", err);
		out->label[i] = value + strlen(parts[i]);
		return 0;
	}
	return refuse(text,
		      "is not label=disable, label=user:U, label=role:R, "
		      "label=type:T or label=level:L",
		      err);
}

static int read_seccomp(struct bundle_security *out, const char *text,
			const char *value, struct err *err)
{
	struct stat st;

	out->seccomp = value;
	if (strcmp(value, "unconfined") == 0 || strcmp(value, "builtin") == 0)
		return 0;
	if (!*value)
		return refuse(text,
			      "names no file: seccomp=FILE, "
			      "seccomp=unconfined or seccomp=builtin",
			      err);
	if (stat(value, &st) < 0)
		return err_sys(err, errno, "--security-opt seccomp: \"%s\"",
			       value);
	return 0;
}

static int read_bool(bool *out, const char *text, const char *value,
		     struct err *err)
{
	*out = !value || strcmp(value, "true") == 0;
	if (*out || strcmp(value, "false") == 0)
		return 0;
	return refuse(text, "is neither true nor false", err);
}

static int read_one(struct bundle_security *out, const char *text,
		    struct err *err)
{
	/* Long ago it was ':' for docker, which still takes it. */
	size_t len = strcspn(text, "=:");
	const char *value = text[len] ? text + len + 1 : NULL;

	if (len == 17 && bundle_starts(text, "no-new-privileges"))
		return read_bool(&out->no_new_privileges, text, value, err);
	if (value && len == 7 && bundle_starts(text, "seccomp"))
		return read_seccomp(out, text, value, err);
	if (value && len == 5 && bundle_starts(text, "label"))
		return read_label(out, text, value, err);
	if (value && *value && len == 8 && bundle_starts(text, "apparmor")) {
		out->apparmor = value;
		return 0;
	}
	if (value && len == 11 && bundle_starts(text, "systempaths") &&
	    strcmp(value, "unconfined") == 0) {
		out->paths_open = true;
		return 0;
	}
	return refuse(text,
		      "is not no-new-privileges, seccomp=FILE|unconfined, "
		      "apparmor=PROFILE, label=... or systempaths=unconfined",
		      err);
}

int bundle_security(struct bundle *b, struct err *err)
{
	const struct spec_strings *list = &b->options->security_opt;
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->count; i++)
		r = read_one(&b->security, list->at[i], err);
	return r;
}

/* What is not given is as container-selinux has it. */
static int put_label(struct bundle *b, struct err *err)
{
	const char *const *given = b->security.label;
	auto_strbuf struct strbuf text = { .len = 0 };

	if (b->security.label_off ||
	    (!given[0] && !given[1] && !given[2] && !given[3]))
		return 0;
	strbuf_printf(&text, "%s:%s:%s:%s", given[0] ?: "system_u",
		      given[1] ?: "system_r", given[2] ?: "container_t",
		      given[3] ?: "s0");
	if (text.failed)
		return err_nomem(err);
	return bundle_put_text(b->process, "selinuxLabel", text.data, err);
}

static int put_seccomp(struct bundle *b, struct err *err)
{
	const char *profile = b->security.seccomp;
	auto_json struct json_object *seccomp = NULL;
	auto_json struct json_object *caps = json_object_new_array();
	int r = caps ? 0 : err_nomem(err);

	if (profile && strcmp(profile, "builtin") == 0)
		profile = NULL;
	else if (profile && strcmp(profile, "unconfined") == 0)
		return r;
	else if (!profile && b->options->privileged)
		return r;
	for (int i = 0; r == 0 && spec_cap_name(i); i++)
		if (b->caps & UINT64_C(1) << i)
			r = bundle_push_text(caps, spec_cap_name(i), err);
	r = r ?: bundle_seccomp(profile, caps, &seccomp, err);
	if (r < 0 || !seccomp)
		return r;
	return bundle_put(b->linux_, "seccomp", take_ptr(seccomp), err);
}

int bundle_security_put(struct bundle *b, struct err *err)
{
	const char *apparmor = b->security.apparmor;
	int r = 0;

	if (b->security.no_new_privileges)
		r = bundle_put_true(b->process, "noNewPrivileges", err);
	if (r == 0 && apparmor && strcmp(apparmor, "unconfined") != 0)
		r = bundle_put_text(b->process, "apparmorProfile", apparmor,
				    err);
	r = r ?: put_label(b, err);
	if (r == 0 && !b->options->privileged && !b->security.paths_open) {
		r = bundle_put_texts(b->linux_, "maskedPaths", masked, err);
		r = r
			    ?: bundle_put_texts(b->linux_, "readonlyPaths",
						readonly_paths, err);
	}
	return r ?: put_seccomp(b, err);
}
