# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Containers that serve, and neighbours that ask, for tests/tool/run-network*.
# shellcheck disable=SC2034,SC2154

prepare() {
	WEB=$SCRATCH/web
	RUNS=()
	make_rootfs "$WEB"
	mkdir -p "$WEB/var/www/cgi-bin"
	# Who answers, and who asked.
	# shellcheck disable=SC2016 # the script's own
	printf '#!/bin/sh\nprintf "\\n%%s %%s\\n" "$(hostname)" "$REMOTE_ADDR"\n' \
		>"$WEB/var/www/cgi-bin/who"
	chmod +x "$WEB/var/www/cgi-bin/who"
	# What the containers are told of the host.
	mkdir -p "$SCRATCH/etc"
	printf 'nameserver 192.0.2.53\nsearch example.test\noptions ndots:2\n' \
		>"$SCRATCH/etc/resolv.conf"
	mount --bind "$SCRATCH/etc/resolv.conf" /etc/resolv.conf
	mounts_before=$(wc -l </proc/self/mountinfo)
}

teardown() {
	local failed=0 run
	for run in "${RUNS[@]}"; do
		kill -KILL "$run" 2>/dev/null || true
		wait "$run" 2>/dev/null || true
	done
	[ ${#RUNS[@]} -eq 0 ] || glue ps >/dev/null # sweeps
	[ -z "$BATS_TEST_COMPLETED" ] || nothing_left || failed=1
	umount /etc/resolv.conf 2>/dev/null || true
	if [ -n "${LAN-}" ]; then
		kill -KILL "$LAN" 2>/dev/null || true
		wait "$LAN" 2>/dev/null || true
	fi
	clean_up
	return $failed
}

# up NAME OPTION... [-- COMMAND...]: a container in the background, by default
# one that serves HTTP on port 80. Comes back when its command runs.
up() { # NAME OPTION...
	local name=$1 options=() pid
	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift || true
	[ $# -gt 0 ] || set -- httpd -f -p 80 -h /var/www
	timeout -k 5 120 "$GLUE" run --rm --name "$name" "${options[@]}" \
		--rootfs "$WEB" "$@" </dev/null >"$SCRATCH/$name.out" \
		2>"$SCRATCH/$name.err" 3>&- &
	pid=$!
	RUNS+=("$pid")
	eventually runs "$name" || flunk "$(cat "$SCRATCH/$name.err")"
}

# Its command has been executed: it is not the tool any more.
runs() { # NAME
	local pid
	pid=$(pid_of "$1") && [ "$pid" -gt 0 ] &&
		[ "$(readlink "/proc/$pid/exe")" = /bin/busybox ]
}

record() { # NAME FILTER
	cat "$RUNTIME_GLUE_ROOT"/containers/*/box.json |
		jq -ers --arg name "$1" ".[] | select(.name == \$name) | $2"
}

pid_of() { # NAME
	local id
	id=$(record "$1" .id) &&
		jq -er .pid "$RUNTIME_GLUE_RUN/oci/$id/state.json"
}

address_of() { # NAME [NETWORK'S NUMBER [4|6]]
	record "$1" ".networks[${2:-0}].result.ips |
		map(select(.address | contains(\":\") == (${3:-4} == 6)))[0].address |
		split(\"/\")[0]"
}

# in_box NAME COMMAND...: in its network, with the host's files.
in_box() { # NAME COMMAND...
	local netns
	netns=$(record "$1" .netns)
	shift
	nsenter --net="$netns" "$@"
}

who() { # URL'S HOST [COMMAND BEFORE curl...]
	local host=$1
	shift
	"$@" curl -sS -g --max-time 5 "http://$host/cgi-bin/who"
}

# Asking that host gives TEXT.
answers() { # TEXT HOST [COMMAND...]
	local text=$1 got
	shift
	got=$(who "$@" 2>&1) || true
	[ "$got" = "$text" ] || {
		echo "asked $*, got: $got" >&2
		return 1
	}
}

silent() { # HOST [COMMAND...]
	! who "$@" >/dev/null 2>&1
}

# A neighbour at 198.51.100.2 and 2001:db8::2, this host being .1 there.
make_lan() {
	unshare --net sleep 300 3>&- &
	LAN=$!
	eventually other_netns "$LAN"
	ip link add lan0 type veth peer name lan1 netns "$LAN"
	ip addr add 198.51.100.1/24 dev lan0
	ip addr add 2001:db8::1/64 dev lan0 nodad
	ip link set lan0 up
	neighbour ip addr add 198.51.100.2/24 dev lan1
	neighbour ip addr add 2001:db8::2/64 dev lan1 nodad
	neighbour ip link set lan1 up
	neighbour ip link set lo up
	links_before=$(printf '%s\nlan0\n' "$links_before" | sort)
}

drop_lan() {
	ip link del lan0
}

other_netns() { # PID
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

neighbour() { # COMMAND...
	nsenter --net="/proc/$LAN/ns/net" "$@"
}

down() { # NAME
	glue rm -f "$1"
	assert_ok
}
