/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/spec/options.h"

#include <string.h>
#include <sys/mount.h>

#define FLAG(word, value)                \
	{                                \
		word, OPTION_FLAG, value \
	}
#define CLEAR(word, value)                \
	{                                 \
		word, OPTION_CLEAR, value \
	}
#define PROPAGATE(word, value)                \
	{                                     \
		word, OPTION_PROPAGATE, value \
	}
#define REC_SET(word, value)                \
	{                                   \
		word, OPTION_REC_SET, value \
	}
#define REC_CLEAR(word, value)                \
	{                                     \
		word, OPTION_REC_CLEAR, value \
	}
#define OURS(word, value)                \
	{                                \
		word, OPTION_OURS, value \
	}

const struct option_word option_words[] = {
	FLAG("defaults", 0),
	FLAG("acl", MS_POSIXACL),
	CLEAR("noacl", MS_POSIXACL),
	FLAG("sync", MS_SYNCHRONOUS),
	CLEAR("async", MS_SYNCHRONOUS),
	FLAG("noatime", MS_NOATIME),
	CLEAR("atime", MS_NOATIME),
	FLAG("nodev", MS_NODEV),
	CLEAR("dev", MS_NODEV),
	FLAG("nodiratime", MS_NODIRATIME),
	CLEAR("diratime", MS_NODIRATIME),
	FLAG("dirsync", MS_DIRSYNC),
	FLAG("noexec", MS_NOEXEC),
	CLEAR("exec", MS_NOEXEC),
	FLAG("iversion", MS_I_VERSION),
	CLEAR("noiversion", MS_I_VERSION),
	FLAG("lazytime", MS_LAZYTIME),
	CLEAR("nolazytime", MS_LAZYTIME),
	FLAG("silent", MS_SILENT),
	CLEAR("loud", MS_SILENT),
	FLAG("mand", MS_MANDLOCK),
	CLEAR("nomand", MS_MANDLOCK),
	FLAG("relatime", MS_RELATIME),
	CLEAR("norelatime", MS_RELATIME),
	FLAG("remount", MS_REMOUNT),
	FLAG("ro", MS_RDONLY),
	CLEAR("rw", MS_RDONLY),
	FLAG("strictatime", MS_STRICTATIME),
	CLEAR("nostrictatime", MS_STRICTATIME),
	FLAG("nosuid", MS_NOSUID),
	CLEAR("suid", MS_NOSUID),
	FLAG("nosymfollow", MS_NOSYMFOLLOW),
	CLEAR("symfollow", MS_NOSYMFOLLOW),

	{ "bind", OPTION_BIND, MS_BIND },
	{ "rbind", OPTION_BIND, MS_BIND | MS_REC },

	PROPAGATE("private", MS_PRIVATE),
	PROPAGATE("rprivate", MS_PRIVATE | MS_REC),
	PROPAGATE("shared", MS_SHARED),
	PROPAGATE("rshared", MS_SHARED | MS_REC),
	PROPAGATE("slave", MS_SLAVE),
	PROPAGATE("rslave", MS_SLAVE | MS_REC),
	PROPAGATE("unbindable", MS_UNBINDABLE),
	PROPAGATE("runbindable", MS_UNBINDABLE | MS_REC),

	REC_SET("rro", MOUNT_ATTR_RDONLY),
	REC_CLEAR("rrw", MOUNT_ATTR_RDONLY),
	REC_SET("rnosuid", MOUNT_ATTR_NOSUID),
	REC_CLEAR("rsuid", MOUNT_ATTR_NOSUID),
	REC_SET("rnodev", MOUNT_ATTR_NODEV),
	REC_CLEAR("rdev", MOUNT_ATTR_NODEV),
	REC_SET("rnoexec", MOUNT_ATTR_NOEXEC),
	REC_CLEAR("rexec", MOUNT_ATTR_NOEXEC),
	REC_SET("rnodiratime", MOUNT_ATTR_NODIRATIME),
	REC_CLEAR("rdiratime", MOUNT_ATTR_NODIRATIME),
	REC_SET("rrelatime", MOUNT_ATTR_RELATIME),
	REC_CLEAR("rnorelatime", MOUNT_ATTR_RELATIME),
	REC_SET("rnoatime", MOUNT_ATTR_NOATIME),
	REC_CLEAR("ratime", MOUNT_ATTR_NOATIME),
	REC_SET("rstrictatime", MOUNT_ATTR_STRICTATIME),
	REC_CLEAR("rnostrictatime", MOUNT_ATTR_STRICTATIME),
	REC_SET("rnosymfollow", MOUNT_ATTR_NOSYMFOLLOW),
	REC_CLEAR("rsymfollow", MOUNT_ATTR_NOSYMFOLLOW),

	OURS("tmpcopyup", OPTION_TMPCOPYUP),
	OURS("copy-symlink", OPTION_COPY_SYMLINK),
	OURS("src-nofollow", OPTION_SRC_NOFOLLOW),
	OURS("dest-nofollow", OPTION_DEST_NOFOLLOW),
	OURS("idmap", OPTION_IDMAP),
	OURS("ridmap", OPTION_RIDMAP),
};

const size_t option_word_count = sizeof(option_words) / sizeof(*option_words);

const struct option_word *option_find(const char *word, size_t len)
{
	for (size_t i = 0; i < option_word_count; i++)
		if (strlen(option_words[i].word) == len &&
		    memcmp(option_words[i].word, word, len) == 0)
			return &option_words[i];
	return NULL;
}
