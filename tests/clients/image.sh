#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Usage: tests/clients/image.sh REPORT OUT
# An image with busybox and the report program, as `docker save` writes it.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/root/bin" "$work/root/etc" "$work/root/tmp" "$work/out"
cp "$(command -v busybox)" "$work/root/bin/busybox"
cp "$1" "$work/root/bin/report"
for name in sh sleep cat echo true; do
	ln -s busybox "$work/root/bin/$name"
done
echo 'root:x:0:0:root:/:/bin/sh' >"$work/root/etc/passwd"
tar -C "$work/root" --owner=0 --group=0 -cf "$work/out/layer.tar" .
layer=$(sha256sum "$work/out/layer.tar" | cut -d' ' -f1)
cat >"$work/out/config.json" <<-END
	{"architecture": "amd64", "os": "linux",
	"config": {"Cmd": ["/bin/sh"], "Env": ["PATH=/bin"]},
	"rootfs": {"type": "layers", "diff_ids": ["sha256:$layer"]},
	"history": [{"created_by": "test"}]}
END
cat >"$work/out/manifest.json" <<-END
	[{"Config": "config.json", "RepoTags": ["docker.io/library/busy:latest"],
	"Layers": ["layer.tar"]}]
END
tar -C "$work/out" -cf "$2" manifest.json config.json layer.tar
