#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""mkimage.py KIND OUT: a docker archive, good or hostile, for image.bats."""

import gzip
import hashlib
import io
import json
import platform
import sys
import tarfile

ARCH = {"x86_64": "amd64", "aarch64": "arm64"}


def entry(name, data=b"", kind=tarfile.REGTYPE, **more):
    info = tarfile.TarInfo(name)
    info.type, info.size, info.mtime = kind, len(data), 1000000000
    for key, value in more.items():
        setattr(info, key, value)
    return info, data


def tar(entries, form=tarfile.PAX_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for info, data in entries:
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def link(name, to):
    return entry(name, kind=tarfile.SYMTYPE, linkname=to)


def hard(name, to):
    return entry(name, kind=tarfile.LNKTYPE, linkname=to)


def folder(name, **more):
    return entry(name, kind=tarfile.DIRTYPE, mode=0o755, **more)


# Whose one layer must be refused.
BAD_LAYERS = {
    "absolute": [entry("/ABOVE/evil", b"x")],
    "dotdot": [entry("../evil", b"x")],
    "dotdot-inside": [entry("a/../../evil", b"x")],
    "link-out": [hard("shadow", "/etc/passwd")],
    "link-dotdot": [hard("shadow", "../../../../../../etc/passwd")],
    "link-through": [link("d", "/etc"), hard("shadow", "d/hostname")],
    "whiteout-dotdot": [entry(".wh...")],
    "disguise": [entry("x", kind=tarfile.CHRTYPE, devmajor=0, devminor=0)],
    "overlay-xattr": [folder("d", pax_headers={
        "SCHILY.xattr.trusted.overlay.opaque": "y"})],
}

# That must load, and stay inside.
GOOD_LAYERS = {
    "symlink-out": [link("out", "/ABOVE"), entry("out/evil", b"x"),
                    link("up", "../../../../../../ABOVE"),
                    entry("up/evil", b"x")],
    "unicode": [entry("a\u0301", b"x"), entry("\u00e1", b"x"),
                entry("\u212b", b"x"), link("l\u212b", "\u212b"),
                hard("h\u212b", "a\u0301")],
    "plain": [entry("file", b"text\n", mode=0o644)],
    "setuid": [entry("su", b"x", mode=0o4755, uid=1, gid=2),
               folder("d"), entry("d/f", b"x", mtime=1234567890)],
}


class Image:
    """The parts, each of which a hostile one may change."""

    def __init__(self, layers, tags=("t:1",)):
        self.layers, self.tags = layers, list(tags)
        self.config = {
            "architecture": ARCH.get(platform.machine(), platform.machine()),
            "os": "linux",
            "created": "2024-01-02T03:04:05Z",
            "config": {"Cmd": ["/bin/sh"]},
            "history": [
                {"created_by": "ADD \x1b[31mroot", "comment": "first"},
                {"created_by": "CMD sh", "empty_layer": True},
            ],
            "rootfs": {"type": "layers", "diff_ids": [
                "sha256:" + hashlib.sha256(x).hexdigest() for x in layers]},
        }
        self.files = [("layer%d.tar" % i, x) for i, x in enumerate(layers)]
        self.links = []
        self.manifest = None

    def write(self, out):
        names = [name for name, _ in self.files + self.links]
        manifest = self.manifest or json.dumps([{
            "Config": "config.json", "RepoTags": self.tags,
            "Layers": names}]).encode()
        parts = [entry(*f) for f in self.files]
        parts += [link(*x) for x in self.links]
        parts += [entry("config.json", json.dumps(self.config).encode()),
                  entry("manifest.json", manifest)]
        with open(out, "wb") as file:
            file.write(tar(parts))


def make(kind):
    if kind in BAD_LAYERS or kind in GOOD_LAYERS:
        return Image([tar((BAD_LAYERS | GOOD_LAYERS)[kind])])
    image = Image([tar(GOOD_LAYERS["plain"])])
    if kind == "gnu":
        image = Image([tar([entry("n\u212b" * 60, b"x")], tarfile.GNU_FORMAT)])
    elif kind == "digest":
        image.config["rootfs"]["diff_ids"][0] = "sha256:" + "0" * 64
    elif kind == "bomb":
        layer = tar([entry("zeros", bytes(64 << 20))])
        image = Image([layer])
        image.files = [("layer0.tar", gzip.compress(layer, 1))]
    elif kind == "many-layers":
        image.config["rootfs"]["diff_ids"] *= 2
    elif kind == "truncated-layer":
        layer = tar([entry("file", bytes(100000))])[:50000]
        image = Image([layer])
    elif kind == "no-layer":
        image.files = []
        image.manifest = b'[{"Config":"config.json","Layers":["../../x"]}]'
    elif kind == "no-json":
        image.manifest = b'[{"Config":'
    elif kind == "deep-json":
        image.manifest = b"[" * 100000
    elif kind == "no-array":
        image.manifest = b'{"Config":1}'
    elif kind == "huge-manifest":
        image.manifest = b"[" + b" " * (5 << 20) + b"]"
    elif kind == "bad-name":
        image.tags = ["../../etc/x"]
    elif kind == "linked-layers":
        layer = tar(GOOD_LAYERS["plain"])
        image = Image([layer, layer])
        image.files = [("one/layer.tar", layer)]
        image.links = [("two/layer.tar", "../one/layer.tar")]
    elif kind == "link-loop":
        image.files = []
        image.links = [("a", "b"), ("b", "a")]
    elif kind == "two-names":
        image.tags = ["t:1", "other/t:2"]
    else:
        sys.exit("unknown kind " + kind)
    return image


make(sys.argv[1]).write(sys.argv[2])
