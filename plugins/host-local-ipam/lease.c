/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/host-local-ipam/lease.h"

#include <string.h>

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_id_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || c == '_' || c == '.' || c == '-';
}

/* Length of the container ID that @text begins with. */
static size_t id_len(const char *text)
{
	size_t n = 0;

	while (is_id_char(text[n]))
		n++;
	return n;
}

struct lease lease_parse(char *text, size_t len)
{
	struct lease lease = { LEASE_FOREIGN, "", "" };
	size_t id;

	while (len > 0 && is_space(text[len - 1]))
		len--;
	while (len > 0 && is_space(*text)) {
		text++;
		len--;
	}
	text[len] = '\0';
	if (!*text) /* also what a lost write leaves: nothing but zeros */
		lease.kind = LEASE_TORN;
	id = id_len(text);
	if (id == 0 || strlen(text) != len)
		return lease;
	lease.kind = LEASE_LEGACY;
	lease.container = text;
	if (id == len)
		return lease;
	if (strncmp(text + id, "\r\n", 2) != 0)
		return (struct lease){ LEASE_FOREIGN, "", "" };
	lease.kind = LEASE_FULL;
	lease.ifname = text + id + 2;
	text[id] = '\0';
	return lease;
}

bool lease_owned_by(const struct lease *lease, const char *container,
		    const char *ifname)
{
	if (strcmp(lease->container, container) != 0)
		return false;
	return lease->kind == LEASE_LEGACY ||
	       (lease->kind == LEASE_FULL &&
		strcmp(lease->ifname, ifname) == 0);
}

/* FNV-1a: who crafts collisions only makes his own lookups slower. */
uint64_t lease_owner_hash(const char *container)
{
	uint64_t hash = 0xcbf29ce484222325U;

	for (; *container; container++)
		hash = (hash ^ (unsigned char)*container) * 0x100000001b3U;
	return hash ?: 1;
}
