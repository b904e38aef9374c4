import { isIPv4 } from 'node:net'
import { parseNetwork } from '../../inventory/network.ts'
import {
  addresses6Of,
  addressesHeld,
  addressesOf,
  hasNotify,
  otherAddressesOf,
  servedAddresses,
  vipOf,
} from './draft-addresses.ts'
import { balancingOf, healthCheckOf, servicesOf } from './draft-ipvs.ts'
import { hostOf } from './draft-hosts.ts'
import { addressesOfServers, apartFrom, networkWith, realAddresses, roleOf, weightOf } from './draft-real-servers.ts'
import {
  type Checking,
  checksOf,
  emailOf,
  garpOf,
  linesAt,
  linesOfFirst,
  notifyOf,
  trackedInterfaces,
  tracksOf,
} from './draft-vrrp.ts'
import type { Part } from './facts.ts'
import { addressGap, type Gap, gatewayGap, ipv4Gap, standInVip, vipGap, vipMark } from './gaps.ts'
import { hasInterface, isApart, isSaid, networkOfNodes } from './network.ts'
import { isAssumedBelow, mainInstance, type Node } from './nodes.ts'
import { notifyAlone, serveAlone } from './own-real-servers.ts'
import { numberOf, type Section, unless } from './section.ts'

/** An inventory before it is written. */
export interface Draft {
  cluster: Section
  hosts: Record<string, Section>
  gaps: Gap[]
  /** What is not certain, by the key of `cluster`. */
  assumed: Record<string, string>
  level: 1 | 2
  /** Virtual servers that stay as they are, by name. */
  kept: string[]
  /** @returns an address of the network that nobody has, each time another */
  free: () => string
}

/**
 * @param nodes complete, in the order of the inventory
 * @param asTheyAre names of virtual servers that stay as lines of keepalived.conf
 * @returns the inventory that says as much of the files as the schema can
 */
export function draftOf(nodes: readonly Node[], asTheyAre: readonly string[] = []): Draft {
  const { meaning } = nodes.find((node) => node.meaning)!
  const { global, instances, virtualServers } = meaning!
  const main = mainInstance(meaning!)
  const found = vipOf(main) ?? addressesOfServers(virtualServers)[0]
  const vip = found ?? vipMark
  const addresses = nodes.flatMap(({ address }) => (address !== undefined && isIPv4(address) ? [address] : []))
  const gaps: Gap[] = []
  const areAlone = serveAlone(nodes)
  const held = [vip, ...instances.flatMap(addressesHeld)]
  const own = virtualServers.filter(({ name }) => !asTheyAre.includes(name))
  const candidates = own.filter((server) => isServed(server, held))
  const balanced = areAlone ? [] : realAddresses(candidates)
  const prefix = main?.get(`prefix of ${vip}`)
  const around = networkWith(balanced, isIPv4(vip) ? vip : standInVip, prefix, addresses)
  const said = isIPv4(vip) && isSaid(prefix) ? parseNetwork(`${vip}/${prefix}`) : around
  // Directors of one network may have nodes of another, which they reach by a router.
  const isElsewhere =
    found !== undefined &&
    (candidates.length > 0 ? hasInterface(main, vip) : isApart(main, vip, { cidr: said.cidr, addresses }))
  const network = isElsewhere || found === undefined ? networkOfNodes(addresses, gaps) : around
  const vips = [vip, ...servedAddresses(instances, network.cidr)]
  const served = own.filter((server) => isServed(server, vips))
  const reals = areAlone ? [] : realAddresses(served)
  const apart = apartFrom(nodes, reals, vips)
  const free = freeAddresses(network.cidr, [...vips, ...addresses, ...reals])
  if (found === undefined) gaps.push(vipGap(free()))
  else if (!isIPv4(found)) gaps.push(ipv4Gap(found))
  const named = new Map([
    ...nodes.map(({ name, address }) => [address, name] as const),
    ...apart.map(([name, { address }]) => [String(address), name] as const),
  ])
  const hostAt = (address: string) => named.get(address) ?? address
  const services = servicesOf(served, { vip, vips: [...new Set(vips)], areAlone, hostAt })
  const kept = areAlone ? [] : virtualServers.filter((server) => !served.includes(server))
  const level = served.length > 0 && !areAlone ? 2 : 1
  const health = healthCheckOf(served[0])
  const checking: Checking = { nodes, gaps, health, known: {} }
  const { first } = parseNetwork(network.cidr)
  const gateway = [...vips, ...addresses, ...reals].includes(first) ? gatewayGap(first, free()) : undefined
  if (gateway) gaps.push(gateway)
  const device = usual(nodes.flatMap(({ meaning: one }) => (one && mainInstance(one)?.get('interface')) ?? []))
  const moved = main && instanceOf(main, { global, checking, instances, own: areAlone ? served : [] })
  const { more_vips, ...moves } = addressesOf(instances, main, { nodes, device, isElsewhere, checking })
  const addresses6 = addresses6Of(nodes)
  const others = main ? otherAddressesOf(instances, main, { nodes, device, free, gaps }) : []
  const email = emailOf(global)
  const sender = email && String(email.from)
  const common = linesOfFirst(meaning!, main, kept)
  const hosts = nodes.map((node, index) => {
    const missing =
      node.address === undefined
        ? addressGap(node.name, free(), { isElsewhere, reals: apart.map(([name]) => name) })
        : undefined
    if (missing) gaps.push(missing)
    return [
      node.name,
      {
        address: node.address ?? missing!.mark,
        role: apart.length > 0 || (node.address !== undefined && level === 2) ? roleOf(node, reals) : undefined,
        ...hostOf(node, {
          index,
          device,
          address6: addresses6[index],
          addresses: others[index],
          notify: areAlone ? undefined : notifyAt(node, main, gaps),
          sender,
          servers: level === 2 ? served : [],
          delay: moves.preempt === true ? (numberOf(main, 'preempt_delay') ?? 0) : undefined,
          lines: node.meaning && linesAt(node.meaning, mainInstance(node.meaning), kept, common),
        }),
      },
    ] as const
  })
  for (const [, host] of apart) host.weight = weightOf(served, String(host.address))
  return {
    cluster: {
      vip,
      more_vips,
      network: network.mark ?? network.cidr,
      gateway: gateway?.mark,
      interface: unless(device, 'eth0'),
      ...advertsOf(main, vip),
      ...moves,
      preempt_delay: moves.preempt ? numberOf(main, 'preempt_delay') : undefined,
      mcast_group: global.get('mcast_group'),
      startup_delay: numberOf(global, 'startup_delay'),
      bfd: bfdOf(global),
      ...moved,
      email,
      ...services,
      // keepalived 2.2.7 ends when a reload turns it on.
      snmp: global.get('snmp') === undefined ? { enabled: false } : undefined,
      health_check: health,
      balancing: level === 2 ? balancingOf(served[0]!, global) : undefined,
      keepalived: common,
    },
    hosts: Object.fromEntries([...hosts, ...apart]),
    gaps,
    assumed: {
      ...(network.assumed !== undefined && { network: network.assumed }),
      ...(isAssumedBelow(nodes) &&
        moves.preempt === true && {
          preempt: 'the first of the hosts takes the virtual IP back; which that is, is assumed: no file says it',
        }),
      ...(areAlone && { [services.services ? 'services' : 'service']: 'of each node alone, its only real server' }),
    },
    level,
    kept: kept.map(({ name }) => name),
    free,
  }
}

/** Whether clients ask a virtual server at one port of one of the addresses. */
const isServed = ({ key }: Part, addresses: readonly string[]): boolean => {
  const [address, port] = key.split(' ')
  return addresses.includes(address!) && port !== '0'
}

/** Who is heard. */
function advertsOf(main: Part | undefined, vip: string): Section {
  const id = Number(main?.get('virtual_router_id'))
  return {
    virtual_router_id: id >= 1 && id <= 255 ? unless(id, Number(vip.split('.')[3])) : undefined,
    advert_int: numberOf(main, 'advert_int'),
    down_timer_adverts: numberOf(main, 'down_timer_adverts'),
    vrrp_version: numberOf(main, 'version'),
    auth_pass: main?.get('auth_pass') === undefined ? undefined : { env: passwordName },
    auth_type: main?.get('auth_type'),
  }
}

/** @returns what is run on a node, where it is not what is run on the first */
function notifyAt({ name, meaning }: Node, main: Part | undefined, gaps: Gap[]): Section | undefined {
  const own = meaning && mainInstance(meaning)
  return !own || !main || hasNotify(own, main) ? undefined : (notifyOf(own, gaps, `${name}-`) ?? {})
}

/** What all nodes that are watched have in common. */
function bfdOf(global: Part): Section | undefined {
  const [times, ...others] = new Set(global.all('bfd to').map(([, value]) => value))
  const [receive, send, multiplier] = times?.split(' ') ?? []
  return times === undefined || others.length > 0 || receive !== send
    ? undefined
    : { interval_ms: Number(receive), multiplier: Number(multiplier) }
}

/** What stands beside an instance. */
interface Beside {
  global: Part
  instances: readonly Part[]
  checking: Checking
  /** Virtual servers of a node that serves alone. */
  own: readonly Part[]
}

/** What moves the virtual IP, and who is told. */
const instanceOf = (main: Part, { global, checking, instances, own }: Beside): Section => ({
  unicast: main.get('unicast') === 'yes' || undefined,
  mcast_src_ip: main.get('mcast_src_ip') === undefined ? undefined : true,
  vmac: main.get('vmac') === 'yes' || undefined,
  checks: checksOf(main, checking),
  track_interfaces: tracksOf(trackedInterfaces(main, instances)),
  notify: notifyAlone(notifyOf(main, checking.gaps), own),
  garp: garpOf(main, global),
})

/** The environment variable that holds the password, which the inventory does not show. */
export const passwordName = 'VRRP_PASS'

/** @returns the value that is there most often */
const usual = (values: readonly string[]): string =>
  values.toSorted((a, b) => values.filter((one) => one === b).length - values.filter((one) => one === a).length)[0] ??
  'eth0'

/** @returns a function that gives one address of a network after the other that nobody has */
function freeAddresses(cidr: string, taken: readonly string[]): () => string {
  const { address, has } = parseNetwork(cidr)
  const used = new Set(taken)
  const [a, b, c, d] = address.split('.').map(Number) as [number, number, number, number]
  let next = 2
  return () => {
    for (; ; next++) {
      const one = `${a}.${b}.${c + Math.floor((d + next) / 256)}.${(d + next) % 256}`
      if (!has(one)) return one
      if (used.has(one)) continue
      used.add(one)
      return one
    }
  }
}
