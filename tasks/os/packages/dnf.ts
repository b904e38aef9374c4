import { sh } from '../../../engine/base/sh.ts'
import type { PackageManager } from './package-manager.ts'

// Version 4 and version 5. It waits for another one by itself, keeps configuration files that are there, and asks nothing.
const command = sh`dnf -q -y --setopt=install_weak_deps=False`

// dnf tells what is wrong, and not what to do about it.
const explained = sh`
case $said in
*'filtered out by'*)
  grep 'filtered out by' <<<"$said"
  echo 'dnf is told to leave it out: see to excludepkgs in /etc/dnf/dnf.conf and in /etc/yum.repos.d, and to dnf module list'
  ;;
*'Unable to find a match: '* | *'No match for argument: '*)
  missing=$(sed -nE 's/^(Error: Unable to find a match|No match for argument): //p' <<<"$said" | tr '\n' ' ')
  echo "no repository that is on has $missing"
  # Of repositories that are off, some may.
  timeout 60 dnf -q --enablerepo='*' repoquery --qf '%{name}: dnf config-manager --set-enabled %{repoid}\n' -- $missing 2>/dev/null |
    grep . | sort -u || true
  ;;
*'no enabled repositories'*)
  echo 'no repository is on: register the host (subscription-manager register), or add a repository in /etc/yum.repos.d'
  ;;
*'Failed to download metadata'* | *'repomd.xml'* | *'Curl error'*)
  grep -m 1 -E 'metadata|repomd|Curl' <<<"$said"
  echo 'a repository can not be read: see to its mirror in /etc/yum.repos.d, or turn it off'
  ;;
*'GPG check FAILED'*) grep -E 'Public key|GPG' <<<"$said" | tail -n 4 ;;
# Why may stand in the lines below.
*) grep -i --no-group-separator -A 3 '^error' <<<"$said" | grep . | head -n 4 | grep . || tail -n 4 <<<"$said" ;;
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
mapfile -t installed < <(rpm -q --qf '%{NAME}\n' -- ${packages} 2>/dev/null | grep -v ' ' | sort -u)
[ "\${#installed[@]}" -gt 0 ] || exit 0
# A package may be there for two architectures.
said=$(rpm -e --test --allmatches -- "\${installed[@]}" 2>&1) || {
  case $said in
  *'Failed dependencies'*)
    echo "note: left installed, since others need them:" $said
    exit 0
    ;;
  esac
  echo "$said"
  exit 1
}
${command} --setopt=clean_requirements_on_remove=False remove -- "\${installed[@]}"`,
}
