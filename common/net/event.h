/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting for what the kernel tells by itself: events in place of polling. */
#pragma once

#include "common/net/net.h"

/*
 * Have the events of @group (RTNLGRP_LINK) come to this session's socket from
 * now on. Requests on it go on working: they skip events.
 */
int net_listen(struct net *net, unsigned int group, struct err *err) MUST_CHECK;

/*
 * Call @each for each event until it returns 1 (then 0 is returned) or
 * a negative errno (which is). -ETIMEDOUT when @timeout_ms have passed;
 * -ENOBUFS when events were lost, so that the caller looks himself. Fills no
 * struct err: what it means is the caller's to say.
 */
int net_wait(struct net *net, net_each_fn *each, void *ctx,
	     unsigned int timeout_ms) MUST_CHECK;

/*
 * The same for what one read gives, for who has seen that the socket can be
 * read: 1 when @each returned it, 0 if not.
 */
int net_take(struct net *net, net_each_fn *each, void *ctx) MUST_CHECK;
