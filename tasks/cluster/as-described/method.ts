import { abilitiesOf, type Level } from '../../../inventory/levels.ts'
import { areBoth } from '../../../inventory/roles.ts'
import type { Target } from '../../target.ts'
import type { Found } from './found.ts'

/**
 * A cluster that works passes clients on as before: with both methods at work, a real server that has the VIP on lo takes
 * answers to the VIP, which the other director waits for, for its own.
 */
export function method({ cluster, hosts, place }: Target, level: Level, { method: found }: Found): string[] {
  const wanted = cluster.balancing.method.toUpperCase()
  if (!abilitiesOf(level, cluster).balances || found === undefined || found === wanted) return []
  const way = areBoth(hosts) ? 'bring the cluster to level 1 first, and then here' : 'run teardown.mts first'
  return [
    `${place(['cluster', 'balancing', 'method'])}: is ${cluster.balancing.method}, and keepalived here works with ` +
      `lvs_method ${found}; a cluster at work can not change that: ${way}`,
  ]
}
