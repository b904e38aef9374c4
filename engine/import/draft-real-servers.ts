import { isIP, isIPv4 } from 'node:net'
import type { Part } from './facts.ts'
import { type Guess, isSaid, networkOf } from './network.ts'
import type { Node } from './nodes.ts'
import type { Section } from './section.ts'

/** @returns the addresses that clients are sent to, each once */
export const realAddresses = (servers: readonly Part[]): string[] => [
  ...new Set(servers.flatMap((server) => server.all('real_server').map(([words]) => words.split(' ')[0]!))),
]

/** @returns the addresses of virtual servers; one of a mark of the packet filter has none */
export const addressesOfServers = (servers: readonly Part[]): string[] =>
  servers.map(({ key }) => key.split(' ')[0]!).filter((address) => isIP(address) !== 0)

/** Shorter ones are no guess at a network any more. */
const shortest = 16

/**
 * @returns the network of the nodes, and of the real servers as well where one can hold both and the virtual IP does not
 *   say its network itself
 */
export function networkWith(reals: readonly string[], ...[vip, prefix, nodes]: Parameters<typeof networkOf>): Guess {
  if (isSaid(prefix)) return networkOf(vip, prefix, nodes)
  const wide = networkOf(vip, prefix, [...nodes, ...reals.filter((address) => isIPv4(address))])
  return Number(wide.cidr.split('/')[1]) >= shortest ? wide : networkOf(vip, prefix, nodes)
}

/** @returns the real servers that are no nodes, as hosts of an inventory, by name */
export function apartFrom(
  nodes: readonly Node[],
  reals: readonly string[],
  vips: readonly string[],
): [name: string, Section][] {
  const taken = new Set(nodes.map(({ name }) => name))
  let place = 0
  const name = () => {
    do place++
    while (taken.has(`real${place}`))
    return `real${place}`
  }
  return reals
    .filter((address) => isIPv4(address) && !vips.includes(address) && !nodes.some((node) => node.address === address))
    .map((address) => [name(), { address, role: 'real_server' }])
}

/** @returns what a node is alone, where it is not both */
export const roleOf = ({ address }: Node, reals: readonly string[]): 'director' | undefined =>
  reals.length === 0 || (address !== undefined && reals.includes(address)) ? undefined : 'director'

/** @returns the share of a host that the first of the virtual servers gives it which sends clients there */
export function weightOf(servers: readonly Part[], address: string | undefined): number | undefined {
  const server = servers.find((one) => realAddresses([one]).includes(address ?? ''))
  const weight = server?.all('weight of').find(([about]) => about.split(' ')[1] === address)?.[1]
  return weight === undefined ? undefined : Number(weight)
}
