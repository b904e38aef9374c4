/** What the person has to put in: the inventory has words in its place that the schema refuses. */
export interface Gap {
  /** The words. */
  mark: string
  /** What the proof takes in its place. */
  standIn: string
  /** What files say in its place. */
  means?: string
  /** What belongs there, and where to look. */
  why: string
}

/** What the proof takes for a virtual IP that is not of IPv4. */
export const standInVip = '192.0.2.5'

/** What stands in the inventory for a virtual IP, where VRRP only runs programs. */
export const vipMark = 'ADDRESS-THAT-MOVES'

export const vipGap = (standIn: string): Gap => ({
  mark: vipMark,
  standIn,
  why: 'the address that the programs of notify move, or a free one: the node that runs them has it from now on',
})

/** @returns the gap of a first virtual IP of IPv6, which an inventory can not begin with */
export const ipv4Gap = (address: string): Gap => ({
  mark: address,
  standIn: standInVip,
  why: `no virtual IP of IPv4, which an inventory begins with: put a free address of the nodes' network in its place, and more_vips: [${address}]`,
})

/**
 * @param beside whether the virtual IP is of another network than the nodes, and the names of real servers, which it may be
 * @returns the gap of a node whose address no file tells
 */
export const addressGap = (
  name: string,
  standIn: string,
  { isElsewhere = false, reals = [] }: { isElsewhere?: boolean; reals?: readonly string[] } = {},
): Gap => ({
  mark: `ADDRESS-OF-${name.toUpperCase()}`,
  standIn,
  why:
    `the address of ${name} ${isElsewhere ? 'where adverts go' : 'in the network of the virtual IP'} (ip -br address)` +
    (reals.length > 0 ? `; where it is that of ${reals.join(' or ')}, take that one out, and role: director here` : ''),
})

/** @returns the gap of an address of a node on another interface than that of the first instance, which no file tells */
export const otherAddressGap = (name: string, device: string, standIn: string): Gap => ({
  mark: `ADDRESS-OF-${name}-ON-${device}`.toUpperCase(),
  standIn,
  why: `the address of ${name} on ${device} (ip -br address)`,
})

/** The gap of the network in which nodes send adverts, where the virtual IP is on another interface. */
export const networkGap: Gap = {
  mark: 'NETWORK-OF-THE-NODES',
  standIn: '198.18.0.0/24',
  why: 'the network in which the nodes send adverts, as 10.2.1.0/24 (ip -br address)',
}

/** @returns the gap of a router's address, which the files do not tell and nobody of the cluster may have */
export const gatewayGap = (taken: string, standIn: string): Gap => ({
  mark: 'ADDRESS-OF-THE-ROUTER',
  standIn,
  why: `the router of the network, as ${taken}, the first address, is of the cluster`,
})

/**
 * @param what the check or the change of state that it is for
 * @param command with quotes, pipes or what else a shell alone understands
 * @returns the gap of a program that has to become a script
 */
export const scriptGap = (what: string, command: string): Gap => ({
  mark: `SCRIPT-FOR-${what.toUpperCase().replaceAll('_', '-')}`,
  standIn: `/stand-in/${what}`,
  means: command,
  why: `the path of a script on every node that runs ${command}`,
})
