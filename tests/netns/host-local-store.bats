#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# host-local and stores that are odd: unreadable, foreign, full, elsewhere, on
# old file systems.
# shellcheck disable=SC2154
load helpers

conf() { # [DATADIR [SUBNET]]
	printf '{"cniVersion":"1.1.0","name":"n","type":"x","ipam":{%s}}' \
		"\"type\":\"host-local\",\"dataDir\":\"${1:-$SCRATCH/store}\",\"subnet\":\"${2:-10.1.2.0/24}\""
}

add() { # ID [DATADIR]
	cni ADD host-local "$(conf "${2-}")" CNI_CONTAINERID="$1"
}
del() {
	cni DEL host-local "$(conf)" CNI_CONTAINERID="$1"
}

lease() { # TEXT ADDRESS
	mkdir -p "$SCRATCH/store/n"
	printf %b "$1" >"$SCRATCH/store/n/$2"
}

# By root without the privilege to read everything.
weak() { # VERB ID; sets $status and $output
	run setpriv --bounding-set=-dac_override,-dac_read_search env \
		CNI_COMMAND="$1" CNI_CONTAINERID="$2" CNI_IFNAME=eth0 \
		CNI_NETNS=/n CNI_PATH=/x "$PLUGIN_DIR/host-local" <<<"$(conf)"
}

# bats test_tags=ferrule,novalgrind
@test "a lease that cannot be read is kept, said, and not forgotten" {
	add a; assert_ok
	chmod 0 "$SCRATCH/store/n/10.1.2.2"
	rm -f /run/ferrule/host-local-*
	weak ADD b
	[ "$status" -eq 0 ] || flunk
	[[ $output == *'cannot read the lease "'*'/n/10.1.2.2": Permission denied'* ]] ||
		flunk 'not said on stderr'
	[[ $output == *'10.1.2.3/24'* ]] || flunk
	weak GC x
	[ "$status" -eq 0 ] || flunk
	[ -e "$SCRATCH/store/n/10.1.2.2" ]
	# Who can read it again finds it: what was not known is not in the hint.
	del a; assert_silent
	[ ! -e "$SCRATCH/store/n/10.1.2.2" ] || flunk 'a is still there'
	[ -e "$SCRATCH/store/n/10.1.2.3" ]
}

# bats test_tags=ferrule,novalgrind
@test "a request for an address whose lease cannot be read says so" {
	add a; assert_ok
	chmod 0 "$SCRATCH/store/n/10.1.2.2"
	run setpriv --bounding-set=-dac_override,-dac_read_search env \
		CNI_COMMAND=ADD CNI_CONTAINERID=b CNI_IFNAME=eth0 CNI_NETNS=/n \
		CNI_PATH=/x CNI_ARGS=IP=10.1.2.2 "$PLUGIN_DIR/host-local" \
		<<<"$(conf)"
	[ "$status" -eq 1 ] || flunk
	[[ $output == *'its lease cannot be read: Permission denied'* ]] || flunk
}

# bats test_tags=ferrule,novalgrind
@test "--leases shows what it cannot read, what is no lease, and no escape codes" {
	lease 'c1\r\neth0' 10.1.2.2
	lease 'c2\r\neth0' 10.1.2.3
	chmod 0 "$SCRATCH/store/n/10.1.2.3"
	lease 'hello, world' 10.1.2.4
	lease 'c5\r\n\x1b[31mred' 10.1.2.5
	lease 'c6\r\na\nb' 10.1.2.6
	: >"$SCRATCH/store/n/10.1.2.7"
	mkfifo "$SCRATCH/store/n/10.1.2.8"
	lease old 10.1.2.9
	run setpriv --bounding-set=-dac_override,-dac_read_search \
		"$PLUGIN_DIR/host-local" --leases n --data-dir "$SCRATCH/store"
	[ "$status" -eq 0 ] || flunk
	printf '%s\n' "${lines[@]}" | grep '^10\.' | tr -s ' ' >"$SCRATCH/got"
	diff - "$SCRATCH/got" <<-'END'
		10.1.2.2 unknown eth0 c1
		10.1.2.3 unknown - (cannot be read)
		10.1.2.4 unknown - (not a lease)
		10.1.2.5 unknown ?[31mred c5
		10.1.2.6 unknown a?b c6
		10.1.2.8 unknown - (not a lease)
		10.1.2.9 unknown - old
	END
	[ -e "$SCRATCH/store/n/10.1.2.7" ] # looking removes nothing
}

# bats test_tags=ferrule,novalgrind
@test "--leases with all descriptors closed writes into no file" {
	local hint
	add a; assert_ok
	rm "$SCRATCH/store/n/lock"
	hint=/run/ferrule/host-local-$(printf '%x-%x' "$(stat -c %d \
		"$SCRATCH/store/n")" "$(stat -c %i "$SCRATCH/store/n")")
	cp "$hint" "$SCRATCH/hint"
	! "$PLUGIN_DIR/host-local" --leases n --data-dir "$SCRATCH/store" \
		<&- >&- 2>&- || flunk 'success without a stdout'
	cmp "$hint" "$SCRATCH/hint"
}

status() { # DATADIR
	cni STATUS host-local "$(conf "$1")" CNI_CONTAINERID= CNI_NETNS= CNI_IFNAME=
}

# bats test_tags=ferrule
@test "STATUS looks at the nearest folder that exists, from where it is" {
	mkdir "$SCRATCH/ro" "$SCRATCH/rw"
	mkdir "$SCRATCH/ro/deep"
	: >"$SCRATCH/rw/file"
	mount -t tmpfs -o ro tmpfs "$SCRATCH/ro"
	cd "$SCRATCH/rw"
	status store; assert_silent
	status a/b/c; assert_silent
	status ./a; assert_silent
	status "$SCRATCH/rw/a/b"; assert_silent
	[ "$(ls)" = file ]
	status file/store
	assert_error 50 'the lease store "file/store/n" cannot be written: Not a directory'
	status ../ro/a/b
	assert_error 50 'the lease store "../ro" cannot be written: Read-only file system'
	status "$SCRATCH/ro/a"
	assert_error 50 "the lease store \"$SCRATCH/ro\" cannot be written: Read-only file system"
	cd "$SCRATCH/ro"
	status store
	assert_error 50 'the lease store "." cannot be written: Read-only file system'
	cd "$SCRATCH/rw"
	add a store; assert_ok # and the store is where STATUS looked
	[ -e "$SCRATCH/rw/store/n/10.1.2.2" ]
	cd /
	umount "$SCRATCH/ro"
}

# bats test_tags=ferrule
@test "STATUS sees a file system without room for a file" {
	mkdir "$SCRATCH/store"
	mount -t tmpfs -o size=1m,nr_inodes=8 tmpfs "$SCRATCH/store"
	add a; assert_ok
	status "$SCRATCH/store"; assert_silent
	seq -f "$SCRATCH/store/fill.%g" 9 | xargs -n1 touch 2>/dev/null || :
	status "$SCRATCH/store"
	assert_error 50 "*\"$SCRATCH/store/n\" cannot be written: No space left on device"
	add b
	assert_error 5 '*No space left on device'
	umount "$SCRATCH/store"
}

# without_tmpfile [INJECT]: ADD of "old" where O_TMPFILE is refused.
without_tmpfile() {
	local n call=(env CNI_COMMAND=ADD CNI_CONTAINERID=old CNI_IFNAME=eth0
		CNI_NETNS=/n CNI_PATH=/x "$PLUGIN_DIR/host-local")
	# LeakSanitizer and strace exclude each other.
	local -x ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0
	n=$(strace -qq -e trace=openat "${call[@]}" <<<"$(conf)" 2>&1 |
		grep '^openat' | grep -n O_TMPFILE | cut -d: -f1)
	[ -n "$n" ] || flunk 'no O_TMPFILE seen' || return 1
	del old
	run strace -qq -o /dev/null -e inject="openat:error=EOPNOTSUPP:when=$n" \
		${1:+-e inject="$1"} "${call[@]}" <<<"$(conf)"
}

# bats test_tags=ferrule,novalgrind
@test "without files that have no name, a lease still comes whole or not at all" {
	local call
	add a; assert_ok
	without_tmpfile
	[ "$status" -eq 0 ] || flunk
	printf 'old\r\neth0' | cmp - "$SCRATCH/store/n/10.1.2.4"
	del old
	[ "$(ls -A "$SCRATCH/store/n")" = $'10.1.2.2\nlast_reserved_ip.0\nlock' ]
	# Killed in between: the half-made file is nobody's lease, and goes.
	for call in write linkat unlinkat:signal=KILL:when=2; do
		[[ $call == *:* ]] || call+=:signal=KILL
		without_tmpfile "$call"
		[ "$status" -ne 0 ] || flunk "$call: not killed"
		del old; assert_silent
		[ "$(ls -A "$SCRATCH/store/n")" = \
			$'10.1.2.2\nlast_reserved_ip.0\nlock' ] ||
			flunk "$call left: $(ls -A "$SCRATCH/store/n")"
	done
	# No hard links either, as on vfat.
	without_tmpfile linkat:error=EPERM
	[ "$status" -eq 0 ] || flunk
	[ "$(find "$SCRATCH/store/n" -name '10.*' | wc -l)" -eq 2 ]
	[ ! -e "$SCRATCH/store/n/.ferrule.tmp" ]
}
