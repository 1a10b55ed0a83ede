/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/bridge/conf.h"

#include <string.h>

#include "common/base/log.h"
#include "plugins/bridge/conf_parts.h"

#define BRIDGE_NAME "cni0"
#define NAME_MOST   15 /* bytes, of an interface's name */

/* What the kernel takes for a veth pair and for a bridge. */
#define MTU_LEAST 68
#define MTU_MOST  65535

#define FLAG(key, field)                                 \
	{                                                \
		key, offsetof(struct bridge_conf, field) \
	}

static const struct flag {
	const char *key;
	size_t offset;
} flags[] = {
	FLAG("isGateway", is_gateway),
	FLAG("isDefaultGateway", is_default_gateway),
	FLAG("forceAddress", force_address),
	FLAG("ipMasq", ip_masq),
	FLAG("masqRandomFully", masq_random_fully),
	FLAG("hairpinMode", hairpin),
	FLAG("promiscMode", promisc),
	FLAG("preserveDefaultVlan", preserve_default_vlan),
	FLAG("macspoofchk", mac_spoof_chk),
	FLAG("enabledad", enable_dad),
	FLAG("disableContainerInterface", disable_container_interface),
	FLAG("portIsolation", port_isolation),
};

#define FLAGS (sizeof(flags) / sizeof(*flags))

static int read_flag(const struct cfg *conf, const struct flag *flag,
		     struct bridge_conf *out, struct err *err)
{
	bool *to = (bool *)((char *)out + flag->offset);

	return cfg_bool_or(conf, flag->key, false, to, err);
}

static int read_flags(const struct cfg *conf, struct bridge_conf *out,
		      struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < FLAGS; i++)
		r = read_flag(conf, &flags[i], out, err);
	return r;
}

/*
 * White space as the kernel has it: 0xa0 is among it, also as a byte of a
 * longer character.
 */
static bool has_space(const char *text)
{
	return text[strcspn(text, " \t\n\v\f\r\xa0")];
}

/*
 * A name that the kernel takes for a bridge, as it is written. It would make
 * "br0" of "br%d", and has settings under the names "all" and "default".
 */
static int check_name(const struct cfg *conf, const char *name, struct err *err)
{
	const char *why = NULL;

	if (!*name)
		why = "is empty";
	else if (strlen(name) > NAME_MOST)
		why = "is longer than 15 bytes";
	else if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		why = "is . or ..";
	else if (name[strcspn(name, "/:")] || has_space(name))
		why = "contains / or : or whitespace characters";
	else if (strchr(name, '%'))
		why = "contains %, which stands for a number";
	else if (strcmp(name, "all") == 0 || strcmp(name, "default") == 0)
		why = "is reserved by the kernel";
	if (!why)
		return 0;
	return cfg_fail(err, conf, "bridge", "interface name \"%s\" %s", name,
			why);
}

static int read_name(const struct cfg *conf, struct bridge_conf *out,
		     struct err *err)
{
	const char *name;
	int r = cfg_string_or(conf, "bridge", BRIDGE_NAME, &name, err);

	r = r ?: check_name(conf, name, err);
	if (r == 0)
		out->bridge = name;
	return r;
}

static int read_mtu(const struct cfg *conf, struct bridge_conf *out,
		    struct err *err)
{
	static const struct cfg_bounds any = { INT64_MIN, INT64_MAX };
	int64_t mtu;
	int r = cfg_int_or(conf, "mtu", 0, any, &mtu, err);

	if (r < 0 || mtu == 0)
		return r;
	if (mtu < 0) {
		log_warn("mtu: %jd counts as not set", (intmax_t)mtu);
		return 0;
	}
	if (mtu < MTU_LEAST || mtu > MTU_MOST)
		return cfg_fail(err, conf, "mtu", "%jd is not in %d..%d",
				(intmax_t)mtu, MTU_LEAST, MTU_MOST);
	out->mtu = (uint32_t)mtu;
	return 0;
}

/* "" is no IPAM, as an absent key is. */
static int read_ipam(const struct cfg *conf, struct bridge_conf *out,
		     struct err *err)
{
	const char *type = "";
	struct cfg ipam;
	int r;

	r = cfg_child_or_none(conf, "ipam", json_type_object, &ipam, err);
	r = r ?: cfg_string_or(&ipam, "type", "", &type, err);
	if (r < 0 || !*type)
		return r;
	if (strchr(type, '/'))
		return cfg_fail(err, &ipam, "type", "invalid plugin name: %s",
				type);
	out->ipam_type = type;
	return 0;
}

static bool parse_backend(const char *name, enum masq_backend *out)
{
	if (strcmp(name, "nftables") == 0)
		*out = MASQ_NFTABLES;
	else if (strcmp(name, "iptables") == 0)
		*out = MASQ_IPTABLES;
	else
		return false;
	return true;
}

/*
 * The reference looks at the backend when it is about to masquerade, so a bad
 * one that is not used is no error.
 */
static int read_backend(const struct cfg *conf, struct bridge_conf *out,
			struct err *err)
{
	const char *name;
	int r = cfg_string_or(conf, "ipMasqBackend", NULL, &name, err);

	if (r < 0 || !name || parse_backend(name, &out->masq_backend))
		return r;
	if (out->ip_masq && out->ipam_type)
		return cfg_fail(err, conf, "ipMasqBackend",
				"unknown ipmasq backend \"%s\"", name);
	log_warn("ipMasqBackend: unknown ipmasq backend \"%s\", not used",
		 name);
	return 0;
}

static int read_dns(const struct cfg *conf, struct bridge_conf *out,
		    struct err *err)
{
	struct cfg dns;
	int r;

	r = cfg_child_or_none(conf, "dns", json_type_object, &dns, err);
	return r ?: cni_dns_read(&dns, &out->arena, &out->dns, err);
}

/* With a VLAN, the gateway address is on an interface "cni0.100". */
static int check_gateway_name(const struct cfg *conf,
			      const struct bridge_conf *out, struct err *err)
{
	const size_t digits =
		1U + (out->vlan > 9) + (out->vlan > 99) + (out->vlan > 999);

	if (!out->is_gateway || out->vlan == 0 || !out->ipam_type ||
	    strlen(out->bridge) + 1 + digits <= NAME_MOST)
		return 0;
	return cfg_fail(err, conf, "bridge",
			"the gateway's interface would be \"%s.%u\", which is "
			"longer than %d bytes",
			out->bridge, out->vlan, NAME_MOST);
}

static int check_rules(const struct cfg *conf, const struct bridge_conf *out,
		       struct err *err)
{
	if (out->hairpin && out->promisc)
		return err_set(err, CNI_E_CONFIG,
			       "cannot set hairpin mode and promiscuous mode "
			       "at the same time");
	if (out->ipam_type && out->disable_container_interface)
		return err_set(err, CNI_E_CONFIG,
			       "cannot use IPAM when "
			       "DisableContainerInterface flag is set");
	return check_gateway_name(conf, out, err);
}

int bridge_conf_read(const struct cni_request *req, struct bridge_conf *out,
		     struct err *err)
{
	const struct cfg *conf = &req->conf;
	int r;

	*out = (struct bridge_conf){ .bridge = BRIDGE_NAME };
	r = read_flags(conf, out, err);
	out->is_gateway |= out->is_default_gateway;
	r = r ?: read_name(conf, out, err);
	r = r ?: read_mtu(conf, out, err);
	r = r ?: bridge_conf_read_vlan(conf, out, err);
	r = r ?: bridge_conf_read_trunk(conf, out, err);
	r = r ?: read_ipam(conf, out, err);
	r = r ?: read_backend(conf, out, err);
	r = r ?: read_dns(conf, out, err);
	r = r ?: bridge_conf_read_mac(req, out, err);
	return r ?: check_rules(conf, out, err);
}

/* What DEL cannot do without: it says what it takes in its place. */
static void read_needed(const struct cfg *conf, struct bridge_conf *out)
{
	struct err name = { .code = CNI_OK }, ipam = { .code = CNI_OK };

	if (read_name(conf, out, &name) < 0)
		log_warn("%s; the bridge is taken to be \"" BRIDGE_NAME "\"",
			 name.msg);
	if (read_ipam(conf, out, &ipam) < 0)
		log_warn("%s; no IPAM plugin is run", ipam.msg);
}

/* What may spare DEL some work, and is not worth a word. */
static void read_useful(const struct cfg *conf, struct bridge_conf *out)
{
	struct err err = { .code = CNI_OK };
	const char *backend;

	for (size_t i = 0; i < FLAGS; i++)
		if (read_flag(conf, &flags[i], out, &err) < 0)
			err_clear(&err);
	out->is_gateway |= out->is_default_gateway;
	if (bridge_conf_read_vlan(conf, out, &err) < 0)
		err_clear(&err);
	if (cfg_string_or(conf, "ipMasqBackend", "", &backend, &err) < 0)
		err_clear(&err);
	else
		(void)parse_backend(backend, &out->masq_backend);
}

void bridge_conf_read_some(const struct cni_request *req,
			   struct bridge_conf *out)
{
	*out = (struct bridge_conf){ .bridge = BRIDGE_NAME };
	read_needed(&req->conf, out);
	read_useful(&req->conf, out);
}

void bridge_conf_free(struct bridge_conf *conf)
{
	arena_free(&conf->arena);
}
