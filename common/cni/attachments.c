/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/cni/attachments.h"

#include <stdlib.h>
#include <string.h>

/* Today's key, and the one that it replaced. */
static const char *const keys[] = {
	"cni.dev/valid-attachments",
	"cni.dev/attachments",
};

#define KEYS (sizeof(keys) / sizeof(*keys))

/* Without an ifname in @a every attachment of the container is equal to it. */
static int compare(const void *a, const void *b)
{
	const struct cni_attachment *x = a;
	const struct cni_attachment *y = b;
	int order = strcmp(x->container, y->container);

	if (order || !x->ifname)
		return order;
	return strcmp(x->ifname, y->ifname);
}

static int read_one(const struct cfg *list, size_t index, struct arena *arena,
		    struct cni_attachment *out, struct err *err)
{
	const char *container = NULL;
	const char *ifname = NULL;
	struct cfg item;
	int r;

	r = cfg_at(list, index, json_type_object, &item, err);
	r = r ?: cfg_string(&item, "containerID", &container, err);
	r = r ?: cfg_string(&item, "ifname", &ifname, err);
	if (r < 0)
		return r;
	out->container = arena_strdup(arena, container);
	out->ifname = arena_strdup(arena, ifname);
	return out->container && out->ifname ? 0 : err_nomem(err);
}

static int read_list(const struct cfg *list, struct cni_attachments *out,
		     struct err *err)
{
	const size_t len = cfg_len(list);
	int r = 0;

	for (size_t i = 0; r == 0 && i < len; i++)
		r = read_one(list, i, &out->arena, &out->at[out->count++], err);
	return r;
}

int cni_attachments_read(const struct cfg *conf, struct cni_attachments *out,
			 struct err *err)
{
	struct cfg list[KEYS];
	size_t total = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < KEYS; i++) {
		r = cfg_child_or_none(conf, keys[i], json_type_array, &list[i],
				      err);
		out->present = out->present || cfg_has(conf, keys[i]);
		total += r == 0 ? cfg_len(&list[i]) : 0;
	}
	if (r < 0 || total == 0)
		return r;
	out->at = arena_array(&out->arena, total, sizeof(*out->at));
	if (!out->at)
		return err_nomem(err);
	for (size_t i = 0; r == 0 && i < KEYS; i++)
		r = read_list(&list[i], out, err);
	if (r == 0)
		qsort(out->at, out->count, sizeof(*out->at), compare);
	return r;
}

bool cni_attachments_have(const struct cni_attachments *list,
			  const char *container, const char *ifname)
{
	const struct cni_attachment key = {
		.container = container,
		.ifname = ifname,
	};

	return list->count > 0 &&
	       bsearch(&key, list->at, list->count, sizeof(*list->at), compare);
}

void cni_attachments_free(struct cni_attachments *list)
{
	arena_free(&list->arena);
	*list = (struct cni_attachments){ .present = false };
}
