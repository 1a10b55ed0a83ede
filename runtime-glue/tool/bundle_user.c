/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/io.h"
#include "runtime-glue/rootfs/inroot.h"
#include "runtime-glue/tool/bundle_parts.h"

#define FILE_MAX_BYTES (4U << 20)
#define ID_MAX         4294967294U /* the last one, -1, means none */
#define GROUPS_MAX     65536       /* the kernel's NGROUPS_MAX */

/* passwd: name:password:uid:gid:comment:home:shell; group: up to members. */
enum { NAME = 0, ID = 2, GROUP = 3, MEMBERS = 3, HOME = 5, PARTS = 7 };

struct line {
	size_t parts;
	struct part {
		const char *at;
		size_t len;
	} part[PARTS];
};

struct text {
	const char *at, *end;
};

struct lookup {
	struct strbuf passwd, group;
	struct arena *arena;
	struct bundle_ids *out;
	struct part name; /* in passwd, to look for in group */
};

static void lookup_close(struct lookup *lookup)
{
	strbuf_free(&lookup->passwd);
	strbuf_free(&lookup->group);
}

/*
 * A file that is not there is empty. Looked at before it is opened: opening a
 * FIFO or a device that an image has there would do something.
 */
static int read_file(int root, const char *path, struct strbuf *out,
		     struct err *err)
{
	auto_fd int at = inroot_open(root, path, O_PATH, 0);
	auto_fd int fd = -1;
	char self[64];
	struct stat st;
	int r;

	if (at == -ENOENT || at == -ENOTDIR)
		return 0;
	if (at < 0)
		return err_sys(err, -at, "open /%s in the container", path);
	if (io_fstat(at, &st) < 0)
		return err_sys(err, errno, "stat /%s in the container", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, CNI_E_CONFIG,
			       "/%s in the container is no regular file", path);
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", at);
	fd = open(self, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "open /%s in the container", path);
	r = io_read_all(fd, FILE_MAX_BYTES, out);
	if (r == -EFBIG)
		return err_set(err, CNI_E_CONFIG,
			       "/%s in the container is larger than %u bytes",
			       path, FILE_MAX_BYTES);
	return r < 0 ? err_sys(err, -r, "read /%s in the container", path) : 0;
}

static bool is_text(const struct part *part, const char *text, size_t len)
{
	return part->len == len && memcmp(part->at, text, len) == 0;
}

static bool read_id(const struct part *part, uint32_t *out)
{
	uint64_t value = 0;

	if (part->len == 0 || part->len > 10)
		return false;
	for (size_t i = 0; i < part->len; i++) {
		if (part->at[i] < '0' || part->at[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(part->at[i] - '0');
	}
	*out = (uint32_t)value;
	return value <= ID_MAX;
}

/* The next line with at least @least parts; false at the end. */
static bool next_line(struct text *text, size_t least, struct line *out)
{
	while (text->at < text->end) {
		const char *at = text->at;
		size_t left = (size_t)(text->end - at);
		const char *end = memchr(at, '\n', left) ?: text->end;

		text->at = end < text->end ? end + 1 : end;
		*out = (struct line){ .parts = 0 };
		if (memchr(at, '\0', (size_t)(end - at)))
			continue;
		while (at <= end && out->parts < PARTS) {
			const char *colon =
				memchr(at, ':', (size_t)(end - at)) ?: end;

			out->part[out->parts++] =
				(struct part){ .at = at,
					       .len = (size_t)(colon - at) };
			at = colon + 1;
		}
		if (out->parts >= least && out->part[NAME].len > 0)
			return true;
	}
	return false;
}

static struct text text_of(const struct strbuf *buf)
{
	return (struct text){ .at = strbuf_str(buf),
			      .end = strbuf_str(buf) + buf->len };
}

/* The first line whose name or number @wanted is. */
static bool find(const struct strbuf *file, size_t least,
		 const struct part *wanted, struct line *out)
{
	struct text text = text_of(file);
	uint32_t number = 0, id;
	bool numeric = read_id(wanted, &number);

	while (next_line(&text, least, out))
		if (read_id(&out->part[ID], &id) &&
		    (is_text(&out->part[NAME], wanted->at, wanted->len) ||
		     (numeric && id == number)))
			return true;
	return false;
}

static int unknown(const char *option, const char *file,
		   const struct part *part, struct err *err)
{
	(void)err_set(err, CNI_E_FIELD,
		      "%s: \"%.*s\" is not in the "
		      "container's %s",
		      option, (int)part->len, part->at, file);
	return err_hint(err, "use a name that is there, or a number");
}

static int find_user(struct lookup *lookup, const struct part *wanted,
		     struct err *err)
{
	struct bundle_ids *out = lookup->out;
	const struct part zero = { .at = "0", .len = 1 };
	struct line line;
	char *home;

	if (wanted->len == 0)
		wanted = &zero;
	if (find(&lookup->passwd, HOME + 1, wanted, &line) &&
	    read_id(&line.part[GROUP], &out->gid) &&
	    read_id(&line.part[ID], &out->uid)) {
		lookup->name = line.part[NAME];
		if (line.part[HOME].len == 0)
			return 0;
		home = arena_alloc(lookup->arena, line.part[HOME].len + 1);
		if (!home)
			return err_nomem(err);
		memcpy(home, line.part[HOME].at, line.part[HOME].len);
		out->home = home;
		return 0;
	}
	out->gid = 0;
	if (read_id(wanted, &out->uid))
		return 0;
	return unknown("--user", "/etc/passwd", wanted, err);
}

static int find_group(struct lookup *lookup, const char *option,
		      const struct part *wanted, gid_t *out, struct err *err)
{
	struct line line;

	if (find(&lookup->group, ID + 1, wanted, &line) &&
	    read_id(&line.part[ID], out))
		return 0;
	if (read_id(wanted, out))
		return 0;
	return unknown(option, "/etc/group", wanted, err);
}

static int add_group(struct bundle_ids *out, gid_t gid, struct err *err)
{
	if (json_object_array_length(out->groups) > 0 && gid == out->gid)
		return 0;
	if (json_object_array_length(out->groups) >= GROUPS_MAX)
		return err_set(err, CNI_E_CONFIG,
			       "the user is in more than %d groups of "
			       "/etc/group in the container",
			       GROUPS_MAX);
	return bundle_push(out->groups, json_object_new_int64(gid), err);
}

/* Whether @name is among "a,b,c". */
static bool is_member(const struct part *members, const struct part *name)
{
	const char *at = members->at, *end = at + members->len;

	while (at < end) {
		const char *comma = memchr(at, ',', (size_t)(end - at)) ?: end;
		const struct part one = { .at = at,
					  .len = (size_t)(comma - at) };

		if (is_text(&one, name->at, name->len))
			return true;
		at = comma + 1;
	}
	return false;
}

static int add_memberships(struct lookup *lookup, struct err *err)
{
	struct text text = text_of(&lookup->group);
	struct line line;
	gid_t gid;
	int r = 0;

	if (lookup->name.len == 0)
		return 0;
	while (r == 0 && next_line(&text, MEMBERS + 1, &line))
		if (read_id(&line.part[ID], &gid) &&
		    is_member(&line.part[MEMBERS], &lookup->name))
			r = add_group(lookup->out, gid, err);
	return r;
}

static int add_more(struct lookup *lookup, const struct spec_strings *add,
		    struct err *err)
{
	gid_t gid = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < add->count; i++) {
		const struct part group = { .at = add->at[i],
					    .len = strlen(add->at[i]) };

		r = find_group(lookup, "--group-add", &group, &gid, err);
		r = r ?: add_group(lookup->out, gid, err);
	}
	return r;
}

/*
 * The group itself is among the further ones, so that what its members are
 * denied, they are (CVE-2022-36109). With a group that is named, the user's
 * others are not wanted.
 */
int bundle_find_user(int root, const char *user, const struct spec_strings *add,
		     struct arena *arena, struct bundle_ids *out,
		     struct err *err)
{
	AUTO(lookup_close)
	struct lookup lookup = { .arena = arena, .out = out };
	const struct part name = { .at = user, .len = strcspn(user, ":") };
	const char *colon = user[name.len] ? user + name.len + 1 : "";
	const struct part group = { .at = colon, .len = strlen(colon) };
	int r;

	*out = (struct bundle_ids){ .home = "/",
				    .groups = json_object_new_array() };
	if (!out->groups)
		return err_nomem(err);
	r = read_file(root, "etc/passwd", &lookup.passwd, err);
	r = r ?: read_file(root, "etc/group", &lookup.group, err);
	r = r ?: find_user(&lookup, &name, err);
	if (r == 0 && group.len > 0)
		r = find_group(&lookup, "--user", &group, &out->gid, err);
	r = r ?: add_group(out, out->gid, err);
	if (group.len == 0)
		r = r ?: add_memberships(&lookup, err);
	return r ?: add_more(&lookup, add, err);
}

void bundle_ids_free(struct bundle_ids *ids)
{
	json_object_put(ids->groups);
}

int bundle_user(struct bundle *b, struct err *err)
{
	AUTO(bundle_ids_free) struct bundle_ids ids = { .home = NULL };
	const char *name = b->options->user;
	struct cfg root, config;
	struct json_object *user;
	int r = bundle_image_config(b, &root, &config, err);

	if (r == 0 && !name)
		r = cfg_string_or(&config, "User", "", &name, err);
	r = r
		    ?: bundle_find_user(b->root, name, &b->options->group_add,
					&b->arena, &ids, err);
	r = r ?: bundle_object(b->process, "user", &user, err);
	r = r ?: bundle_put_number(user, "uid", ids.uid, err);
	r = r ?: bundle_put_number(user, "gid", ids.gid, err);
	r = r ?: bundle_put(user, "additionalGids", take_ptr(ids.groups), err);
	b->uid = ids.uid;
	b->home = ids.home;
	return r;
}
