/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capabilities by raw capset(2): five masks of 64 bits need no library.
 *
 * Bits beyond the kernel's last capability are never asked for. Nor are those
 * that the runtime itself does not have (a machine or an outer container may
 * withhold some): the process gets less than configured, which is safe, and
 * caps_check() has said so.
 */
#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/trace.h"
#include "runtime-glue/process/parts.h"

#define CAPS_MOST 64

struct sets {
	uint64_t effective, permitted, inheritable;
};

static int sets_get(struct sets *out)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	out->effective = data[0].effective | (uint64_t)data[1].effective << 32;
	out->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	out->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable
							 << 32;
	return 0;
}

static int sets_set(const struct sets *sets)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	const struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{
			.effective = (uint32_t)sets->effective,
			.permitted = (uint32_t)sets->permitted,
			.inheritable = (uint32_t)sets->inheritable,
		},
		{
			.effective = (uint32_t)(sets->effective >> 32),
			.permitted = (uint32_t)(sets->permitted >> 32),
			.inheritable = (uint32_t)(sets->inheritable >> 32),
		},
	};

	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

/* What the kernel knows, and of that what our bounding set has. */
static void ask(uint64_t *known, uint64_t *bounding)
{
	*known = *bounding = 0;
	for (int i = 0; i < CAPS_MOST; i++) {
		const int r = prctl(PR_CAPBSET_READ, i, 0, 0, 0);

		if (r < 0)
			break;
		*known |= 1ULL << i;
		if (r > 0)
			*bounding |= 1ULL << i;
	}
}

/* The first one of @bits, by name or number. */
static const char *name_first(uint64_t bits)
{
	const char *name = spec_cap_name(__builtin_ctzll(bits));

	return name ? name : "an unknown capability";
}

static void warn_of(uint64_t bits, const char *why)
{
	for (; bits; bits &= bits - 1)
		log_warn("process.capabilities: %s %s", name_first(bits), why);
}

int caps_check(const struct process *process, struct err *err)
{
	const struct spec_caps *caps = &process->spec->caps;
	const uint64_t all = caps->bounding | caps->effective |
			     caps->permitted | caps->inheritable;
	uint64_t known, bounding, more;

	if (!caps->set)
		return 0;
	more = caps->effective & ~caps->permitted;
	if (more)
		return err_set(err, CNI_E_CONFIG,
			       "process.capabilities.effective: %s is not "
			       "permitted",
			       name_first(more));
	ask(&known, &bounding);
	if (process->bounding)
		bounding = process->bounding;
	warn_of(all & known & ~bounding, "is withheld from this runtime, and "
					 "so from the container");
	warn_of(all & ~known, "is unknown to this kernel");
	warn_of(caps->ambient & ~(caps->permitted & caps->inheritable),
		"cannot be ambient: it is not permitted and inheritable");
	return 0;
}

int caps_drop_bounding(uint64_t keep, struct err *err)
{
	const uint64_t start = trace_start();
	uint64_t known, drop;
	int r = 0;

	ask(&known, &drop);
	for (drop &= ~keep; r == 0 && drop; drop &= drop - 1)
		if (prctl(PR_CAPBSET_DROP, __builtin_ctzll(drop), 0, 0, 0) < 0)
			r = -errno;
	trace_end(start, r, "cap", "bounding set %#llx",
		  (unsigned long long)(keep & known));
	if (r < 0)
		return err_sys(err, -r,
			       "process.capabilities.bounding: limit it to "
			       "%#llx",
			       (unsigned long long)(keep & known));
	return 0;
}

/*
 * A capability must be permitted and inheritable to be ambient; the kernel
 * refuses the others, of which caps_check() has warned. An old kernel (before
 * 4.3) has none.
 */
static int ambient_raise(uint64_t bits, struct err *err)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return 0;
	for (; bits; bits &= bits - 1)
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE,
			  __builtin_ctzll(bits), 0, 0) < 0 &&
		    errno != EPERM)
			return err_sys(err, errno,
				       "process.capabilities.ambient: raise "
				       "%s",
				       name_first(bits));
	return 0;
}

int caps_apply(const struct process *process, uint64_t extra, struct err *err)
{
	const struct spec_caps *caps = &process->spec->caps;
	const uint64_t start = trace_start();
	struct sets now = { 0 }, want;
	int r;

	r = sets_get(&now);
	if (r < 0)
		return err_sys(err, -r, "read our capabilities");
	extra &= now.permitted;
	want = (struct sets){
		.effective = (caps->effective & now.permitted) | extra,
		.permitted = (caps->permitted & now.permitted) | extra,
		.inheritable = caps->inheritable & now.permitted,
	};
	r = sets_set(&want);
	trace_end(start, r, "cap",
		  "effective %#llx, permitted %#llx, inheritable %#llx",
		  (unsigned long long)want.effective,
		  (unsigned long long)want.permitted,
		  (unsigned long long)want.inheritable);
	if (r < 0)
		return err_sys(err, -r,
			       "process.capabilities: set effective %#llx, "
			       "permitted %#llx, inheritable %#llx",
			       (unsigned long long)want.effective,
			       (unsigned long long)want.permitted,
			       (unsigned long long)want.inheritable);
	return ambient_raise(caps->ambient & want.permitted & want.inheritable,
			     err);
}
