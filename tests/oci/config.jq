# SPDX-License-Identifier: GPL-2.0-or-later
# The configuration that tests begin with: $group and $mark are of the test.
{
	ociVersion: "1.0.2",
	process: {
		user: { uid: 0, gid: 0 },
		args: [ "/bin/report" ],
		env: [ "PATH=/bin", "HOME=/root", $mark ],
		cwd: "/",
		capabilities: {
			bounding: [ "CAP_CHOWN", "CAP_KILL" ],
			effective: [ "CAP_CHOWN", "CAP_KILL" ],
			permitted: [ "CAP_CHOWN", "CAP_KILL" ]
		}
	},
	root: { path: "rootfs" },
	hostname: "ferrule",
	mounts: [
		{
			destination: "/proc", type: "proc", source: "proc",
			options: [ "nosuid", "noexec", "nodev" ]
		},
		{
			destination: "/dev", type: "tmpfs", source: "tmpfs",
			options: [ "nosuid", "strictatime", "mode=755", "size=65536k" ]
		},
		{
			destination: "/dev/pts", type: "devpts", source: "devpts",
			options: [ "nosuid", "noexec", "newinstance",
				"ptmxmode=0666", "mode=0620" ]
		}
	],
	linux: {
		namespaces: [
			{ type: "pid" }, { type: "network" }, { type: "ipc" },
			{ type: "uts" }, { type: "mount" }
		],
		cgroupsPath: $group,
		resources: {
			devices: [ { allow: false, access: "rwm" } ]
		}
	}
}
