#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# portmap: whose a port is. A port has one owner; ADD takes none from another,
# DEL and GC remove the owner's and nobody else's, CHECK tells whose it is.
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154
load helpers
load portmap

# assert_taken INDEX MAPPING HOLDER...: ADD was refused with a message that names
# the mapping and, in quotes, each of HOLDER; nothing was changed.
assert_taken() {
	local word
	assert_error 105 "*portMappings\[$1\]*$2*" || return 1
	for word in "${@:3}"; do
		[[ $output == *"\\\"$word\\\""* ]] ||
			flunk "no \"$word\"" || return 1
	done
	assert_kept
}

# ---- ADD ----

# bats test_tags=ferrule
@test "a port that another container has is refused, naming it" {
	serve pod tcp/80
	serve pod2 tcp/80
	for BACKEND in $BACKENDS; do
		publish pod 8080:80/tcp
		keep
		portmap ADD pod2 "$(conf pod2 8081:80/tcp 8080:80/tcp)"
		assert_taken 1 8080/tcp pod n eth0
		assert_answers lan 'pod *' tcp/192.0.2.1/8080
		assert_deaf lan tcp/192.0.2.1/8081
		# The runtime calls DEL after a failed ADD.
		withdraw pod2 8081:80/tcp 8080:80/tcp
		assert_kept 'DEL of the loser'
		assert_answers lan 'pod *' tcp/192.0.2.1/8080 tcp/2001:db8::1/8080
		fresh
	done
}

# bats test_tags=ferrule
@test "what is the same port, and what is not" {
	# "nftables": free with that. In iptables, who was first for all
	# addresses leaves nothing to who comes later for one.
	local have want yes
	for BACKEND in $BACKENDS; do
		while read -r have want yes; do
			[ "$yes" != "$BACKEND" ] || yes=free
			publish pod "$have"
			keep
			portmap ADD pod2 "$(conf pod2 "$want")"
			case $yes in
			taken | nftables) assert_taken 0 8080 pod n eth0 ;;
			free) assert_ok ;;
			esac || flunk "$have and $want"
			fresh
		done <<-PAIRS
			8080:80/udp 8080:81/udp taken
			8080:80/sctp 8080:81/sctp taken
			8080:80/tcp 8080:80/udp free
			8080:80/tcp 8080:80/sctp free
			192.0.2.1:8080:80/tcp 192.0.2.1:8080:80/tcp taken
			192.0.2.1:8080:80/tcp 192.0.2.11:8080:80/tcp free
			[2001:db8::1]:8080:80/tcp [2001:DB8:0::1]:8080:80/tcp taken
			[2001:db8::1]:8080:80/tcp 192.0.2.1:8080:80/tcp free
			8080:80/tcp 0.0.0.0:8080:80/tcp taken
			[::]:8080:80/tcp 8080:80/tcp taken
			0.0.0.0:8080:80/tcp [::]:8080:80/tcp free
			8080:80/tcp 192.0.2.1:8080:80/tcp nftables
			192.0.2.1:8080:80/tcp 8080:80/tcp free
		PAIRS
	done
}

# bats test_tags=ferrule
@test "a port that another network's container has" {
	for BACKEND in $BACKENDS; do
		NETWORK=web publish pod 192.0.2.1:8080:80/tcp
		keep
		portmap ADD pod "$(conf pod 192.0.2.1:8080:80/tcp)"
		assert_taken 0 192.0.2.1:8080/tcp pod web eth0
		fresh
	done
}

# bats test_tags=ferrule
@test "a port that another interface of the same container has" {
	for BACKEND in $BACKENDS; do
		IFNAME=net1 publish pod 8080:80/tcp
		keep
		portmap ADD pod "$(conf pod 8080:80/tcp)"
		assert_taken 0 8080/tcp pod n net1
		fresh
	done
}

# bats test_tags=ferrule
@test "a port that is free again can be had" {
	serve pod2 tcp/80
	for BACKEND in $BACKENDS; do
		publish pod 8080:80/tcp
		withdraw pod 8080:80/tcp
		publish pod2 8080:80/tcp
		assert_answers lan 'pod2 *' tcp/192.0.2.1/8080
		fresh
	done
}

# bats test_tags=ferrule
@test "ADD again replaces its own: the same, once" {
	local once
	serve pod tcp/80
	for BACKEND in $BACKENDS; do
		publish pod 8080:80/tcp 192.0.2.1:53:53/udp
		once=$(ruleset)
		publish pod 8080:80/tcp 192.0.2.1:53:53/udp
		[ "$(ruleset)" = "$once" ] ||
			flunk "$(diff <(echo "$once") <(ruleset))"
		assert_answers lan 'pod *' tcp/192.0.2.1/8080
		withdraw pod 8080:80/tcp 192.0.2.1:53:53/udp
		refute_rule 8080
		fresh
	done
}

# bats test_tags=ferrule
@test "ADD again replaces its own: another address, other ports" {
	local c
	serve pod tcp/80
	serve pod2 tcp/80
	for BACKEND in $BACKENDS; do
		publish pod 8080:80/tcp 8081:80/tcp
		c=$(conf pod2 8080:80/tcp 8082:80/tcp |
			jq -c '.prevResult.interfaces[2].sandbox="/run/netns/pod"')
		portmap ADD pod "$c"
		assert_ok
		assert_answers lan 'pod2 *' tcp/192.0.2.1/8080 \
			tcp/192.0.2.1/8082 tcp/2001:db8::1/8080
		assert_answers host 'pod2 10.1.2.1 80' tcp/127.0.0.1/8080
		assert_answers pod2 'pod2 10.1.2.1 80' tcp/192.0.2.1/8080
		assert_deaf lan tcp/192.0.2.1/8081 tcp/2001:db8::1/8081
		portmap CHECK pod "$c"
		assert_silent
		refute_rule 10.1.2.2
		portmap DEL pod "$c"
		assert_silent
		refute_rule 10.1.2.3
		fresh
	done
}

# bats test_tags=ferrule
@test "ADD again without a family that it had" {
	serve pod tcp/80
	for BACKEND in $BACKENDS; do
		publish pod 8080:80/tcp
		FAMILIES=4 publish pod 8080:80/tcp
		assert_answers lan 'pod *' tcp/192.0.2.1/8080
		assert_deaf lan tcp/2001:db8::1/8080
		fresh
	done
}

# bats test_tags=ferrule
@test "an ADD that is refused for a part changes nothing of its own" {
	serve pod tcp/80
	for BACKEND in $BACKENDS; do
		publish pod 8080:80/tcp
		publish pod2 8081:80/tcp
		keep
		portmap ADD pod "$(conf pod 8082:80/tcp 8081:80/tcp)"
		assert_taken 1 8081/tcp pod2 n eth0
		assert_answers lan 'pod *' tcp/192.0.2.1/8080
		fresh
	done
}

# bats test_tags=ferrule
@test "two attachments of one container: DEL of one leaves the other" {
	serve pod tcp/80 udp/80
	for BACKEND in $BACKENDS; do
		publish pod 8080:80/tcp
		NETWORK=m IFNAME=eth0 publish pod 8081:80/tcp
		IFNAME=net1 publish pod 8082:80/tcp
		CID=another publish pod 8083:80/tcp
		assert_answers lan 'pod *' tcp/192.0.2.1/808{0,1,2,3} \
			tcp/2001:db8::1/808{0,1,2,3}
		withdraw pod 8080:80/tcp
		assert_deaf lan tcp/192.0.2.1/8080 tcp/2001:db8::1/8080
		assert_answers lan 'pod *' tcp/192.0.2.1/808{1,2,3} \
			tcp/2001:db8::1/808{1,2,3}
		# What they share of the masquerade, too.
		assert_answers pod 'pod 10.1.2.1 80' tcp/192.0.2.1/808{1,2,3}
		assert_answers host 'pod 10.1.2.1 80' tcp/127.0.0.1/808{1,2,3}
		NETWORK=m withdraw pod 8081:80/tcp
		assert_answers host 'pod 10.1.2.1 80' tcp/127.0.0.1/808{2,3}
		IFNAME=net1 withdraw pod 8082:80/tcp
		assert_answers host 'pod 10.1.2.1 80' tcp/127.0.0.1/8083
		CID=another withdraw pod 8083:80/tcp
		assert_deaf host tcp/127.0.0.1/808{0,1,2,3}
		fresh
	done
}

@test "iptables: two networks of one container, DEL of one leaves the other" {
	BACKEND=iptables
	serve pod tcp/80
	publish pod 8080:80/tcp
	NETWORK=m publish pod 8081:80/tcp
	withdraw pod 8080:80/tcp
	assert_deaf lan tcp/192.0.2.1/8080
	assert_answers lan 'pod *' tcp/192.0.2.1/8081
}

# ---- DEL ----

# assert_no_stdio PID: nor will it have had a moment later.
assert_no_stdio() {
	local fd
	for fd in 0 1 2; do
		[ "$(readlink "/proc/$1/fd/$fd")" = /dev/null ] && continue
		sleep 0.02
		case $(readlink "/proc/$1/fd/$fd" || :) in
		'' | /dev/null) ;; # '': it has gone
		*) flunk "descriptor $fd of $1" ;;
		esac
	done
}

# The kernel frees what was deleted, and whoever closes the socket waits for it.
# bats test_tags=ferrule
@test "DEL is done when it returns; who stays behind has no stdio, and goes" {
	local pid left=0
	for _ in {1..20}; do
		portmap ADD pod "$(conf pod 8080:80/tcp)"
		assert_ok
		portmap DEL pod "$(conf pod)"
		assert_silent
		for pid in $(ip netns pids host); do
			left=$((left + 1))
			assert_no_stdio "$pid"
		done
		in_ns host nft list ruleset >"$SCRATCH/rules"
		[ ! -s "$SCRATCH/rules" ] || flunk "$(<"$SCRATCH/rules")"
	done
	[ $left -gt 0 ] || flunk "DEL has waited itself, 20 times"
	for _ in {1..50}; do
		[ -n "$(ip netns pids host)" ] || return 0
		sleep 0.1
	done
	flunk "still there: $(ip netns pids host)"
}

@test "DEL twice, and without anything to delete" {
	for BACKEND in $BACKENDS; do
		withdraw pod 8080:80/tcp
		publish pod 8080:80/tcp
		withdraw pod 8080:80/tcp
		keep
		withdraw pod 8080:80/tcp
		assert_kept
		fresh
	done
}

@test "DEL without prevResult or a namespace" {
	local c
	serve pod tcp/80
	for BACKEND in $BACKENDS; do
		c=$(conf pod 8080:80/tcp | jq -c 'del(.prevResult)')
		publish pod 8080:80/tcp
		portmap DEL pod "$c" CNI_NETNS=
		assert_silent
		assert_deaf lan tcp/192.0.2.1/8080 tcp/2001:db8::1/8080
		publish pod 8080:80/tcp
		portmap DEL pod "$c" CNI_NETNS=/run/netns/never
		assert_silent
		assert_deaf lan tcp/192.0.2.1/8080 tcp/2001:db8::1/8080
		fresh
	done
}

# bats test_tags=ferrule
@test "DEL of nothing makes nothing" {
	for BACKEND in nftables iptables ''; do
		keep
		withdraw pod 8080:80/tcp
		withdraw pod
		assert_kept "${BACKEND:-auto}"
	done
}

# bats test_tags=ferrule
@test "DEL by the attachment alone" {
	local full c
	for BACKEND in $BACKENDS; do
		# What a network leaves that came and went.
		publish pod2 9000:80/tcp
		publish pod 8080:80/tcp
		withdraw pod 8080:80/tcp
		keep
		full=$(conf pod 8080:80/tcp 192.0.2.1:53:53/udp)
		for filter in 'del(.runtimeConfig)' \
			'del(.runtimeConfig,.prevResult)' \
			'.runtimeConfig.portMappings=[]' \
			'.runtimeConfig.portMappings=[{"hostPort":99999}]' \
			'.runtimeConfig.portMappings[0].hostPort=1' \
			'.runtimeConfig=7' \
			'.prevResult.ips[].address="10.1.2.77/24"' \
			'.prevResult.ips=[]' \
			'del(.prevResult)|.snat=false|.masqAll="x"' \
			'.markMasqBit=99'; do
			publish pod 8080:80/tcp 192.0.2.1:53:53/udp
			c=$(jq -c "$filter" <<<"$full")
			portmap DEL pod "$c" CNI_NETNS=
			assert_silent || flunk "$filter"
			assert_kept "$filter" || return 1
		done
		fresh
	done
}

# bats test_tags=ferrule
@test "DEL after the backend was changed" {
	local made
	for made in $BACKENDS; do
		for BACKEND in '' $BACKENDS; do
			BACKEND=$made publish pod2 9000:80/tcp
			BACKEND=$made publish pod 8080:80/tcp
			BACKEND=$made withdraw pod 8080:80/tcp
			keep
			BACKEND=$made publish pod 8080:80/tcp
			withdraw pod 8080:80/tcp
			assert_kept "made with $made, DEL with ${BACKEND:-none}"
			fresh
		done
	done
}

# bats test_tags=ferrule
@test "DEL of another attachment with the same ID, or interface, or network" {
	serve pod tcp/80
	for BACKEND in $BACKENDS; do
		publish pod 8080:80/tcp
		keep
		NETWORK=m withdraw pod 8080:80/tcp
		assert_kept 'another network'
		IFNAME=net1 withdraw pod 8080:80/tcp
		assert_kept 'another interface'
		CID=pod3 withdraw pod 8080:80/tcp
		assert_kept 'another container'
		CID=po withdraw pod 8080:80/tcp
		assert_kept 'a part of the ID'
		assert_answers lan 'pod *' tcp/192.0.2.1/8080
		fresh
	done
}

# bats test_tags=ferrule
@test "what another owns by now is not deleted" {
	serve pod2 tcp/80
	BACKEND=nftables
	publish pod 8080:80/tcp
	in_ns host nft flush ruleset
	publish pod2 8080:80/tcp
	keep
	withdraw pod 8080:80/tcp
	assert_kept
	assert_answers lan 'pod2 *' tcp/192.0.2.1/8080
}

# bats test_tags=ferrule
@test "names as long as they come" {
	local long
	serve pod tcp/80
	serve pod2 tcp/80
	NETWORK=$(printf 'x%.0s' {1..200})
	for BACKEND in $BACKENDS; do
		CID=$NETWORK publish pod 8080:80/tcp
		CID=${NETWORK}y publish pod2 8081:80/tcp
		in_ns host nft list ruleset >/dev/null
		assert_answers lan 'pod *' tcp/192.0.2.1/8080
		assert_answers lan 'pod2 *' tcp/192.0.2.1/8081
		CID=$NETWORK check pod 8080:80/tcp
		assert_silent
		portmap ADD pod2 "$(conf pod2 8080:80/tcp)"
		assert_error 105 '*8080/tcp*'
		CID=$NETWORK withdraw pod 8080:80/tcp
		assert_deaf lan tcp/192.0.2.1/8080
		assert_answers lan 'pod2 *' tcp/192.0.2.1/8081
		CID=${NETWORK}y check pod2 8081:80/tcp
		assert_silent
		CID=${NETWORK}y withdraw pod2 8081:80/tcp
		assert_deaf lan tcp/192.0.2.1/8081
		fresh
	done
}

# ---- CHECK ----

@test "CHECK notices a flush" {
	for BACKEND in $BACKENDS; do
		publish pod 8080:80/tcp
		in_ns host nft flush ruleset
		check pod 8080:80/tcp
		assert_error '*'
		fresh
	done
}

# bats test_tags=ferrule
@test "CHECK changes nothing" {
	for BACKEND in $BACKENDS; do
		keep
		check pod 8080:80/tcp
		assert_error 100
		assert_kept
		publish pod 8080:80/tcp
		keep
		check pod 8080:80/tcp
		assert_silent
		assert_kept
		fresh
	done
}

# bats test_tags=ferrule
@test "CHECK names who has the port instead" {
	for BACKEND in $BACKENDS; do
		publish pod2 8080:80/tcp
		check pod 8080:80/tcp
		assert_error 100 '*8080/tcp*'
		[[ $output == *[:\"]n[/\"\\]*pod2*eth0* ]] ||
			flunk 'the holder is not named'
		fresh
	done
}

# bats test_tags=ferrule
@test "CHECK compares ports and addresses" {
	local filter c
	for BACKEND in $BACKENDS; do
		publish pod 8080:80/tcp 192.0.2.1:53:53/udp
		for filter in '.runtimeConfig.portMappings[0].hostPort=8081' \
			'.runtimeConfig.portMappings[0].containerPort=81' \
			'.runtimeConfig.portMappings[0].protocol="sctp"' \
			'.runtimeConfig.portMappings[0].hostIP="192.0.2.1"' \
			'.runtimeConfig.portMappings[1].hostIP="192.0.2.11"' \
			'del(.runtimeConfig.portMappings[1].hostIP)' \
			'.runtimeConfig.portMappings+=[{"hostPort":1,"containerPort":1,"protocol":"tcp"}]' \
			'.prevResult.ips[0].address="10.1.2.77/24"' \
			'.prevResult.ips[1].address="fd00:2::77/64"'; do
			c=$(conf pod 8080:80/tcp 192.0.2.1:53:53/udp |
				jq -c "$filter")
			portmap CHECK pod "$c"
			assert_error 100 || flunk "$BACKEND, $filter"
		done
		check pod 8080:80/tcp 192.0.2.1:53:53/udp
		assert_silent
		fresh
	done
}

# named KIND: the names of the table's chains, or maps.
named() {
	in_ns host nft list ruleset | sed -n "s/^\t$1 \([^ ]*\) {/\1/p"
}

# bats test_tags=ferrule
@test "nf_tables: CHECK notices each chain and each map that is empty" {
	local maps=(8080:80/tcp 192.0.2.1:53:53/udp '[2001:db8::1]:53:53/udp')
	local what names
	BACKEND=nftables
	publish pod "${maps[@]}"
	mapfile -t names < <(named chain; named map)
	[ ${#names[@]} -ge 8 ]
	for what in "${names[@]}"; do
		in_ns host sh -c "nft flush chain inet ferrule_portmap $what ||
			nft flush map inet ferrule_portmap $what" 2>/dev/null
		check pod "${maps[@]}"
		assert_error 100 || flunk "$what was flushed"
		in_ns host nft flush ruleset
		publish pod "${maps[@]}"
	done
	check pod "${maps[@]}"
	assert_silent
}

# bats test_tags=ferrule
@test "nf_tables: a ruleset that was saved and restored by nft is as good" {
	local maps=(8080:80/tcp 192.0.2.1:53:53/udp '[2001:db8::1]:53:53/udp')
	BACKEND=nftables
	serve pod tcp/80 udp/53
	publish pod "${maps[@]}"
	in_ns host nft list ruleset >"$SCRATCH/saved"
	in_ns host nft flush ruleset
	in_ns host nft -f "$SCRATCH/saved"
	assert_answers lan 'pod 192.0.2.2 *' tcp/192.0.2.1/8080 \
		udp/192.0.2.1/53
	assert_answers pod 'pod 10.1.2.1 80' tcp/192.0.2.1/8080
	check pod "${maps[@]}"
	assert_silent
	publish pod2 8081:80/tcp
	withdraw pod2 8081:80/tcp
	withdraw pod "${maps[@]}"
	[ -z "$(in_ns host nft list ruleset)" ] || flunk "$(ruleset)"
}

# bats test_tags=ferrule
@test "iptables: CHECK notices each rule that is missing" {
	local table rule tried=0
	BACKEND=iptables FAMILIES=4
	publish pod 8080:80/tcp 192.0.2.1:53:53/udp
	in_ns host iptables-save >"$SCRATCH/good"
	for table in nat raw; do
		while read -r rule <&4; do
			printf '*%s\n-D%s\nCOMMIT\n' $table "${rule#-A}" |
				in_ns host iptables-restore --noflush
			check pod 8080:80/tcp 192.0.2.1:53:53/udp
			# Without our mark, they could be the reference's.
			case $rule in
			*'"cni:'*) assert_silent ;;
			*) assert_error 100 ;;
			esac || flunk "without $rule"
			in_ns host iptables-restore "$SCRATCH/good"
			tried=$((tried + 1))
		done 4< <(sed -n "/^\*$table/,/^COMMIT/{/^-A/p}" "$SCRATCH/good")
	done
	[ "$tried" -ge 8 ]
	check pod 8080:80/tcp 192.0.2.1:53:53/udp
	assert_silent
}

# ---- GC ----

# bats test_tags=ferrule
@test "GC removes what is not in the list, and nothing else" {
	serve pod tcp/80
	for BACKEND in $BACKENDS; do
		CID=a publish pod 8080:80/tcp 8090:80/udp
		CID=b publish pod 8081:80/tcp
		CID=c publish pod 8082:80/tcp
		CID=a IFNAME=net1 publish pod 8083:80/tcp
		CID=c NETWORK=m publish pod 8084:80/tcp
		gc a b
		assert_silent
		assert_deaf lan tcp/192.0.2.1/8082 tcp/192.0.2.1/8083 \
			tcp/2001:db8::1/8082
		assert_answers lan 'pod *' tcp/192.0.2.1/808{0,1,4}
		assert_answers host 'pod 10.1.2.1 80' tcp/127.0.0.1/808{0,1,4}
		keep
		gc a b
		assert_silent
		assert_kept again
		gc
		assert_silent
		assert_deaf lan tcp/192.0.2.1/808{0,1}
		assert_answers lan 'pod *' tcp/192.0.2.1/8084
		NETWORK=m gc
		assert_silent
		assert_deaf lan tcp/192.0.2.1/8084
		refute_rule 10.1.2.2
		fresh
	done
}

# bats test_tags=ferrule
@test "GC of the last leaves no table" {
	BACKEND=nftables
	publish pod 8080:80/tcp
	gc
	assert_silent
	[ -z "$(in_ns host nft list ruleset)" ]
	keep
	gc
	assert_silent
	assert_kept
}

# bats test_tags=ferrule
@test "GC whatever the backend, and with the older key" {
	local made
	for made in $BACKENDS; do
		for BACKEND in '' $BACKENDS; do
			BACKEND=$made publish pod 8080:80/tcp
			cni GC portmap "{\"cniVersion\":\"1.1.0\",\"name\":\"n\",\"type\":\"portmap\"${BACKEND:+,\"backend\":\"$BACKEND\"},\"cni.dev/attachments\":[]}" \
				CNI_CONTAINERID= CNI_NETNS= CNI_IFNAME=
			assert_silent
			refute_rule 10.1.2.2
			fresh
		done
	done
}

# bats test_tags=ferrule
@test "GC without a list, or with a wrong one, removes nothing" {
	publish pod 8080:80/tcp
	keep
	cni GC portmap '{"cniVersion":"1.1.0","name":"n","type":"portmap"}' \
		CNI_CONTAINERID= CNI_NETNS= CNI_IFNAME=
	assert_silent
	assert_kept
	cni GC portmap '{"cniVersion":"1.1.0","name":"n","type":"portmap","cni.dev/valid-attachments":[7]}' \
		CNI_CONTAINERID= CNI_NETNS= CNI_IFNAME=
	assert_error 7
	assert_kept
}

@test "GC with what is in use changes nothing" {
	for BACKEND in $BACKENDS; do
		publish pod 8080:80/tcp
		keep
		gc pod
		assert_silent
		assert_kept
		fresh
	done
}

# ---- STATUS ----

status() {
	cni STATUS portmap "{\"cniVersion\":\"1.1.0\",\"name\":\"n\",\"type\":\"portmap\"${BACKEND:+,\"backend\":\"$BACKEND\"}}" \
		CNI_CONTAINERID= CNI_NETNS= CNI_IFNAME= "$@"
}

@test "STATUS is well, and changes nothing" {
	keep
	for BACKEND in '' $BACKENDS; do
		status
		assert_silent
		assert_kept
	done
}

# bats test_tags=ferrule
@test "STATUS: no iptables" {
	mkdir "$SCRATCH/empty"
	mount --bind "$SCRATCH/empty" /usr/sbin
	BACKEND=iptables
	status PATH=/nonexistent
	umount /usr/sbin
	assert_error 50 '*iptables*'
	BACKEND=nftables
	status PATH=/nonexistent
	assert_silent
}

# bats test_tags=ferrule,novalgrind
@test "STATUS: no nf_tables" {
	local plugin=$PLUGIN_DIR/portmap
	mkdir "$SCRATCH/bin"
	printf '#!/bin/sh\nexec strace -qq -o /dev/null -e trace=socket -e inject=socket:error=EPROTONOSUPPORT %s\n' \
		"$plugin" >"$SCRATCH/bin/portmap"
	chmod +x "$SCRATCH/bin/portmap"
	PLUGIN_DIR=$SCRATCH/bin
	BACKEND=nftables
	status
	assert_error 50
}

# bats test_tags=ferrule
@test "STATUS: a configuration that is wrong" {
	cni STATUS portmap '{"cniVersion":"1.1.0","name":"n","type":"portmap","backend":"pf"}' \
		CNI_CONTAINERID= CNI_NETNS= CNI_IFNAME=
	assert_error '@(7|50)' '*unrecognized backend "pf"*'
}
