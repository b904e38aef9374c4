import { isIPv6 } from 'node:net'
import { abilitiesOf, type Level } from '../../../inventory/levels.ts'
import { isBeyond } from '../../../inventory/roles.ts'
import { plain6 } from '../../../engine/base/plain6.ts'
import { parseNetwork } from '../../../inventory/network.ts'
import { servedAddressesOf } from '../../../services/virtual-server.ts'
import type { Target } from '../../target.ts'
import type { Found, NetworkLink } from './found.ts'

/** @returns the interface that has an address */
export const ownerOf = ({ links }: Found, address: string): NetworkLink | undefined =>
  links.find(({ addr_info }) => addr_info.some(({ local }) => local === address))

/** The address of a host is on its interface, in the cluster's network, and no address of another node is there. */
export function addresses({ cluster, host, hosts, place }: Target, found: Found): string[] {
  const at = (...keys: string[]) => place(['hosts', host.name, ...keys])
  const own = ownerOf(found, host.address)
  const other = hosts.find(({ name, address }) => name !== host.name && ownerOf(found, address))
  if (other && own)
    return [
      `${place(['hosts', other.name, 'address'])}: ${other.address} is on this host too, which is ${host.name}: ` +
        'two nodes can not be the same machine',
    ]
  if (other)
    return [
      `${at('ssh', 'host')}: leads to ${other.name}: that host has ${other.address} (hosts.${other.name}.address), ` +
        `and not ${host.address}`,
    ]
  const first = found.links.find(({ ifname }) => ifname === host.interface)
  if (!first) {
    const names = found.links.map(({ ifname }) => ifname).filter((name) => name !== 'lo')
    return [`${at('interface')}: there is no interface ${host.interface} on this host, but ${names.join(', ')}`]
  }
  const matching = first.addr_info.filter(({ local }) => local === host.address)
  if (matching.length === 0) {
    if (own) return [`${at('interface')}: ${host.address} is on ${own.ifname} of this host, not on ${host.interface}`]
    const there = first.addr_info.filter(({ scope }) => scope === 'global').map(withPrefix)
    return [
      `${at('address')}: ${host.address} is on no interface of this host; ${host.interface} has ` +
        `${there.join(', ') || 'no address'}`,
    ]
  }
  const { address6 } = host
  if (
    cluster.unicast &&
    address6 &&
    !first.addr_info.some(({ local }) => isIPv6(local) && plain6(local) === plain6(address6))
  )
    return [`${at('address6')}: ${address6} is not on ${host.interface} of this host`]
  const missing = cluster.instances.find(({ name, interface: device }) => {
    const one = host.addresses?.[name]
    return one !== undefined && ownerOf(found, one)?.ifname !== device
  })
  if (missing)
    return [
      `${at('addresses', missing.name)}: ${host.addresses![missing.name]} is not on ${missing.interface} of this host`,
    ]
  if (isBeyond(cluster, host)) return []
  const networks = matching.map((one) => parseNetwork(withPrefix(one)).cidr)
  if (networks.includes(cluster.network)) return []
  return [
    `${place(['cluster', 'network'])}: is ${cluster.network}, but ${host.address} on ${host.interface} of this host is ` +
      `in ${networks.join(', ')}: give the real network`,
  ]
}

const withPrefix = ({ local, prefixlen }: NetworkLink['addr_info'][number]) => `${local}/${prefixlen}`

/** Our own connection does not come in by an address that the level takes elsewhere. */
export function connection({ cluster, host, place }: Target, level: Level, found: Found): string[] {
  const address = found.connection
  if (!address) return []
  const comesIn = `${place(['hosts', host.name, 'ssh', 'host'])}: this connection comes in by ${address}`
  if (servedAddressesOf(cluster).some((vip) => vip.address === address))
    return [`${comesIn}, the virtual IP, which moves between hosts: give an address of the host's own`]
  // Of IPv6, addresses of the link name their interface, and may be on several.
  const [, device] = address.split('%')
  const owner = device ? found.links.find(({ ifname }) => ifname === device) : ownerOf(found, address)
  if (!abilitiesOf(level, cluster).secondInterface || !owner) return []
  if (owner.ifname === host.second!.interface)
    return [
      `${comesIn} on ${owner.ifname}, whose answers level ${level} sends through the virtual IP: ` +
        'come in by another interface',
    ]
  // arp_ignore=1: each interface answers for its own addresses alone.
  const unasked = owner.flags.includes('LOOPBACK') || owner.flags.includes('NOARP')
  if (unasked && parseNetwork(cluster.network).has(address))
    return [`${comesIn} on ${owner.ifname}, and no other interface answers for it at level ${level} (arp_ignore)`]
  return []
}
