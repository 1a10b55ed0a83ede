/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --cap-add, --cap-drop: docker's fourteen, more, or less. */
#include <linux/capability.h>
#include <strings.h>
#include <sys/prctl.h>

#include "runtime-glue/tool/bundle_parts.h"

#define BIT(cap) (UINT64_C(1) << (cap))

#define DEFAULT_CAPS                                                          \
	(BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FSETID) |           \
	 BIT(CAP_FOWNER) | BIT(CAP_MKNOD) | BIT(CAP_NET_RAW) |                \
	 BIT(CAP_SETGID) | BIT(CAP_SETUID) | BIT(CAP_SETFCAP) |               \
	 BIT(CAP_SETPCAP) | BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_SYS_CHROOT) | \
	 BIT(CAP_KILL) | BIT(CAP_AUDIT_WRITE))

/* All that there are here: what we were denied we cannot give. */
static uint64_t all_caps(void)
{
	uint64_t all = 0;

	for (int i = 0; spec_cap_name(i); i++)
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1)
			all |= BIT(i);
	return all;
}

/* @all: whether ALL is among them. */
static int read_caps(const char *option, const struct spec_strings *list,
		     uint64_t *out, bool *all, struct err *err)
{
	*out = 0;
	*all = false;
	for (size_t i = 0; i < list->count; i++) {
		int number = spec_cap_number(list->at[i]);

		if (strcasecmp(list->at[i], "ALL") == 0 ||
		    strcasecmp(list->at[i], "CAP_ALL") == 0) {
			*all = true;
			continue;
		}
		if (number < 0) {
			(void)err_set(err, CNI_E_FIELD,
				      "%s: \"%s\" is no capability", option,
				      list->at[i]);
			return err_hint(err,
					"capabilities(7) has their names, with "
					"or without CAP_; ALL is all of them");
		}
		*out |= BIT(number);
	}
	return 0;
}

/* As docker's: what is named alone wins over ALL on the other side. */
int bundle_caps(struct bundle *b, struct err *err)
{
	uint64_t add, drop;
	bool add_all, drop_all;
	int r = read_caps("--cap-add", &b->options->cap_add, &add, &add_all,
			  err);

	r = r
		    ?: read_caps("--cap-drop", &b->options->cap_drop, &drop,
				 &drop_all, err);
	if (r < 0)
		return r;
	if (b->options->privileged)
		b->caps = all_caps();
	else if (add_all)
		b->caps = all_caps() & ~drop;
	else if (drop_all)
		b->caps = add;
	else
		b->caps = (DEFAULT_CAPS & ~drop) | add;
	return 0;
}

static int put_set(struct json_object *caps, const char *key, uint64_t set,
		   struct err *err)
{
	struct json_object *array;
	int r = bundle_array(caps, key, &array, err);

	for (int i = 0; r == 0 && spec_cap_name(i); i++)
		if (set & BIT(i))
			r = bundle_push_text(array, spec_cap_name(i), err);
	return r;
}

/*
 * Not inheritable, as CVE-2022-24769 taught. Who is not root has them only as a
 * bound, as after an execve().
 */
int bundle_caps_put(struct bundle *b, struct err *err)
{
	struct json_object *caps;
	int r = bundle_object(b->process, "capabilities", &caps, err);

	r = r ?: put_set(caps, "bounding", b->caps, err);
	if (b->uid != 0)
		return r;
	r = r ?: put_set(caps, "effective", b->caps, err);
	return r ?: put_set(caps, "permitted", b->caps, err);
}
