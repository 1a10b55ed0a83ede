/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bridge's configuration: vlan and vlanTrunk. */
#include <string.h>

#include "plugins/bridge/conf_parts.h"

#define VLAN_MAX 4094

static const struct cfg_bounds any_number = { INT64_MIN, INT64_MAX };

/* The VLANs of a trunk: however often a VLAN is named, it is there once. */
struct vlans {
	bool has[VLAN_MAX + 1];
};

int bridge_conf_read_vlan(const struct cfg *conf, struct bridge_conf *out,
			  struct err *err)
{
	int64_t id;
	int r = cfg_int_or(conf, "vlan", 0, any_number, &id, err);

	if (r < 0)
		return r;
	if (id < 0 || id > VLAN_MAX)
		return cfg_fail(err, conf, "vlan",
				"invalid VLAN ID %jd (must be between 0 and "
				"%d)",
				(intmax_t)id, VLAN_MAX);
	out->vlan = (uint16_t)id;
	return 0;
}

static int read_id(const struct cfg *item, const char *key, size_t *out,
		   struct err *err)
{
	int64_t id;
	int r = cfg_int_or(item, key, 0, any_number, &id, err);

	if (r < 0)
		return r;
	if (id < 1 || id > VLAN_MAX)
		return cfg_fail(err, item, key, "incorrect trunk %s parameter",
				key);
	*out = (size_t)id;
	return 0;
}

static int read_range(const struct cfg *item, struct vlans *vlans,
		      struct err *err)
{
	const bool has_min = cfg_has(item, "minID");
	size_t min = 0, max = 0;
	int r;

	if (has_min != cfg_has(item, "maxID"))
		return cfg_fail(err, item, NULL,
				"minID and maxID should be configured "
				"simultaneously, %s is missing",
				has_min ? "maxID" : "minID");
	if (!has_min)
		return 0;
	r = read_id(item, "minID", &min, err);
	r = r ?: read_id(item, "maxID", &max, err);
	if (r < 0)
		return r;
	if (min > max)
		return cfg_fail(err, item, NULL,
				"minID is greater than maxID in trunk "
				"parameter");
	memset(&vlans->has[min], true, max - min + 1);
	return 0;
}

/* A range, a single VLAN, or both. */
static int read_item(const struct cfg *item, struct vlans *vlans,
		     struct err *err)
{
	size_t id = 0;
	int r = read_range(item, vlans, err);

	if (r < 0 || !cfg_has(item, "id"))
		return r;
	r = read_id(item, "id", &id, err);
	if (r == 0)
		vlans->has[id] = true;
	return r;
}

static int put_trunk(const struct vlans *vlans, struct bridge_conf *out,
		     struct err *err)
{
	size_t count = 0;

	for (size_t id = 1; id <= VLAN_MAX; id++)
		count += vlans->has[id];
	out->trunk = arena_array(&out->arena, count, sizeof(*out->trunk));
	if (!out->trunk)
		return err_nomem(err);
	for (size_t id = 1; id <= VLAN_MAX; id++)
		if (vlans->has[id])
			out->trunk[out->trunk_count++] = (uint16_t)id;
	return 0;
}

int bridge_conf_read_trunk(const struct cfg *conf, struct bridge_conf *out,
			   struct err *err)
{
	struct vlans vlans = { .has = { false } };
	struct cfg list, item;
	int r;

	out->has_trunk = cfg_has(conf, "vlanTrunk");
	r = cfg_child_or_none(conf, "vlanTrunk", json_type_array, &list, err);
	for (size_t i = 0; r == 0 && i < cfg_len(&list); i++) {
		r = cfg_at(&list, i, json_type_object, &item, err);
		r = r ?: read_item(&item, &vlans, err);
	}
	return r ?: put_trunk(&vlans, out, err);
}
