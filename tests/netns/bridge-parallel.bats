#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bridge: many at once. No address twice, nothing lost, nothing left over.
# shellcheck disable=SC2016,SC2030,SC2031,SC2119,SC2154
load helpers
load bridge

# The reference breaks its own rules of iptables when there are many at once,
# and a bridge's MAC changes under it, so masquerade and gateways are in the
# tests that are tagged.

# call VERB N CONF: container N in namespace pN; its output in $SCRATCH/N.VERB.
call() {
	local rc=0
	nsenter --net=/run/netns/host -- env CNI_COMMAND="$1" \
		CNI_CONTAINERID="c$2" CNI_IFNAME=eth0 CNI_NETNS="/run/netns/p$2" \
		CNI_PATH="$PLUGIN_DIR" "$PLUGIN_DIR/bridge" <<<"$3" \
		>"$SCRATCH/$2.$1" 2>"$SCRATCH/$2.stderr" || rc=$?
	[ $rc -eq 0 ] || echo "$1 c$2: $rc: $(<"$SCRATCH/$2.$1")" >>"$SCRATCH/failed"
}

# all VERB JOBS CONF NUMBER...: so many at once; none may fail.
all() {
	export -f call
	export PLUGIN_DIR SCRATCH
	: >"$SCRATCH/failed"
	printf '%s\n' "${@:4}" | xargs -P"$2" -I@ bash -c 'call "$1" @ "$2"' \
		call "$1" "$3"
	[ ! -s "$SCRATCH/failed" ] || flunk "$(head -5 "$SCRATCH/failed")" \
		"$(wc -l <"$SCRATCH/failed") failed"
}

pods() { # NUMBER...
	local i
	for i; do
		ip netns add "p$i"
	done
}

# So many ports, and leases, by default as many; no address twice.
assert_attached() { # NUMBER [LEASES]
	assert_text "$(ip -n host -o link show master br0 | wc -l)" "$1" ports
	assert_text "$(leases | wc -l)" "${2:-$1}" leases
	assert_text "$(cat "$SCRATCH"/*.ADD | jq -r '.ips[].address' |
		sort -u | wc -l)" "${2:-$1}" 'different addresses'
}

assert_nothing() {
	assert_text "$(ip -n host -o link show type veth)" '' 'links on the host'
	assert_text "$(leases)" '' leases
}

@test "64 attachments on one bridge, each reachable" {
	local c i
	c=$(conf '' "$NET4")
	pods {1..64}
	ip -n host link add br0 address 02:00:00:00:00:77 type bridge
	ip -n host link set br0 up
	ip -n host addr add 10.1.2.1/24 dev br0
	all ADD 8 "$c" {1..64}
	assert_attached 64
	for i in 1 32 64; do
		reaches host "$(jq -r '.ips[0].address|split("/")[0]' "$SCRATCH/$i.ADD")"
	done
	all DEL 8 "$c" {1..64}
	assert_nothing
}

@test "32 at once on a bridge that does not exist yet" {
	local c
	c=$(conf '' "$NET4")
	pods {1..32}
	all ADD 32 "$c" {1..32}
	assert_attached 32
	all DEL 32 "$c" {1..32}
	assert_nothing
}

# bats test_tags=ferrule
@test "32 at once on a bridge that does not exist yet, with everything, 3 rounds" {
	local c i
	c=$(conf '"isGateway":true,"ipMasq":true,"macspoofchk":true' "$DUAL")
	pods {1..32}
	for i in 1 2 3; do
		rm -f "$SCRATCH"/*.ADD
		all ADD 32 "$c" {1..32}
		assert_attached 32 64
		# One bridge, one MAC for all.
		assert_text "$(cat "$SCRATCH"/*.ADD | jq -r '.interfaces[0].mac' |
			sort -u)" "$(link host br0 .address)"
		assert_text "$(ruleset | grep -o '"cni:n/c[0-9]*/eth0"' |
			sort -u | wc -l)" 32 'owners in the ruleset'
		answers p1 10.1.2.1
		answers p32 fd00:2::1
		answers host "$(jq -r '.ips[0].address|split("/")[0]' "$SCRATCH/17.ADD")"
		all DEL 32 "$c" {1..32}
		assert_nothing
		assert_text "$(ruleset)" '' 'the ruleset'
		ip -n host link delete br0
	done
}

# bats test_tags=ferrule
@test "64 with everything: CHECK of each, then half of them go, by GC" {
	local c i
	c=$(conf '"isGateway":true,"ipMasq":true,"macspoofchk":true' "$DUAL")
	pods {1..64}
	all ADD 16 "$c" {1..64}
	assert_attached 64 128
	for i in 1 33 64; do
		cni CHECK bridge "$(chained "$c" "$(<"$SCRATCH/$i.ADD")")" \
			CNI_CONTAINERID=c$i CNI_NETNS=/run/netns/p$i
		assert_silent
	done
	cni GC bridge "$(jq -c '."cni.dev/valid-attachments" =
		[range(1;33) | {containerID: "c\(.)", ifname: "eth0"}]' <<<"$c")" \
		CNI_CONTAINERID= CNI_NETNS= CNI_IFNAME=
	assert_silent
	assert_text "$(leases | wc -l)" 64
	assert_text "$(ip -n host -o link show master br0 | wc -l)" 32
	for i in 1 32; do
		cni CHECK bridge "$(chained "$c" "$(<"$SCRATCH/$i.ADD")")" \
			CNI_CONTAINERID=c$i CNI_NETNS=/run/netns/p$i
		assert_silent
	done
	all DEL 16 "$c" {1..64}
	assert_nothing
	assert_text "$(ruleset)" '' 'the ruleset'
}

# churn CONF: 16 containers come and go at once, five times each.
churn() {
	export -f call
	export PLUGIN_DIR SCRATCH
	: >"$SCRATCH/failed"
	pods {1..16}
	seq 16 | xargs -P16 -I@ bash -c 'for _ in 1 2 3 4 5; do
		call ADD @ "$1"; call DEL @ "$1"; done' churn "$1"
	[ ! -s "$SCRATCH/failed" ] || flunk "$(head -5 "$SCRATCH/failed")" \
		"$(wc -l <"$SCRATCH/failed") failed"
	assert_nothing
}

@test "80 come and go, 16 at once" {
	churn "$(conf '' "$NET4")"
}

# bats test_tags=ferrule
@test "80 come and go, 16 at once, with everything" {
	churn "$(conf '"isGateway":true,"ipMasq":true,"macspoofchk":true' "$DUAL")"
	assert_text "$(ruleset)" '' 'the ruleset'
}

# bats test_tags=ferrule
@test "the same attachment twice at once: one wins and is whole, or none" {
	local c i j adds
	c=$(conf '"isGateway":true,"ipMasq":true,"macspoofchk":true' "$DUAL")
	pods 1
	call ADD 1 "$c"
	call DEL 1 "$c"
	for i in {1..10}; do
		: >"$SCRATCH/won"
		adds=()
		for j in 1 2; do
			(nsenter --net=/run/netns/host -- env CNI_COMMAND=ADD \
				CNI_CONTAINERID=c1 CNI_IFNAME=eth0 \
				CNI_NETNS=/run/netns/p1 CNI_PATH="$PLUGIN_DIR" \
				"$PLUGIN_DIR/bridge" <<<"$c" >"$SCRATCH/out.$j" &&
				echo $j >>"$SCRATCH/won") &
			adds+=($!)
		done
		# Not for all: bats has a job of its own, the time limit.
		wait "${adds[@]}" || :
		# One may have the address, and the other the link.
		if [ -s "$SCRATCH/won" ]; then
			assert_text "$(wc -l <"$SCRATCH/won")" 1 winners
			result=$(<"$SCRATCH/out.$(<"$SCRATCH/won")")
			cni CHECK bridge "$(chained "$c" "$result")" \
				CNI_CONTAINERID=c1 CNI_NETNS=/run/netns/p1
			assert_silent
			call DEL 1 "$c"
		fi
		assert_nothing
		assert_text "$(ruleset)" '' 'the ruleset'
	done
}
