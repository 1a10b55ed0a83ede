/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Telling the kernel to lay directories over each other.
 *
 * redirect_dir and metacopy would make some operations of a container faster,
 * but leave directories and files in BOX/diff that mean something only together
 * with the layers: `commit` and `diff` read it alone, so they are off. So is
 * index, which ties an upper directory to its lower ones and makes it unusable
 * once those were copied elsewhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "common/base/trace.h"
#include "runtime-glue/layers/parts.h"
#include "runtime-glue/layers/tree.h"

/* fsconfig(2) takes strings of less than this; longer paths go by descriptor.
 */
#define FSCONFIG_STRING_MAX 256

static const char *const settings[][2] = {
	{ "redirect_dir", "off" },
	{ "metacopy", "off" },
	{ "index", "off" },
	{ "xino", "auto" },
};

/* What the kernel says about a failed step, where it says anything. */
static void add_kernel_words(int fs, struct err *err)
{
	char words[512];
	ssize_t len;

	while ((len = read(fs, words, sizeof(words) - 1)) > 0) {
		words[len] = '\0';
		if (words[len - 1] == '\n')
			words[len - 1] = '\0';
		err_hint(err, "kernel: %s", words);
	}
}

static int set_path(int fs, const char *key, const char *path, struct err *err)
{
	auto_fd int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char by_fd[32];

	if (fd < 0)
		return err_sys(err, errno, "open %s", path);
	(void)snprintf(by_fd, sizeof(by_fd), "/proc/self/fd/%d", fd);
	if (fsconfig(fs, FSCONFIG_SET_STRING, key,
		     strlen(path) < FSCONFIG_STRING_MAX ? path : by_fd, 0) == 0)
		return 0;
	err_sys(err, errno, "overlay %s %s", key, path);
	add_kernel_words(fs, err);
	return -err->errnum;
}

static int set_settings(int fs, bool is_volatile, struct err *err)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (fsconfig(fs, FSCONFIG_SET_STRING, settings[i][0],
			     settings[i][1], 0) < 0)
			return err_sys(err, errno, "overlay %s=%s",
				       settings[i][0], settings[i][1]);
	if (is_volatile &&
	    fsconfig(fs, FSCONFIG_SET_FLAG, "volatile", NULL, 0) < 0)
		return err_sys(err, errno, "overlay volatile");
	return 0;
}

static int set_layers(int fs, const char *box, const struct layers_list *lower,
		      struct err *err)
{
	char path[PATH_MAX];
	int r = 0;

	for (size_t i = lower->count; r == 0 && i > 0; i--)
		r = set_path(fs, "lowerdir+", lower->at[i - 1], err);
	(void)snprintf(path, sizeof(path), "%s/diff", box);
	r = r ?: set_path(fs, "upperdir", path, err);
	(void)snprintf(path, sizeof(path), "%s/work", box);
	return r ?: set_path(fs, "workdir", path, err);
}

static int attach(int fs, const char *merged, struct err *err)
{
	auto_fd int mnt = -1;

	(void)fsconfig(fs, FSCONFIG_SET_STRING, "source", "overlay", 0);
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0) {
		err_sys(err, errno, "make the overlay for %s", merged);
		add_kernel_words(fs, err);
		return -err->errnum;
	}
	mnt = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (mnt < 0)
		return err_sys(err, errno, "mount the overlay for %s", merged);
	if (move_mount(mnt, "", AT_FDCWD, merged, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(err, errno, "mount the overlay on %s", merged);
	return 0;
}

int overlay_by_layer(const char *box, const struct layers_list *lower,
		     bool is_volatile, struct err *err)
{
	auto_fd int fs = fsopen("overlay", FSOPEN_CLOEXEC);
	uint64_t start = trace_start();
	char merged[PATH_MAX];
	int r;

	(void)snprintf(merged, sizeof(merged), "%s/merged", box);
	if (fs < 0)
		return err_sys(err, errno, "open the overlay file system");
	r = set_layers(fs, box, lower, err);
	/* "No such parameter" of the first layer: the kernel is an older one */
	if (r == -EINVAL && strstr(err->msg, "lowerdir+"))
		r = -ENOSYS;
	r = r ?: set_settings(fs, is_volatile, err);
	r = r ?: attach(fs, merged, err);
	trace_end(start, r, "mount", "overlay on %s, %zu layers", merged,
		  lower->count);
	return r;
}

/* BOX/l/N is a symlink to layer N, whose name is as short as can be. */
static int make_short_names(int dir, const struct layers_list *lower,
			    struct err *err)
{
	for (size_t i = 0; i < lower->count; i++) {
		char name[24];

		(void)snprintf(name, sizeof(name), "%zu", i);
		if (symlinkat(lower->at[i], dir, name) < 0)
			return err_sys(err, errno, "make a short name for %s",
				       lower->at[i]);
	}
	return 0;
}

/* mount(2) wants names relative to the working directory, which is not ours
 * to change: others work beside us. */
static int mount_in(int dir, const char *merged, const char *options)
{
	const pid_t parent = getpid();
	int status = 0;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		/* Nothing may be mounted behind the back of who cleans up. */
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
			_exit(EINTR);
		if (fchdir(dir) < 0 ||
		    mount("overlay", merged, "overlay", 0, options) < 0)
			_exit(errno & 0xff);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

static void page_options(const struct layers_list *lower, bool is_volatile,
			 struct strbuf *out)
{
	strbuf_puts(out, "lowerdir=");
	for (size_t i = lower->count; i > 0; i--)
		strbuf_printf(out, "%zu%s", i - 1, i > 1 ? ":" : "");
	strbuf_puts(out, ",upperdir=../diff,workdir=../work");
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		strbuf_printf(out, ",%s=%s", settings[i][0], settings[i][1]);
	if (is_volatile)
		strbuf_puts(out, ",volatile");
}

int overlay_by_page(const char *box, const struct layers_list *lower,
		    bool is_volatile, struct err *err)
{
	auto_fd int dir = open(box, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd int names = -1;
	auto_strbuf struct strbuf options = { .len = 0 };
	uint64_t start = trace_start();
	char merged[PATH_MAX];
	int r;

	if (dir < 0)
		return err_sys(err, errno, "open %s", box);
	(void)snprintf(merged, sizeof(merged), "%s/merged", box);
	r = tree_remove(dir, "l", err);
	if (r < 0)
		return r;
	if (mkdirat(dir, "l", 0700) < 0)
		return err_sys(err, errno, "make %s/l", box);
	names = openat(dir, "l", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (names < 0)
		return err_sys(err, errno, "open %s/l", box);
	r = make_short_names(names, lower, err);
	page_options(lower, is_volatile, &options);
	if (r == 0 && options.failed)
		r = err_nomem(err);
	if (r == 0) {
		r = mount_in(names, merged, strbuf_str(&options));
		if (r < 0)
			err_sys(err, -r, "mount the overlay on %s", merged);
	}
	trace_end(start, r, "mount", "overlay on %s, %zu layers", merged,
		  lower->count);
	return r;
}
