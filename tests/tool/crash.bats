#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# SIGKILL of run and start at any moment. The next command, here ps, leaves
# nothing of what was half made, and the name is free again.
# shellcheck disable=SC2030,SC2031,SC2154
load helpers

IMAGE=busy:latest

prepare() {
	local begin
	"$TESTS/../clients/image.sh" "$OCI_REPORT" "$SCRATCH/image.tar"
	glue load "$SCRATCH/image.tar"
	assert_ok
	# What stays for good (the bridge, tables and chains), and how long it takes.
	glue run --rm -p 8080:80 $IMAGE true
	assert_ok
	begin=$(date +%s%N)
	glue run --rm -p 8080:80 $IMAGE true
	assert_ok
	span_us=$((($(date +%s%N) - begin) / 1000))
	links=$(names_of_links)
	mounts=$(wc -l </proc/self/mountinfo)
	filters=$(rules)
}

names_of_links() {
	ip -o link | sed 's/^[0-9]*: \([^:@]*\).*/\1/'
}

rules() {
	! command -v nft >/dev/null || nft list ruleset | sed 's/counter packets.*bytes [0-9]*//'
}

# Processes of this test's containers and commands, by their environment.
processes() {
	local file
	for file in $(env -i grep -lsF "GLUE_RUN=$RUNTIME_GLUE_RUN" /proc/[0-9]*/environ); do
		ls -l "${file%/environ}/exe" 2>/dev/null || :
	done
}

no_processes() {
	[ -z "$(processes)" ]
}

nothing_runs() {
	local now
	# One that was killed may still be about to close its sockets.
	eventually no_processes ||
		flunk "$1: processes are left: $(processes)" || return 1
	now=$(wc -l </proc/self/mountinfo)
	[ "$now" -eq "$mounts" ] ||
		flunk "$1: mounts are left:" "$(</proc/self/mountinfo)" || return 1
	now=$(names_of_links)
	[ "$now" = "$links" ] || flunk "$1: links: $now" || return 1
	now=$(rules)
	[ "$now" = "$filters" ] || flunk "$1: rules: $now" || return 1
	now=$(find /var/lib/cni/networks/glue0 -type f -name '[0-9]*' 2>/dev/null
		find "$CNI_CACHE" -type f
		find "$RUNTIME_GLUE_RUN" -mindepth 2 -not -path "*/oci/@seccomp*"
		find "$CGROUPS" -maxdepth 3 -path "*$RUNTIME_GLUE_CGROUP/*" -type d)
	[ -z "$now" ] || flunk "$1: there is: $now" || return 1
}

no_record() { # WHAT
	local now
	now=$(find "$RUNTIME_GLUE_ROOT/containers" -mindepth 1 -not -name .names)
	[ -z "$now" ] || flunk "$1: of a record there is: $now"
}

# Begin it, and kill it at a random moment: $moment. With $group its whole
# process group. It may have come to its end by itself.
killed() { # ARGUMENT...
	local pid us=$(((RANDOM * 32768 + RANDOM) % (span_us * 5 / 4)))
	moment=$(printf '%d.%06d' $((us / 1000000)) $((us % 1000000)))
	setsid "$GLUE" "$@" >"$SCRATCH/stdout" 2>"$SCRATCH/stderr" </dev/null 3>&- &
	pid=$!
	sleep "$moment"
	kill -KILL -- "${group:+-}$pid" 2>/dev/null || :
	wait "$pid" 2>/dev/null || :
	glue ps
	assert_ok || flunk "ps after a kill at $moment s"
	[ -z "$stderr" ] || flunk "ps after a kill at $moment s says"
}

@test "run --rm killed at any moment leaves nothing" {
	local i command
	for ((i = 0; i < 60; i++)); do
		command=true
		[ $((i % 3)) -gt 0 ] || command='sleep 30'
		# shellcheck disable=SC2086 # words
		killed run --rm --name web -p 8080:80 \
			-e GLUE_RUN="$RUNTIME_GLUE_RUN" $IMAGE $command
		nothing_runs "kill at $moment s of $span_us us"
		no_record "kill at $moment s"
	done
	glue run --rm --name web -p 8080:80 $IMAGE echo again
	assert_ok
	assert_output again
}

@test "run killed with all its process group leaves nothing" {
	local i group=yes
	for ((i = 0; i < 20; i++)); do
		killed run --rm --name web -p 8080:80 \
			-e GLUE_RUN="$RUNTIME_GLUE_RUN" $IMAGE true
		nothing_runs "kill at $moment s of $span_us us"
		no_record "kill at $moment s"
	done
}

@test "a container without --rm whose run was killed has exited, or never was" {
	local i
	for ((i = 0; i < 20; i++)); do
		killed run --name "web$i" -p 8080:80 \
			-e GLUE_RUN="$RUNTIME_GLUE_RUN" $IMAGE sleep 30
		nothing_runs "kill at $moment s of $span_us us"
		glue ps -a
		[[ $output != *web$i* || $output == *[Ee]xited* ]] ||
			flunk "kill at $moment s"
		glue rm --force "web$i"
		assert_ok
		no_record "kill at $moment s"
	done
}

@test "a created container whose start was killed can be started again" {
	local i
	glue create --name web -p 8080:80 -e GLUE_RUN="$RUNTIME_GLUE_RUN" \
		$IMAGE sh -c 'echo again; sleep 0.05'
	assert_ok
	for ((i = 0; i < 15; i++)); do
		killed start --attach web
		nothing_runs "kill at $moment s of $span_us us"
	done
	glue start --attach web
	assert_ok
	assert_output again
	nothing_runs "after its end"
	glue rm web
	assert_ok
	no_record "after rm"
}
