#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Leases from before this boot. Boots are forged in what is kept with a lease,
# and times by touch(1): the machine's clock is never set.
# shellcheck disable=SC2154
load helpers

OLD=00000000-1111-2222-3333-444444444444

conf() { # [IPAM]
	printf '{"cniVersion":"1.1.0","name":"n","type":"x","ipam":{%s%s}}' \
		"\"type\":\"host-local\",\"dataDir\":\"$SCRATCH/store\",\"subnet\":\"10.1.2.0/29\"" \
		"${1:+,$1}"
}

add() { # ID [IPAM]
	cni ADD host-local "$(conf "${2-}")" CNI_CONTAINERID="$1"
}

fill() { # IDs; leases 10.1.2.2 and on, up to 5
	local id
	for id; do
		add "$id" || return 1
		assert_ok || return 1
	done
}

# From an earlier boot: the record that ferrule keeps with the lease says so.
age() { # ADDRESS...
	local ip
	for ip; do
		setfattr -n user.ferrule.boot_id -v "$OLD" "$SCRATCH/store/n/$ip"
	done
}

owner() { # ADDRESS
	head -n1 "$SCRATCH/store/n/$1" | tr -d '\r'
}

# A tmpfs keeps user attributes only since Linux 6.6.
setup_file() {
	: >/run/probe
	setfattr -n user.probe -v 1 /run/probe ||
		skip 'tmpfs without user extended attributes'
}

# bats test_tags=ferrule
@test "a lease keeps the boot id of the kernel" {
	add c1; assert_ok
	[ "$(getfattr --only-values -n user.ferrule.boot_id \
		"$SCRATCH/store/n/10.1.2.2")" = \
		"$(cat /proc/sys/kernel/random/boot_id)" ]
}

# bats test_tags=ferrule
@test "when the range is full, leases from before this boot are reclaimed" {
	fill a b c d e
	age 10.1.2.3 10.1.2.5
	add f
	assert_json '.ips[0].address' 10.1.2.3/29
	[[ $stderr == *'reclaimed 10.1.2.3 from container b eth0: leased before this boot'* ]] ||
		flunk 'not said on stderr'
	[[ $stderr == *'reclaimed 10.1.2.5 from container d eth0'* ]]
	add g; assert_json '.ips[0].address' 10.1.2.5/29
	add h; assert_error 101
	[ "$(owner 10.1.2.3)" = f ] && [ "$(owner 10.1.2.5)" = g ]
}

# bats test_tags=ferrule
@test "not before it is full, and not with reclaimOnBoot false" {
	fill a b c d
	age 10.1.2.2 10.1.2.3
	add e; assert_json '.ips[0].address' 10.1.2.6/29
	[ "$(owner 10.1.2.2)" = a ]
	add f '"reclaimOnBoot":false'
	assert_error 101
	[ "$(owner 10.1.2.2)" = a ] && [ "$(owner 10.1.2.3)" = b ]
	cni STATUS host-local "$(conf '"reclaimOnBoot":false')"
	assert_error 50
	cni STATUS host-local "$(conf)"; assert_silent
}

# bats test_tags=ferrule
@test "times decide nothing: neither far past nor far future" {
	fill a b c d e
	touch -d 1980-01-01 "$SCRATCH/store/n/10.1.2.2"
	touch -d 2080-01-01 "$SCRATCH/store/n/10.1.2.3"
	add f; assert_error 101
	age 10.1.2.3 10.1.2.4
	touch -d 2080-01-01 "$SCRATCH/store/n/10.1.2.3" "$SCRATCH/store/n/10.1.2.4"
	add f; assert_json '.ips[0].address' 10.1.2.3/29
}

# bats test_tags=ferrule
@test "a lease of unknown boot is never reclaimed: the reference's, forged ones" {
	fill a b c d e
	setfattr -x user.ferrule.boot_id "$SCRATCH/store/n/10.1.2.2"
	setfattr -n user.ferrule.boot_id -v x "$SCRATCH/store/n/10.1.2.3"
	setfattr -n user.ferrule.boot_id -v "" "$SCRATCH/store/n/10.1.2.4"
	add f; assert_error 101
	if [ -x "$PEER_DIR/host-local" ]; then
		cni DEL host-local "$(conf)" CNI_CONTAINERID=e; assert_silent
		PLUGIN_DIR=$PEER_DIR add g; assert_ok
		touch -d 1980-01-01 "$SCRATCH/store/n/10.1.2.6"
		add f; assert_error 101
	fi
}

# bats test_tags=ferrule
@test "without extended attributes a marker beside the leases serves" {
	local marks=$SCRATCH/store/.ferrule/n
	# ramfs has no extended attributes.
	mkdir "$SCRATCH/store"
	mount -t ramfs ramfs "$SCRATCH/store"
	fill a b c d e
	[ "$(find "$marks" -type f | wc -l)" -eq 5 ]
	add f; assert_error 101
	sed -i "s/^[^ ]*/$OLD/" "$marks/10.1.2.3" "$marks/10.1.2.4"
	# Another file in the lease's place is not what the marker speaks of.
	printf 'z\r\neth0' >"$SCRATCH/new"
	rm "$SCRATCH/store/n/10.1.2.4"
	cp "$SCRATCH/new" "$SCRATCH/store/n/10.1.2.4"
	add f
	assert_json '.ips[0].address' 10.1.2.3/29
	add g; assert_error 101
	[ "$(owner 10.1.2.4)" = z ]
	cni DEL host-local "$(conf)" CNI_CONTAINERID=f; assert_silent
	[ ! -e "$marks/10.1.2.3" ]
	umount "$SCRATCH/store"
}
