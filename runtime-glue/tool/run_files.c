/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What start has to know again of create's options: of /etc/hosts and others.
 */
#include <stdlib.h>

#include "runtime-glue/tool/run.h"

#define AT(member) offsetof(struct net_options, member)

static const struct {
	const char *key;
	size_t offset;
} texts[] = {
	{ "hostname", AT(hostname) },
	{ "domainname", AT(domainname) },
};

static const struct {
	const char *key;
	size_t offset;
} lists[] = {
	{ "dns", AT(dns) },
	{ "dnsSearch", AT(dns_search) },
	{ "dnsOption", AT(dns_option) },
	{ "addHost", AT(add_host) },
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const struct spec_strings *list_of(const struct net_options *options,
					  size_t i)
{
	return (const void *)((const char *)options + lists[i].offset);
}

static int put(struct json_object *object, const char *key,
	       struct json_object *value, struct err *err)
{
	if (value && json_object_object_add(object, key, value) == 0)
		return 0;
	json_object_put(value);
	return err_nomem(err);
}

static int put_list(struct json_object *files, const char *key,
		    const struct spec_strings *list, struct err *err)
{
	struct json_object *array = json_object_new_array();
	struct json_object *value;

	for (size_t i = 0; array && i < list->count; i++) {
		value = json_object_new_string(list->at[i]);
		if (!value || json_object_array_add(array, value) < 0) {
			json_object_put(value);
			json_object_put(array);
			return err_nomem(err);
		}
	}
	return put(files, key, array, err);
}

int run_keep_files(struct box *box, const struct net_options *options,
		   struct err *err)
{
	struct json_object *files = json_object_new_object();
	int r = put(box->record, "files", files, err);

	for (size_t i = 0; r == 0 && i < COUNT(texts); i++) {
		const char *text =
			*(const char *const *)(const void *)((const char *)
								     options +
							     texts[i].offset);

		if (text)
			r = put(files, texts[i].key,
				json_object_new_string(text), err);
	}
	for (size_t i = 0; r == 0 && i < COUNT(lists); i++)
		r = put_list(files, lists[i].key, list_of(options, i), err);
	return r;
}

static int get_list(struct json_object *array, struct spec_strings *out,
		    struct err *err)
{
	size_t count = json_object_array_length(array);

	out->at = calloc(count + 1, sizeof(*out->at));
	if (!out->at)
		return err_nomem(err);
	for (; out->count < count; out->count++)
		out->at[out->count] =
			json_object_get_string(
				json_object_array_get_idx(array, out->count))
				?: "";
	return 0;
}

int run_kept_files(const struct box *box, struct net_options *out,
		   struct err *err)
{
	struct json_object *files = NULL, *value = NULL;
	int r = 0;

	*out = (struct net_options){ .publish_all = false };
	if (!json_object_object_get_ex(box->record, "files", &files))
		return 0;
	for (size_t i = 0; i < COUNT(texts); i++)
		if (json_object_object_get_ex(files, texts[i].key, &value))
			*(const char **)(void *)((char *)out +
						 texts[i].offset) =
				json_object_get_string(value);
	for (size_t i = 0; r == 0 && i < COUNT(lists); i++)
		if (json_object_object_get_ex(files, lists[i].key, &value) &&
		    json_object_is_type(value, json_type_array))
			r = get_list(value,
				     (void *)((char *)out + lists[i].offset),
				     err);
	return r;
}

void run_free_files(struct net_options *options)
{
	for (size_t i = 0; i < COUNT(lists); i++)
		free(((struct spec_strings *)(void *)((char *)options +
						      lists[i].offset))
			     ->at);
}
