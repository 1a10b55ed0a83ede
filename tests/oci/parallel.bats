#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Many at a time: nothing is left, and none gets in another's way.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2086,SC2154
load helpers

# COUNT containers by WORKERS of them.
COUNT=${OCI_PARALLEL:-200} WORKERS=8
! is_runc && ! is_crun || COUNT=${OCI_PARALLEL:-40}

# Not all children: bats has one in the background, too.
finish() { # PID...
	local pid
	for pid; do wait "$pid" || :; done
}

worker() { # NUMBER
	local i id
	for ((i = $1; i < COUNT; i += WORKERS)); do
		id=many-$i
		"$OCI_RUNTIME" --root "$STATE" create --bundle "$SCRATCH/w$1" \
			--pid-file "$SCRATCH/pid-$i" $id &&
			"$OCI_RUNTIME" --root "$STATE" start $id &&
			"$OCI_RUNTIME" --root "$STATE" state $id >/dev/null &&
			"$OCI_RUNTIME" --root "$STATE" list -q >/dev/null &&
			"$OCI_RUNTIME" --root "$STATE" delete --force $id &&
			echo made
	done
}

@test "many containers created, started and deleted by eight workers" {
	local n jobs=()
	for ((n = 0; n < WORKERS; n++)); do
		new_bundle w$n
		args /bin/report wait
		# One group in use by two would be refused.
		config 'del(.linux.cgroupsPath)'
		config --arg p "$PARENT/w$n" '.linux.cgroupsPath = $p'
	done
	for ((n = 0; n < WORKERS; n++)); do
		OCTEST=$MARK worker $n >"$SCRATCH/out-$n" 2>&1 </dev/null 3>&- &
		jobs+=($!)
	done
	finish "${jobs[@]}"
	n=$(cat "$SCRATCH"/out-* | grep -cx made)
	echo "# $n containers" >&3
	[ "$n" -eq "$COUNT" ] || flunk "$(cat "$SCRATCH"/out-* | grep -vx made |
		head -n 5)"
}

@test "eight creates of one name: one wins" {
	local n won jobs=()
	args /bin/report wait
	for n in {1..8}; do
		(OCTEST=$MARK "$OCI_RUNTIME" --root "$STATE" create \
			--bundle "$BUNDLE" $ID >"$SCRATCH/out-$n" 2>&1 </dev/null 3>&- &&
			echo won >>"$SCRATCH/won") &
		jobs+=($!)
	done
	finish "${jobs[@]}"
	won=$(grep -c won "$SCRATCH/won")
	[ "$won" -eq 1 ]
	status_is created
	gone
}

@test "eight deletes of one container" {
	local n jobs=()
	launch_waiting
	for n in {1..8}; do
		OCTEST=$MARK "$OCI_RUNTIME" --root "$STATE" delete --force $ID \
			>"$SCRATCH/out-$n" 2>&1 </dev/null 3>&- &
		jobs+=($!)
	done
	finish "${jobs[@]}"
	oci delete --force $ID
	assert_ok
}

@test "eight execs at once" {
	local n jobs=()
	launch_waiting
	for n in {1..8}; do
		OCTEST=$MARK "$OCI_RUNTIME" --root "$STATE" exec $ID /bin/report \
			say "hello $n" >"$SCRATCH/out-$n" 2>&1 </dev/null 3>&- &
		jobs+=($!)
	done
	finish "${jobs[@]}"
	for n in {1..8}; do
		grep -qx "say=hello $n" "$SCRATCH/out-$n"
	done
	gone
}
