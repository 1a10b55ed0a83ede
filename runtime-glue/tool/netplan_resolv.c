/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A container's resolv.conf, from the host's and the options. */
#include <string.h>

#include "runtime-glue/tool/netplan_parts.h"

/* If the host has but resolvers of its own, at loopback. */
static const char *const public_servers[] = { "8.8.8.8", "8.8.4.4" };

static const char blank[] = " \t\r";

/* Does @line begin with the word @key? Its rest goes to *@value. */
static bool has_key(const char *line, const char *key, const char **value)
{
	const size_t len = strlen(key);

	if (strncmp(line, key, len) != 0 || !line[len] ||
	    !strchr(blank, line[len]))
		return false;
	*value = line + len + strspn(line + len, blank);
	return true;
}

/* A resolver that the container would look for in itself. */
static bool is_loopback(const char *value)
{
	char text[64];
	const size_t len = strcspn(value, " \t\r%");
	struct ip ip;

	if (len >= sizeof(text))
		return false;
	memcpy(text, value, len);
	text[len] = '\0';
	if (ip_parse(text, &ip) < 0)
		return false;
	/* A zone is of this host's links: link-local is of no use there. */
	return ip_loopback(&ip) || ip_unspecified(&ip) || value[len] == '%';
}

static void put_words(struct strbuf *out, const char *key,
		      const struct spec_strings *words)
{
	if (words->count == 0)
		return;
	/* --dns-search . : none at all. */
	if (words->count == 1 && strcmp(words->at[0], ".") == 0) {
		strbuf_printf(out, "%s .\n", key);
		return;
	}
	strbuf_puts(out, key);
	for (size_t i = 0; i < words->count; i++)
		strbuf_printf(out, " %s", words->at[i]);
	strbuf_putc(out, '\n');
}

/* Is the host's line to be taken over? Counts nameservers. */
static bool keeps(const char *line, const struct net_options *o,
		  size_t *servers)
{
	const char *value;

	if (has_key(line, "nameserver", &value)) {
		if (o->dns.count || is_loopback(value))
			return false;
		++*servers;
		return true;
	}
	if (has_key(line, "search", &value) || has_key(line, "domain", &value))
		return o->dns_search.count == 0;
	if (has_key(line, "options", &value))
		return o->dns_option.count == 0;
	return has_key(line, "sortlist", &value);
}

int netplan_resolv(const char *host, const struct net_options *options,
		   struct strbuf *out, bool *fallback, struct err *err)
{
	size_t servers = options->dns.count;
	const char *next;

	for (size_t i = 0; i < options->dns.count; i++)
		strbuf_printf(out, "nameserver %s\n", options->dns.at[i]);
	for (const char *line = host; *line; line = next) {
		const size_t len = strcspn(line, "\n");
		char copy[1024];

		next = line + len + (line[len] == '\n');
		if (len >= sizeof(copy))
			continue;
		memcpy(copy, line, len);
		copy[len] = '\0';
		if (keeps(copy, options, &servers))
			strbuf_printf(out, "%s\n", copy);
	}
	put_words(out, "search", &options->dns_search);
	put_words(out, "options", &options->dns_option);
	*fallback = servers == 0;
	for (size_t i = 0; *fallback && i < 2; i++)
		strbuf_printf(out, "nameserver %s\n", public_servers[i]);
	return out->failed ? err_nomem(err) : 0;
}
