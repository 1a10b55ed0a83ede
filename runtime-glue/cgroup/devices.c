/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device rules: the list, and v1's way of applying it (kernel:
 * admin-guide/cgroup-v1/devices.rst).
 *
 * A v1 group is a default and a list of exceptions, changed one line at a time.
 * What the rules come to is worked out first, and compared with what is in
 * force: between two lists of what is allowed, what stays allowed is so all the
 * time.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "runtime-glue/cgroup/cgroup_parts.h"

#define DEVICE_ALL (DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD)

/*
 * What every container may do (config-linux.md "Default Devices", and what runc
 * adds). After the configured rules, as runc has it: callers' lists begin with
 * "deny all", and count on these all the same.
 */
static const struct device_rule defaults_list[] = {
	{ true, 'c', -1, -1, DEVICE_MKNOD }, /* making is not opening */
	{ true, 'b', -1, -1, DEVICE_MKNOD },
	{ true, 'c', 1, 3, DEVICE_ALL },    /* /dev/null */
	{ true, 'c', 1, 5, DEVICE_ALL },    /* /dev/zero */
	{ true, 'c', 1, 7, DEVICE_ALL },    /* /dev/full */
	{ true, 'c', 1, 8, DEVICE_ALL },    /* /dev/random */
	{ true, 'c', 1, 9, DEVICE_ALL },    /* /dev/urandom */
	{ true, 'c', 5, 0, DEVICE_ALL },    /* /dev/tty */
	{ true, 'c', 5, 2, DEVICE_ALL },    /* /dev/ptmx */
	{ true, 'c', 136, -1, DEVICE_ALL }, /* /dev/pts */
};

#define DEFAULT_COUNT (sizeof(defaults_list) / sizeof(*defaults_list))

static struct device_rule read_rule(const struct spec_device_rule *from)
{
	struct device_rule rule = { .allow = from->allow,
				    .type = from->type,
				    .major = from->major.value,
				    .minor = from->minor.value };

	rule.access = (from->read ? DEVICE_READ : 0) |
		      (from->write ? DEVICE_WRITE : 0) |
		      (from->mknod ? DEVICE_MKNOD : 0);
	if (!from->major.set || from->major.value < 0)
		rule.major = -1;
	if (!from->minor.set || from->minor.value < 0)
		rule.minor = -1;
	return rule;
}

int device_rules(const struct spec_resources *resources, bool defaults,
		 struct device_rules *out, struct err *err)
{
	size_t max = resources->device_count + DEFAULT_COUNT + 1;
	struct device_rule *to = calloc(max, sizeof(*to));

	*out = (struct device_rules){ .at = to };
	if (!to)
		return err_nomem(err);
	if (defaults)
		to[out->count++] =
			(struct device_rule){ false, 'a', -1, -1, DEVICE_ALL };
	for (size_t i = 0; i < resources->device_count; i++)
		to[out->count++] = read_rule(&resources->devices[i]);
	if (defaults) {
		memcpy(to + out->count, defaults_list, sizeof(defaults_list));
		out->count += DEFAULT_COUNT;
	}
	return 0;
}

bool device_unprivileged(void)
{
	char map[128];
	unsigned long inside, outside, count;
	char *at = map;

	if (geteuid() != 0)
		return true;
	if (io_read_small(AT_FDCWD, "/proc/self/uid_map", map, sizeof(map)) < 0)
		return false;
	inside = strtoul(at, &at, 10);
	outside = strtoul(at, &at, 10);
	count = strtoul(at, &at, 10);
	return !(inside == 0 && outside == 0 && count == UINT32_MAX);
}

/* ---- v1 ---- */

struct device_state {
	bool allow; /* the default; exceptions are of the other kind */
	struct device_rules exceptions;
	size_t max;
};

static bool is_same(const struct device_rule *a, const struct device_rule *b)
{
	return a->type == b->type && a->major == b->major &&
	       a->minor == b->minor;
}

/* @wide is of more devices than @rule, which are among them. */
static bool is_wider(const struct device_rule *wide,
		     const struct device_rule *rule)
{
	return wide->type == rule->type && !is_same(wide, rule) &&
	       (wide->major == -1 || wide->major == rule->major) &&
	       (wide->minor == -1 || wide->minor == rule->minor);
}

static struct device_rule *find_same(const struct device_rules *rules,
				     const struct device_rule *rule)
{
	for (size_t i = 0; i < rules->count; i++) {
		if (is_same(&rules->at[i], rule))
			return &rules->at[i];
	}
	return NULL;
}

static void print_rule(const struct device_rule *rule, char out[static 64])
{
	char major[24] = "*", minor[24] = "*";

	if (rule->major >= 0)
		(void)snprintf(major, sizeof(major), "%d", (int)rule->major);
	if (rule->minor >= 0)
		(void)snprintf(minor, sizeof(minor), "%d", (int)rule->minor);
	(void)snprintf(out, 64, "%c %s:%s %s%s%s", rule->type, major, minor,
		       rule->access & DEVICE_READ ? "r" : "",
		       rule->access & DEVICE_WRITE ? "w" : "",
		       rule->access & DEVICE_MKNOD ? "m" : "");
}

static int add_exception(struct device_state *state,
			 const struct device_rule *rule, struct err *err)
{
	struct device_rule *same = find_same(&state->exceptions, rule);

	if (same) {
		same->access |= rule->access;
		return 0;
	}
	if (state->exceptions.count == state->max) {
		size_t max = state->max ? 2 * state->max : 32;
		void *more =
			reallocarray(state->exceptions.at, max, sizeof(*rule));

		if (!more)
			return err_nomem(err);
		state->exceptions.at = more;
		state->max = max;
	}
	state->exceptions.at[state->exceptions.count++] = *rule;
	return 0;
}

/*
 * Take a rule out of the exceptions. v1 cannot take a part out of an exception
 * that is wider; the kernel would silently do nothing.
 */
static int drop_exception(struct device_state *state,
			  const struct device_rule *rule, struct err *err)
{
	char text[2][64];

	for (size_t i = 0; i < state->exceptions.count; i++) {
		struct device_rule *at = &state->exceptions.at[i];

		if (is_same(at, rule))
			at->access &= ~rule->access;
		if (!is_wider(at, rule) || !(at->access & rule->access))
			continue;
		print_rule(rule, text[0]);
		print_rule(at, text[1]);
		return err_sys(err, EOPNOTSUPP,
			       "linux.resources.devices: %s \"%s\" out of "
			       "\"%s\" is more than cgroup v1 can do",
			       rule->allow ? "allow" : "deny", text[0],
			       text[1]);
	}
	return 0;
}

static int emulate(struct device_state *state, const struct device_rule *rule,
		   struct err *err)
{
	struct device_rule each = *rule;
	int r = 0;

	if (rule->type == 'a' && rule->major == -1 && rule->minor == -1 &&
	    rule->access == DEVICE_ALL) {
		state->allow = rule->allow;
		state->exceptions.count = 0;
		return 0;
	}
	for (const char *type = rule->type == 'a' ? "bc" : NULL;
	     r == 0 && type && *type; type++) {
		each.type = *type;
		r = emulate(state, &each, err);
	}
	if (rule->type == 'a')
		return r;
	if (rule->allow == state->allow)
		return drop_exception(state, rule, err);
	return add_exception(state, rule, err);
}

/* A line of devices.list: "c 1:3 rwm", "a *:* rwm" */
static int parse_rule(char *line, void *ctx)
{
	struct device_state *state = ctx;
	struct device_rule rule = { .allow = true, .major = -1, .minor = -1 };
	char major[16], minor[16], access[8];

	if (sscanf(line, "%c %15[^:]:%15s %7s", &rule.type, major, minor,
		   access) != 4)
		return -EIO;
	if (rule.type == 'a') {
		state->allow = true;
		return 0;
	}
	if (*major != '*')
		rule.major = strtol(major, NULL, 10);
	if (*minor != '*')
		rule.minor = strtol(minor, NULL, 10);
	rule.access = (strchr(access, 'r') ? DEVICE_READ : 0) |
		      (strchr(access, 'w') ? DEVICE_WRITE : 0) |
		      (strchr(access, 'm') ? DEVICE_MKNOD : 0);
	return add_exception(state, &rule, &(struct err){ 0 });
}

static int put_rule(const struct cgroup_tree *tree, bool allow,
		    const struct device_rule *rule, struct err *err)
{
	const char *file = allow ? "devices.allow" : "devices.deny";
	char text[64];
	int r;

	print_rule(rule, text);
	r = group_put(tree, file, text);
	if (r == 0 || (r == -EPERM && device_unprivileged()))
		return 0;
	return group_failed(tree, r, "devices", file, text, err);
}

/* Write what @from has and @without has not. */
static int put_missing(const struct cgroup_tree *tree, bool allow,
		       const struct device_rules *from,
		       const struct device_rules *without, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < from->count; i++) {
		struct device_rule rule = from->at[i];
		const struct device_rule *same =
			without ? find_same(without, &rule) : NULL;

		if (same)
			rule.access &= ~same->access;
		if (rule.access)
			r = put_rule(tree, allow, &rule, err);
	}
	return r;
}

static int change(const struct cgroup_tree *tree,
		  const struct device_state *now,
		  const struct device_state *want, struct err *err)
{
	static const struct device_rule all = {
		.type = 'a', .major = -1, .minor = -1, .access = DEVICE_ALL
	};
	int r;

	if (!now->allow && !want->allow) {
		r = put_missing(tree, true, &want->exceptions, &now->exceptions,
				err);
		return r
			       ?: put_missing(tree, false, &now->exceptions,
					      &want->exceptions, err);
	}
	/* What is denied by a group that allows the rest, no file says. */
	r = put_rule(tree, want->allow, &all, err);
	return r
		       ?: put_missing(tree, !want->allow, &want->exceptions,
				      NULL, err);
}

int devices_limit_v1(const struct cgroup_tree *tree,
		     const struct device_rules *rules, struct err *err)
{
	struct device_state now = { 0 }, want = { 0 };
	auto_strbuf struct strbuf list = { 0 };
	int r = group_text(tree, "devices.list", &list);

	if (r == 0 && list.len > 0)
		r = each_line(list.data, parse_rule, &now);
	if (r < 0)
		r = err_sys(err, -r, "read %s%s/devices.list", tree->mount,
			    tree->path);
	/* Rules that do not begin with all devices change those in force. */
	want.allow = now.allow;
	for (size_t i = 0; r == 0 && !now.allow && i < now.exceptions.count;
	     i++)
		r = add_exception(&want, &now.exceptions.at[i], err);
	for (size_t i = 0; r == 0 && i < rules->count; i++)
		r = emulate(&want, &rules->at[i], err);
	r = r ?: change(tree, &now, &want, err);
	free(now.exceptions.at);
	free(want.exceptions.at);
	return r;
}
