import { parseNetwork } from '../../inventory/network.ts'
import type { Part } from './facts.ts'
import { type Gap, networkGap, standInVip } from './gaps.ts'

/** The network of a cluster, as far as it can be told. */
export interface Guess {
  cidr: string
  /** Words in its place that the person replaces. */
  mark?: string
  /** Why it is not certain. */
  assumed?: string
}

/** @returns whether the prefix length of a virtual IP is that of a network of hosts */
export const isSaid = (prefix: string | undefined): boolean => Number(prefix) >= 8 && Number(prefix) <= 29

/**
 * @param prefix of the virtual IP, where the file has one
 * @param addresses of the nodes that are known
 */
export function networkOf(vip: string, prefix: string | undefined, addresses: readonly string[]): Guess {
  const said = Number(prefix)
  const holds = (length: number) => addresses.every(parseNetwork(`${vip}/${length}`).has)
  if (isSaid(prefix) && holds(said)) return { cidr: parseNetwork(`${vip}/${said}`).cidr }
  const length = [24, 23, 22, 21, 20, 16, 12, 8].find(holds) ?? 24
  const { cidr } = parseNetwork(`${vip}/${length}`)
  const why =
    vip === standInVip
      ? 'an inventory has no virtual IP of IPv6'
      : isSaid(prefix)
        ? `${vip}/${said} does not hold all nodes`
        : prefix === undefined
          ? `${vip} has no prefix length`
          : `${vip}/${prefix} is no network of hosts`
  return { cidr, assumed: `assumed, as ${why}` }
}

/** @returns whether the virtual IP is not where the nodes are: on another interface than adverts, or in another network */
export function isApart(
  main: Part | undefined,
  vip: string,
  { cidr, addresses }: { cidr: string; addresses: readonly string[] },
) {
  if (main === undefined) return false
  return hasInterface(main, vip) || (addresses.length > 0 && !addresses.some(parseNetwork(cidr).has))
}

/** @returns whether an address is on another interface than the adverts of its instance */
export const hasInterface = (main: Part | undefined, address: string): boolean =>
  main?.get(`interface of ${address}`) !== undefined

/** @param gaps gets one where no address of a node is known */
export function networkOfNodes([address, ...more]: readonly string[], gaps: Gap[]): Guess {
  if (address !== undefined) {
    const { cidr } = networkOf(address, undefined, more)
    return { cidr, assumed: 'assumed by the addresses of the nodes' }
  }
  gaps.push(networkGap)
  return { cidr: networkGap.standIn, mark: networkGap.mark }
}
