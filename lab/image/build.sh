#!/bin/bash
# Builds the image of the lab's machines: disk.raw, vmlinuz, initrd.gz, an SSH key pair and the machines' host key.
# Needs root.
#   build.sh FOLDER OWNER SUITE [EL]
#     FOLDER/files/ holds what goes into the image as it is; the results go into FOLDER and belong to OWNER, a user id;
#     SUITE is a release's name in the archive; EL: a stand-in for this Enterprise Linux is made of it
# The machines are plain servers on an isolated network: what playbooks install comes from a repository on their disks.
set -euo pipefail

here=$(dirname "$(realpath "$0")")
folder=$1 owner=$2 suite=$3 el=${4-}
# Also of a build that failed: whoever started it has to be able to clean up.
trap 'chown -R "$owner" "$folder"' EXIT
in_image=linux-image-cloud-amd64,systemd-sysv,udev,dbus,openssh-server,sudo,iproute2,procps,iputils-ping,tcpdump,python3-minimal
# What runs now and then, and what looks for hardware that these machines don't have.
masked='apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer
  systemd-tmpfiles-clean.timer systemd-timesyncd.service modprobe@configfs.service modprobe@dm_mod.service
  modprobe@drm.service modprobe@efi_pstore.service modprobe@fuse.service modprobe@loop.service getty@tty1.service'
if [ "$el" ]; then
  # shellcheck source=el/packages.sh
  . "$here/el/packages.sh"
  in_image+=,$el_packages
  # What becomes of its packages while the archive can be reached, and what is done when all files are there.
  first=(--customize-hook="bash '$here/el/build.sh' rpms \"\$1\" $el")
  # Debian 11 does not merge /usr by itself, and its archive of updates lists packages that it has no more.
  [ "$el" != 8 ] ||
    first+=(--setup-hook=/usr/share/mmdebstrap/hooks/merged-usr/setup00.sh --aptopt='APT::Default-Release "bullseye"')
  last=(--customize-hook="bash '$here/el/build.sh' shape \"\$1\" $el")
else
  in_image+=,bind9-dnsutils,netcat-openbsd
  to_install='bind9 keepalived iptables ipvsadm snmpd snmp nginx-light curl openssl prometheus-node-exporter conntrack nftables ifupdown netplan.io ufw firewalld apparmor'
  first=(
    --customize-hook="chroot \"\$1\" apt-get -q -y install --download-only -o Dir::Cache::archives=/srv/apt $to_install"
    --customize-hook='rm -rf "$1/srv/apt/partial" "$1/srv/apt/lock" "$1"/var/lib/apt/lists/* "$1"/etc/apt/sources.list.d/*'
    --customize-hook='cd "$1/srv/apt" && dpkg-scanpackages --multiversion . >Packages 2>/dev/null'
  )
  last=(
    --customize-hook='chroot "$1" apt-get -q update'
    --customize-hook='chroot "$1" systemctl -q enable systemd-networkd'
  )
fi
initrd_modules='virtio virtio_ring virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_blk'

ssh-keygen -q -t ed25519 -N '' -C lab -f "$folder/id"
ssh-keygen -q -t ed25519 -N '' -C lab -f "$folder/host"

# Under emulation every fsync counts, and nobody reads manuals there.
mmdebstrap --mode=root --variant=minbase --include=$in_image \
  --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' --aptopt='APT::Install-Recommends "false"' \
  --skip=cleanup/apt/lists --skip=check/empty \
  "${first[@]}" \
  --customize-hook="cp -r '$folder/files/.' \"\$1\"" \
  --customize-hook="install -m 600 '$folder/host' \"\$1/etc/ssh/ssh_host_ed25519_key\"" \
  --customize-hook="install -m 644 '$folder/host.pub' \"\$1/etc/ssh/ssh_host_ed25519_key.pub\"" \
  --customize-hook='rm -f "$1"/etc/ssh/ssh_host_{rsa,ecdsa}_key*' \
  --customize-hook='chroot "$1" useradd --create-home --shell /bin/bash --groups sudo admin' \
  --customize-hook="install -D -m 644 '$folder/id.pub' \"\$1/home/admin/.ssh/authorized_keys\"" \
  --customize-hook='chroot "$1" chmod 440 /etc/sudoers.d/admin' \
  --customize-hook="chroot \"\$1\" systemctl -q mask $(echo $masked)" \
  "${last[@]}" \
  "$suite" "$folder/root.tar"

echo 'I: making the disk and the initial RAM disk'
mkdir "$folder/root"
tar -C "$folder/root" -xf "$folder/root.tar"
cp "$folder"/root/boot/vmlinuz-* "$folder/vmlinuz"
mkdir -p "$folder/initrd/bin" "$folder/initrd/modules"
cp "$(command -v busybox)" "$folder/initrd/bin/"
for module in $initrd_modules; do
  find "$folder/root/lib/modules" -name "$module.ko*" -exec cp {} "$folder/initrd/modules/" \;
done
# Newer releases compress them.
find "$folder/initrd/modules" -name '*.xz' -exec xz -d {} +
install -m 755 "$folder/init" "$folder/initrd/init"
(cd "$folder/initrd" && find . | cpio --quiet -o -H newc | gzip) >"$folder/initrd.gz"
[ ! "$el" ] || bash "$here/el/build.sh" finish "$folder/root" "$el"
truncate -s 3G "$folder/disk.raw"
mkfs.ext4 -q -d "$folder/root" "$folder/disk.raw"
# mkfs has made this one folder itself.
[ ! "$el" ] || debugfs -w -R 'ea_set /lost+found security.selinux system_u:object_r:lost_found_t:s0' "$folder/disk.raw" 2>&1
rm -rf "$folder/root" "$folder/initrd" "$folder/root.tar" "$folder/files" "$folder/init"
