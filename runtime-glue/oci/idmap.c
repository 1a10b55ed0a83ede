/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mappings of user namespaces (user_namespaces(7)). With CAP_SETUID in the
 * parent namespace any can be written. Otherwise, the set-uid helpers of the
 * shadow suite write what /etc/subuid and /etc/subgid allow; without them there
 * can be one id, our own, and setgroups(2) has to be given up for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/spawn.h"
#include "common/base/strbuf.h"
#include "common/base/text.h"
#include "common/base/trace.h"
#include "runtime-glue/oci/ns.h"

static int write_proc(pid_t pid, const char *file, const char *text)
{
	uint64_t start = trace_start();
	auto_fd int fd = -1;
	char path[64];
	int r;

	text_format(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = io_write_all(fd, text, strlen(text));
	trace_end(start, r, "file", "write %s", path);
	return r;
}

static int map_text(const struct spec_id_maps *maps, struct strbuf *out,
		    struct err *err)
{
	for (size_t i = 0; i < maps->count; i++)
		strbuf_printf(out, "%u %u %u\n", maps->at[i].container,
			      maps->at[i].host, maps->at[i].size);
	return out->failed ? err_nomem(err) : 0;
}

#define NUMBERS_MAX 16

/* newuidmap PID CONTAINER HOST SIZE ... */
static int map_by_helper(const char *helper, pid_t pid,
			 const struct spec_id_maps *maps, struct err *err)
{
	size_t count = maps->count * 3;
	auto_free char(*number)[NUMBERS_MAX] = calloc(count + 1, NUMBERS_MAX);
	auto_free char **argv = calloc(count + 3, sizeof(*argv));
	auto_spawn_result struct spawn_result result = { .status = 0 };
	struct spawn spawn = { .path = helper, .argv = argv, .envp = environ };
	char name[NUMBERS_MAX];
	int r;

	if (!number || !argv)
		return err_nomem(err);
	text_format(name, sizeof(name), "%s", helper);
	text_format(number[0], NUMBERS_MAX, "%d", pid);
	for (size_t i = 0; i < count; i++) {
		const struct spec_id_map *map = &maps->at[i / 3];
		const uint32_t part[] = { map->container, map->host,
					  map->size };

		text_format(number[i + 1], NUMBERS_MAX, "%u", part[i % 3]);
	}
	argv[0] = name;
	for (size_t i = 0; i <= count; i++)
		argv[i + 1] = number[i];
	r = spawn_run(&spawn, &result, err);
	if (r == 0 && result.status != 0)
		r = err_set(err, CNI_E_IO, "%s: %s", helper,
			    strbuf_str(&result.err));
	return r;
}

/* One mapping, of size 1, to the id that we are. */
static bool is_ourselves(const struct spec_id_maps *maps, unsigned int id)
{
	return maps->count == 1 && maps->at[0].size == 1 &&
	       maps->at[0].host == id;
}

static int map_one(pid_t pid, const char *file, const char *helper,
		   const struct spec_id_maps *maps, struct err *err)
{
	auto_strbuf struct strbuf text = { .len = 0 };
	int r = map_text(maps, &text, err);

	if (r < 0)
		return r;
	r = write_proc(pid, file, strbuf_str(&text));
	if (r == -EPERM && geteuid() != 0)
		return map_by_helper(helper, pid, maps, err);
	return r < 0 ? err_sys(err, -r, "linux: write /proc/%d/%s", pid, file)
		     : 0;
}

int ns_map(pid_t pid, const struct spec_linux *spec, bool *setgroups,
	   struct err *err)
{
	int r;

	*setgroups = true;
	if (geteuid() != 0 && is_ourselves(&spec->gids, getegid())) {
		r = write_proc(pid, "setgroups", "deny");
		if (r < 0)
			return err_sys(err, -r, "write /proc/%d/setgroups",
				       pid);
		*setgroups = false;
	}
	r = map_one(pid, "uid_map", "newuidmap", &spec->uids, err);
	return r ?: map_one(pid, "gid_map", "newgidmap", &spec->gids, err);
}

bool ns_may_setgroups(int proc)
{
	char text[16] = "";
	auto_fd int fd = openat(proc, "self/setgroups", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	return n < 0 || strncmp(text, "deny", 4) != 0;
}
