/* SPDX-License-Identifier: GPL-2.0-or-later */
/* resolv.conf: what the reference makes of it, and hostile files. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "plugins/host-local-ipam/resolv.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const struct {
	const char *text;
	const char *want; /* "nameservers|domain|search|options" */
} cases[] = {
	{ "", "|||" },
	{ "\n\n", "|||" },
	{ "nameserver 1.1.1.1", "1.1.1.1|||" },
	{ "nameserver 1.1.1.1 2.2.2.2\nnameserver\t8.8.8.8\r\n"
	  "  search a b\nsearch c\noptions x y:2 #c\ndomain q\ndomain z w\n"
	  "#nameserver 9\n;x y\nnameserver\nsortlist 1\nNAMESERVER 5\n"
	  "nameserver 7",
	  "1.1.1.1 8.8.8.8 7|z|a b c|x y:2 #c" },
	{ "# nameserver 1\n ; nameserver 2\n#\n", "|||" },
	{ "search a\vb\fc\rd\n", "||a b c d|" },
	{ "domain\ndomain x\ndomain\n", "|x||" },
	{ "search\r\noptions \t \r\n", "|||" },
	{ "\xef\xbb\xbfnameserver 1.1.1.1\n", "|||" },
	{ "nameserver a\xff"
	  "b\n",
	  "a\xff"
	  "b|||" },
	{ "options 1 2 3 4 5 6 7 8 9\noptions a b c d e f g h\n",
	  "|||1 2 3 4 5 6 7 8 9 a b c d e f g h" },
};

static void show_list(const struct cni_strings *list, struct strbuf *out)
{
	assert_int_equal(list->present, list->count > 0);
	for (size_t i = 0; i < list->count; i++)
		strbuf_printf(out, "%s%s", i > 0 ? " " : "", list->at[i]);
}

static void show(const struct cni_dns *dns, struct strbuf *out)
{
	show_list(&dns->nameservers, out);
	strbuf_printf(out, "|%s|", dns->domain ?: "");
	show_list(&dns->search, out);
	strbuf_putc(out, '|');
	show_list(&dns->options, out);
}

static void parse_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_arena struct arena arena = { .chunks = NULL };
		auto_strbuf struct strbuf got = { .data = NULL };
		struct err err = { .code = CNI_OK };
		size_t len = strlen(cases[i].text);
		struct cni_dns dns;

		assert_int_equal(resolv_parse(cases[i].text, len, &arena, &dns,
					      &err),
				 0);
		show(&dns, &got);
		assert_string_equal(strbuf_str(&got), cases[i].want);
	}
}

static void refuse_nul(void **state)
{
	static const char text[] = "nameserver 1.1.1.1\0evil\n";
	auto_arena struct arena arena = { .chunks = NULL };
	struct err err = { .code = CNI_OK };
	struct cni_dns dns;

	(void)state;
	assert_int_equal(resolv_parse(text, sizeof(text) - 1, &arena, &dns,
				      &err),
			 -EINVAL);
	assert_int_equal(err.code, CNI_E_CONFIG);
	assert_string_equal(err.msg, "contains a NUL character");
}

/* The length of a line, without its \n, and where it stands. */
static const struct {
	const char *before, *after;
	size_t length;
	int want;
} long_cases[] = {
	{ "", "\nnameserver 1\n", 65535, 0 },
	{ "", "\nnameserver 1\n", 65536, -EINVAL },
	{ "", "\r\nnameserver 1\n", 65534, 0 },
	{ "", "\r\nnameserver 1\n", 65535, -EINVAL },
	{ "nameserver 1\n", "", 65535, 0 },
	{ "nameserver 1\n", "", 65536, -EINVAL },
};

static void long_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(long_cases); i++) {
		auto_arena struct arena arena = { .chunks = NULL };
		auto_strbuf struct strbuf text = { .data = NULL };
		auto_strbuf struct strbuf want = { .data = NULL };
		struct err err = { .code = CNI_OK };
		struct cni_dns dns;
		int r;

		strbuf_puts(&text, long_cases[i].before);
		for (size_t n = 0; n < long_cases[i].length; n++)
			strbuf_putc(&text, '#');
		strbuf_puts(&text, long_cases[i].after);
		r = resolv_parse(text.data, text.len, &arena, &dns, &err);
		assert_int_equal(r, long_cases[i].want);
		if (r < 0)
			strbuf_printf(&want,
				      "line %d is longer than 65535 bytes",
				      *long_cases[i].before ? 2 : 1);
		assert_string_equal(err.msg, strbuf_str(&want));
	}
}

/* A directory of its own for each test. */
struct place {
	char dir[32], file[48];
};

static int place_setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	if (!place)
		return -1;
	(void)snprintf(place->dir, sizeof(place->dir), "/tmp/resolv.XXXXXX");
	if (!mkdtemp(place->dir))
		return -1;
	(void)snprintf(place->file, sizeof(place->file), "%s/conf", place->dir);
	*state = place;
	return 0;
}

static int place_teardown(void **state)
{
	struct place *place = *state;

	(void)unlink(place->file);
	(void)rmdir(place->dir);
	free(place);
	return 0;
}

static void write_file(const char *path, const char *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	(void)close(fd);
}

static void read_file(void **state)
{
	static const char text[] = "nameserver 9.9.9.9\n";
	const struct place *place = *state;
	auto_arena struct arena arena = { .chunks = NULL };
	struct err err = { .code = CNI_OK };
	struct cni_dns dns;

	write_file(place->file, text, sizeof(text) - 1);
	assert_int_equal(resolv_read(place->file, &arena, &dns, &err), 0);
	assert_int_equal(dns.nameservers.count, 1);
	assert_string_equal(dns.nameservers.at[0], "9.9.9.9");
	assert_int_equal(resolv_read("/dev/null", &arena, &dns, &err), 0);
	assert_false(cni_dns_present(&dns));
}

/* Reading @path fails with @r and a message around the quoted path. */
static void assert_unreadable(const char *path, int r, enum cni_code code,
			      const char *before, const char *after)
{
	auto_arena struct arena arena = { .chunks = NULL };
	auto_strbuf struct strbuf want = { .data = NULL };
	struct err err = { .code = CNI_OK };
	struct cni_dns dns;

	assert_int_equal(resolv_read(path, &arena, &dns, &err), r);
	assert_int_equal(err.code, code);
	strbuf_printf(&want, "ipam.resolvConf: %s\"%s\": %s", before, path,
		      after);
	assert_string_equal(err.msg, strbuf_str(&want));
}

static void unreadable_files(void **state)
{
	const struct place *place = *state;

	assert_unreadable(place->file, -ENOENT, CNI_E_IO, "open ",
			  "No such file or directory");
	assert_unreadable(place->dir, -EISDIR, CNI_E_IO, "read ",
			  "Is a directory");
	write_file(place->file, "a\0b", 3);
	assert_unreadable(place->file, -EINVAL, CNI_E_CONFIG, "",
			  "contains a NUL character");
}

static void too_large_a_file(void **state)
{
	const struct place *place = *state;

	write_file(place->file, "", 0);
	assert_int_equal(truncate(place->file, (8 << 20) + 1), 0);
	assert_unreadable(place->file, -EFBIG, CNI_E_IO, "read ",
			  "File too large");
	assert_unreadable("/dev/zero", -EFBIG, CNI_E_IO, "read ",
			  "File too large");
}

static void fifo_does_not_hang(void **state)
{
	const struct place *place = *state;
	auto_arena struct arena arena = { .chunks = NULL };
	struct err err = { .code = CNI_OK };
	struct cni_dns dns;
	int fd;

	assert_int_equal(mkfifo(place->file, 0600), 0);
	(void)alarm(10);
	assert_int_equal(resolv_read(place->file, &arena, &dns, &err), 0);
	fd = open(place->file, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_unreadable(place->file, -EAGAIN, CNI_E_IO, "read ",
			  "Resource temporarily unavailable");
	(void)alarm(0);
	(void)close(fd);
}

#define WITH_PLACE(test) \
	cmocka_unit_test_setup_teardown(test, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_texts),  cmocka_unit_test(refuse_nul),
		cmocka_unit_test(long_lines),   WITH_PLACE(read_file),
		WITH_PLACE(unreadable_files),   WITH_PLACE(too_large_a_file),
		WITH_PLACE(fifo_does_not_hang),
	};

	return cmocka_run_group_tests_name("resolv", tests, NULL, NULL);
}
