/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The container's terminal. /dev/pts is the container's: it could be a symlink,
 * or a directory with devices that the image's maker chose, so that it is
 * checked to be devpts before anything in it is opened, and the slave is not
 * opened by its name but asked of the master (CVE-2025-52565).
 */
#include "runtime-glue/process/console.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/trace.h"
#include "runtime-glue/process/parts.h"

#define PTS_DIR "/dev/pts"

/* What the receiver reads as the file's name. */
#define MASTER_NAME "/dev/ptmx"

#define PTMX_MAJOR 5
#define PTMX_MINOR 2

static bool on_devpts(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == DEVPTS_SUPER_MAGIC;
}

static int open_devpts(void)
{
	int fd = process_openat2(AT_FDCWD, PTS_DIR, O_PATH | O_DIRECTORY,
				 RESOLVE_NO_MAGICLINKS);

	if (fd == -ENOSYS) {
		fd = open(PTS_DIR,
			  O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		fd = fd < 0 ? -errno : fd;
	}
	if (fd >= 0 && !on_devpts(fd)) {
		(void)close(fd);
		return -EXDEV;
	}
	return fd;
}

static int open_master(int devpts)
{
	auto_fd int fd = openat(devpts, "ptmx",
				O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (!on_devpts(fd) || io_fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) ||
	    st.st_rdev != makedev(PTMX_MAJOR, PTMX_MINOR))
		return -EXDEV;
	return take_fd(&fd);
}

/* By name before Linux 4.13; devpts lets nobody choose what is there. */
static int open_slave(int devpts, int master)
{
	const int flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
	auto_fd int fd = ioctl(master, TIOCGPTPEER, flags);
	unsigned int number;
	char name[16];

	if (fd < 0 && (errno == ENOTTY || errno == EINVAL)) {
		if (ioctl(master, TIOCGPTN, &number) < 0)
			return -errno;
		(void)snprintf(name, sizeof(name), "%u", number);
		fd = openat(devpts, name, flags | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0)
		return -errno;
	return on_devpts(fd) ? take_fd(&fd) : -EXDEV;
}

static int size_set(const struct spec_process *process, int master)
{
	const struct winsize size = {
		.ws_row = (unsigned short)process->console_height.value,
		.ws_col = (unsigned short)process->console_width.value,
	};

	if (!process->console_height.set && !process->console_width.set)
		return 0;
	return ioctl(master, TIOCSWINSZ, &size) < 0 ? -errno : 0;
}

static int failed(int r, const char *what, struct err *err)
{
	if (r == -EXDEV)
		return process_fail(err, EXDEV,
				    "process.terminal: %s: not on devpts",
				    what);
	return err_sys(err, -r, "process.terminal: %s", what);
}

int console_open(const struct spec_process *process, int *master, int *slave,
		 struct err *err)
{
	const uint64_t start = trace_start();
	auto_fd int devpts = open_devpts();
	auto_fd int ours = -1;
	auto_fd int theirs = -1;
	const int unlocked = 0;
	int r;

	if (devpts < 0)
		return failed(devpts, "open " PTS_DIR, err);
	ours = open_master(devpts);
	if (ours < 0)
		return failed(ours, "open " PTS_DIR "/ptmx", err);
	if (ioctl(ours, TIOCSPTLCK, &unlocked) < 0)
		return failed(-errno, "unlock the slave", err);
	theirs = open_slave(devpts, ours);
	if (theirs < 0)
		return failed(theirs, "open the slave", err);
	r = size_set(process, ours);
	trace_end(start, r, "pty", "open %s", PTS_DIR "/ptmx");
	if (r < 0)
		return failed(r, "set consoleSize", err);
	*master = take_fd(&ours);
	*slave = take_fd(&theirs);
	return 0;
}

/* To itself dup3() does not go, and CLOEXEC would stay. */
static int dup_onto(int fd, int target)
{
	int r;

	if (fd == target)
		r = fcntl(fd, F_SETFD, 0);
	else
		r = dup3(fd, target, 0); /* banned.sh: it is to be inherited */
	return r < 0 ? -errno : 0;
}

int console_take(int slave, struct err *err)
{
	int r = 0;

	if (getsid(0) != getpid() && setsid() < 0)
		return failed(-errno, "make a session", err);
	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		return failed(-errno, "make it the controlling terminal", err);
	for (int fd = STDIN_FILENO; r == 0 && fd <= STDERR_FILENO; fd++)
		r = dup_onto(slave, fd);
	return r < 0 ? failed(r, "make it stdin, stdout and stderr", err) : 0;
}

int console_connect(const char *path, int *fd, struct err *err)
{
	int r = process_connect(path);

	if (r < 0)
		return err_sys(err, -r, "connect to console socket \"%s\"",
			       path);
	*fd = r;
	return 0;
}

int console_send(int socket, int master, struct err *err)
{
	int r = process_send_fd(socket, master, MASTER_NAME,
				strlen(MASTER_NAME));

	if (r < 0)
		return err_sys(err, -r,
			       "send the terminal to the console "
			       "socket");
	return 0;
}
