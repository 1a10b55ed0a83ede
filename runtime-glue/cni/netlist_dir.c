/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The folder of networks. First *.conflist, then *.conf and *.json together,
 * each by the bytes of their names; of two files with one network the first
 * counts. A file that cannot be read hides nobody else's network: it is a
 * warning, or part of the error if the network is not found.
 */
#include <dirent.h>
#include <string.h>

#include "common/base/io.h"
#include "common/base/log.h"
#include "runtime-glue/cni/netlist_parts.h"

/* Names of files, sorted; of scandir(3). */
struct names {
	struct dirent **at;
	int count;
};

static void names_free(struct names *names)
{
	for (int i = 0; i < names->count; i++)
		free(names->at[i]);
	free(names->at);
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t len = strlen(name);
	size_t end = strlen(suffix);

	return len > end && strcmp(name + len - end, suffix) == 0;
}

static int is_list(const struct dirent *entry)
{
	return has_suffix(entry->d_name, ".conflist");
}

static int is_single(const struct dirent *entry)
{
	return has_suffix(entry->d_name, ".conf") ||
	       has_suffix(entry->d_name, ".json");
}

static int is_plugin(const struct dirent *entry)
{
	return has_suffix(entry->d_name, ".conf");
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* A folder that is not there has no files. */
static int list_names(const char *dir, int (*filter)(const struct dirent *),
		      struct names *out, struct err *err)
{
	int n = scandir(dir, &out->at, filter, by_bytes);

	if (n < 0 && errno != ENOENT)
		return err_sys(err, errno, "list the networks in \"%s\"", dir);
	out->count = n < 0 ? 0 : n;
	return 0;
}

/* *@regular: false is no error, folders and the like are not looked into. */
static int read_file(const char *path, struct strbuf *out, bool *regular,
		     struct err *err)
{
	auto_fd int fd =
		open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int r;

	*regular = false;
	if (fd < 0)
		return err_sys(err, errno, "open \"%s\"", path);
	if (io_fstat(fd, &st) < 0)
		return err_sys(err, errno, "look at \"%s\"", path);
	if (!S_ISREG(st.st_mode))
		return 0;
	*regular = true;
	r = io_read_all(fd, JSON_MAX_BYTES, out);
	return r < 0 ? err_sys(err, -r, "read \"%s\"", path) : 0;
}

static int join(const char *dir, const char *name, char **out, struct err *err)
{
	*out = NULL;
	return asprintf(out, "%s/%s", dir, name) < 0 ? err_nomem(err) : 0;
}

static int read_plugin(const char *path, struct netlist_draft *draft,
		       struct err *err)
{
	auto_strbuf struct strbuf text = { .len = 0 };
	auto_json struct json_object *plugin = NULL;
	bool regular;
	int r;

	r = read_file(path, &text, &regular, err);
	if (r < 0 || !regular)
		return r;
	r = json_parse(strbuf_str(&text), text.len, path, &plugin, err);
	if (r < 0)
		return r;
	r = netlist_draft_append(draft, plugin, err);
	return r < 0 ? err_in(err, "%s", path) : 0;
}

int netlist_read_folder(const char *dir, struct netlist_draft *draft,
			struct err *err)
{
	AUTO(names_free) struct names names = { .count = 0 };
	auto_free char *folder = NULL;
	int r;

	r = join(dir, draft->list.name, &folder, err);
	r = r ?: list_names(folder, is_plugin, &names, err);
	for (int i = 0; r == 0 && i < names.count; i++) {
		auto_free char *path = NULL;

		r = join(folder, names.at[i]->d_name, &path, err);
		r = r ?: read_plugin(path, draft, err);
	}
	return r;
}

/* What is done with each file, in order. *@stop ends it. */
struct walk {
	const char *dir;
	int (*visit)(struct walk *walk, struct netlist_draft *draft, bool *stop,
		     struct err *err);
	const char *name;     /* that is looked for */
	struct netlist *out;  /* it, or all */
	size_t count;         /* of all */
	struct strbuf others; /* names of networks */
	struct strbuf unread; /* why files were left out */
};

static void walk_free(struct walk *walk)
{
	strbuf_free(&walk->others);
	strbuf_free(&walk->unread);
}

static int walk_file(struct walk *walk, const char *path, bool *stop,
		     struct err *err)
{
	auto_strbuf struct strbuf text = { .len = 0 };
	auto_draft struct netlist_draft draft = { .as_found = false };
	struct err why = { .code = CNI_OK };
	bool regular;
	int r;

	r = read_file(path, &text, &regular, &why);
	if (r == 0 && !regular)
		return 0;
	r = r
		    ?: netlist_draft_read(strbuf_str(&text), text.len, path,
					  &draft, &why);
	if (r == -ENOMEM)
		return err_take(err, &why);
	if (r < 0) {
		strbuf_printf(&walk->unread, "%s%s",
			      walk->unread.len ? "; " : "", why.msg);
		return 0;
	}
	draft.list.path = strdup(path);
	if (!draft.list.path)
		return err_nomem(err);
	return walk->visit(walk, &draft, stop, err);
}

static int walk_dir(struct walk *walk, struct err *err)
{
	static int (*const kinds[])(const struct dirent *) = { is_list,
							       is_single };
	bool stop = false;
	int r = 0;

	for (size_t kind = 0; r == 0 && !stop && kind < 2; kind++) {
		AUTO(names_free) struct names names = { .count = 0 };

		r = list_names(walk->dir, kinds[kind], &names, err);
		for (int i = 0; r == 0 && !stop && i < names.count; i++) {
			auto_free char *path = NULL;

			r = join(walk->dir, names.at[i]->d_name, &path, err);
			r = r ?: walk_file(walk, path, &stop, err);
		}
	}
	return r;
}

static int visit_find(struct walk *walk, struct netlist_draft *draft,
		      bool *stop, struct err *err)
{
	int r;

	if (strcmp(draft->list.name, walk->name) != 0) {
		strbuf_printf(&walk->others, "%s%s",
			      walk->others.len ? ", " : "", draft->list.name);
		return 0;
	}
	*stop = true;
	r = netlist_complete(draft, walk->dir, walk->out, err);
	return r < 0 ? err_in(err, "%s", draft->list.path) : 0;
}

static int not_found(const struct walk *walk, struct err *err)
{
	(void)err_set(err, CNI_E_CONFIG,
		      "no network configuration with name \"%s\" in \"%s\"",
		      walk->name, walk->dir);
	if (walk->others.len)
		(void)err_hint(err, "there are: %s", strbuf_str(&walk->others));
	else
		(void)err_hint(err, "there is none at all: make one with "
				    "`runtime-glue network create`, or name "
				    "another folder with --conf-dir");
	if (walk->unread.len)
		(void)err_hint(err, "left out: %s", strbuf_str(&walk->unread));
	err->errnum = ENOENT;
	return -ENOENT;
}

int netlist_find(const char *dir, const char *name, struct netlist *out,
		 struct err *err)
{
	AUTO(walk_free)
	struct walk walk = {
		.dir = dir, .visit = visit_find, .name = name, .out = out
	};
	int r;

	*out = NETLIST_NONE;
	r = walk_dir(&walk, err);
	if (r == 0 && !out->name)
		return not_found(&walk, err);
	if (r == 0 && walk.unread.len)
		log_warn("left out: %s", strbuf_str(&walk.unread));
	return r;
}

static int visit_all(struct walk *walk, struct netlist_draft *draft, bool *stop,
		     struct err *err)
{
	struct err why = { .code = CNI_OK };
	struct netlist *more;

	(void)stop;
	for (size_t i = 0; i < walk->count; i++)
		if (strcmp(walk->out[i].name, draft->list.name) == 0) {
			log_warn("%s: network \"%s\" is that of %s",
				 draft->list.path, draft->list.name,
				 walk->out[i].path);
			return 0;
		}
	more = reallocarray(walk->out, walk->count + 1, sizeof(*more));
	if (!more)
		return err_nomem(err);
	walk->out = more;
	if (netlist_complete(draft, walk->dir, &more[walk->count], &why) == 0)
		walk->count++;
	else
		log_warn("%s: %s", draft->list.path, why.msg);
	return 0;
}

int netlist_all(const char *dir, struct netlist **out, size_t *count,
		struct err *err)
{
	AUTO(walk_free) struct walk walk = { .dir = dir, .visit = visit_all };
	int r = walk_dir(&walk, err);

	*out = NULL;
	*count = 0;
	if (r < 0) {
		netlists_free(walk.out, walk.count);
		return r;
	}
	if (walk.unread.len)
		log_warn("left out: %s", strbuf_str(&walk.unread));
	*out = walk.out;
	*count = walk.count;
	return 0;
}
