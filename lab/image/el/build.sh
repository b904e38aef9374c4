#!/bin/bash
# Makes a stand-in for Enterprise Linux out of a root folder of Debian's. Needs root.
#   build.sh STEP ROOT EL
#     rpms: builds the repository, while the archive can be reached · shape: all that is not a package
#     finish: Debian's own tools go, and SELinux's labels come, on the files as they will be
set -euo pipefail
here=$(dirname "$(realpath "$0")")
step=$1 root=$2 el=$3

case $step in
  rpms | shape)
    rm -rf "$root/el.recipe"
    cp -r "$here" "$root/el.recipe"
    DEBIAN_FRONTEND=noninteractive chroot "$root" bash "/el.recipe/$step.sh" "$el"
    ;;
  finish)
    cd "$root"
    rm -rf el.recipe el.build
    # What a tool could take for Debian's, and nothing needs any more.
    rm -rf etc/{apt,dpkg,debian_version} var/{lib,cache}/{apt,dpkg} usr/lib/{apt,dpkg} usr/libexec/dpkg usr/share/dpkg
    rm -f usr/bin/{apt,apt-*,dpkg,dpkg-*} usr/sbin/{dpkg-*,update-rc.d,invoke-rc.d} usr/lib/systemd/system/{apt-daily,dpkg-}*
    rm -rf etc/logrotate.d/{apt,dpkg,alternatives} etc/cron.daily/{apt-compat,dpkg} var/log/{apt,dpkg.log,alternatives.log}
    rm -f etc/systemd/system/{apt-daily,dpkg-}* etc/systemd/system/timers.target.wants/{apt-daily,dpkg-}*
    # setfiles asks the kernel where file systems are mounted.
    mount -t proc proc "$root/proc"
    trap 'umount "$root/proc"' EXIT
    chroot "$root" setfiles -m -e /proc /etc/selinux/targeted/contexts/files/file_contexts /
    ;;
esac
