/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/host-local-ipam/conf.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/cni/args.h"

/* The parts of the configuration that hold ranges and addresses. */
struct parts {
	struct cfg ipam;      /* ipam */
	struct cfg ranges;    /* ipam.ranges */
	struct cfg runtime;   /* runtimeConfig */
	struct cfg ip_ranges; /* runtimeConfig.ipRanges */
	struct cfg ips;       /* runtimeConfig.ips */
	struct cfg args, cni; /* args, args.cni */
	struct cfg cni_ips;   /* args.cni.ips */
};

static int object_at(const struct cfg *at, const char *key, struct cfg *out,
		     struct err *err)
{
	return cfg_child_or_none(at, key, json_type_object, out, err);
}

static int array_at(const struct cfg *at, const char *key, struct cfg *out,
		    struct err *err)
{
	return cfg_child_or_none(at, key, json_type_array, out, err);
}

static int find_parts(const struct cfg *conf, struct parts *out,
		      struct err *err)
{
	int r;

	if (!cfg_has(conf, "ipam"))
		return err_set(err, CNI_E_CONFIG,
			       "IPAM config missing 'ipam' key");
	r = object_at(conf, "ipam", &out->ipam, err);
	r = r ?: array_at(&out->ipam, "ranges", &out->ranges, err);
	r = r ?: object_at(conf, "runtimeConfig", &out->runtime, err);
	r = r ?: array_at(&out->runtime, "ipRanges", &out->ip_ranges, err);
	r = r ?: array_at(&out->runtime, "ips", &out->ips, err);
	r = r ?: object_at(conf, "args", &out->args, err);
	r = r ?: object_at(&out->args, "cni", &out->cni, err);
	return r ?: array_at(&out->cni, "ips", &out->cni_ips, err);
}

/* "" means the default, as an absent key does. */
static int read_data_dir(const struct cfg *ipam, const char **out,
			 struct err *err)
{
	int r = cfg_string_or(ipam, "dataDir", HOSTLOCAL_DATA_DIR, out, err);

	if (r == 0 && !**out)
		*out = HOSTLOCAL_DATA_DIR;
	return r;
}

/*
 * An element of an array where the reference takes null for an empty value:
 * a set without ranges, a range without a subnet.
 */
static int element(const struct cfg *array, size_t index, enum json_type type,
		   struct cfg *out, struct err *err)
{
	if (json_object_array_get_idx(array->json, index))
		return cfg_at(array, index, type, out, err);
	*out = (struct cfg){ .parent = array, .index = index };
	return 0;
}

/* Room for @count ranges in the next set. */
static int set_begin(struct hostlocal_conf *conf, size_t count, struct err *err)
{
	struct range_set *set = &conf->sets[conf->set_count];

	set->at = arena_array(&conf->arena, count, sizeof(*set->at));
	set->count = count;
	return set->at ? 0 : err_nomem(err);
}

static int read_set(const struct cfg *at, struct hostlocal_conf *conf,
		    struct err *err)
{
	size_t number = conf->set_count;
	struct range_set *set = &conf->sets[number];
	struct cfg range;
	int r;

	r = set_begin(conf, cfg_len(at), err);
	for (size_t i = 0; r == 0 && i < set->count; i++) {
		r = element(at, i, json_type_object, &range, err);
		r = r ?: range_read(&range, number, &set->at[i], err);
	}
	r = r ?: range_set_check(set, number, at, err);
	conf->set_count++;
	return r;
}

static int read_set_list(const struct cfg *list, struct hostlocal_conf *conf,
			 struct err *err)
{
	struct cfg set;
	int r = 0;

	for (size_t i = 0; r == 0 && i < cfg_len(list); i++) {
		r = element(list, i, json_type_array, &set, err);
		r = r ?: read_set(&set, conf, err);
	}
	return r;
}

/* The old form: the keys of one range in ipam itself. */
static int read_old_set(const struct cfg *ipam, struct hostlocal_conf *conf,
			struct err *err)
{
	size_t number = conf->set_count;
	int r;

	if (!cfg_has(ipam, "subnet"))
		return range_read_stray(ipam, err);
	r = set_begin(conf, 1, err);
	r = r ?: range_read(ipam, number, &conf->sets[number].at[0], err);
	conf->set_count++;
	return r;
}

/* Results of versions before 0.3.0 have room for one address a family. */
static int check_version(const struct cni_request *req,
			 const struct hostlocal_conf *conf, struct err *err)
{
	size_t v4 = 0;

	for (size_t i = 0; i < conf->set_count; i++)
		v4 += conf->sets[i].at[0].subnet.ip.family == IP_V4;
	if (req->version >= CNI_V0_3_0 ||
	    (v4 <= 1 && conf->set_count - v4 <= 1))
		return 0;
	return err_set(err, CNI_E_CONFIG,
		       "CNI version %s does not support more than 1 address "
		       "per family",
		       req->version_text);
}

static int read_sets(const struct cni_request *req, const struct parts *parts,
		     struct hostlocal_conf *conf, struct err *err)
{
	size_t most = cfg_len(&parts->ip_ranges) + 1 + cfg_len(&parts->ranges);
	int r;

	conf->sets = arena_array(&conf->arena, most, sizeof(*conf->sets));
	if (!conf->sets)
		return err_nomem(err);
	r = read_set_list(&parts->ip_ranges, conf, err);
	r = r ?: read_old_set(&parts->ipam, conf, err);
	r = r ?: read_set_list(&parts->ranges, conf, err);
	if (r == 0 && conf->set_count == 0)
		return err_set(err, CNI_E_CONFIG, "no IP ranges specified");
	r = r ?: check_version(req, conf, err);
	if (r == 0 && range_sets_check(conf->sets, conf->set_count, err) < 0)
		return err_hint(err, "range sets are counted from 0: those of "
				     "runtimeConfig.ipRanges, ipam.subnet, "
				     "those of ipam.ranges");
	return r;
}

static int read_routes(const struct cfg *ipam, struct hostlocal_conf *conf,
		       struct err *err)
{
	struct cfg list, route;
	size_t count;
	int r;

	r = array_at(ipam, "routes", &list, err);
	if (r < 0)
		return r;
	count = cfg_len(&list);
	conf->routes = arena_array(&conf->arena, count, sizeof(*conf->routes));
	if (!conf->routes)
		return err_nomem(err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		r = cfg_at(&list, i, json_type_object, &route, err);
		r = r ?: cni_route_read(&route, &conf->routes[i], err);
	}
	conf->route_count = count;
	return r;
}

/* "ip" or "ip/plen"; the prefix length must be one, and means nothing. */
static int parse_request(const char *text, struct ip *out)
{
	struct cidr cidr;
	int r;

	if (!strchr(text, '/'))
		return ip_parse(text, out);
	r = cidr_parse(text, &cidr);
	*out = cidr.ip;
	return r;
}

static int read_request_list(const struct cfg *list,
			     struct hostlocal_conf *conf, struct err *err)
{
	const char *text;
	int r = 0;

	for (size_t i = 0; r == 0 && i < cfg_len(list); i++) {
		const struct cfg at = { .parent = list, .index = i };

		r = cfg_string_at(list, i, &text, err);
		if (r < 0)
			return r;
		if (!*text)
			return cfg_fail(err, &at, NULL,
					"cannot understand ip: IP <nil> not "
					"v4 nor v6");
		if (parse_request(text,
				  &conf->requests[conf->request_count++]) < 0)
			return cfg_fail(err, &at, NULL, "invalid IP address %s",
					text);
	}
	return r;
}

static int read_request_arg(const struct cni_request *req,
			    struct hostlocal_conf *conf, struct err *err)
{
	struct cni_arg ip = { .key = "IP" };
	int r;

	if (req->verb != CNI_ADD || !*req->args)
		return 0;
	r = cni_args_read(req->args, &ip, 1, err);
	if (r < 0 || !*ip.value)
		return r;
	if (parse_request(ip.value, &conf->requests[conf->request_count++]) < 0)
		return err_set(err, CNI_E_ENV,
			       "CNI_ARGS: IP: invalid IP address %s", ip.value);
	return 0;
}

/* A requested address and its place in the list. */
struct wish {
	struct ip ip;
	size_t at;
};

static int by_ip(const void *a, const void *b)
{
	const struct wish *x = a, *y = b;
	ip_num m = ip_to_num(&x->ip), n = ip_to_num(&y->ip);

	if (x->ip.family != y->ip.family)
		return x->ip.family < y->ip.family ? -1 : 1;
	if (m != n)
		return m < n ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

/*
 * A runtime may ask for the same address in more than one way; it means one
 * address. The first of each is kept, in the order they were given.
 */
static int drop_repeated(struct hostlocal_conf *conf, struct err *err)
{
	size_t count = conf->request_count, kept = 0;
	auto_free struct wish *wishes = calloc(count ?: 1, sizeof(*wishes));

	if (!wishes)
		return err_nomem(err);
	for (size_t i = 0; i < count; i++)
		wishes[i] = (struct wish){ .ip = conf->requests[i], .at = i };
	qsort(wishes, count, sizeof(*wishes), by_ip);
	for (size_t i = 1; i < count; i++)
		if (ip_equal(&wishes[i].ip, &wishes[i - 1].ip))
			conf->requests[wishes[i].at].family = IP_NONE;
	for (size_t i = 0; i < count; i++)
		if (conf->requests[i].family != IP_NONE)
			conf->requests[kept++] = conf->requests[i];
	conf->request_count = kept;
	return 0;
}

static int read_requests(const struct cni_request *req,
			 const struct parts *parts, struct hostlocal_conf *conf,
			 struct err *err)
{
	size_t most = 1 + cfg_len(&parts->cni_ips) + cfg_len(&parts->ips);
	int r;

	conf->requests =
		arena_array(&conf->arena, most, sizeof(*conf->requests));
	if (!conf->requests)
		return err_nomem(err);
	r = read_request_arg(req, conf, err);
	r = r ?: read_request_list(&parts->cni_ips, conf, err);
	r = r ?: read_request_list(&parts->ips, conf, err);
	return r ?: drop_repeated(conf, err);
}

static int read_scalars(const struct cfg *ipam, struct hostlocal_conf *conf,
			struct err *err)
{
	int r = read_data_dir(ipam, &conf->data_dir, err);

	r = r ?: cfg_string_or(ipam, "resolvConf", "", &conf->resolv_conf, err);
	if (r < 0)
		return r;
	return cfg_bool_or(ipam, "reclaimOnBoot", true, &conf->reclaim_on_boot,
			   err);
}

int hostlocal_conf_read(const struct cni_request *req,
			struct hostlocal_conf *out, struct err *err)
{
	struct parts parts = { .ipam = { .json = NULL } };
	int r;

	*out = (struct hostlocal_conf){ .data_dir = HOSTLOCAL_DATA_DIR };
	r = find_parts(&req->conf, &parts, err);
	r = r ?: read_scalars(&parts.ipam, out, err);
	r = r ?: read_requests(req, &parts, out, err);
	r = r ?: read_sets(req, &parts, out, err);
	return r ?: read_routes(&parts.ipam, out, err);
}

const char *hostlocal_conf_data_dir(const struct cni_request *req)
{
	const char *dir = HOSTLOCAL_DATA_DIR;
	struct err err = { .code = CNI_OK };
	struct cfg ipam;
	int r;

	r = object_at(&req->conf, "ipam", &ipam, &err);
	r = r ?: read_data_dir(&ipam, &dir, &err);
	if (r == 0)
		return dir;
	log_warn("%s; leases are looked for in \"%s\"", err.msg,
		 HOSTLOCAL_DATA_DIR);
	return HOSTLOCAL_DATA_DIR;
}

void hostlocal_conf_free(struct hostlocal_conf *conf)
{
	arena_free(&conf->arena);
}
