import { sh } from '../../../engine/base/sh.ts'
import type { PackageManager } from './package-manager.ts'

// Version 4 and version 5. It waits for another one by itself, keeps configuration files that are there, and asks nothing.
const command = sh`dnf -q -y --setopt=install_weak_deps=False`

// dnf tells what is wrong, and not what to do about it.
const explained = sh`
case $said in
*'Unable to find a match: '* | *'No match for argument: '*)
  missing=$(sed -nE 's/^(Error: Unable to find a match|No match for argument): //p' <<<"$said" | tr '\n' ' ')
  echo "no repository that is on has $missing"
  # Of repositories that are off, some may.
  timeout 60 dnf -q --enablerepo='*' repoquery --qf '%{name}: dnf config-manager --set-enabled %{repoid}\n' -- $missing 2>/dev/null |
    grep . | sort -u || true
  ;;
*'no enabled repositories'* | *'not registered'*)
  echo 'no repository is on: register the host (subscription-manager register), or add a repository in /etc/yum.repos.d'
  ;;
*'Failed to download metadata'* | *'repomd.xml'* | *'Curl error'*)
  grep -m 1 -E 'metadata|repomd|Curl' <<<"$said"
  echo 'a repository can not be read: see to its mirror in /etc/yum.repos.d, or turn it off'
  ;;
*) grep -i '^error' <<<"$said" | head -n 4 | grep . || tail -n 4 <<<"$said" ;;
esac`

export const dnf: PackageManager = {
  program: 'dnf',
  upgrade: sh`dnf -q -y upgrade`,
  // Some names are what other packages provide: curl, where there is curl-minimal.
  list: (packages) => sh`
rpm -q --whatprovides --qf '[%{PROVIDENAME}\n]' -- ${packages} 2>/dev/null | grep -xF ${packages.flatMap((name) => ['-e', name])} |
  sort -u | sed 's/$/\ninstalled/'`,
  install: (packages) => sh`
said=$(${command} install -- ${packages} 2>&1) || {
  code=$?
  ${explained}
  exit "$code"
}`,
  // Others that were installed since may need them, and would go as well.
  remove: (packages) => sh`
said=$(rpm -e --test -- ${packages} 2>&1) || {
  echo "note: left installed, since others need them:" $said
  exit 0
}
${command} --setopt=clean_requirements_on_remove=False remove -- ${packages}`,
}
