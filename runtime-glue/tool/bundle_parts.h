/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of bundle_make() share. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "common/base/cfg.h"
#include "runtime-glue/tool/bundle.h"

/* Where --init's program is in the container: nothing of the image's. */
#define BUNDLE_INIT "/dev/init"

/* Hexadecimal digits of an id that make a host name. */
#define BUNDLE_SHORT_ID 12

/* What --security-opt says. */
struct bundle_security {
	const char *seccomp, *apparmor; /* or NULL */
	const char *label[4];           /* user, role, type, level */
	bool no_new_privileges, paths_open, label_off;
};

struct bundle {
	const struct tool *tool;
	const struct run_options *options;
	const struct json_object *image; /* the whole configuration, or NULL */
	struct box *box;                 /* NULL: only to check the options */
	int argc;
	char *const *argv;
	int root;         /* the root file system */
	const char *home; /* of the user, in the arena */
	uid_t uid;
	uint64_t caps;
	struct bundle_security security;
	/* What is made; all but the first are borrowed from it. */
	struct json_object *spec, *process, *linux_, *resources, *mounts;
	struct arena arena;
};

/* ---- bundle_json.c: each fails only when memory runs out ---- */

/* @value is taken, NULL is out of memory. */
int bundle_put(struct json_object *at, const char *key,
	       struct json_object *value, struct err *err) MUST_CHECK;
int bundle_push(struct json_object *array, struct json_object *value,
		struct err *err) MUST_CHECK;
int bundle_put_text(struct json_object *at, const char *key, const char *text,
		    struct err *err) MUST_CHECK;
int bundle_put_number(struct json_object *at, const char *key, int64_t number,
		      struct err *err) MUST_CHECK;
int bundle_put_true(struct json_object *at, const char *key,
		    struct err *err) MUST_CHECK;
int bundle_push_text(struct json_object *array, const char *text,
		     struct err *err) MUST_CHECK;
/* An array of texts, to NULL. */
int bundle_put_texts(struct json_object *at, const char *key,
		     const char *const *texts, struct err *err) MUST_CHECK;
/* The object, or the array, @key of @at, made if it is missing. */
int bundle_object(struct json_object *at, const char *key,
		  struct json_object **out, struct err *err) MUST_CHECK;
int bundle_array(struct json_object *at, const char *key,
		 struct json_object **out, struct err *err) MUST_CHECK;
/* JSON text of ours. */
int bundle_json(const char *text, struct json_object **out,
		struct err *err) MUST_CHECK;
/* The text @key of @at, or NULL. */
const char *bundle_text(const struct json_object *at, const char *key);
/* The image's `config` object; without members if there is no image. */
int bundle_image_config(const struct bundle *b, struct cfg *root,
			struct cfg *out, struct err *err) MUST_CHECK;
/* A copy of @len bytes in the arena; NULL: no memory. */
char *bundle_copy(struct bundle *b, const char *text, size_t len);
bool bundle_starts(const char *text, const char *with);

/* ---- from the options alone ---- */

int bundle_caps(struct bundle *b, struct err *err) MUST_CHECK;
int bundle_security(struct bundle *b, struct err *err) MUST_CHECK;
int bundle_cpu(struct bundle *b, struct err *err) MUST_CHECK;
int bundle_memory(struct bundle *b, struct err *err) MUST_CHECK;
int bundle_block_io(struct bundle *b, struct err *err) MUST_CHECK;
int bundle_limits(struct bundle *b, struct err *err) MUST_CHECK;
int bundle_devices(struct bundle *b, struct err *err) MUST_CHECK;
/* Every device below @dir, for --privileged and --device DIR. */
int bundle_device_tree(struct bundle *b, const char *dir, const char *to,
		       const char *access, struct err *err) MUST_CHECK;

/* ---- what the box, the image and the root file system are needed for ---- */

/* Checks only if there is no box. */
int bundle_namespaces(struct bundle *b, struct err *err) MUST_CHECK;
/* Whether two containers, or this and the host, share it. */
bool bundle_shares_uts(const struct bundle *b);
bool bundle_shares_net(const struct bundle *b);
/* The host's, for --uts host; else as asked for, or the id's begin. */
int bundle_hostname(struct bundle *b, const char **out,
		    struct err *err) MUST_CHECK;
/* process.capabilities, for the user that is known by now. */
int bundle_caps_put(struct bundle *b, struct err *err) MUST_CHECK;
/* seccomp, masked paths and labels. */
int bundle_security_put(struct bundle *b, struct err *err) MUST_CHECK;
int bundle_args(struct bundle *b, struct err *err) MUST_CHECK;
int bundle_env(struct bundle *b, struct err *err) MUST_CHECK;
int bundle_cwd(struct bundle *b, struct err *err) MUST_CHECK;
int bundle_user(struct bundle *b, struct err *err) MUST_CHECK;
int bundle_init(struct bundle *b, struct err *err) MUST_CHECK;
/* The default mounts, the box's files, and those of bundle_mounts(). */
int bundle_fs(struct bundle *b, struct err *err) MUST_CHECK;
/* Labels, annotations, stop signal. */
int bundle_labels(struct bundle *b, struct err *err) MUST_CHECK;

/* ---- values, for unit tests too ---- */

/* "1.5" processors in 1e-9. */
int bundle_nano(const char *what, const char *text, int64_t *out,
		struct err *err) MUST_CHECK;

/*
 * Users as the files of a root file system tell. Nothing there is believed:
 * regular files, of bounded size, lines that are not as they should be are
 * passed over.
 */
struct bundle_ids {
	uid_t uid;
	gid_t gid;
	const char *home;           /* in the arena */
	struct json_object *groups; /* numbers, the first is gid */
};
void bundle_ids_free(struct bundle_ids *ids);
/* @user: "NAME|UID[:GROUP|GID]", "" is root. @add: --group-add. */
int bundle_find_user(int root, const char *user, const struct spec_strings *add,
		     struct arena *arena, struct bundle_ids *out,
		     struct err *err) MUST_CHECK;
