/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -p: its grammar, and free host ports. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime-glue/tool/netjson.h"
#include "runtime-glue/tool/netplan_parts.h"

static const char *const protocols[] = { "tcp", "udp", "sctp" };

static int bad(struct err *err, const char *text, const char *why)
{
	return err_set(err, CNI_E_FIELD, "-p %s: %s", text, why);
}

/* "80" or "80-90"; @zero: 0 is one, too. */
static int parse_range(const char *part, bool zero, uint16_t *first,
		       uint16_t *last)
{
	unsigned long value[2] = { 0, 0 };
	const char *at = part;
	int n = 0;

	for (;;) {
		size_t digits = strspn(at, "0123456789");

		if (digits == 0 || digits > 5)
			return -EINVAL;
		value[n] = strtoul(at, NULL, 10);
		at += digits;
		if (value[n] > 65535 || (value[n] == 0 && (!zero || n > 0)))
			return -EINVAL;
		if (*at != '-' || n > 0)
			break;
		n = 1;
		at++;
	}
	if (n == 0)
		value[1] = value[0];
	if (*at || value[1] < value[0])
		return -EINVAL;
	*first = (uint16_t)value[0];
	*last = (uint16_t)value[1];
	return value[0] == 0 && value[1] > 0 ? -EINVAL : 0;
}

static int parse_protocol(const char *text, char *slash,
			  struct port_spec_text *out, struct err *err)
{
	out->protocol = PORT_TCP;
	if (!slash)
		return 0;
	*slash = '\0';
	for (size_t i = 0; i < 3; i++)
		if (strcasecmp(slash + 1, protocols[i]) == 0) {
			out->protocol = (enum port_protocol)i;
			return 0;
		}
	return bad(err, text, "the protocol is none of tcp, udp and sctp");
}

/* "IP" or "[IPv6]". */
static int parse_ip(const char *text, char *part, struct port_spec_text *out,
		    struct err *err)
{
	const size_t len = strlen(part);

	if (len == 0)
		return 0;
	if (*part == '[') {
		if (part[len - 1] != ']')
			return bad(err, text, "a bracket is not closed");
		part[len - 1] = '\0';
		part++;
	} else if (strchr(part, ':')) {
		return bad(err, text,
			   "write an IPv6 address in brackets, as in "
			   "[::1]:8080:80");
	}
	if (ip_parse(part, &out->host_ip) < 0)
		return bad(err, text,
			   "the host's address is not an IP address");
	return 0;
}

/* The last ':' outside of brackets, cut there. */
static char *cut_last(char *text)
{
	char *colon = strrchr(text, ':');
	const char *bracket = strrchr(text, ']');

	if (!colon || (bracket && bracket > colon))
		return NULL;
	*colon = '\0';
	return colon + 1;
}

static int check_lengths(const char *text, const struct port_spec_text *out,
			 struct err *err)
{
	const int container = out->container_end - out->container;
	const int host = out->host_end - out->host;

	if (out->host == 0 || host == container || container == 0)
		return 0;
	return bad(err, text, "the two ranges are not of the same length");
}

int netplan_port_parse(const char *text, struct port_spec_text *out,
		       struct err *err)
{
	auto_free char *copy = strdup(text);
	char *container, *host;
	int r;

	*out = (struct port_spec_text){ .host = 0 };
	if (!copy)
		return err_nomem(err);
	r = parse_protocol(text, strchr(copy, '/'), out, err);
	if (r < 0)
		return r;
	container = cut_last(copy);
	if (container) {
		host = cut_last(copy);
		if (host)
			r = parse_ip(text, copy, out, err);
		else
			host = copy;
		if (r == 0 && *host &&
		    parse_range(host, true, &out->host, &out->host_end) < 0)
			r = bad(err, text,
				"the host's port is not 1 to 65535 or a range "
				"of that");
	}
	if (r < 0)
		return r;
	if (parse_range(container ?: copy, false, &out->container,
			&out->container_end) < 0)
		return bad(err, text,
			   "the container's port is not 1 to 65535 or a range "
			   "of that");
	return check_lengths(text, out, err);
}

/* ---- Free ones ---- */

/* The address to try; IPv4 covers "all" unless only IPv6 is meant. */
static socklen_t fill_address(const struct ip *ip, uint16_t port,
			      struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (void *)out;
	struct sockaddr_in6 *v6 = (void *)out;

	*out = (struct sockaddr_storage){ .ss_family = AF_INET };
	if (ip->family == IP_V6) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		memcpy(&v6->sin6_addr, ip->bytes, 16);
		return sizeof(*v6);
	}
	v4->sin_port = htons(port);
	memcpy(&v4->sin_addr, ip->bytes, 4);
	return sizeof(*v4);
}

/*
 * Can a program of the host have that port, or has one got it? *@port 0: some
 * free one. What cannot be tried (SCTP, an address that is not here) is free.
 */
static int try_bind(const struct ip *ip, enum port_protocol protocol,
		    uint16_t *port)
{
	struct sockaddr_storage address;
	socklen_t len = fill_address(ip, *port, &address);
	const int type = protocol == PORT_UDP ? SOCK_DGRAM : SOCK_STREAM;
	const int one = 1;
	auto_fd int fd = socket(address.ss_family, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return 0;
	/* Connections that have ended are not in the way. */
	if (type == SOCK_STREAM)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one,
				 sizeof(one));
	if (bind(fd, (const struct sockaddr *)&address, len) < 0)
		return errno == EADDRINUSE ? -EADDRINUSE : 0;
	len = sizeof(address);
	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		return -errno;
	*port = ntohs(address.ss_family == AF_INET6
			      ? ((struct sockaddr_in6 *)&address)->sin6_port
			      : ((struct sockaddr_in *)&address)->sin_port);
	return 0;
}

/* Two addresses that one packet could be sent to. */
static bool overlap(const struct ip *a, const char *other)
{
	struct ip b;

	if (ip_parse(other, &b) < 0 || a->family == IP_NONE)
		return true;
	if (a->family != b.family)
		return false;
	return ip_unspecified(a) || ip_unspecified(&b) || ip_equal(a, &b);
}

/* The one of @list that has the port, or NULL. */
static const struct json_object *find_in(const struct json_object *list,
					 const struct ip *ip, uint16_t port,
					 enum port_protocol protocol)
{
	for (size_t i = 0; i < netjson_len(list); i++) {
		const struct json_object *at = netjson_at(list, i);

		if (netjson_number(at, "hostPort") == port &&
		    strcmp(netjson_string(at, "protocol"),
			   protocols[protocol]) == 0 &&
		    overlap(ip, netjson_string(at, "hostIP")))
			return at;
	}
	return NULL;
}

struct chooser {
	const struct json_object *used;
	struct json_object *out;
	const char *text; /* of the option */
};

/* 0, or -EADDRINUSE without a word. */
static int is_free(const struct chooser *c, const struct port_spec_text *spec,
		   uint16_t port)
{
	uint16_t same = port;

	if (find_in(c->used, &spec->host_ip, port, spec->protocol) ||
	    find_in(c->out, &spec->host_ip, port, spec->protocol))
		return -EADDRINUSE;
	return spec->protocol == PORT_SCTP
		       ? 0
		       : try_bind(&spec->host_ip, spec->protocol, &same);
}

/* What the kernel gives may be another container's: some more tries. */
static int choose_any(const struct chooser *c,
		      const struct port_spec_text *spec, uint16_t *port,
		      struct err *err)
{
	const enum port_protocol how =
		spec->protocol == PORT_SCTP ? PORT_TCP : spec->protocol;

	for (int i = 0; i < 64; i++) {
		*port = 0;
		if (try_bind(&spec->host_ip, how, port) == 0 && *port &&
		    is_free(c, spec, *port) == 0)
			return 0;
	}
	return bad(err, c->text, "no port of the host is free");
}

static int taken(const struct chooser *c, const struct port_spec_text *spec,
		 uint16_t port, struct err *err)
{
	const struct json_object *at =
		find_in(c->used, &spec->host_ip, port, spec->protocol);
	const char *protocol = protocols[spec->protocol];

	if (at)
		(void)err_set(err, CNI_E_PORT_TAKEN,
			      "-p %s: port %u/%s of the host is published by "
			      "container \"%s\"",
			      c->text, port, protocol,
			      netjson_string(at, "holder"));
	else if (find_in(c->out, &spec->host_ip, port, spec->protocol))
		(void)err_set(err, CNI_E_PORT_TAKEN,
			      "-p %s: port %u/%s of the host is asked for "
			      "twice",
			      c->text, port, protocol);
	else
		(void)err_set(err, CNI_E_PORT_TAKEN,
			      "-p %s: port %u/%s of the host is in use by a "
			      "program of the host (ss -lnp shows it)",
			      c->text, port, protocol);
	return err_hint(err,
			"take another one, or leave it out to have a free "
			"one chosen: -p %u",
			spec->container);
}

static int choose(const struct chooser *c, const struct port_spec_text *spec,
		  int nth, uint16_t *port, struct err *err)
{
	if (spec->host == 0)
		return choose_any(c, spec, port, err);
	/* A range for one port: the first of it that is free. */
	if (spec->container == spec->container_end) {
		for (unsigned int p = spec->host; p <= spec->host_end; p++) {
			*port = (uint16_t)p;
			if (is_free(c, spec, *port) == 0)
				return 0;
		}
	} else {
		*port = (uint16_t)(spec->host + nth);
		if (is_free(c, spec, *port) == 0)
			return 0;
	}
	return taken(c, spec, *port, err);
}

static int add(struct chooser *c, const struct port_spec_text *spec,
	       struct err *err)
{
	char ip[IP_TEXT];
	int r = 0;

	for (int n = 0; r == 0 && n <= spec->container_end - spec->container;
	     n++) {
		auto_json struct json_object *port = json_object_new_object();
		uint16_t host = 0;

		if (!port)
			return err_nomem(err);
		r = choose(c, spec, n, &host, err);
		r = r
			    ?: netjson_text(port, "hostIP",
					    ip_format(&spec->host_ip, ip), err);
		r = r ?: netjson_int(port, "hostPort", host, err);
		r = r
			    ?: netjson_int(port, "containerPort",
					   spec->container + n, err);
		r = r
			    ?: netjson_text(port, "protocol",
					    protocols[spec->protocol], err);
		r = r ?: netjson_put(c->out, NULL, json_object_get(port), err);
	}
	return r;
}

static bool is_published(const struct json_object *list,
			 const struct port_spec_text *spec)
{
	for (size_t i = 0; i < netjson_len(list); i++) {
		const struct json_object *at = netjson_at(list, i);

		if (netjson_number(at, "containerPort") == spec->container &&
		    strcmp(netjson_string(at, "protocol"),
			   protocols[spec->protocol]) == 0)
			return true;
	}
	return false;
}

/* -P: "80/tcp" of the image, unless -p has it. What is odd, is left out. */
static int add_exposed(struct chooser *c, const struct json_object *exposed,
		       struct err *err)
{
	int r = 0;

	if (!json_object_is_type(exposed, json_type_object))
		return 0;
	for (struct lh_entry *at =
		     lh_table_head(json_object_get_object(exposed));
	     r == 0 && at; at = lh_entry_next(at)) {
		struct err odd = { .code = CNI_OK };
		struct port_spec_text spec;

		c->text = lh_entry_k(at);
		if (strchr(c->text, ':') ||
		    netplan_port_parse(c->text, &spec, &odd) < 0 ||
		    is_published(c->out, &spec))
			continue;
		r = add(c, &spec, err);
	}
	return r;
}

int netplan_ports(const struct net_options *options,
		  const struct json_object *exposed,
		  const struct json_object *used, struct json_object **out,
		  struct err *err)
{
	auto_json struct json_object *list = json_object_new_array();
	struct chooser c = { .used = used, .out = list };
	struct port_spec_text spec;
	int r = list ? 0 : err_nomem(err);

	for (size_t i = 0; r == 0 && i < options->publish.count; i++) {
		c.text = options->publish.at[i];
		r = netplan_port_parse(c.text, &spec, err);
		r = r ?: add(&c, &spec, err);
	}
	if (r == 0 && options->publish_all)
		r = add_exposed(&c, exposed, err);
	if (r == 0)
		*out = take_ptr(list);
	return r;
}
