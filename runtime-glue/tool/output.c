/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/tool/output.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"

static int write_fd(void *opaque, const void *bytes, size_t len,
		    struct err *err)
{
	int r = io_write_all(*(const int *)opaque, bytes, len);

	return r < 0 ? err_sys(err, -r, "write the archive") : 0;
}

int output_open(const char *path, struct output *out, struct err *err)
{
	struct stat st;

	*out = (struct output){ .fd = -1, .sink = { write_fd, &out->fd } };
	if (!path && isatty(STDOUT_FILENO))
		return err_set(err, CNI_E_FIELD,
			       "an archive is nothing for a terminal: use -o "
			       "FILE or redirect stdout");
	out->fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			      0600)
		       : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (out->fd < 0)
		return err_sys(err, errno, "open %s", path ? path : "stdout");
	if (path && io_fstat(out->fd, &st) == 0 && S_ISREG(st.st_mode))
		out->made = path;
	return 0;
}

int output_close(struct output *out, int r)
{
	auto_fd_release(&out->fd);
	out->fd = -1;
	if (r < 0 && out->made)
		(void)unlink(out->made);
	return r;
}
