#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bats file_tags=vm
# common/nft/conntrack.c on a kernel that cannot delete by a filter (before
# 6.12): it must refuse, and not delete more than what was meant.
load helpers

# bats test_tags=ferrule
@test "an older kernel refuses the filter, and exact entries go" {
	local n
	in_ns host ip link set lo up
	for n in 2 3; do
		in_ns host conntrack -I -p tcp -s 10.0.0.5 -d 10.0.0.1 \
			--sport "100$n" --dport 80 -t 600 \
			--dst-nat "10.88.0.$n:8080" --state ESTABLISHED
	done
	in_ns host conntrack -I -p tcp -s 10.0.0.5 -d 10.0.0.1 --sport 1004 \
		--dport 80 -t 600 --state ESTABLISHED
	output=$(in_ns host env FERRULE_TRACE=stderr "$DRIVE_DIR/ctctl" \
		4 tcp 80 - 10.88.0.2 2>&1)
	case $(uname -r) in
	6.1.*) [[ $output == *"= EINVAL"*"ct list entries"* ]] || flunk ;;
	esac
	in_ns host conntrack -L 2>/dev/null >"$SCRATCH/left"
	[ "$(grep -o 'sport=100. dport=80 ' "$SCRATCH/left" | sort | tr -d '\n')" = \
		"sport=1003 dport=80 sport=1004 dport=80 " ] ||
		flunk "$(<"$SCRATCH/left")"
}
