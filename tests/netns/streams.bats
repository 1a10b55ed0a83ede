#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What a plugin's descriptors may be: pipes that do not block, FIFOs that nobody
# reads, or that are full.
# shellcheck disable=SC2016,SC2154
load helpers

CONF='{"cniVersion":"1.1.0","name":"lo","type":"loopback"}'

# nonblocking STDIN|STDOUT COMMAND...: that one as a parent with an event loop
# hands it down.
nonblocking() {
	perl -MFcntl -e 'my ($fh, @run) = @ARGV; no strict "refs";
		fcntl(*{$fh}, F_SETFL, fcntl(*{$fh}, F_GETFL, 0) | O_NONBLOCK)
			or die "fcntl: $!";
		exec @run or die' "$@"
}

call() { # VERB PLUGIN [VAR=VALUE...]
	in_ns host timeout 20 env CNI_COMMAND="$1" CNI_CONTAINERID=test \
		CNI_NETNS="$POD" CNI_IFNAME=eth0 CNI_PATH=/x "${@:3}" \
		"$PLUGIN_DIR/$2"
}

@test "a stdin that does not block is waited for" {
	local verb
	export -f call in_ns
	export POD PLUGIN_DIR
	for verb in ADD DEL; do
		{ sleep 0.2; printf %s "${CONF:0:20}"; sleep 0.2
		printf %s "${CONF:20}"; } |
			nonblocking STDIN bash -c "call $verb loopback" \
				>"$SCRATCH/out" || flunk "$(cat "$SCRATCH/out")"
	done
}

@test "a stdout that does not block gets all of a long result" {
	local conf
	[ -x "$PLUGIN_DIR/host-local" ] || skip 'no host-local here'
	export -f call in_ns
	export POD PLUGIN_DIR
	conf=$(jq -n --arg dir "$SCRATCH/store" '{cniVersion: "1.1.0", name: "n",
		ipam: {dataDir: $dir, subnet: "10.1.2.0/24",
		routes: [range(5000) | {dst: "10.\(. / 250 | floor).\(. % 250).0/24"}]}}')
	nonblocking STDOUT bash -c 'call ADD host-local && touch "$1"' - \
		"$SCRATCH/ok" <<<"$conf" | { sleep 0.5; cat; } >"$SCRATCH/out"
	[ -e "$SCRATCH/ok" ] || flunk 'ADD failed'
	[ "$(stat -c %s "$SCRATCH/out")" -gt 200000 ]
	[ "$(jq '.routes|length' "$SCRATCH/out")" -eq 5000 ]
}

# bats test_tags=ferrule
@test "a trace FIFO that nobody reads holds up nobody" {
	mkfifo "$SCRATCH/fifo"
	cni ADD loopback "$CONF" FERRULE_TRACE="$SCRATCH/fifo"
	assert_ok
	assert_json '.interfaces[0].name' lo
	[[ $stderr == *'FERRULE_TRACE: open "'*'/fifo": No such device or address'* ]] ||
		flunk 'not said on stderr'
}

# bats test_tags=ferrule
@test "a trace FIFO that is full holds up nobody, one that is read tells all" {
	mkfifo "$SCRATCH/fifo"
	exec 9<>"$SCRATCH/fifo"
	dd if=/dev/zero of="$SCRATCH/fifo" oflag=nonblock bs=4096 count=1000 \
		2>/dev/null && flunk 'it cannot be filled'
	cni ADD loopback "$CONF" FERRULE_TRACE="$SCRATCH/fifo"
	assert_ok
	assert_json '.interfaces[0].name' lo
	dd if="$SCRATCH/fifo" of=/dev/null iflag=nonblock bs=4096 2>/dev/null || :
	cni DEL loopback "$CONF" FERRULE_TRACE="$SCRATCH/fifo"
	assert_silent
	dd if="$SCRATCH/fifo" iflag=nonblock bs=4096 2>/dev/null |
		grep -q 'rtnl RTM_NEWLINK set link "lo" down = ok (' ||
		flunk 'no trace'
	exec 9>&-
}

# bats test_tags=ferrule
@test "a trace that goes nowhere is said, and costs nothing else" {
	ln -s /etc/passwd "$SCRATCH/link"
	cni ADD loopback "$CONF" FERRULE_TRACE="$SCRATCH/link"
	assert_ok
	[[ $stderr == *"open \"$SCRATCH/link\": Too many levels of symbolic links"* ]] ||
		flunk 'not said on stderr'
	cni ADD loopback "$CONF" FERRULE_TRACE=trace
	assert_ok
	[[ $stderr == *'"trace" is neither stderr nor an absolute path'* ]] ||
		flunk 'not said on stderr'
	cni ADD loopback "$CONF" FERRULE_TRACE=/dev/full
	assert_ok
}
