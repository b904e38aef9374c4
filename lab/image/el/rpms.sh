#!/bin/bash
# In the image: builds the repository that machines install from, one RPM of each folder in rpms/, and the RPMs that
# rpm's database holds for what is installed already. Each has the version of the program in it.
#   rpms.sh EL
# A folder's `spec` is the middle of a spec file: tags and scriptlets, and at its end %files with those that need more
# than being listed; `# Debs:` names the packages whose files go into it (`# Debs of 8:` for this one alone; `# Version
# of:` one whose version it has, where there are none), `# Without:` patterns of files that do not;
# `root/` is laid over them.
set -euo pipefail
el=$1
cd "$(dirname "$0")"
# shellcheck source=packages.sh
. ./packages.sh
build=/el.build
repository=/srv/rpm
mkdir -p $build/debs "$repository"/{baseos,appstream}

# Debian's rpm has its database in the home folder of who calls it. Where it has a plugin for SELinux, Debian's policy has
# no domain for the scriptlets that this starts.
mkdir -p /etc/rpm
cat >/etc/rpm/macros.el <<END
%_dbpath /var/lib/rpm
%__transaction_selinux %{nil}
%rhel $el
%dist .el$el
END

# Of a version of Debian's, what the program's authors call it.
upstream() { sed -E 's/^[0-9]+://; s/-[^-]*$//; s/[+~](dfsg|ds|really).*//; s/[~+].*//' <<<"$1"; }

# Nothing is looked for in the files: what they need is installed, or said in the spec.
pack() {
  rpmbuild --quiet -bb --nodeps --target x86_64 --define "_topdir $build/top" --define "_rpmdir $repository/$1" \
    --define '_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' --define '__os_install_post %{nil}' \
    --define '_build_id_links none' --define 'debug_package %{nil}' --define '_buildshell /bin/bash' \
    --define "tree $2" "$2.spec" >/dev/null
}

# Tags that all have.
tags() { printf '%s\n' "Version: $1" "Release: 1%{?dist}" "License: as in Debian" "Summary: $2, as Debian builds it"; }

# The packages that a folder names.
debs_of() { sed -n "s/^# Debs of $el: //p" "$1/spec" | grep . || sed -n 's/^# Debs: //p' "$1/spec"; }

# Programs without a place of their own in Enterprise Linux, and what only Debian has.
debian_only='etc/init.d etc/default etc/apparmor.d etc/network etc/ppp etc/ufw etc/insserv.conf.d usr/lib/systemd usr/lib/tmpfiles.d
  usr/share/doc usr/share/man usr/share/lintian usr/share/bash-completion usr/share/vim usr/share/apport usr/share/locale'

package() {
  local name=$1 folder=rpms/$1 tree=$build/$1 debs deb version
  debs=$(debs_of "$folder")
  version=$(sed -n 's/^# Version of: //p' "$folder/spec")
  [ ! "$version" ] || version=$(upstream "$(dpkg-query -W -f '${Version}' "$version")")
  mkdir -p "$tree"
  for deb in $debs; do
    dpkg-deb -x $build/debs/"$deb"_*.deb "$tree"
    [ "$deb" != "${debs%% *}" ] || version=$(upstream "$(dpkg-deb -f $build/debs/"$deb"_*.deb Version)")
  done
  # shellcheck disable=SC2046
  (
    cd "$tree"
    for one in bin sbin lib; do
      [ ! -d $one ] || { mkdir -p usr/$one && cp -a $one/. usr/$one/ && rm -r $one; }
    done
    rm -rf $debian_only $(sed -n 's/^# Without: //p' "/el.recipe/$folder/spec")
    find . -depth -mindepth 1 -type d -empty -delete
  )
  [ ! -d "$folder/root" ] || cp -r "$folder/root/." "$tree"
  # Files that the spec lists itself are not listed again.
  (cd "$tree" && find . ! -type d -printf '/%P\n' | sort) >$tree.all
  sed '1,/^%files/d' "$folder/spec" | awk '{print $NF}' | { grep -vxFf - $tree.all || true; } |
    sed -E 's#^/etc/#%config(noreplace) /etc/#' >$tree.list
  {
    printf '%s\n' "Name: $name" "$(tags "$version" "$name")" 'AutoReqProv: no'
    grep -v '^#' "$folder/spec" | sed '/^%files/,$d'
    # Debian's rpm labels nothing. Folders come first: what is made in them later takes their label.
    printf '%s\n' '%posttrans' "restorecon -i -F -f - >/dev/null 2>&1 <<'END' || :"
    { sed -n '1,/^%files/d; s/.* \//\//p' "$folder/spec"; cat $tree.all; } | sort -u
    echo END
    printf '%s\n' '%description' "$name, as Debian builds it." '%install' 'mkdir -p %{buildroot}' 'cp -a %{tree}/. %{buildroot}/'
    [ ! -e "$folder/install" ] || cat "$folder/install"
    printf '%s\n' '%files' '%defattr(-,root,root)'
    sed '1,/^%files/d' "$folder/spec"
    cat $tree.list
  } >$tree.spec
  pack appstream "$tree"
}

# One spec for all that is installed: names, versions and whose which file is.
installed() {
  local tree=$build/el-stand-in-release name debs provides version deb
  mkdir -p "$tree"
  {
    printf '%s\n' 'Name: el-stand-in-release' "$(tags "$el" 'Names of the release')" 'AutoReqProv: no' \
      'Provides: system-release' "Provides: system-release(releasever) = $el" 'Provides: redhat-release'
    printf '%s\n' '%description' 'Shaped like Enterprise Linux.'
    while read -r name debs provides; do
      [ "$name" ] || continue
      version=$(upstream "$(dpkg-query -W -f '${Version}' "${debs%%,*}")")
      printf '%s\n' "%package -n $name" "$(tags "$version" "$name")" 'AutoReqProv: no' ${provides:+"Provides: $provides"} \
        "%description -n $name" "$name, as Debian builds it." "%files -n $name"
      for deb in ${debs//,/ }; do dpkg -L "$deb"; done | sed -E 's#^/(s?bin|lib|lib64)/#/usr/\1/#' |
        { grep -E '^/(etc|usr/(s?bin|lib|libexec))/' || true; } | sort -u | while read -r file; do
        [ -f "$file" ] && [ ! -L "$file" ] || continue
        mkdir -p "$tree${file%/*}" && touch "$tree$file"
        echo "%ghost \"$file\""
      done
    done <<<"$el_installed"
    printf '%s\n' '%install' 'cp -a %{tree}/. %{buildroot}/' '%files'
  } >$tree.spec
  pack baseos "$tree"
  rpm -i --justdb --nodeps --noscripts --force "$repository"/baseos/*.rpm 2>&1 | { grep -v 'use Alien' || true; }
}

debs=$(for folder in rpms/*; do debs_of "$folder"; done | tr ' ' '\n' | sort -u)
# Libraries that they need stay Debian's, in the image.
apt-get -q -s --no-install-recommends install $debs | awk '$1 == "Inst" { print $2 }' | { grep -vxF "$debs" || true; } >$build/needed
apt-get -q -y --no-install-recommends install $(cat $build/needed) >/dev/null
(cd $build/debs && apt-get -q download $debs >/dev/null)

for folder in rpms/*/; do package "$(basename "$folder")"; done
installed
for one in baseos appstream; do createrepo_c -q "$repository/$one"; done

# Modules of what Debian's policy leaves out, with the tools that this needs.
cp -r policy $build/policy
apt-get -q -y --no-install-recommends install selinux-policy-dev >/dev/null
make -s -C $build/policy -f /usr/share/selinux/devel/Makefile NAME=default all
apt-get -q -y purge --autoremove selinux-policy-dev >/dev/null
