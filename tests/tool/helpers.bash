# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What every test of the standalone tool uses. `make check-tool` starts bats in
# private network and mount namespaces with an empty /run, and with an /etc,
# /opt and /var/lib that forget. Each test has a store, a /run, a folder of
# networks, a cache and a parent cgroup of its own, all below $SCRATCH. After a
# test nothing may be left: no process, mount, cgroup, link or namespace.
bats_require_minimum_version 1.7.0

: "${OCI_RUNTIME:?}" "${PLUGIN_DIR:?}"
GLUE=${OCI_RUNTIME%/*}/runtime-glue
TESTS=$BATS_TEST_DIRNAME
CGROUPS=/sys/fs/cgroup

setup() {
	SCRATCH=$(mktemp -d /run/tool.XXXXXX) # on a tmpfs
	chmod 755 "$SCRATCH"
	export RUNTIME_GLUE_ROOT=$SCRATCH/store RUNTIME_GLUE_RUN=$SCRATCH/run
	export RUNTIME_GLUE_CGROUP=/ferrule-tool-$$
	export NETCONFPATH=$SCRATCH/net.d CNI_PATH=$PLUGIN_DIR
	export CNI_CACHE=$SCRATCH/cache
	mkdir "$NETCONFPATH"
	links_before=$(ip -o link | sed 's/^[0-9]*: \([^:@]*\).*/\1/' | sort)
	mounts_before=$(wc -l </proc/self/mountinfo)
	! declare -F prepare >/dev/null || prepare
}

teardown() {
	local failed=0
	[ -z "$BATS_TEST_COMPLETED" ] || nothing_left || failed=1
	clean_up
	return $failed
}

# Of what goes with a container; networks (their bridges) may stay.
nothing_left() {
	local now
	now=$(wc -l </proc/self/mountinfo)
	[ "$now" -eq "$mounts_before" ] ||
		flunk "mounts are left:" "$(</proc/self/mountinfo)" || return 1
	now=$(find $CGROUPS -maxdepth 3 -path "*$RUNTIME_GLUE_CGROUP/*" -type d 2>/dev/null)
	[ -z "$now" ] || flunk "cgroups are left: $now" || return 1
	now=$(ip -o link show type veth)
	[ -z "$now" ] || flunk "veths are left: $now" || return 1
	# The engine keeps compiled seccomp filters.
	now=$(find "$RUNTIME_GLUE_RUN" -mindepth 2 -not -path "*/oci/@seccomp*" 2>/dev/null)
	[ -z "$now" ] || flunk "in $RUNTIME_GLUE_RUN there is: $now" || return 1
}

clean_up() {
	local group link target
	for group in "$CGROUPS"/*"$RUNTIME_GLUE_CGROUP" "$CGROUPS$RUNTIME_GLUE_CGROUP"; do
		[ -d "$group" ] || continue
		# shellcheck disable=SC2038 # numbers
		find "$group" -name cgroup.procs -exec cat {} + 2>/dev/null |
			xargs -r kill -KILL 2>/dev/null
		find "$group" -depth -type d -exec rmdir {} + 2>/dev/null
	done
	awk -v s="$SCRATCH/" 'index($5, s) == 1 { print $5 }' /proc/self/mountinfo |
		tac | while read -r target; do umount -l "$target"; done
	ip -o link | sed 's/^[0-9]*: \([^:@]*\).*/\1/' | sort |
		comm -13 <(echo "$links_before") - |
		while read -r link; do ip link del "$link" 2>/dev/null; done
	! command -v nft >/dev/null || nft flush ruleset
	rm -rf --one-file-system "$SCRATCH"
}

flunk() { # LINE...
	printf '%s\n' "$@" "exit status: ${status-}" "stdout: ${output-}" \
		"stderr: ${stderr-}" >&2
	return 1
}

# glue ARGUMENT...: the tool, for at most $GLUE_TIMEOUT (60) seconds. Leaves
# $status, $output and $stderr.
glue() {
	status=0
	timeout -k 5 "${GLUE_TIMEOUT:-60}" "$GLUE" "$@" >"$SCRATCH/stdout" \
		2>"$SCRATCH/stderr" <"${glue_in:-/dev/null}" || status=$?
	output=$(tr -d '\0' <"$SCRATCH/stdout")
	stderr=$(tr -d '\0' <"$SCRATCH/stderr")
}

assert_ok() {
	[ "$status" -eq 0 ] || flunk "expected success"
}

assert_status() { # STATUS
	[ "$status" -eq "$1" ] || flunk "expected exit status $1"
}

# assert_fails [TEXT...]: not by a signal, and each TEXT is in stderr.
assert_fails() {
	local text
	[ "$status" -gt 0 ] && [ "$status" -lt 128 ] ||
		flunk "expected a failure" || return 1
	for text; do
		[[ $stderr == *"$text"* ]] ||
			flunk "expected in stderr: $text" || return 1
	done
}

# assert_output TEXT...: each is in stdout.
assert_output() {
	local text
	for text; do
		[[ $output == *"$text"* ]] ||
			flunk "expected in stdout: $text" || return 1
	done
}

# eventually COMMAND...: within ten seconds.
eventually() {
	local end=$((SECONDS + 10))
	until "$@" 2>/dev/null; do
		[ $SECONDS -lt $end ] || {
			"$@"
			return
		}
		sleep 0.02
	done
}

# A root file system of busybox, made once: $1.
make_rootfs() { # DIR
	local name
	mkdir -p "$1"/{bin,dev,etc,proc,sys,tmp,run,mnt,root,home,var/www}
	chmod 1777 "$1/tmp"
	cp "$(command -v busybox)" "$1/bin/busybox"
	for name in sh ls cat echo true false id env pwd hostname ip ping nc wget \
		httpd sleep mount stat touch mkdir rm ps kill; do
		ln -s busybox "$1/bin/$name"
	done
	echo 'root:x:0:0:root:/root:/bin/sh' >"$1/etc/passwd"
	echo 'user:x:1000:1000:user:/home/user:/bin/sh' >>"$1/etc/passwd"
	printf 'root:x:0:\nuser:x:1000:\nextra:x:2000:user\n' >"$1/etc/group"
}

# make_image NAME [JQ [ROOTFS]]: write $SCRATCH/NAME.tar, a docker-archive with
# one layer (ROOTFS; busybox), and load it as NAME:latest. The image
# configuration is {"config":{"Cmd":["/bin/sh"],"Env":["PATH=/bin"]}, ...} after
# the filter JQ: make_image web '.config.User="user" | .config.Cmd=["id"]'
make_image() { # NAME [JQ [ROOTFS]]
	local rootfs=${3-$SCRATCH/rootfs}
	[ -d "$rootfs" ] || make_rootfs "$rootfs"
	write_image "$1" "$rootfs" "${2:-.}" || return
	glue load "$SCRATCH/$1.tar"
	assert_ok
}

write_image() { # NAME ROOTFS JQ
	local dir=$SCRATCH/image.$1 layer
	mkdir "$dir"
	tar -C "$2" --numeric-owner -cf "$dir/layer.tar" .
	layer=$(sha256sum "$dir/layer.tar")
	jq -nc --arg layer "sha256:${layer%% *}" --arg arch "$(dpkg --print-architecture)" '
		{architecture: $arch, os: "linux", created: "2024-01-02T03:04:05Z",
		 config: {Cmd: ["/bin/sh"], Env: ["PATH=/bin"]},
		 rootfs: {type: "layers", diff_ids: [$layer]}} | '"$3" \
		>"$dir/config.json" || return
	jq -nc --arg name "$1:latest" '[{Config: "config.json",
		RepoTags: [$name], Layers: ["layer.tar"]}]' >"$dir/manifest.json"
	tar -C "$dir" -cf "$SCRATCH/$1.tar" layer.tar config.json manifest.json
	rm -r "$dir"
}
