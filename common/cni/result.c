/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/cni/result.h"

#include <string.h>

#define FIRST_ROOM 4U /* a power of two */

/*
 * An array of @count elements that has room for one more: @old, or a copy.
 * The capacity is not stored, it is always the next power of two.
 */
static void *with_room(struct arena *arena, void *old, size_t count,
		       size_t size)
{
	void *bigger;

	if (count > 0 && (count < FIRST_ROOM || (count & (count - 1)) != 0))
		return old;
	bigger = arena_array(arena, count ? 2 * count : FIRST_ROOM, size);
	if (bigger && count > 0)
		memcpy(bigger, old, count * size);
	return bigger;
}

struct cni_interface *cni_result_add_interface(struct cni_result *result)
{
	struct cni_interface *all =
		with_room(&result->arena, result->interfaces,
			  result->interface_count, sizeof(*all));

	if (!all)
		return NULL;
	result->interfaces = all;
	all += result->interface_count++;
	*all = (struct cni_interface){ .name = NULL };
	return all;
}

struct cni_ip *cni_result_add_ip(struct cni_result *result)
{
	struct cni_ip *all = with_room(&result->arena, result->ips,
				       result->ip_count, sizeof(*all));

	if (!all)
		return NULL;
	result->ips = all;
	all += result->ip_count++;
	*all = (struct cni_ip){ .has_interface = false };
	return all;
}

struct cni_route *cni_result_add_route(struct cni_result *result)
{
	struct cni_route *all = with_room(&result->arena, result->routes,
					  result->route_count, sizeof(*all));

	if (!all)
		return NULL;
	result->routes = all;
	all += result->route_count++;
	*all = (struct cni_route){ .mtu = 0 };
	return all;
}

bool cni_dns_present(const struct cni_dns *dns)
{
	return dns->nameservers.present || dns->search.present ||
	       dns->options.present || dns->domain;
}

void cni_result_free(struct cni_result *result)
{
	arena_free(&result->arena);
	*result = (struct cni_result){ .interface_count = 0 };
}
