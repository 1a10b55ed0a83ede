/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session keyring of the container's own: else it would be the one of who
 * called us, with his keys.
 */
#include <errno.h>
#include <linux/keyctl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/trace.h"
#include "runtime-glue/process/parts.h"

/* The user, whoever that will be, may search it. */
#define KEY_USR_SEARCH 0x00080000UL

/* Kernels without keyrings, quotas, seccomp filters around us: as runc. */
static bool tolerable(int errnum)
{
	return errnum == ENOSYS || errnum == EDQUOT || errnum == EPERM ||
	       errnum == EACCES;
}

/* "keyring;0;0;3f130000;_ses.ID" */
static int permit_search(long ring)
{
	char text[512] = "";
	unsigned long perm;
	const char *at = text;
	long len;

	len = syscall(SYS_keyctl, KEYCTL_DESCRIBE, ring, text,
		      sizeof(text) - 1);
	if (len < 0)
		return -errno;
	for (int i = 0; i < 3 && at; i++) {
		at = strchr(at, ';');
		at = at ? at + 1 : NULL;
	}
	if (!at)
		return 0;
	perm = strtoul(at, NULL, 16) | KEY_USR_SEARCH;
	if (syscall(SYS_keyctl, KEYCTL_SETPERM, ring, perm) < 0)
		return -errno;
	return 0;
}

/* One that others may have joined before, whose rights are set. */
static int join(const char *id, bool made)
{
	auto_strbuf struct strbuf name = { 0 };
	long ring;

	strbuf_printf(&name, "_ses.%s", id);
	if (name.failed)
		return -ENOMEM;
	ring = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name.data);
	if (ring < 0)
		return -errno;
	return made ? permit_search(ring) : 0;
}

int keyring_join(const struct process *process, int proc, struct err *err)
{
	const char *label = process->spec->selinux;
	const uint64_t start = trace_start();
	int r = 0;

	if (!process->new_keyring || !process->id)
		return 0;
	/* A key gets the label of who makes it; the container must use it. */
	if (label && *label)
		r = process_write_proc(proc, "self/attr/keycreate", label);
	if (r < 0)
		return err_sys(err, -r,
			       "process.selinuxLabel: label the "
			       "session keyring \"%s\"",
			       label);
	r = join(process->id, !process->exec);
	if (label && *label)
		(void)process_write_proc(proc, "self/attr/keycreate", "\n");
	trace_end(start, r, "key", "session keyring _ses.%s", process->id);
	if (r < 0 && !tolerable(-r))
		return err_sys(err, -r, "join session keyring \"_ses.%s\"",
			       process->id);
	return 0;
}
