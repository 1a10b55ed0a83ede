/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From options to a box, its files and its end. */
#include "runtime-glue/tool/run.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/strbuf.h"
#include "runtime-glue/image/store.h"
#include "runtime-glue/oci/container.h"
#include "runtime-glue/tool/box_parts.h"

void run_close(struct run *run)
{
	box_close(&run->box);
	if (run->has_image)
		image_free(&run->image);
	image_store_close(&run->store);
	json_object_put(run->config);
}

/* ---- Signals ---- */

static void own_signals(sigset_t *out)
{
	(void)sigemptyset(out);
	(void)sigaddset(out, SIGINT);
	(void)sigaddset(out, SIGTERM);
	(void)sigaddset(out, SIGHUP);
	(void)sigaddset(out, SIGQUIT);
}

int run_hold_signals(struct err *err)
{
	sigset_t set;

	own_signals(&set);
	return sigprocmask(SIG_BLOCK, &set, NULL) < 0
		       ? err_sys(err, errno, "block signals")
		       : 0;
}

int run_pending_signal(void)
{
	static const int mine[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t set;

	if (sigpending(&set) < 0)
		return 0;
	for (size_t i = 0; i < sizeof(mine) / sizeof(*mine); i++)
		if (sigismember(&set, mine[i]) > 0)
			return mine[i];
	return 0;
}

/* ---- prepare ---- */

/* @lock: until the box says that it has the image, nobody removes it. */
static int find_image(struct run *run, int argc, char *const *argv, int *lock,
		      struct err *err)
{
	int r;

	run->argc = argc;
	run->argv = argv;
	if (run->options->rootfs)
		return 0;
	if (argc < 1) {
		(void)err_set(err, CNI_E_FIELD, "there is no IMAGE");
		return err_hint(err, "name one of runtime-glue images, or a "
				     "directory with --rootfs");
	}
	run->argc--;
	run->argv++;
	r = image_store_open(run->tool->root, &run->store, err);
	if (r < 0)
		return r;
	*lock = image_lock(&run->store, false, err);
	if (*lock < 0)
		return *lock;
	r = image_find(&run->store, argv[0], &run->image, err);
	run->has_image = r == 0;
	return r;
}

static const struct json_object *exposed(const struct run *run)
{
	struct json_object *config = NULL, *ports = NULL;

	if (run->has_image &&
	    json_object_object_get_ex(run->image.config, "config", &config))
		(void)json_object_object_get_ex(config, "ExposedPorts", &ports);
	return ports;
}

static int write_cidfile(struct run *run, struct err *err)
{
	const char *path = run->options->cidfile;
	auto_fd int fd = -1;
	int r;

	if (!path)
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 && errno == EEXIST)
		(void)err_hint(err, "another container may be using it; "
				    "remove it first");
	if (fd < 0)
		return err_sys(err, errno, "--cidfile: make \"%s\"", path);
	run->cidfile = path;
	r = io_write_all(fd, run->box.id, strlen(run->box.id));
	return r < 0 ? err_sys(err, -r, "--cidfile: write \"%s\"", path) : 0;
}

static int record(struct run *run, struct err *err)
{
	const struct run_options *options = run->options;
	struct box *box = &run->box;
	struct json_object *away = json_object_new_boolean(options->remove);
	const char *image = run->has_image ? run->image.name : options->rootfs;
	int r = box_set(box, "image", image, err);

	if (run->has_image)
		r = r ?: box_set(box, "imageId", run->image.id, err);
	if (json_object_object_add(box->record, "remove", away) < 0)
		return err_nomem(err);
	return r ?: run_keep_files(box, &options->net, err);
}

int run_prepare(struct run *run, int argc, char *const *argv, struct err *err)
{
	auto_fd int lock = -1;
	int r = bundle_check(run->tool, run->options, err);

	r = r ?: find_image(run, argc, argv, &lock, err);
	r = r ?: box_new(run->tool, run->options->name, &run->box, err);
	r = r ?: write_cidfile(run, err);
	r = r ?: record(run, err);
	r = r
		    ?: netplan_make(run->tool, &run->options->net, exposed(run),
				    &run->box, err);
	return r ?: box_save(&run->box, err);
}

/* ---- write, serve ---- */

static int write_config(const struct run *run, struct err *err)
{
	auto_strbuf struct strbuf path = { .len = 0 };
	const char *text = json_object_to_json_string_ext(
		run->config,
		JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
	auto_fd int fd = -1;
	int r;

	strbuf_printf(&path, "%s/config.json", run->box.path);
	if (path.failed || !text)
		return err_nomem(err);
	fd = open(path.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, errno, "write \"%s\"", path.data);
	r = io_write_all(fd, text, strlen(text));
	return r < 0 ? err_sys(err, -r, "write \"%s\"", path.data) : 0;
}

int run_write(struct run *run, struct err *err)
{
	return run->config ? write_config(run, err) : 0;
}

/* Without -i nobody's words are for it. */
static int close_input(struct err *err)
{
	auto_fd int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd < 0 ||
	    dup3(fd, STDIN_FILENO, 0) < 0) /* banned.sh: to be inherited */
		return err_sys(err, errno, "open /dev/null as stdin");
	return 0;
}

/* The engine's words for a command that cannot be executed. */
static int failure_of(const struct err *err)
{
	if (!strstr(err->msg, "exec: \"") && !strstr(err->msg, "exec /"))
		return RUN_FAILED;
	return err->errnum == ENOENT ? RUN_NOT_FOUND : RUN_NO_EXEC;
}

int run_serve(struct run *run, bool input, int *code, struct err *err)
{
	auto_free char *root = NULL;
	const struct run_how how = { .subreaper = true };
	struct runtime engine;
	const struct create_options create = {
		.id = run->box.id,
		.bundle = run->box.path,
		.pid_file = run->options ? run->options->pid_file : NULL,
	};
	int r = box_engine(run->tool, &root, &engine, err);

	if (r == 0 && !input)
		r = close_input(err);
	if (r < 0)
		return r;
	r = container_run(&engine, &create, how, code, err);
	if (r < 0)
		run->failure = failure_of(err);
	return r ?: box_set_int(&run->box, "exitCode", *code, err);
}
