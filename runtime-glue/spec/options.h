/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of mount options (config.md, "Mounts"; mount(8)): one table, from
 * which the parser reads and `features` lists.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum option_kind {
	OPTION_FLAG,      /* MS_*, set */
	OPTION_CLEAR,     /* MS_*, cleared */
	OPTION_PROPAGATE, /* MS_SHARED.. */
	OPTION_BIND,      /* bind, rbind */
	OPTION_REC_SET,   /* MOUNT_ATTR_*, recursive */
	OPTION_REC_CLEAR, /* likewise */
	OPTION_OURS,      /* tmpcopyup, idmap, .. */
};

struct option_word {
	const char *word;
	enum option_kind kind;
	uint64_t value;
};

extern const struct option_word option_words[];
extern const size_t option_word_count;

const struct option_word *option_find(const char *word, size_t len);
