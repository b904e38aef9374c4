import type { Draft } from './defaults.ts'
import type { Level } from './levels.ts'
import { directs, serves } from './roles.ts'
import type { Path, Problem } from './source.ts'

type Hosts = NonNullable<Draft['hosts']>

/**
 * The rules about what hosts are to each other at level 2, and about how clients get to them.
 * @param isGiven as for `checkRules`
 */
export function roles({ cluster = {}, hosts = {} }: Draft, isGiven: (path: Path) => boolean, level?: Level): Problem[] {
  return [
    ...everyRole(hosts),
    ...Object.entries(hosts).flatMap(([name, host = {}]) => alone(['hosts', name], host, isGiven, level)),
    ...directly(cluster, level),
  ]
}

/** Without a second director nothing is kept up. */
function everyRole(hosts: Hosts): Problem[] {
  const all = Object.values(hosts).map((host = {}) => host)
  const short = [
    ...(all.filter(directs).length < 2 ? ['two that may hold the VIP (role: director, or none)'] : []),
    ...(all.some(serves) ? [] : ['one that serves clients (role: real_server, or none)']),
  ]
  return all.length < 2 || short.length === 0
    ? []
    : [{ path: ['hosts'], text: `must have at least ${short.join(' and ')}` }]
}

/** A host that is one of the two alone. */
function alone(
  path: Path,
  { role }: NonNullable<Hosts[string]>,
  isGiven: (path: Path) => boolean,
  level?: Level,
): Problem[] {
  if (role === undefined) return []
  const [keys, others] =
    role === 'director'
      ? [['weight'], 'serve clients']
      : [
          ['priority', 'email_from', 'address6', 'addresses', 'notify', 'preempt_delay', 'keepalived'],
          'may hold the VIP',
        ]
  const useless = keys.map((key) => [...path, key]).filter(isGiven)
  return [
    ...useless.map((one) => ({ path: one, text: `has a meaning only for hosts that ${others}` })),
    ...(level !== undefined && level !== 2
      ? [
          {
            path: [...path, 'role'],
            text: `must be left out at level ${level}, where every host is both; level 2 has roles`,
          },
        ]
      : []),
  ]
}

function directly(cluster: NonNullable<Draft['cluster']>, level?: Level): Problem[] {
  const { method, sorry_server: sorry } = cluster.balancing ?? {}
  if (method === undefined || method === 'nat') return []
  const path = ['cluster', 'balancing', 'method']
  return [
    ...(level === 3
      ? [{ path, text: `must be nat at level 3; level 2 with ${method} keeps the addresses of clients as well` }]
      : []),
    ...(Object.keys(cluster.instances ?? {}).length > 0 && !cluster.sync
      ? [
          {
            path,
            text: 'must be nat with instances that move apart (or give cluster.sync: true): a host knows only as a whole whether it stands by',
          },
        ]
      : []),
    ...(sorry?.port !== undefined
      ? [
          {
            path: ['cluster', 'balancing', 'sorry_server', 'port'],
            text: `must be left out with method: ${method}, which can not change ports`,
          },
        ]
      : []),
  ]
}
