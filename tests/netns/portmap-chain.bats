#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# portmap at the end of a chain, called as a runtime does: bridge with
# host-local, then portmap; and a page fetched through the port.
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154
load helpers
load portmap

setup() {
	SERVERS=()
	SCRATCH=$(mktemp -d /run/scratch.XXXXXX)
	for ns in host pod pod2 lan; do
		ip netns add $ns
		in_ns $ns sysctl -qw net.ipv6.conf.all.accept_dad=0 \
			net.ipv6.conf.default.accept_dad=0
		ip -n $ns link set lo up
	done
	in_ns host sysctl -qw net.bridge.bridge-nf-call-iptables=1 \
		net.bridge.bridge-nf-call-ip6tables=1
	build_router lan up0 192.0.2 2001:db8::
}

# list [MEMBERS [MEMBERS]]: the network's list of plugins, with more members for
# bridge, and for portmap.
list() {
	jq -cn --arg store "$SCRATCH/store" --argjson bridge "{${1:-}}" \
		--argjson portmap "{${2:-}}" '{
		cniVersion: "1.1.0", name: "n", plugins: [
		({type: "bridge", bridge: "br0", isDefaultGateway: true,
		  ipMasq: true, hairpinMode: true,
		  ipam: {type: "host-local", dataDir: $store, ranges: [
			[{subnet: "10.1.2.0/24"}], [{subnet: "fd00:2::/64"}]]}} +
			$bridge),
		({type: "portmap", capabilities: {portMappings: true}} +
			$portmap)]}'
}

# chain VERB LIST CONTAINER MAPPING...: call them as libcni does: each with the
# result of the one before, DEL in reverse and all with the last. Leaves $result.
chain() {
	local verb=$1 list=$2 pod=$3 maps=() n order='0 1' c
	for c in "${@:4}"; do
		maps+=("$(mapping "$c")")
	done
	[ "$verb" != ADD ] || result=null
	[ "$verb" != DEL ] || order='1 0'
	for n in $order; do
		c=$(jq -c --argjson maps "[$(IFS=,; echo "${maps[*]}")]" \
			--argjson n "$n" --argjson prev "$result" '. as $l |
			.plugins[$n] + {name, cniVersion} |
			if .capabilities.portMappings then
				.runtimeConfig={portMappings: $maps} else . end |
			if $prev != null then .prevResult=$prev else . end' \
			<<<"$list")
		cni "$verb" "$(jq -r .type <<<"$c")" "$c" \
			CNI_CONTAINERID="$pod" CNI_NETNS="/run/netns/$pod"
		[ "$status" -eq 0 ] || return 0
		[ "$verb" != ADD ] || result=$output
	done
}

# page FROM ADDRESS PORT: what is served there.
page() {
	in_ns "$1" timeout 5 nc -N "$2" "$3" </dev/null
}

# assert_chain LIST: pages are fetched, CHECK passes, DEL leaves nothing of it.
assert_chain() {
	chain ADD "$1" pod 8080:80/tcp
	assert_ok
	assert_json '.ips|length' 2
	chain CHECK "$1" pod 8080:80/tcp
	assert_silent
	SERVERS=()
	serve pod tcp/80
	assert_answers lan 'pod 192.0.2.2 80' tcp/192.0.2.1/8080
	assert_answers lan 'pod 2001:db8::2 80' tcp/2001:db8::1/8080
	[ "$(page lan 192.0.2.1 8080)" = 'pod 192.0.2.2 80' ]
	assert_answers host 'pod 10.1.2.1 80' tcp/127.0.0.1/8080
	assert_answers pod 'pod 10.1.2.1 80' tcp/192.0.2.1/8080
	assert_answers pod 'pod fd00:2::1 80' tcp/2001:db8::1/8080
	# And the container's own way out, masqueraded by bridge.
	serve lan tcp/9000
	assert_answers pod 'lan 192.0.2.1* 9000' tcp/192.0.2.2/9000
	assert_answers pod 'lan 2001:db8::1* 9000' tcp/2001:db8::2/9000
	chain DEL "$1" pod 8080:80/tcp
	assert_silent
	assert_deaf lan tcp/192.0.2.1/8080 tcp/2001:db8::1/8080
	refute_rule 8080
	refute_rule 10.1.2.2
	[ "$(find "$SCRATCH/store" -name '10.*' | wc -l)" -eq 0 ]
	kill "${SERVERS[@]}"
	ip netns delete pod
	ip netns add pod
}

@test "bridge, host-local, portmap: a page through the port" {
	for BACKEND in $BACKENDS; do
		assert_chain "$(list '"ipMasqBackend":"iptables"' \
			"\"backend\":\"$BACKEND\"")"
	done
}

# The reference, as Debian builds it, fails its DEL of such masquerade.
# bats test_tags=ferrule
@test "with every combination of backends, and with none" {
	local masq
	for masq in nftables iptables; do
		for BACKEND in $BACKENDS; do
			assert_chain "$(list "\"ipMasqBackend\":\"$masq\"" \
				"\"backend\":\"$BACKEND\"")"
		done
	done
	assert_chain "$(list)"
}

@test "two containers: each behind its own port, and through the other's" {
	local l
	for BACKEND in $BACKENDS; do
		l=$(list '"ipMasqBackend":"iptables"' \
			"\"backend\":\"$BACKEND\"")
		chain ADD "$l" pod 8080:80/tcp
		assert_ok
		one=$result
		chain ADD "$l" pod2 8081:80/tcp
		assert_ok
		SERVERS=()
		serve pod tcp/80
		serve pod2 tcp/80
		assert_answers lan 'pod *' tcp/192.0.2.1/8080
		assert_answers lan 'pod2 *' tcp/192.0.2.1/8081
		assert_answers pod 'pod2 10.1.2.* 80' tcp/192.0.2.1/8081
		assert_answers pod2 'pod 10.1.2.* 80' tcp/192.0.2.1/8080
		chain DEL "$l" pod2 8081:80/tcp
		assert_silent
		assert_answers lan 'pod *' tcp/192.0.2.1/8080
		assert_deaf lan tcp/192.0.2.1/8081
		result=$one
		chain DEL "$l" pod 8080:80/tcp
		assert_silent
		kill "${SERVERS[@]}"
		ip netns delete pod
		ip netns delete pod2
		ip netns add pod
		ip netns add pod2
		fresh
	done
}

# The address goes from one container to the next, and the port with it.
@test "a container is replaced: the client notices nothing" {
	local l
	for BACKEND in $BACKENDS; do
		l=$(list '"ipMasqBackend":"iptables"' \
			"\"backend\":\"$BACKEND\"")
		SERVERS=()
		chain ADD "$l" pod 8081:81/udp 8080:80/tcp
		assert_ok
		serve pod udp/81 tcp/80
		assert_answers lan 'pod *' -s 4000 udp/192.0.2.1/8081
		chain DEL "$l" pod 8081:81/udp 8080:80/tcp
		assert_silent
		chain ADD "$l" pod2 8081:81/udp 8080:80/tcp
		assert_ok
		serve pod2 udp/81 tcp/80
		assert_answers lan 'pod2 *' -s 4000 -1 udp/192.0.2.1/8081
		assert_answers lan 'pod2 *' tcp/192.0.2.1/8080
		chain DEL "$l" pod2 8081:81/udp 8080:80/tcp
		assert_silent
		kill "${SERVERS[@]}"
		ip netns delete pod
		ip netns delete pod2
		ip netns add pod
		ip netns add pod2
		fresh
	done
}

# The runtime lost the namespace and its cache; both find what is theirs.
# bats test_tags=ferrule
@test "DEL without a namespace, a result or mappings leaves the host clean" {
	local l
	for BACKEND in $BACKENDS; do
		l=$(list '' "\"backend\":\"$BACKEND\"")
		chain ADD "$l" pod2 8081:80/tcp
		assert_ok
		kept=$result
		chain ADD "$l" pod 8080:80/tcp
		chain DEL "$l" pod 8080:80/tcp
		keep
		chain ADD "$l" pod 8080:80/tcp
		assert_ok
		ip netns delete pod
		result=null
		chain DEL "$l" pod
		assert_silent
		assert_kept
		result=$kept
		chain DEL "$l" pod2 8081:80/tcp
		assert_silent
		ip netns add pod
		fresh
	done
}

# bats test_tags=ferrule
@test "a port that is taken: the chain fails, DEL of the chain cleans up" {
	local l
	l=$(list)
	chain ADD "$l" pod2 8080:80/tcp
	assert_ok
	chain ADD "$l" pod 8081:80/tcp
	chain DEL "$l" pod 8081:80/tcp
	keep
	chain ADD "$l" pod 8080:80/tcp
	assert_error 105 '*8080/tcp*pod2*'
	chain DEL "$l" pod 8080:80/tcp
	assert_silent
	assert_kept
	serve pod2 tcp/80
	assert_answers lan 'pod2 *' tcp/192.0.2.1/8080
}
