/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `linux.resources.blockIO` */
#include "runtime-glue/spec/spec_parts.h"

#define MAJOR_MAX 4095
#define MINOR_MAX 1048575

/* From 10 on; engines write 0 for "none". */
static int read_weight(const struct cfg *at, const char *key,
		       struct spec_int *out, struct err *err)
{
	static const struct cfg_bounds bounds = { 0, 1000 };
	int r = spec_read_int(at, key, bounds, out, err);

	if (r == 0 && out->value > 0 && out->value < 10)
		return cfg_fail(err, at, key, "%jd is not in 10..1000",
				(intmax_t)out->value);
	if (r == 0 && out->value == 0)
		out->set = false;
	return r;
}

static int read_numbers(const struct cfg *item, uint32_t *major,
			uint32_t *minor, struct err *err)
{
	int r = spec_need_u32(item, "major", MAJOR_MAX, major, err);

	return r ?: spec_need_u32(item, "minor", MINOR_MAX, minor, err);
}

static int read_weight_device(const struct cfg *item, struct arena *arena,
			      void *to, struct err *err)
{
	struct spec_weight_device *out = to;
	int r;

	(void)arena;
	r = read_numbers(item, &out->major, &out->minor, err);
	r = r ?: read_weight(item, "weight", &out->weight, err);
	r = r ?: read_weight(item, "leafWeight", &out->leaf_weight, err);
	if (r == 0 && !cfg_has(item, "weight") && !cfg_has(item, "leafWeight"))
		return cfg_fail(err, item, NULL,
				"has neither weight nor leafWeight");
	return r;
}

static int read_throttle(const struct cfg *item, struct arena *arena, void *to,
			 struct err *err)
{
	struct spec_throttle *out = to;
	int r;

	(void)arena;
	r = read_numbers(item, &out->major, &out->minor, err);
	return r ?: spec_need_u64(item, "rate", &out->rate, err);
}

static int read_throttles(const struct cfg *at, const char *key,
			  struct arena *arena, struct spec_throttles *out,
			  struct err *err)
{
	struct spec_items items = { .size = sizeof(*out->at),
				    .read = read_throttle };
	int r = spec_read_array(at, key, arena, &items, err);

	out->at = items.at;
	out->count = items.count;
	return r;
}

int spec_block_io_read(const struct cfg *at, struct arena *arena,
		       struct spec_block_io *out, struct err *err)
{
	struct spec_items weights = { .size = sizeof(*out->weights),
				      .read = read_weight_device };
	int r;

	r = read_weight(at, "weight", &out->weight, err);
	r = r ?: read_weight(at, "leafWeight", &out->leaf_weight, err);
	r = r ?: spec_read_array(at, "weightDevice", arena, &weights, err);
	out->weights = weights.at;
	out->weight_count = weights.count;
	r = r
		    ?: read_throttles(at, "throttleReadBpsDevice", arena,
				      &out->read_bps, err);
	r = r
		    ?: read_throttles(at, "throttleWriteBpsDevice", arena,
				      &out->write_bps, err);
	r = r
		    ?: read_throttles(at, "throttleReadIOPSDevice", arena,
				      &out->read_iops, err);
	return r
		       ?: read_throttles(at, "throttleWriteIOPSDevice", arena,
					 &out->write_iops, err);
}
