import { isIPv4 } from 'node:net'
import { parseNetwork } from '../../inventory/network.ts'
import { balancingOf, healthCheckOf, serviceOf } from './draft-ipvs.ts'
import { checksOf, emailOf, garpOf, linesOf, notifyOf } from './draft-vrrp.ts'
import type { Part } from './facts.ts'
import { addressGap, type Gap, gatewayGap, standInVip } from './gaps.ts'
import { networkOf } from './network.ts'
import { mainInstance, type Node } from './nodes.ts'
import { numberOf, type Section, unless, unlessEmpty } from './section.ts'

/** An inventory before it is written. */
export interface Draft {
  cluster: Section
  hosts: Record<string, Section>
  gaps: Gap[]
  /** What is not certain, by the key of `cluster`. */
  assumed: Record<string, string>
  level: 1 | 2
  /** @returns an address of the network that nobody has, each time another */
  free: () => string
}

/**
 * @param nodes complete, in the order of the inventory
 * @returns the inventory that says as much of the files as the schema can
 */
export function draftOf(nodes: readonly Node[]): Draft {
  const { meaning } = nodes.find((node) => node.meaning)!
  const { global, virtualServers } = meaning!
  const main = mainInstance(meaning!)
  const vip = main?.all('address')[0]?.[0] ?? virtualServers[0]?.key.split(' ')[0] ?? ''
  const gaps: Gap[] = []
  const addresses = nodes.flatMap(({ address }) => (address !== undefined && isIPv4(address) ? [address] : []))
  const network = networkOf(isIPv4(vip) ? vip : standInVip, main?.get(`prefix of ${vip}`), addresses)
  const free = freeAddresses(network.cidr, [vip, ...addresses])
  const served = virtualServers.filter(({ key }) => key.startsWith(`${vip} `))
  const { service, gap, isChecked } = serviceOf(main, served, vip)
  if (gap) gaps.push(gap)
  const level = served.length > 0 ? 2 : 1
  const { first } = parseNetwork(network.cidr)
  const gateway = [vip, ...addresses].includes(first) ? gatewayGap(first, free()) : undefined
  if (gateway) gaps.push(gateway)
  const device = usual(nodes.flatMap(({ meaning: one }) => (one && mainInstance(one)?.get('interface')) ?? []))
  const hosts = nodes.map((node, index) => {
    const missing = node.address === undefined ? addressGap(node.name, free()) : undefined
    if (missing) gaps.push(missing)
    return [node.name, { address: node.address ?? missing!.mark, ...hostOf(node, index, device, served[0]) }] as const
  })
  return {
    cluster: {
      vip,
      network: network.cidr,
      gateway: gateway?.mark,
      interface: unless(device, 'eth0'),
      ...electionsOf(main, vip),
      startup_delay: numberOf(global, 'startup_delay'),
      ...(main && instanceOf(main, global, isChecked)),
      email: emailOf(global),
      service,
      health_check: healthCheckOf(main, served[0], isChecked),
      balancing: served[0] && balancingOf(served[0], global),
      keepalived: unlessEmpty({ global: linesOf([global]), instance: linesOf(main ? [main] : []) }),
    },
    hosts: Object.fromEntries(hosts),
    gaps,
    assumed: network.assumed === undefined ? {} : { network: network.assumed },
    level,
    free,
  }
}

const preempts = (main: Part | undefined) => main?.get('preempt') === 'yes'

/** Who is heard, and who wins. */
function electionsOf(main: Part | undefined, vip: string): Section {
  const id = Number(main?.get('virtual_router_id'))
  return {
    virtual_router_id: id >= 1 && id <= 255 ? unless(id, Number(vip.split('.')[3])) : undefined,
    advert_int: numberOf(main, 'advert_int'),
    vrrp_version: numberOf(main, 'version'),
    auth_pass: main?.get('auth_pass') === undefined ? undefined : { env: passwordName },
    preempt: preempts(main) || undefined,
    preempt_delay: preempts(main) ? numberOf(main, 'preempt_delay') : undefined,
  }
}

/** What moves the virtual IP, and who is told. */
const instanceOf = (main: Part, global: Part, isChecked: (about: string) => boolean): Section => ({
  unicast: main.get('unicast') === 'yes' || undefined,
  mcast_src_ip: main.get('mcast_src_ip') === undefined ? undefined : true,
  checks: checksOf(main, isChecked),
  track_interfaces: trackedInterfaces(main),
  notify: notifyOf(main),
  garp: garpOf(main, global),
})

/** @param device the interface of most nodes @param server the virtual server that the inventory is about */
function hostOf(node: Node, index: number, device: string, server: Part | undefined): Section {
  const own = node.meaning && mainInstance(node.meaning)
  const weight = server?.all('weight of').find(([about]) => about.split(' ')[1] === node.address)?.[1]
  return {
    interface: unless(own?.get('interface') ?? device, device),
    priority: preempts(own) && own?.get('priority') !== undefined ? unless(priorityOf(own), 100 - index) : undefined,
    weight: weight === undefined ? undefined : Number(weight),
    ssh: node.ssh === undefined || node.ssh === node.address ? undefined : { host: node.ssh },
  }
}

/** The environment variable that holds the password, which the inventory does not show. */
export const passwordName = 'VRRP_PASS'

/** 255 is for the owner of an address, and 1 for a node that hands the virtual IP over. */
const priorityOf = (part: Part) => Math.min(254, Math.max(2, Number(part.get('priority'))))

/** @returns the value that is there most often */
const usual = (values: readonly string[]): string =>
  values.toSorted((a, b) => values.filter((one) => one === b).length - values.filter((one) => one === a).length)[0] ??
  'eth0'

function trackedInterfaces(main: Part): string[] | undefined {
  const names = main.all('track_interface').flatMap(([name, weight]) => (weight === '0' ? [name] : []))
  return names.length > 0 ? names : undefined
}

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
