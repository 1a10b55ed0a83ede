# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests of bridge share: configurations, calls that must succeed, what
# is on the host, and traffic. See helpers.bash for the namespaces.
# shellcheck disable=SC2034,SC2154

# Members of `ipam`.
NET4='"ranges":[[{"subnet":"10.1.2.0/24"}]]'
NET6='"ranges":[[{"subnet":"fd00:2::/64"}]]'
DUAL='"ranges":[[{"subnet":"10.1.2.0/24"}],[{"subnet":"fd00:2::/64"}]]'
POD2=/run/netns/pod2

# conf MORE [IPAM]: a configuration with these members, and these of `ipam`;
# without IPAM it is layer 2 only. $VERSION and $NETWORK are others than the
# usual ones.
conf() {
	local ipam=
	[ -z "${2:-}" ] ||
		ipam=",\"ipam\":{\"type\":\"host-local\",\"dataDir\":\"$SCRATCH/store\",$2}"
	printf '{"cniVersion":"%s","name":"%s","type":"bridge","bridge":"br0"%s%s}' \
		"${VERSION:-1.1.0}" "${NETWORK:-n}" "${1:+,$1}" "$ipam"
}

# chained CONF RESULT: CONF with a prevResult.
chained() {
	jq -c --argjson prev "$2" '.prevResult = $prev' <<<"$1"
}

# attach CONF [VAR=VALUE...]: ADD, which must succeed; leaves $result.
attach() {
	cni ADD bridge "$@"
	assert_ok || return 1
	result=$output
}

# check CONF [VAR=VALUE...]: CHECK with $result, as a runtime does.
check() {
	cni CHECK bridge "$(chained "$1" "$result")" "${@:2}"
}

# detach CONF [VAR=VALUE...]: DEL with $result, which must succeed.
detach() {
	cni DEL bridge "$(chained "$1" "$result")" "${@:2}"
	assert_silent
}

# second VERB CONF [VAR=VALUE...]: for a second container, in "pod2".
second() {
	[ -e "$POD2" ] || ip netns add pod2
	cni "$1" bridge "$2" CNI_CONTAINERID=test2 CNI_NETNS="$POD2" "${@:3}"
}

# The names in the last result.
host_end() {
	jq -r '.interfaces[1].name' <<<"$result"
}
container_mac() {
	jq -r '.interfaces[2].mac' <<<"$result"
}

# state NAMESPACE: what plugins change there, a line for each, without what
# moves by itself: indices, carriers, counters, link-local addresses.
state() {
	in_ns "$1" sh -c 'ip -o link
		ip -o addr show scope global
		ip route show table all
		ip -6 route show table all
		nft list ruleset 2>/dev/null' |
		sed -E '/(fe80|ff00|^(anycast|multicast|local) )/d; s/^[0-9]+: //; s/@[^:]+:/:/
			s/(,LOWER_UP|NO-CARRIER,|,M-DOWN)//g
			s/ (qdisc|state) [^ ]+//g; s/ link-netns(id)? [^ ]+//
			s/ (linkdown|tentative|dadfailed)//g
			s/counter packets [0-9]+ bytes [0-9]+/counter/'
}

leases() {
	[ -d "$SCRATCH/store" ] || return 0
	(cd "$SCRATCH/store" && find . -type f ! -name lock \
		! -name 'last_reserved_ip.*' | sort)
}

# All of it: what an attachment that is gone must not have changed.
world_state() {
	echo "== host"
	state host
	echo "== pod"
	state pod
	echo "== leases"
	leases
}

# keep: remember the state; assert_kept: it is as it was.
keep() {
	world_state >"$BATS_TEST_TMPDIR/kept"
}
assert_kept() {
	world_state >"$BATS_TEST_TMPDIR/now"
	diff -U1 "$BATS_TEST_TMPDIR/kept" "$BATS_TEST_TMPDIR/now" \
		>"$BATS_TEST_TMPDIR/diff" ||
		flunk "${1:+$1: }something was left or lost:" \
			"$(cat "$BATS_TEST_TMPDIR/diff")"
}

# has_link NAMESPACE LINK; no_link NAMESPACE LINK
has_link() {
	ip -n "$1" link show "$2" >/dev/null 2>&1 || flunk "no $2 in $1"
}
no_link() {
	! ip -n "$1" link show "$2" >/dev/null 2>&1 || flunk "$2 is in $1"
}

# link NAMESPACE LINK FILTER: of `ip -d -j link`.
link() {
	ip -n "$1" -d -j link show "$2" | jq -r ".[0]|$3"
}

# assert_link NAMESPACE LINK FILTER TEXT
assert_link() {
	local got
	got=$(link "$1" "$2" "$3")
	[ "$got" = "$4" ] || flunk "$2 in $1: $3 is $got" "expected: $4"
}

# assert_text TEXT EXPECTED [WHAT]
assert_text() {
	[ "$1" = "$2" ] || flunk "${3:-text} is: $1" "expected: $2"
}

# ruleset: all that is in the packet filter, iptables' too.
ruleset() {
	in_ns host nft list ruleset 2>/dev/null
}
assert_rule() { # TEXT
	ruleset | grep -qF -- "$1" || flunk "no '$1' in:" "$(ruleset)"
}
refute_rule() { # TEXT
	! ruleset | grep -qF -- "$1" || flunk "'$1' is in:" "$(ruleset)"
}

# answers NAMESPACE ADDRESS [PING OPTION...]: the first ping, within a second.
answers() {
	in_ns "$1" ping -n -c1 -W1 "${@:3}" "$2" >/dev/null 2>&1 ||
		flunk "$2 does not answer $1"
}

# reaches NAMESPACE ADDRESS [PING OPTION...]: some ping within six seconds; the
# reference's IPv6 addresses are not usable at once.
reaches() {
	local end=$((SECONDS + 6))
	while [ "$SECONDS" -lt "$end" ]; do
		in_ns "$1" ping -n -c1 -W0.2 "${@:3}" "$2" >/dev/null 2>&1 &&
			return
		sleep 0.05
	done
	flunk "$2 does not answer $1"
}
refuses() {
	! in_ns "$1" ping -n -c2 -i0.2 -W0.5 "${@:3}" "$2" >/dev/null 2>&1 ||
		flunk "$2 answers $1"
}

# peer_of FROM TO ADDRESS: connect by TCP from namespace FROM to ADDRESS, which
# is TO's, send a line each way, and print the address that TO saw.
peer_of() {
	local log=$BATS_TEST_TMPDIR/nc got _
	: >"$log"
	in_ns "$2" timeout 10 nc -nvlN "$3" 7777 <<<from-server \
		>"$log.in" 2>"$log" 3>&- &
	for _ in {1..100}; do
		! grep -q ^Listening "$log" || break
		sleep 0.02
	done
	got=$(in_ns "$1" timeout 10 nc -nN -w5 "$3" 7777 <<<from-client)
	wait $! || :
	[ "$got,$(<"$log.in")" = from-server,from-client ] ||
		flunk "no connection from $1 to $3: $got, $(cat "$log")" ||
		return 1
	sed -n 's/^Connection received on \([^ ]*\) .*/\1/p' "$log"
}

# A third namespace, "world": 192.0.2.2 and 2001:db8::2, beyond the host, which
# is 192.0.2.1 and 2001:db8::1. It knows no way to the containers but `world
# back`.
world() {
	local ns
	if [ "${1:-}" = back ]; then
		ip -n world route add 10.1.2.0/24 via 192.0.2.1
		ip -n world route add fd00:2::/64 via 2001:db8::1
		return
	fi
	ip netns add world
	ip -n host link add up0 type veth peer name up0 netns world
	for ns in host world; do
		in_ns $ns sysctl -qw net.ipv6.conf.up0.accept_dad=0
		ip -n $ns link set up0 up
	done
	ip -n host addr add 192.0.2.1/24 dev up0
	ip -n host addr add 2001:db8::1/64 dev up0 nodad
	ip -n world addr add 192.0.2.2/24 dev up0
	ip -n world addr add 2001:db8::2/64 dev up0 nodad
}

# Needs the kernel's VLAN filtering, which some are built without.
need_vlan_filtering() {
	if ! ip link add ferrule-probe type bridge vlan_filtering 1 2>/dev/null
	then
		skip 'skipped: kernel without CONFIG_BRIDGE_VLAN_FILTERING'
	fi
	ip link delete ferrule-probe
}

# Nobody of a plugin's family is left running in "host": an IPAM plugin can
# outlive the bridge that was killed.
settle() {
	local _
	for _ in {1..500}; do
		[ -n "$(ip netns pids host)" ] || return 0
		sleep 0.01
	done
	flunk "still running in host: $(ip netns pids host)"
}

# without_sbin CALL...: a call, such as `cni ADD bridge CONF`, on a machine that
# has no program in /usr/sbin.
without_sbin() {
	local real=$PLUGIN_DIR
	local PLUGIN_DIR=$SCRATCH/without-sbin
	mkdir -p "$PLUGIN_DIR/empty"
	cat >"$PLUGIN_DIR/bridge" <<-SH
	#!/bin/sh
	exec unshare --mount sh -c 'mount --bind $PLUGIN_DIR/empty /usr/sbin &&
		exec $real/bridge'
	SH
	chmod +x "$PLUGIN_DIR/bridge"
	"$@" CNI_PATH="$real"
}

# ipam RESULT [MEMBERS]: an IPAM plugin "fake" whose ADD answers RESULT; sets
# $FAKE, the members of `ipam` for it, and $BIN, the CNI_PATH it is in. What it
# was called with is in $SCRATCH/calls.
ipam() {
	BIN=CNI_PATH=$SCRATCH/bin:$PLUGIN_DIR
	FAKE="\"type\":\"fake\"${2:+,$2}"
	mkdir -p "$SCRATCH/bin"
	printf %s "$1" >"$SCRATCH/answer"
	: >"$SCRATCH/calls"
	cat >"$SCRATCH/bin/fake" <<-SH
	#!/bin/sh
	echo "\$CNI_COMMAND \$CNI_CONTAINERID \$CNI_IFNAME" >>$SCRATCH/calls
	[ "\$CNI_COMMAND" != ADD ] || cat $SCRATCH/answer
	SH
	chmod +x "$SCRATCH/bin/fake"
}
