/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bridge's configuration: the MAC address of the container's end.
 *
 * Links of other kinds have addresses of 8 and 20 bytes, and some addresses
 * are not those of one interface. The kernel refuses them all on a veth, with
 * "Invalid argument" at best; so they are refused here.
 */
#include <string.h>

#include "common/cni/args.h"
#include "plugins/bridge/conf_parts.h"

#define MAC_MOST 20 /* bytes, of InfiniBand */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The digits between two separators: 2 (':', '-') or 4 ('.'); 0: no MAC. */
static size_t group_of(const char *text)
{
	size_t len = strcspn(text, ":-.");

	if (len == 2 && (text[2] == ':' || text[2] == '-'))
		return 2;
	return len == 4 && text[4] == '.' ? 4 : 0;
}

/* How many bytes a text of @len in groups of @group is, if that is a form. */
static size_t count_bytes(size_t len, size_t group)
{
	size_t count = (len + 1) / (group + 1) * group / 2;

	if (group == 0 || (len + 1) % (group + 1) != 0)
		return 0;
	return count == MAC_LEN || count == 8 || count == MAC_MOST ? count : 0;
}

/* Returns the number of bytes, 0 if @text is no MAC address. */
static size_t parse(const char *text, uint8_t out[static MAC_MOST])
{
	const size_t group = group_of(text);
	const size_t count = count_bytes(strlen(text), group);
	size_t digits = 0;

	memset(out, 0, MAC_MOST);
	for (size_t i = 0; count > 0 && text[i]; i++) {
		const int value = hex_value(text[i]);

		if (i % (group + 1) == group) {
			if (text[i] != text[group])
				return 0;
			continue;
		}
		if (value < 0)
			return 0;
		out[digits / 2] = (uint8_t)(out[digits / 2] << 4 | value);
		digits++;
	}
	return count;
}

/* Why an interface cannot have the address @mac of @count bytes; or NULL. */
static const char *judge(const uint8_t *mac, size_t count)
{
	static const uint8_t zero[MAC_LEN];

	if (count == 0)
		return "invalid MAC address";
	if (count != MAC_LEN)
		return "not an Ethernet address, which has 6 bytes";
	if (memcmp(mac, zero, MAC_LEN) == 0)
		return "all zeros is not the address of an interface";
	if (mac[0] & 1)
		return "a multicast address is not that of an interface";
	return NULL;
}

/* A text, and where it came from: @key of @at, or CNI_ARGS if @at is NULL. */
struct source {
	const struct cfg *at;
	const char *text;
};

static int read_source(const struct source *source, struct bridge_conf *out,
		       struct err *err)
{
	uint8_t mac[MAC_MOST];
	const char *why = judge(mac, parse(source->text, mac));

	if (why && source->at)
		return cfg_fail(err, source->at, "mac", "address %s: %s",
				source->text, why);
	if (why)
		return err_set(err, CNI_E_ENV, "CNI_ARGS: MAC: address %s: %s",
			       source->text, why);
	memcpy(out->mac, mac, MAC_LEN);
	out->has_mac = true;
	return 0;
}

/* The last source that has a text is the one that counts. */
static int choose(const struct cfg *at, struct source *source, struct err *err)
{
	const char *text;
	int r = cfg_string_or(at, "mac", "", &text, err);

	if (r == 0 && *text)
		*source = (struct source){ .at = at, .text = text };
	return r;
}

int bridge_conf_read_mac(const struct cni_request *req, struct bridge_conf *out,
			 struct err *err)
{
	struct cni_arg arg = { .key = "MAC" };
	struct source source = { .text = arg.value };
	struct cfg runtime, args, cni;
	int r = 0;

	if (req->verb == CNI_ADD || req->verb == CNI_CHECK)
		r = cni_args_read(req->args, &arg, 1, err);
	r = r
		    ?: cfg_child_or_none(&req->conf, "args", json_type_object,
					 &args, err);
	r = r ?: cfg_child_or_none(&args, "cni", json_type_object, &cni, err);
	r = r
		    ?: cfg_child_or_none(&req->conf, "runtimeConfig",
					 json_type_object, &runtime, err);
	r = r ?: choose(&cni, &source, err);
	r = r ?: choose(&runtime, &source, err);
	if (r < 0 || !*source.text)
		return r;
	return read_source(&source, out, err);
}
