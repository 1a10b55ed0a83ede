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

/* Values of OPTION_OURS. */
enum option_ours {
	OPTION_TMPCOPYUP,
	OPTION_COPY_SYMLINK,
	OPTION_SRC_NOFOLLOW,
	OPTION_DEST_NOFOLLOW,
	OPTION_IDMAP,
	OPTION_RIDMAP,
};

struct option_word {
	const char *word;
	enum option_kind kind;
	uint64_t value;
};

extern const struct option_word option_words[];
extern const size_t option_word_count;

/* The first @len bytes of @word, or NULL: then it is the file system's. */
const struct option_word *option_find(const char *word, size_t len);
