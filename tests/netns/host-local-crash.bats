#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# host-local killed at every system call that changes something, and many at
# once: nothing is lost, nothing is given out twice.
# shellcheck disable=SC2154,SC2016
load helpers

# What ADD and DEL change the world with.
CALLS='openat write pwrite64 linkat unlinkat unlink mkdir fsetxattr ftruncate utimensat close flock'

conf() {
	printf '{"cniVersion":"1.1.0","name":"n","type":"x",%s"ipam":{%s}}' \
		"${1:+$1,}" \
		"\"type\":\"host-local\",\"dataDir\":\"$SCRATCH/store\",\"subnet\":\"10.1.2.0/29\""
}

plugin() { # VERB ID [CONF]
	CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_IFNAME=eth0 CNI_NETNS=/nowhere \
		CNI_PATH=/x "$PLUGIN_DIR/host-local" <<<"${3:-$(conf)}"
}

# killed CALL N VERB ID: run, and be killed when entering the Nth CALL. Fails
# when there were fewer than N.
killed() {
	local rc=0
	(CNI_COMMAND=$3 CNI_CONTAINERID=$4 CNI_IFNAME=eth0 CNI_NETNS=/nowhere \
		CNI_PATH=/x strace -qq -o /dev/null -e trace="$1" \
		-e inject="$1:signal=KILL:when=$2" "$PLUGIN_DIR/host-local" \
		<<<"$(conf)" >/dev/null) 2>/dev/null || rc=$?
	[ "$rc" -eq 137 ]
}

files() {
	(cd "$SCRATCH/store" 2>/dev/null && find . -type f ! -name lock \
		! -name 'last_reserved_ip.*' -printf '%P ' | tr ' ' '\n' | sort)
}

# Every lease is whole: "ID\r\neth0".
assert_whole() {
	local f
	for f in "$SCRATCH"/store/n/10.*; do
		[ -e "$f" ] || continue
		grep -qzP '^[a-z0-9]+\r\neth0$' "$f" ||
			flunk "$f: $(od -c "$f")" || return 1
	done
}

# everywhere VERB CLEANER: kill VERB of "victim" at each call in turn, clean up
# with CLEANER, and compare with before. Afterwards the store must still work.
everywhere() {
	local call n tried=0 before
	plugin ADD bystander >/dev/null
	before=$(files)
	for call in $CALLS; do
		for (( n = 1;; n++, tried++ )); do
			[ "$1" = ADD ] || plugin ADD victim >/dev/null
			killed "$call" "$n" "$1" victim || break
			assert_whole || return 1
			"$2" || return 1
			[ "$(files)" = "$before" ] ||
				flunk "killed $1 at $call $n, left:" \
					"$(files)" || return 1
		done
		plugin DEL victim
	done
	[ "$tried" -ge 12 ] || flunk "only $tried calls were tried" || return 1
	plugin DEL victim >/dev/null
	plugin ADD last | jq -e '.ips[0].address' >/dev/null
	plugin DEL last
	[ "$(files)" = "$before" ]
}

by_del() {
	plugin DEL victim
}

by_gc() {
	plugin GC '' "$(conf '"cni.dev/valid-attachments":[{"containerID":"bystander","ifname":"eth0"}]')" 2>/dev/null
}

# bats test_tags=ferrule,novalgrind
@test "ADD killed at any call: DEL cleans up" {
	everywhere ADD by_del
}

# bats test_tags=ferrule,novalgrind
@test "ADD killed at any call: GC cleans up" {
	everywhere ADD by_gc
}

# bats test_tags=ferrule,novalgrind
@test "DEL killed at any call: DEL cleans up" {
	everywhere DEL by_del
}

# bats test_tags=ferrule,novalgrind
@test "DEL killed at any call: GC cleans up" {
	everywhere DEL by_gc
}

# bats test_tags=ferrule,novalgrind
@test "a failing call fails ADD, says which, and leaves nothing" {
	local call n out rc
	plugin ADD bystander >/dev/null
	for call in write:1 linkat:1 openat:last flock:1; do
		n=${call#*:}
		[ "$n" != last ] || n=$(CNI_COMMAND=ADD CNI_CONTAINERID=victim \
			CNI_IFNAME=eth0 CNI_NETNS=/n CNI_PATH=/x strace -qq -o \
			/dev/stdout -e trace=openat "$PLUGIN_DIR/host-local" \
			<<<"$(conf)" | grep -c '^openat')
		plugin DEL victim
		rc=0
		out=$(CNI_COMMAND=ADD CNI_CONTAINERID=victim CNI_IFNAME=eth0 \
			CNI_NETNS=/n CNI_PATH=/x strace -qq -o /dev/null \
			-e inject="${call%:*}:error=ENOSPC:when=$n" \
			"$PLUGIN_DIR/host-local" <<<"$(conf)") || rc=$?
		[ "$rc" -eq 1 ] || flunk "$call: exit status $rc: $out"
		[[ $(jq -r .msg <<<"$out") == *'No space left on device' ]] ||
			flunk "$call: $out"
		[ "$(files)" = n/10.1.2.2 ] || flunk "$call left: $(files)"
	done
}

# bats test_tags=ferrule,novalgrind
@test "a result that nobody can receive is undone" {
	local rc=0
	plugin ADD victim >&- 2>/dev/null || rc=$?
	[ "$rc" -eq 1 ]
	[ -z "$(files)" ] || flunk "left: $(files)"
	rc=0
	plugin ADD victim >/dev/full 2>/dev/null || rc=$?
	[ "$rc" -eq 1 ]
	[ -z "$(files)" ] || flunk "left: $(files)"
	plugin ADD victim 2>/dev/null | : || :
	sleep 0.2
	plugin DEL victim
	[ -z "$(files)" ]
}

# bats test_tags=novalgrind
@test "32 processes, 500 leases: none twice, none lost" {
	local c
	c='{"cniVersion":"1.0.0","name":"n","type":"x","ipam":{"type":"host-local","dataDir":"'$SCRATCH'/store","ranges":[[{"subnet":"10.1.0.0/22"}]]}}'
	export -f plugin
	export PLUGIN_DIR SCRATCH
	seq 500 | xargs -P32 -I@ bash -c 'plugin ADD c@ "$0" |
		jq -r ".ips[0].address" || echo failed' "$c" >"$SCRATCH/got"
	[ "$(grep -c '^10\.1\.' "$SCRATCH/got")" -eq 500 ]
	[ "$(sort -u "$SCRATCH/got" | wc -l)" -eq 500 ]
	[ "$(find "$SCRATCH/store/n" -name '10.*' | wc -l)" -eq 500 ]
	# Half of them go while others come.
	seq 1 2 500 | sed 's/^/DEL c/' >"$SCRATCH/jobs"
	seq 501 700 | sed 's/^/ADD c/' >>"$SCRATCH/jobs"
	shuf "$SCRATCH/jobs" | xargs -P32 -L1 bash -c \
		'plugin "$1" "$2" "$0" >/dev/null || echo failed' "$c" >"$SCRATCH/out"
	[ ! -s "$SCRATCH/out" ] || flunk "$(cat "$SCRATCH/out")"
	[ "$(find "$SCRATCH/store/n" -name '10.*' | wc -l)" -eq 450 ]
	[ "$(cat "$SCRATCH"/store/n/10.* | tr -d '\r' | grep -ac '^c[0-9]')" -ge 1 ]
	[ "$(head -qn1 "$SCRATCH"/store/n/10.* | sort -u | wc -l)" -eq 450 ]
}
