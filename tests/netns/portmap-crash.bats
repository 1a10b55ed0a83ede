#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# portmap killed at each of its system calls, and each of them made to fail: DEL
# or GC cleans up after the one, ADD itself after the other.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2153,SC2154
load helpers
load portmap

# All kinds of mappings.
FULL=(8080:80/tcp 8081:81/udp 192.0.2.11:53:53/udp '[2001:db8::11]:53:53/udp'
	127.0.0.1:9000:80/sctp)

# plugin VERB CONF [COMMAND...]: in "host", under COMMAND.
plugin() {
	in_ns host env CNI_COMMAND="$1" CNI_CONTAINERID=victim CNI_IFNAME=eth0 \
		CNI_NETNS="$POD" CNI_PATH="$PLUGIN_DIR" "${@:3}" \
		"$PLUGIN_DIR/portmap" <<<"$2"
}

# Hundreds of times; without what the commands of iptables print at length.
ruleset() {
	in_ns host nft list ruleset 2>/dev/null |
		sed -E 's/counter packets [0-9]+ bytes [0-9]+/counter/'
}

# Nobody is left running: what a plugin runs can outlive it.
settle() {
	local _
	for _ in {1..500}; do
		[ -n "$(ip netns pids host)" ] || return 0
		sleep 0.01
	done
	flunk "still running in host: $(ip netns pids host)"
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
	[ "$(wc -l <"$SCRATCH/calls-of-$1")" -ge 10 ] ||
		flunk "too few calls of $1:" "$(<"$SCRATCH/strace")"
}

# killed VERB CONF CALL N: run VERB, killed when it enters the Nth CALL.
killed() {
	local rc=0
	{ (plugin "$1" "$2" strace -qq -o /dev/null -e trace="$3" \
		-e inject="$3:signal=KILL:when=$4" >/dev/null); } \
		2>/dev/null || rc=$?
	settle || return 1
	[ "$rc" -eq 137 ] || [ "$rc" -eq 0 ] || [ "$rc" -eq 1 ] ||
		flunk "$1 killed at $3 $4: exit status $rc" || return 1
	dead=$((dead + (rc == 137)))
}

by_del() {
	plugin DEL "$1" >"$SCRATCH/out" || flunk "DEL: $(<"$SCRATCH/out")"
}
by_bare_del() {
	by_del "$(jq -c 'del(.prevResult,.runtimeConfig)' <<<"$1")"
}
by_gc() {
	plugin GC "$(jq -c '."cni.dev/valid-attachments"=[{"containerID":"pod2","ifname":"eth0"}]' <<<"$1")" \
		>"$SCRATCH/out" || flunk "GC: $(<"$SCRATCH/out")"
}
by_add() {
	plugin ADD "$1" >"$SCRATCH/out" || flunk "ADD: $(<"$SCRATCH/out")"
	plugin CHECK "$1" >"$SCRATCH/out" || flunk "CHECK: $(<"$SCRATCH/out")" ||
		return 1
	by_del "$1"
}

# begin CONF: the state in which one more came and went.
begin() {
	plugin ADD "$1" >/dev/null
	plugin DEL "$1"
	keep
}

# everywhere VERB CLEANER CONF: kill VERB at every call, and clean up.
everywhere() {
	local dead=0 call n least=${4:-10}
	begin "$3"
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
	[ "$dead" -ge "$least" ] || flunk "only $dead calls were tried"
}

# bats test_tags=ferrule,novalgrind
@test "ADD killed at any call: DEL cleans up" {
	everywhere ADD by_del "$(conf pod "${FULL[@]}")"
}

# bats test_tags=ferrule,novalgrind
@test "ADD killed at any call, beside another's ports: a bare DEL cleans up" {
	publish pod2 8090:80/tcp
	everywhere ADD by_bare_del "$(conf pod "${FULL[@]}")"
	check pod2 8090:80/tcp
	assert_silent
}

# bats test_tags=ferrule,novalgrind
@test "ADD killed at any call: GC cleans up" {
	publish pod2 8090:80/tcp
	everywhere ADD by_gc "$(conf pod "${FULL[@]}")"
}

# bats test_tags=ferrule,novalgrind
@test "ADD killed at any call: the next ADD works" {
	everywhere ADD by_add "$(conf pod "${FULL[@]}")"
}

# bats test_tags=ferrule,novalgrind
@test "DEL killed at any call: DEL cleans up" {
	everywhere DEL by_del "$(conf pod "${FULL[@]}")"
}

# bats test_tags=ferrule,novalgrind
@test "DEL killed at any call, beside another's ports: GC cleans up" {
	publish pod2 8090:80/tcp
	everywhere DEL by_gc "$(conf pod "${FULL[@]}")"
}

# bats test_tags=ferrule,novalgrind
@test "iptables: ADD killed at any call: DEL cleans up" {
	BACKEND=iptables FAMILIES=4
	everywhere ADD by_del "$(conf pod "${FULL[@]}")"
}

# bats test_tags=ferrule,novalgrind
@test "iptables: DEL killed at any call: GC cleans up" {
	BACKEND=iptables FAMILIES=4
	publish pod2 8090:80/tcp
	everywhere DEL by_gc "$(conf pod "${FULL[@]}")"
}

# close() is left out: what strace makes fail is not done at all, and Linux
# closes a descriptor even if it reports an error. And brk() never has an errno:
# the kernel answers with where the break is, and the C library relies on that.
fallible() { # VERB
	grep -vE '^(close|brk) ' "$SCRATCH/calls-of-$1"
}

# failing VERB CONF CALL N ERRNO: run VERB with that failure; either it works
# all the same, or it says what failed. Leaves $rc and the output in $out.
failing() {
	rc=0
	plugin "$1" "$2" timeout 20 strace -qq -o /dev/null -e trace="$3" \
		-e inject="$3:error=$5:when=$4" >"$SCRATCH/out" \
		2>"$SCRATCH/stderr" || rc=$?
	settle || return 1
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
# are named. An ADD that works has published.
matrix() {
	local call n rc failed=0 worked=0 bad=0
	while read -r call n <&4; do
		failing ADD "$1" "$call" "$n" "$2" || bad=$((bad + 1))
		if [ "$rc" -eq 0 ]; then
			worked=$((worked + 1))
			plugin CHECK "$1" >"$SCRATCH/check" || {
				flunk "$call $n $2: $(<"$SCRATCH/check")" || :
				bad=$((bad + 1))
			}
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
	[ "$failed" -ge "${3:-5}" ] && [ "$bad" -eq 0 ]
}

# bats test_tags=ferrule,novalgrind
@test "any call of ADD fails: an error, and nothing is left, or it works" {
	local c errno
	c=$(conf pod "${FULL[@]}")
	begin "$c"
	calls ADD "$c"
	by_del "$c"
	for errno in ENOMEM EBUSY EPERM; do
		matrix "$c" "$errno" || return 1
	done
}

# bats test_tags=ferrule,novalgrind
@test "any call of ADD fails, beside another's ports" {
	local c
	publish pod2 8090:80/tcp
	c=$(conf pod "${FULL[@]}")
	begin "$c"
	calls ADD "$c"
	by_del "$c"
	matrix "$c" ENOBUFS
	check pod2 8090:80/tcp
	assert_silent
}

# bats test_tags=ferrule,novalgrind
@test "iptables: any call of ADD fails" {
	local c
	BACKEND=iptables FAMILIES=4
	c=$(conf pod "${FULL[@]}")
	begin "$c"
	calls ADD "$c"
	by_del "$c"
	matrix "$c" ENOMEM
}

# bats test_tags=ferrule,novalgrind
@test "any call of DEL fails: the next DEL cleans up" {
	local c call n rc errno failed=0 worked=0
	c=$(conf pod "${FULL[@]}")
	begin "$c"
	plugin ADD "$c" >/dev/null
	calls DEL "$c"
	for errno in ENOMEM EBUSY; do
		while read -r call n <&4; do
			plugin ADD "$c" >/dev/null
			failing DEL "$c" "$call" "$n" $errno || return 1
			if [ "$rc" -eq 0 ]; then
				worked=$((worked + 1))
			else
				failed=$((failed + 1))
				by_del "$c" || return 1
			fi
			assert_kept "DEL, $call $n $errno, exit status $rc" ||
				return 1
		done 4< <(fallible DEL)
	done
	echo "# DEL: $failed failed, $worked worked" >&3
	[ "$failed" -ge 3 ]
}

# bats test_tags=ferrule,novalgrind
@test "any call of GC fails: the next GC cleans up" {
	local c call n rc gc failed=0 worked=0
	publish pod2 8090:80/tcp
	c=$(conf pod "${FULL[@]}")
	begin "$c"
	plugin ADD "$c" >/dev/null
	gc=$(jq -c '."cni.dev/valid-attachments"=[{"containerID":"pod2","ifname":"eth0"}]' <<<"$c")
	calls GC "$gc"
	while read -r call n <&4; do
		plugin ADD "$c" >/dev/null
		failing GC "$gc" "$call" "$n" ENOMEM || return 1
		if [ "$rc" -eq 0 ]; then
			worked=$((worked + 1))
		else
			failed=$((failed + 1))
			by_gc "$c" || return 1
		fi
		assert_kept "GC, $call $n, exit status $rc" || return 1
	done 4< <(fallible GC)
	echo "# GC: $failed failed, $worked worked" >&3
	[ "$failed" -ge 3 ]
}

# bats test_tags=ferrule,novalgrind
@test "a result that nobody can receive is undone" {
	local c rc
	c=$(conf pod "${FULL[@]}")
	begin "$c"
	rc=0
	plugin ADD "$c" >&- 2>/dev/null || rc=$?
	[ "$rc" -eq 1 ]
	assert_kept 'stdout closed'
	rc=0
	plugin ADD "$c" >/dev/full 2>/dev/null || rc=$?
	[ "$rc" -eq 1 ]
	assert_kept 'disk full'
}

# bats test_tags=ferrule,novalgrind
@test "SIGTERM in the midst is like a kill: DEL cleans up" {
	local c i
	c=$(conf pod "${FULL[@]}")
	begin "$c"
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
