import { didYouMean } from '../engine/base/suggest.ts'
import { abilitiesOf, type Level } from './levels.ts'
import type { Draft } from './defaults.ts'
import { isIPv6 } from 'node:net'
import { plain6 } from '../engine/base/plain6.ts'
import { parseNetwork, specialBlockOf } from './network.ts'
import { instances, ofHosts, vipsOf } from './rules-addresses.ts'
import { priorities } from './rules-priorities.ts'
import { service } from './rules-service.ts'
import { roles } from './rules-roles.ts'
import { unicast } from './rules-unicast.ts'
import { vrrp } from './rules-vrrp.ts'
import { directs } from './roles.ts'
import type { Path, Problem } from './source.ts'
import { sshFiles, ways } from './ways.ts'
import { dotted, keyName, shown } from './wording.ts'

/** Something said in several places of an inventory; undefined where it is missing or wrong in itself. */
type Entry<Value = string | number> = [path: Path, value: Value | undefined]

/**
 * The rules that no schema can say, each about values that go together. A rule whose values are missing is left out.
 * @param draft an inventory with all defaults
 * @param isGiven whether the file says this itself
 * @param level what the hosts are to be brought to, if it is known
 */
export function checkRules(draft: Draft, isGiven: (path: Path) => boolean, level?: Level): Problem[] {
  return [
    ...network(draft),
    ...addresses(draft),
    ...distinct(draft).flatMap((entries) => unique(entries, isGiven)),
    ...priorities(draft, isGiven),
    ...instances(draft, level),
    ...unicast(draft, isGiven),
    ...vrrp(draft),
    ...roles(draft, isGiven, level),
    ...interfaceNames(draft),
    ...secondInterfaces(draft, level),
    ...routing(draft),
    ...sorryServer(draft),
    ...groupHosts(draft),
    ...ways(draft, isGiven, level),
    ...sshFiles(draft),
    ...service(draft, isGiven, level),
    ...snmp(draft),
  ]
}

function network({ cluster }: Draft): Problem[] {
  if (!cluster?.network) return []
  const { cidr, address } = parseNetwork(cluster.network)
  const path = ['cluster', 'network']
  const special = specialBlockOf(address)
  if (special) {
    const [block, meaning] = special
    return [{ path, text: `must be a network of hosts, but ${block} is for ${meaning}, got ${shown(cluster.network)}` }]
  }
  if (cidr === cluster.network) return []
  const text = `has host bits that are not zero (did you mean ${cidr}?), got ${shown(cluster.network)}`
  return [{ path, text }]
}

const hostsOf = ({ hosts }: Draft) => Object.entries(hosts ?? {}).map(([name, host]) => ({ name, ...host }))

/** Every address in use, the VIP first. */
function owners(draft: Draft): Entry<string>[] {
  return [
    ...vipsOf(draft.cluster).map(({ path, address }): Entry<string> => [path, address]),
    [['cluster', 'gateway'], draft.cluster?.gateway],
    ...hostsOf(draft).flatMap(({ name, address, second }): Entry<string>[] => [
      [['hosts', name, 'address'], address],
      [['hosts', name, 'second', 'address'], second?.address],
    ]),
  ]
}

const addresses6Of = (draft: Draft): Entry<string>[] =>
  hostsOf(draft).map(({ name, address6 }) => [['hosts', name, 'address6'], address6])

/** An IPv6 address has many forms. */
const plain = (address: string): string => (isIPv6(address) ? plain6(address) : address)

function addresses(draft: Draft): Problem[] {
  const cidr = draft.cluster?.network
  if (!cidr) return []
  const { has, address: own, broadcast } = parseNetwork(cidr)
  const meanings = new Map([
    [own, 'the network itself'],
    [broadcast, 'all of its hosts (broadcast)'],
  ])
  const vips = new Set(
    vipsOf(draft.cluster)
      .slice(1)
      .map(({ path }) => dotted(path)),
  )
  // How directors get there is known on them alone.
  const isFree = (path: Path): boolean => path[2] === 'address' && draft.hosts?.[path[1]!]?.role === 'real_server'
  // Further VIPs may be of other networks, and of IPv6; the first one where it has an interface of its own.
  if (draft.cluster?.vip_interface !== undefined) vips.add('cluster.vip')
  return owners(draft).flatMap(([path, address]) => {
    if (!address || (vips.has(dotted(path)) && !has(address))) return []
    if (isFree(path) && !has(address)) return ofHosts(path, address)
    if (!has(address)) return [{ path, text: `must be in cluster.network ${cidr}, got ${shown(address)}` }]
    const meaning = meanings.get(address)
    return meaning ? [{ path, text: `must be the address of a host, but in ${cidr} ${address} means ${meaning}` }] : []
  })
}

/** What has to be different everywhere: groups of values. */
function distinct(draft: Draft): Entry[][] {
  const hosts = hostsOf(draft)
  return [
    [...owners(draft), ...addresses6Of(draft)].map(([path, value]): Entry<string> => [path, value && plain(value)]),
    // Host names are the same in upper and lower case, and reports tell the client from the nodes by its name.
    [
      ...hosts.map(({ name }): Entry => [['hosts', name], name.toLowerCase()]),
      ...Object.keys(draft.clients ?? {}).map((name): Entry => [['clients', name], name.toLowerCase()]),
    ],
    hosts.map(({ name, identity }) => [['hosts', name, 'identity'], identity]),
    tables(draft, 'number'),
    tables(draft, 'name'),
    draft.cluster?.preempt
      ? hosts.filter(directs).map(({ name, priority }) => [['hosts', name, 'priority'], priority])
      : [],
  ]
}

const tables = ({ cluster }: Draft, key: 'number' | 'name'): Entry[] =>
  (['first', 'second'] as const).map((which): Entry => [
    ['cluster', 'routing_tables', which, key],
    cluster?.routing_tables?.[which]?.[key],
  ])

function unique(entries: readonly Entry[], isGiven: (path: Path) => boolean): Problem[] {
  const seen = new Map<string | number, Path>()
  return entries.flatMap(([path, value]) => {
    if (value === undefined) return []
    const first = seen.get(value)
    if (!first) {
      seen.set(value, path)
      return []
    }
    // Told of the later one, but rather of one that the file has than of a default.
    const [told, other] = isGiven(path) || !isGiven(first) ? [path, first] : [first, path]
    const why = isGiven(other) ? '' : ' by default'
    return [{ path: told, text: `must differ from ${dotted(other)}, which is ${shown(value)}${why}` }]
  })
}

/** To the kernel these mean the host itself, or every interface. */
export const noInterface = ['lo', 'all', 'default']

function interfaceNames(draft: Draft): Problem[] {
  const { interface: common } = draft.cluster ?? {}
  const named: Entry<string>[] = [
    [['cluster', 'interface'], common],
    ...Object.entries(draft.cluster?.instances ?? {}).map(([name, one]): Entry<string> => {
      return [['cluster', 'instances', name, 'interface'], one?.interface]
    }),
    ...hostsOf(draft).flatMap(({ name, interface: first, second }): Entry<string>[] => [
      [['hosts', name, 'interface'], first === common ? undefined : first],
      [['hosts', name, 'second', 'interface'], second?.interface],
    ]),
  ]
  return named
    .filter(([, name]) => name !== undefined && noInterface.includes(name))
    .map(([path, name]) => ({ path, text: `must be an interface of the network, which ${shown(name)} is not` }))
}

function secondInterfaces(draft: Draft, level: number | undefined): Problem[] {
  const hosts = hostsOf(draft)
  const problems: Problem[] = hosts
    .filter(({ second, interface: first }) => first !== undefined && second?.interface === first)
    .map(({ name, interface: first }) => ({
      path: ['hosts', name, 'second', 'interface'],
      text: `must differ from the interface of the first address, but both are ${shown(first)}`,
    }))
  const without = Object.entries(draft.hosts ?? {})
    .filter(([, host]) => host && !('second' in host))
    .map(([name]) => name)
  if (!abilitiesOf(level, draft.cluster ?? {}).secondInterface || without.length === 0) return problems
  const text = 'level 3 needs a second interface on every host (second: { address: … }), missing on'
  return [...problems, { path: ['hosts'], text: `${text} ${without.map(keyName).join(', ')}` }]
}

/** Ways that lost answers when they were tried, each with what happened. */
const unsound: Readonly<Record<string, string>> = {
  keepalived: 'keepalived takes its static_routes away when it stops, while the service still answers for the others',
}

function routing({ cluster }: Draft): Problem[] {
  const problems: Problem[] = [
    ...tables({ cluster }, 'number')
      .filter(([, number]) => number === strongSwans)
      .map(([path]) => ({ path, text: `must not be ${strongSwans}, which strongSwan uses` })),
    ...tables({ cluster }, 'name')
      .filter(([, name]) => kernelTables.includes(String(name)))
      .map(([path, name]) => ({ path, text: `must not be ${name}, which means a table of the kernel's own` })),
  ]
  const reason = unsound[cluster?.routing ?? '']
  if (!reason) return problems
  return [...problems, { path: ['cluster', 'routing'], text: `${cluster!.routing} is refused: ${reason}; use script` }]
}

/** What ip-route(8) has words for: everybody on the host would get ours. */
const kernelTables = ['main', 'local', 'default', 'unspec', 'all', 'cache']

/** Clients that no real server is left for go to a host, and not back to the virtual IP. */
function sorryServer({ cluster }: Draft): Problem[] {
  const address = cluster?.balancing?.sorry_server?.address
  const path = ['cluster', 'balancing', 'sorry_server', 'address']
  const vip = vipsOf(cluster).find((one) => one.address === address)
  if (address !== undefined && vip)
    return [{ path, text: `must be another address than ${dotted(vip.path)}, got ${shown(address)}` }]
  return ofHosts(path, address)
}

/** The table that strongSwan writes its routes to, without a name in rt_tables. */
const strongSwans = 220

/** The whole Internet, or much of it, must not read with a community that everybody knows. */
function snmp({ cluster }: Draft): Problem[] {
  const { enabled, community, source } = cluster?.snmp ?? {}
  const prefix = Number(source?.split('/')[1] ?? 32)
  if (!enabled || community !== 'public' || prefix >= 8) return []
  const text = `must be narrower with the community that everybody knows, got ${shown(source)}; or give snmp.community`
  return [{ path: ['cluster', 'snmp', 'source'], text }]
}

function groupHosts({ groups, hosts }: Draft): Problem[] {
  if (!hosts) return []
  const names = Object.keys(hosts)
  return Object.entries(groups ?? {}).flatMap(([group, members]) =>
    (members?.hosts ?? []).flatMap((name, index): Problem[] => {
      if (name === undefined || names.includes(name)) return []
      const text = `must be one of the hosts, got ${shown(name)}${didYouMean(name, names)}`
      return [{ path: ['groups', group, 'hosts', String(index)], text }]
    }),
  )
}
