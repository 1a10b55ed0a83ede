/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Becoming the user: stdio's owner, groups, ids, umask. */
#include <errno.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/base/io.h"
#include "common/base/trace.h"
#include "runtime-glue/process/parts.h"

#define MEM_MAJOR     1 /* /dev/null and its like: everybody's */
#define UMASK_DEFAULT 022

/*
 * So that the user can open /dev/stdout. A file system may not let us, or not
 * know the user (user namespaces): then it stays as it is, as with runc.
 */
int stdio_chown(uid_t uid, struct err *err)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		struct stat st;

		if (io_fstat(fd, &st) < 0) {
			if (errno == EBADF)
				continue;
			return err_sys(err, errno, "look at descriptor %d", fd);
		}
		if (st.st_uid == uid ||
		    (S_ISCHR(st.st_mode) && major(st.st_rdev) == MEM_MAJOR))
			continue;
		if (fchown(fd, uid, (gid_t)-1) < 0 && errno != EPERM &&
		    errno != EROFS && errno != EINVAL)
			return err_sys(err, errno,
				       "give descriptor %d to user %u", fd,
				       uid);
	}
	return 0;
}

static int groups_set(const struct process *process, struct err *err)
{
	const struct spec_user *user = &process->spec->user;

	if (process->keep_groups)
		return 0;
	if (process->setgroups) {
		/* Raw: glibc's would signal threads that we do not have. */
		if (syscall(SYS_setgroups, user->gid_count, user->gids) < 0)
			return err_sys(err, errno,
				       "process.user.additionalGids: set %zu "
				       "groups",
				       user->gid_count);
		return 0;
	}
	if (user->gid_count == 0)
		return 0;
	return err_sys(err, EPERM,
		       "process.user.additionalGids: setgroups is denied in "
		       "this user namespace");
}

int user_switch(const struct process *process, struct err *err)
{
	const struct spec_user *user = &process->spec->user;
	const uint64_t start = trace_start();
	int r;

	r = groups_set(process, err);
	if (r == 0 && setresgid(user->gid, user->gid, user->gid) < 0)
		r = err_sys(err, errno, "process.user.gid: become group %u",
			    user->gid);
	if (r == 0 && setresuid(user->uid, user->uid, user->uid) < 0)
		r = err_sys(err, errno, "process.user.uid: become user %u",
			    user->uid);
	(void)umask(user->umask.set ? (mode_t)user->umask.value
				    : UMASK_DEFAULT);
	trace_end(start, r, "user", "%u:%u, %zu more groups", user->uid,
		  user->gid, user->gid_count);
	return r;
}
