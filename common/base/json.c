/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/json.h"

#include <stdbool.h>
#include <string.h>

#include "common/base/utf8.h"

DEFINE_AUTO(tokener, struct json_tokener *, json_tokener_free)
#define auto_tokener AUTO(auto_tokener_release)

static int bad(struct err *err, const char *what, const char *why, size_t at)
{
	return err_set(err, CNI_E_DECODE, "error unmarshall %s: %s at byte %zu",
		       what, why, at);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Is the number that @text[i] is in or begins one of "00", "-01"? */
static bool leads_with_zero(const char *text, size_t len, size_t i)
{
	char before = ' ';

	if (text[i] != '0' || i + 1 == len || !is_digit(text[i + 1]))
		return false;
	if (i > 0)
		before = text[i - 1];
	if ((before == '-' || before == '+') && i > 1)
		before = text[i - 2]; /* an exponent may have zeros: 1e-05 */
	return !is_digit(before) && !strchr(".eE", before);
}

/*
 * Find what json-c lets pass even when it is strict: NaN and Infinity, 'text',
 * control characters in strings, "1.", "-01". NULL if there is nothing of the
 * kind.
 */
static const char *lenient(const char *text, size_t len, size_t *at)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < len; i++) {
		*at = i;
		if (text[i] == '"')
			quoted = !quoted;
		else if (quoted && text[i] == '\\')
			i++;
		else if (quoted && (unsigned char)text[i] < 0x20)
			return "control character in a string";
		else if (!quoted && strchr("NI'", text[i]))
			return "unexpected character";
		else if (!quoted && text[i] == '.' &&
			 (i + 1 == len || !is_digit(text[i + 1])))
			return "number without digits after its point";
		else if (!quoted && leads_with_zero(text, len, i))
			return "number with a leading zero";
	}
	return NULL;
}

/* json-c stops at the first byte after the value; only space may follow. */
static int check_tail(const char *text, size_t len, size_t end,
		      const char *what, struct err *err)
{
	while (end < len && strchr(" \t\r\n", text[end]))
		end++;
	if (end < len)
		return bad(err, what, "unexpected text after the value", end);
	return 0;
}

/* json-c checks the form of UTF-8, but not for overlong and surrogate ones. */
static bool is_utf8(const char *text, size_t len, size_t *at)
{
	size_t n;

	for (*at = 0; *at < len; *at += n) {
		n = utf8_len((const unsigned char *)text + *at, len - *at);
		if (n == 0)
			return false;
	}
	return true;
}

/* Refuse what json-c need not or cannot see. */
static int check_bytes(const char *text, size_t len, const char *what,
		       struct err *err)
{
	const char *nul, *fault;
	size_t at;

	if (len > JSON_MAX_BYTES)
		return err_set(err, CNI_E_DECODE,
			       "error unmarshall %s: more than %u bytes", what,
			       JSON_MAX_BYTES);
	if (len == 0)
		return bad(err, what, "unexpected end", 0);
	nul = memchr(text, '\0', len);
	if (nul)
		return bad(err, what, "NUL byte", (size_t)(nul - text));
	if (!is_utf8(text, len, &at))
		return bad(err, what, "invalid UTF-8", at);
	fault = lenient(text, len, &at);
	return fault ? bad(err, what, fault, at) : 0;
}

int json_parse(const char *text, size_t len, const char *what,
	       struct json_object **out, struct err *err)
{
	auto_tokener struct json_tokener *tok = NULL;
	auto_json struct json_object *doc = NULL;
	enum json_tokener_error why;
	size_t end;
	int r;

	*out = NULL;
	r = check_bytes(text, len, what, err);
	if (r < 0)
		return r;
	tok = json_tokener_new_ex(JSON_MAX_DEPTH);
	if (!tok)
		return err_nomem(err);
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT |
					    JSON_TOKENER_ALLOW_TRAILING_CHARS);
	doc = json_tokener_parse_ex(tok, text, (int)len);
	why = json_tokener_get_error(tok);
	end = json_tokener_get_parse_end(tok);
	if (why == json_tokener_continue) {
		/* Cut short, or a bare number: only the NUL ends that. */
		doc = json_tokener_parse_ex(tok, "", 1);
		why = json_tokener_get_error(tok);
		end = len;
	}
	if (why != json_tokener_success)
		return bad(err, what,
			   end == len ? "unexpected end"
				      : json_tokener_error_desc(why),
			   end);
	r = check_tail(text, len, end, what, err);
	if (r == 0)
		*out = take_ptr(doc);
	return r;
}
