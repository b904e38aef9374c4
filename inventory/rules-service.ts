import type { Draft } from './defaults.ts'
import { abilitiesOf, type Level } from './levels.ts'
import { protocolsOf } from './schema-services.ts'
import type { Path, Problem } from './source.ts'
import { type Entry, type Kinds, listOf, pools } from './rules-pools.ts'
import { dotted, shown } from './wording.ts'

type ServiceContent<Type> = Extract<Kinds, { type: Type }>

/**
 * The rules about what a cluster serves.
 * @param isGiven as for `checkRules`
 */
export function service({ cluster, hosts }: Draft, isGiven: (path: Path) => boolean, level?: Level): Problem[] {
  const entries = entriesOf(cluster)
  return [
    ...(cluster?.services && isGiven(['cluster', 'service'])
      ? [{ path: ['cluster', 'service'], text: 'must be left out with cluster.services' }]
      : []),
    ...entries.flatMap(({ path, content }) => [
      ...one(path, content, isGiven),
      ...alone(path, content, cluster, level),
      ...mapped(path, content, cluster, level),
    ]),
    ...pools(entries, { cluster, hosts }, level),
    ...apart(entries),
  ]
}

/** Only IPVS changes ports, by NAT. */
function mapped(path: Path, content: Draft<Kinds>, cluster: Draft['cluster'] = {}, level?: Level): Problem[] {
  if (!('real_port' in content) || content.real_port === undefined) return []
  const place = [...path, 'real_port']
  const { method = 'nat' } = cluster.balancing ?? {}
  if (method !== 'nat')
    return [{ path: place, text: `must be left out with method: ${method}, which can not change ports` }]
  return level === undefined || level === 2
    ? []
    : [{ path: place, text: `must be left out at level ${level}; level 2 can send clients to another port` }]
}

function entriesOf(cluster: Draft['cluster'] = {}): Entry[] {
  const { service: content = {}, services } = cluster
  if (!services) return [{ path: ['cluster', 'service'], content }]
  return Object.entries(services).map(([name, content = {}]) => ({ path: ['cluster', 'services', name], content }))
}

function one(path: Path, content: Draft<Kinds>, isGiven: (path: Path) => boolean): Problem[] {
  if (content.type === 'dns') return dns(path, content)
  if (content.type === 'http' || content.type === 'https') return web(path, content)
  if (content.type === 'tcp' || content.type === 'udp') return health(path, content, isGiven)
  return []
}

/** There is nothing to balance without a service. */
function alone(path: Path, { type }: Draft<Kinds>, cluster: Draft['cluster'] = {}, level?: Level): Problem[] {
  if (type !== 'none' || !abilitiesOf(level, cluster).balances) return []
  return [{ path: [...path, 'type'], text: `must be a service at level ${level}, which sends clients to it; got none` }]
}

/** What two services may not share. */
function apart(entries: readonly Entry[]): Problem[] {
  return entries.flatMap(({ path, content }, index) =>
    entries.slice(0, index).flatMap((other): Problem[] => {
      if (content.type === 'dns' && other.content.type === 'dns')
        return [{ path, text: `must not be dns: a host has one name server, which ${dotted(other.path)} is` }]
      const both = protocolsOf[content.type!]?.filter((one) =>
        protocolsOf[other.content.type!]?.some((two) => two === one),
      )
      if (!both?.length) return []
      return [
        ...(overlap('vips', content, other.content) ? differ(clientPort, { path, content }, other) : []),
        ...(overlap('hosts', content, other.content) && !areOne(content, other.content)
          ? differ(realPort, { path, content }, other)
          : []),
      ]
    }),
  )
}

/** Whether two services may come to one host, or are asked at one address. */
function overlap(key: 'hosts' | 'vips', content: Draft<Kinds>, other: Draft<Kinds>): boolean {
  const [own, others] = [listOf(key, content), listOf(key, other)]
  return !own || !others || own.some((one) => one !== undefined && others.includes(one))
}

/** Whether two services may be one program of the user's, asked at several addresses. */
const areOne = (content: Draft<Kinds>, other: Draft<Kinds>): boolean =>
  !overlap('vips', content, other) && content.type === other.type && isOfUser(content) && isOfUser(other)

const isOfUser = (content: Draft<Kinds>): boolean =>
  content.type === 'tcp' || content.type === 'udp' || ('managed' in content && content.managed === false)

type PortOf = (content: Draft<Kinds>) => [key: 'port' | 'real_port', number: number | undefined]

const clientPort: PortOf = (content) => ['port', 'port' in content ? content.port : undefined]
const realPort: PortOf = (content) =>
  'real_port' in content && content.real_port !== undefined ? ['real_port', content.real_port] : clientPort(content)

function differ(portOf: PortOf, { path, content }: Entry, other: Entry): Problem[] {
  const [[key, port], [otherKey, taken]] = [portOf(content), portOf(other.content)]
  if (port === undefined || port !== taken) return []
  return [{ path: [...path, key], text: `must differ from ${dotted([...other.path, otherKey])}, which is ${port}` }]
}

/** A DNS name has at most 253 characters, and questions put a label of up to 63 and a dot before the health name. */
const longestHealthName = 189

function dns(path: Path, { health_zone: zone, health_name: name }: Draft<ServiceContent<'dns'>>): Problem[] {
  const problems: Problem[] = []
  const report = (key: string, text: string) => problems.push({ path: [...path, key], text })
  if (zone && !zone.includes('.'))
    report('health_zone', `must have two labels or more: each node would answer for all names in ${shown(zone)}`)
  if (name) problems.push(...begins([...path, 'health_name'], name))
  if (name && zone && name.length + 1 + zone.length > longestHealthName) {
    const [longer, other] = name.length > zone.length ? ['health_name', 'health_zone'] : ['health_zone', 'health_name']
    report(longer, `must be shorter: with ${dotted([...path, other])} it has more than ${longestHealthName} characters`)
  }
  return problems
}

function begins(path: Path, name: string): Problem[] {
  if (name.split('.')[0]!.length >= 2) return []
  return [
    { path, text: `must begin with a label of two characters or more, as keepalived wants it, got ${shown(name)}` },
  ]
}

/** nginx is what the playbooks set up. */
function web(path: Path, { managed, unit }: Draft<ServiceContent<'http' | 'https'>>): Problem[] {
  if (!managed || unit === undefined || unit === 'nginx') return []
  return [{ path: [...path, 'unit'], text: `must be nginx, unless managed is false, got ${shown(unit)}` }]
}

/** What directors ask is one thing. */
function health(
  path: Path,
  { check, health: asked }: Draft<ServiceContent<'tcp' | 'udp'>>,
  isGiven: (path: Path) => boolean,
): Problem[] {
  if (!asked) return []
  const place = [...path, 'health']
  const gives = (...keys: string[]) => keys.find((key) => isGiven([...place, key]))
  const [kind, ...others] = ['dns', 'http', 'https'].filter((key) => gives(key))
  const isWeb = kind === 'http' || kind === 'https'
  const useless: Problem[] = [
    ...(isWeb ? [] : [gives('host', 'status', 'digest')].map((key) => ({ key, only: 'http or https' }))),
    ...(kind === 'dns' ? [] : [{ key: gives('record'), only: 'dns' }]),
  ].flatMap(({ key, only }) => (key ? [{ path: [...place, key], text: `has a meaning only with ${only}` }] : []))
  return [
    ...(check === undefined ? [] : [{ path: place, text: 'must be left out with check, which tells by itself' }]),
    ...(kind || gives('port', 'host', 'status', 'digest', 'record')
      ? []
      : [{ path: place, text: 'must have at least one of port, dns, http and https' }]),
    ...others.map((key) => ({ path: [...place, key], text: `must be left out with ${kind}` })),
    ...useless,
    ...(asked.dns === undefined ? [] : begins([...place, 'dns'], asked.dns)),
  ]
}
