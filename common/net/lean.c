/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-ins for the parts of libnl-3 that its message functions refer to and
 * that are never reached from here.
 *
 * common/net uses libnl to build and read messages, and nothing else. But
 * attr.o and msg.o of the archive name a few functions of libnl's object
 * caches (for nl_msg_dump(), nl_msg_parse() and nla_put_addr()), and with them
 * come the caches, the sockets and the address book: 57 KiB of a plugin that
 * has 130 without. Defined here, they stay out. The same for the names of IP
 * protocols in utils.o, which bring the C library's name service into a static
 * program, and a linker's warning that it will not work there.
 *
 * Linked only with plugins, and only where libnl-3 is linked from its archive.
 * A program that uses libnl-route or libnl's caches must not be.
 */
#include <netdb.h>
#include <netlink/addr.h>
#include <netlink/cache.h>
#include <stdlib.h>

struct nl_parser_param;

int nl_cache_parse(struct nl_cache_ops *ops, struct sockaddr_nl *from,
		   struct nlmsghdr *hdr, struct nl_parser_param *param);

int nl_cache_parse(struct nl_cache_ops *ops, struct sockaddr_nl *from,
		   struct nlmsghdr *hdr, struct nl_parser_param *param)
{
	(void)ops;
	(void)from;
	(void)hdr;
	(void)param;
	abort();
}

void nl_cache_ops_put(struct nl_cache_ops *ops)
{
	(void)ops;
	abort();
}

struct nl_cache_ops *nl_cache_ops_associate_safe(int protocol, int type)
{
	(void)protocol;
	(void)type;
	abort();
}

struct nl_msgtype *nl_msgtype_lookup(struct nl_cache_ops *ops, int type)
{
	(void)ops;
	(void)type;
	abort();
}

void *nl_addr_get_binary_addr(const struct nl_addr *addr)
{
	(void)addr;
	abort();
}

unsigned int nl_addr_get_len(const struct nl_addr *addr)
{
	(void)addr;
	abort();
}

struct protoent *getprotobyname(const char *name)
{
	(void)name;
	abort();
}

struct protoent *getprotobynumber(int proto)
{
	(void)proto;
	abort();
}
