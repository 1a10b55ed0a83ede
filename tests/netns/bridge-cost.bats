#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bridge: what an attachment costs in messages, programs and waiting.
# shellcheck disable=SC2016,SC2030,SC2031,SC2119,SC2154
load helpers
load bridge

# LeakSanitizer does not work under strace.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"

BUSY='"isGateway":true,"ipMasq":true'
OUT='"routes":[{"dst":"0.0.0.0/0"},{"dst":"::/0"}]'

# traced VERB CONF STRACE_OPTION...: with the trace in $SCRATCH/strace.
traced() {
	in_ns host env CNI_COMMAND="$1" CNI_CONTAINERID=test CNI_IFNAME=eth0 \
		CNI_NETNS="$POD" CNI_PATH="$PLUGIN_DIR" strace -qq \
		-o "$SCRATCH/strace" "${@:3}" "$PLUGIN_DIR/bridge" <<<"$2" \
		>"$SCRATCH/out" || flunk "$(<"$SCRATCH/out")"
}

# messages: how many netlink messages were sent. A batch of nf_tables begins
# and ends with one of its own.
messages() {
	grep -E '^[0-9 ]*(sendto|sendmsg|sendmmsg|write|writev)\(' "$SCRATCH/strace" |
		grep -o 'nlmsg_len=' | wc -l
}

# bats test_tags=ferrule,novalgrind
@test "fewer than 25 netlink messages for a dual-stack gateway with masquerade" {
	local c n
	c=$(conf "$BUSY" "$DUAL,$OUT")
	# The first one makes tables, chains and rules as well.
	traced ADD "$c" -v -s 65536 -e trace=sendto,sendmsg,sendmmsg
	n=$(messages)
	echo "# the first ADD: $n messages" >&3
	[ "$n" -ge 5 ] && [ "$n" -lt 50 ] || flunk "$n:" "$(<"$SCRATCH/strace")"
	second ADD "$c"
	assert_ok
	traced DEL "$c" -v -s 65536 -e trace=sendto,sendmsg,sendmmsg
	n=$(messages)
	echo "# DEL: $n messages" >&3
	[ "$n" -ge 2 ] && [ "$n" -lt 25 ] || flunk "$n:" "$(<"$SCRATCH/strace")"
	traced ADD "$c" -v -s 65536 -e trace=sendto,sendmsg,sendmmsg
	n=$(messages)
	echo "# a later ADD: $n messages" >&3
	[ "$n" -ge 5 ] && [ "$n" -lt 25 ] || flunk "$n:" "$(<"$SCRATCH/strace")"
}

# bats test_tags=ferrule,novalgrind
@test "no program is run but IPAM, and nobody waits for a clock" {
	local verb c
	c=$(conf "$BUSY,\"macspoofchk\":true" "$DUAL,$OUT")
	for verb in ADD DEL ADD DEL; do
		traced $verb "$c" -f -e trace=execve,execveat,nanosleep,clock_nanosleep,poll,ppoll,select,pselect6,epoll_wait,epoll_pwait,timerfd_settime,alarm,setitimer
		grep 'execve' "$SCRATCH/strace" | grep -v '= -1\|resumed>' >"$SCRATCH/execs"
		[ "$(wc -l <"$SCRATCH/execs")" -eq 2 ] &&
			grep -q '"[^"]*/host-local"' "$SCRATCH/execs" ||
			flunk "$verb runs:" "$(<"$SCRATCH/execs")"
		! grep -E 'nanosleep|timerfd|alarm|setitimer' "$SCRATCH/strace" ||
			flunk "$verb sleeps"
		! grep -E 'Timeout|= 0$' "$SCRATCH/strace" | grep -E 'poll|select' ||
			flunk "$verb waits for a clock:" "$(<"$SCRATCH/strace")"
	done
}

# watched COMMAND...: run it while what happens to links is written down.
watched() {
	local ns monitors=()
	for ns in host pod; do
		in_ns $ns ip monitor link >"$SCRATCH/$ns.log" 2>&1 3>&- &
		monitors+=($!)
	done
	sleep 0.3 # until they listen
	"$@"
	sleep 0.1
	kill "${monitors[@]}"
	wait "${monitors[@]}" 2>/dev/null || :
}

@test "the veth pair is born where it belongs: nothing is moved or renamed" {
	watched attach "$(conf '"isGateway":true' "$DUAL")"
	grep -q "$(host_end)" "$SCRATCH/host.log" ||
		flunk "nothing seen: $(<"$SCRATCH/host.log")"
	grep -q eth0 "$SCRATCH/pod.log" ||
		flunk "nothing seen: $(<"$SCRATCH/pod.log")"
	! grep ^Deleted "$SCRATCH/host.log" "$SCRATCH/pod.log" ||
		flunk 'a link has left a namespace'
	assert_text "$(sed -nE 's/^[0-9]+: ([^@:]+).*/\1/p' "$SCRATCH/pod.log" |
		sort -u)" eth0 "the names in the container"
}

# bats test_tags=ferrule,novalgrind
@test "a kernel without a clock tick to spare: ADD works on 1% of a CPU" {
	local c cg=/sys/fs/cgroup/ferrule-test.$$
	c=$(conf "$BUSY" "$DUAL,$OUT")
	mkdir "$cg" 2>/dev/null && [ -e "$cg/cpu.max" ] ||
		{ rmdir "$cg" 2>/dev/null || :; skip 'no cgroup to limit the CPU'; }
	echo '2000 100000' >"$cg/cpu.max"
	in_ns host sh -c 'echo $$ >"$1"/cgroup.procs; shift; exec env CNI_COMMAND=ADD \
		CNI_CONTAINERID=test CNI_IFNAME=eth0 CNI_NETNS='"$POD"' \
		CNI_PATH="$1" timeout 30 "$1/bridge"' sh "$cg" "$PLUGIN_DIR" <<<"$c" \
		>"$SCRATCH/out" || { rmdir "$cg"; flunk "$(<"$SCRATCH/out")"; }
	rmdir "$cg"
	answers pod 10.1.2.1
}

# bats test_tags=ferrule
@test "the trace shows each message" {
	cni ADD bridge "$(conf "$BUSY" "$DUAL,$OUT")" FERRULE_TRACE=stderr
	assert_ok
	[[ $stderr == *' rtnl RTM_NEWLINK '* ]] || flunk 'no link'
	[[ $stderr == *' exec '*host-local* ]] || flunk 'no exec'
	[[ $stderr == *' nft '* ]] || flunk 'no nft'
}
