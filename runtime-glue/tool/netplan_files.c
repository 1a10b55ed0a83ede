/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hosts, hostname and resolv.conf, in the box's directory. */
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "common/base/io.h"
#include "common/base/log.h"
#include "runtime-glue/tool/netjson.h"
#include "runtime-glue/tool/netplan_parts.h"

#define FILE_MAX  (256U << 10)
#define SHORT_ID  12
#define NAME_MAX_ 253 /* of a host (RFC 1035) */

/* systemd-resolved's list of the servers that it asks itself. */
#define RESOLVED "/run/systemd/resolve/resolv.conf"

/* ---- Checks ---- */

/* It becomes a word of a file: it must be one, and one line. */
static int check_word(const char *option, const char *text, struct err *err)
{
	for (const char *at = text; *at; at++)
		if ((unsigned char)*at <= ' ' || *at == 0x7f || *at == '#')
			return err_set(err, CNI_E_FIELD,
				       "--%s: has white space, \"#\" or a "
				       "control character in it",
				       option);
	if (!*text || strlen(text) > NAME_MAX_)
		return err_set(err, CNI_E_FIELD,
			       "--%s: empty, or longer than %d", option,
			       NAME_MAX_);
	return 0;
}

static int check_words(const char *option, const struct spec_strings *words,
		       struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < words->count; i++)
		r = check_word(option, words->at[i], err);
	return r;
}

/* "NAME:IP" or "NAME=IP": where the address begins. */
static const char *host_address(const char *text)
{
	const size_t len = strcspn(text, ":=");

	return text[len] && len > 0 ? text + len + 1 : NULL;
}

static int check_host(const char *text, struct err *err)
{
	const char *address = host_address(text);
	struct ip ip;

	if (address && (strcmp(address, "host-gateway") == 0 ||
			ip_parse(address, &ip) == 0))
		return check_word("add-host", text, err);
	return err_set(err, CNI_E_FIELD,
		       "--add-host %s: not NAME:ADDRESS, where an address may "
		       "be \"host-gateway\"",
		       text);
}

int netplan_check_files(const struct net_options *o, struct err *err)
{
	struct ip ip;
	int r = 0;

	for (size_t i = 0; i < o->dns.count; i++)
		if (ip_parse(o->dns.at[i], &ip) < 0)
			return err_set(err, CNI_E_FIELD,
				       "--dns %s: not an IP address",
				       o->dns.at[i]);
	for (size_t i = 0; r == 0 && i < o->add_host.count; i++)
		r = check_host(o->add_host.at[i], err);
	r = r ?: check_words("dns-search", &o->dns_search, err);
	r = r ?: check_words("dns-option", &o->dns_option, err);
	if (r == 0 && o->hostname)
		r = check_word("hostname", o->hostname, err);
	if (r == 0 && o->domainname)
		r = check_word("domainname", o->domainname, err);
	return r;
}

/* ---- Reading and writing ---- */

/* "" if there is none: a host may do without. */
static int read_file(const char *path, struct strbuf *out, struct err *err)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r;

	if (fd < 0 && errno == ENOENT)
		return 0;
	r = fd < 0 ? -errno : io_read_all(fd, FILE_MAX, out);
	return r < 0 ? err_sys(err, -r, "read \"%s\"", path) : 0;
}

/* In place, since the container may have it mounted. */
static int write_file(const struct box *box, const char *name,
		      const struct strbuf *text, struct err *err)
{
	char path[PATH_MAX];
	auto_fd int fd = -1;
	int r;

	(void)snprintf(path, sizeof(path), "%s/%s", box->path, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		  0644);
	if (fd < 0)
		return err_sys(err, errno, "make \"%s\"", path);
	r = text->failed ? -ENOMEM
			 : io_write_all(fd, strbuf_str(text), text->len);
	if (r == 0 && fchmod(fd, 0644) < 0)
		r = -errno;
	return r < 0 ? err_sys(err, -r, "write \"%s\"", path) : 0;
}

/* ---- Each ---- */

static const char *mode_of(const struct box *box)
{
	return netjson_string(box->record, "mode");
}

static void find_name(const struct net_options *o, const struct box *box,
		      char name[static NAME_MAX_ + 1])
{
	if (o->hostname && *o->hostname)
		(void)snprintf(name, NAME_MAX_ + 1, "%s", o->hostname);
	else if (strcmp(mode_of(box), "host") != 0 ||
		 gethostname(name, NAME_MAX_) < 0)
		(void)snprintf(name, NAME_MAX_ + 1, "%.*s", SHORT_ID, box->id);
}

/* Call for each address of the container: "ips" of the networks' results. */
static void put_addresses(const struct box *box, const char *names,
			  struct strbuf *out)
{
	struct json_object *networks = netjson_array(box->record, "networks");

	for (size_t i = 0; i < netjson_len(networks); i++) {
		struct json_object *ips = netjson_array(
			netjson_object(netjson_at(networks, i), "result"),
			"ips");

		for (size_t j = 0; j < netjson_len(ips); j++) {
			struct cidr cidr;
			char text[IP_TEXT];

			if (cidr_parse(netjson_string(netjson_at(ips, j),
						      "address"),
				       &cidr) == 0)
				strbuf_printf(out, "%s\t%s\n",
					      ip_format(&cidr.ip, text), names);
		}
	}
}

/* This host's address on the container's first network. */
static const char *host_gateway(const struct box *box)
{
	struct json_object *networks = netjson_array(box->record, "networks");
	struct json_object *ips = netjson_array(
		netjson_object(netjson_at(networks, 0), "result"), "ips");

	if (netjson_len(networks) == 0 || netjson_len(ips) == 0)
		return strcmp(mode_of(box), "host") == 0 ? "127.0.0.1" : "";
	return netjson_string(netjson_at(ips, 0), "gateway");
}

static int put_added(const struct net_options *o, const struct box *box,
		     struct strbuf *out, struct err *err)
{
	for (size_t i = 0; i < o->add_host.count; i++) {
		const char *text = o->add_host.at[i];
		const char *address = host_address(text);

		if (!address)
			continue;
		if (strcmp(address, "host-gateway") == 0)
			address = host_gateway(box);
		if (!*address)
			return err_set(err, CNI_E_FIELD,
				       "--add-host %s: the container's network "
				       "has no gateway",
				       text);
		strbuf_printf(out, "%s\t%.*s\n", address,
			      (int)strcspn(text, ":="), text);
	}
	return 0;
}

static int make_hosts(const struct net_options *o, const struct box *box,
		      const char *name, struct err *err)
{
	auto_strbuf struct strbuf text = { .len = 0 };
	auto_strbuf struct strbuf names = { .len = 0 };
	int r = 0;

	if (strcmp(mode_of(box), "host") == 0) {
		r = read_file("/etc/hosts", &text, err);
		if (text.len > 0 && text.data[text.len - 1] != '\n')
			strbuf_putc(&text, '\n');
	} else {
		strbuf_puts(&text, "127.0.0.1\tlocalhost\n"
				   "::1\tlocalhost ip6-localhost ip6-loopback\n"
				   "fe00::0\tip6-localnet\n"
				   "ff02::1\tip6-allnodes\n"
				   "ff02::2\tip6-allrouters\n");
	}
	if (o->domainname)
		strbuf_printf(&names, "%s.%s ", name, o->domainname);
	strbuf_puts(&names, name);
	r = r ?: put_added(o, box, &text, err);
	put_addresses(box, strbuf_str(&names), &text);
	return r ?: write_file(box, "hosts", &text, err);
}

static int make_hostname(const struct box *box, const char *name,
			 struct err *err)
{
	auto_strbuf struct strbuf text = { .len = 0 };

	strbuf_printf(&text, "%s\n", name);
	return write_file(box, "hostname", &text, err);
}

/*
 * With systemd-resolved the host's file names a resolver at 127.0.0.53; its
 * other file has the real ones.
 */
static int read_host_resolv(struct strbuf *out, struct err *err)
{
	auto_strbuf struct strbuf real = { .len = 0 };
	int r = read_file("/etc/resolv.conf", out, err);

	if (r < 0 || !strstr(strbuf_str(out), "127.0.0.53"))
		return r;
	r = read_file(RESOLVED, &real, err);
	if (r == 0 && real.len > 0) {
		strbuf_free(out);
		*out = (struct strbuf){ .len = 0 };
		strbuf_add(out, real.data, real.len);
	}
	return r;
}

static int make_resolv(const struct net_options *o, const struct box *box,
		       struct err *err)
{
	auto_strbuf struct strbuf host = { .len = 0 };
	auto_strbuf struct strbuf text = { .len = 0 };
	const bool plain = strcmp(mode_of(box), "host") == 0 && !o->dns.count &&
			   !o->dns_search.count && !o->dns_option.count;
	bool fallback = false;
	int r = plain ? read_file("/etc/resolv.conf", &text, err)
		      : read_host_resolv(&host, err);

	if (r == 0 && !plain)
		r = netplan_resolv(strbuf_str(&host), o, &text, &fallback, err);
	if (r == 0 && fallback && strcmp(mode_of(box), "none") != 0)
		log_warn("the host's /etc/resolv.conf has no nameserver that a "
			 "container can reach: public ones (8.8.8.8, 8.8.4.4) "
			 "are used; choose others with --dns");
	return r ?: write_file(box, "resolv.conf", &text, err);
}

/* Who is in another's namespace has its addresses, and so its files. */
static int copy_files(const struct tool *tool, const struct box *box,
		      const char *reference, struct err *err)
{
	static const char *const names[] = { "hosts", "hostname",
					     "resolv.conf" };
	auto_box struct box other = BOX_NONE;
	int r = box_open(tool, reference, false, &other, err);

	for (size_t i = 0; r == 0 && i < 3; i++) {
		auto_strbuf struct strbuf text = { .len = 0 };
		char path[PATH_MAX];

		(void)snprintf(path, sizeof(path), "%s/%s", other.path,
			       names[i]);
		r = read_file(path, &text, err);
		r = r ?: write_file(box, names[i], &text, err);
	}
	return r;
}

int netplan_files(const struct tool *tool, const struct net_options *options,
		  const struct box *box, struct err *err)
{
	static const char container[] = "container:";
	char name[NAME_MAX_ + 1] = "";
	int r;

	if (strncmp(mode_of(box), container, strlen(container)) == 0)
		return copy_files(tool, box, mode_of(box) + strlen(container),
				  err);
	find_name(options, box, name);
	r = make_hosts(options, box, name, err);
	r = r ?: make_hostname(box, name, err);
	return r ?: make_resolv(options, box, err);
}
