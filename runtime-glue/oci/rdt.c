/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/oci/rdt.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "common/base/io.h"
#include "common/base/strbuf.h"
#include "common/base/text.h"
#include "common/base/trace.h"

#define RESCTRL "/sys/fs/resctrl"

int rdt_check(const struct spec *spec, struct err *err)
{
	struct statfs fs;

	if (!spec->linux_.intel_rdt.set)
		return 0;
	if (statfs(RESCTRL, &fs) < 0 || fs.f_type != RDTGROUP_SUPER_MAGIC)
		return err_set(err, CNI_E_CONFIG,
			       "linux.intelRdt: no resctrl file system is "
			       "mounted at " RESCTRL);
	return 0;
}

static const char *group_of(const struct spec *spec, const char *id)
{
	return spec->linux_.intel_rdt.clos_id ?: id;
}

static int write_group(const char *group, const char *file, const char *text,
		       struct err *err)
{
	uint64_t start = trace_start();
	auto_strbuf struct strbuf path = { .len = 0 };
	auto_fd int fd = -1;
	int r;

	strbuf_printf(&path, RESCTRL "/%s/%s", group, file);
	if (path.failed)
		return err_nomem(err);
	fd = open(path.data, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "linux.intelRdt: open %s",
			       path.data);
	r = io_write_all(fd, text, strlen(text));
	trace_end(start, r, "file", "write %s", path.data);
	return r < 0 ? err_sys(err, -r, "linux.intelRdt: write \"%s\" to %s",
			       text, path.data)
		     : 0;
}

static int write_schema(const char *group, const char *schema, struct err *err)
{
	auto_strbuf struct strbuf line = { .len = 0 };

	if (!schema)
		return 0;
	strbuf_printf(&line, "%s\n", schema);
	return line.failed ? err_nomem(err)
			   : write_group(group, "schemata", line.data, err);
}

int rdt_make(const struct spec *spec, struct state *state, struct err *err)
{
	const struct spec_intel_rdt *rdt = &spec->linux_.intel_rdt;
	const char *group = group_of(spec, state->id);
	auto_strbuf struct strbuf path = { .len = 0 };
	int r;

	if (!rdt->set)
		return 0;
	strbuf_printf(&path, RESCTRL "/%s", group);
	if (path.failed)
		return err_nomem(err);
	if (mkdir(path.data, 0755) < 0) {
		if (errno != EEXIST || !rdt->clos_id)
			return err_sys(err, errno, "linux.intelRdt: make %s",
				       path.data);
	} else if (!rdt->clos_id) {
		state->intel_rdt = true;
	}
	r = write_schema(group, rdt->l3_cache_schema, err);
	r = r ?: write_schema(group, rdt->mem_bw_schema, err);
	for (size_t i = 0; r == 0 && i < rdt->schemata.count; i++)
		r = write_schema(group, rdt->schemata.at[i], err);
	return r;
}

int rdt_join(const struct spec *spec, const char *id, pid_t pid,
	     struct err *err)
{
	char text[TEXT_NUM];

	if (!spec->linux_.intel_rdt.set)
		return 0;
	(void)text_uint(text, (uint64_t)pid);
	return write_group(group_of(spec, id), "tasks", text, err);
}
