/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/tool/network.h"

#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "common/base/hash.h"
#include "common/base/io.h"
#include "common/base/jsonw.h"
#include "common/net/link.h"

/* Words that mean something else at --network. */
static const char *const reserved[] = { "bridge",    "host", "none", "default",
					"container", "ns",   NULL };

int network_check_name(const char *name, struct err *err)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	for (size_t i = 0; reserved[i]; i++)
		if (strcmp(name, reserved[i]) == 0)
			return err_set(err, CNI_E_FIELD,
				       "network \"%s\": the word means "
				       "something else at --network",
				       name);
	if (!*name || strlen(name) > 64 || strspn(name, chars) < strlen(name) ||
	    strchr("_.-", *name))
		return err_set(
			err, CNI_E_FIELD,
			"network \"%.80s\": a name is a letter or digit, "
			"then letters, digits, \"_\", \".\" and \"-\", "
			"at most 64",
			name);
	return 0;
}

/* ---- The text ---- */

static void put_bool(struct jsonw *w, const char *key, bool value)
{
	/* jsonw has no booleans of its own: plugins write none. */
	strbuf_puts(w->out, w->started ? "," : "");
	strbuf_putc(w->out, '\n');
	for (unsigned int i = 0; i < w->depth; i++)
		strbuf_puts(w->out, "    ");
	strbuf_printf(w->out, "\"%s\": %s", key, value ? "true" : "false");
	w->started = true;
}

static void put_ranges(struct jsonw *w, const struct network_spec *spec)
{
	char text[CIDR_TEXT];

	jsonw_open(w, "ranges", '[');
	for (size_t i = 0; i < spec->count; i++) {
		jsonw_open(w, NULL, '[');
		jsonw_open(w, NULL, '{');
		jsonw_string(w, "subnet", cidr_format(&spec->subnets[i], text));
		jsonw_string_opt(w, "gateway",
				 ip_format(&spec->gateways[i], text));
		jsonw_close(w, '}');
		jsonw_close(w, ']');
	}
	jsonw_close(w, ']');
}

/* An internal network has no way out, so no default routes either. */
static void put_routes(struct jsonw *w, const struct network_spec *spec)
{
	bool has[2] = { false, false };

	if (spec->internal)
		return;
	for (size_t i = 0; i < spec->count; i++)
		has[spec->subnets[i].ip.family == IP_V6] = true;
	jsonw_open(w, "routes", '[');
	for (int v6 = 0; v6 < 2; v6++) {
		if (!has[v6])
			continue;
		jsonw_open(w, NULL, '{');
		jsonw_string(w, "dst", v6 ? "::/0" : "0.0.0.0/0");
		jsonw_close(w, '}');
	}
	jsonw_close(w, ']');
}

static void put_bridge(struct jsonw *w, const struct network_spec *spec)
{
	jsonw_open(w, NULL, '{');
	jsonw_string(w, "type", "bridge");
	jsonw_string(w, "bridge", spec->bridge);
	put_bool(w, "isGateway", true);
	if (!spec->internal)
		put_bool(w, "ipMasq", true);
	put_bool(w, "hairpinMode", true);
	if (spec->isolated)
		put_bool(w, "portIsolation", true);
	jsonw_int_opt(w, "mtu", spec->mtu);
	jsonw_open(w, "ipam", '{');
	jsonw_string(w, "type", "host-local");
	put_ranges(w, spec);
	put_routes(w, spec);
	jsonw_close(w, '}');
	jsonw_open(w, "capabilities", '{');
	put_bool(w, "ips", true);
	put_bool(w, "mac", true);
	jsonw_close(w, '}');
	jsonw_close(w, '}');
}

int network_text(const struct network_spec *spec, struct strbuf *out,
		 struct err *err)
{
	struct jsonw w = { .out = out };

	jsonw_open(&w, NULL, '{');
	jsonw_string(&w, "cniVersion", "1.1.0");
	jsonw_string(&w, "name", spec->name);
	jsonw_string(&w, "createdBy", NETWORK_CREATOR);
	jsonw_open(&w, "plugins", '[');
	put_bridge(&w, spec);
	jsonw_open(&w, NULL, '{');
	jsonw_string(&w, "type", "portmap");
	jsonw_open(&w, "capabilities", '{');
	put_bool(&w, "portMappings", true);
	jsonw_close(&w, '}');
	jsonw_close(&w, '}');
	jsonw_close(&w, ']');
	jsonw_close(&w, '}');
	strbuf_putc(out, '\n');
	return out->failed ? err_nomem(err) : 0;
}

/* ---- Making one ---- */

static int make_dirs(const char *path, struct err *err)
{
	auto_free char *copy = strdup(path);

	if (!copy)
		return err_nomem(err);
	for (char *at = copy + 1;; at++) {
		char was = *at;

		if (was != '/' && was != '\0')
			continue;
		*at = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return err_sys(err, errno, "make folder \"%s\"", copy);
		if (was == '\0')
			return 0;
		*at = was;
	}
}

int network_lock(const struct tool *tool, int *fd, struct err *err)
{
	int r = make_dirs(tool->conf_dir, err);

	if (r < 0)
		return r;
	*fd = open(tool->conf_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0)
		return err_sys(err, errno, "open \"%s\"", tool->conf_dir);
	while (flock(*fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return err_sys(err, errno, "lock \"%s\"",
				       tool->conf_dir);
	return 0;
}

/* The bridge is called as the network, unless that is taken or too long. */
static int choose_bridge(struct network_spec *spec, struct err *err)
{
	const char *parts[] = { "runtime-glue ", spec->name };
	auto_net struct net net = NET_CLOSED;
	struct link_info link;
	char hash[13];
	bool found = true;
	int r = net_open(&net, -1, err);

	if (r == 0 && strlen(spec->name) < sizeof(spec->bridge))
		r = link_find(&net, spec->name, &link, &found, err);
	hash_hex(parts, 2, hash, 12);
	if (found)
		(void)snprintf(spec->bridge, sizeof(spec->bridge), "br-%s",
			       hash);
	else
		(void)snprintf(spec->bridge, sizeof(spec->bridge), "%s",
			       spec->name);
	return r;
}

static int fill_subnets(const struct tool *tool, struct network_spec *spec,
			struct err *err)
{
	auto_network_taken struct network_taken taken = { .count = 0 };
	const bool want[] = { spec->want4, spec->want6 };
	bool has[2] = { false, false };
	char text[CIDR_TEXT];
	int r = network_taken_find(tool->conf_dir, &taken, err);

	for (size_t i = 0; r == 0 && i < spec->count; i++) {
		const char *by = network_taken_by(&taken, &spec->subnets[i]);

		has[spec->subnets[i].ip.family == IP_V6] = true;
		if (by)
			return err_set(err, CNI_E_CONFIG,
				       "--subnet %s: overlaps with %s",
				       cidr_format(&spec->subnets[i], text),
				       by);
	}
	for (int v6 = 0; r == 0 && v6 < 2; v6++)
		if (want[v6] && !has[v6] && spec->count < NETWORK_SUBNETS)
			r = network_choose(&taken, v6 ? IP_V6 : IP_V4,
					   &spec->subnets[spec->count++], err);
	return r;
}

/* Whole or not at all; @dir is locked. */
static int write_list(int dir, const char *name, const struct strbuf *text,
		      struct err *err)
{
	char new[96], file[96];
	auto_fd int fd = -1;
	int r;

	(void)snprintf(file, sizeof(file), "%s.conflist", name);
	(void)snprintf(new, sizeof(new), ".%s.conflist.new", name);
	if (faccessat(dir, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return err_sys(err, EEXIST, "write \"%s\"", file);
	(void)unlinkat(dir, new, 0);
	fd = openat(dir, new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(err, errno, "make \"%s\"", new);
	r = io_write_all(fd, text->data, text->len);
	if (r == 0 && (fsync(fd) < 0 || renameat(dir, new, dir, file) < 0))
		r = -errno;
	if (r == 0)
		return 0;
	(void)unlinkat(dir, new, 0);
	return err_sys(err, -r, "write \"%s\"", file);
}

/* -EEXIST if there is one of that name, whoever wrote it. */
static int check_free(const struct tool *tool, const char *name,
		      struct err *err)
{
	auto_netlist struct netlist list = NETLIST_NONE;
	struct err why = { .code = CNI_OK };
	int r = netlist_find(tool->conf_dir, name, &list, &why);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_take(err, &why);
	(void)err_sys(err, EEXIST,
		      "there is a network \"%s\" already, in \"%s\"", name,
		      list.path ?: tool->conf_dir);
	(void)err_hint(err,
		       "take another name, or see it: runtime-glue network "
		       "inspect %s",
		       name);
	return -EEXIST;
}

static int create_locked(const struct tool *tool, int dir,
			 struct network_spec *spec, struct err *err)
{
	auto_strbuf struct strbuf text = { .len = 0 };
	int r = check_free(tool, spec->name, err);

	r = r ?: fill_subnets(tool, spec, err);
	r = r ?: choose_bridge(spec, err);
	r = r ?: network_text(spec, &text, err);
	r = r ?: write_list(dir, spec->name, &text, err);
	if (r < 0)
		(void)err_in(err, "network create");
	return r;
}

int network_create(const struct tool *tool, struct network_spec *spec,
		   struct err *err)
{
	auto_fd int dir = -1;
	int r = network_check_name(spec->name, err);

	r = r ?: network_lock(tool, &dir, err);
	return r ?: create_locked(tool, dir, spec, err);
}

int network_default(const struct tool *tool, struct netlist *out,
		    struct err *err)
{
	struct network_spec spec = { .name = NETWORK_DEFAULT, .want4 = true };
	auto_fd int dir = -1;
	struct err why = { .code = CNI_OK };
	int r = netlist_find(tool->conf_dir, NETWORK_DEFAULT, out, &why);

	if (r != -ENOENT)
		return r < 0 ? err_take(err, &why) : 0;
	err_clear(&why);
	r = network_lock(tool, &dir, err);
	if (r < 0)
		return r;
	/* Somebody may have been faster. */
	r = netlist_find(tool->conf_dir, NETWORK_DEFAULT, out, &why);
	if (r != -ENOENT)
		return r < 0 ? err_take(err, &why) : 0;
	r = create_locked(tool, dir, &spec, err);
	return r ?: netlist_find(tool->conf_dir, NETWORK_DEFAULT, out, err);
}
