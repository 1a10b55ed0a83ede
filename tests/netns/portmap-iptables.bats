#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# portmap: what only its iptables backend has to think of. The rules that it
# makes, and that both plugins know each other's: portmap-swap.bats.
# shellcheck disable=SC2034,SC2154
load helpers
load portmap

BACKENDS=iptables

setup_file() {
	export BACKENDS
}

rules() {
	in_ns host sh -c 'iptables-save; ip6tables-save' 2>/dev/null |
		grep '^-A'
}

# none GREP-ARGUMENT...: no rule of iptables matches.
none() {
	! rules | grep "$@" || flunk "grep $*"
}

# no_tables: nothing is in nf_tables.
no_tables() {
	! in_ns host nft list tables | grep . || flunk 'tables of nf_tables'
}

# The programs of iptables-legacy by the usual names, in front of $PATH.
legacy() {
	local name kind
	command -v iptables-legacy-restore >/dev/null ||
		skip 'no iptables-legacy'
	in_ns host iptables-legacy -t nat -S >/dev/null 2>&1 ||
		skip 'kernel without the older tables'
	mkdir "$SCRATCH/legacy"
	for name in iptables ip6tables; do
		for kind in '' -save -restore; do
			ln -s "$(command -v $name-legacy$kind)" \
				"$SCRATCH/legacy/$name$kind"
		done
	done
	PATH=$SCRATCH/legacy:$PATH
	no_tables
}

# Two interfaces of one container in one chain: each DEL takes its own.
two_interfaces() {
	serve pod tcp/80
	publish pod 8080:80/tcp
	IFNAME=net1 publish pod 8081:80/tcp 8082:80/tcp
	check pod 8080:80/tcp
	assert_silent
	IFNAME=net1 check pod 8081:80/tcp 8082:80/tcp
	assert_silent
	rules >"$SCRATCH/both"
	publish pod 8080:80/tcp
	IFNAME=net1 publish pod 8081:80/tcp 8082:80/tcp
	diff <(sort "$SCRATCH/both") <(rules | sort)
	assert_answers lan 'pod *' tcp/192.0.2.1/808{0,1,2}
	withdraw pod 8080:80/tcp
	assert_deaf lan tcp/192.0.2.1/8080
	assert_answers lan 'pod *' tcp/192.0.2.1/808{1,2}
	IFNAME=net1 check pod 8081:80/tcp 8082:80/tcp
	assert_silent
	# The next one has the port, whatever entries are left.
	publish pod2 8080:80/tcp
	withdraw pod2 8080:80/tcp
	IFNAME=net1 withdraw pod 8081:80/tcp
	none CNI-DN-
}

# bats test_tags=ferrule
@test "two interfaces of one container share a chain" {
	BACKEND=iptables
	two_interfaces
}

# bats test_tags=ferrule
@test "iptables-legacy: two interfaces of one container share a chain" {
	BACKEND=iptables
	legacy
	two_interfaces
	no_tables
}

# bats test_tags=ferrule
@test "GC: one interface of a container is valid, another is not" {
	BACKEND=iptables
	publish pod 8080:80/tcp
	IFNAME=net1 publish pod 8081:80/tcp
	gc pod
	assert_silent
	check pod 8080:80/tcp
	assert_silent
	none -e 8081 -e net1
	gc
	assert_silent
	none CNI-DN-
}

# bats test_tags=ferrule
@test "iptables-legacy: ADD again, CHECK, GC, the other backend" {
	BACKEND=iptables
	legacy
	serve pod tcp/80
	in_ns host iptables -t nat -A POSTROUTING -s 203.0.113.0/24 -j ACCEPT
	publish pod 8080:80/tcp
	assert_answers lan 'pod *' tcp/192.0.2.1/8080 tcp/2001:db8::1/8080
	publish pod 8081:80/tcp
	assert_deaf lan tcp/192.0.2.1/8080
	assert_answers lan 'pod *' tcp/192.0.2.1/8081 tcp/2001:db8::1/8081
	none 8080
	check pod 8081:80/tcp
	assert_silent
	check pod 8080:80/tcp
	assert_error 100 '*8080*'
	portmap ADD pod2 "$(conf pod2 8081:80/tcp)"
	assert_error 105 '*8081/tcp is published by container "pod" of network "n", interface "eth0"'
	publish pod2 8082:80/tcp
	gc pod2
	assert_silent
	none 8081
	rules | grep -q 8082
	BACKEND=nftables publish pod2 8083:80/tcp
	none CNI-DN-
	rules | grep -q 203.0.113.0/24
	in_ns host nft list table inet ferrule_portmap | grep -q pod2
}

# bats test_tags=ferrule
@test "conditions are one word each, whatever is in them" {
	BACKEND=iptables
	FAMILIES=4
	# shellcheck disable=SC2089
	MORE='"conditionsV4":["-m","comment","--comment","a \"b\\ c\" -j ACCEPT #"]'
	publish pod 8080:80/tcp
	rules | grep -qF -- '--comment "a \"b\\ c\" -j ACCEPT #"' ||
		flunk "$(rules)"
	none -e '-j ACCEPT$'
	check pod 8080:80/tcp
	assert_silent
	# Whose the entry is, its first comment says.
	gc
	assert_silent
	none CNI-DN-
	MORE='"conditionsV4":["-m","comment","--comment","x\n-A INPUT -j ACCEPT"]'
	portmap ADD pod "$(conf pod 8080:80/tcp)"
	assert_error 7 '*conditionsV4*control characters*'
	MORE='"conditionsV4":["-t","filter"]'
	portmap ADD pod "$(conf pod 8080:80/tcp)"
	assert_error 5 '*iptables-restore failed*'
	none CNI-DN-
}

# bats test_tags=ferrule
@test "conditions tell two networks apart, and not two containers of one" {
	BACKEND=iptables
	FAMILIES=4
	MORE='"conditionsV4":["-i","up0"]' publish pod 8080:80/tcp
	NETWORK=m MORE='"conditionsV4":["-i","net0"]' publish pod2 8080:80/tcp
	MORE='"conditionsV4":["-i","up0"]'
	portmap ADD pod2 "$(conf pod2 8080:80/tcp)"
	assert_error 105
}

# bats test_tags=ferrule
@test "who was first for all addresses leaves nothing: the next one is told" {
	BACKEND=iptables
	publish pod 8080:80/tcp
	portmap ADD pod2 "$(conf pod2 192.0.2.1:8080:80/tcp)"
	assert_error 105 '*192.0.2.1:8080/tcp*'
}

# bats test_tags=ferrule
@test "a port that the other backend has is refused" {
	BACKEND=nftables publish pod 8080:80/tcp
	BACKEND=iptables
	portmap ADD pod2 "$(conf pod2 8080:80/tcp)"
	assert_error 105 '*8080/tcp is published by container "pod" of network "n", interface "eth0"'
	none CNI-DN-
}

# What iptables translates, nf_tables never sees.
# bats test_tags=ferrule
@test "a port that iptables has is refused to nf_tables" {
	BACKEND=iptables publish pod 8080:80/tcp
	keep
	BACKEND=nftables
	portmap ADD pod2 "$(conf pod2 8081:80/tcp 8080:80/tcp)"
	assert_error 105 '*portMappings\[1\]*8080/tcp is published by container "pod" of network "n", interface "eth0"'
	assert_kept
	# Not to who has it: it changes over.
	publish pod 8080:80/tcp
	none CNI-DN-
}

# bats test_tags=ferrule
@test "the guard that somebody else has made is enough" {
	BACKEND=iptables
	FAMILIES=4
	in_ns host iptables -t raw -A PREROUTING ! -i lo -d 127.0.0.0/8 -j DROP
	publish pod 8080:80/tcp
	[ "$(rules | grep -c -- '-d 127.0.0.0/8')" -eq 1 ]
	[ "$(rules | grep -c -- '-s 127.0.0.0/8')" -eq 1 ]
}

# bats test_tags=ferrule
@test "a second mark bit stands beside the first" {
	BACKEND=iptables
	FAMILIES=4
	publish pod 8080:80/tcp
	MORE='"markMasqBit":5' publish pod2 8081:80/tcp
	[ "$(rules | grep -c -- '-A CNI-HOSTPORT-SETMARK')" -eq 2 ]
	[ "$(rules | grep -c -- '-A CNI-HOSTPORT-MASQ')" -eq 2 ]
	[ "$(rules | grep -c -- '-A POSTROUTING')" -eq 1 ]
	check pod 8080:80/tcp
	assert_silent
	MORE='"markMasqBit":5' check pod2 8081:80/tcp
	assert_silent
}

# The reference's nf_tables rules name the container alone.
# bats test_tags=ferrule
@test "the reference's nf_tables rules: those with our address, or all" {
	local theirs
	[ -x "$PEER_DIR/portmap" ] || skip 'no reference plugins'
	BACKEND=nftables
	for theirs in pod pod2; do
		NETWORK=$theirs
		PLUGIN_DIR=$PEER_DIR CID=c portmap ADD $theirs \
			"$(conf $theirs "808${#theirs}:80/tcp")"
		assert_ok
	done
	NETWORK=pod CID=c withdraw pod
	in_ns host nft list ruleset >"$SCRATCH/left"
	! grep -F -e 10.1.2.2 -e fd00:2::2 "$SCRATCH/left" || flunk 'not all'
	grep -qF 10.1.2.3 "$SCRATCH/left"
	grep -qF fd00:2::3 "$SCRATCH/left"
	CID=c portmap DEL pod2 '{"cniVersion":"1.1.0","name":"pod2","type":"portmap"}'
	assert_silent
	! in_ns host nft list ruleset | grep '"c"' || flunk 'not all'
}

# break_restore NAME: a program of that name in front of the real one, which
# fails. What it is a link to says that it is for nf_tables.
break_restore() {
	mkdir -p "$SCRATCH/broken"
	printf '#!/bin/sh\necho broken >&2\nexit 3\n' >"$SCRATCH/broken/fake-nft"
	chmod +x "$SCRATCH/broken/fake-nft"
	ln -s fake-nft "$SCRATCH/broken/$1"
}

# bats test_tags=ferrule
@test "ADD again that fails leaves what was there, and a first one nothing" {
	BACKEND=iptables
	serve pod tcp/80
	publish pod 8080:80/tcp
	keep
	break_restore iptables-restore
	portmap ADD pod "$(conf pod 8081:80/tcp)" PATH="$SCRATCH/broken:$PATH"
	assert_error 5 "*iptables-restore failed*"
	assert_kept
	portmap ADD pod2 "$(conf pod2 8082:80/tcp)" PATH="$SCRATCH/broken:$PATH"
	assert_error 5 "*iptables-restore failed*"
	assert_kept
	assert_answers lan 'pod *' tcp/192.0.2.1/8080 tcp/2001:db8::1/8080
	# IPv4 is done by then.
	mv "$SCRATCH/broken/iptables-restore" "$SCRATCH/broken/ip6tables-restore"
	portmap ADD pod2 "$(conf pod2 8082:80/tcp)" PATH="$SCRATCH/broken:$PATH"
	assert_error 5 "*ip6tables-restore failed*"
	assert_kept
	portmap ADD pod "$(conf pod 8080:80/tcp 8081:80/tcp)" \
		PATH="$SCRATCH/broken:$PATH"
	assert_error 5 "*ip6tables-restore failed*"
	assert_answers lan 'pod *' tcp/192.0.2.1/8080 tcp/2001:db8::1/8080
	withdraw pod 8080:80/tcp 8081:80/tcp
	assert_deaf lan tcp/192.0.2.1/8080 tcp/2001:db8::1/8080
}

# bats test_tags=ferrule
@test "what nf_tables has stays, if the change to iptables fails" {
	serve pod tcp/80
	BACKEND=nftables
	publish pod 8080:80/tcp
	keep
	BACKEND=iptables
	break_restore ip6tables-restore
	portmap ADD pod "$(conf pod 8080:80/tcp)" PATH="$SCRATCH/broken:$PATH"
	assert_error 5 "*ip6tables-restore failed*"
	assert_answers lan 'pod *' tcp/192.0.2.1/8080 tcp/2001:db8::1/8080
}
