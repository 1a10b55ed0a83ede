#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# run: what a container is, as the options and the image say.

# What is in single quotes is for a shell in the container; helpers read
# variables that are set here; each test is a subshell anyway.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2094
load helpers

# in_web COMMAND: in a container of the image "web"; more options in $with.
in_web() {
	# shellcheck disable=SC2086 # several
	glue run --rm --network none ${with-} web sh -c "$1"
}

# Of the container that holds the only cgroup: a file of a controller (v1).
group_file() { # CONTROLLER FILE
	cat "$CGROUPS/$1$RUNTIME_GLUE_CGROUP"/*/"$2"
}

# In the background, as "long"; $run is its pid. For what takes a while.
run_long() { # ARGUMENT...
	"$GLUE" run --rm --network none --name long "$@" \
		>"$SCRATCH/long.out" 2>"$SCRATCH/long.err" </dev/null 3>&- &
	run=$!
	eventually grep -q ready "$SCRATCH/long.out" ||
		flunk "$(cat "$SCRATCH/long.err")"
}

prepare() {
	make_image web
}

@test "the exit status is the container's" {
	glue run --rm --network none web true
	assert_ok
	[ -z "$output$stderr" ] || flunk "not quiet"
	in_web "exit 7"
	assert_status 7
	[ -z "$stderr" ] || flunk "not quiet"
	in_web 'sh -c "kill -9 \$\$"; exit $?'
	assert_status 137
}

@test "125 is ours, 126 what cannot be executed, 127 what is not there" {
	glue run --rm --network none nosuch true
	assert_status 125
	assert_fails 'no image "nosuch' "runtime-glue load"
	glue run --rm --network none --memory lots web true
	assert_status 125
	assert_fails "--memory" "lots"
	glue run --rm --network none web /etc/passwd
	assert_status 126
	assert_fails "/etc/passwd"
	glue run --rm --network none web nosuch
	assert_status 127
	assert_fails "nosuch"
	glue run --rm --network none
	assert_status 125
	assert_fails "IMAGE"
	glue ps -aq
	[ -z "$output" ] || flunk "something is left"
}

@test "without --rm it stays until rm" {
	glue run --network none --name once web sh -c "echo x >/root/file; exit 3"
	assert_status 3
	glue ps
	[[ $output != *once* ]] || flunk "it does not run"
	glue ps -a
	assert_output once "exited (3)" "sh -c"
	id=$("$GLUE" ps -aq --no-trunc)
	[ -e "$RUNTIME_GLUE_ROOT/containers/$id/diff/root/file" ]
	glue ps -a --format json
	[ "$(jq -r '.[0].exitCode' <<<"$output")" = 3 ]
	glue rm once
	assert_ok
	assert_output once
	glue ps -aq
	[ -z "$output" ]
	[ ! -e "$RUNTIME_GLUE_ROOT/containers/$id" ]
}

@test "a name is one container's: the error names who has it" {
	glue create --network none --name mine web true
	assert_ok
	id=$output
	glue run --rm --network none --name mine web true
	assert_status 125
	assert_fails '"mine"' "${id:0:12}" "rm"
	glue run --rm --network none --name "no/good" web true
	assert_status 125
	assert_fails "no/good"
	glue rm mine
	glue run --rm --network none --name mine web true
	assert_ok
}

@test "the environment: the image's, a file's, the options'" {
	make_image envy '.config.Env = ["PATH=/bin", "A=image", "B=image", "C=image"]'
	printf '# comment\nB=file\nFROM_HERE\n' >"$SCRATCH/env"
	FROM_HERE=here glue run --rm --network none --env-file "$SCRATCH/env" \
		-e C=option -e ALSO -e NOT_SET -h box envy env
	assert_ok
	for line in PATH=/bin A=image B=file C=option FROM_HERE=here HOSTNAME=box HOME=/root; do
		grep -qx "$line" <<<"$output" || flunk "no $line"
	done
	[[ $output != *NOT_SET* ]]
	glue run --rm --network none --env-file "$SCRATCH/nosuch" envy env
	assert_status 125
	assert_fails "--env-file" "$SCRATCH/nosuch"
}

@test "users by name and by number, with their groups and home" {
	with="-u user" in_web 'id; echo $HOME'
	assert_ok
	assert_output "uid=1000(user) gid=1000(user)" "2000(extra)" /home/user
	with="-u 1234:99" in_web id
	assert_output "uid=1234 gid=99"
	with="-u user:extra --group-add 77" in_web id
	assert_output "uid=1000(user) gid=2000(extra)" 77
	with="-u nobody" in_web id
	assert_status 125
	assert_fails nobody passwd
}

@test "what the image says, and what stands in for it" {
	make_image app '.config += {Entrypoint: ["/bin/echo", "entry"],
		Cmd: ["cmd"], User: "user", WorkingDir: "/srv/app",
		Env: ["PATH=/bin"], StopSignal: "SIGUSR1",
		Volumes: {"/data": {}}, Labels: {"a.b": "c"}}'
	glue run --rm --network none app
	[ "$output" = "entry cmd" ] || flunk
	glue run --rm --network none app other words
	[ "$output" = "entry other words" ] || flunk
	glue run --rm --network none --entrypoint pwd app
	[ "$output" = /srv/app ] || flunk
	glue run --rm --network none --entrypoint id app -u
	[ "$output" = 1000 ] || flunk
	glue run --rm --network none --entrypoint "" app echo plain
	[ "$output" = plain ] || flunk
	glue run --rm --network none --entrypoint sh -u 0 -w /new/dir app -c \
		'pwd; mount | grep " /data "; echo x >/data/x && ls /data'
	assert_ok
	assert_output /new/dir " /data " x
	glue volume ls -q
	[ -z "$output" ] || flunk "an anonymous volume is left"
	glue create --network none --name app app
	glue ps -a --format json
	[ "$(jq -r '.[0].labels["a.b"]' <<<"$output")" = c ] || flunk
	[[ $(jq -r '.[0].stopSignal' <<<"$output") = *USR1 ]] || flunk
	glue rm app
}

@test "an image without a command says so" {
	make_image empty '.config.Cmd = null'
	glue run --rm --network none empty
	assert_status 125
	assert_fails "no command" "--entrypoint"
}

@test "stdin: with -i ours, without it nobody's" {
	printf 'one\ntwo\n' >"$SCRATCH/in"
	glue_in=$SCRATCH/in
	with=-i in_web cat
	assert_ok
	[ "$output" = $'one\ntwo' ] || flunk
	in_web cat
	assert_ok
	[ -z "$output" ] || flunk
	head -c 1000000 /dev/urandom >"$SCRATCH/in"
	"$GLUE" run --rm --network none -i web cat <"$SCRATCH/in" |
		cmp - "$SCRATCH/in"
}

@test "-t under a terminal: it has one, of our size, also when that changes" {
	cat >"$SCRATCH/terminal.py" <<-'PY'
		import fcntl, os, pty, re, signal, struct, sys, termios, time
		def size(fd, rows, cols):
		    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
		pid, fd = pty.fork()
		if pid == 0:
		    time.sleep(0.3)
		    os.execv(sys.argv[1], sys.argv[1:])
		size(fd, 33, 101)
		seen, step = b"", 0
		signal.alarm(30)
		while True:
		    try:
		        got = os.read(fd, 4096)
		    except OSError:
		        break
		    if not got:
		        break
		    seen += got
		    if step == 0 and b"33 101" in seen:
		        size(fd, 44, 55)
		        os.write(fd, b"go\n")
		        step = 1
		    if step == 1 and b"44 55" in seen:
		        os.write(fd, b"exit 5\n")
		        step = 2
		sys.stdout.write(seen.decode(errors="replace"))
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	PY
	ln -s busybox "$SCRATCH/rootfs/bin/stty"
	ln -s busybox "$SCRATCH/rootfs/bin/tty"
	make_image term
	status=0
	output=$(python3 "$SCRATCH/terminal.py" "$GLUE" run --rm --network none -it term \
		sh -c 'tty; stty size; read x; while [ "$(stty size)" != "44 55" ]; do sleep 0.05; done; stty size; exec sh' \
		2>"$SCRATCH/stderr") || status=$?
	stderr=$(cat "$SCRATCH/stderr")
	assert_status 5
	assert_output /dev/pts/0 "33 101" "44 55"
}

@test "-t without a terminal of ours" {
	with=-t in_web 'test -t 1 && echo yes'
	assert_ok
	assert_output yes
}

@test "signals are forwarded" {
	for name in TERM INT HUP USR1; do
		run_long web sh -c "trap 'echo got; exit 9' $name; echo ready; while :; do sleep 0.05; done"
		kill -s $name $run
		status=0
		wait $run || status=$?
		assert_status 9
		grep -q got "$SCRATCH/long.out"
	done
	[ -z "$(cat "$SCRATCH/long.err")" ]
}

@test "a signal that ends it is in the status" {
	run_long --init web sh -c 'echo ready; exec sleep 60'
	kill -TERM $run
	status=0
	wait $run || status=$?
	assert_status 143
}

@test "--init reaps what others leave" {
	cmd='(sleep 0.1 & exec true) & wait; sleep 0.4; ps -o pid,ppid,stat,args; cat /proc/1/comm'
	with=--init in_web "$cmd"
	assert_ok
	[[ $output != *"Z "* ]] || flunk "a zombie"
	[[ ${output##*$'\n'} = *init* ]] || flunk
	with=--init in_web "exit 4"
	assert_status 4
	with=--init glue run --rm --network none --init web nosuch
	assert_status 127
}

@test "--read-only, --tmpfs" {
	with="--read-only --tmpfs /scratch:size=1m,mode=700" in_web '
		touch /file 2>&1; touch /scratch/file && echo scratch
		stat -c %a /scratch; dd if=/dev/zero of=/scratch/x bs=1M count=2 2>&1
		touch /dev/shm/x && echo shm'
	assert_output "Read-only file system" scratch 700 shm "No space left"
}

@test "-v, --mount: directories of the host, writable or not" {
	mkdir "$SCRATCH/data"
	echo hello >"$SCRATCH/data/file"
	with="-v $SCRATCH/data:/data:ro" in_web 'cat /data/file; touch /data/x 2>&1'
	assert_status 1
	assert_output hello "Read-only file system"
	with="-v $SCRATCH/data:/a/b" in_web 'echo more >>/a/b/file'
	assert_ok
	[ "$(cat "$SCRATCH/data/file")" = $'hello\nmore' ]
	with="--mount type=bind,source=$SCRATCH/data,target=/m,readonly" in_web 'cat /m/file; touch /m/x 2>&1'
	assert_status 1
	assert_output more "Read-only file system"
	with="--mount type=tmpfs,target=/t,tmpfs-size=1m" in_web 'mount | grep " /t "'
	assert_ok
	assert_output tmpfs size=1024k
	with="--mount type=bind,source=$SCRATCH/nosuch,target=/m" in_web true
	assert_status 125
	assert_fails "--mount" "$SCRATCH/nosuch"
	with="-v relative/dir:/m" in_web true
	assert_status 125
	assert_fails "relative/dir"
}

@test "named volumes stay, and begin with what the image has there" {
	echo page >"$SCRATCH/rootfs/var/www/index"
	make_image www
	glue run --rm --network none -v pages:/var/www www sh -c 'cat /var/www/index; echo new >/var/www/new'
	assert_ok
	assert_output page
	glue run --rm --network none -v pages:/p web cat /p/new
	assert_output new
	glue volume ls
	assert_output pages
	glue volume rm pages
	assert_ok
}

@test "limits are those of its cgroup" {
	[ -d "$CGROUPS/memory" ] || skip "the test reads cgroup v1"
	run_long -m 64m --memory-swap 64m --memory-reservation 32m --cpus 0.5 \
		--cpu-shares 512 --pids-limit 42 --cpuset-cpus 0 web \
		sh -c 'echo ready; exec sleep 60'
	[ "$(group_file memory memory.limit_in_bytes)" = 67108864 ]
	[ "$(group_file memory memory.soft_limit_in_bytes)" = 33554432 ]
	[ "$(group_file cpu cpu.cfs_quota_us)" -eq $(($(group_file cpu cpu.cfs_period_us) / 2)) ]
	[ "$(group_file cpu cpu.shares)" = 512 ]
	[ "$(group_file pids pids.max)" = 42 ]
	[ "$(group_file cpuset cpuset.cpus)" = 0 ]
	glue rm -f long
	assert_ok
	wait $run || [ $? -eq 137 ]
}

@test "what limits do" {
	with="--pids-limit 5" in_web 'for i in 1 2 3 4 5 6 7; do sleep 1 & done 2>&1; echo end'
	[[ $output$stderr = *"fork"* ]] || flunk
	with="--ulimit nofile=100:200 --ulimit core=0 --shm-size 1m" in_web \
		'ulimit -n; ulimit -Hn; ulimit -c; mount | grep /dev/shm'
	assert_ok
	assert_output 100 200 size=1024k
	with="--ulimit nosuch=1" in_web true
	assert_status 125
	assert_fails "--ulimit" nosuch
	with="--cpus 1000" in_web true
	assert_status 125
	assert_fails "--cpus"
	with="-m 1k" in_web true
	assert_status 125
	assert_fails "--memory" 6m
	with="--cpuset-cpus 900" in_web true
	assert_status 125
	assert_fails "cpus" "900"
}

caps() { # of the last output
	local line
	line=$(grep CapEff <<<"$output")
	echo $((0x${line##*[[:space:]]}))
}

@test "capabilities" {
	in_web 'grep CapEff /proc/self/status'
	[ "$(caps)" -eq $((0xa80425fb)) ] || flunk "not docker's"
	with="--cap-drop ALL --cap-add NET_ADMIN --cap-add cap_chown" in_web 'grep CapEff /proc/self/status'
	[ "$(caps)" -eq $((1 << 12 | 1)) ] || flunk
	with="--cap-add ALL --cap-drop SYS_ADMIN" in_web 'grep CapEff /proc/self/status'
	[ "$(($(caps) & 1 << 21))" -eq 0 ] || flunk
	[ "$(($(caps) & 1 << 12))" -ne 0 ] || flunk
	with="-u user" in_web 'grep CapEff /proc/self/status'
	[ "$(caps)" -eq 0 ] || flunk
	with="--cap-add FLY" in_web true
	assert_status 125
	assert_fails "--cap-add" FLY
}

@test "--privileged" {
	with=--privileged in_web '
		grep -E "CapEff|Seccomp:" /proc/self/status
		mount -t tmpfs none /mnt && echo mounted; ls /dev
		mount | grep " /sys "'
	assert_ok
	assert_output mounted "Seccomp:	0" "rw," loop
	in_web 'mount -t tmpfs none /mnt 2>&1; grep Seccomp: /proc/self/status'
	assert_output "Seccomp:	2"
	[[ $output = *"ermission denied"* || $output = *"not permitted"* ]] || flunk
}

@test "--device, --sysctl, --security-opt" {
	with="--device /dev/null:/dev/mine:r" in_web 'ls -l /dev/mine; cat /dev/mine && echo read'
	assert_ok
	assert_output "1,   3" read
	with="--device /dev/nosuch" in_web true
	assert_status 125
	assert_fails "--device" /dev/nosuch
	with="--sysctl net.ipv4.ip_default_ttl=99" in_web 'cat /proc/sys/net/ipv4/ip_default_ttl'
	[ "$output" = 99 ] || flunk
	with="--sysctl kernel.panic=1" in_web true
	assert_status 125
	assert_fails "kernel.panic"
	with="--security-opt no-new-privileges --security-opt seccomp=unconfined" in_web \
		'grep -E "NoNewPrivs|Seccomp:" /proc/self/status'
	assert_ok
	assert_output "NoNewPrivs:	1" "Seccomp:	0"
	with="--security-opt nosuch=1" in_web true
	assert_status 125
	assert_fails "--security-opt" nosuch
	with="--security-opt seccomp=$SCRATCH/nosuch" in_web true
	assert_status 125
	assert_fails "$SCRATCH/nosuch"
}

@test "names and namespaces" {
	with="--hostname box.example" in_web 'hostname; cat /etc/hostname'
	[ "$output" = $'box.example\nbox.example' ] || flunk
	with="--uts host" in_web hostname
	[ "$output" = "$(hostname)" ] || flunk
	in_web 'echo $$; readlink /proc/self/ns/ipc'
	[ "${output%%$'\n'*}" = 1 ] || flunk
	[ "${output##*$'\n'}" != "$(readlink /proc/self/ns/ipc)" ] || flunk
	with="--pid host --ipc host" in_web 'readlink /proc/self/ns/pid /proc/self/ns/ipc || for n in pid ipc; do readlink /proc/self/ns/$n; done'
	assert_output "$(readlink /proc/self/ns/pid)" "$(readlink /proc/self/ns/ipc)"
	with="--uts other" in_web true
	assert_status 125
	assert_fails "--uts" other
}

@test "another container's pid and ipc namespace" {
	run_long --ipc shareable web sh -c 'echo ready; exec sleep 60'
	with="--pid container:long --ipc container:long" in_web 'ps; ls /proc/1/cwd >/dev/null; echo x >/dev/shm/x'
	assert_ok
	assert_output "sleep 60"
	with="--pid container:nosuch" in_web true
	assert_status 125
	assert_fails "nosuch"
	glue rm -f long
	assert_ok
	wait $run || [ $? -eq 137 ]
}

@test "create, start -a, and again; stop; rm -f" {
	glue create --network none --name job -h job web sh -c 'echo x >>/root/count; cat /root/count; hostname; exit 2'
	assert_ok
	[[ $output =~ ^[0-9a-f]{64}$ ]] || flunk
	glue ps -a
	assert_output created job " web:latest "
	glue start -a job
	assert_status 2
	[ "$output" = $'x\njob' ] || flunk
	glue start -a job
	assert_status 2
	[ "$output" = $'x\nx\njob' ] || flunk
	glue start job
	assert_status 125
	assert_fails "foreground" "start -a"
	glue rm job
	assert_ok
	glue start -a job
	assert_fails 'no container "job"' "ps -a"
	glue rm job
	assert_fails 'no container "job"' "ps -a"
	glue stop job
	assert_fails 'no container "job"'
	glue rm -f job
	assert_ok
}

@test "stop sends the stop signal, then kills" {
	run_long --stop-signal USR1 web sh -c 'trap "echo bye; exit 3" USR1; echo ready; while :; do sleep 0.05; done'
	glue ps
	assert_output long running
	glue rm long
	assert_fails "running" "stop"
	glue start -a long
	assert_fails "long" "stop"
	glue stop long
	assert_ok
	status=0
	wait $run || status=$?
	assert_status 3
	run_long web sh -c 'trap "" TERM; echo ready; while :; do sleep 0.05; done'
	glue stop -t 0 long
	assert_ok
	status=0
	wait $run || status=$?
	assert_status 137
}

@test "ps" {
	run_long -l who=me web sh -c 'echo ready; exec sleep 60'
	glue create --network none --name other web true
	glue ps -q
	[[ $output =~ ^[0-9a-f]{12}$ ]] || flunk
	glue ps -a -q
	[ "$(wc -l <<<"$output")" = 2 ] || flunk
	glue ps --format json
	[ "$(jq -r '.[] | [.name, .status, .image, .labels.who] | join(" ")' <<<"$output")" = "long running docker.io/library/web:latest me" ] || flunk
	glue ps --format xml
	assert_fails "--format" xml json
	glue rm -f long other
	assert_ok
	wait $run || [ $? -eq 137 ]
}

@test "--cidfile, --pid-file" {
	glue run --network none --name n --cidfile "$SCRATCH/cid" --pid-file "$SCRATCH/pid" web true
	assert_ok
	[ "$(cat "$SCRATCH/cid")" = "$("$GLUE" ps -aq --no-trunc)" ]
	[[ $(cat "$SCRATCH/pid") =~ ^[0-9]+$ ]]
	glue run --rm --network none --cidfile "$SCRATCH/cid" web true
	assert_status 125
	assert_fails "--cidfile" "$SCRATCH/cid" "remove it"
	glue rm n
	# Not left by what has failed.
	glue run --network none --cidfile "$SCRATCH/cid2" web nosuch
	assert_status 127
	[ ! -e "$SCRATCH/cid2" ]
}

@test "--rootfs: a directory, without an image" {
	glue run --rm --network none --rootfs "$SCRATCH/rootfs" /bin/sh -c 'echo hi; touch /made'
	assert_ok
	assert_output hi
	[ -e "$SCRATCH/rootfs/made" ]
	glue run --rm --network none --rootfs "$SCRATCH/nosuch" true
	assert_status 125
	assert_fails "--rootfs" "$SCRATCH/nosuch"
}

@test "the bundle on disk is one that runc starts" {
	runc=${OCI_PEERS:-}/runc
	[ -x "$runc" ] || skip "no runc: make peers"
	glue create --network none --name b web sh -c 'echo from runc; id -u'
	id=$output
	dir=$RUNTIME_GLUE_ROOT/containers/$id
	mount -t overlay -o "lowerdir=$(tac "$dir/lower" | paste -sd :),upperdir=$dir/diff,workdir=$dir/work" none "$dir/merged"
	for ns in $(jq -r '.linux.namespaces[] | select(.type == "network") | .path // empty' "$dir/config.json"); do
		mkdir -p "${ns%/*}"
		touch "$ns"
		unshare --net="$ns" true
	done
	touch "$dir/hosts" "$dir/hostname" "$dir/resolv.conf"
	status=0
	output=$("$runc" --root "$SCRATCH/runc" run --bundle "$dir" "t$$" \
		</dev/null 2>"$SCRATCH/stderr") || status=$?
	stderr=$(cat "$SCRATCH/stderr")
	umount "$dir/merged"
	[ -z "$ns" ] || { umount "$ns" && rm "$ns"; }
	assert_ok
	[ "$output" = $'from runc\n0' ] || flunk
	glue rm b
}

@test "inspect tells of a container" {
	run_long -u user -w /tmp -v "$SCRATCH:/v:ro" web sh -c 'echo ready; exec sleep 60'
	glue inspect long
	assert_ok
	[ "$(jq -r '.[0] | [.name, .status, .workdir, .user.uid] | join(" ")' <<<"$output")" = "long running /tmp 1000" ] || flunk
	pid=$(jq '.[0].pid' <<<"$output")
	[ "$(readlink "/proc/$pid/exe")" = /bin/busybox ]
	[ -d "$(jq -r '.[0].merged' <<<"$output")/bin" ]
	jq -e --arg s "$SCRATCH" 'any(.[0].mounts[]; .source == $s and .destination == "/v")' <<<"$output"
	glue rm -f long
	wait $run || [ $? -eq 137 ]
	glue inspect long
	assert_fails '"long"' "ps -a"
	glue create --network none --name early web true
	glue inspect early
	[ "$(jq -r '.[0] | [.status, .pid] | join(" ")' <<<"$output")" = "created 0" ] || flunk
	glue rm early
}

@test "words that it does not know" {
	glue rum
	assert_status 2
	assert_fails '"rum"' "run"
	glue xyzzy
	assert_status 2
	assert_fails '"xyzzy"' "--help"
	glue run --nosuch web
	assert_status 125
	assert_fails "--nosuch" "run --help"
	glue run -d web
	assert_status 125
	assert_fails "--detach" "foreground" "runtime-glue run"
	glue run --help
	assert_ok
	assert_output "--volume" "IMAGE"
}
