/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/ip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

/* Read @text; *@mapped tells how an IPv4 address was written. */
static int parse(const char *text, struct ip *out, bool *mapped)
{
	uint8_t v6[16];

	*mapped = false;
	*out = (struct ip){ .family = IP_NONE };
	if (inet_pton(AF_INET, text, out->bytes) == 1) {
		out->family = IP_V4;
		return 0;
	}
	if (inet_pton(AF_INET6, text, v6) != 1)
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
	memcpy(addr, text, (size_t)(slash - text));
	addr[slash - text] = '\0';
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
	int zeros, count;
	char *at = buf;

	for (int i = 0; i < 8; i++)
		group[i] = (unsigned int)ip->bytes[2 * i] << 8 |
			   ip->bytes[2 * i + 1];
	longest_zeros(group, &zeros, &count);
	*at = '\0';
	for (int i = 0; i < 8; i++) {
		if (i == zeros) {
			at += snprintf(at, 3, "::");
			i += count - 1;
			continue;
		}
		at += snprintf(at, 6, "%s%x", i > 0 && at[-1] != ':' ? ":" : "",
			       group[i]);
	}
	return buf;
}

char *ip_format(const struct ip *ip, char buf[static IP_TEXT])
{
	*buf = '\0';
	if (ip->family == IP_V4)
		(void)snprintf(buf, IP_TEXT, "%u.%u.%u.%u", ip->bytes[0],
			       ip->bytes[1], ip->bytes[2], ip->bytes[3]);
	else if (ip->family == IP_V6)
		(void)format_v6(ip, buf);
	return buf;
}

char *cidr_format(const struct cidr *cidr, char buf[static CIDR_TEXT])
{
	char ip[IP_TEXT];

	(void)snprintf(buf, CIDR_TEXT, "%s/%u", ip_format(&cidr->ip, ip),
		       cidr->len);
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
