#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Usage: tests/demo.sh BIN_DIR
# Show runtime-glue of BIN_DIR as its user sees it: an image is loaded, a web
# server run, its page fetched, everything removed. It happens inside
# tests/sandbox.sh, with a store, control group and networks of its own, so the
# machine is left as it was.
# shellcheck disable=SC2016 # commands are expanded when they are run
set -euo pipefail

if [ "${1:-}" != --inside ]; then
	bin=$(realpath "${1:?usage: tests/demo.sh BIN_DIR}")
	here=$(realpath "$(dirname "$0")")
	exec "$here/sandbox.sh" "$here/demo.sh" --inside "$bin"
fi
bin=$2
cd "$(dirname "$0")/.."
. tests/demo.bash

# /run is the sandbox's own: even after a kill -9 nothing of this remains there.
# The store is not in /var/lib as usual: there the sandbox has an overlayfs, and
# the kernel does not stack them as high as this.
dir=$(mktemp -d /run/demo.XXXXXX)
chmod 755 "$dir"
export RUNTIME_GLUE_ROOT=$dir/store RUNTIME_GLUE_CGROUP=/ferrule-demo-$$
export NETCONFPATH=$dir/net.d CNI_CACHE=$dir/cache
PATH=$bin:$PATH CNI_PATH=$bin
export PATH CNI_PATH
web=''

groups() {
	find /sys/fs/cgroup -maxdepth 4 -depth -type d \
		-path "*$RUNTIME_GLUE_CGROUP*" 2>/dev/null || true
}

clean_up() {
	[ -z "$web" ] || kill "$web" 2>/dev/null || true
	runtime-glue rm -f web >/dev/null 2>&1 || true
	groups | while read -r group; do rmdir "$group" 2>/dev/null || true; done
	cd /
	rm -rf "$dir"
}
trap clean_up EXIT

# DIR/image: an archive as `docker save` writes it, of one layer with busybox.
make_image() {
	local root=$dir/root image=$dir/image layer name
	mkdir -p "$root"/{bin,dev,etc,proc,sys,tmp,var/www} "$image"
	cp "$(command -v busybox)" "$root/bin/busybox"
	for name in sh httpd wget cat ls ps id; do
		ln -s busybox "$root/bin/$name"
	done
	echo 'root:x:0:0:root:/:/bin/sh' >"$root/etc/passwd"
	echo 'hello from a container' >"$root/var/www/index.html"
	tar -C "$root" --owner 0 --group 0 --numeric-owner -cf "$image/layer.tar" .
	layer=$(sha256sum "$image/layer.tar")
	jq -n --arg layer "sha256:${layer%% *}" --arg arch "$(arch_name)" '{
		architecture: $arch, os: "linux",
		config: {
			Cmd: ["httpd", "-f", "-v", "-p", "80", "-h", "/var/www"],
			Env: ["PATH=/bin"],
			ExposedPorts: {"80/tcp": {}},
			StopSignal: "SIGKILL"},
		rootfs: {type: "layers", diff_ids: [$layer]}}' >"$image/config.json"
	jq -n '[{Config: "config.json", RepoTags: ["web:latest"],
		Layers: ["layer.tar"]}]' >"$image/manifest.json"
	tar -C "$image" -cf "$dir/web.tar" manifest.json config.json layer.tar
	rm -rf "$root" "$image"
}

arch_name() {
	case $(uname -m) in
	x86_64) echo amd64 ;;
	aarch64) echo arm64 ;;
	*) uname -m ;;
	esac
}

# wait_for COMMAND...: for at most 20 seconds.
wait_for() {
	local end=$((SECONDS + 20))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || {
			"$@"
			return
		}
		sleep 0.05
	done
}

is_empty() { # COMMAND...
	local found
	found=$("$@")
	[ -z "$found" ] || ! echo "there is still: $found" >&2
}

# No container has it, no list of the store's, nor the kernel.
traces_left() {
	ip -o link show type veth
	ip netns list
	runtime-glue ps -aq
	grep "$dir" /proc/self/mountinfo
	nft list ruleset | grep cni:
	find /var/lib/cni/networks -name '*[.:]*' -not -name 'last*' 2>/dev/null
	groups | grep /web
	:
}

say 'An image: busybox and a page, in an archive as docker save writes it.'
make_image
cd "$dir"
show 'tar -tvf web.tar'
show 'runtime-glue load web.tar'
show 'runtime-glue images'

say 'A web server, its port 80 published as 8080 of the host.'
printf '$ %s\n' 'runtime-glue --trace=trace run --rm --name web -p 8080:80 web &'
runtime-glue --trace=trace run --rm --name web -p 8080:80 web &
web=$!
expect 'web to answer at port 8080' \
	wait_for timeout 2 busybox wget -qO page http://127.0.0.1:8080/
expect 'web to be listed' wait_for grep -q web <(runtime-glue ps)
show 'runtime-glue ps'

say 'The page from the host,'
host=$(ip -4 -json address show glue0 | jq -r '.[0].addr_info[0].local')
show 'busybox wget -qO- http://127.0.0.1:8080/ | tee page'
expect 'the page at 127.0.0.1:8080' grep -q 'hello from a container' page
show "busybox wget -qO- http://$host:8080/ | tee page"
expect "the page at $host:8080" grep -q 'hello from a container' page

say 'and from a second container, by the first one'"'"'s address.'
address=$(runtime-glue map | grep -oE '10\.[0-9]+\.[0-9]+\.[0-9]+' |
	grep -vxF "$host" | head -n 1)
show "runtime-glue run --rm web wget -qO- http://$address/ | tee page"
expect "the page at $address" grep -q 'hello from a container' page

say 'How it all hangs together.'
show 'runtime-glue map'

say 'The port is taken now; whoever wants it is told so.'
show 'runtime-glue run --rm -p 8080:80 web || echo "exit status $?"'

say 'The network is a list that any CNI runtime can use.'
show 'runtime-glue network ls'

say 'Some of what was done to the kernel for it, from the trace.'
show 'wc -l <trace'
show 'grep -E "netns|RTM_NEW|nft commit|fsopen|overlay|clone3|pivot_root|seccomp" trace | sed -E "s/([0-9a-f]{12})[0-9a-f]{52}/\1.../g" | cut -c1-130'

say 'Enough. It goes with all it had, for it was run with --rm.'
show 'runtime-glue rm -f web'
wait "$web" 2>/dev/null || true
web=''
expect 'nothing to be left of the containers' wait_for is_empty traces_left
show 'runtime-glue ps -a'
show 'runtime-glue network rm glue0'
show 'ip -brief link'
show 'nft list ruleset'
show 'ls $RUNTIME_GLUE_ROOT/containers /run/netns'
expect 'no rule to be left' is_empty nft list ruleset
expect 'no bridge to be left' is_empty ip -o link show type bridge
say 'Done. The image goes with the sandbox.'
