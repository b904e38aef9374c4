import { isIPv4, isIPv6 } from 'node:net'
import { didYouMean } from '../engine/base/suggest.ts'
import type { Draft } from './defaults.ts'
import { abilitiesOf, type Level } from './levels.ts'
import { plain6 } from '../engine/base/plain6.ts'
import { meaningOf } from './network.ts'
import { directs } from './roles.ts'
import type { Path, Problem } from './source.ts'
import { dotted, shown } from './wording.ts'

type ClusterDraft = NonNullable<Draft['cluster']>
type InstanceDraft = Pick<
  ClusterDraft,
  'vip' | 'vip_prefix' | 'vip_label' | 'vip_interface' | 'more_vips' | 'prefer' | 'virtual_router_id' | 'interface'
>

/** What one instance says, and where. */
export interface Entry {
  path: Path
  content: InstanceDraft
}

/** The first instance, which is the cluster's own, and the further ones. */
export function entriesOf({ instances = {}, ...first }: ClusterDraft): Entry[] {
  const further = Object.entries(instances).map(([name, content]): Entry => {
    return { path: ['cluster', 'instances', name], content: content ?? {} }
  })
  return [{ path: ['cluster'], content: first }, ...further]
}

/** @returns every address that moves, by place */
export const vipsOf = (cluster: ClusterDraft = {}): { path: Path; address: string | undefined }[] =>
  entriesOf(cluster).flatMap(({ path, content: { vip, more_vips = [] } }) => [
    { path: [...path, 'vip'], address: vip },
    ...more_vips.map((one, index) => {
      const place = [...path, 'more_vips', String(index)]
      return typeof one === 'object'
        ? { path: [...place, 'address'], address: one.address }
        : { path: place, address: one }
    }),
  ])

/** The rules about the addresses that move, and about the instances that move them. */
export function instances({ cluster = {}, hosts = {} }: Draft, level?: Level): Problem[] {
  const entries = entriesOf(cluster)
  return [
    ...entries.flatMap(({ path, content }) => [
      ...preferred(path, content, hosts),
      ...inAdverts(path, content),
      ...(content.vip !== undefined && content.virtual_router_id === undefined && path.length > 1
        ? [{ path, text: 'is missing virtual_router_id, a whole number from 1 to 255: its vip gives none' }]
        : []),
    ]),
    ...room(entries, hosts),
    ...vipsOf(cluster)
      .slice(cluster.vip_interface === undefined ? 1 : 0)
      .flatMap(({ path, address }) => ofHosts(path, address)),
    ...entries.flatMap((entry) => [...prefixes(entry), ...labels(entry)]),
    ...routerIds(entries, cluster.vmac, hosts),
    ...(cluster.instance && cluster.instances?.[cluster.instance]
      ? [{ path: ['cluster', 'instances', cluster.instance], text: 'must have another name than cluster.instance' }]
      : []),
    ...(cluster.sync ? together(entries) : []),
    ...(cluster.sync && entries.length === 1
      ? [{ path: ['cluster', 'sync'], text: 'has a meaning only with cluster.instances' }]
      : []),
    ...(abilitiesOf(level, cluster).secondInterface
      ? [
          ...alone(entries, level!),
          ...onItsInterface(entries, `at level ${level}, whose routes are for the interface of the nodes`),
        ]
      : []),
    ...(cluster.vmac
      ? onItsInterface(entries, 'with cluster.vmac: true: an address on another interface has no virtual MAC')
      : []),
    ...(abilitiesOf(level, cluster).balances && cluster.vmac ? [withoutVmac(level!)] : []),
  ]
}

function preferred(path: Path, { prefer }: InstanceDraft, hosts: NonNullable<Draft['hosts']>): Problem[] {
  const names = Object.keys(hosts)
  if (prefer === undefined || names.length === 0 || directs(hosts[prefer] ?? { role: 'real_server' })) return []
  const text = names.includes(prefer)
    ? `must be a host that may hold the VIP, but ${shown(prefer)} is a real server alone`
    : `must be one of the hosts, got ${shown(prefer)}${didYouMean(prefer, names)}`
  return [{ path: [...path, 'prefer'], text }]
}

/** The preferred host has a priority above all others, and 255 is for owners of addresses. */
const room = (entries: readonly Entry[], hosts: NonNullable<Draft['hosts']>): Problem[] =>
  entries.some(({ content }) => content.prefer !== undefined)
    ? Object.entries(hosts).flatMap(([name, host]) =>
        host?.priority === 254
          ? [{ path: ['hosts', name, 'priority'], text: 'must be at most 253 with prefer, got 254' }]
          : [],
      )
    : []

/** How many addresses an advert holds; keepalived takes no more. */
const inAnAdvert = 20

function inAdverts(path: Path, { vip, more_vips = [] }: InstanceDraft): Problem[] {
  if (vip === undefined) return []
  const told = more_vips.filter((one) => typeof one !== 'object' || !one.excluded)
  const same = told.filter((one) => isIPv4(addressOf(one) ?? '') === isIPv4(vip)).length + 1
  if (same <= inAnAdvert) return []
  const text = `must have at most ${inAnAdvert - 1} addresses without excluded: true, got ${same - 1}`
  return [{ path: [...path, 'more_vips'], text }]
}

const addressOf = (one: NonNullable<ClusterDraft['more_vips']>[number]) => (typeof one === 'object' ? one.address : one)

/** @returns what is wrong with an address that may be of any network, but not of those that no host has */
export function ofHosts(path: Path, address: string | undefined): Problem[] {
  if (address === undefined) return []
  const meaning = isIPv6(address) ? meaningOf6(address) : meaningOf(address)
  return meaning === undefined
    ? []
    : [{ path, text: `must be the address of a host, but ${shown(address)} is for ${meaning}` }]
}

/** RFC 4291, 2.4. */
function meaningOf6(address: string): string | undefined {
  const plain = plain6(address)
  if (plain === '::') return 'hosts that do not know their address yet'
  if (plain === '::1') return 'a host to reach itself'
  if (plain.startsWith('::ffff:')) return 'addresses of IPv4'
  return plain.startsWith('ff') ? 'groups (multicast)' : undefined
}

function prefixes({ path, content: { vip, vip_prefix, more_vips = [] } }: Entry): Problem[] {
  const further = more_vips.map((one, index) => ({
    at: [...path, 'more_vips', String(index), 'prefix'],
    ...(typeof one === 'object' ? { address: one.address, prefix: one.prefix } : {}),
  }))
  return [{ at: [...path, 'vip_prefix'], address: vip, prefix: vip_prefix }, ...further].flatMap((one) => {
    if (!one.prefix || one.prefix <= 32 || !isIPv4(one.address ?? '')) return []
    return [{ path: one.at, text: `must be a whole number from 1 to 32 for an IPv4 address, got ${one.prefix}` }]
  })
}

/** Labels are of IPv4 (ip-address(8)). */
function labels({ path, content: { vip, vip_label, more_vips = [] } }: Entry): Problem[] {
  const further = more_vips.map((one, index) => ({
    at: [...path, 'more_vips', String(index), 'label'],
    ...(typeof one === 'object' ? { address: one.address, label: one.label } : {}),
  }))
  return [{ at: [...path, 'vip_label'], address: vip, label: vip_label }, ...further].flatMap((one) =>
    one.label !== undefined && isIPv6(one.address ?? '')
      ? [{ path: one.at, text: 'must be left out: an IPv6 address has no label' }]
      : [],
  )
}

/** One interface hears the adverts of all its instances, and virtual MACs are numbered alike on all. */
function routerIds(
  entries: readonly Entry[],
  vmac: boolean | undefined,
  hosts: NonNullable<Draft['hosts']>,
): Problem[] {
  // The first instance is on the interface of each host.
  const common = Object.values(hosts).map((host) => host?.interface ?? entries[0]!.content.interface)
  const interfacesOf = (entry: Entry) =>
    common.map((own) => (entry === entries[0] ? own : (entry.content.interface ?? own)))
  const meet = (one: Entry, other: Entry) => {
    const others = interfacesOf(other)
    return interfacesOf(one).some((own, place) => own === others[place])
  }
  return entries.flatMap((entry, index) => {
    const { path, content } = entry
    return entries
      .slice(0, index)
      .filter(
        (other) =>
          content.virtual_router_id !== undefined &&
          other.content.virtual_router_id === content.virtual_router_id &&
          (vmac || meet(entry, other)) &&
          isIPv4(other.content.vip ?? '') === isIPv4(content.vip ?? ''),
      )
      .map((other) => ({
        path: [...path, 'virtual_router_id'],
        text: `must be another one than of ${dotted(other.path)}, got ${content.virtual_router_id}`,
      }))
  })
}

/** What moves together is preferred on one host. */
const together = (entries: readonly Entry[]): Problem[] =>
  entries
    .slice(1)
    .flatMap(({ path, content: { prefer } }) =>
      prefer === undefined
        ? []
        : [{ path: [...path, 'prefer'], text: 'must be left out with cluster.sync: true: cluster.prefer is for all' }],
    )

/** Real servers answer the VIP, so that their answers come in by the interface of the virtual MAC. */
const withoutVmac = (level: Level): Problem => ({
  path: ['cluster', 'vmac'],
  text: `must be left out at level ${level}: answers of real servers would come back by another interface than its rules are for`,
})

/** Rules and routes are for the interface that the nodes are on. @param why it can not be another */
const onItsInterface = (entries: readonly Entry[], why: string): Problem[] =>
  entries.flatMap(({ path, content }) =>
    content.vip_interface === undefined ? [] : [{ path: [...path, 'vip_interface'], text: `must be left out ${why}` }],
  )

/** Answers of level 3 go back through one address, which has a route of its own. */
const alone = (entries: readonly Entry[], level: Level): Problem[] => [
  ...(entries[0]!.content.vip_prefix !== undefined && entries[0]!.content.vip_prefix !== 32
    ? [{ path: ['cluster', 'vip_prefix'], text: `must be 32 at level ${level}, got ${entries[0]!.content.vip_prefix}` }]
    : []),
  ...entries
    .filter(({ content }) => content.more_vips && content.more_vips.length > 0)
    .map(({ path }) => ({
      path: [...path, 'more_vips'],
      text: `must be left out at level ${level}, which has one VIP`,
    })),
  ...(entries.length > 1
    ? [{ path: ['cluster', 'instances'], text: `must be left out at level ${level}, which has one VIP` }]
    : []),
]
