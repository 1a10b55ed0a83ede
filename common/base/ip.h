/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPv4 and IPv6 addresses and prefixes, read and written as CNI's text forms:
 * dotted quad without leading zeros, RFC 4291 without a zone; written as
 * RFC 5952 says. A v4-mapped IPv6 address reads as the IPv4 address it is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ip_family {
	IP_NONE = 0, /* no address: absent, or "" */
	IP_V4 = 4,
	IP_V6 = 6,
};

struct ip {
	enum ip_family family;
	uint8_t bytes[16]; /* network order; the first 4 for IPv4 */
};

struct cidr {
	struct ip ip;     /* host bits are kept */
	unsigned int len; /* prefix length in bits */
	bool mapped;      /* was written as a v4-mapped IPv6 prefix */
};

/* Room for the longest text, with its NUL. */
#define IP_TEXT   46
#define CIDR_TEXT 50

/* An address as a number in host order, so that ranges can be computed. */
typedef unsigned __int128 ip_num; /* NOLINT(readability-identifier-naming) */

/* Read @text. Returns 0 or -EINVAL. "" is not an address here. */
int ip_parse(const char *text, struct ip *out);
int cidr_parse(const char *text, struct cidr *out);

/* Write into @buf, which is returned; IP_NONE becomes "". */
char *ip_format(const struct ip *ip, char buf[static IP_TEXT]);
char *cidr_format(const struct cidr *cidr, char buf[static CIDR_TEXT]);

unsigned int ip_bits(enum ip_family family); /* 32, 128; 0 for IP_NONE */
bool ip_equal(const struct ip *a, const struct ip *b);
bool cidr_contains(const struct cidr *cidr, const struct ip *ip);
bool ip_unspecified(const struct ip *ip); /* 0.0.0.0 or :: */
bool ip_loopback(const struct ip *ip);    /* 127.0.0.0/8 or ::1 */

ip_num ip_to_num(const struct ip *ip);
struct ip ip_from_num(enum ip_family family, ip_num num);

/* The first and last address of the prefix. */
ip_num cidr_first(const struct cidr *cidr);
ip_num cidr_last(const struct cidr *cidr);
