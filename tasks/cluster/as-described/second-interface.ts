import { abilitiesOf, type Level } from '../../../inventory/levels.ts'
import type { Target } from '../../target.ts'
import type { Found } from './found.ts'
import { ownerOf } from './addresses.ts'

/** Nobody else needs the second interface, which level 3 takes for itself. */
export function secondInterface({ cluster, host, facts, place }: Target, level: Level, found: Found): string[] {
  if (!abilitiesOf(level, cluster).secondInterface || !host.second) return []
  const { interface: device, address } = host.second
  const at = (key: string) => place(['hosts', host.name, 'second', key])
  const owner = ownerOf(found, address)
  if (owner && owner.ifname !== device)
    return [`${at('interface')}: ${address} is on ${owner.ifname} of this host, not on ${device}`]
  // A host without the interface is told of by the task that sets it up.
  const second = found.links.find(({ ifname }) => ifname === device)
  if (!second) return []
  // What the administrator has set up stays as it is.
  const theirs = facts.interfaces[device]
  if (theirs && !theirs.file.includes(`keepalived-${device}`)) return []
  const uses = [
    ...(second.master ? [`it belongs to ${second.master}`] : []),
    // The two ends of a veth pair name each other; neither lies on the other.
    ...found.links
      .filter(
        ({ link, linkinfo }) => [link, linkinfo?.info_data?.link].includes(device) && linkinfo?.info_kind !== 'veth',
      )
      .map(({ ifname }) => `${ifname} lies on it`),
    // Those of router advertisements come on every interface that is up.
    ...second.addr_info
      .filter(({ local, scope, dynamic }) => local.includes(':') && scope === 'global' && !dynamic)
      .map(({ local, prefixlen }) => `it has address ${local}/${prefixlen}`),
  ]
  if (uses.length === 0) return []
  return [
    `${at('interface')}: ${device} is in use already: ${uses.join(', ')}. Take that away, or name another interface`,
  ]
}
