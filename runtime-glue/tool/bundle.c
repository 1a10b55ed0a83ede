/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration is made as JSON, part by part; each part takes some of the
 * options, checks them and puts down what they come to. What needs neither box
 * nor image comes first, and is all that bundle_check() does.
 */
#include "runtime-glue/tool/bundle.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "runtime-glue/tool/bundle_parts.h"

static const char skeleton[] =
	"{\"ociVersion\":\"" OCI_VERSION "\",\"process\":{},\"root\":{},"
	"\"mounts\":[],\"linux\":{\"resources\":{},\"namespaces\":[]}}";

static void bundle_close(struct bundle *b)
{
	json_object_put(b->spec);
	arena_free(&b->arena);
	if (b->root >= 0)
		(void)close(b->root);
}

static int begin(struct bundle *b, struct err *err)
{
	int r = bundle_json(skeleton, &b->spec, err);

	r = r ?: bundle_object(b->spec, "process", &b->process, err);
	r = r ?: bundle_object(b->spec, "linux", &b->linux_, err);
	r = r ?: bundle_object(b->linux_, "resources", &b->resources, err);
	r = r ?: bundle_array(b->spec, "mounts", &b->mounts, err);
	if (r == 0 && b->options->tty)
		r = bundle_put_true(b->process, "terminal", err);
	return r;
}

static int from_options(struct bundle *b, struct err *err)
{
	int r = bundle_caps(b, err);

	r = r ?: bundle_security(b, err);
	r = r ?: bundle_devices(b, err);
	r = r ?: bundle_cpu(b, err);
	r = r ?: bundle_memory(b, err);
	r = r ?: bundle_block_io(b, err);
	return r ?: bundle_limits(b, err);
}

int bundle_check(const struct tool *tool, const struct run_options *options,
		 struct err *err)
{
	AUTO(bundle_close)
	struct bundle b = { .tool = tool, .options = options, .root = -1 };
	int r = begin(&b, err);

	r = r ?: from_options(&b, err);
	r = r ?: bundle_fs(&b, err);
	return r ?: bundle_labels(&b, err);
}

static int put_root(struct bundle *b, struct err *err)
{
	const char *dir = b->options->rootfs;
	auto_free char *path = NULL;
	struct json_object *root;
	int r;

	if (b->image || !dir)
		dir = "merged"; /* of the bundle, which the box is */
	else {
		path = realpath(dir, NULL);
		if (!path)
			return err_sys(err, errno, "--rootfs: \"%s\"", dir);
		dir = path;
	}
	r = bundle_object(b->spec, "root", &root, err);
	r = r ?: bundle_put_text(root, "path", dir, err);
	if (r == 0 && b->options->read_only)
		r = bundle_put_true(root, "readonly", err);
	return r;
}

static int open_root(struct bundle *b, struct err *err)
{
	auto_strbuf struct strbuf path = { .len = 0 };
	const char *dir = b->options->rootfs;

	if (b->image || !dir) {
		strbuf_printf(&path, "%s/merged", b->box->path);
		dir = strbuf_str(&path);
	}
	if (path.failed)
		return err_nomem(err);
	b->root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return b->root < 0 ? err_sys(err, errno, "open \"%s\"", dir) : 0;
}

/* A component "..", which would lead out of where groups are made. */
static bool climbs(const char *path)
{
	for (;;) {
		size_t len = strcspn(path, "/");

		if (len == 2 && bundle_starts(path, ".."))
			return true;
		if (!path[len])
			return false;
		path += len + 1;
	}
}

static int put_cgroup(struct bundle *b, struct err *err)
{
	const char *parent = b->options->cgroup_parent;
	auto_strbuf struct strbuf path = { .len = 0 };
	size_t len;
	int r;

	if (!parent || !*parent)
		parent = b->tool->cgroup_parent;
	if (climbs(parent))
		return err_set(err, CNI_E_FIELD,
			       "--cgroup-parent: \"%s\" has \"..\" in it",
			       parent);
	parent += strspn(parent, "/");
	for (len = strlen(parent); len > 0 && parent[len - 1] == '/';)
		len--;
	strbuf_printf(&path, "%s%.*s/%s", len > 0 ? "/" : "", (int)len, parent,
		      b->box->id);
	if (path.failed)
		return err_nomem(err);
	r = bundle_put_text(b->linux_, "cgroupsPath", path.data, err);
	return r ?: bundle_put_text(b->box->record, "cgroup", path.data, err);
}

int bundle_make(const struct tool *tool, const struct run_options *options,
		const struct image *image, struct box *box, int argc,
		char *const *argv, struct json_object **out, struct err *err)
{
	AUTO(bundle_close)
	struct bundle b = { .tool = tool,
			    .options = options,
			    .image = image ? image->config : NULL,
			    .box = box,
			    .argc = argc,
			    .argv = argv,
			    .root = -1 };
	int r = begin(&b, err);

	r = r ?: from_options(&b, err);
	r = r ?: put_root(&b, err);
	r = r ?: put_cgroup(&b, err);
	r = r ?: bundle_args(&b, err);
	r = r ?: open_root(&b, err);
	r = r ?: bundle_user(&b, err);
	r = r ?: bundle_env(&b, err);
	r = r ?: bundle_labels(&b, err);
	r = r ?: bundle_caps_put(&b, err);
	r = r ?: bundle_security_put(&b, err);
	r = r ?: bundle_fs(&b, err);
	r = r ?: bundle_cwd(&b, err);
	if (r == 0 && options->init)
		r = bundle_init(&b, err);
	if (r == 0)
		*out = take_ptr(b.spec);
	return r;
}
