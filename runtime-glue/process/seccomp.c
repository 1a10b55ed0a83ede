/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filter of linux.seccomp, compiled by libseccomp. */
#include <errno.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/io.h"
#include "runtime-glue/process/parts.h"

/* As runc: libseccomp's tree does not pay, or is wrong, for short lists. */
#define TREE_FROM 32U
#define TREE      2U

#define MAX_ARGS 6U

DEFINE_AUTO(filter, scmp_filter_ctx, seccomp_release)
#define auto_filter AUTO(auto_filter_release)

static struct scmp_arg_cmp condition(const struct spec_seccomp_arg *arg)
{
	return (struct scmp_arg_cmp){
		.arg = arg->index,
		.op = (enum scmp_compare)arg->op,
		.datum_a = arg->value,
		.datum_b = arg->value_two,
	};
}

/*
 * libseccomp takes one condition an argument. More of them on the same one are
 * alternatives, each a rule: what runc makes of them, and profiles rely on.
 */
static bool arg_repeats(const struct spec_seccomp_rule *rule)
{
	unsigned int seen = 0;

	for (size_t i = 0; i < rule->arg_count; i++) {
		const unsigned int bit = 1U << rule->args[i].index % MAX_ARGS;

		if (seen & bit)
			return true;
		seen |= bit;
	}
	return false;
}

static int add(scmp_filter_ctx filter, const struct spec_seccomp_rule *rule,
	       int number)
{
	struct scmp_arg_cmp all[MAX_ARGS];
	int r = 0;

	if (arg_repeats(rule)) {
		for (size_t i = 0; r == 0 && i < rule->arg_count; i++) {
			all[0] = condition(&rule->args[i]);
			r = seccomp_rule_add_array(filter, rule->action, number,
						   1, all);
		}
		return r;
	}
	for (size_t i = 0; i < rule->arg_count; i++)
		all[i] = condition(&rule->args[i]);
	return seccomp_rule_add_array(filter, rule->action, number,
				      (unsigned int)rule->arg_count, all);
}

/* Names that libseccomp does not know are of other kernels: skipped. */
static int add_rule(scmp_filter_ctx filter, const struct spec_seccomp *spec,
		    size_t index, struct err *err)
{
	const struct spec_seccomp_rule *rule = &spec->rules[index];

	if (rule->action == spec->default_action)
		return 0;
	for (size_t i = 0; i < rule->names.count; i++) {
		const char *name = rule->names.at[i];
		const int number = seccomp_syscall_resolve_name(name);
		int r = 0;

		if (number != __NR_SCMP_ERROR)
			r = add(filter, rule, number);
		if (r < 0)
			return err_sys(err, -r,
				       "linux.seccomp.syscalls[%zu]: add a "
				       "rule for %s",
				       index, name);
	}
	return 0;
}

static int add_arches(scmp_filter_ctx filter, const struct spec_seccomp *spec,
		      struct err *err)
{
	for (size_t i = 0; i < spec->arch_count; i++) {
		const int r = seccomp_arch_add(filter, spec->arches[i]);

		if (r < 0 && r != -EEXIST)
			return err_sys(err, -r,
				       "linux.seccomp.architectures[%zu]", i);
	}
	return 0;
}

static size_t names_count(const struct spec_seccomp *spec)
{
	size_t count = 0;

	for (size_t i = 0; i < spec->rule_count; i++)
		count += spec->rules[i].names.count;
	return count;
}

/* libseccomp writes to files only, up to 2.5. */
static int export(scmp_filter_ctx filter, struct strbuf *out)
{
	auto_fd int fd = memfd_create("seccomp", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = seccomp_export_bpf(filter, fd);
	if (r < 0)
		return r;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return io_read_all(fd, BPF_MAXINSNS * sizeof(struct sock_filter), out);
}

int filter_compile(const struct spec_seccomp *spec, struct strbuf *out,
		   struct err *err)
{
	auto_filter scmp_filter_ctx filter = seccomp_init(spec->default_action);
	int r;

	if (!filter)
		return err_set(err, CNI_E_CONFIG,
			       "linux.seccomp.defaultAction: %#x is refused by "
			       "libseccomp",
			       spec->default_action);
	r = add_arches(filter, spec, err);
	if (r == 0 && names_count(spec) > TREE_FROM)
		(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, TREE);
	for (size_t i = 0; r == 0 && i < spec->rule_count; i++)
		r = add_rule(filter, spec, i, err);
	if (r < 0)
		return r;
	filter_add_enosys(spec, out);
	r = export(filter, out);
	if (r < 0 || out->failed)
		return err_sys(err, r < 0 ? -r : ENOMEM,
			       "linux.seccomp: export the filter");
	return 0;
}
