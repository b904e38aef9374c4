#!/bin/bash
# Builds the kernel of User-Mode Linux machines, without privilege: FOLDER/linux and FOLDER/modules.ext4.
#   build.sh FOLDER     a build that was stopped goes on where it was
set -euo pipefail
here=$(dirname "$(realpath "$0")")
cd "$1"

# A machine needs UML's seccomp mode, which came with Linux 6.16: Debian's newest source, whatever this machine runs.
if [ ! -e source.ready ]; then
  echo 'I: fetching the source'
  rm -rf source
  mkdir source
  mmdebstrap --quiet --mode=chrootless --variant=custom --format=null --skip=check/empty \
    --customize-hook="export APT_CONFIG=\$MMDEBSTRAP_APT_CONFIG; cd '$PWD'
      apt-get -q download \$(apt-cache search --names-only '^linux-source-[0-9.]+\$' | cut -d' ' -f1 | sort -V | tail -n 1)" \
    trixie-backports
  echo 'I: unpacking the source'
  # Linux for other processors, graphics, and text make up the half of it.
  dpkg-deb --fsys-tarfile linux-source-*.deb | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
    tar -xJ -C source --strip-components=1 --exclude='*/Documentation/*/*' --exclude='*/drivers/gpu/*.[ch]' \
      --exclude='*/tools/testing/*'
  rm linux-source-*.deb
  patch -s -p1 -d source <"$here/carrier.patch"
  touch source.ready
fi

export ARCH=um KCONFIG_ALLCONFIG=$here/kernel.config
make -s -C source allnoconfig
# A newer source may call something by another name, and a kernel without it would be found out much later.
unknown=$(grep '^CONFIG_' "$here/kernel.config" | grep -vxFf source/.config || true)
if [ "$unknown" ]; then
  echo "this source does not take from kernel.config:" $unknown >&2
  exit 1
fi
echo 'I: compiling'
make -C source -j "$(nproc)" linux modules
make -s -C source INSTALL_MOD_PATH="$PWD/installed" modules_install
rm -f installed/lib/modules/*/build
truncate -s 16M modules.ext4
mkfs.ext4 -q -O ^has_journal -d installed/lib/modules modules.ext4
# SELinux lets programs load modules from files of this type alone, and a file system that is only read takes no labels
# later. The label is a name: this works without SELinux, and without privilege.
find installed/lib/modules -printf 'ea_set "/%P" security.selinux system_u:object_r:modules_object_t:s0\n' |
  debugfs -w -f - modules.ext4 >debugfs.log 2>&1
cp source/linux linux
rm -rf source source.ready installed debugfs.log
