/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Labels, which are annotations too, and the stop signal. */
#include <string.h>

#include "runtime-glue/tool/bundle_parts.h"

#define STOP_SIGNAL "org.opencontainers.image.stopSignal"

static int put_image_labels(struct bundle *b, struct json_object *labels,
			    struct err *err)
{
	struct cfg root, config, map, item;
	struct lh_entry *place = NULL;
	const char *text = NULL;
	int r = bundle_image_config(b, &root, &config, err);

	r = r
		    ?: cfg_child_or_none(&config, "Labels", json_type_object,
					 &map, err);
	while (r == 0 && cfg_next(&map, &place, &item)) {
		r = cfg_string_self(&item, &text, err);
		if (r == 0 && *item.key)
			r = bundle_put_text(labels, item.key, text, err);
	}
	return r;
}

static int put_label(struct bundle *b, const char *text,
		     struct json_object *labels, struct err *err)
{
	const size_t len = strcspn(text, "=");
	char *name;

	if (len == 0)
		return err_set(err, CNI_E_FIELD, "--label: \"%s\" has no name",
			       text);
	name = bundle_copy(b, text, len);
	if (!name)
		return err_nomem(err);
	return bundle_put_text(labels, name, text[len] ? text + len + 1 : "",
			       err);
}

static int put_annotations(struct bundle *b, struct json_object *labels,
			   struct err *err)
{
	struct json_object *annotations;
	int r = bundle_object(b->spec, "annotations", &annotations, err);

	json_object_object_foreach(labels, key, value)
	{
		if (r < 0)
			break;
		r = bundle_put(annotations, key, json_object_get(value), err);
	}
	return r;
}

static int put_stop_signal(struct bundle *b, struct err *err)
{
	const char *text = b->options->stop_signal, *what = "--stop-signal";
	struct json_object *annotations;
	struct cfg root, config;
	int number = 0;
	int r = bundle_image_config(b, &root, &config, err);

	if (r == 0 && !text) {
		what = "the image's StopSignal";
		r = cfg_string_or(&config, "StopSignal", "", &text, err);
	}
	if (r < 0 || !*text)
		return r;
	if (cli_signal(text, &number, err) < 0)
		return err_in(err, "%s", what);
	if (!b->box)
		return 0;
	r = bundle_object(b->spec, "annotations", &annotations, err);
	r = r ?: bundle_put_text(annotations, STOP_SIGNAL, text, err);
	return r ?: bundle_put_text(b->box->record, "stopSignal", text, err);
}

int bundle_labels(struct bundle *b, struct err *err)
{
	auto_json struct json_object *labels = json_object_new_object();
	int r = labels ? 0 : err_nomem(err);

	r = r ?: put_image_labels(b, labels, err);
	for (size_t i = 0; r == 0 && i < b->options->label.count; i++)
		r = put_label(b, b->options->label.at[i], labels, err);
	r = r ?: put_annotations(b, labels, err);
	if (r == 0 && b->box)
		r = bundle_put(b->box->record, "labels", take_ptr(labels), err);
	return r ?: put_stop_signal(b, err);
}
