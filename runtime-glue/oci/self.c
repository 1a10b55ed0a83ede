/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/oci/self.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/trace.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

static bool is_sealed(int exe)
{
	int seals = fcntl(exe, F_GET_SEALS);

	return seals >= 0 && (seals & SEALS) == SEALS;
}

/* MFD_EXEC is Linux 6.3's; before, every such file could be executed. */
static int make_memfd(void)
{
	const char *name = "runtime-glue";
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}

static int copy_file(int from, int to, struct err *err)
{
	struct stat st;
	off_t at = 0;

	if (fstat(from, &st) < 0)
		return err_sys(err, errno, "stat /proc/self/exe");
	while (at < st.st_size) {
		ssize_t n = sendfile(to, from, &at, (size_t)(st.st_size - at));

		if (n < 0 && errno != EINTR)
			return err_sys(err, errno, "copy /proc/self/exe");
		if (n == 0)
			return err_sys(err, EIO, "copy /proc/self/exe");
	}
	return 0;
}

int self_seal(char *const *argv, struct err *err)
{
	auto_fd int exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	auto_fd int copy = -1;
	uint64_t start = trace_start();
	int r;

	if (exe < 0)
		return err_sys(err, errno, "open /proc/self/exe");
	if (is_sealed(exe))
		return 0;
	copy = make_memfd();
	if (copy < 0)
		return err_sys(err, errno,
			       "memfd_create for a sealed copy of ourselves");
	r = copy_file(exe, copy, err);
	if (r < 0)
		return r;
	if (fcntl(copy, F_ADD_SEALS, SEALS) < 0)
		return err_sys(err, errno, "seal the copy of ourselves");
	trace_end(start, 0, "exec", "a sealed copy of ourselves");
	(void)fexecve(copy, argv, environ);
	return err_sys(err, errno, "execute the sealed copy of ourselves");
}
