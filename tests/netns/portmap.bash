# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests of portmap share. No other plugin takes part: the containers
# are made here, and prevResult is written by hand.
#
#   lan                          host                        pod, pod2
#   192.0.2.2    --- up0 ---     192.0.2.1, .11
#   2001:db8::2                  2001:db8::1, ::11
#                                br0 10.1.2.1       ---      10.1.2.2, .3
#                                    fd00:2::1               fd00:2::2, ::3
#   server                       net0 198.51.100.1
#   198.51.100.2 --- net0 ---         2001:db8:1::1
#   2001:db8:1::2
#
# "lan" is a neighbouring machine that has "host" for its router, on the way to
# "server", but knows no way to the containers.
# shellcheck disable=SC2034,SC2154

# Both are tested, or what BACKENDS says in the environment.
: "${BACKENDS:=nftables iptables}"
PREFIX=fd00:2::

setup() {
	local ns
	for ns in host pod pod2 lan server; do
		ip netns add $ns
		# Else neighbours are not asked for in the first second.
		in_ns $ns sysctl -qw net.ipv6.conf.all.accept_dad=0 \
			net.ipv6.conf.default.accept_dad=0
	done
	SCRATCH=$(mktemp -d /run/scratch.XXXXXX)
	SERVERS=()
	BACKEND=nftables
	build_host
	build_pod pod 2
	build_pod pod2 3
	build_router lan up0 192.0.2 2001:db8::
	build_router server net0 198.51.100 2001:db8:1::
}

teardown() {
	[ ${#SERVERS[@]} -eq 0 ] || kill "${SERVERS[@]}" 2>/dev/null || :
	ip -all netns delete
	rm -rf "$SCRATCH"
}

# As on any node; br_netfilter looks at bridged packets, which is the kernel's
# default and the rule with Kubernetes.
build_host() {
	in_ns host sysctl -qw net.ipv4.ip_forward=1 \
		net.ipv6.conf.all.forwarding=1 \
		net.bridge.bridge-nf-call-iptables=1 \
		net.bridge.bridge-nf-call-ip6tables=1
	ip -n host -b - <<-IP
		link set lo up
		link add br0 address 02:00:00:00:02:01 type bridge
		link set br0 up
		addr add 10.1.2.1/24 dev br0
		addr add ${PREFIX}1/64 dev br0 nodad
	IP
}

# build_pod NAMESPACE N: 10.1.2.N, fd00:2::N
build_pod() {
	ip -n "$1" -b - <<-IP
		link set lo up
		link add eth0 type veth peer name $1 netns host
		addr add 10.1.2.$2/24 dev eth0
		addr add $PREFIX$2/64 dev eth0 nodad
		link set eth0 up
	IP
	ip -n host link set "$1" master br0 up
	ip -n host link set "$1" type bridge_slave hairpin on
	ip -n "$1" -b - <<-IP
		route add default via 10.1.2.1
		route add default via ${PREFIX}1
	IP
}

# build_router NAMESPACE LINK IPV4 IPV6: .2 there, .1 and .11 here
build_router() {
	ip -n "$1" -b - <<-IP
		link set lo up
		link add $2 type veth peer name $2 netns host
		addr add $3.2/24 dev $2
		addr add ${4}2/64 dev $2 nodad
		link set $2 up
		route add default via $3.1
	IP
	ip -n host -b - <<-IP
		addr add $3.1/24 dev $2
		addr add $3.11/24 dev $2
		addr add ${4}1/64 dev $2 nodad
		addr add ${4}11/64 dev $2 nodad
		link set $2 up
	IP
	ip -n "$1" -6 route add default via "${4}1"
}

# fresh: the host as before the first ADD.
fresh() {
	in_ns host nft flush ruleset
	in_ns host conntrack -F >/dev/null 2>&1
	in_ns host sysctl -qw net.ipv4.conf.br0.route_localnet=0
}

# ---- Configurations ----

# mapping HOST:CONTAINER/PROTOCOL, or ADDRESS:HOST:CONTAINER/PROTOCOL, an IPv6
# address in brackets: a member of portMappings.
mapping() {
	local ip=
	[[ $1 =~ ^(([0-9.]+|\[[^]]+\]):)?([0-9]+):([0-9]+)/(.+)$ ]]
	ip=${BASH_REMATCH[2]#[}
	printf '{"hostPort":%s,"containerPort":%s,"protocol":"%s"%s}' \
		"${BASH_REMATCH[@]:3:3}" \
		"${ip:+,\"hostIP\":\"${ip%]}\"}"
}

# prev CONTAINER [IFNAME]: the prevResult of one with this namespace, dual stack
# or of the families $FAMILIES.
prev() {
	local n=2 ips=() family
	[ "$1" != pod2 ] || n=3
	for family in ${FAMILIES:-4 6}; do
		case $family in
		4) ips+=("{\"interface\":2,\"address\":\"10.1.2.$n/24\",\"gateway\":\"10.1.2.1\"}") ;;
		6) ips+=("{\"interface\":2,\"address\":\"$PREFIX$n/64\",\"gateway\":\"${PREFIX}1\"}") ;;
		esac
	done
	printf '{"cniVersion":"1.1.0","interfaces":[{"name":"br0"},{"name":"%s"},{"name":"%s","sandbox":"/run/netns/%s"}],"ips":[%s],"dns":{"nameservers":["10.1.2.1"]}}' \
		"$1" "${2:-eth0}" "$1" "$(IFS=,; echo "${ips[*]}")"
}

# conf CONTAINER MAPPING...: for it, with these ports; of network $NETWORK (n),
# with $BACKEND, and $MORE members.
conf() {
	local maps=() map
	for map in "${@:2}"; do
		maps+=("$(mapping "$map")")
	done
	raw_conf "$1" "$(IFS=,; echo "${maps[*]}")"
}

# raw_conf CONTAINER JSON: the same with the members of portMappings.
raw_conf() {
	printf '{"cniVersion":"1.1.0","name":"%s","type":"portmap"%s%s,"runtimeConfig":{"portMappings":[%s]},"prevResult":%s}' \
		"${NETWORK:-n}" "${BACKEND:+,\"backend\":\"$BACKEND\"}" \
		"${MORE:+,$MORE}" "$2" "$(prev "$1" "${IFNAME:-eth0}")"
}

# ---- Calls ----

# portmap VERB CONTAINER CONF [VAR=VALUE...]: its ID is its name, or $CID.
portmap() {
	cni "$1" portmap "$3" CNI_CONTAINERID="${CID:-$2}" CNI_NETNS="/run/netns/$2" \
		CNI_IFNAME="${IFNAME:-eth0}" "${@:4}"
}

# publish CONTAINER MAPPING...: ADD, which must succeed.
publish() {
	portmap ADD "$1" "$(conf "$@")"
	assert_ok
}

# withdraw CONTAINER MAPPING...: DEL, which must succeed.
withdraw() {
	portmap DEL "$1" "$(conf "$@")"
	assert_silent
}

# check CONTAINER MAPPING...
check() {
	portmap CHECK "$1" "$(conf "$@")"
}

# gc CONTAINER...: GC; these are valid.
gc() {
	local valid=() c
	for c in "$@"; do
		valid+=("{\"containerID\":\"$c\",\"ifname\":\"eth0\"}")
	done
	cni GC portmap "{\"cniVersion\":\"1.1.0\",\"name\":\"${NETWORK:-n}\",\"type\":\"portmap\"${BACKEND:+,\"backend\":\"$BACKEND\"},\"cni.dev/valid-attachments\":[$(IFS=,; echo "${valid[*]}")]}" \
		CNI_CONTAINERID= CNI_NETNS= CNI_IFNAME=
}

# ---- Traffic ----

# serve NAMESPACE PROTOCOL/PORT...: answer there, in the namespace's name. Who
# asked is also in $SCRATCH/asked.NAMESPACE.
serve() {
	local ready=$SCRATCH/ready _
	rm -f "$ready"
	nsenter --net="/run/netns/$1" -- "$BATS_TEST_DIRNAME/talk.py" serve \
		"$1" "$ready" "${@:2}" >>"$SCRATCH/asked.$1" 3>&- &
	SERVERS+=($!)
	for _ in {1..200}; do
		[ ! -e "$ready" ] || return 0
		sleep 0.02
	done
	flunk "no server in $1"
}

# ask NAMESPACE [OPTION...] PROTOCOL/ADDRESS/PORT...: see talk.py.
ask() {
	in_ns "$1" "$BATS_TEST_DIRNAME/talk.py" ask "${@:2}"
}

# assert_answers NAMESPACE ANSWER [OPTION...] PROTOCOL/ADDRESS/PORT...: all of
# them answer ANSWER, "SERVER CLIENT PORT", which may be a pattern.
assert_answers() {
	local got n=0 line wrong=()
	got=$(ask "$1" "${@:3}")
	while read -r line; do
		# shellcheck disable=SC2053
		[[ $line == $2 ]] || wrong+=("$n: $line")
		n=$((n + 1))
	done <<<"$got"
	[ ${#wrong[@]} -eq 0 ] || flunk "${BACKEND:-}: from $1, ${*:3}:" \
		"${wrong[@]}" "expected: $2" "$(in_ns host nft list ruleset)"
}

# assert_deaf NAMESPACE PROTOCOL/ADDRESS/PORT...: none of them answers.
assert_deaf() {
	assert_answers "$1" '@(refused|reset|timeout|unreachable)' \
		-t 0.7 "${@:2}"
}

# ---- What is there ----

# ruleset: all of the host's packet filter, without what traffic moves. nft 1.0.6
# cannot print all that iptables makes.
ruleset() {
	in_ns host sh -c 'nft list ruleset; iptables-save; ip6tables-save' \
		2>/dev/null | sed -E '/^#/d; s/\[[0-9]+:[0-9]+\]$//
			s/counter packets [0-9]+ bytes [0-9]+/counter/'
}

# state: what portmap may have changed.
state() {
	ruleset
	in_ns host sh -c 'grep . /proc/sys/net/ipv4/conf/*/route_localnet'
}

# keep: remember it; assert_kept: it is as it was.
keep() {
	state >"$BATS_TEST_TMPDIR/kept"
}
assert_kept() {
	state >"$BATS_TEST_TMPDIR/now"
	diff -U1 "$BATS_TEST_TMPDIR/kept" "$BATS_TEST_TMPDIR/now" \
		>"$BATS_TEST_TMPDIR/diff" ||
		flunk "${1:+$1: }something was left or lost:" \
			"$(cat "$BATS_TEST_TMPDIR/diff")"
}

assert_rule() { # TEXT
	ruleset | grep -qF -- "$1" || flunk "no '$1' in:" "$(ruleset)"
}
refute_rule() { # TEXT
	! ruleset | grep -qF -- "$1" || flunk "'$1' is in:" "$(ruleset)"
}

# flows [CONNTRACK OPTION...]: the host's connections, a line for each.
flows() {
	in_ns host conntrack -L "$@" 2>/dev/null
}
