#!/bin/bash
# Becomes the systemd of one host of a fleet, as its first process in namespaces of its own.
#   host.sh FOLDER LAYER CGROUP NAME
set -euo pipefail

# What is below is the host's own tree from here on.
if [ "$1" != --inside ]; then
  echo 0 >"$3/$4/cgroup.procs"
  exec unshare --cgroup bash "$0" --inside "$@"
fi
folder=$2 layer=$3 name=$5
cd "$folder/hosts/$name"
cp -r "$folder/files/$name/." upper
mount -t overlay overlay -o "lowerdir=$layer:$folder/image,upperdir=upper,workdir=work" root
cd root
hostname "$name"

mount -t proc proc proc
# The settings of its network are its own, all others the machine's.
mount --bind proc/sys proc/sys
mount --bind proc/sys/net proc/sys/net
mount -o remount,bind,ro proc/sys
[ ! -e proc/sysrq-trigger ] || mount --bind /dev/null proc/sysrq-trigger
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755,nosuid tmpfs dev
for node in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 "dev/${node%:*}" c 1 "${node#*:}"; done
mknod -m 666 dev/tty c 5 0
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for number in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${number%:*}" "dev/${number#*:}"; done
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs dev/shm
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs run

mkdir -p run/before
pivot_root . run/before
exec env -i container=fleet PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  bash -c 'umount -l /run/before && rmdir /run/before && exec /lib/systemd/systemd' \
  </dev/null >/dev/null 2>&1
