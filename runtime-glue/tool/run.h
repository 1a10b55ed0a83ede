/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of run, create and start. */
#pragma once

#include "runtime-glue/image/image.h"
#include "runtime-glue/tool/box.h"
#include "runtime-glue/tool/bundle.h"

/* As docker: the tool's own failures, and those of executing the command. */
#define RUN_FAILED    125
#define RUN_NO_EXEC   126
#define RUN_NOT_FOUND 127

struct run {
	const struct tool *tool;
	const struct run_options *options;
	struct image_store store;
	struct image image;
	bool has_image;
	struct box box;
	struct json_object *config; /* of the engine; NULL: it is there */
	const char *cidfile;        /* was made, and goes if run fails */
	int argc;                   /* behind the image */
	char *const *argv;
	int failure; /* the exit status if a step fails */
};

#define auto_run AUTO(run_close)
void run_close(struct run *run);

/*
 * Check everything, find the image, make and record the box: nothing is up.
 * @argv: IMAGE COMMAND..., without IMAGE if --rootfs is given.
 */
int run_prepare(struct run *run, int argc, char *const *argv,
		struct err *err) MUST_CHECK;

/* The root file system and, meanwhile, with @network, the network. Then the
 * configuration, if there is none yet. */
int run_up(struct run *run, bool network, struct err *err) MUST_CHECK;

/* /etc/hosts and others, config.json; run->config is then written. */
int run_write(struct run *run, struct err *err) MUST_CHECK;

/* Stay until its end; *@code: as container_run() has it. */
int run_serve(struct run *run, bool input, int *code,
	      struct err *err) MUST_CHECK;

/* What of @options start needs again, into the record; and from it. */
int run_keep_files(struct box *box, const struct net_options *options,
		   struct err *err) MUST_CHECK;
int run_kept_files(const struct box *box, struct net_options *out,
		   struct err *err) MUST_CHECK;
void run_free_files(struct net_options *options);

/* Signals that would end us wait, from before something is made to the end.
 * Did one come? Its number, or 0. */
int run_hold_signals(struct err *err) MUST_CHECK;
int run_pending_signal(void);
