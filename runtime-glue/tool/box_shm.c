/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BOX/shm: the /dev/shm of a container that lets others have it. */
#include <errno.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "common/base/trace.h"
#include "runtime-glue/tool/box_parts.h"

int box_shm_mount(const struct box *box, struct err *err)
{
	auto_strbuf struct strbuf path = { .len = 0 };
	struct json_object *size = NULL;
	uint64_t start = trace_start();
	char options[64];
	int r = 0;

	if (!json_object_object_get_ex(box->record, "shmSize", &size))
		return 0;
	(void)snprintf(options, sizeof(options), "mode=1777,size=%jd",
		       (intmax_t)json_object_get_int64(size));
	strbuf_printf(&path, "%s/shm", box->path);
	if (path.failed)
		return err_nomem(err);
	if ((mkdir(path.data, 0700) < 0 && errno != EEXIST) ||
	    mount("shm", path.data, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  options) < 0)
		r = err_sys(err, errno, "--ipc shareable: mount \"%s\"",
			    path.data);
	trace_end(start, r, "mount", "tmpfs on %s", path.data);
	return r;
}

int box_shm_unmount(const struct box *box, struct err *err)
{
	auto_strbuf struct strbuf path = { .len = 0 };

	strbuf_printf(&path, "%s/shm", box->path);
	if (path.failed)
		return err_nomem(err);
	if (umount2(path.data, MNT_DETACH | UMOUNT_NOFOLLOW) == 0 ||
	    errno == EINVAL || errno == ENOENT)
		return 0;
	return err_sys(err, errno, "unmount \"%s\"", path.data);
}
