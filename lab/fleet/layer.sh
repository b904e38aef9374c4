#!/bin/bash
# Makes what the hosts of a fleet have over the image of the lab's machines: installed packages, and what a host that shares
# its kernel with others is not to do. Needs root, and namespaces of its own.
#   layer.sh FOLDER DISK       the result goes into FOLDER/layer
set -euo pipefail

folder=$1 disk=$2
# What playbooks install, and Python with its whole library, which other tools need on hosts.
packages='keepalived bind9 iptables ipvsadm conntrack snmpd snmp openssl python3'
# What is about the kernel, its devices and its clock, or looks for a terminal.
masked='systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket systemd-udev-trigger.service
  systemd-sysctl.service systemd-modules-load.service systemd-logind.service systemd-timesyncd.service
  systemd-random-seed.service systemd-pstore.service systemd-remount-fs.service systemd-tmpfiles-setup-dev.service
  systemd-binfmt.service proc-sys-fs-binfmt_misc.automount proc-sys-fs-binfmt_misc.mount kmod-static-nodes.service
  systemd-journald-audit.socket auditd.service getty.target console-getty.service dev-hugepages.mount
  sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount'

mkdir "$folder"/{image,root,work,layer}
mount -o loop,ro,noload "$disk" "$folder/image"
mount -t overlay overlay -o "lowerdir=$folder/image,upperdir=$folder/layer,workdir=$folder/work" "$folder/root"
cd "$folder/root"
mount -t proc proc proc
mount --bind /dev dev
# Nothing is started here.
printf '#!/bin/sh\nexit 101\n' >usr/sbin/policy-rc.d
chmod 755 usr/sbin/policy-rc.d
DEBIAN_FRONTEND=noninteractive chroot . apt-get -q -y -o APT::Install-Recommends=false -o DPkg::Use-Pty=0 install $packages
rm usr/sbin/policy-rc.d
chroot . systemctl -q mask $masked
# Of the machines of the lab.
rm -f etc/systemd/network/* etc/machine-id
cat >etc/ssh/sshd_config.d/fleet.conf <<END
MaxStartups 100
END
# In memory, and little of it: a host writes to a disk in memory.
mkdir -p etc/systemd/journald.conf.d
cat >etc/systemd/journald.conf.d/lab.conf <<END
[Journal]
Storage=volatile
RuntimeMaxUse=4M
END
