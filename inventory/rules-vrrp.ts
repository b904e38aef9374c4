import { isDeepStrictEqual } from 'node:util'
import { didYouMean } from '../engine/base/suggest.ts'
import type { Draft } from './defaults.ts'
import { directs, serves } from './roles.ts'
import { intervals } from './rules-adverts.ts'
import { ownLines } from './rules-lines.ts'
import { listOf } from './rules-pools.ts'
import type { Path, Problem } from './source.ts'
import { dotted, shown } from './wording.ts'

type ClusterDraft = NonNullable<Draft['cluster']>

/** The rules about VRRP and IPVS, and about what moves the VIP. */
export function vrrp({ cluster = {}, hosts }: Draft): Problem[] {
  const own = ownChecks(cluster)
  const places = checkPlaces(cluster)
  return [
    ...adverts(cluster),
    ...intervals(cluster),
    ...balancing(cluster, hosts),
    ...ownBalancing(cluster),
    ...ownLines(cluster, hosts),
    ...senders(cluster, hosts),
    ...trackedOnce(['cluster'], cluster),
    ...Object.entries(cluster.instances ?? {}).flatMap(([name, one]) =>
      trackedOnce(['cluster', 'instances', name], one ?? {}),
    ),
    ...places.flatMap((place, index) => [
      ...check(place, own, cluster.health_check?.interval),
      ...made(place, hosts),
      ...otherwise(place, places.slice(0, index)),
    ]),
  ]
}

function adverts({ vip, virtual_router_id, vrrp_version, auth_pass, ...more }: ClusterDraft): Problem[] {
  const problems: Problem[] = []
  const report = (key: string, text: string) => problems.push({ path: ['cluster', key], text })
  if (virtual_router_id === 0)
    report('vip', `ends in 0, so cluster.virtual_router_id has no default: give one from 1 to 255, got ${shown(vip)}`)
  if (vrrp_version === 3 && auth_pass !== undefined)
    report(
      'auth_pass',
      `must be left out with cluster.${more.failover === 'quick' ? 'failover: quick, whose VRRP version 3' : 'vrrp_version: 3, which'} has no password`,
    )
  if (more.auth_type === 'AH' && auth_pass === undefined)
    report('auth_type', 'has a meaning only with cluster.auth_pass')
  if (more.mcast_group !== undefined && !isMulticast(more.mcast_group))
    report('mcast_group', `must be from 224.0.0.0 to 239.255.255.255, got ${shown(more.mcast_group)}`)
  const others = groupsOfOthers[more.mcast_group ?? '']
  if (others) report('mcast_group', `must be a group of this cluster, but ${shown(more.mcast_group)} is for ${others}`)
  if (more.unicast && more.mcast_src_ip)
    report('mcast_src_ip', 'must be left out with cluster.unicast: true, which has no multicast')
  return problems
}

function senders({ email }: ClusterDraft, hosts: Draft['hosts'] = {}): Problem[] {
  if (email) return []
  return Object.entries(hosts)
    .filter(([, host]) => host?.email_from !== undefined)
    .map(([name]) => ({ path: ['hosts', name, 'email_from'], text: 'has a meaning only with cluster.email' }))
}

/** With two weights, or with and without one, it would say two things. */
function trackedOnce(path: Path, { track_interfaces: all = [] }: Pick<ClusterDraft, 'track_interfaces'>): Problem[] {
  const names = all.map((one) => (typeof one === 'object' ? one.name : one))
  return names.flatMap((name, index) =>
    name !== undefined && names.indexOf(name) < index
      ? [
          {
            path: [...path, 'track_interfaces', String(index)],
            text: `must be another one, as ${shown(name)} is there already`,
          },
        ]
      : [],
  )
}

/** IANA's IPv4 multicast address space registry. */
const groupsOfOthers: Readonly<Record<string, string>> = {
  '224.0.0.1': 'all hosts',
  '224.0.0.2': 'all routers',
  '224.0.0.5': 'OSPF',
  '224.0.0.6': 'OSPF',
  '224.0.0.9': 'RIP',
  '224.0.0.251': 'mDNS',
}

const isMulticast = (address: string) => /^2(2[4-9]|3\d)\./.test(address)

const kinds = ['command', 'process', 'port', 'url', 'dns'] as const

/** @returns the checks of the playbooks themselves, and what each is about */
const ownChecks = ({ services = {} }: ClusterDraft): ReadonlyMap<string, string> =>
  new Map([
    ['service', 'cluster.service'],
    ...Object.keys(services).map((name): [string, string] => [`service_${name}`, `cluster.services.${name}`]),
  ])

/** Nothing else bounds a program that root runs: see `bounded`. */
function hangs(path: Path, { command, user, timeout, interval: own }: Check, common: number): Problem[] {
  const interval = own ?? common
  if (command === undefined || user !== 'root' || timeout === undefined || timeout <= interval) return []
  const text = `must be at most interval with user: root, which is ${interval}, got ${timeout}`
  return [{ path: [...path, 'timeout'], text }]
}

type Check = NonNullable<NonNullable<ClusterDraft['checks']>[string]>

/** A check, and where it is said. */
interface CheckPlace {
  path: Path
  name: string
  content: Check
}

/** @returns the checks of the cluster, and of instances that have their own */
const checkPlaces = ({ checks, instances = {} }: ClusterDraft): CheckPlace[] =>
  [
    { path: ['cluster', 'checks'], checks },
    ...Object.entries(instances).map(([name, one]) => ({
      path: ['cluster', 'instances', name, 'checks'],
      checks: one?.checks,
    })),
  ].flatMap(({ path, checks: all = {} }) =>
    Object.entries(all).flatMap(([name, content]) => (content ? [{ path: [...path, name], name, content }] : [])),
  )

/** Only a host that may hold addresses makes checks. */
function made({ path, content }: CheckPlace, hosts: Draft['hosts'] = {}): Problem[] {
  const known = Object.keys(hosts).filter((name) => directs(hosts[name] ?? {}))
  const names = known.length > 0 ? (content.hosts ?? []) : []
  return names.flatMap((name, index) => {
    if (name === undefined || known.includes(name)) return []
    const text =
      name in hosts
        ? `must be a host that may hold the VIP, but ${shown(name)} is a real_server alone`
        : `must be one of the hosts, got ${shown(name)}${didYouMean(name, known)}`
    return [{ path: [...path, 'hosts', String(index)], text }]
  })
}

/** keepalived knows a check by its name, in all instances. */
function otherwise({ path, name, content }: CheckPlace, before: readonly CheckPlace[]): Problem[] {
  const other = before.find((one) => one.name === name && !isDeepStrictEqual(one.content, content))
  return other ? [{ path, text: `must have another name, as ${dotted(other.path)} says something else` }] : []
}

function check({ path, name, content }: CheckPlace, own: ReadonlyMap<string, string>, interval = 1): Problem[] {
  const given = kinds.filter((kind) => kind in content)
  const usable = given.length === 1
  return [
    ...(own.has(name) ? [{ path, text: `must have another name: ${name} is the check of ${own.get(name)}` }] : []),
    ...hangs(path, content, interval),
    ...(usable ? [] : [{ path, text: `must have one of ${kinds.join(', ')}, got ${given.join(' and ') || 'none'}` }]),
  ]
}

function balancing({ balancing, service, services = {} }: ClusterDraft, hosts: Draft['hosts'] = {}): Problem[] {
  const { scheduler, flags = [], quorum } = balancing ?? {}
  const path = ['cluster', 'balancing']
  const problems: Problem[] = []
  const weightOf = (name: string | undefined) => {
    // Of a name that is wrong, nobody knows which host was meant.
    if (name === undefined) return Infinity
    return serves(hosts[name] ?? {}) ? (hosts[name]?.weight ?? 1) : 0
  }
  const pools = [service, ...Object.values(services)].map((one = {}) => listOf('hosts', one) ?? Object.keys(hosts))
  const all = Math.min(...pools.map((names) => names.reduce((sum, name) => sum + weightOf(name), 0)))
  if (quorum?.weight && all > 0 && Object.keys(hosts).length > 1 && quorum.weight > all)
    problems.push({
      path: [...path, 'quorum', 'weight'],
      text: `must be at most the weights of all real servers together, which are ${all}, got ${quorum.weight}`,
    })
  problems.push(...flagsOf(scheduler, flags, path))
  if (quorum?.weight && quorum.hysteresis !== undefined && quorum.hysteresis >= quorum.weight)
    problems.push({
      path: [...path, 'quorum', 'hysteresis'],
      text: `must be less than weight, which is ${quorum.weight}, got ${quorum.hysteresis}`,
    })
  return problems
}

/** Each service may have a scheduler of its own. */
const ownBalancing = ({ balancing, service, services = {} }: ClusterDraft): Problem[] =>
  [
    ...Object.entries(services).map(([name, content]) => ({ content, path: ['cluster', 'services', name] })),
    { content: service, path: ['cluster', 'service'] },
  ].flatMap(({ content, path }) => {
    const own = content && 'balancing' in content ? content.balancing : undefined
    return flagsOf(own?.scheduler ?? balancing?.scheduler ?? 'rr', own?.flags ?? [], [...path, 'balancing'])
  })

const flagsOf = (scheduler: string | undefined, flags: readonly unknown[], path: readonly string[]): Problem[] =>
  scheduler && flags.length > 0 && scheduler !== 'sh' && scheduler !== 'mh'
    ? [{ path: [...path, 'flags'], text: `have a meaning only with the schedulers sh and mh, got ${scheduler}` }]
    : []
