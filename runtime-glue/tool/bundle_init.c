/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --init: runtime-glue/init, which is within this program, is written into the
 * box and bound into the container, read-only. A copy of each box's own: who
 * overcomes that writes to nothing but what he runs himself.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/io.h"
#include "runtime-glue/tool/bundle_parts.h"

#ifndef INIT_PROGRAM
#define INIT_PROGRAM "/dev/null" /* none for this processor */
#endif

__asm__(".pushsection .rodata.bundle_init, \"a\"\n"
	".globl bundle_init_start, bundle_init_end\n"
	".hidden bundle_init_start, bundle_init_end\n"
	"bundle_init_start:\n"
	".incbin \"" INIT_PROGRAM "\"\n"
	"bundle_init_end:\n"
	".popsection\n");

extern const char bundle_init_start[], bundle_init_end[];

int bundle_init(struct bundle *b, struct err *err)
{
	const size_t size =
		(uintptr_t)bundle_init_end - (uintptr_t)bundle_init_start;
	auto_strbuf struct strbuf path = { .len = 0 };
	auto_fd int fd = -1;
	int r;

	if (size == 0)
		return err_set(err, CNI_E_FIELD,
			       "--init: this build has no program for it: not "
			       "known for this processor");
	strbuf_printf(&path, "%s/init", b->box->path);
	if (path.failed)
		return err_nomem(err);
	(void)unlink(path.data);
	fd = open(path.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	if (fd < 0)
		return err_sys(err, errno, "create \"%s\"", path.data);
	r = io_write_all(fd, bundle_init_start, size);
	if (r < 0)
		return err_sys(err, -r, "write \"%s\"", path.data);
	return fchmod(fd, 0555) < 0
		       ? err_sys(err, errno, "chmod \"%s\"", path.data)
		       : 0;
}
