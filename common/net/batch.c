/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/batch.h"

#include <linux/netlink.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/text.h"
#include "common/base/trace.h"
#include "common/net/wire.h"

/* So many answers fit into a socket's buffer, should all be refused. */
#define SEND_MAX 64U

struct net_batch_item {
	size_t at; /* in the bytes */
	int tolerate;
	int verdict; /* 0 or -errno */
	const char *what;
};

/* A part of the batch, sent at once. */
struct part {
	size_t first, end; /* items */
	uint32_t seq;      /* of the first */
	size_t refused;    /* the first item that was, or @end */
	char extack[256];  /* of that one */
};

static struct net_batch_item *add_item(struct net_batch *batch)
{
	size_t size = batch->size ? 2 * batch->size : 16;
	struct net_batch_item *grown;

	if (batch->count == batch->size) {
		grown = reallocarray(batch->items, size, sizeof(*grown));
		if (!grown)
			return NULL;
		batch->items = grown;
		batch->size = size;
	}
	return &batch->items[batch->count];
}

void net_batch_add(struct net_batch *batch, struct nl_msg *msg, int tolerate,
		   const char *what, ...)
{
	auto_msg struct nl_msg *owned = msg;
	struct net_batch_item *item = add_item(batch);
	struct nlmsghdr *hdr;
	char text[300];
	va_list ap;

	va_start(ap, what);
	(void)text_vformat(text, sizeof(text), what, ap);
	va_end(ap);
	if (!owned || !item) {
		batch->failed = true;
		return;
	}
	hdr = nlmsg_hdr(owned);
	*item = (struct net_batch_item){
		.at = batch->bytes.len,
		.tolerate = tolerate,
		.what = arena_strdup(&batch->texts, text),
	};
	/* libnl fills up to the alignment with zeros. */
	strbuf_add(&batch->bytes, hdr, NLMSG_ALIGN(hdr->nlmsg_len));
	batch->failed = batch->failed || batch->bytes.failed || !item->what;
	batch->count++;
}

static struct nlmsghdr *item_hdr(const struct net_batch *batch, size_t i)
{
	return (void *)(batch->bytes.data + batch->items[i].at);
}

/* Only the last is acknowledged; the others answer when they are refused. */
static int send_part(struct net *net, struct net_batch *batch,
		     struct part *part)
{
	size_t start = batch->items[part->first].at;
	size_t end = part->end < batch->count ? batch->items[part->end].at
					      : batch->bytes.len;
	ssize_t n;

	for (size_t i = part->first; i < part->end; i++) {
		struct nlmsghdr *hdr = item_hdr(batch, i);

		hdr->nlmsg_flags |= NLM_F_REQUEST;
		if (i + 1 == part->end)
			hdr->nlmsg_flags |= NLM_F_ACK;
		hdr->nlmsg_pid = 0;
		hdr->nlmsg_seq = ++net->seq;
	}
	part->seq = net->seq - (uint32_t)(part->end - part->first) + 1;
	part->refused = part->end;
	do
		n = send(net->fd, batch->bytes.data + start, end - start, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static void take_verdict(struct net *net, struct net_batch *batch,
			 struct part *part, struct nlmsghdr *hdr)
{
	size_t i = part->first + (hdr->nlmsg_seq - part->seq);
	struct net_batch_item *item = &batch->items[i];

	item->verdict = net_verdict(hdr, net->extack, sizeof(net->extack));
	if (item->verdict == 0 || item->verdict == -item->tolerate ||
	    i >= part->refused)
		return;
	part->refused = i;
	memcpy(part->extack, net->extack, sizeof(part->extack));
}

static int receive_part(struct net *net, struct net_batch *batch,
			struct part *part)
{
	size_t count = part->end - part->first;
	struct nlmsghdr *hdr;
	size_t len = 0;
	int left, r;

	for (;;) {
		r = net_receive(net, &len);
		if (r < 0)
			return r;
		hdr = (void *)net->answer;
		for (left = (int)len; nlmsg_ok(hdr, left);
		     hdr = nlmsg_next(hdr, &left)) {
			if (hdr->nlmsg_type != NLMSG_ERROR ||
			    hdr->nlmsg_seq - part->seq >= count)
				continue;
			take_verdict(net, batch, part, hdr);
			if (hdr->nlmsg_seq == net->seq)
				return 0;
		}
	}
}

/* The time is that of all together. */
static void trace_part(const struct net_batch *batch, const struct part *part,
		       uint64_t start)
{
	char type[24];

	for (size_t i = part->first; start && i < part->end; i++) {
		net_type_text(item_hdr(batch, i)->nlmsg_type, type,
			      sizeof(type));
		trace_end(start, batch->items[i].verdict, "rtnl", "%s %s", type,
			  batch->items[i].what);
	}
}

static int refuse(const char *what, int errnum, const char *extack,
		  struct err *err)
{
	struct err why = { .code = CNI_OK };

	(void)err_sys(&why, errnum, "%s", what);
	if (*extack)
		(void)err_hint(&why, "kernel: %s", extack);
	return err_take(err, &why);
}

static int exchange_part(struct net *net, struct net_batch *batch,
			 struct part *part, struct err *err)
{
	uint64_t start = trace_start();
	int r;

	r = send_part(net, batch, part);
	r = r ?: receive_part(net, batch, part);
	if (r < 0)
		return refuse(batch->items[part->first].what, -r, "", err);
	trace_part(batch, part, start);
	if (part->refused == part->end)
		return 0;
	return refuse(batch->items[part->refused].what,
		      -batch->items[part->refused].verdict, part->extack, err);
}

int net_batch_send(struct net *net, struct net_batch *batch, struct err *err)
{
	int r = batch->failed ? err_nomem(err) : 0;

	for (size_t at = 0; r == 0 && at < batch->count; at += SEND_MAX) {
		struct part part = { .first = at, .end = at + SEND_MAX };

		if (part.end > batch->count)
			part.end = batch->count;
		r = exchange_part(net, batch, &part, err);
	}
	net_batch_free(batch);
	return r;
}

void net_batch_free(struct net_batch *batch)
{
	strbuf_free(&batch->bytes);
	arena_free(&batch->texts);
	free(batch->items);
	*batch = (struct net_batch){ .count = 0 };
}
