/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rmi, tag, prune: names, and images that go. What a container has, running or
 * not, stays: its root file system is made of the image's layers.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "runtime-glue/tool/image_show.h"

struct options {
	bool force, all;
};

static const struct cli_option rmi_options[] = {
	{ "force", 'f', CLI_FLAG, offsetof(struct options, force), NULL,
	  "by its id also an image of several names; no error if there is "
	  "none" },
	{ .name = NULL },
};

static const struct cli_option prune_options[] = {
	{ "all", 'a', CLI_FLAG, offsetof(struct options, all), NULL,
	  "those with a name, too" },
	{ "force", 'f', CLI_FLAG, offsetof(struct options, force), NULL,
	  "accepted; nothing is asked here" },
	{ .name = NULL },
};

static const struct cli_option no_options[] = { { .name = NULL } };

/* ---- rmi ---- */

/* Under the store's lock: nobody begins to use an image meanwhile. */
struct removal {
	const struct tool *tool;
	struct image_store store;
	int lock;
	bool force;
	struct json_object *used;
	struct strbuf text;
};

static void removal_close(struct removal *removal)
{
	strbuf_free(&removal->text);
	json_object_put(removal->used);
	if (removal->lock >= 0)
		(void)close(removal->lock);
	image_store_close(&removal->store);
}

static int removal_open(struct removal *removal, struct err *err)
{
	int r = image_store_open(removal->tool->root, &removal->store, err);

	if (r < 0)
		return r;
	removal->lock = image_lock(&removal->store, true, err);
	if (removal->lock < 0)
		return removal->lock;
	removal->used = json_object_new_object();
	return removal->used ? image_used(removal->tool, removal->used, err)
			     : err_nomem(err);
}

static bool is_used(const struct removal *removal,
		    const struct image_entry *entry)
{
	return json_object_object_get_ex(removal->used, entry->id, NULL);
}

static int drop_name(struct removal *removal, const char *name, struct err *err)
{
	int r = image_name_remove(&removal->store, name, err);

	if (r == 0)
		strbuf_printf(&removal->text, "Untagged: %s\n",
			      image_name_short(name));
	return r;
}

static int drop_image(struct removal *removal, const struct image_entry *entry,
		      struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < entry->name_count; i++)
		r = drop_name(removal, entry->names[i], err);
	r = r ?: image_remove(&removal->store, entry->manifest, err);
	if (r == 0)
		strbuf_printf(&removal->text, "Deleted: sha256:%s\n",
			      entry->id);
	return r;
}

/* Which of its names @reference is; NULL: it is meant by its id. */
static const char *own_name(const struct image_entry *entry,
			    const char *reference)
{
	for (size_t i = 0; i < entry->name_count; i++) {
		struct image_entry only = *entry;
		const struct image_list one = { .entries = &only, .count = 1 };
		const struct image_entry *found;
		struct err ignored = { .code = CNI_OK };

		/* Nothing but the name left to find it by. */
		only.names = &entry->names[i];
		only.name_count = 1;
		memset(only.id, 0, sizeof(only.id));
		memset(only.manifest, 0, sizeof(only.manifest));
		if (image_list_find(&one, reference, &found, &ignored) == 0)
			return entry->names[i];
	}
	return NULL;
}

static int in_use(const char *reference, struct err *err)
{
	(void)err_set(err, CNI_E_FIELD, "image \"%.200s\" has a container",
		      reference);
	(void)err_hint(err, "runtime-glue ps -a shows it; remove it first, "
			    "with runtime-glue rm");
	err->errnum = EBUSY;
	return -EBUSY;
}

static int remove_one(struct removal *removal, const char *reference,
		      struct err *err)
{
	auto_image_list struct image_list list = { .entries = NULL };
	const struct image_entry *entry;
	const char *name;
	int r = image_list(&removal->store, &list, err);

	r = r ?: image_list_find(&list, reference, &entry, err);
	if (r == -ENOENT && removal->force) {
		err_clear(err);
		return 0;
	}
	if (r < 0)
		return r;
	name = own_name(entry, reference);
	if (name && entry->name_count > 1)
		return drop_name(removal, name, err);
	if (is_used(removal, entry))
		return in_use(reference, err);
	if (!name && entry->name_count > 1 && !removal->force) {
		(void)err_set(err, CNI_E_FIELD,
			      "image \"%.200s\" has %zu names", reference,
			      entry->name_count);
		return err_hint(err, "remove them by name, or all with -f");
	}
	return drop_image(removal, entry, err);
}

static int print(struct removal *removal, struct err *err)
{
	return removal->text.failed ? err_nomem(err)
				    : cli_print(strbuf_str(&removal->text),
						removal->text.len, err);
}

/* Each of them, and the first failure is told. */
static int rmi(const struct tool *tool, const void *opaque, int argc,
	       char **argv, struct err *err)
{
	const struct options *o = opaque;
	AUTO(removal_close)
	struct removal removal = {
		.tool = tool,
		.store = IMAGE_STORE_NONE,
		.lock = -1,
		.force = o->force,
	};
	int r = removal_open(&removal, err);

	if (r < 0)
		return r;
	for (int i = 0; i < argc; i++) {
		struct err why = { .code = CNI_OK };

		if (remove_one(&removal, argv[i], &why) < 0)
			r = first_of(err_take(err, &why), r);
	}
	r = first_of(image_collect(&removal.store, NULL, err), r);
	return first_of(print(&removal, err), r);
}

/* ---- prune ---- */

static int prune(const struct tool *tool, const void *opaque, int argc,
		 char **argv, struct err *err)
{
	const struct options *o = opaque;
	auto_image_list struct image_list list = { .entries = NULL };
	AUTO(removal_close)
	struct removal removal = {
		.tool = tool,
		.store = IMAGE_STORE_NONE,
		.lock = -1,
	};
	uint64_t freed = 0;
	char bytes[16];
	int r = removal_open(&removal, err);

	(void)argc;
	(void)argv;
	r = r ?: image_list(&removal.store, &list, err);
	for (size_t i = 0; r == 0 && i < list.count; i++) {
		const struct image_entry *entry = &list.entries[i];

		if ((o->all || entry->name_count == 0) &&
		    !is_used(&removal, entry))
			r = drop_image(&removal, entry, err);
	}
	r = r ?: image_collect(&removal.store, &freed, err);
	image_put_size(freed, bytes);
	strbuf_printf(&removal.text, "Freed: %s\n", bytes);
	return first_of(print(&removal, err), r);
}

/* ---- tag ---- */

static int tag(const struct tool *tool, const void *opaque, int argc,
	       char **argv, struct err *err)
{
	auto_image_store struct image_store store = IMAGE_STORE_NONE;
	auto_image_change struct image_change change = IMAGE_CHANGE_NONE;
	auto_image_list struct image_list list = { .entries = NULL };
	const struct image_entry *entry;
	auto_free char *name = NULL;
	int r = image_name_normal(argv[1], &name, err);

	(void)opaque;
	(void)argc;
	r = r ?: image_store_open(tool->root, &store, err);
	r = r ?: image_change_begin(&store, &change, err);
	r = r ?: image_list(&store, &list, err);
	r = r ?: image_list_find(&list, argv[0], &entry, err);
	r = r ?: image_change_name(&change, name, entry->manifest, err);
	return r ?: image_change_commit(&change, err);
}

const struct tool_verb verb_rmi = {
	.name = "rmi",
	.arguments = "IMAGE...",
	.help = "remove names of images, and images without one",
	.section = "Images",
	.options = rmi_options,
	.options_size = sizeof(struct options),
	.anywhere = true,
	.min_args = 1,
	.max_args = -1,
	.run = rmi,
};

const struct tool_verb verb_tag = {
	.name = "tag",
	.arguments = "IMAGE NAME[:TAG]",
	.help = "give an image one more name",
	.section = "Images",
	.options = no_options,
	.options_size = sizeof(struct options),
	.anywhere = true,
	.min_args = 2,
	.max_args = 2,
	.run = tag,
};

const struct tool_verb verb_prune = {
	.name = "prune",
	.arguments = "",
	.help = "remove the images without a name that no container has",
	.section = "Images",
	.options = prune_options,
	.options_size = sizeof(struct options),
	.anywhere = true,
	.run = prune,
};
