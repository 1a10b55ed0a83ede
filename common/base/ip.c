/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/ip.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "common/base/text.h"

static const uint8_t mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

/* Four numbers up to 255 without leading zeros. */
static bool parse_v4(const char *text, uint8_t out[4])
{
	for (int i = 0; i < 4; i++) {
		unsigned int value = 0;
		const char *start;

		if (i > 0 && *text++ != '.')
			return false;
		for (start = text; *text >= '0' && *text <= '9'; text++) {
			value = value * 10 + (unsigned int)(*text - '0');
			if (value > 255 || (text > start && *start == '0'))
				return false;
		}
		if (text == start)
			return false;
		out[i] = (uint8_t)value;
	}
	return !*text;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One group of up to four hex digits; NULL if there is none. */
static const char *parse_group(const char *text, uint8_t out[2])
{
	unsigned int value = 0;
	const char *start = text;

	for (; hex_digit(*text) >= 0 && text - start < 4; text++)
		value = value << 4 | (unsigned int)hex_digit(*text);
	if (text == start || hex_digit(*text) >= 0)
		return NULL;
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
	return text;
}

#define NO_GAP SIZE_MAX

/* An IPv6 address being read: @n bytes so far, "::" after @gap of them. */
struct v6 {
	uint8_t bytes[16];
	size_t n, gap;
};

/* The next group and the colon behind it; NULL if that is none. */
static const char *parse_piece(const char *text, struct v6 *v6)
{
	const char *end;

	if (*text == ':' && v6->gap == NO_GAP) {
		v6->gap = v6->n;
		return text + 1;
	}
	if (v6->n <= 12 && parse_v4(text, v6->bytes + v6->n)) {
		v6->n += 4;
		return text + strlen(text);
	}
	end = v6->n <= 14 ? parse_group(text, v6->bytes + v6->n) : NULL;
	if (!end)
		return NULL;
	v6->n += 2;
	if (!*end)
		return end;
	return *end == ':' && end[1] ? end + 1 : NULL;
}

/* RFC 4291, 2.2: eight groups, one run of them "::", the end perhaps IPv4. */
static bool parse_v6(const char *text, uint8_t out[16])
{
	struct v6 v6 = { .gap = NO_GAP };
	size_t head, tail;

	if (*text == ':' && *++text != ':')
		return false;
	while (text && *text)
		text = parse_piece(text, &v6);
	if (!text || (v6.gap == NO_GAP ? v6.n != 16 : v6.n > 14))
		return false;
	head = v6.gap == NO_GAP ? v6.n : v6.gap;
	tail = v6.n - head;
	for (size_t i = 0; i < 16; i++)
		out[i] = i < head ? v6.bytes[i] : 0;
	for (size_t i = 0; i < tail; i++)
		out[16 - tail + i] = v6.bytes[head + i];
	return true;
}

/* Read @text; *@mapped tells how an IPv4 address was written. */
static int parse(const char *text, struct ip *out, bool *mapped)
{
	uint8_t v6[16];

	*mapped = false;
	*out = (struct ip){ .family = IP_NONE };
	if (parse_v4(text, out->bytes)) {
		out->family = IP_V4;
		return 0;
	}
	if (!parse_v6(text, v6))
		return -EINVAL;
	*mapped = memcmp(v6, mapped_prefix, sizeof(mapped_prefix)) == 0;
	out->family = *mapped ? IP_V4 : IP_V6;
	if (*mapped)
		memcpy(out->bytes, v6 + 12, 4);
	else
		memcpy(out->bytes, v6, 16);
	return 0;
}

int ip_parse(const char *text, struct ip *out)
{
	bool mapped;

	return parse(text, out, &mapped);
}

int cidr_parse(const char *text, struct cidr *out)
{
	const char *slash = strchr(text, '/');
	char addr[IP_TEXT + 8];
	unsigned int len = 0;
	const char *digit;
	unsigned int bits;

	*out = (struct cidr){ .len = 0 };
	if (!slash || !slash[1] || (size_t)(slash - text) >= sizeof(addr))
		return -EINVAL;
	(void)text_putn(addr, text, (size_t)(slash - text));
	if (parse(addr, &out->ip, &out->mapped) < 0)
		return -EINVAL;
	bits = out->mapped ? 128 : ip_bits(out->ip.family);
	for (digit = slash + 1; *digit >= '0' && *digit <= '9' && len <= bits;
	     digit++)
		len = len * 10 + (unsigned int)(*digit - '0');
	if (*digit || len > bits || (out->mapped && len < 96))
		return -EINVAL;
	out->len = out->mapped ? len - 96 : len;
	return 0;
}

/* The longest run of two or more zero groups of @group: RFC 5952, 4.2. */
static void longest_zeros(const unsigned int group[8], int *start, int *count)
{
	int run = 0;

	*start = -1;
	*count = 1;
	for (int i = 0; i < 8; i++) {
		run = group[i] ? 0 : run + 1;
		if (run > *count) {
			*count = run;
			*start = i - run + 1;
		}
	}
}

static char *format_v6(const struct ip *ip, char *buf)
{
	unsigned int group[8];
	char num[TEXT_NUM];
	int zeros, count;
	char *at = buf;

	for (size_t i = 0; i < 8; i++)
		group[i] = (unsigned int)ip->bytes[2 * i] << 8 |
			   ip->bytes[2 * i + 1];
	longest_zeros(group, &zeros, &count);
	*at = '\0';
	for (int i = 0; i < 8; i++) {
		if (i == zeros) {
			at = text_put(at, "::");
			i += count - 1;
			continue;
		}
		if (i > 0 && at[-1] != ':')
			*at++ = ':';
		(void)text_hex(num, group[i]);
		at = text_put(at, num);
	}
	return buf;
}

static void format_v4(const struct ip *ip, char *at)
{
	char num[TEXT_NUM];

	for (size_t i = 0; i < 4; i++) {
		if (i > 0)
			*at++ = '.';
		(void)text_uint(num, ip->bytes[i]);
		at = text_put(at, num);
	}
}

char *ip_format(const struct ip *ip, char buf[static IP_TEXT])
{
	*buf = '\0';
	if (ip->family == IP_V4)
		format_v4(ip, buf);
	else if (ip->family == IP_V6)
		(void)format_v6(ip, buf);
	return buf;
}

char *cidr_format(const struct cidr *cidr, char buf[static CIDR_TEXT])
{
	char ip[IP_TEXT], num[TEXT_NUM];

	(void)text_uint(num, cidr->len);
	(void)text_put(text_put(text_put(buf, ip_format(&cidr->ip, ip)), "/"),
		       num);
	return buf;
}

unsigned int ip_bits(enum ip_family family)
{
	switch (family) {
	case IP_V4:
		return 32;
	case IP_V6:
		return 128;
	case IP_NONE:
		break;
	}
	return 0;
}

bool ip_equal(const struct ip *a, const struct ip *b)
{
	return a->family == b->family &&
	       memcmp(a->bytes, b->bytes, ip_bits(a->family) / 8) == 0;
}

ip_num ip_to_num(const struct ip *ip)
{
	ip_num num = 0;

	for (unsigned int i = 0; i < ip_bits(ip->family) / 8; i++)
		num = num << 8 | ip->bytes[i];
	return num;
}

struct ip ip_from_num(enum ip_family family, ip_num num)
{
	struct ip ip = { .family = family };

	for (unsigned int i = ip_bits(family) / 8; i > 0; i--, num >>= 8)
		ip.bytes[i - 1] = (uint8_t)num;
	return ip;
}

/* The host bits of @cidr, all ones. */
static ip_num host_mask(const struct cidr *cidr)
{
	unsigned int host = ip_bits(cidr->ip.family) - cidr->len;

	return host >= 128 ? ~(ip_num)0 : ((ip_num)1 << host) - 1;
}

ip_num cidr_first(const struct cidr *cidr)
{
	return ip_to_num(&cidr->ip) & ~host_mask(cidr);
}

ip_num cidr_last(const struct cidr *cidr)
{
	return ip_to_num(&cidr->ip) | host_mask(cidr);
}

bool cidr_contains(const struct cidr *cidr, const struct ip *ip)
{
	ip_num num = ip_to_num(ip);

	return cidr->ip.family == ip->family && num >= cidr_first(cidr) &&
	       num <= cidr_last(cidr);
}

bool ip_unspecified(const struct ip *ip)
{
	return ip->family != IP_NONE && ip_to_num(ip) == 0;
}

bool ip_loopback(const struct ip *ip)
{
	return ip->family == IP_V4 ? ip->bytes[0] == 127
				   : ip->family == IP_V6 && ip_to_num(ip) == 1;
}
