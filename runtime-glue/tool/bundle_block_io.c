/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --blkio-weight, --device-read-bps and its like: linux.resources.blockIO. */
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "runtime-glue/tool/bundle_parts.h"

#define WEIGHT_MIN 10
#define WEIGHT_MAX 1000

struct throttle {
	const char *option;
	const char *key;
	const struct spec_strings *list;
	bool size; /* the rate is in bytes */
};

static int read_rate(const struct throttle *throttle, const char *text,
		     int64_t *out, struct err *err)
{
	if (throttle->size)
		return cli_size(throttle->option, text, out, err);
	return cli_number(throttle->option, text, 0, INT64_MAX, out, err);
}

static int find_disk(const char *option, const char *path, dev_t *out,
		     struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_sys(err, errno, "%s: \"%s\"", option, path);
	if (!S_ISBLK(st.st_mode))
		return err_set(err, CNI_E_FIELD,
			       "%s: \"%s\" is no block device", option, path);
	*out = st.st_rdev;
	return 0;
}

/* "DEVICE:RATE" */
static int put_one(struct bundle *b, const struct throttle *throttle,
		   const char *text, struct json_object *io, struct err *err)
{
	const char *colon = strrchr(text, ':');
	struct json_object *list, *item;
	int64_t rate = 0;
	char *path;
	dev_t dev = 0;
	int r;

	if (!colon || colon == text)
		return err_set(err, CNI_E_FIELD,
			       "%s: \"%s\" is not DEVICE:RATE, such as "
			       "/dev/sda:%s",
			       throttle->option, text,
			       throttle->size ? "1m" : "100");
	path = bundle_copy(b, text, (size_t)(colon - text));
	if (!path)
		return err_nomem(err);
	r = read_rate(throttle, colon + 1, &rate, err);
	r = r ?: find_disk(throttle->option, path, &dev, err);
	r = r ?: bundle_array(io, throttle->key, &list, err);
	if (r < 0)
		return r;
	item = json_object_new_object();
	r = bundle_push(list, item, err);
	r = r ?: bundle_put_number(item, "major", major(dev), err);
	r = r ?: bundle_put_number(item, "minor", minor(dev), err);
	return r ?: bundle_put_number(item, "rate", rate, err);
}

static int put_weight(const char *text, struct json_object *io, struct err *err)
{
	int64_t weight = 0;
	int r;

	if (!text || strcmp(text, "0") == 0)
		return 0;
	r = cli_number("--blkio-weight", text, WEIGHT_MIN, WEIGHT_MAX, &weight,
		       err);
	return r ?: bundle_put_number(io, "weight", weight, err);
}

int bundle_block_io(struct bundle *b, struct err *err)
{
	const struct run_options *options = b->options;
	const struct throttle throttles[] = {
		{ "--device-read-bps", "throttleReadBpsDevice",
		  &options->device_read_bps, true },
		{ "--device-write-bps", "throttleWriteBpsDevice",
		  &options->device_write_bps, true },
		{ "--device-read-iops", "throttleReadIOPSDevice",
		  &options->device_read_iops, false },
		{ "--device-write-iops", "throttleWriteIOPSDevice",
		  &options->device_write_iops, false },
	};
	struct json_object *io;
	int r = bundle_object(b->resources, "blockIO", &io, err);

	r = r ?: put_weight(options->blkio_weight, io, err);
	for (size_t i = 0; i < sizeof(throttles) / sizeof(*throttles); i++)
		for (size_t j = 0; r == 0 && j < throttles[i].list->count; j++)
			r = put_one(b, &throttles[i], throttles[i].list->at[j],
				    io, err);
	if (r == 0 && json_object_object_length(io) == 0)
		json_object_object_del(b->resources, "blockIO");
	return r;
}
