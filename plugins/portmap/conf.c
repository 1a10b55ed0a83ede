/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/portmap/conf.h"

#include <string.h>

#include "plugins/portmap/conf_parts.h"

static struct portmap_conf defaults(void)
{
	return (struct portmap_conf){ .snat = true,
				      .mark_masq_bit = PORTMAP_MARK_BIT };
}

/* An address of the container, or one that does not say whose it is. */
static bool is_pod(const struct cni_result *prev, const struct cni_ip *ip,
		   const char *ifname)
{
	const struct cni_interface *at;

	if (!ip->has_interface || ip->interface < 0 ||
	    (uint64_t)ip->interface >= prev->interface_count)
		return true;
	at = &prev->interfaces[ip->interface];
	return at->name && strcmp(at->name, ifname) == 0 && at->sandbox &&
	       *at->sandbox;
}

static void choose_pod(const struct cni_result *prev, const char *ifname,
		       struct portmap_conf *out)
{
	for (size_t i = 0; i < prev->ip_count; i++) {
		const struct cni_ip *ip = &prev->ips[i];
		struct cidr *to = ip->address.ip.family == IP_V4 ? &out->pod4
								 : &out->pod6;

		if (to->ip.family == IP_NONE && is_pod(prev, ip, ifname))
			*to = ip->address;
	}
}

static int read_prev(const struct cni_request *req, struct cni_result *prev,
		     struct portmap_conf *out, struct err *err)
{
	bool present;
	int r;

	if (req->verb == CNI_STATUS)
		return 0;
	r = cni_prev_result(req, prev, &present, err);
	if (r < 0)
		return r;
	if (!present)
		return err_set(err, CNI_E_CONFIG, "%s",
			       req->verb == CNI_CHECK
				       ? "Required prevResult missing"
				       : "must be called as chained plugin");
	choose_pod(prev, req->ifname, out);
	return 0;
}

int portmap_conf_read(const struct cni_request *req, struct cni_result *prev,
		      struct portmap_conf *out, struct err *err)
{
	const struct cfg *conf = &req->conf;
	int r;

	*out = defaults();
	r = cfg_bool_or(conf, "snat", true, &out->snat, err);
	r = r ?: cfg_bool_or(conf, "masqAll", false, &out->masq_all, err);
	r = r ?: portmap_conf_read_backend(conf, out, err);
	r = r ?: portmap_conf_read_mappings(conf, out, err);
	return r ?: read_prev(req, prev, out, err);
}

void portmap_conf_read_some(const struct cni_request *req,
			    struct cni_result *prev, struct portmap_conf *out)
{
	struct err err = { .code = CNI_OK };
	bool present;

	*out = defaults();
	if (cfg_bool_or(&req->conf, "snat", true, &out->snat, &err) < 0)
		err_clear(&err);
	if (cfg_bool_or(&req->conf, "masqAll", false, &out->masq_all, &err) < 0)
		err_clear(&err);
	if (portmap_conf_read_backend(&req->conf, out, &err) < 0)
		err_clear(&err);
	portmap_conf_read_some_mappings(&req->conf, out);
	if (cni_prev_result(req, prev, &present, &err) < 0)
		err_clear(&err);
	else if (present)
		choose_pod(prev, req->ifname, out);
}

void portmap_conf_free(struct portmap_conf *conf)
{
	arena_free(&conf->arena);
}
