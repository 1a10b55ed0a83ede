/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose a kernel object is: the attachment's identity, as text that is written
 * on the object (an alias, a comment) and as names that are derived from it.
 * DEL has nothing else to find them by.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/cni/attachments.h"
#include "common/cni/request.h"

struct cni_owner {
	const char *network, *container, *ifname;
};

/* Room for the longest text, with its NUL: what a comment of nft can hold. */
#define OWNER_TEXT 128

/* The attachment of @req, whose strings it borrows. */
struct cni_owner cni_owner_of(const struct cni_request *req);

/*
 * "cni:NETWORK/CONTAINER/IFNAME" into @buf, which is returned. None of the
 * three can have a '/' in it. Where that is longer than OWNER_TEXT - 1, NETWORK
 * becomes '#' and 16 hexadecimal digits, and if need be CONTAINER, too: what
 * begins with '#' is no name.
 */
char *cni_owner_text(const struct cni_owner *owner,
		     char buf[static OWNER_TEXT]);

/* The part of every such text that is the network's: "cni:NETWORK/". */
char *cni_owner_prefix(const char *network, char buf[static OWNER_TEXT]);

/*
 * Is @text that of an attachment of @network that is not in @valid? False for
 * whatever is not a text of ours, or of another network.
 */
bool cni_owner_stale(const char *text, const char *network,
		     const struct cni_attachments *valid);

#define OWNER_LINK 16 /* IFNAMSIZ */

/*
 * The name of the host's end of the attachment's veth pair: "veth", 4 letters
 * or digits of the network, 7 of the attachment. The @probe-th (from 0) to try,
 * in case somebody else has it.
 */
char *cni_owner_link(const struct cni_owner *owner, unsigned int probe,
		     char buf[static OWNER_LINK]);
