import { UserError } from '../engine/base/errors.ts'
import type { Facts } from '../engine/runner/facts.ts'
import { type Script, sh } from '../engine/base/sh.ts'
import { type Task, unchanged } from '../engine/runner/task.ts'
import type { Target } from './target.ts'

interface PackageManager {
  /** Prints the name of each package that is known, and `installed` or another state below it. */
  list(packages: readonly string[]): Script
  install(packages: readonly string[]): Script
  remove(packages: readonly string[]): Script
}

// Waits for a lock held by unattended-upgrades, keeps configuration files that are there, and asks nothing.
const aptGet = sh`apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold`

const apt: PackageManager = {
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

const managers: Partial<Record<Facts['family'], PackageManager>> = { debian: apt }

/** The packages are installed; versions that are there stay as they are. */
export function packages({ facts }: Pick<Target, 'facts'>, ...names: string[]): Task {
  const manager = managers[facts.family]
  if (!manager) throw new UserError(`${facts.os}: installing packages is supported on Debian and Ubuntu so far`, 1)
  return {
    name: `install ${names.join(', ')}`,
    probe: manager.list(names),
    plan: ({ text }) => {
      const missing = names.filter((name) => !`\n${text}`.includes(`\n${name}\ninstalled\n`))
      if (missing.length === 0) return unchanged()
      return {
        before: names.filter((name) => !missing.includes(name)).join('\n'),
        after: names.join('\n'),
        apply: manager.install(missing),
        undo: manager.remove(missing),
      }
    },
  }
}
