/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block I/O: weights and throttles (kernel: block/bfq-iosched.rst,
 * admin-guide/cgroup-v1/blkio-controller.rst, admin-guide/cgroup-v2.rst "IO").
 */
#include <inttypes.h>
#include <stdio.h>

#include "runtime-glue/cgroup/cgroup_parts.h"

uint64_t io_weight(uint64_t weight)
{
	return weight <= 10 ? 1 : 1 + (weight - 10) * 9999 / 990;
}

/* BFQ's file where there is one: others are gone, or another scheduler's. */
struct weight_files {
	const char *all, *device;
	bool convert; /* to io.weight's scale */
};

static struct weight_files weight_files(const struct cgroup_tree *tree)
{
	if (tree->v2 && group_has(tree, "io.bfq.weight"))
		return (struct weight_files){ "io.bfq.weight", "io.bfq.weight",
					      false };
	if (tree->v2)
		return (struct weight_files){ "io.weight", "io.weight", true };
	if (group_has(tree, "blkio.bfq.weight"))
		return (struct weight_files){ "blkio.bfq.weight",
					      "blkio.bfq.weight_device",
					      false };
	return (struct weight_files){ "blkio.weight", "blkio.weight_device",
				      false };
}

static int set_device_weight(const struct cgroup_tree *tree,
			     const struct weight_files *files,
			     const struct spec_weight_device *device,
			     struct err *err)
{
	static const char member[] = "blockIO.weightDevice";
	uint64_t weight = (uint64_t)device->weight.value;
	char value[64];
	int r = 0;

	if (device->weight.set && weight != 0) {
		(void)snprintf(value, sizeof(value), "%u:%u %" PRIu64,
			       device->major, device->minor,
			       files->convert ? io_weight(weight) : weight);
		r = group_set(tree, member, files->device, value, err);
	}
	if (r < 0 || !device->leaf_weight.set || device->leaf_weight.value == 0)
		return r;
	if (tree->v2)
		return limit_lacking("blockIO.weightDevice.leafWeight", err);
	(void)snprintf(value, sizeof(value), "%u:%u %" PRId64, device->major,
		       device->minor, device->leaf_weight.value);
	return group_set(tree, member, "blkio.leaf_weight_device", value, err);
}

static int set_weights(const struct cgroup_tree *tree,
		       const struct spec_block_io *io, struct err *err)
{
	struct weight_files files = weight_files(tree);
	int64_t weight = io->weight.value;
	int r = 0;

	if (weight != 0)
		r = group_set_int(tree, "blockIO.weight", files.all,
				  files.convert
					  ? (int64_t)io_weight((uint64_t)weight)
					  : weight,
				  err);
	if (r == 0 && io->leaf_weight.value != 0)
		r = tree->v2 ? limit_lacking("blockIO.leafWeight", err)
			     : group_set_int(tree, "blockIO.leafWeight",
					     "blkio.leaf_weight",
					     io->leaf_weight.value, err);
	for (size_t i = 0; r == 0 && i < io->weight_count; i++)
		r = set_device_weight(tree, &files, &io->weights[i], err);
	return r;
}

struct throttle_kind {
	const char *member;
	const char *v1, *v2; /* a file; a key in io.max */
};

/* 0 takes the limit away; v2 has a word for that. */
static int set_throttles(const struct cgroup_tree *tree,
			 const struct throttle_kind *kind,
			 const struct spec_throttles *list, struct err *err)
{
	char value[80];
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->count; i++) {
		const struct spec_throttle *at = &list->at[i];

		if (!tree->v2)
			(void)snprintf(value, sizeof(value), "%u:%u %" PRIu64,
				       at->major, at->minor, at->rate);
		else if (at->rate == 0)
			(void)snprintf(value, sizeof(value), "%u:%u %s=max",
				       at->major, at->minor, kind->v2);
		else
			(void)snprintf(value, sizeof(value),
				       "%u:%u %s=%" PRIu64, at->major,
				       at->minor, kind->v2, at->rate);
		r = group_set(tree, kind->member,
			      tree->v2 ? "io.max" : kind->v1, value, err);
	}
	return r;
}

static int set_io(const struct cgroup_tree *tree,
		  const struct spec_block_io *io, struct err *err)
{
	static const struct throttle_kind kinds[] = {
		{ "blockIO.throttleReadBpsDevice",
		  "blkio.throttle.read_bps_device", "rbps" },
		{ "blockIO.throttleWriteBpsDevice",
		  "blkio.throttle.write_bps_device", "wbps" },
		{ "blockIO.throttleReadIOPSDevice",
		  "blkio.throttle.read_iops_device", "riops" },
		{ "blockIO.throttleWriteIOPSDevice",
		  "blkio.throttle.write_iops_device", "wiops" },
	};
	int r = set_weights(tree, io, err);

	r = r ?: set_throttles(tree, &kinds[0], &io->read_bps, err);
	r = r ?: set_throttles(tree, &kinds[1], &io->write_bps, err);
	r = r ?: set_throttles(tree, &kinds[2], &io->read_iops, err);
	return r ?: set_throttles(tree, &kinds[3], &io->write_iops, err);
}

int io_limit_v1(const struct cgroup_tree *tree,
		const struct spec_resources *resources, struct err *err)
{
	return set_io(tree, &resources->block_io, err);
}

int io_limit_v2(const struct cgroup_tree *tree,
		const struct spec_resources *resources, struct err *err)
{
	return set_io(tree, &resources->block_io, err);
}
