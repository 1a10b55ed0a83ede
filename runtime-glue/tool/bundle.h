/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From `run`'s options and an image to an OCI configuration. */
#pragma once

#include "runtime-glue/image/image.h"
#include "runtime-glue/tool/netplan.h"

/* All options of run and create; docker's names and meanings. */
struct run_options {
	struct net_options net;
	bool interactive, tty, remove, init, read_only, privileged, detach;
	bool oom_kill_disable;
	const char *name, *workdir, *user, *entrypoint, *rootfs, *cgroup_parent;
	const char *stop_signal, *cidfile, *pid_file;
	struct spec_strings env, env_file, label, mount, volume, tmpfs;
	const char *cpus, *cpu_shares, *cpuset_cpus, *cpuset_mems, *cpu_period,
		*cpu_quota;
	const char *memory, *memory_swap, *memory_reservation, *oom_score_adj,
		*pids_limit, *blkio_weight, *shm_size;
	struct spec_strings device_read_bps, device_write_bps, device_read_iops,
		device_write_iops, ulimit;
	struct spec_strings cap_add, cap_drop, security_opt, device, sysctl,
		group_add;
	const char *userns, *pid, *ipc, *uts, *cgroupns;
};

/* The table for cli_parse(), offsets into struct run_options. */
extern const struct cli_option run_option_table[];

/*
 * What the options alone tell: whether each is well-formed, what they name of
 * the host is there, and they go together. For before anything is made;
 * bundle_make() finds the same errors.
 */
int bundle_check(const struct tool *tool, const struct run_options *options,
		 struct err *err) MUST_CHECK;

/*
 * The configuration of @box's container: the image's merged with the options
 * as docker does. @image NULL: with --rootfs. @argv: behind the image, may be
 * empty. Looks up users in the mounted root file system (BOX/merged, openat2
 * RESOLVE_IN_ROOT), which therefore must be mounted. @out: the caller's.
 * With --rootfs the root is that directory itself. What --workdir names is made
 * in the root if it is missing, and BOX/init with --init.
 *
 * Sets the record's "command", "cgroup", "labels" (the image's and --label),
 * "stopSignal" and "ipc" (private|shareable|host|...). netplan_make() must have
 * set "mode" and "netns".
 */
int bundle_make(const struct tool *tool, const struct run_options *options,
		const struct image *image, struct box *box, int argc,
		char *const *argv, struct json_object **out,
		struct err *err) MUST_CHECK;

/* @image_config: all of struct image's `config`, or NULL.
 * OCI mounts for -v, --mount, --tmpfs, and the image's volumes; appended to
 * @mounts. Named and anonymous volumes are made if they are missing, and
 * noted in the record's "volumes". */
int bundle_mounts(const struct tool *tool, const struct run_options *options,
		  const struct json_object *image_config, struct box *box,
		  struct json_object *mounts, struct err *err) MUST_CHECK;

/* linux.seccomp: the default profile (@profile NULL) for @caps (array of
 * names), or from a docker-format or OCI-format file. */
int bundle_seccomp(const char *profile, const struct json_object *caps,
		   struct json_object **out, struct err *err) MUST_CHECK;
