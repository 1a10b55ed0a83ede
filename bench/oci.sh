#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Usage: tests/sandbox.sh bench/oci.sh BUILD [RUNTIME...]
# Time and peak memory of `run` of a static program that does nothing, for
# BUILD's runtime-glue-oci (stripped, as `make install` does), crun and runc (or
# those given), one after the other in each round: medians, and ratios to the
# first. crun cannot work on hosts with both versions of cgroups, so all of it
# happens where cgroup2 alone is mounted. ROUNDS: 100.
set -euo pipefail
build=$(realpath "${1:?usage: bench/oci.sh BUILD [RUNTIME...]}")
shift
top=$(cd "$(dirname "$0")/.." && pwd)
rounds=${ROUNDS:-100}
peers=$top/build/peers/oci/usr

if [ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ]; then
	umount -R /sys/fs/cgroup # the sandbox's
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
fi
parent=/ferrule-bench-$$
work=$(mktemp -d /run/bench.XXXXXX)
clean() {
	find "/sys/fs/cgroup$parent" -depth -type d -exec rmdir {} + 2>/dev/null || :
	rm -rf "$work"
}
trap clean EXIT
trap 'exit 130' INT TERM

if [ $# -eq 0 ]; then
	mkdir "$work/bin"
	strip -o "$work/bin/runtime-glue-oci" "$build/bin/runtime-glue"
	set -- "$work/bin/runtime-glue-oci" "$peers/bin/crun" "$peers/sbin/runc"
fi
mkdir -p "$work"/bundle/rootfs/{bin,dev,proc,sys,tmp}
# The report program without words does nothing.
cp "$build/oci/report" "$work/bundle/rootfs/bin/report"
jq -n --arg group "$parent/x" --arg mark BENCH=1 -f "$top/tests/oci/config.jq" \
	>"$work/bundle/config.json"

measure() { # RUNTIME NUMBER: adds a line to $work/NUMBER
	local line
	line=$("$build/bench/once" "$1" --root "$work/state-$2" run \
		--bundle "$work/bundle" bench)
	[ "${line##* }" = 0 ] || {
		echo "bench/oci: $1 failed" >&2
		return 1
	}
	echo "$line" >>"$work/$2"
}

median() { # FILE COLUMN
	cut -d' ' -f"$2" "$1" | sort -n | sed -n "$(((rounds + 1) / 2))p"
}

for ((i = -3; i < rounds; i++)); do
	n=0
	for runtime; do
		n=$((n + 1))
		measure "$runtime" $n
	done
	[ "$i" -ge 0 ] || rm -f "$work"/[1-9] # to warm up
done

n=0
printf '%-20s %10s %10s %8s %8s\n' runtime 'time (us)' 'peak (KiB)' 'x time' 'x peak'
for runtime; do
	n=$((n + 1))
	time=$(median "$work/$n" 1) peak=$(median "$work/$n" 2)
	first_time=${first_time:-$time} first_peak=${first_peak:-$peak}
	printf '%-20s %10d %10d %8s %8s\n' "${runtime##*/}" "$time" "$peak" \
		"$(awk "BEGIN { printf \"%.2f\", $time / $first_time }")" \
		"$(awk "BEGIN { printf \"%.2f\", $peak / $first_peak }")"
done
