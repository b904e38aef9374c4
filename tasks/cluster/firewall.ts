import { isIPv6 } from 'node:net'
import { tagged, type Task } from '../../engine/runner/task.ts'
import { servicesOf } from '../../services/all.ts'
import { isServedBy } from '../../services/service.ts'
import {
  isAskedAt,
  ruleName,
  servedAddressesOf,
  virtualServersOf,
  virtualServersOn,
} from '../../services/virtual-server.ts'
import { directs, isBeyond, othersOf, serves } from '../../inventory/roles.ts'
import { abilitiesOf, type Level, realAddress } from '../../inventory/levels.ts'
import { type Accept, isOf6, type Rule } from '../os/firewall/firewall.ts'
import { firewallOf } from '../os/os.ts'
import type { Target } from '../target.ts'
import { advertWaysOf } from './advert-ways.ts'
import { tunnelDevice } from './ipvs.ts'
import { watchedBy } from './keepalived-conf.ts'
import { bfdPort, checkedAt, inIp } from './packets.ts'
import { wiresOf } from './wires.ts'

/** Rules of a node at a level. */
export type RulesOf = (target: Target, level: Level) => Rule[]

/** VRRP adverts may come and go (article, preparation). */
export const allowVrrp = (target: Target): Rule[] =>
  advertWaysOf(target).flatMap(({ device, protocol, group, own, peers }) => {
    const elsewhere = device === target.host.interface ? [] : [device]
    const rule = (accept: 'in' | 'out', ends: { from?: string; to: string }, ...peer: string[]): Rule => ({
      name: [isOf6(ends) ? 'vrrp6' : 'vrrp', accept, ...peer, ...elsewhere].join('-'),
      ...{ accept, interface: device, protocol },
      ...ends,
    })
    if (group !== undefined) return [rule('in', { to: alone(group) }), rule('out', { to: alone(group) })]
    const here = alone(own!)
    return peers.flatMap(({ name, address }) => [
      rule('in', { from: alone(address), to: here }, name),
      rule('out', { from: here, to: alone(address) }, name),
    ])
  })

/** @returns the network of an address alone */
const alone = (address: string): string => `${address}/${isIPv6(address) ? 128 : 32}`

/** Connection sync: the holder sends open connections to the others by multicast (keepalived's `lvs_sync_daemon`). */
export const allowSync = ({ cluster, host }: Target, level: Level): Rule[] => {
  if (!abilitiesOf(level, cluster).syncsConnections || !directs(host)) return []
  const sync = { interface: host.interface, protocol: 'udp', to: '224.0.0.81/32', toPort: 8848 }
  return [
    { name: 'sync-in', accept: 'in', ...sync },
    { name: 'sync-out', accept: 'out', ...sync },
  ]
}

/** BFD between directors (RFC 5881). */
export const allowBfd = ({ cluster, host, hosts }: Target, level: Level): Rule[] =>
  watchedBy(host, { cluster, hosts, level }).flatMap(({ peer: { name, address } }): Rule[] => {
    const wire = { interface: host.interface, protocol: 'udp', toPort: bfdPort }
    return [
      { name: `bfd-in-${name}`, accept: 'in', ...wire, from: `${address}/32`, to: `${host.address}/32` },
      { name: `bfd-out-${name}`, accept: 'out', ...wire, from: `${host.address}/32`, to: `${address}/32` },
    ]
  })

/**
 * Answers of the other real servers pass through the director, so it must forward them, even if it forwards nothing else.
 * Connection tracking would match them better, but at level 3 it has to leave them alone (`untracked`).
 */
export function allowAnswers({ cluster, host, hosts }: Target, level: Level): Rule[] {
  // By another name: those of level 2 stay until it is no longer at work.
  const answers = abilitiesOf(level, cluster).secondInterface ? 'second-answers' : 'answers'
  if (abilitiesOf(level, cluster).answersDirectly || !directs(host)) return []
  return othersOf(host, hosts).flatMap((other) =>
    virtualServersOn(cluster, other).map(({ name, protocol, realPort }): Accept => ({
      name: `${answers}-${ruleName(name)}-${other.name}`,
      accept: 'forward',
      // Which way leads to another network is the host's own business.
      ...(isBeyond(cluster, other) ? {} : { interface: host.interface }),
      protocol: protocol.toLowerCase(),
      from: `${realAddress(other, level)}/32`,
      fromPort: realPort,
    })),
  )
}

/** Directors send what clients ask inside packets of their own, and what comes out of these is let in. */
export function allowTunnels({ cluster, host, hosts }: Target, level: Level): Rule[] {
  if (!abilitiesOf(level, cluster).tunnels) return []
  const packets: Accept = { name: 'tunnel', accept: 'out', protocol: inIp }
  return [
    ...(directs(host) ? othersOf(host, hosts.filter(serves)) : []).map((other): Rule => ({
      ...packets,
      name: `tunnel-to-${other.name}`,
      to: `${other.address}/32`,
    })),
    ...(serves(host) ? othersOf(host, hosts.filter(directs)) : []).map((other): Rule => ({
      ...packets,
      ...{ name: `tunnel-from-${other.name}`, accept: 'in', interface: host.interface },
      ...{ from: `${other.address}/32`, to: `${host.address}/32` },
    })),
    ...virtualServersOn(cluster, host).map((server): Rule => ({
      ...{ name: `tunnelled-${ruleName(server.name)}`, accept: 'in', interface: tunnelDevice },
      ...{ protocol: server.protocol.toLowerCase(), to: `${server.address}/32`, toPort: server.port },
    })),
  ]
}

/**
 * Balanced connections reach the real servers from the VIP, so that answers come back to the director (article,
 * level 2). Matching what IPVS sends, and no more, keeps the node's own connections as they are.
 */
export function snat({ cluster, host }: Target, level: Level): Rule[] {
  if (abilitiesOf(level, cluster).keepsClients || !directs(host)) return []
  const services = servicesOf(cluster)
  const addresses = servedAddressesOf(cluster)
  return addresses.flatMap(({ address, isElsewhere }) =>
    services.filter(isAskedAt(address)).map(({ name, clientPort: port, protocols }) => ({
      name: ['snat', ...(services.length > 1 ? [name] : []), ...(addresses.length > 1 ? [address] : [])].join('-'),
      virtualServer: { address, port },
      protocols: protocols.map((protocol) => protocol.toLowerCase()),
      // Real servers reach a network that they are in without a router.
      source: isElsewhere ? host.address : address,
    })),
  )
}

/** Clients ask the virtual servers, and directors the real servers: for them, and to check them. */
const allowQuestions = ({ cluster, host }: Target, level: Level): Rule[] => {
  const can = abilitiesOf(level, cluster)
  const second = can.secondInterface ? host.second : undefined
  return virtualServersOf(cluster).flatMap((server) => {
    const { address, port, realPort } = server
    const asked = { protocol: server.protocol.toLowerCase(), toPort: realPort }
    const rule = (device: string, to: string, by: { protocol: string; toPort: number }): Accept => ({
      name: `questions-${ruleName(server.name)}-${to}-${by.toPort}`,
      ...{ accept: 'in', interface: device, to: `${to}/32` },
      ...by,
    })
    const isHere = isServedBy(server.service, host)
    return [
      ...(directs(host) || (can.answersDirectly && isHere)
        ? [rule(server.interface ?? host.interface, address, { ...asked, toPort: port })]
        : []),
      ...(isHere ? [asked, checkedAt(server)].map((by) => rule(host.interface, host.address, by)) : []),
      ...(isHere && second ? [rule(second.interface, second.address, asked)] : []),
    ]
  })
}

/** These rules hold, by the firewall of the host's family, and nothing else of the host stops the cluster's packets. */
export function firewall(target: Target, level: Level, ...sets: RulesOf[]): Task[] {
  const driver = firewallOf(target)
  const tasks = driver.tasks(
    [...sets, ...(driver.shut ? [allowQuestions] : [])].flatMap((rulesOf) => rulesOf(target, level)),
    wiresOf(target, level),
  )
  return tasks.map(tagged('firewall'))
}
