/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/cni/args.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "common/base/strbuf.h"

/* One "KEY=VALUE" of the list; the texts are not terminated. */
struct piece {
	const char *text, *value;
	size_t len, key_len, value_len;
};

struct reading {
	struct cni_arg *known;
	size_t count;
	bool ignore_unknown;
	struct strbuf unknown; /* ` "A=B" "C=D"` */
};

static int piece_split(struct piece *piece, struct err *err)
{
	const char *equals = memchr(piece->text, '=', piece->len);
	const char *end = piece->text + piece->len;

	if (!equals || memchr(equals + 1, '=', (size_t)(end - equals - 1)))
		return err_set(err, CNI_E_ENV,
			       "CNI_ARGS: invalid pair \"%.*s\"",
			       (int)piece->len, piece->text);
	piece->key_len = (size_t)(equals - piece->text);
	piece->value = equals + 1;
	piece->value_len = (size_t)(end - piece->value);
	return 0;
}

static bool has_key(const struct piece *piece, const char *key)
{
	return strlen(key) == piece->key_len &&
	       memcmp(key, piece->text, piece->key_len) == 0;
}

static bool has_value(const struct piece *piece, const char *value)
{
	return strlen(value) == piece->value_len &&
	       strncasecmp(value, piece->value, piece->value_len) == 0;
}

static int read_bool(const struct piece *piece, bool *out, struct err *err)
{
	*out = has_value(piece, "1") || has_value(piece, "true");
	if (*out || has_value(piece, "0") || has_value(piece, "false"))
		return 0;
	return err_set(err, CNI_E_ENV,
		       "CNI_ARGS: error parsing value of pair \"%.*s\": "
		       "boolean unmarshal error: invalid input %.*s",
		       (int)piece->len, piece->text, (int)piece->value_len,
		       piece->value);
}

static int read_value(const struct piece *piece, struct cni_arg *arg,
		      struct err *err)
{
	if (piece->value_len >= sizeof(arg->value))
		return err_set(err, CNI_E_ENV,
			       "CNI_ARGS: value of \"%s\" is longer than %zu "
			       "bytes",
			       arg->key, sizeof(arg->value) - 1);
	memcpy(arg->value, piece->value, piece->value_len);
	arg->value[piece->value_len] = '\0';
	return 0;
}

static int read_piece(struct reading *reading, const struct piece *piece,
		      struct err *err)
{
	if (has_key(piece, "IgnoreUnknown"))
		return read_bool(piece, &reading->ignore_unknown, err);
	for (size_t i = 0; i < reading->count; i++)
		if (has_key(piece, reading->known[i].key))
			return read_value(piece, &reading->known[i], err);
	strbuf_printf(&reading->unknown, " \"%.*s\"", (int)piece->len,
		      piece->text);
	return 0;
}

/* Judged at the end: IgnoreUnknown may come after what it allows. */
static int check_unknown(const struct reading *reading, struct err *err)
{
	if (reading->unknown.failed)
		return err_nomem(err);
	if (reading->ignore_unknown || reading->unknown.len == 0)
		return 0;
	return err_set(err, CNI_E_ENV, "CNI_ARGS: unknown args [%s]",
		       reading->unknown.data + 1);
}

static int read_pieces(struct reading *reading, const char *args,
		       struct err *err)
{
	int r = 0;

	while (r == 0 && args) {
		const size_t len = strcspn(args, ";");
		struct piece piece = {
			.text = args,
			.value = args,
			.len = len,
		};

		r = piece_split(&piece, err);
		r = r ?: read_piece(reading, &piece, err);
		args = args[len] ? args + len + 1 : NULL;
	}
	return r;
}

int cni_args_read(const char *args, struct cni_arg *known, size_t count,
		  struct err *err)
{
	struct reading reading = { .known = known, .count = count };
	int r;

	for (size_t i = 0; i < count; i++)
		known[i].value[0] = '\0';
	r = read_pieces(&reading, *args ? args : NULL, err);
	r = r ?: check_unknown(&reading, err);
	strbuf_free(&reading.unknown);
	return r;
}
