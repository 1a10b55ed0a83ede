#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bridge killed at each of its system calls, and each of them made to fail:
# DEL or GC cleans up after the one, ADD itself after the other.
# shellcheck disable=SC2016,SC2030,SC2031,SC2119,SC2154
load helpers
load bridge

# LeakSanitizer does not work under strace.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"

# All that an ADD can make; the route is one that needs the address before it.
FULL='"isGateway":true,"ipMasq":true,"macspoofchk":true,"mtu":1400'
ROUTED='"routes":[{"dst":"0.0.0.0/0"},{"dst":"10.9.0.0/16","gw":"10.1.2.254"}]'

# plugin VERB CONF [COMMAND...]: in "host", under COMMAND.
plugin() {
	in_ns host env CNI_COMMAND="$1" CNI_CONTAINERID=victim CNI_IFNAME=eth0 \
		CNI_NETNS="$POD" CNI_PATH="$PLUGIN_DIR" "${@:3}" \
		"$PLUGIN_DIR/bridge" <<<"$2"
}

# calls VERB CONF: the system calls that the plugin itself makes once it has
# begun to read its configuration, "NAME N" for the Nth of that name.
calls() {
	plugin "$1" "$2" strace -qq -o "$SCRATCH/strace" >/dev/null
	awk -F'[( ]' '/^[a-z_0-9]+\(/ {
		n[$1]++
		if ($0 ~ /^read\(0/) begun = 1
		if (begun && $1 !~ /^(exit_group|exit|rt_sigreturn)$/)
			print $1, n[$1]
	}' "$SCRATCH/strace" >"$SCRATCH/calls-of-$1"
	[ "$(wc -l <"$SCRATCH/calls-of-$1")" -ge 20 ] ||
		flunk "too few calls of $1:" "$(<"$SCRATCH/strace")"
}

# killed VERB CONF CALL N: run VERB, killed when it enters the Nth CALL.
killed() {
	local rc=0
	{ (plugin "$1" "$2" strace -qq -o /dev/null -e trace="$3" \
		-e inject="$3:signal=KILL:when=$4" >/dev/null); } \
		2>/dev/null || rc=$?
	settle
	[ "$rc" -eq 137 ] || [ "$rc" -eq 0 ] || [ "$rc" -eq 1 ] ||
		flunk "$1 killed at $3 $4: exit status $rc"
	dead=$((dead + (rc == 137)))
}

# Hundreds of times: of the container only its links, which all else goes with.
world_state() {
	state host
	in_ns pod ip -o link | sed 's/^[0-9]*: //'
	leases
}

# What ADD and DEL leave: the bridge.
used() {
	plugin ADD "$1" >/dev/null
	plugin DEL "$1"
	keep
}

by_del() {
	plugin DEL "$1" >"$SCRATCH/out" || flunk "DEL: $(<"$SCRATCH/out")"
}
by_del_without_netns() {
	in_ns host env CNI_COMMAND=DEL CNI_CONTAINERID=victim CNI_IFNAME=eth0 \
		CNI_NETNS= CNI_PATH="$PLUGIN_DIR" "$PLUGIN_DIR/bridge" <<<"$1" \
		>"$SCRATCH/out" || flunk "DEL: $(<"$SCRATCH/out")"
}
by_gc() {
	plugin GC "${1%\}},\"cni.dev/valid-attachments\":[]}" >"$SCRATCH/out" || flunk "GC: $(<"$SCRATCH/out")"
}

# everywhere VERB CLEANER CONF: kill VERB at every call, and clean up.
everywhere() {
	local dead=0 call n
	used "$3"
	[ "$1" = ADD ] || plugin ADD "$3" >/dev/null
	calls "$1" "$3"
	by_del "$3"
	assert_kept || return 1
	while read -r call n <&4; do
		[ "$1" = ADD ] || plugin ADD "$3" >/dev/null
		killed "$1" "$3" "$call" "$n" || return 1
		"$2" "$3" || flunk "after $1 was killed at $call $n" || return 1
		assert_kept "$1 killed at $call $n" || return 1
	done 4<"$SCRATCH/calls-of-$1"
	echo "# $1 killed at $dead calls" >&3
	[ "$dead" -ge 20 ] || flunk "only $dead calls were tried" || return 1
	plugin ADD "$3" >/dev/null
	answers pod 10.1.2.1
	by_del "$3"
}

# bats test_tags=ferrule,novalgrind
@test "ADD killed at any call: DEL cleans up" {
	everywhere ADD by_del "$(conf "$FULL" "$DUAL,$ROUTED")"
}

# bats test_tags=ferrule,novalgrind
@test "ADD killed at any call: DEL without a namespace cleans up" {
	everywhere ADD by_del_without_netns "$(conf "$FULL" "$DUAL,$ROUTED")"
}

# bats test_tags=ferrule,novalgrind
@test "ADD killed at any call: GC cleans up" {
	everywhere ADD by_gc "$(conf "$FULL" "$DUAL,$ROUTED")"
}

# bats test_tags=ferrule,novalgrind
@test "ADD with the iptables backend killed at any call: DEL cleans up" {
	everywhere ADD by_del "$(conf "$FULL,\"ipMasqBackend\":\"iptables\"" "$NET4")"
}

# bats test_tags=ferrule,novalgrind
@test "DEL killed at any call: DEL cleans up" {
	everywhere DEL by_del "$(conf "$FULL" "$DUAL,$ROUTED")"
}

# bats test_tags=ferrule,novalgrind
@test "DEL killed at any call: GC cleans up" {
	everywhere DEL by_gc "$(conf "$FULL" "$DUAL,$ROUTED")"
}

# bats test_tags=ferrule,novalgrind
@test "the first ADD killed at any call: DEL leaves only the bridge" {
	local c dead=0 call n
	c=$(conf "$FULL" "$NET4")
	calls ADD "$c"
	by_del "$c"
	ip -n host link delete br0
	keep
	while read -r call n <&4; do
		killed ADD "$c" "$call" "$n" || return 1
		by_del "$c" || return 1
		ip -n host link delete br0 2>/dev/null || :
		assert_kept "ADD killed at $call $n" || return 1
	done 4<"$SCRATCH/calls-of-ADD"
	echo "# the first ADD killed at $dead calls" >&3
	[ "$dead" -ge 20 ]
}

# Two are left out, which Linux never fails as strace would: close(), which
# closes a descriptor even if it reports an error, and brk(), which answers with
# the old end, and not with an errno that libc takes for the new one. A
# sanitizer's own memory is none of the plugin's business.
fallible() { # VERB
	local others='close|brk'
	! grep -q __asan_init "$PLUGIN_DIR/bridge" ||
		others+='|mmap|munmap|mprotect|madvise|futex|sigaltstack|gettid'
	grep -vE "^($others) " "$SCRATCH/calls-of-$1"
}

# failing VERB CONF CALL N ERRNO: run VERB with that failure; either it works
# all the same, or it says what failed. Leaves $rc and the output in $out.
failing() {
	rc=0
	plugin "$1" "$2" timeout 20 strace -qq -o /dev/null -e trace="$3" \
		-e inject="$3:error=$5:when=$4" >"$SCRATCH/out" \
		2>"$SCRATCH/stderr" || rc=$?
	settle || return 1
	# shellcheck disable=SC2034 # flunk shows it
	output=$(<"$SCRATCH/out") stderr=$(<"$SCRATCH/stderr") status=$rc
	case $rc in
	0) [ "$1" != ADD ] || jq -e '.ips[0].address' <<<"$output" >/dev/null ||
		flunk "$1, $3 $4 $5: no result" ;;
	1) jq -e '.code >= 1 and (.msg | length > 5)' <<<"$output" >/dev/null ||
		flunk "$1, $3 $4 $5: no error object" ;;
	*) flunk "$1, $3 $4 $5: exit status $rc" ;;
	esac
}

# matrix CONF ERRNO: fail each call of an ADD in turn; all that leave something
# are named.
matrix() {
	local call n rc failed=0 worked=0 bad=0
	while read -r call n <&4; do
		failing ADD "$1" "$call" "$n" "$2" || bad=$((bad + 1))
		if [ "$rc" -eq 0 ]; then
			worked=$((worked + 1))
			by_del "$1" || return 1
		else
			failed=$((failed + 1))
		fi
		assert_kept "$call $n $2, exit status $rc" || {
			bad=$((bad + 1))
			by_del "$1" || return 1
		}
	done 4< <(fallible ADD)
	echo "# $2: $failed failed, $worked worked, $bad left something" >&3
	[ "$failed" -ge 10 ] && [ "$bad" -eq 0 ]
}

# bats test_tags=ferrule,novalgrind
@test "any call of ADD fails: an error, and nothing is left, or it works" {
	local c errno
	c=$(conf "$FULL" "$DUAL,$ROUTED")
	used "$c"
	calls ADD "$c"
	by_del "$c"
	for errno in ENOMEM EBUSY EPERM; do
		matrix "$c" "$errno" || return 1
	done
	plugin ADD "$c" >/dev/null
	answers pod 10.1.2.1
}

# bats test_tags=ferrule,novalgrind
@test "any call of the first ADD fails: not even the bridge is left" {
	local c
	c=$(conf "$FULL" "$DUAL,$ROUTED")
	calls ADD "$c"
	by_del "$c"
	ip -n host link delete br0
	keep
	by_del() {
		plugin DEL "$1" && ip -n host link delete br0
	}
	matrix "$c" ENOMEM
}

# bats test_tags=ferrule,novalgrind
@test "any call of ADD with the iptables backend fails" {
	local c
	c=$(conf "$FULL,\"ipMasqBackend\":\"iptables\"" "$NET4")
	used "$c"
	calls ADD "$c"
	by_del "$c"
	matrix "$c" ENOMEM
}

# bats test_tags=ferrule,novalgrind
@test "any call of DEL fails: the next DEL cleans up" {
	local c call n rc failed=0 worked=0 bad=0
	c=$(conf "$FULL" "$DUAL,$ROUTED")
	used "$c"
	plugin ADD "$c" >/dev/null
	calls DEL "$c"
	while read -r call n <&4; do
		plugin ADD "$c" >/dev/null
		failing DEL "$c" "$call" "$n" ENOMEM || return 1
		if [ "$rc" -eq 0 ]; then
			worked=$((worked + 1))
		else
			failed=$((failed + 1))
			by_del "$c" || return 1
		fi
		assert_kept "DEL, $call $n, exit status $rc" || {
			bad=$((bad + 1))
			by_del "$c" || return 1
		}
	done 4< <(fallible DEL)
	echo "# DEL: $failed failed, $worked worked, $bad of these only seemed to" >&3
	[ "$failed" -ge 3 ] && [ "$bad" -eq 0 ]
}

# bats test_tags=ferrule,novalgrind
@test "SIGTERM in the midst is like a kill: DEL cleans up" {
	local c i
	c=$(conf "$FULL" "$DUAL,$ROUTED")
	used "$c"
	for i in {1..20}; do
		plugin ADD "$c" >/dev/null 2>&1 &
		sleep "0.00$((i % 10))"
		ip netns pids host | xargs -r kill -TERM 2>/dev/null || :
		wait $! 2>/dev/null || :
		settle
		by_del "$c"
		assert_kept "round $i"
	done
}
