import { abilitiesOf, type Level } from '../../../inventory/levels.ts'
import { directs, isBeyond, serves } from '../../../inventory/roles.ts'
import { tunnelDevice } from '../ipvs.ts'
import { tunnelLabel } from '../loopback.ts'
import type { Target } from '../../target.ts'
import type { Found } from './found.ts'

/**
 * What a director sends gets to real servers in other networks: by direct routing, which goes by hardware addresses, it has an
 * interface there; IP in IP leaves it by the address that their rules know.
 */
export function ways({ cluster, host, hosts, place }: Target, level: Level, found: Found): string[] {
  const { answersDirectly, tunnels } = abilitiesOf(level, cluster)
  if (!answersDirectly || !directs(host)) return []
  const reals = hosts.filter((other) => serves(other) && isBeyond(cluster, other))
  return reals.flatMap(({ name, address }) => {
    const at = `${place(['hosts', name, 'address'])}:`
    const way = found.ways.get(address)
    if (!way) return [`${at} this host has no route to ${address}`]
    const flags = found.links.find(({ ifname }) => ifname === way.dev)?.flags ?? []
    if (!tunnels && (way.gateway !== undefined || way.via !== undefined || flags.includes('NOARP')))
      return [
        `${at} no interface of this host is in the network of ${address}, and method: dr passes no router; method: tun does`,
      ]
    if (tunnels && way.prefsrc !== host.address)
      return [
        `${at} packets of this host to ${address} leave from ${way.prefsrc ?? 'no address'}, and not from ` +
          `${host.address} (hosts.${host.name}.address): give it a route with src ${host.address}`,
      ]
    return []
  })
}

/** The tunnel is of nobody else: it goes down where ours does. */
export function tunnel({ cluster, host, place }: Target, level: Level, { links }: Found): string[] {
  if (!abilitiesOf(level, cluster).tunnels || !serves(host)) return []
  const { addr_info: own = [] } = links.find(({ ifname }) => ifname === tunnelDevice) ?? {}
  const others = own.filter(({ scope, label }) => scope === 'global' && label !== tunnelLabel).map(({ local }) => local)
  return others.length > 0
    ? [
        `${place(['cluster', 'balancing', 'method'])}: ${tunnelDevice} of this host is in use already: it has ` +
          `${others.join(', ')}; take that away, or choose nat or dr`,
      ]
    : []
}
