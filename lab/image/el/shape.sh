#!/bin/bash
# In the image: makes of it what Enterprise Linux is like, but for packages.
#   shape.sh EL
set -euo pipefail
el=$1
cd "$(dirname "$0")"

cp -r root/. /
chmod 755 /usr/sbin/service
chmod 600 /usr/share/lab/*/etc/NetworkManager/system-connections/*

# It says what it is, in the words that programs look for.
debian=$(. /etc/os-release && echo "$VERSION_ID")
rm -f /etc/os-release /usr/lib/os-release /etc/debian_version /etc/issue.net
cat >/usr/lib/os-release <<END
NAME="EL stand-in"
VERSION="$el"
ID="el-stand-in"
ID_LIKE="rhel centos fedora"
VERSION_ID="$el"
PLATFORM_ID="platform:el$el"
PRETTY_NAME="EL $el stand-in (Debian $debian)"
END
ln -s ../usr/lib/os-release /etc/os-release
echo "EL $el stand-in (Debian $debian)" >/etc/system-release
ln -s system-release /etc/redhat-release
groupadd -r -g 10 wheel 2>/dev/null || groupadd -r wheel
# named has this number there.
groupdel floppy
sed -i '/floppy/d' /usr/lib/sysusers.d/basic.conf
# Where programs are looked for: of users, of sudo. There is no /usr/local in the latter.
path=/usr/local/bin:/usr/bin:/usr/local/sbin:/usr/sbin
sed -i "s#PATH=\"[^\"]*games\"#PATH=\"$path\"#" /etc/profile
sed -i "s#^ENV_PATH.*#ENV_PATH PATH=$path#" /etc/login.defs
echo "SetEnv PATH=$path" >/etc/ssh/sshd_config.d/path.conf
sed -i 's#secure_path=.*#secure_path = /sbin:/bin:/usr/sbin:/usr/bin#; s/^%sudo.*/%wheel ALL=(ALL) ALL/' /etc/sudoers
visudo -q -c
usermod -G wheel admin
# What Debian's packages ask for and nothing brings here.
sed -i '/default\/locale/d' /etc/pam.d/*
rm -f /etc/NetworkManager/dispatcher.d/01-ifupdown /etc/init.d/* /etc/rc?.d/*
mkdir -p /etc/nftables
rm /etc/nftables.conf
chmod 600 /etc/sysconfig/nftables.conf

# sshd.service is its name there, and Debian's other one.
units=/usr/lib/systemd/system
systemctl -q disable ssh.service
mv $units/ssh.service $units/sshd.service
sed -i '/^Alias=/d; s#/etc/default/ssh#/etc/sysconfig/sshd#' $units/sshd.service
rm -f /etc/systemd/system/sshd.service
systemctl -q enable sshd NetworkManager firewalld auditd lab-machine
systemctl -q disable nftables systemd-networkd systemd-network-generator 2>/dev/null || true
systemctl -q mask dnf-makecache.timer

# Known from the beginning, as on a server whose administrator has just looked for updates.
rm -f /etc/yum.repos.d/debian* /etc/dnf/vars/*
ln -sf dnf-3 /usr/bin/yum
dnf -q makecache

# SELinux: Debian's policy by the name of Enterprise Linux's, and modules for what it leaves out.
# There, named may write into its folder unless somebody forbids it, and who is not confined may log in.
printf '%s\n' named_write_master_zones=1 ssh_sysadm_login=1 >>/var/lib/selinux/default/active/booleans.local
semodule -n -s default -i /el.build/policy/*.pp 2>&1 | { grep -v sddm || true; }
for place in /etc/selinux /var/lib/selinux /usr/share/selinux; do mv $place/default $place/targeted; done
cat >/etc/selinux/config <<END
# enforcing, permissive or disabled
SELINUX=enforcing
SELINUXTYPE=targeted
END
