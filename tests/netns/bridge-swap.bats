#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bridge: one implementation attaches, the other detaches, because nodes are
# upgraded and downgraded while containers run.
# shellcheck disable=SC2016,SC2030,SC2031,SC2119,SC2154
load helpers
load bridge

setup_file() {
	[ -x "$PEER_DIR/bridge" ] || skip 'no peers'
}

THEIRS=$PEER_DIR
VARIANTS=(
	'"isGateway":true'
	'"isGateway":true,"ipMasq":true'
	'"isGateway":true,"ipMasq":true,"ipMasqBackend":"iptables"'
	'"isGateway":true,"ipMasq":true,"ipMasqBackend":"nftables"'
	'"isGateway":true,"macspoofchk":true'
	'"isGateway":true,"ipMasq":true,"macspoofchk":true'
	'"isGateway":true,"ipMasq":true,"ipMasqBackend":"nftables","macspoofchk":true'
	'"isDefaultGateway":true,"hairpinMode":true,"mtu":1400'
)

# by DIR COMMAND...: with the plugins of DIR.
by() {
	# shellcheck disable=SC2034 # cni reads it
	local PLUGIN_DIR=$1
	"${@:2}"
}

# Debian's build of the reference reports an error from a DEL without chains of
# iptables, having done all the rest.
their_del() { # CONF
	by "$THEIRS" cni DEL bridge "$(chained "$1" "$result")" "${@:2}"
	[ "$status" -eq 0 ] || [[ $output == *'does not exist'* ]] ||
		flunk 'the reference cannot delete'
}

# What the reference's own DEL leaves, on a host where the attachment of
# CONF came and went; then the attachment again.
attached_by_them() { # CONF
	by "$THEIRS" attach "$1"
	their_del "$1"
	# Empty chains and tables that the reference makes by looking.
	by "$THEIRS" attach "$1"
	their_del "$1"
	keep
	by "$THEIRS" attach "$1"
}

# What the reference's tables have before the first attachment and after the
# last: iptables makes it by looking, the reference leaves it, ferrule does not.
drop_shells() { # FILE
	sed -i -E '/^(table|\tchain|\t\ttype|\t*\}$|\tcomment|$)/d
		/^\t\t(comment "Masquerade traffic|ip daddr 224.0.0.0\/4 return)/d
		/^\t\t(ip6 daddr ff00::\/8 return|goto masq_checks)/d' "$1"
}
assert_as_theirs() { # WHAT
	world_state >"$BATS_TEST_TMPDIR/now"
	drop_shells "$BATS_TEST_TMPDIR/now"
	drop_shells "$BATS_TEST_TMPDIR/kept"
	diff -U1 "$BATS_TEST_TMPDIR/kept" "$BATS_TEST_TMPDIR/now" ||
		flunk "$1: not as after the reference's own DEL:" "$(ruleset)"
	for i in iptables ip6tables; do
		! in_ns host $i-save | grep CNI- || flunk "$1: chains were left"
	done
	! ruleset | grep -E 'cni-br-iface|macspoofchk-|, id: test' ||
		flunk "$1: rules were left"
}

# clean: as before the next variant.
clean() {
	ip netns delete pod
	ip netns delete host
	ip netns add host
	ip netns add pod
	rm -rf "$SCRATCH/store"
}

# bats test_tags=ferrule
@test "attached by the reference: DEL leaves what its own DEL leaves" {
	local more c
	for more in "${VARIANTS[@]}"; do
		c=$(conf "$more" "$DUAL")
		attached_by_them "$c"
		detach "$c"
		assert_as_theirs "$more"
		clean
	done
}

# bats test_tags=ferrule
@test "attached by the reference: DEL without a prevResult or a namespace" {
	local more c
	for more in "${VARIANTS[@]}"; do
		c=$(conf "$more" "$DUAL")
		attached_by_them "$c"
		cni DEL bridge "$c"
		assert_silent
		assert_as_theirs "$more, no prevResult"
		by "$THEIRS" attach "$c"
		ip netns delete pod
		ip netns add pod
		detach "$c" CNI_NETNS=
		assert_as_theirs "$more, no namespace"
		clean
	done
}

# bats test_tags=ferrule
@test "attached by the reference: DEL after the conflist lost its keys" {
	local more c
	for more in "${VARIANTS[@]}"; do
		attached_by_them "$(conf "$more" "$DUAL")"
		detach "$(conf '' "$DUAL")"
		assert_as_theirs "$more"
		clean
	done
}

# bats test_tags=ferrule
@test "attached by the reference: CHECK passes" {
	local more c
	for more in "${VARIANTS[@]}"; do
		c=$(conf "$more" "$DUAL")
		by "$THEIRS" attach "$c"
		check "$c"
		assert_silent || flunk "$more"
		clean
	done
}

# bats test_tags=ferrule
@test "attached by the reference: CHECK notices what is missing" {
	local c
	c=$(conf '"isGateway":true,"ipMasq":true,"ipMasqBackend":"iptables","macspoofchk":true' "$DUAL")
	by "$THEIRS" attach "$c"
	check "$c"
	assert_silent
	in_ns host iptables -t nat -F POSTROUTING
	check "$c"
	assert_error 100
	clean
	by "$THEIRS" attach "$c"
	in_ns host nft flush chain bridge nat PREROUTING
	check "$c"
	assert_error 100 '*poof*'
}

# bats test_tags=ferrule
@test "attached by the reference: works on beside our own, and GC takes it" {
	local c
	c=$(conf '"isGateway":true,"ipMasq":true' "$DUAL")
	by "$THEIRS" attach "$c"
	second ADD "$c"
	assert_ok
	answers pod 10.1.2.3
	answers pod2 10.1.2.2
	cni GC bridge "$(jq -c '."cni.dev/valid-attachments"=[{"containerID":"test2","ifname":"eth0"}]' <<<"$c")" \
		CNI_CONTAINERID= CNI_NETNS= CNI_IFNAME=
	assert_silent
	answers pod2 10.1.2.1
	assert_text "$(leases | wc -l)" 2
}

# bats test_tags=ferrule
@test "attached by us: the reference's CHECK passes" {
	local more c
	for more in "${VARIANTS[@]}"; do
		c=$(conf "$more" "$DUAL")
		attach "$c"
		by "$THEIRS" check "$c"
		assert_silent || flunk "$more"
		clean
	done
}

# bats test_tags=ferrule
@test "attached by us, deleted by the reference: the iptables backend" {
	local c i
	c=$(conf '"isGateway":true,"ipMasq":true,"ipMasqBackend":"iptables"' "$DUAL")
	attach "$c"
	by "$THEIRS" detach "$c"
	no_link pod eth0
	no_link host "$(host_end)"
	assert_text "$(leases)" ''
	for i in iptables ip6tables; do
		! in_ns host $i-save | grep CNI- || flunk 'chains were left'
	done
}

# bats test_tags=ferrule
@test "attached by us, deleted by the reference, and by us again: nothing stays" {
	local more c
	for more in "${VARIANTS[@]}"; do
		c=$(conf "$more" "$DUAL")
		attach "$c"
		detach "$c"
		keep
		attach "$c"
		their_del "$c"
		detach "$c"
		drop_shells "$BATS_TEST_TMPDIR/kept"
		assert_as_theirs "$more"
		! ruleset | grep cni:n/ || flunk "$more: of ours"
		clean
	done
}

# bats test_tags=ferrule
@test "attached by us: DEL after the conflist gained and lost keys" {
	local more
	for more in "${VARIANTS[@]}"; do
		attach "$(conf "$more" "$DUAL")"
		detach "$(conf "$more" "$DUAL")"
		keep
		attach "$(conf "$more" "$DUAL")"
		detach "$(conf '' "$DUAL")"
		assert_kept "$more, lost"
		attach "$(conf '' "$DUAL")"
		detach "$(conf "$more" "$DUAL")"
		assert_kept "$more, gained"
		clean
	done
}

# bats test_tags=ferrule
@test "ADD of what the reference has attached is refused, and harms nothing" {
	local c
	c=$(conf '"isGateway":true,"ipMasq":true' "$DUAL")
	by "$THEIRS" attach "$c"
	keep
	cni ADD bridge "$c"
	assert_error '*' '*container veth name ("eth0")*already exists*'
	assert_kept
}
