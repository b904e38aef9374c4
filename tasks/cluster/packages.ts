import { tagged, type Task } from '../../engine/runner/task.ts'
import { directs } from '../../inventory/roles.ts'
import type { Level } from '../../inventory/levels.ts'
import { servicesOn } from '../../services/all.ts'
import { firewallOf, osOf } from '../os/os.ts'
import { packages } from '../packages.ts'
import { usesSelinux } from '../selinux/selinux.ts'
import { checkPackages } from './checks.ts'
import type { Target } from '../target.ts'

/** The packages that a level needs on a host, in one installation. */
export function clusterPackages(target: Target, level: Level): Task {
  const { cluster, host, facts } = target
  const known = osOf(facts).packages
  const directors = [
    ...[...known.directors, ...known[level], ...checkPackages(cluster, facts)],
    ...(cluster.snmp.enabled ? known.snmp : []),
    ...(cluster.selinux === 'learn' && usesSelinux(facts) ? known.selinux : []),
  ]
  const needed = packages(
    target,
    ...servicesOn(cluster, host).flatMap((service) => service.packages(facts)),
    ...known.every,
    ...firewallOf(target).packages,
    ...(directs(host) ? directors : []),
  )
  return tagged('packages')(needed)
}
