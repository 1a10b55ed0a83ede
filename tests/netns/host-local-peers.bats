#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# ferrule and the reference on one store, in turns: neither notices the other.
# shellcheck disable=SC2154,SC2016
load helpers

setup_file() {
	[ -x "$PEER_DIR/host-local" ] || skip 'no peers'
}

conf() { # STORE
	printf '{"cniVersion":"1.0.0","name":"n","type":"x","ipam":{%s}}' \
		"\"type\":\"host-local\",\"dataDir\":\"$1\",\"ranges\":[[{\"subnet\":\"10.1.2.0/25\"}],[{\"subnet\":\"fd00::/64\"}]]"
}

call() { # PLUGIN VERB ID IFNAME STORE
	CNI_COMMAND=$2 CNI_CONTAINERID=$3 CNI_IFNAME=$4 CNI_NETNS=/nowhere \
		CNI_PATH=/x "$1" <<<"$(conf "$5")"
}

# bats test_tags=ferrule,novalgrind
@test "1,000 mixed calls: the same answers and files as the reference alone" {
	local seed=$RANDOM ours theirs i id ifname verb plugin rc1 rc2
	local mixed=$SCRATCH/mixed alone=$SCRATCH/alone
	ours=$PLUGIN_DIR/host-local theirs=$PEER_DIR/host-local
	echo "# seed $seed"
	RANDOM=$seed
	for i in $(seq 1000); do
		id=c$((RANDOM % 60)) ifname=eth$((RANDOM % 2))
		verb=ADD plugin=$ours
		[ $((RANDOM % 5)) -ge 2 ] || verb=DEL
		[ $((RANDOM % 2)) -eq 0 ] || plugin=$theirs
		rc1=0 rc2=0
		call "$plugin" $verb "$id" $ifname "$mixed" >"$SCRATCH/1" || rc1=$?
		call "$theirs" $verb "$id" $ifname "$alone" >"$SCRATCH/2" || rc2=$?
		[ $rc1 -eq $rc2 ] || flunk "call $i, seed $seed: $rc1, $rc2:" \
			"$(cat "$SCRATCH/1" "$SCRATCH/2")"
		if [ $rc1 -eq 0 ]; then
			cmp "$SCRATCH/1" "$SCRATCH/2" || flunk "call $i, seed $seed"
		else
			[ "$(jq -r .msg "$SCRATCH/1")" = \
				"$(jq -r .msg "$SCRATCH/2")" ]
		fi
	done
	diff -r "$mixed/n" "$alone/n"
	[ "$(find "$mixed/n" -name '10.*' | wc -l)" -gt 10 ]
	[ "$(head -qn1 "$mixed"/n/10.* | wc -l)" -gt 10 ]
}

# bats test_tags=ferrule,novalgrind
@test "both at once: no address twice" {
	export -f call conf
	export PEER_DIR PLUGIN_DIR SCRATCH
	seq 100 | xargs -P8 -I@ bash -c 'p=$PLUGIN_DIR
		[ $((@ % 2)) -eq 0 ] || p=$PEER_DIR
		call "$p/host-local" ADD c@ eth0 "$SCRATCH/s" |
			jq -r ".ips[].address"' >"$SCRATCH/got"
	[ "$(wc -l <"$SCRATCH/got")" -eq 200 ]
	[ "$(sort -u "$SCRATCH/got" | wc -l)" -eq 200 ]
	seq 100 | xargs -P8 -I@ bash -c 'p=$PEER_DIR
		[ $((@ % 3)) -eq 0 ] || p=$PLUGIN_DIR
		call "$p/host-local" DEL c@ eth0 "$SCRATCH/s"'
	[ -z "$(find "$SCRATCH/s" -name '10.*' -o -name 'fd*')" ]
}
