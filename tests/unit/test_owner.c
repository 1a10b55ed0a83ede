/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose an object is, and the hashes that names are made of. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/hash.h"
#include "common/cni/owner.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* ---- Hashes ---- */

/* As the reference plugins have them: cni-behaviour.md 1.8. */
static void test_known_hashes(void **state)
{
	static const struct {
		const char *parts[3];
		size_t count, digits;
		const char *want;
	} cases[] = {
		{ { "n1" }, 1, 16, "43d91f8451058a70" },
		{ { "eth0", ":", "c1" }, 3, 16, "f4d01f2ef4b92245" },
		{ { "n1", "c1" }, 2, 24, "7be53730afe4dc6eb2178d03" },
		{ { "n1c1" }, 1, 23, "7be53730afe4dc6eb2178d0" },
		{ { "n1", "c1" }, 2, 0, "" },
		/* FIPS 180-2, of "abc" and of nothing */
		{ { "a", "", "bc" },
		  3,
		  128,
		  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee6"
		  "4b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e"
		  "2a9ac94fa54ca49f" },
		{ { "" },
		  0,
		  128,
		  "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921"
		  "d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81"
		  "a538327af927da3e" },
	};
	char out[HASH_HEX_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		hash_hex(cases[i].parts, cases[i].count, out, cases[i].digits);
		assert_string_equal(out, cases[i].want);
	}
}

/* More digits than there are. */
static void test_longest_hash(void **state)
{
	const char *parts[] = { "abc" };
	char out[HASH_HEX_MAX + 1];

	(void)state;
	hash_hex(parts, 1, out, 1000);
	assert_int_equal(strlen(out), HASH_HEX_MAX);
}

/* ---- Texts ---- */

static const char *of_length(size_t len)
{
	static char texts[4][300];
	static size_t turn;
	char *text = texts[turn++ % 4];

	memset(text, 'x', len);
	text[len] = '\0';
	return text;
}

static void test_texts(void **state)
{
	const struct cni_owner owner = { "net", "abc123", "eth0" };
	struct cni_request req = { .name = "n",
				   .container = "c",
				   .ifname = "i" };
	struct cni_owner of_req = cni_owner_of(&req);
	char text[OWNER_TEXT];

	(void)state;
	assert_string_equal(cni_owner_text(&owner, text),
			    "cni:net/abc123/eth0");
	assert_string_equal(cni_owner_prefix("net", text), "cni:net/");
	assert_string_equal(cni_owner_text(&of_req, text), "cni:n/c/i");
}

/* The longest names that stay as they are, and one character more. */
static void test_shortened(void **state)
{
	char text[OWNER_TEXT], prefix[OWNER_TEXT], hex[17];
	struct cni_owner owner = { of_length(42), of_length(64),
				   of_length(15) };

	(void)state;
	(void)cni_owner_text(&owner, text);
	assert_int_equal(strlen(text), OWNER_TEXT - 1);
	assert_null(strchr(text, '#'));

	owner.network = of_length(43);
	hash_hex(&owner.network, 1, hex, 16);
	(void)cni_owner_text(&owner, text);
	assert_int_equal(strncmp(text, "cni:#", 5), 0);
	assert_int_equal(strncmp(text + 5, hex, 16), 0);
	assert_int_equal(strncmp(text + 21, "/xxx", 4), 0);
	/* Short or not, all of a network begin with its prefix. */
	(void)cni_owner_prefix(owner.network, prefix);
	assert_int_equal(strncmp(text, prefix, strlen(prefix)), 0);

	owner = (struct cni_owner){ of_length(255), of_length(65), "eth0" };
	hash_hex(&owner.container, 1, hex, 16);
	(void)cni_owner_text(&owner, text);
	assert_int_equal(strncmp(text + 21, "/#", 2), 0);
	assert_int_equal(strncmp(text + 23, hex, 16), 0);
	assert_string_equal(text + 39, "/eth0");
}

/* Names of any length give a text that fits. */
static void test_any_length(void **state)
{
	char text[OWNER_TEXT];

	(void)state;
	for (size_t i = 0; i < 300; i++) {
		const struct cni_owner owner = { of_length(i),
						 of_length(299 - i),
						 of_length(i % 16) };

		assert_true(strlen(cni_owner_text(&owner, text)) < OWNER_TEXT);
		assert_true(strlen(cni_owner_prefix(owner.network, text)) <
			    OWNER_TEXT);
	}
}

static void test_stale(void **state)
{
	struct cni_attachment list[] = { { "c1", "eth0" }, { "c2", "eth0" } };
	const struct cni_attachments valid = { .present = true,
					       .count = 2,
					       .at = list };
	const struct cni_attachments none = { .present = true };
	static const struct {
		const char *text;
		bool stale;
	} cases[] = {
		{ "cni:net/c1/eth0", false },  { "cni:net/c2/eth0", false },
		{ "cni:net/c1/eth1", true },   { "cni:net/c3/eth0", true },
		{ "cni:net/c1", false },       /* none of ours */
		{ "cni:net2/c3/eth0", false }, /* of other networks */
		{ "cni:ne/c3/eth0", false },   { "xcni:net/c3/eth0", false },
		{ "net/c3/eth0", false },      { "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(cni_owner_stale(cases[i].text, "net", &valid),
				 cases[i].stale);
	assert_true(cni_owner_stale("cni:net/c1/eth0", "net", &none));
}

/* What is compared is the short form, if it has one. */
static void test_stale_shortened(void **state)
{
	struct cni_attachment list[] = { { of_length(200), "eth0" } };
	const struct cni_attachments valid = { .count = 1, .at = list };
	struct cni_owner owner = { of_length(100), list[0].container, "eth0" };
	char text[OWNER_TEXT];

	(void)state;
	(void)cni_owner_text(&owner, text);
	assert_false(cni_owner_stale(text, owner.network, &valid));
	owner.container = of_length(201);
	(void)cni_owner_text(&owner, text);
	assert_true(cni_owner_stale(text, owner.network, &valid));
}

/* ---- Links ---- */

static void test_link_names(void **state)
{
	char name[OWNER_LINK], first[OWNER_LINK], again[OWNER_LINK];

	(void)state;
	for (unsigned int i = 0; i < 1000; i++) {
		char id[16];
		const struct cni_owner owner = { "net", id, "eth0" };

		(void)snprintf(id, sizeof(id), "c%u", i / 4);
		(void)cni_owner_link(&owner, i % 4, name);
		assert_int_equal(strlen(name), 15);
		assert_int_equal(strncmp(name, "veth", 4), 0);
		for (const char *c = name; *c; c++)
			assert_true(islower((unsigned char)*c) ||
				    (*c >= '2' && *c <= '7'));
		/* The network's part is the same for all. */
		if (i == 0)
			memcpy(first, name, sizeof(first));
		assert_memory_equal(name, first, 8);
		if (i > 0)
			assert_string_not_equal(name, first);
		assert_string_equal(cni_owner_link(&owner, i % 4, again), name);
	}
}

/* DEL must find what an older version of us has made. */
static void test_link_names_stay(void **state)
{
	static const struct cni_owner owner = { "n1", "c1", "eth0" };
	char name[OWNER_LINK];

	(void)state;
	assert_string_equal(cni_owner_link(&owner, 0, name), "vethdz7e5bjdwpf");
	assert_string_equal(cni_owner_link(&owner, 1, name), "vethdz7ewsxhssm");
}

/* Names that meet when they are put together are still different. */
static void test_link_names_differ(void **state)
{
	static const struct cni_owner owners[] = {
		{ "net", "ab", "c" },
		{ "net", "a", "bc" },
		{ "net", "ab", "c0" },
		{ "net", "ac", "b" },
	};
	char names[4][OWNER_LINK];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		(void)cni_owner_link(&owners[i], 0, names[i]);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(names[i], names[k]);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_hashes),
		cmocka_unit_test(test_longest_hash),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_shortened),
		cmocka_unit_test(test_any_length),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_stale_shortened),
		cmocka_unit_test(test_link_names),
		cmocka_unit_test(test_link_names_stay),
		cmocka_unit_test(test_link_names_differ),
	};

	return cmocka_run_group_tests_name("owner", tests, NULL, NULL);
}
