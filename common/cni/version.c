/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/cni/version.h"

#include <stddef.h>
#include <string.h>

/* Arrays, not pointers: pointers would be relocated at every start. */
static const char texts[CNI_VERSIONS][6] = {
	[CNI_V0_1_0] = "0.1.0", [CNI_V0_2_0] = "0.2.0", [CNI_V0_3_0] = "0.3.0",
	[CNI_V0_3_1] = "0.3.1", [CNI_V0_4_0] = "0.4.0", [CNI_V1_0_0] = "1.0.0",
	[CNI_V1_1_0] = "1.1.0",
};

const char *cni_version_text(enum cni_version version)
{
	return texts[version];
}

bool cni_version_known(const char *text, enum cni_version *out)
{
	for (unsigned int i = 0; i < CNI_VERSIONS; i++) {
		if (strcmp(text, texts[i]) == 0) {
			*out = (enum cni_version)i;
			return true;
		}
	}
	return false;
}

enum cni_family cni_version_family(enum cni_version version)
{
	if (version >= CNI_V1_0_0)
		return CNI_FAMILY_1_0;
	return version >= CNI_V0_3_0 ? CNI_FAMILY_0_3 : CNI_FAMILY_0_1;
}

/* Read the @len bytes of a decimal number, which may have a sign. */
static const char *number(const char *text, size_t len, long long *out)
{
	bool negative = len > 0 && *text == '-';
	size_t i = negative || (len > 0 && *text == '+');
	long long value = 0;

	if (i == len)
		return "invalid syntax";
	for (; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return "invalid syntax";
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, text[i] - '0', &value))
			return "value out of range";
	}
	*out = negative ? -value : value;
	return NULL;
}

/* Read "major.minor.micro"; what is not written is 0. */
static int parse(const char *text, long long part[3], struct err *err)
{
	static const char names[3][6] = { "major", "minor", "micro" };
	const char *at = text;
	const char *why;
	unsigned int dots = 0;

	for (const char *c = text; *c; c++)
		dots += *c == '.';
	if (dots > 2)
		return err_set(err, CNI_E_DECODE,
			       "invalid version \"%s\": too many parts", text);
	for (unsigned int i = 0; i <= dots; i++) {
		size_t len = strcspn(at, ".");

		why = number(at, len, &part[i]);
		if (why)
			return err_set(err, CNI_E_DECODE,
				       "failed to convert %s version part "
				       "\"%.*s\": %s",
				       names[i], (int)len, at, why);
		at += len + 1;
	}
	return 0;
}

/* -1, 0 or 1 as @text is older than, equal to or newer than @than. */
static int compare(const char *text, enum cni_version than, int *order,
		   struct err *err)
{
	long long have[3] = { 0 }, want[3] = { 0 };
	unsigned int i = 0;
	int r;

	r = parse(text, have, err);
	r = r ?: parse(texts[than], want, err);
	if (r < 0)
		return r;
	while (i < 2 && have[i] == want[i])
		i++;
	*order = (have[i] > want[i]) - (have[i] < want[i]);
	return 0;
}

int cni_version_at_least(const char *text, enum cni_version least, bool *out,
			 struct err *err)
{
	int order = 0;
	int r = compare(text, least, &order, err);

	*out = order >= 0;
	return r;
}

int cni_version_newer(const char *text, enum cni_version than, bool *out,
		      struct err *err)
{
	int order = 0;
	int r = compare(text, than, &order, err);

	*out = order > 0;
	return r;
}
