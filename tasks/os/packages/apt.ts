import { sh } from '../../../engine/base/sh.ts'
import type { PackageManager } from './package-manager.ts'

// Waits for a lock held by unattended-upgrades, keeps configuration files that are there, and asks nothing.
const aptGet = sh`apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold`

export const apt: PackageManager = {
  program: 'apt-get',
  upgrade: sh`${aptGet} update && ${aptGet} full-upgrade`,
  list: (packages) => sh`exec dpkg-query -W -f ${'${Package}\n${db:Status-Status}\n'} -- ${packages} 2>/dev/null`,
  install: (packages) => sh`
# A run that was cut off may have left packages half configured.
[ -z "$(dpkg --audit)" ] || dpkg --configure -a
tries=1
until ${aptGet} update; do
  # Somebody else's apt holds the lists, or a mirror hiccups.
  [ "$tries" -lt 3 ] || exit 1
  tries=$((tries + 1))
  sleep 5
done
${aptGet} install --no-install-recommends -- ${packages}`,
  // What others have installed since may need them, and would go as well.
  remove: (packages) => sh`
others=$(apt-get -s remove -- ${packages} | awk '$1 == "Remv" { print $2 }' |
  grep -vxF ${packages.flatMap((name) => ['-e', name])} || true)
if [ -n "$others" ]; then
  echo "note: left installed, since these would be removed as well:" $others
  exit 0
fi
${aptGet} remove -- ${packages}`,
}
