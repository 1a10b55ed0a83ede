#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Usage: tests/demo-plugins.sh BIN_DIR
# Show the plugins of BIN_DIR at work on a network namespace made for the
# purpose. All of it happens inside tests/sandbox.sh, so the machine is left as
# it was.
# shellcheck disable=SC2016 # commands are expanded when they are run
set -euo pipefail

if [ "${1:-}" != --inside ]; then
	bin=$(realpath "${1:?usage: tests/demo-plugins.sh BIN_DIR}")
	here=$(realpath "$(dirname "$0")")
	exec "$here/sandbox.sh" "$here/demo-plugins.sh" --inside "$bin"
fi
cd "$(dirname "$0")/.."
bin=${2#"$PWD"/}
. tests/demo.bash

# /run is the sandbox's own: even after a kill -9 nothing of this remains.
dir=$(mktemp -d /run/demo.XXXXXX)
clean_up() {
	local ns
	for ns in demo web client world; do
		[ ! -e /run/netns/$ns ] || ip netns delete $ns
	done
	rm -rf "$dir"
}
trap clean_up EXIT

lo_is_up() {
	ip -n demo -json link show lo | jq -e '.[0].flags | index("UP")' >/dev/null
}

lo_is_down() {
	! lo_is_up
}

ping_from() { # NAMESPACE ADDRESS
	ip netns exec "$1" ping -q -c 1 -W 2 "$2" >/dev/null
}

no_rules() {
	[ -z "$(nft list ruleset)" ]
}

no_ports() {
	! ip -brief link show type veth | grep -v uplink | grep -q veth
}

# Only an address has two dots or colons.
leases_are() { # N
	[ "$(find "$dir/demo" -name '*[.:]*[.:]*' | wc -l)" -eq "$1" ]
}

say 'To a plugin, a container is a network namespace. This one is new.'
show 'ip netns add demo'
show 'ip -n demo -brief link show lo'

say 'A runtime speaks through the environment, and a configuration on stdin.'
set_here "PATH=$bin:\$PATH"
set_here "export CNI_PATH=$bin CNI_CONTAINERID=demo CNI_NETNS=/run/netns/demo"

say 'loopback ADD. A runtime takes the configuration out of a list like this.'
set_here 'lo=$(jq "{cniVersion, name} + .plugins[0]" conf/99-loopback.conflist)'
show 'echo "$lo" | CNI_COMMAND=ADD CNI_IFNAME=lo loopback'
show 'ip -n demo address show lo'
show 'ip netns exec demo ping -c 1 127.0.0.1'
expect 'lo to be up' lo_is_up

say 'host-local ADD, traced: one address from each range set.'
set_here "dir=$dir"
set_here 'ipam=$(jq --arg dir $dir ".ipam.dataDir = \$dir" conf/host-local.json)'
show 'echo "$ipam" | CNI_COMMAND=ADD CNI_IFNAME=eth0 FERRULE_TRACE=stderr host-local'
say 'Who holds what.'
show 'host-local --leases demo --data-dir $dir'
expect 'two leases' leases_are 2

say 'DEL, both, the other way round.'
show 'echo "$ipam" | CNI_COMMAND=DEL CNI_IFNAME=eth0 host-local'
show 'echo "$lo" | CNI_COMMAND=DEL CNI_IFNAME=lo loopback'

say 'No lease is left, only the lock and where the next search begins. lo is down.'
show 'host-local --leases demo --data-dir $dir'
show 'ls $dir/demo'
show 'ip -n demo -brief link show lo'
expect 'no lease to be left' leases_are 0
expect 'lo to be down' lo_is_down

say 'bridge: two containers, and a third namespace that plays the world.'
show 'for ns in web client world; do ip netns add $ns; done'
show 'ip link add uplink type veth peer name eth0 netns world'
show 'ip address add 192.0.2.1/24 dev uplink'
show 'ip link set uplink up'
show 'ip -n world address add 192.0.2.2/24 dev eth0'
show 'ip -n world link set eth0 up'
set_here 'net=$(jq "{cniVersion, name} + .plugins[0]" conf/10-bridge.conflist)'
set_here 'net=$(echo "$net" | jq --arg dir $dir ".ipam.dataDir = \$dir")'
set_here 'attach() { echo "$net" | CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_NETNS=/run/netns/$2 CNI_IFNAME=eth0 bridge; }'
set_here 'web=$(attach ADD web)'
show 'echo "$web"'
say 'The second one, traced: this is all that is done to the kernel.'
show 'FERRULE_TRACE=stderr attach ADD client'
say 'They reach each other, and the world.'
show 'ip netns exec client ping -c 1 -W 2 10.89.0.2'
expect 'client to reach web' ping_from client 10.89.0.2
show 'ip netns exec client ping -c 1 -W 2 192.0.2.2'
expect 'client to reach the world' ping_from client 192.0.2.2
say 'The world sees the host: the container is masqueraded.'
show 'ip netns exec world nc -l 192.0.2.2 7000 -v -n </dev/null & sleep 0.3; ip netns exec client nc -N -w 2 192.0.2.2 7000 </dev/null; wait'
say 'Every object says whose it is.'
show 'ip -d link show master cni0 | grep -E "veth|alias"'
show 'nft list ruleset'
say 'portmap: the host publishes port 80 of web as its port 8080.'
set_here 'pm=$(jq "{cniVersion, name} + .plugins[1] + {runtimeConfig: {portMappings: [{hostPort: 8080, containerPort: 80, protocol: \"tcp\"}]}}" conf/20-portmap.conflist)'
set_here 'pm=$(echo "$pm" | jq --argjson r "$web" ".name = \"bridge\" | .prevResult = \$r")'
set_here 'publish() { echo "$pm" | CNI_COMMAND=$1 CNI_CONTAINERID=web CNI_NETNS=/run/netns/web CNI_IFNAME=eth0 portmap; }'
show 'publish ADD >/dev/null'
set_here 'page="HTTP/1.0 200 OK\r\n\r\nhello from web\r\n"'
show 'printf "$page" | timeout 20 ip netns exec web nc -l -N 80 >/dev/null & sleep 0.3; printf "GET / HTTP/1.0\r\n\r\n" | ip netns exec world nc -w 2 192.0.2.1 8080; wait'
show 'printf "$page" | timeout 20 ip netns exec web nc -l -N 80 >/dev/null & sleep 0.3; printf "GET / HTTP/1.0\r\n\r\n" | nc -w 2 127.0.0.1 8080 | tee $dir/page; wait'
expect 'the page through 127.0.0.1:8080' grep -q 'hello from web' "$dir/page"
show 'nft list map inet ferrule_portmap ports4'
say 'The port is taken now. Whoever wants it, too, is told by whom.'
show 'CNI_CONTAINERID=client CNI_COMMAND=ADD CNI_NETNS=/run/netns/client CNI_IFNAME=eth0 portmap <<<"$pm" || true'
show 'publish DEL'

say 'DEL, and nothing is left but the bridge.'
show 'attach DEL client'
show 'attach DEL web'
show 'ip -brief link; nft list ruleset; host-local --leases bridge --data-dir $dir'
expect 'no rule to be left' no_rules
expect 'no port to be left' no_ports
say 'Done. The namespaces and the store are removed now.'
