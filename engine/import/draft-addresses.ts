import { isIPv4, isIPv6 } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import { parseNetwork } from '../../inventory/network.ts'
import {
  announcementsOf,
  type Checking,
  checksOf,
  linesOf,
  notifyOf,
  trackedInterfaces,
  tracksOf,
  whereIs,
} from './draft-vrrp.ts'
import type { Part } from './facts.ts'
import { type Gap, otherAddressGap } from './gaps.ts'
import type { Node } from './nodes.ts'
import { numberOf, type Section, unless, unlessEmpty } from './section.ts'

/** @returns the address that an inventory begins with: the first of IPv4 on the interface of the adverts, which name it where they name any */
export function vipOf(main: Part | undefined): string | undefined {
  const named = main?.all('address') ?? []
  const all = (named.length > 0 ? named : (main?.all('excluded address') ?? [])).map(([address]) => address)
  const near = all.filter((address) => main!.get(`interface of ${address}`) === undefined)
  return near.find((one) => isIPv4(one)) ?? all.find((one) => isIPv4(one)) ?? near[0] ?? all[0]
}

/** What the nodes of a cluster share. */
interface Shared {
  nodes: readonly Node[]
  /** The interface of most nodes. */
  device: string
  /** Whether the first address is not in the network of the nodes, or not on their interface. */
  isElsewhere: boolean
  checking: Checking
}

/** @returns keys of `cluster` that say which addresses move, with which others, and to which node */
export function addressesOf(instances: readonly Part[], main: Part | undefined, shared: Shared): Section {
  if (!main) return {}
  const sync = movesTogether(instances)
  const preempt = instances.every(preempts)
  const prefer = (part: Part) => preferredOf(part, shared.nodes, preempt)
  return {
    ...firstVip(main, shared.isElsewhere ? shared.device : undefined),
    instance: unless(nameOf(main.name, []), 'VI_1'),
    more_vips: moreVips(main, vipOf(main)),
    preempt: preempt || undefined,
    prefer: prefer(main),
    instances: unlessEmpty(
      Object.fromEntries(
        furtherOf(instances, main).map(([part, name]) => {
          const moves = { ...instanceOf(part, shared), prefer: sync ? undefined : prefer(part) }
          return [name, { ...moves, ...unlike(part, name, { main, instances, shared }) }]
        }),
      ),
    ),
    sync: sync || undefined,
  }
}

/** @returns all instances but the first, with the names that they have in the inventory */
function furtherOf(instances: readonly Part[], main: Part): [part: Part, name: string][] {
  const names = [nameOf(main.name, [])]
  return instances
    .filter((one) => one !== main)
    .map((part) => {
      const name = nameOf(part.name, names)
      names.push(name)
      return [part, name]
    })
}

/** What an instance has in place of what the first one has. */
function unlike(
  part: Part,
  name: string,
  { main, instances, shared }: { main: Part; instances: readonly Part[]; shared: Shared },
): Section {
  const { checking } = shared
  const checked = (one: Part) =>
    whereIs(one, shared.nodes).map(({ node, there }) => [
      node,
      new Map([...there.facts].flatMap(([about, { value }]) => (isOfCheck(about) ? [[about, value]] : []))),
    ])
  const tracks = new Map(part.all('track_interface'))
  const usual = new Map(trackedInterfaces(main, instances))
  usual.delete(part.get('interface') ?? '')
  return {
    checks: isDeepStrictEqual(checked(part), checked(main)) ? undefined : (checksOf(part, checking) ?? {}),
    track_interfaces: isDeepStrictEqual(tracks, usual) ? undefined : (tracksOf(tracks) ?? []),
    advert_int: unless(numberOf(part, 'advert_int') ?? 1, numberOf(main, 'advert_int') ?? 1),
    garp: isDeepStrictEqual(announcementsOf(part), announcementsOf(main)) ? undefined : (announcementsOf(part) ?? {}),
    keepalived: isDeepStrictEqual(linesOf([part]), linesOf([main])) ? undefined : (linesOf([part]) ?? []),
    notify: hasNotify(part, main) ? undefined : (notifyOf(part, checking.gaps, `${name}-`) ?? {}),
  }
}

const isOfCheck = (fact: string): boolean => /^(\w+ of )?check /.test(fact)

const preempts = (part: Part | undefined): boolean => part?.get('preempt') === 'yes'

/** Whether all instances are in one group. */
const movesTogether = (instances: readonly Part[]) =>
  instances.length > 1 && instances[0]!.get('sync group')?.split(', ').length === instances.length

/** Whether two instances run the same programs. */
export const hasNotify = (part: Part, main: Part) =>
  ['notify_master', 'notify_backup', 'notify_fault', 'notify_stop', 'user of notify'].every(
    (about) => part.get(about) === main.get(about),
  )

function instanceOf(part: Part, shared: Shared): Section {
  const vip = vipOf(part) ?? ''
  const id = Number(part.get('virtual_router_id'))
  return {
    vip,
    ...firstVip(part),
    more_vips: moreVips(part, vip),
    virtual_router_id: unless(id, Number(vip.split('.')[3])),
    interface: unless(part.get('interface'), shared.device),
  }
}

/** What else is said of the address that an instance begins with. @param device its interface, where it has to be said */
function firstVip(part: Part, device?: string): Section {
  const of = (name: string) => part.get(`${name} of ${vipOf(part)}`)
  const prefix = of('prefix')
  return {
    vip_prefix: prefix === undefined ? undefined : Number(prefix),
    vip_label: of('label'),
    vip_interface: of('interface') ?? device,
  }
}

function moreVips(part: Part, first: string | undefined): unknown[] | undefined {
  const one = (address: string, excluded?: true) => {
    const of = (name: string) => part.get(`${name} of ${address}`)
    const prefix = of('prefix')
    const more = unlessEmpty({
      prefix: prefix === undefined ? undefined : Number(prefix),
      interface: of('interface'),
      label: of('label'),
      excluded: isIPv6(address) === isIPv6(first!) ? excluded : undefined,
    })
    return more ? { address, ...more } : address
  }
  const all = [
    ...part.all('address').flatMap(([address]) => (address === first ? [] : [one(address)])),
    ...part.all('excluded address').flatMap(([address]) => (address === first ? [] : [one(address, true)])),
  ]
  return all.length > 0 ? all : undefined
}

/** @returns the node that an instance is to be on, where the order of the nodes does not say it */
function preferredOf(part: Part, nodes: readonly Node[], preempt: boolean): string | undefined {
  if (!preempts(part)) return undefined
  const ranks = nodes.map(({ meaning }) =>
    meaning?.instances.find((one) => one.election === part.election)?.get('rank'),
  )
  const first = ranks.indexOf('1')
  // One that one file alone does not have first is another node's: with two, it is known whose.
  const best = first < 0 && nodes.length === 2 ? ranks.indexOf(undefined) : first
  return preempt && best === 0 ? undefined : nodes[best]?.name
}

/** @returns the name of an instance, as the schema has it */
function nameOf(name: string, taken: readonly string[]): string {
  const own = name.replaceAll(/[^A-Za-z0-9_-]+/g, '_').slice(0, 31)
  const all = [/^[A-Za-z0-9_]/.test(own) ? own : 'VI_1', ...taken.map((_, index) => `${own.slice(0, 28)}_${index + 2}`)]
  return all.find((one) => !taken.includes(one))!
}

/** @returns the addresses that a cluster moves, and at which clients may be served */
export const servedAddresses = (instances: readonly Part[], cidr: string): string[] => {
  const { has } = parseNetwork(cidr)
  return instances.flatMap(addressesHeld).filter((address) => isIPv4(address) && has(address))
}

/** @returns the addresses that an instance moves, those that its adverts leave out too */
export const addressesHeld = (part: Part): string[] =>
  [...part.all('address'), ...part.all('excluded address')].map(([address]) => address)

/** @returns for each node where its adverts of an instance go by unicast, as files tell, its own or those of its peers */
function advertAddresses(nodes: readonly Node[], isThe: (part: Part) => boolean): (string | undefined)[] {
  const parts = nodes.map(({ meaning }) => meaning?.instances.find((one) => isThe(one) && one.get('unicast')))
  const own = parts.map((part) => part?.get('unicast_src_ip'))
  const peers = new Set(parts.flatMap((part) => part?.all('peer').map(([address]) => address) ?? []))
  const left = [...peers].filter((address) => !own.includes(address))
  return nodes.map(({ meaning }, index) => own[index] ?? (meaning ? undefined : left.shift()))
}

/** @returns where adverts of IPv6 go to each node by itself; nodes without a file are peers in the order of the others' lists */
export const addresses6Of = (nodes: readonly Node[]): (string | undefined)[] =>
  advertAddresses(nodes, (one) => isIPv6(vipOf(one) ?? ''))

/**
 * @param gaps gets one for each address that no file tells
 * @returns for each node its addresses where adverts of further instances on other interfaces go by unicast, by instance
 */
export function otherAddressesOf(
  instances: readonly Part[],
  main: Part,
  { nodes, device, free, gaps }: Pick<Shared, 'nodes' | 'device'> & { free: () => string; gaps: Gap[] },
): (Section | undefined)[] {
  const all = nodes.map((): Section => ({}))
  for (const [part, name] of furtherOf(instances, main)) {
    const there = part.get('interface')!
    if (main.get('unicast') !== 'yes' || there === device || isIPv6(vipOf(part) ?? '')) continue
    for (const [index, address] of advertAddresses(nodes, ({ election }) => election === part.election).entries()) {
      const gap = address === undefined ? otherAddressGap(nodes[index]!.name, there, free()) : undefined
      if (gap) gaps.push(gap)
      all[index]![name] = address ?? gap!.mark
    }
  }
  return all.map(unlessEmpty)
}
