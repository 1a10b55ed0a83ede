/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/cni/owner.h"

#include <stdint.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/text.h"

#define PREFIX      "cni:"
#define HASHED      16U /* digits, behind a '#' */
#define LINK_PREFIX "veth"
#define LINK_NET    4U
#define LINK_REST   7U

struct cni_owner cni_owner_of(const struct cni_request *req)
{
	return (struct cni_owner){ req->name, req->container, req->ifname };
}

/* @name, or if it is longer than @max its hash. Returns the end. */
static char *put_name(char *out, const char *name, size_t max)
{
	if (strlen(name) <= max)
		return text_put(out, name);
	*out++ = '#';
	hash_hex(&name, 1, out, HASHED);
	return out + HASHED;
}

/*
 * A network's name is shortened whatever the container's is, so that all texts
 * of a network begin alike. 64 is what container IDs have in practice.
 */
#define CONTAINER_MAX 64U
#define IFNAME_MAX    15U
#define NETWORK_MAX                                                     \
	(OWNER_TEXT - 1U - (sizeof(PREFIX) - 1U) - 2U - CONTAINER_MAX - \
	 IFNAME_MAX)

char *cni_owner_prefix(const char *network, char buf[static OWNER_TEXT])
{
	char *end = text_put(buf, PREFIX);

	end = put_name(end, network, NETWORK_MAX);
	(void)text_put(end, "/");
	return buf;
}

char *cni_owner_text(const struct cni_owner *owner, char buf[static OWNER_TEXT])
{
	char *end = buf + strlen(cni_owner_prefix(owner->network, buf));

	end = put_name(end, owner->container, CONTAINER_MAX);
	end = text_put(end, "/");
	(void)put_name(end, owner->ifname, IFNAME_MAX);
	return buf;
}

bool cni_owner_stale(const char *text, const char *network,
		     const struct cni_attachments *valid)
{
	char buf[OWNER_TEXT];
	size_t len = strlen(cni_owner_prefix(network, buf));

	if (strncmp(text, buf, len) != 0 || !strchr(text + len, '/'))
		return false;
	for (size_t i = 0; i < valid->count; i++) {
		const struct cni_owner owner = { network,
						 valid->at[i].container,
						 valid->at[i].ifname };

		if (strcmp(cni_owner_text(&owner, buf), text) == 0)
			return false;
	}
	return true;
}

/* @digits letters and figures of the hash of @parts. */
static char *put_hash(char *out, const char *const *parts, size_t count,
		      size_t digits)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	char hex[2 * LINK_REST + 1];
	const char *nibbles = "0123456789abcdef";

	hash_hex(parts, count, hex, 2 * digits);
	for (size_t i = 0; i < digits; i++) {
		size_t high = (size_t)(strchr(nibbles, hex[2 * i]) - nibbles);
		size_t low =
			(size_t)(strchr(nibbles, hex[2 * i + 1]) - nibbles);

		*out++ = alphabet[(high << 4 | low) & 31];
	}
	*out = '\0';
	return out;
}

char *cni_owner_link(const struct cni_owner *owner, unsigned int probe,
		     char buf[static OWNER_LINK])
{
	char number[TEXT_NUM];
	const char *parts[] = {
		owner->network, "/", owner->container, "/", owner->ifname, "/",
		number
	};
	char *end = text_put(buf, LINK_PREFIX);

	(void)text_uint(number, probe);
	end = put_hash(end, parts, 1, LINK_NET);
	(void)put_hash(end, parts, sizeof(parts) / sizeof(*parts), LINK_REST);
	return buf;
}
